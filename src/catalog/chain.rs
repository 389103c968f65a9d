//! The full and the incrementals that one restore needs, and what they hold together.

use std::collections::BTreeMap;

use super::{
    BackupKind, BackupRecord, Manifest, PartitionRecord, Partitioning, SchemaFingerprint,
    TableRecord, TableRecordState,
};
use crate::names::{Label, PartitionName, TableName};

/// A backup with what it covers.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    pub record: BackupRecord,
    pub manifest: Manifest,
}

/// A full first, then incrementals, each compared with the one before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain(Vec<Link>);

/// Why a Label cannot be restored to, or be a baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    #[error("no backup with the label `{0}` is in ops.backup_history")]
    Unknown(Label),
    #[error("backup `{label}` ended as {status}; only a FINISHED one can be used")]
    NotFinished { label: Label, status: String },
    #[error(
        "incremental `{0}` was recorded without its baseline, so nothing proves which full it belongs to"
    )]
    NoBaseline(Label),
    #[error(
        "backup `{missing}`, the baseline of `{needed_by}`, is not in ops.backup_history any more"
    )]
    LinkMissing { missing: Label, needed_by: Label },
    #[error("the baselines of `{0}` run in a circle")]
    Circle(Label),
}

/// What a recovery point holds of one table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableState {
    pub table_id: Option<u64>,
    pub schema: Option<SchemaFingerprint>,
    pub partitioning: Option<Partitioning>,
    /// The link that took the table whole: the only one that carries an automatic table's hidden partition.
    pub whole_in: Option<usize>,
    pub partitions: BTreeMap<PartitionName, PartitionSource>,
}

/// The latest link that holds a partition, by its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionSource {
    pub link: usize,
    pub record: PartitionRecord,
}

impl Chain {
    /// The labels from the full to `target`, following what was recorded; `find` looks into history.
    pub fn resolve<'a>(
        target: &Label,
        find: impl Fn(&Label) -> Option<&'a BackupRecord>,
    ) -> Result<Vec<&'a BackupRecord>, ChainError> {
        let mut records = vec![usable(
            find(target).ok_or_else(|| ChainError::Unknown(target.clone()))?,
        )?];
        while let Some(last) = records
            .last()
            .copied()
            .filter(|last| last.kind == BackupKind::Incremental)
        {
            let baseline = last
                .baseline
                .as_ref()
                .ok_or_else(|| ChainError::NoBaseline(last.label.clone()))?;
            if records.iter().any(|record| record.label == *baseline) {
                return Err(ChainError::Circle(target.clone()));
            }
            let missing = || ChainError::LinkMissing {
                missing: baseline.clone(),
                needed_by: last.label.clone(),
            };
            records.push(usable(find(baseline).ok_or_else(missing)?)?);
        }
        records.reverse();
        Ok(records)
    }

    /// `links` as [`Chain::resolve`] ordered them, each with its manifest.
    pub fn new(links: Vec<Link>) -> Chain {
        Chain(links)
    }

    pub fn links(&self) -> &[Link] {
        &self.0
    }

    /// Every table of the recovery point, each partition with the latest link that holds it.
    ///
    /// A table that the last link does not mention is not part of the point: nobody looked at it then.
    pub fn state(&self) -> BTreeMap<TableName, TableState> {
        let mut state = BTreeMap::new();
        for (index, link) in self.0.iter().enumerate() {
            state.retain(|table, _| link.manifest.tables.contains_key(table));
            for (table, record) in &link.manifest.tables {
                apply(&mut state, index, table, record);
            }
        }
        state
    }
}

fn usable(record: &BackupRecord) -> Result<&BackupRecord, ChainError> {
    if record.is_finished() {
        return Ok(record);
    }
    Err(ChainError::NotFinished {
        label: record.label.clone(),
        status: record.status.as_str().to_owned(),
    })
}

fn apply(
    state: &mut BTreeMap<TableName, TableState>,
    link: usize,
    table: &TableName,
    record: &TableRecord,
) {
    if record.state == TableRecordState::Dropped {
        state.remove(table);
        return;
    }
    let sources = record.partitions.iter().map(|(name, partition)| {
        (
            name.clone(),
            PartitionSource {
                link,
                record: partition.clone(),
            },
        )
    });
    if record.whole_table {
        let table_state = TableState {
            table_id: record.table_id,
            schema: record.schema.clone(),
            partitioning: record.partitioning,
            whole_in: Some(link),
            partitions: sources.collect(),
        };
        state.insert(table.clone(), table_state);
        return;
    }
    let entry = state.entry(table.clone()).or_insert_with(|| TableState {
        table_id: record.table_id,
        schema: record.schema.clone(),
        partitioning: record.partitioning,
        whole_in: None,
        partitions: BTreeMap::new(),
    });
    entry
        .partitions
        .retain(|name, _| !record.dropped_partitions.contains(name));
    entry.partitions.extend(sources);
}

#[cfg(test)]
mod tests;
