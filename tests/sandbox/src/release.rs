//! The releases of StarRocks a sandbox can be: what a cluster accepts, prints and calls itself depends on it.
//!
//! A difference between releases is asked for by a question that names it ([`Release::has_keyword_grammar`]), never by comparing numbers at
//! the place where it matters, so that this file is the list of all differences.

use std::fmt;
use std::str::FromStr;

/// In order of age; `<` means older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Release {
    V3_2,
    V3_3,
    V3_4,
    V3_5,
    V4_0,
    V4_2,
}

/// A text that is no release of the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such release '{0}': there are 3.2, 3.3, 3.4, 3.5, 4.0 and 4.2")]
pub struct UnknownRelease(String);

impl Release {
    pub const ALL: [Release; 6] = [
        Release::V3_2,
        Release::V3_3,
        Release::V3_4,
        Release::V3_5,
        Release::V4_0,
        Release::V4_2,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Release::V3_2 => "3.2",
            Release::V3_3 => "3.3",
            Release::V3_4 => "3.4",
            Release::V3_5 => "3.5",
            Release::V4_0 => "4.0",
            Release::V4_2 => "4.2",
        }
    }

    /// What `current_version()` and the Version columns print.
    pub fn version(self) -> &'static str {
        match self {
            Release::V3_2 => "3.2.16-sandbox",
            Release::V3_3 => "3.3.7-sandbox",
            Release::V3_4 => "3.4.3-sandbox",
            Release::V3_5 => "3.5.2-sandbox",
            Release::V4_0 => "4.0.1-sandbox",
            Release::V4_2 => "4.2.0-sandbox",
        }
    }

    /// FE config `mysql_server_version`, as the greeting says it (`common/Config.java`; changed by StarRocks/starrocks#52512).
    pub fn mysql_version(self) -> &'static str {
        if self < Release::V3_4 {
            "5.1.0"
        } else {
            "8.0.33"
        }
    }

    /// `BACKUP DATABASE d … ON (TABLE t, ALL VIEWS, …)` (StarRocks.g4 `backupRestoreObjectDesc`).
    pub fn has_keyword_grammar(self) -> bool {
        self >= Release::V3_4
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Release {
    type Err = UnknownRelease;

    fn from_str(text: &str) -> Result<Release, UnknownRelease> {
        Release::ALL
            .into_iter()
            .find(|release| release.name() == text)
            .ok_or_else(|| UnknownRelease(text.to_owned()))
    }
}
