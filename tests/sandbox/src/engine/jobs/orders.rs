//! What a job can be ordered to meet, once, at the step where it can happen.

use crate::engine::jobs::Jobs;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOrder {
    /// BACKUP, SNAPSHOTING: compaction has overtaken the version (`backup/BackupJob.finishTabletSnapshotTask`).
    VersionMerged,
    /// BACKUP, PENDING: no replica has seen every load.
    NoReplica,
    /// RESTORE, PENDING: backends do not answer CREATE REPLICA.
    ReplicasNotCreated,
    /// RESTORE, PENDING: a disk is full.
    DiskFull,
    /// Either, at any visit: its time is up.
    Timeout,
    /// Either, at any visit: a Java exception with this text.
    Exception(String),
}

impl JobOrder {
    pub fn name(&self) -> &'static str {
        match self {
            JobOrder::VersionMerged => "VERSION MERGED",
            JobOrder::NoReplica => "NO REPLICA",
            JobOrder::ReplicasNotCreated => "REPLICAS NOT CREATED",
            JobOrder::DiskFull => "DISK FULL",
            JobOrder::Timeout => "TIMEOUT",
            JobOrder::Exception(_) => "EXCEPTION",
        }
    }
}

impl Jobs {
    /// Takes the order away: it hits once.
    pub fn meets(&mut self, order: &JobOrder) -> bool {
        let found = self.orders.iter().position(|known| known == order);
        if let Some(at) = found {
            self.orders.remove(at);
        }
        found.is_some()
    }

    pub fn meets_exception(&mut self) -> Option<String> {
        let found = self
            .orders
            .iter()
            .position(|known| matches!(known, JobOrder::Exception(_)))?;
        match self.orders.remove(found) {
            JobOrder::Exception(text) => Some(text),
            _ => None,
        }
    }
}
