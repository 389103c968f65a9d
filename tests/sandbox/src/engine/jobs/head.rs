//! What both kinds of job share, and how a visit of one can end badly.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use crate::answer::SqlError;
use crate::engine::jobs::tasks::Tasks;

#[derive(Debug, Clone)]
pub struct JobHead {
    /// `-1` until the first run of PENDING; made anew whenever PENDING runs.
    pub id: i64,
    pub label: String,
    /// Of the database, or `CATALOG_SLOT`.
    pub database_id: u64,
    /// Empty for external catalogs.
    pub database: String,
    pub repository: String,
    pub created: DateTime<Utc>,
    pub finished: Option<DateTime<Utc>>,
    pub timeout: Duration,
    pub status: Status,
    pub tasks: Tasks,
    /// What `tasks` knew of errors when the journal last heard of the job.
    pub journalled_errors: BTreeMap<u64, String>,
}

impl JobHead {
    pub fn new(
        label: &str,
        (database_id, database): (u64, String),
        repository: &str,
        created: DateTime<Utc>,
        timeout: Duration,
    ) -> JobHead {
        JobHead {
            id: -1,
            label: label.to_owned(),
            database_id,
            database,
            repository: repository.to_owned(),
            created,
            finished: None,
            timeout,
            status: Status::ok(),
            tasks: Tasks::default(),
            journalled_errors: BTreeMap::new(),
        }
    }
}

/// The Status column: `[OK]` or `[CODE, msg: text]` (`backup/Status.java`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub code: &'static str,
    pub message: String,
}

impl Status {
    pub fn ok() -> Status {
        Status::new("OK", "")
    }

    pub fn new(code: &'static str, message: impl Into<String>) -> Status {
        Status {
            code,
            message: message.into(),
        }
    }

    pub fn not_found(message: impl Into<String>) -> Status {
        Status::new("NOT_FOUND", message)
    }

    pub fn common(message: impl Into<String>) -> Status {
        Status::new("COMMON_ERROR", message)
    }

    pub fn timeout(message: impl Into<String>) -> Status {
        Status::new("TIMEOUT", message)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.code == "OK" {
            f.write_str("[OK]")
        } else {
            write!(f, "[{}, msg: {}]", self.code, self.message)
        }
    }
}

/// A statement's refusal inside a visit: the job is cancelled with its text.
impl From<SqlError> for Status {
    fn from(error: SqlError) -> Status {
        Status::common(error.message)
    }
}

/// Why a visit did not come to its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Halt {
    /// The job is cancelled with this status.
    Cancel(Status),
    /// A Java exception. The handler's thread logs it: the job stays as it is, and the jobs behind it are not visited in this round
    /// (`common/util/Daemon.run`).
    Exception(String),
}

impl From<Status> for Halt {
    fn from(status: Status) -> Halt {
        Halt::Cancel(status)
    }
}

impl From<SqlError> for Halt {
    fn from(error: SqlError) -> Halt {
        Halt::Cancel(error.into())
    }
}
