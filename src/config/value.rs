//! From the text of one key to its value, or to a finding: durations, numbers, words, paths, repositories.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};
use toml::Spanned;

use super::finding::Inspection;
use super::keys::accepts;
use super::nearest::nearest;
use crate::names::RepositoryName;

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// StarRocks refuses a job timeout below ten minutes (`fe/fe-core/.../sql/analyzer/BackupRestoreAnalyzer.java`) and has no
/// upper limit; ours is there for a slip of the unit.
pub(super) const JOB_TIMEOUT: RangeInclusive<Duration> =
    Duration::from_secs(600)..=Duration::from_secs(30 * 86400);

type Text = Option<Spanned<String>>;

impl Inspection {
    /// A duration within `bounds`; `None` where it is missing or wrong.
    pub fn duration(
        &mut self,
        key: &str,
        text: &Text,
        bounds: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let text = text.as_ref()?;
        let duration = match humantime::parse_duration(text.get_ref()) {
            Ok(duration) => duration,
            Err(error) => {
                self.error(
                    text.span(),
                    format!("`{key}` is not a duration: {error}"),
                    accepts(key),
                );
                return None;
            }
        };
        let outside = match duration {
            shorter if shorter < *bounds.start() => "shorter than the least that is possible",
            longer if longer > *bounds.end() => "longer than the most that is possible",
            _ => return Some(duration),
        };
        self.error(text.span(), format!("`{key}` is {outside}"), accepts(key));
        None
    }

    pub fn number(
        &mut self,
        key: &str,
        number: &Option<Spanned<i64>>,
        bounds: RangeInclusive<usize>,
    ) -> Option<usize> {
        let number = number.as_ref()?;
        let found = usize::try_from(*number.get_ref())
            .ok()
            .filter(|found| bounds.contains(found));
        if found.is_none() {
            let message = format!(
                "`{key}` is {}, and goes from {} to {}",
                number.get_ref(),
                bounds.start(),
                bounds.end()
            );
            self.error(number.span(), message, accepts(key));
        }
        found
    }

    /// One of a few words: a unit variant of `T`, as serde spells it.
    pub fn word<'de, T: Deserialize<'de>>(&mut self, key: &str, text: &'de Text) -> Option<T> {
        let text = text.as_ref()?;
        let deserializer: StrDeserializer<'de, WordError> =
            text.get_ref().as_str().into_deserializer();
        match T::deserialize(deserializer) {
            Ok(word) => Some(word),
            Err(_) => {
                let known = accepts(key);
                let words = known.split('"').skip(1).step_by(2);
                let meant = nearest(text.get_ref(), words, 1);
                let help = meant
                    .first()
                    .map(|word| format!("did you mean \"{word}\"? It is {known}"));
                let message = format!("`{key}` cannot be `{}`", text.get_ref());
                self.error(
                    text.span(),
                    message,
                    help.unwrap_or_else(|| known.to_owned()),
                );
                None
            }
        }
    }

    /// A path that means the same to every process, whatever directory it was started in.
    pub fn absolute_path(&mut self, key: &str, text: &Text) -> Option<PathBuf> {
        let text = text.as_ref()?;
        let path = PathBuf::from(text.get_ref());
        if !path.is_absolute() {
            self.error(
                text.span(),
                format!("`{key}` is not an absolute path"),
                accepts(key),
            );
            return None;
        }
        Some(path)
    }

    pub fn repository(&mut self, text: &Text) -> Option<RepositoryName> {
        let text = text.as_ref()?;
        match RepositoryName::parse(text.get_ref().as_str()) {
            Ok(name) => Some(name),
            Err(error) => {
                self.error(text.span(), error.to_string(), accepts("repository"));
                None
            }
        }
    }

    /// `version = 1`; another number was refused before anything else was read.
    pub fn version(&mut self, version: &Option<Spanned<i64>>, rejected: bool) {
        if version.is_none() && !rejected {
            self.error(
                0..0,
                "`version` is missing",
                "write `version = 1` as the first line",
            );
        }
    }
}
