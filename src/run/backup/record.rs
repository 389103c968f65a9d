//! The rows that a backup leaves in `ops.backup_history`, and the end of its slot.

use std::time::Duration;

use super::order::BackupContext;
use super::under_way::Whole;
use crate::catalog::{BackupRecord, BackupStatus};
use crate::names::{DatabaseName, Label};
use crate::ops::{Ops, Reservation, SlotEnd};
use crate::run::error::RunError;
use crate::run::job::Job;

/// Manifest corrections, the history row, the slot: in this order, because the row makes the backup exist and the slot guards its writing.
pub async fn finish(
    job: &Job,
    ops: &Ops,
    context: &BackupContext,
    database: &DatabaseName,
    label: Label,
    whole: &Whole,
    slot: Reservation,
) -> Result<BackupRecord, RunError> {
    let mut record = record(job, context, Some(database), label);
    record.snapshot = Some(whole.snapshot.timestamp.clone());
    record.snapshot_created = whole.snapshot.created;
    record.partition_count =
        Some(u64::try_from(whole.settled.partition_count()).unwrap_or(u64::MAX));
    record.data_bytes = Some(whole.settled.data_bytes());
    let patience = Duration::from_secs(context.job_timeout_secs);
    job.insist(patience, || async {
        ops.correct_manifest(
            &record.label,
            database,
            &whole.planned,
            &whole.settled,
            job.now(),
        )
        .await?;
        Ok(ops.record_backup(&record).await?)
    })
    .await?;
    job.insist(patience, || async {
        Ok(ops.release(&slot, SlotEnd::Finished, job.now()).await?)
    })
    .await?;
    Ok(record)
}

/// `database`: `None` where the run failed before any database was known.
pub async fn record_failure(
    job: &Job,
    ops: &Ops,
    context: &BackupContext,
    database: Option<&DatabaseName>,
    label: &Label,
    error: &RunError,
    slot: Option<&Reservation>,
) -> Result<(), RunError> {
    let mut record = record(job, context, database, label.clone());
    record.status = match error {
        RunError::Stopped(_) => BackupStatus::Cancelled,
        RunError::TimedOut { .. } => BackupStatus::Timeout,
        _ => BackupStatus::Failed,
    };
    record.error = Some(error.full_text());
    ops.record_backup(&record).await?;
    if let Some(slot) = slot {
        let end = if record.status == BackupStatus::Cancelled {
            SlotEnd::Cancelled
        } else {
            SlotEnd::Failed
        };
        ops.release(slot, end, job.now()).await?;
    }
    Ok(())
}

pub(super) fn record(
    job: &Job,
    context: &BackupContext,
    database: Option<&DatabaseName>,
    label: Label,
) -> BackupRecord {
    BackupRecord {
        error: context.note.clone(),
        run: Some(context.run.clone()),
        group: Some(context.group.clone()),
        database: database.cloned(),
        baseline: context.baseline.clone(),
        started: Some(context.started),
        finished: Some(job.now()),
        trigger: Some(context.trigger),
        scheduled: context.scheduled,
        changes: context.changes.clone(),
        host: Some(job.host.to_string()),
        ..BackupRecord::bare(label, context.kind, context.repository.clone())
    }
}
