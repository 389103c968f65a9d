//! Jobs of earlier lives, as ops remembers them.

use crate::catalog::{BackupKind, BackupRecord, JobKind, JobState, JobSummary, Standing};
use crate::control::protocol::JobDetail;
use crate::names::JobId;
use crate::ops::{HeldSlot, Ops, RestoreRecord, Scope, StepRecord};
use crate::run::prune::PruneContext;
use crate::run::recover::RecoverContext;
use crate::run::restore::RestoreContext;
use crate::run::undoable::standing;
use crate::run::{Refused, RunError};

/// A job of an earlier life: a restore on record, a run of backups, or one that is being finished right now.
pub(super) async fn earlier_job(ops: &Ops, job: &JobId) -> Result<JobDetail, RunError> {
    if let Some(record) = ops.restore(job).await? {
        let steps = ops.steps(job).await?;
        return Ok(as_it_stands(of_record(record.clone()), &record, &steps));
    }
    let records = ops.backups_of_run(job).await?;
    if !records.is_empty() {
        return Ok(of_run(job, &records));
    }
    let held = ops.held_slots().await?;
    if let Some(slot) = held.into_iter().find(|slot| slot.job.as_ref() == Some(job)) {
        return Ok(left_over(job, slot));
    }
    let message = format!("no job with the id `{job}` is known");
    Err(Refused::not_found(message, "`brctl jobs` lists them").into())
}

/// A restore of this life, with what has become of it since.
pub(super) async fn since(ops: &Ops, detail: JobDetail) -> Result<JobDetail, RunError> {
    let job = &detail.summary.job;
    let Some(record) = ops.restore(job).await? else {
        return Ok(detail);
    };
    let steps = ops.steps(job).await?;
    Ok(as_it_stands(detail, &record, &steps))
}

fn as_it_stands(mut detail: JobDetail, record: &RestoreRecord, steps: &[StepRecord]) -> JobDetail {
    detail.standing = standing(record, steps);
    if detail.standing == Some(Standing::HalfTakenBack) {
        detail.summary.state = JobState::Stuck;
        let told = record.error.clone();
        detail.summary.message = told.unwrap_or(detail.summary.message);
    }
    detail
}

fn bare_summary(job: &JobId, kind: JobKind, state: JobState, message: String) -> JobSummary {
    JobSummary {
        job: job.clone(),
        kind,
        group: None,
        labels: Vec::new(),
        state,
        trigger: String::new(),
        scheduled: None,
        started: None,
        finished: None,
        message,
    }
}

fn of_run(job: &JobId, records: &[BackupRecord]) -> JobDetail {
    let finished = records.iter().filter(|record| record.is_finished()).count();
    let state = match finished {
        0 => JobState::Failed,
        all if all == records.len() => JobState::Done,
        _ => JobState::Partly,
    };
    let kind = match records.first().map(|record| record.kind) {
        Some(BackupKind::Incremental) => JobKind::Incremental,
        _ => JobKind::Full,
    };
    let errors: Vec<String> = records
        .iter()
        .filter_map(|record| record.error.clone())
        .collect();
    let summary = JobSummary {
        group: records.iter().find_map(|record| record.group.clone()),
        labels: records.iter().map(|record| record.label.clone()).collect(),
        started: records.iter().filter_map(|record| record.started).min(),
        finished: records.iter().filter_map(|record| record.finished).max(),
        scheduled: records.iter().find_map(|record| record.scheduled),
        ..bare_summary(job, kind, state, errors.join("; "))
    };
    JobDetail {
        summary,
        events: Vec::new(),
        plan: None,
        standing: None,
    }
}

fn left_over(job: &JobId, slot: HeldSlot) -> JobDetail {
    let is_prune = slot
        .context
        .as_deref()
        .and_then(PruneContext::read)
        .is_some();
    let is_recovery = slot
        .context
        .as_deref()
        .and_then(RecoverContext::read)
        .is_some();
    let kind = match slot.scope {
        Scope::Backup if is_prune => JobKind::Prune,
        Scope::Backup => JobKind::Full,
        Scope::Restore if is_recovery => JobKind::Recover,
        Scope::Restore => JobKind::Restore,
    };
    // A restore's slot has a label of its own.
    let context = slot.context.as_deref();
    let restored = context.and_then(|context| serde_json::from_str::<RestoreContext>(context).ok()); // no error: of another kind
    let label = restored.map_or(slot.label, |context| context.target);
    let owner = slot.owner.unwrap_or_default();
    let message =
        format!("begun by an earlier life of {owner}; the job of the kind `adopt` finishes it");
    let summary = JobSummary {
        labels: vec![label],
        ..bare_summary(job, kind, JobState::Detached, message)
    };
    JobDetail {
        summary,
        events: Vec::new(),
        plan: None,
        standing: None,
    }
}

fn of_record(record: RestoreRecord) -> JobDetail {
    let state = match record.status.as_str() {
        "FINISHED" => JobState::Done,
        "CANCELLED" => JobState::Cancelled,
        _ => JobState::Failed,
    };
    let summary = JobSummary {
        job: record.job,
        kind: JobKind::Restore,
        group: record.group,
        labels: vec![record.label],
        state,
        trigger: record.requested_by.unwrap_or_default(),
        scheduled: None,
        started: record.started,
        finished: record.finished,
        message: record.error.or(record.checksum).unwrap_or_default(),
    };
    JobDetail {
        summary,
        events: Vec::new(),
        plan: record
            .plan
            .and_then(|plan| serde_json::from_str(&plan).ok()),
        standing: None,
    }
}
