//! What the cluster holds now, as read in one sitting.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ColumnChanges, Fingerprint, SchemaFingerprint};
use crate::names::{DatabaseName, JobId, PartitionName, TableName};

/// One database: its tables that BACKUP can take, and those that it cannot.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseFacts {
    pub name: DatabaseName,
    pub tables: BTreeMap<TableName, TableFacts>,
    pub left_out: Vec<LeftOut>,
    /// Every name that anything of the database had.
    pub seen: BTreeSet<TableName>,
    pub changes: ColumnChanges,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TableFacts {
    pub name: TableName,
    /// Changes with DROP + CREATE and with RESTORE … AS; stays with the data in SWAP and RENAME.
    pub id: u64,
    pub schema: SchemaFingerprint,
    pub columns: Vec<ColumnFacts>,
    /// Has an AUTO_INCREMENT column, whose next number only a backup of the whole table carries. Not looked at before it matters.
    pub counts: bool,
    pub partitioning: Partitioning,
    pub partitions: BTreeMap<PartitionName, PartitionFacts>,
    /// Replicas of each partition; RESTORE must be told, since it takes the cluster's default otherwise.
    pub replication_num: u32,
}

/// What identifies a table and its content, read again after the cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableLook {
    pub id: u64,
    pub schema: SchemaFingerprint,
    pub partitions: BTreeMap<PartitionName, Fingerprint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnFacts {
    pub name: String,
    /// As `information_schema.columns.COLUMN_TYPE` prints it.
    pub kind: String,
    pub nullable: bool,
    /// Filled by the cluster itself: cannot be inserted into.
    pub generated: bool,
}

impl ColumnFacts {
    /// AUTO_INCREMENT is for BIGINT NOT NULL (`sql/ast/ColumnDef.java`, `sql/parser/AstBuilder.java`).
    pub fn may_count(&self) -> bool {
        self.kind.starts_with("bigint") && !self.nullable && !self.generated
    }
}

/// As far as backup and restore must tell tables apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Partitioning {
    /// One partition, named like the table and renamed with it.
    Unpartitioned,
    Partitioned,
    /// Owns the hidden partition `$shadow_automatic_partition`, which only a backup of the whole table carries.
    Automatic,
}

impl Partitioning {
    pub fn as_str(self) -> &'static str {
        match self {
            Partitioning::Unpartitioned => "unpartitioned",
            Partitioning::Partitioned => "partitioned",
            Partitioning::Automatic => "automatic",
        }
    }

    pub fn parse(word: &str) -> Option<Partitioning> {
        [
            Partitioning::Unpartitioned,
            Partitioning::Partitioned,
            Partitioning::Automatic,
        ]
        .into_iter()
        .find(|partitioning| partitioning.as_str() == word)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionFacts {
    pub name: PartitionName,
    pub fingerprint: Fingerprint,
    /// The frontend's statistics: minutes old, for people only.
    pub rows: u64,
    /// As above, in bytes, one replica.
    pub data_bytes: u64,
}

/// A table that is named by the inventory and not in the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub table: TableName,
    pub reason: LeftOutReason,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOutReason {
    View,
    MaterializedView,
    /// An external, MySQL, or otherwise foreign table; the engine's name.
    NotOlap(String),
    /// StarRocks refuses to back up a table with any temporary partition (`backup/BackupHandler.java`).
    TemporaryPartitions,
    /// A session has a temporary table of the same name: the catalogue lists the partitions of both under it.
    SharedName,
    /// A restore keeps it under its suffix: its job.
    KeptCopy(JobId),
    /// Named by the inventory, not in the database.
    Missing,
    /// The cluster shows it, but not its details: a privilege is missing.
    Unreadable,
}

impl fmt::Display for LeftOutReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LeftOutReason::View => out.write_str("is a view, which holds no rows"),
            LeftOutReason::MaterializedView => out.write_str("is a materialized view, which its base tables rebuild"),
            LeftOutReason::NotOlap(engine) => write!(out, "is of engine {engine}, which BACKUP cannot take"),
            LeftOutReason::TemporaryPartitions => {
                out.write_str("has temporary partitions, which BACKUP refuses; replace or drop them")
            }
            LeftOutReason::SharedName => out.write_str(
                "shares its name with a session's temporary table, so that nobody can tell whose partitions are whose; drop the temporary one, or close its session",
            ),
            LeftOutReason::KeptCopy(job) => write!(
                out,
                "is what restore {job} keeps beside the live table; `brctl discard {job}` drops it, and a row of its own in ops.table_inventory includes it"
            ),
            LeftOutReason::Missing => out.write_str("does not exist; create it or delete its row from ops.table_inventory"),
            LeftOutReason::Unreadable => {
                out.write_str("shows no details to this user; grant SELECT and EXPORT on it to the user that brd connects as")
            }
        }
    }
}
