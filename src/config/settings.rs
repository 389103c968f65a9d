//! [`Settings`]: `brd.toml`, as the daemon uses it. Every value is complete: what the file left out has its default.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::schedule::Verify;
use crate::names::RepositoryName;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The schedule file; relative names were read from the directory of `brd.toml`.
    pub schedule: PathBuf,
    pub cluster: ClusterSettings,
    pub control: ControlSettings,
    pub log: LogSettings,
    pub jobs: JobSettings,
    pub ops: OpsSettings,
    /// The file these settings were read from.
    pub path: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterSettings {
    /// At least one.
    pub frontends: Vec<FrontendAddress>,
    pub user: String,
    /// The password's first source; see [`crate::config`] for the others. The password itself never stands in a file of ours.
    pub password_file: Option<PathBuf>,
    /// For the groups that name none.
    pub repository: Option<RepositoryName>,
    pub connect_timeout: Duration,
    pub statement_timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlSettings {
    pub socket: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// A `tracing` filter: a level, or a list of `target=level`.
    pub level: String,
    /// Where the log is written to files too; `None` for no files.
    pub directory: Option<PathBuf>,
    pub rotation: Rotation,
    pub keep_files: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    Daily,
    Hourly,
    Never,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSettings {
    /// 1 to 64. Within one database StarRocks admits one job anyway.
    pub max_parallel_databases: usize,
    /// 100 ms to 1 min.
    pub poll_interval: Duration,
    /// For the groups that name none; at least 10 min.
    pub job_timeout: Duration,
    /// How long a stopping daemon waits for its running jobs.
    pub drain_timeout: Duration,
    /// How long the old data of a restored table is kept.
    pub undo_window: Duration,
    /// For the groups that name none.
    pub verify: Verify,
}

/// How our memory is kept safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpsSettings {
    pub backup: OpsBackup,
    /// Of each repository; 1 to 1000.
    pub keep_backups: u32,
    /// Of the mirror of the catalogue.
    pub mirror_directory: PathBuf,
}

/// When the `ops` database itself is backed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpsBackup {
    AfterEachRun,
    Never,
}

/// Where a frontend listens for the MySQL protocol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrontendAddress {
    /// A name or an address; an IPv6 address without its brackets.
    pub host: String,
    pub port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrontendAddressError {
    #[error("the port is missing")]
    NoPort,
    #[error("the port is not a number from 1 to 65535")]
    Port,
    #[error("the host is missing")]
    NoHost,
    #[error("an IPv6 address stands in brackets")]
    Brackets,
    #[error("an address is a host and a port, nothing else")]
    Host,
}

impl FromStr for FrontendAddress {
    type Err = FrontendAddressError;

    fn from_str(text: &str) -> Result<FrontendAddress, FrontendAddressError> {
        if text.contains(['@', '/']) {
            return Err(FrontendAddressError::Host);
        }
        let (host, port) = text.rsplit_once(':').ok_or(FrontendAddressError::NoPort)?;
        if text.ends_with(']') {
            return Err(FrontendAddressError::NoPort);
        }
        let bracketed = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = match bracketed {
            Some(address) => address,
            None if host.contains(':') => {
                return Err(FrontendAddressError::Brackets);
            }
            None => host,
        };
        if host.is_empty() {
            return Err(FrontendAddressError::NoHost);
        }
        let allowed = |c: char| {
            c.is_alphanumeric() || matches!(c, '.' | '-' | '_') || bracketed.is_some() && c == ':'
        };
        if !host.chars().all(allowed) {
            return Err(FrontendAddressError::Host);
        }
        let port = port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or(FrontendAddressError::Port)?;
        Ok(FrontendAddress {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for FrontendAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(out, "[{}]:{}", self.host, self.port)
        } else {
            write!(out, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for text in ["fe1.example:9030", "127.0.0.1:9030", "[::1]:9030", "fe_1:1"] {
            assert_eq!(text.parse::<FrontendAddress>().unwrap().to_string(), text);
        }
        for (text, error) in [
            ("fe1", FrontendAddressError::NoPort),
            ("[::1]", FrontendAddressError::NoPort),
            ("fe1:", FrontendAddressError::Port),
            ("fe1:0", FrontendAddressError::Port),
            ("fe1:70000", FrontendAddressError::Port),
            (":9030", FrontendAddressError::NoHost),
            ("::1:9030", FrontendAddressError::Brackets),
            ("mysql://fe1:9030", FrontendAddressError::Host),
            ("root:x@fe1:9030", FrontendAddressError::Host),
        ] {
            assert_eq!(text.parse::<FrontendAddress>(), Err(error), "{text}");
        }
    }
}
