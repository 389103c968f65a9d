//! What one backup of one database takes, decided by identity and version alone.
//!
//! A full takes every table whole. An incremental takes a partition when its fingerprint differs from the one its baseline's state holds;
//! it takes a table *whole* (no PARTITION clause) when the table is new, has another id or schema, is unpartitioned and changed, counts and
//! changed, or changed in every partition. What was dropped since the baseline is written down as dropped, so that a restore does not bring it back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::baseline::Instead;
use crate::catalog::{
    BackupKind, ColumnChanges, ColumnFacts, DatabaseFacts, LeftOut, Manifest, PartitionFacts,
    PartitionRecord, Partitioning, RecordedFingerprint, TableFacts, TableRecord, TableRecordState,
    TableState,
};
use crate::names::{Label, PartitionName, TableName};

/// The backup that an incremental is compared with, and all that its chain holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    pub label: Label,
    pub state: BTreeMap<TableName, TableState>,
    /// As its own look knew them.
    pub changes: ColumnChanges,
    /// Why it is not the newest backup; empty where it is, or where it need not be.
    pub instead: Vec<Instead>,
}

/// Why an incremental that was asked for becomes a full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promotion {
    NoFullYet,
    /// It has no snapshot that is OK in the repository any more.
    SnapshotGone(Label),
    /// Retention lets it go.
    Expired(Label),
    /// Its snapshot was made with a time to live.
    ExpiresByItself {
        label: Label,
        at: String,
    },
    /// Written by starrocks-br: nothing in it says which content it holds.
    NoFingerprints(Label),
    /// The baselines cannot be followed back to a full.
    BrokenChain {
        label: Label,
        reason: String,
    },
    /// Tables kept changing between the look and the cut; only a full is one cut whatever happens meanwhile.
    Unsettled,
}

impl fmt::Display for Promotion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Promotion::NoFullYet => out.write_str("the group has no finished full backup of this database yet"),
            Promotion::SnapshotGone(label) => write!(out, "the snapshot of backup `{label}` is gone from the repository"),
            Promotion::Expired(label) => write!(out, "backup `{label}` has expired by the group's retention"),
            Promotion::ExpiresByItself { label, at } => {
                write!(out, "the snapshot of backup `{label}` has a time to live: StarRocks deletes it at {at}")
            }
            Promotion::NoFingerprints(label) => {
                write!(out, "backup `{label}` was recorded without fingerprints, so nothing proves what changed since")
            }
            Promotion::BrokenChain { label, reason } => write!(out, "backup `{label}` cannot be used: {reason}"),
            Promotion::Unsettled => {
                out.write_str("data outside the selection changed while each of the attempts was taken; only a full is one cut whatever loads do")
            }
        }
    }
}

/// What must be taken whether it looks changed or not: partitions that moved under an earlier attempt.
pub type Forced = BTreeMap<TableName, BTreeSet<PartitionName>>;

/// One item of the ON clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupItem {
    pub table: TableName,
    /// `None`: the whole table.
    pub partitions: Option<Vec<PartitionName>>,
}

/// Everything decided, nothing done.
#[derive(Debug, Clone, PartialEq)]
pub struct BackupPlan {
    pub kind: BackupKind,
    pub baseline: Option<Label>,
    pub promotion: Option<Promotion>,
    /// Empty: nothing changed, and no BACKUP is needed.
    pub items: Vec<BackupItem>,
    pub manifest: Manifest,
    pub left_out: Vec<LeftOut>,
    /// Every name that anything of the database had in the look that was planned with.
    pub seen: BTreeSet<TableName>,
    /// Of that look: later ones make it stale.
    pub changes: ColumnChanges,
}

/// A full of every table of `facts`.
pub fn plan_full(facts: &DatabaseFacts, promotion: Option<Promotion>) -> BackupPlan {
    let tables = facts
        .tables
        .values()
        .map(|table| (table.name.clone(), whole(table)))
        .collect();
    finish(
        BackupKind::Full,
        None,
        promotion,
        Manifest { tables },
        facts,
    )
}

/// Everything of `facts` that differs from what `baseline` holds.
pub fn plan_incremental(facts: &DatabaseFacts, baseline: &Baseline, forced: &Forced) -> BackupPlan {
    let mut tables: BTreeMap<TableName, TableRecord> = BTreeMap::new();
    for table in facts.tables.values() {
        let forced = forced.get(&table.name);
        let name = &table.name;
        let is_altered = facts.changes.is_changed_since(name, &baseline.changes);
        let known = baseline.state.get(name).filter(|_| !is_altered);
        tables.insert(name.clone(), compare(table, known, forced));
    }
    for (name, state) in &baseline.state {
        tables.entry(name.clone()).or_insert_with(|| gone(state));
    }
    // A table that exists and cannot be taken now is no part of this recovery point, and not dropped either.
    tables.retain(|name, _| !facts.left_out.iter().any(|out| out.table == *name));
    finish(
        BackupKind::Incremental,
        Some(baseline.label.clone()),
        None,
        Manifest { tables },
        facts,
    )
}

/// Tables of which the plan takes a part, and that may have a column that counts: to be looked at, and planned again where they have.
pub fn part_of_what_may_count<'f>(
    facts: &'f DatabaseFacts,
    plan: &BackupPlan,
) -> Vec<&'f TableName> {
    let parts = plan.items.iter().filter(|item| item.partitions.is_some());
    let may_count = |table: &&TableFacts| table.columns.iter().any(ColumnFacts::may_count);
    parts
        .filter_map(|item| facts.tables.get(&item.table))
        .filter(may_count)
        .map(|table| &table.name)
        .collect()
}

fn finish(
    kind: BackupKind,
    baseline: Option<Label>,
    promotion: Option<Promotion>,
    manifest: Manifest,
    facts: &DatabaseFacts,
) -> BackupPlan {
    let items = manifest
        .included()
        .map(|(name, record)| item(name, record))
        .collect();
    BackupPlan {
        kind,
        baseline,
        promotion,
        items,
        manifest,
        left_out: facts.left_out.clone(),
        seen: facts.seen.clone(),
        changes: facts.changes.clone(),
    }
}

fn item(name: &TableName, record: &TableRecord) -> BackupItem {
    let partitions = (!record.whole_table).then(|| record.partitions.keys().cloned().collect());
    BackupItem {
        table: name.clone(),
        partitions,
    }
}

fn whole(table: &TableFacts) -> TableRecord {
    record(
        table,
        TableRecordState::Included,
        true,
        table.partitions.values(),
        BTreeSet::new(),
    )
}

fn compare(
    table: &TableFacts,
    known: Option<&TableState>,
    forced: Option<&BTreeSet<PartitionName>>,
) -> TableRecord {
    let Some(known) = known.filter(|known| {
        known.table_id == Some(table.id) && known.schema.as_ref() == Some(&table.schema)
    }) else {
        return whole(table);
    };
    let changed: Vec<&PartitionFacts> = table
        .partitions
        .values()
        .filter(|now| differs(now, known, forced))
        .collect();
    let dropped: BTreeSet<PartitionName> = known
        .partitions
        .keys()
        .filter(|name| !table.partitions.contains_key(*name))
        .cloned()
        .collect();
    if changed.is_empty() {
        return record(
            table,
            TableRecordState::Unchanged,
            false,
            changed.into_iter(),
            dropped,
        );
    }
    if table.partitioning == Partitioning::Unpartitioned
        || table.counts
        || changed.len() == table.partitions.len()
    {
        return whole(table);
    }
    record(
        table,
        TableRecordState::Included,
        false,
        changed.into_iter(),
        dropped,
    )
}

fn differs(
    now: &PartitionFacts,
    known: &TableState,
    forced: Option<&BTreeSet<PartitionName>>,
) -> bool {
    forced.is_some_and(|forced| forced.contains(&now.name))
        || known
            .partitions
            .get(&now.name)
            .is_none_or(|source| !source.record.fingerprint.matches(&now.fingerprint))
}

fn gone(state: &TableState) -> TableRecord {
    TableRecord {
        state: TableRecordState::Dropped,
        table_id: state.table_id,
        schema: state.schema.clone(),
        partitioning: state.partitioning,
        whole_table: false,
        dropped_partitions: BTreeSet::new(),
        partitions: BTreeMap::new(),
    }
}

fn record<'a>(
    table: &TableFacts,
    state: TableRecordState,
    whole_table: bool,
    partitions: impl Iterator<Item = &'a PartitionFacts>,
    dropped_partitions: BTreeSet<PartitionName>,
) -> TableRecord {
    TableRecord {
        state,
        table_id: Some(table.id),
        schema: Some(table.schema.clone()),
        partitioning: Some(table.partitioning),
        whole_table,
        dropped_partitions,
        partitions: partitions
            .map(|partition| (partition.name.clone(), partition_record(partition)))
            .collect(),
    }
}

fn partition_record(partition: &PartitionFacts) -> PartitionRecord {
    PartitionRecord {
        fingerprint: RecordedFingerprint::Exact(partition.fingerprint.clone()),
        visible_version: partition.fingerprint.visible_version(),
        rows: partition.rows,
        data_bytes: partition.data_bytes,
        measured: None,
    }
}

#[cfg(test)]
mod tests;
