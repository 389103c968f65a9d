//! BACKUP and RESTORE jobs: one slot per database for both, driven by one tick, all jobs one after another
//! (`backup/BackupHandler.java`).

mod authorize;
mod backup;
mod cancel;
mod commit;
mod cut;
mod existing;
mod handler;
mod head;
mod journal;
mod objects;
mod orders;
mod prepare;
mod properties;
mod register;
mod restore;
mod restore_objects;
mod signature;
mod submit_backup;
mod submit_restore;
mod tasks;

use std::collections::BTreeMap;

pub use backup::{BackupJob, BackupState};
pub use head::{Halt, JobHead, Status};
pub use objects::BackupObject;
pub use orders::JobOrder;
pub use restore::{RestoreJob, RestoreState};
pub use restore_objects::RestoreObject;
pub use submit_backup::AnalyzedBackup;
pub use tasks::{Phase, Trouble};

/// The slot of jobs for external catalogs: one in the whole cluster, under the id -1.
pub const CATALOG_SLOT: u64 = u64::MAX;

/// The last job of each database, by database id, and what holds them up.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    pub slots: BTreeMap<u64, Job>,
    /// Entries that jobs have written to the journal.
    pub journalled: u64,
    /// Ticks do nothing while set.
    pub held: bool,
    /// Somebody else's submission has the lock: BACKUP, RESTORE and DROP REPOSITORY are refused.
    pub submission_locked: bool,
    /// SHOW BACKUP and SHOW RESTORE meet a job while it changes: so many more times.
    pub changing: u32,
    pub troubles: Vec<Trouble>,
    pub orders: Vec<JobOrder>,
}

#[derive(Debug, Clone)]
pub enum Job {
    Backup(Box<BackupJob>),
    Restore(Box<RestoreJob>),
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
