//! What is asked of one database's backup, and what must outlive this process to finish it.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::catalog::{BackupKind, ColumnChanges, Inventory, Trigger};
use crate::names::{DatabaseName, GroupName, JobId, Label, RepositoryName};
use crate::plan::baseline::Chaining;
use crate::plan::verify::Verify;
use crate::run::labels::Naming;

/// What was asked for one database.
#[derive(Debug, Clone)]
pub struct DatabaseOrder {
    pub group: GroupName,
    pub database: DatabaseName,
    pub inventory: Inventory,
    pub kind: BackupKind,
    pub repository: RepositoryName,
    pub baseline: Option<Label>,
    pub chaining: Chaining,
    pub naming: Naming,
    /// Today, in the group's zone.
    pub day: NaiveDate,
    pub trigger: Trigger,
    pub scheduled: Option<DateTime<Utc>>,
    pub job_timeout: Duration,
    pub verify: Verify,
    /// How long to wait for the slot, or for a cluster that does not answer.
    pub patience: Duration,
}

/// What the next life of the daemon must know to finish a backup: kept in the slot's row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BackupContext {
    pub run: JobId,
    pub group: GroupName,
    pub kind: BackupKind,
    pub repository: RepositoryName,
    pub baseline: Option<Label>,
    pub trigger: Trigger,
    pub scheduled: Option<DateTime<Utc>>,
    pub started: DateTime<Utc>,
    pub job_timeout_secs: u64,
    /// Of the look that was planned with.
    #[serde(default)]
    pub changes: ColumnChanges,
    pub note: Option<String>,
}
