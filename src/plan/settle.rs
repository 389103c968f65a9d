//! What the snapshot really holds, once it is taken: the plan's manifest held against a second look at the catalogue and against the
//! repository's own list.
//!
//! The cut lies between the two looks. A partition that stands still over both is in the snapshot exactly as recorded. One that was
//! selected and moved is in the snapshot at a version nobody can tell: it is recorded as unsettled, so that the next incremental takes it
//! again. One that was *not* selected and moved may have moved before the cut: the point would be torn, and the run must be taken again.

use std::collections::{BTreeMap, BTreeSet};

use super::backup::Forced;
use crate::catalog::{
    Manifest, PartitionRecord, RecordedFingerprint, TableLook, TableRecord, TableRecordState,
    TableState,
};
use crate::names::{PartitionName, TableName};

/// A second, cheaper look: what identifies tables and their content.
pub type SecondLook = BTreeMap<TableName, TableLook>;

/// What SHOW SNAPSHOT's Details list.
pub type SnapshotContent = BTreeMap<TableName, BTreeSet<PartitionName>>;

/// What must be forced into a new attempt because it moved outside the selection; empty: the point is one cut.
///
/// What was not selected stands as the baseline's state has it; that is why it was not selected.
pub fn torn(
    manifest: &Manifest,
    baseline: &BTreeMap<TableName, TableState>,
    after: &SecondLook,
) -> Forced {
    let mut forced = Forced::new();
    for (table, record) in &manifest.tables {
        if record.whole_table || record.state == TableRecordState::Dropped {
            continue;
        }
        let now = after.get(table).filter(|look| is_same(record, look));
        let moved = moved_outside(record, baseline.get(table), now);
        // Another table under the name, or another schema: the selection itself is stale, whatever the partitions say.
        if now.is_none() || !moved.is_empty() {
            forced.insert(table.clone(), moved);
        }
    }
    forced
}

/// Tables of the group that came after the first look: what they hold may have been in others before the cut, by a swap or a move of rows,
/// and is nowhere in the snapshot.
pub fn came(
    seen: &BTreeSet<TableName>,
    is_of_group: impl Fn(&TableName) -> bool,
    after: &SecondLook,
) -> BTreeSet<TableName> {
    let new = after.keys().filter(|table| !seen.contains(*table));
    new.filter(|table| is_of_group(table)).cloned().collect()
}

/// A partition of a table that has changed its columns meanwhile cannot be told from what it was by its version.
pub fn is_same(record: &TableRecord, look: &TableLook) -> bool {
    record.table_id == Some(look.id) && record.schema.as_ref() == Some(&look.schema)
}

/// `now`: of the same table.
fn moved_outside(
    record: &TableRecord,
    baseline: Option<&TableState>,
    now: Option<&TableLook>,
) -> BTreeSet<PartitionName> {
    let unselected = |name: &PartitionName| {
        !record.partitions.contains_key(name) && !record.dropped_partitions.contains(name)
    };
    let known = baseline.map(|state| &state.partitions);
    let expected = known
        .into_iter()
        .flatten()
        .filter(|(name, _)| unselected(name));
    let now = now.map(|look| &look.partitions);
    let gone_or_moved = expected
        .filter(|(name, source)| {
            let now = now.and_then(|partitions| partitions.get(*name));
            !now.is_some_and(|now| source.record.fingerprint.matches(now))
        })
        .map(|(name, _)| name.clone());
    let is_new = |name: &&PartitionName| {
        !record.partitions.contains_key(*name)
            && known.is_none_or(|known| !known.contains_key(*name))
    };
    let came_back = |name: &&PartitionName| record.dropped_partitions.contains(*name);
    let appeared = now
        .into_iter()
        .flat_map(BTreeMap::keys)
        .filter(|name| is_new(name) || came_back(name))
        .cloned();
    gone_or_moved.chain(appeared).collect()
}

/// The manifest as it is recorded: unsettled where the content moved, and of whole tables exactly the partitions the snapshot lists.
///
/// Errors name what was asked for and is not in the snapshot.
pub fn settle(
    planned: &Manifest,
    after: &SecondLook,
    content: &SnapshotContent,
) -> Result<Manifest, MissingFromSnapshot> {
    let mut manifest = planned.clone();
    for (table, record) in &mut manifest.tables {
        if record.state != TableRecordState::Included {
            continue;
        }
        let listed = content.get(table).ok_or_else(|| MissingFromSnapshot {
            table: table.clone(),
            partition: None,
        })?;
        if record.whole_table {
            take_listed(record, listed);
        } else if let Some(absent) = record
            .partitions
            .keys()
            .find(|name| !listed.contains(*name))
        {
            return Err(MissingFromSnapshot {
                table: table.clone(),
                partition: Some(absent.clone()),
            });
        }
        unsettle_moved(record, after.get(table));
    }
    Ok(manifest)
}

/// Partitions may come and go between the first look and the cut.
fn take_listed(record: &mut TableRecord, listed: &BTreeSet<PartitionName>) {
    record.partitions.retain(|name, _| listed.contains(name));
    for name in listed {
        record
            .partitions
            .entry(name.clone())
            .or_insert_with(|| PartitionRecord {
                fingerprint: RecordedFingerprint::Unsettled,
                visible_version: 0,
                rows: 0,
                data_bytes: 0,
                measured: None,
            });
    }
}

fn unsettle_moved(record: &mut TableRecord, after: Option<&TableLook>) {
    let same = after.filter(|look| is_same(record, look));
    // Nobody can tell which columns the snapshot has: the next incremental takes the table whole.
    if same.is_none() {
        record.schema = None;
    }
    if after.map(|look| look.id) != record.table_id {
        record.partitioning = None;
    }
    for (name, partition) in &mut record.partitions {
        let now = same.and_then(|look| look.partitions.get(name));
        if !now.is_some_and(|now| partition.fingerprint.matches(now)) {
            partition.fingerprint = RecordedFingerprint::Unsettled;
        }
    }
}

/// The snapshot is OK and does not hold what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot lacks {}", .partition.as_ref().map_or_else(|| format!("table {table}"), |p| format!("partition {p} of table {table}")))]
pub struct MissingFromSnapshot {
    pub table: TableName,
    pub partition: Option<PartitionName>,
}

#[cfg(test)]
mod tests;
