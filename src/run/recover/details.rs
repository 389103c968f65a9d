//! What the snapshots of a repository tell of themselves: database, tables and partitions; neither versions, nor what was compared with
//! what.
//!
//! A full can be restored from that. An incremental cannot: which full it belongs to, and what was dropped since, stands nowhere, and a
//! guess would bring back rows that were not there. Only a label in the form that brd and starrocks-br give to fulls is taken for one. The
//! rows are like those of starrocks-br: without a group and without fingerprints, so that no rule lets them go and nothing is compared
//! with them.

use std::collections::BTreeSet;

use super::execute::{PATIENCE, Recovery};
use super::snapshot::every;
use crate::catalog::{
    BackupKind, BackupRecord, Manifest, PartitionRecord, RecordedFingerprint, TableRecord,
};
use crate::names::{Label, PartitionName, RepositoryName};
use crate::plan::label::{OPS_LABEL, is_labelled_full};
use crate::plan::settle::SnapshotContent;
use crate::run::confirm::{ConfirmedSnapshot, confirm};
use crate::run::error::{Retry, RunError};

const NOTE: &str = "recovered from what the snapshot tells of itself";

/// Idempotent: each label's rows come out the same.
pub(super) async fn bring(
    recovery: &Recovery<'_>,
    repository: &RepositoryName,
) -> Result<(), RunError> {
    let Recovery { job, session, .. } = recovery;
    let every = job
        .patiently(PATIENCE, || every(session, repository))
        .await?;
    for (label, whole) in every {
        if label.as_str().starts_with(OPS_LABEL) || !whole {
            continue;
        }
        let look = || confirm(session, repository, &label);
        match job.patiently(PATIENCE, look).await {
            Ok(snapshot) => put(recovery, repository, &label, &snapshot).await?,
            Err(error) if error.retry() == Retry::Later => return Err(error),
            Err(stopped @ RunError::Stopped(_)) => return Err(stopped),
            Err(error) => job.journal.finding(
                format!("snapshot `{label}` tells nothing of itself: {error}"),
                None,
            ),
        }
    }
    job.journal.finding(
        "the inventory is not in any snapshot",
        Some("fill ops.table_inventory again before the next run; it will be a full".to_owned()),
    );
    Ok(())
}

async fn put(
    recovery: &Recovery<'_>,
    repository: &RepositoryName,
    label: &Label,
    snapshot: &ConfirmedSnapshot,
) -> Result<(), RunError> {
    let Recovery { job, ops, .. } = recovery;
    let Some(database) = &snapshot.database else {
        let text = format!("snapshot `{label}` does not tell its database");
        job.journal.finding(text, None);
        return Ok(());
    };
    let manifest = manifest(&snapshot.content);
    let kind = if is_labelled_full(label) {
        BackupKind::Full
    } else {
        BackupKind::Incremental
    };
    let record = BackupRecord {
        error: Some(NOTE.to_owned()),
        database: Some(database.clone()),
        snapshot: Some(snapshot.timestamp.clone()),
        snapshot_created: snapshot.created,
        started: snapshot.created,
        finished: snapshot.created,
        partition_count: u64::try_from(manifest.partition_count()).ok(),
        ..BackupRecord::bare(label.clone(), kind, repository.clone())
    };
    let write = || async {
        ops.write_manifest(label, database, &manifest, &[], job.now())
            .await?;
        Ok(ops.record_backup(&record).await?)
    };
    job.patiently(PATIENCE, write).await
}

fn manifest(content: &SnapshotContent) -> Manifest {
    let partition = PartitionRecord {
        fingerprint: RecordedFingerprint::Absent,
        visible_version: 0,
        rows: 0,
        data_bytes: 0,
        measured: None,
    };
    let table = |names: &BTreeSet<PartitionName>| {
        let names = names.iter().cloned();
        TableRecord::bare(names.map(|name| (name, partition.clone())).collect())
    };
    Manifest {
        tables: content
            .iter()
            .map(|(name, partitions)| (name.clone(), table(partitions)))
            .collect(),
    }
}
