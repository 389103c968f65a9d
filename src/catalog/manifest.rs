//! What one Label covers: the rows of `ops.backup_tables` and `ops.backup_partitions`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Partitioning, RecordedFingerprint, SchemaFingerprint};
use crate::names::{PartitionName, TableName};

/// Everything a Label says about its database. A table that is not in it was not looked at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Manifest {
    pub tables: BTreeMap<TableName, TableRecord>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TableRecord {
    pub state: TableRecordState,
    /// `None` in history that was written without it.
    pub table_id: Option<u64>,
    pub schema: Option<SchemaFingerprint>,
    pub partitioning: Option<Partitioning>,
    /// Taken without a PARTITION clause.
    pub whole_table: bool,
    /// Partitions that the baseline's state has and this moment had not.
    pub dropped_partitions: BTreeSet<PartitionName>,
    /// What this Label's snapshot holds of the table.
    pub partitions: BTreeMap<PartitionName, PartitionRecord>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableRecordState {
    /// In this Label's snapshot, whole or in part.
    Included,
    /// Existed, and nothing of it had to be taken.
    Unchanged,
    /// In the baseline's state, and gone by now.
    Dropped,
}

impl TableRecord {
    /// Of a table of which only the partitions are known that a snapshot holds.
    pub fn bare(partitions: BTreeMap<PartitionName, PartitionRecord>) -> TableRecord {
        TableRecord {
            state: TableRecordState::Included,
            table_id: None,
            schema: None,
            partitioning: None,
            whole_table: true,
            dropped_partitions: BTreeSet::new(),
            partitions,
        }
    }
}

impl TableRecordState {
    pub fn as_str(self) -> &'static str {
        match self {
            TableRecordState::Included => "INCLUDED",
            TableRecordState::Unchanged => "UNCHANGED",
            TableRecordState::Dropped => "DROPPED",
        }
    }

    pub fn parse(text: &str) -> Option<TableRecordState> {
        [
            TableRecordState::Included,
            TableRecordState::Unchanged,
            TableRecordState::Dropped,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct PartitionRecord {
    pub fingerprint: RecordedFingerprint,
    pub visible_version: u64,
    /// The frontend's statistics at backup time: for people, not for proofs.
    pub rows: u64,
    pub data_bytes: u64,
    /// Of the very content that the snapshot holds; `None` where it was not measured, or moved.
    pub measured: Option<Measured>,
}

/// Counted on the cluster, not taken from its statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    pub rows: u64,
    pub checksum: Option<String>,
}

impl Manifest {
    /// Tables that the snapshot holds.
    pub fn included(&self) -> impl Iterator<Item = (&TableName, &TableRecord)> {
        self.tables
            .iter()
            .filter(|(_, record)| record.state == TableRecordState::Included)
    }

    pub fn partition_count(&self) -> usize {
        self.included()
            .map(|(_, record)| record.partitions.len())
            .sum()
    }

    pub fn data_bytes(&self) -> u64 {
        self.included()
            .flat_map(|(_, record)| record.partitions.values())
            .map(|partition| partition.data_bytes)
            .sum()
    }
}
