//! BACKUP and RESTORE jobs: one slot per database for both, driven by one tick, all jobs one after another
//! (`backup/BackupHandler.java`).

mod authorize;
mod backup;
mod cancel;
mod commit;
mod cut;
mod handler;
mod journal;
mod prepare;
mod restore;
mod signature;
mod submit_backup;
mod submit_restore;

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

pub use backup::{BackupJob, BackupObject, BackupState};
pub use restore::{RestoreJob, RestoreObject, RestoreState};
pub use submit_backup::AnalyzedBackup;

/// The last job of each database, by database id, and what holds them up.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    pub slots: BTreeMap<u64, Job>,
    /// Entries that jobs have written to the journal.
    pub journalled: u64,
    /// Ticks do nothing while set.
    pub held: bool,
    /// What uploads and downloads report instead of finishing.
    pub stalled: Option<String>,
}

#[derive(Debug, Clone)]
pub enum Job {
    Backup(Box<BackupJob>),
    Restore(Box<RestoreJob>),
}

/// What both kinds of job share.
#[derive(Debug, Clone)]
pub struct JobHead {
    /// `-1` until the first run of PENDING.
    pub id: i64,
    pub label: String,
    pub database_id: u64,
    pub database: String,
    pub repository: String,
    pub created: DateTime<Utc>,
    pub finished: Option<DateTime<Utc>>,
    pub timeout: Duration,
    pub status: Status,
    pub task_error: String,
    /// What `task_error` was when the journal last heard of the job.
    pub journalled_task_error: String,
}

/// The Status column: `[OK]` or `[CODE, msg: text]` (`backup/Status.java`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub code: &'static str,
    pub message: String,
}

impl Status {
    pub fn ok() -> Status {
        Status {
            code: "OK",
            message: String::new(),
        }
    }

    pub fn not_found(message: impl Into<String>) -> Status {
        Status {
            code: "NOT_FOUND",
            message: message.into(),
        }
    }

    pub fn common(message: impl Into<String>) -> Status {
        Status {
            code: "COMMON_ERROR",
            message: message.into(),
        }
    }

    pub fn timeout(message: impl Into<String>) -> Status {
        Status {
            code: "TIMEOUT",
            message: message.into(),
        }
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

impl Job {
    pub fn head(&self) -> &JobHead {
        match self {
            Job::Backup(job) => &job.head,
            Job::Restore(job) => &job.head,
        }
    }

    pub fn head_mut(&mut self) -> &mut JobHead {
        match self {
            Job::Backup(job) => &mut job.head,
            Job::Restore(job) => &mut job.head,
        }
    }

    pub fn is_done(&self) -> bool {
        match self {
            Job::Backup(job) => matches!(job.state, BackupState::Finished | BackupState::Cancelled),
            Job::Restore(job) => {
                matches!(job.state, RestoreState::Finished | RestoreState::Cancelled)
            }
        }
    }
}

impl Jobs {
    pub fn uses_repository(&self, name: &str) -> bool {
        self.slots
            .values()
            .any(|job| !job.is_done() && job.head().repository == name)
    }

    /// Whether a tick would do anything.
    pub fn any_running(&self) -> bool {
        self.slots.values().any(|job| !job.is_done())
    }
}
