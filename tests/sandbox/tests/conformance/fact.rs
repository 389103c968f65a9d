//! The shape of a fact file.

use std::path::Path;

use serde::Deserialize;
use starrocks_sandbox::release::Release;

/// One file.
pub struct Topic {
    /// Of the file, without its ending.
    pub name: String,
    pub says: String,
    pub facts: Vec<Fact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What the facts of this file have in common, in one sentence.
    says: String,
    fact: Vec<Fact>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// `lower_case`, the only one of its name in all files.
    pub name: String,
    /// The fact, in one sentence.
    pub says: String,
    /// Paths in `StarRocks/starrocks` from its root, or `StarRocks/starrocks#<number>` of an issue or pull request.
    pub source: Vec<String>,
    /// True where the source was not enough to be sure.
    #[serde(default)]
    pub unverified: bool,
    /// How many frontends the cluster has; the first leads.
    #[serde(default = "one")]
    pub frontends: usize,
    /// Statements before the one that is asked. See [`crate::client::Step`].
    #[serde(default)]
    pub setup: Vec<String>,
    /// The statement that is asked; may begin as a statement of the set-up.
    pub sql: String,
    pub expect: Vec<Expected>,
}

/// What comes back, in some releases. Texts and cells are patterns, see [`crate::pattern`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// `"3.4"`, `"3.2..3.3"` (both included), `"..3.3"`, `"3.4.."`; all where absent.
    #[serde(default)]
    pub releases: Option<String>,
    pub code: Option<u16>,
    pub state: Option<String>,
    pub text: Option<String>,
    /// An OK packet.
    pub affected: Option<u64>,
    pub warnings: Option<u16>,
    pub info: Option<String>,
    /// All columns, in order.
    pub columns: Option<Vec<String>>,
    /// All rows, in order.
    pub rows: Option<Vec<Vec<String>>>,
    /// Rows that are among the others.
    pub contains: Option<Vec<Vec<String>>>,
    /// The connection ends instead of an answer, or cannot be made.
    #[serde(default)]
    pub lost: bool,
}

fn one() -> usize {
    1
}

pub fn read_all(directory: &Path) -> Vec<Topic> {
    let mut topics: Vec<Topic> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let file: File =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            Topic {
                name: path.file_stem().unwrap().to_string_lossy().into_owned(),
                says: file.says,
                facts: file.fact,
            }
        })
        .collect();
    topics.sort_by(|one, other| one.name.cmp(&other.name));
    topics
}

impl Fact {
    pub fn expected(&self, release: Release) -> Option<&Expected> {
        self.expect.iter().find(|expected| expected.covers(release))
    }

    /// What makes a fact worthless.
    pub fn check(&self) -> Result<(), String> {
        if !self
            .name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        {
            return Err("a name is lower_case".to_owned());
        }
        if !self.says.ends_with('.') {
            return Err("'says' is a sentence".to_owned());
        }
        if self.source.is_empty() {
            return Err("no source".to_owned());
        }
        let path = regex_lite::Regex::new(
            r"^(((fe|be|docs|gensrc|conf|test|java-extensions)/[\w./-]+\.(java|g4|cpp|h|md|thrift|conf|sql|py))|(StarRocks/starrocks#\d+))$",
        )
        .expect("a valid pattern");
        if let Some(bad) = self.source.iter().find(|source| !path.is_match(source)) {
            return Err(format!("'{bad}' is no path of StarRocks' source"));
        }
        for expected in &self.expect {
            expected.check()?;
        }
        let covering = |release: Release| {
            self.expect
                .iter()
                .filter(|expected| expected.covers(release))
                .count()
        };
        if Release::ALL
            .into_iter()
            .all(|release| covering(release) == 0)
        {
            return Err("no release runs it".to_owned());
        }
        match Release::ALL
            .into_iter()
            .find(|release| covering(*release) > 1)
        {
            Some(release) => Err(format!("two expectations for {release}")),
            None => Ok(()),
        }
    }
}

impl Expected {
    pub fn covers(&self, release: Release) -> bool {
        let (from, to) = self.range();
        from <= release && release <= to
    }

    pub fn range(&self) -> (Release, Release) {
        let text = self.releases.as_deref().unwrap_or("..");
        let bound = |text: &str, open: Release| {
            if text.is_empty() {
                open
            } else {
                text.parse()
                    .unwrap_or_else(|error| panic!("releases = '{text}': {error}"))
            }
        };
        match text.split_once("..") {
            Some((from, to)) => (bound(from, Release::V3_2), bound(to, Release::V4_2)),
            None => (bound(text, Release::V3_2), bound(text, Release::V3_2)),
        }
    }

    fn check(&self) -> Result<(), String> {
        let is_error = self.code.is_some() || self.state.is_some() || self.text.is_some();
        let is_done = self.affected.is_some() || self.warnings.is_some() || self.info.is_some();
        let is_rows = self.columns.is_some() || self.rows.is_some() || self.contains.is_some();
        if self.lost {
            return if is_error || is_done || is_rows {
                Err("a lost connection has no answer".to_owned())
            } else {
                Ok(())
            };
        }
        match (is_error, is_done, is_rows) {
            (true, false, false)
                if self.code.is_some() && self.state.is_some() && self.text.is_some() =>
            {
                Ok(())
            }
            (false, true, false) | (false, false, true) => Ok(()),
            (true, ..) => Err("an error has code, state and text, and nothing else".to_owned()),
            _ => Err("expects nothing, or two things at once".to_owned()),
        }
    }
}
