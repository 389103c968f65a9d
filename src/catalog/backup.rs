//! One row of `ops.backup_history`.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{BackupKind, ColumnChanges};
use crate::names::{DatabaseName, GroupName, JobId, Label, RepositoryName};

/// A snapshot's time in the repository, `yyyy-MM-dd-HH-mm-ss-SSS` in the frontend's own zone: a token to hand back, never a time to reckon
/// with (`backup/BackupJob.java`, TIMESTAMP_FORMAT).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SnapshotTimestamp(pub String);

impl fmt::Display for SnapshotTimestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

/// The words of `ops.backup_history.status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BackupStatus {
    Finished,
    Failed,
    Cancelled,
    Timeout,
    /// A word that neither brd nor starrocks-br writes.
    #[serde(untagged)]
    Unknown(String),
}

impl BackupStatus {
    pub fn as_str(&self) -> &str {
        match self {
            BackupStatus::Finished => "FINISHED",
            BackupStatus::Failed => "FAILED",
            BackupStatus::Cancelled => "CANCELLED",
            BackupStatus::Timeout => "TIMEOUT",
            BackupStatus::Unknown(word) => word,
        }
    }

    pub fn parse(word: &str) -> BackupStatus {
        match word {
            "FINISHED" => BackupStatus::Finished,
            "FAILED" => BackupStatus::Failed,
            "CANCELLED" => BackupStatus::Cancelled,
            "TIMEOUT" => BackupStatus::Timeout,
            other => BackupStatus::Unknown(other.to_owned()),
        }
    }
}

/// Who asked for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    Schedule,
    CatchUp,
    Request,
}

impl Trigger {
    pub fn as_str(self) -> &'static str {
        match self {
            Trigger::Schedule => "schedule",
            Trigger::CatchUp => "catch-up",
            Trigger::Request => "request",
        }
    }

    pub fn parse(word: &str) -> Option<Trigger> {
        [Trigger::Schedule, Trigger::CatchUp, Trigger::Request]
            .into_iter()
            .find(|trigger| trigger.as_str() == word)
    }
}

/// What history says of one backup. Fields that only brd writes are `None` in rows of starrocks-br.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupRecord {
    pub label: Label,
    pub kind: BackupKind,
    pub status: BackupStatus,
    pub repository: RepositoryName,
    pub error: Option<String>,
    pub run: Option<JobId>,
    pub group: Option<GroupName>,
    pub database: Option<DatabaseName>,
    /// The Label that an incremental was compared with.
    pub baseline: Option<Label>,
    /// `None` for a moment that was verified unchanged: it needs no snapshot of its own.
    pub snapshot: Option<SnapshotTimestamp>,
    /// When the cluster accepted the BACKUP: the cut lies at or shortly after it.
    pub snapshot_created: Option<DateTime<Utc>>,
    pub started: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    pub trigger: Option<Trigger>,
    pub scheduled: Option<DateTime<Utc>>,
    pub host: Option<String>,
    pub partition_count: Option<u64>,
    pub data_bytes: Option<u64>,
    /// Set where no BACKUP was needed: the moment at which nothing differed from the baseline.
    pub verified: Option<DateTime<Utc>>,
    /// A person wants it kept, whatever retention says.
    #[serde(default)]
    pub pin: Option<Pin>,
    /// Since when retention lets it go: no baseline and no recovery point any more, though its snapshot may still be there.
    #[serde(default)]
    pub expired: Option<DateTime<Utc>>,
    /// As its look, and those before it, knew them.
    #[serde(default, skip_serializing)]
    pub changes: ColumnChanges,
}

/// Holds a backup, with its whole chain, against every rule of retention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    pub until: DateTime<Utc>,
    pub by: String,
}

impl Pin {
    /// The end of a pin without one: 9999-12-31, which is no time that anybody waits for.
    pub const FOREVER: DateTime<Utc> =
        DateTime::from_timestamp(253_402_214_400, 0).expect("a second of the year 9999 is a time");

    pub fn holds(&self, now: DateTime<Utc>) -> bool {
        self.until > now
    }

    /// `None`: forever.
    pub fn end(&self) -> Option<DateTime<Utc>> {
        Some(self.until).filter(|until| *until < Self::FOREVER)
    }
}

impl BackupRecord {
    /// Finished, and nothing else is known of it.
    pub fn bare(label: Label, kind: BackupKind, repository: RepositoryName) -> BackupRecord {
        BackupRecord {
            label,
            kind,
            status: BackupStatus::Finished,
            repository,
            error: None,
            run: None,
            group: None,
            database: None,
            baseline: None,
            snapshot: None,
            snapshot_created: None,
            started: None,
            finished: None,
            trigger: None,
            scheduled: None,
            host: None,
            partition_count: None,
            data_bytes: None,
            verified: None,
            pin: None,
            expired: None,
            changes: ColumnChanges::default(),
        }
    }

    pub fn is_finished(&self) -> bool {
        self.status == BackupStatus::Finished
    }

    /// A backup of `ops` itself: no recovery point of any group, and never a baseline.
    pub fn is_of_ops(&self) -> bool {
        self.group.as_ref().is_some_and(GroupName::is_of_ops)
    }

    /// A row of starrocks-br, which writes neither its group nor its database.
    pub fn is_of_another_tool(&self) -> bool {
        self.group.is_none() && self.database.is_none()
    }

    /// The moment whose state it holds.
    pub fn moment(&self) -> Option<DateTime<Utc>> {
        self.verified
            .or(self.snapshot_created)
            .or(self.started)
            .or(self.finished)
    }
}
