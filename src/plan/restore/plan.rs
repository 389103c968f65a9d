//! The plan's values: what comes from which backup, and where it goes.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::room::Room;
use crate::catalog::{BackupKind, SnapshotTimestamp, TableSurroundings};
use crate::names::{
    DatabaseName, GroupName, JobId, Label, PartitionName, RepositoryName, TableName,
};

/// Everything decided, nothing done. Serialised into `ops.restore_history.plan` before the first step runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestorePlan {
    pub job: JobId,
    pub target: Label,
    /// When the cluster accepted the target's BACKUP, or when it was verified unchanged.
    pub recovery_point: Option<DateTime<Utc>>,
    /// Since when retention lets the target go, or something that it is built on: its snapshot may be deleted at any time.
    #[serde(default)]
    pub expired: Option<DateTime<Utc>>,
    pub repository: RepositoryName,
    /// Where the tables are built and made live.
    pub database: DatabaseName,
    /// The backup's own database, where it is another one.
    #[serde(default)]
    pub source: Option<DatabaseName>,
    /// Whether the database must be created first.
    #[serde(default)]
    pub creates_database: bool,
    #[serde(default)]
    pub finish: Finish,
    pub group: Option<GroupName>,
    /// The whole chain, the full first.
    pub links: Vec<PlannedLink>,
    pub tables: Vec<TablePlan>,
    /// When the plan was made; `None` where the backends do not tell.
    #[serde(default)]
    pub room: Option<Room>,
    /// Labels of loads that had begun in the database: what they bring into a replaced table goes to its old data.
    #[serde(default)]
    pub running_loads: Vec<String>,
    /// What stands around the tables and could not be looked at.
    #[serde(default)]
    pub unseen: Vec<String>,
}

impl RestorePlan {
    /// The backups that something is downloaded from; one may come more than once.
    pub fn downloaded(&self) -> impl Iterator<Item = &Label> {
        let sources = self.tables.iter().flat_map(|table| &table.sources);
        sources.map(|source| &self.links[source.link].label)
    }

    pub fn data_bytes(&self) -> u64 {
        self.tables
            .iter()
            .flat_map(|table| &table.sources)
            .map(|source| source.data_bytes)
            .sum()
    }
}

/// How a restore ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// With the restored tables in the place of the live ones.
    #[default]
    Live,
    /// With the restored tables verified, under the suffix, and nothing live touched.
    Beside,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedLink {
    pub label: Label,
    pub kind: BackupKind,
    /// `None` where the link is a moment verified unchanged: nothing is downloaded from it.
    pub snapshot: Option<SnapshotTimestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePlan {
    pub table: TableName,
    pub live: LiveTable,
    /// Where the table is built, and where the old data is afterwards.
    pub restored: TableName,
    pub replication_num: u32,
    /// The first is downloaded as `restored`, the others as helpers to copy from.
    pub sources: Vec<SourcePlan>,
    /// Come with the first source and were gone at the recovery point.
    pub surplus: Vec<PartitionName>,
    /// What the restored table must have in the end; `None` for an unpartitioned table, whose only partition has its name.
    pub partitions: Option<BTreeSet<PartitionName>>,
    /// Of the live table, where one is replaced.
    #[serde(default)]
    pub around: TableSurroundings,
    /// Only these partitions of the live table are put back, and nothing else of it is touched; empty: the whole table is.
    #[serde(default)]
    pub exchanges: Vec<PartitionExchange>,
}

impl TablePlan {
    /// The tables that the restore leaves beside the live one.
    pub fn left(&self) -> Vec<&TableName> {
        if self.exchanges.is_empty() {
            return vec![&self.restored];
        }
        let sources = self.sources.iter();
        sources.map(|source| &source.download_as).collect()
    }
}

/// One partition of a live table, whose content takes another's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionExchange {
    pub partition: PartitionName,
    /// The table that it is downloaded as, and that has the former content afterwards.
    pub holder: TableName,
    /// The name of the temporary partition by which it comes into a table.
    pub staged: PartitionName,
    pub now: PartitionNow,
}

/// What the live table has under the partition's name now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartitionNow {
    /// What the recovery point has.
    Same,
    Other,
    /// It is added first.
    Missing,
}

/// What stands under the table's name now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum LiveTable {
    /// Swapped out and kept under the suffix.
    Replaced {
        table_id: u64,
        /// Partitions whose content is not that of the recovery point: what a restore takes back.
        differing: usize,
        /// Partitions that the recovery point has not: gone after the swap.
        newer: Vec<PartitionName>,
    },
    Gone,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePlan {
    /// Place in [`RestorePlan::links`].
    pub link: usize,
    pub download_as: TableName,
    /// `None`: the table as the link holds it, without a PARTITION clause.
    pub partitions: Option<Vec<PartitionName>>,
    /// Partitions that count from this source.
    pub used: Vec<PartitionName>,
    /// By the frontend's statistics at backup time, one replica.
    pub data_bytes: u64,
}
