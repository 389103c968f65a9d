//! What an earlier life of the daemon left unfinished, finished from the rows alone.
//!
//! A kill -9 leaves ACTIVE rows in `ops.run_status` and fires without an outcome. The cluster's job goes on meanwhile, or never began, or is
//! over: the cluster and the repository tell which. A slot is closed only after that, never because of its age.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::backup::{BackupContext, Taken, UnderWay, finish, record_failure};
use super::baseline::load_chain;
use super::confirm::{SnapshotFound, snapshot};
use super::error::{Retry, RunError};
use super::group::Outcome;
use super::job::{Job, JobStop};
use super::poll::{UNSEEN_WHEN_LOST, backup_row, cancel_backup};
use super::preflight::backends;
use super::prune::{self, PruneContext};
use super::recover::{self, RecoverContext};
use super::restore::{Phase, RestoreContext, carry_on, conclude, resume};
use super::safekeeping::after_adoption;
use super::slots::beat;
use super::steps::Builder;
use super::undo;
use crate::catalog::{BackupRecord, JobState, TableState};
use crate::names::{DatabaseName, JobId, TableName};
use crate::ops::{FireKey, FireOutcome, FireRecord, HeldSlot, Ops, Reservation, Scope, SlotEnd};
use crate::starrocks::Session;

/// A run that must be started again, for the databases that it did not come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Rerun {
    pub fire: FireKey,
    pub only: BTreeSet<DatabaseName>,
    pub run: JobId,
}

/// How adoption went, and which runs must be started again.
#[derive(Debug, Clone, PartialEq)]
pub struct Adoption {
    pub outcome: Outcome,
    pub reruns: Vec<Rerun>,
}

/// At every start, before anything else runs.
pub async fn run(job: &Job) -> Adoption {
    match adopt_all(job).await {
        Ok((lines, reruns)) => {
            let message = if lines.is_empty() {
                "nothing was left unfinished".to_owned()
            } else {
                lines.join("; ")
            };
            Adoption {
                outcome: Outcome {
                    state: JobState::Done,
                    message,
                    help: None,
                },
                reruns,
            }
        }
        Err(error) => Adoption {
            outcome: Outcome::of(&error),
            reruns: Vec::new(),
        },
    }
}

/// The cluster may be down when the daemon starts: adoption waits for it as long as it takes.
const FOREVER: Duration = Duration::from_secs(u64::MAX / 4);

async fn adopt_all(job: &Job) -> Result<(Vec<String>, Vec<Rerun>), RunError> {
    let session = job.cluster.long_session(job.tuning.restore_timeout);
    let Some(ops) = job.patiently(FOREVER, || open(&session)).await? else {
        return Ok((Vec::new(), Vec::new()));
    };
    let held = job
        .patiently(FOREVER, || async { Ok(ops.held_slots().await?) })
        .await?;
    let own = held
        .iter()
        .filter(|slot| slot.owner.as_deref() == Some(&*job.owner));
    // Side by side: one that takes long, because its upload does, keeps no other waiting.
    let adopted = join_all(own.map(|slot| adopt_own(job, &session, &ops, slot))).await;
    let lines = adopted
        .into_iter()
        .collect::<Result<Vec<String>, RunError>>()?;
    after_adoption(job).await;
    // An upload may take hours, and this life has begun runs of its own meanwhile: one that is alive now, or was when the fires were read.
    let alive = job.slots.alive();
    let fires = job
        .patiently(FOREVER, || async { Ok(ops.open_fires(&job.owner).await?) })
        .await?;
    let still_alive = job.slots.alive();
    let is_own = |run: &JobId| alive.contains(run) || still_alive.contains(run);
    let of_earlier_lives = fires
        .into_iter()
        .filter(|fire| !fire.run.as_ref().is_some_and(is_own));
    let mut reruns = Vec::new();
    for fire in of_earlier_lives {
        reruns.extend(settle_fire(job, &ops, fire).await?);
    }
    Ok((lines, reruns))
}

/// `None` while there are no ops tables of brd's: nothing can have been left in them. Those of an earlier release are extended first.
async fn open(session: &Session) -> Result<Option<Ops>, RunError> {
    let ops = Ops::open(session.clone()).await?;
    if !ops.is_ours().await? {
        return Ok(None);
    }
    if !ops.is_complete().await? {
        ops.initialise(backends(session).await?.backends_alive)
            .await?;
    }
    Ok(Some(ops))
}

async fn adopt_own(
    job: &Job,
    session: &Session,
    ops: &Ops,
    slot: &HeldSlot,
) -> Result<String, RunError> {
    match adopt_slot(job, session, ops, slot).await {
        Ok(line) => Ok(line),
        Err(error) if error.retry() == Retry::Later || matches!(error, RunError::Stopped(_)) => {
            Err(error)
        }
        // One row that nobody can make sense of must not keep everything else from running.
        Err(error) => {
            let text = format!("slot `{}` could not be adopted: {error}", slot.label);
            let help =
                "look at its row in ops.run_status; set its state to FAILED once its job is over";
            job.journal.finding(text.clone(), Some(help.to_owned()));
            Ok(text)
        }
    }
}

/// Sees one left-over slot through, and says in a line what came of it.
async fn adopt_slot(
    job: &Job,
    session: &Session,
    ops: &Ops,
    slot: &HeldSlot,
) -> Result<String, RunError> {
    let (Some(database), Some(left)) = (&slot.database, &slot.job) else {
        return Ok(format!(
            "slot `{}` is another tool's and was left alone",
            slot.label
        ));
    };
    let Some(_alive) = job.slots.enter(left) else {
        return Ok(format!("slot `{}` is being seen to already", slot.label));
    };
    let reservation = match slot.ours(&job.owner) {
        Some(ours) => Some(ours),
        None => ops.take_over(slot, &job.owner, job.now()).await?,
    };
    let Some(reservation) = reservation else {
        return Ok(format!(
            "slot `{}` was taken over by somebody else",
            slot.label
        ));
    };
    let job = &Job {
        slot_lost: Arc::default(),
        ..job.clone()
    };
    let _beating = beat(job, ops, &reservation);
    let context = slot.context.as_deref().unwrap_or_default();
    let unreadable = |error: serde_json::Error| {
        RunError::Failed(format!(
            "the context of slot `{}` cannot be read: {error}",
            slot.label
        ))
    };
    let line = match slot.scope {
        // A prune shares the scope of backups: whatever looks at the slot must see a job of the database, and no other tool knows another word.
        Scope::Backup if PruneContext::read(context).is_some() => {
            let context: PruneContext = serde_json::from_str(context).map_err(unreadable)?;
            prune::resume(job, ops, &context, &reservation).await?
        }
        Scope::Backup => {
            let context: BackupContext = serde_json::from_str(context).map_err(unreadable)?;
            job.journal.labelled(&slot.label);
            adopt_backup(job, session, ops, reservation, database, &context).await?
        }
        Scope::Restore if RecoverContext::read(context).is_some() => {
            let context: RecoverContext = serde_json::from_str(context).map_err(unreadable)?;
            recover::resume(job, session, ops, &context, &reservation).await?
        }
        Scope::Restore => {
            let context: RestoreContext = serde_json::from_str(context).map_err(unreadable)?;
            adopt_restore(job, session, ops, &reservation, &context).await?
        }
    };
    job.journal.step(1, 0, line.clone());
    Ok(line)
}

async fn adopt_backup(
    job: &Job,
    session: &Session,
    ops: &Ops,
    reservation: Reservation,
    database: &DatabaseName,
    context: &BackupContext,
) -> Result<String, RunError> {
    let label = &reservation.label.clone();
    let timeout = Duration::from_secs(context.job_timeout_secs);
    // Recorded already: the crash came between the history row and the release.
    if let Some(record) = ops
        .backup(label)
        .await?
        .filter(|record| record.run.as_ref() == Some(&context.run))
    {
        let end = if record.is_finished() {
            SlotEnd::Finished
        } else {
            SlotEnd::Failed
        };
        ops.release(&reservation, end, job.now()).await?;
        return Ok(format!(
            "backup `{label}` was recorded already; its slot is released"
        ));
    }
    let manifest = ops
        .manifests(std::slice::from_ref(label))
        .await?
        .remove(label)
        .unwrap_or_default()
        .manifest;
    // The manifest is written before BACKUP is sent. Without one, and with no trace of the job, there never was one.
    if manifest.tables.is_empty()
        && backup_row(session, database, label).await?.is_none()
        && snapshot(session, &context.repository, label).await? == SnapshotFound::No
    {
        return never_begun(job, ops, &reservation, database, context).await;
    }
    let baseline = baseline_state(ops, context).await?;
    let under_way = UnderWay {
        job,
        session,
        database,
        repository: &context.repository,
        label,
        timeout,
        unseen: UNSEEN_WHEN_LOST,
        manifest,
        latest_alter: context.changes.latest,
        baseline: &baseline,
        new_tables: None,
    };
    let error = match under_way.see_through().await {
        Ok(Taken::Whole(whole)) => {
            finish(
                job,
                ops,
                context,
                database,
                label.clone(),
                &whole,
                reservation,
            )
            .await?;
            if !context.group.is_of_ops() {
                job.safekeeping.owe(&context.repository);
            }
            return Ok(format!(
                "backup `{label}` is adopted and recorded as finished"
            ));
        }
        Ok(Taken::Torn(moved)) => {
            let tables = moved
                .keys()
                .map(TableName::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            RunError::Failed(format!(
                "data of {tables} moved outside the selection while nobody watched: the snapshot cannot be proven to be one cut"
            ))
        }
        Err(RunError::Stopped(JobStop::Detach)) => return Err(RunError::Stopped(JobStop::Detach)),
        Err(error) => error,
    };
    job.insist(timeout, || cancel_backup(job, session, database, label))
        .await?;
    job.insist(timeout, || {
        record_failure(
            job,
            ops,
            context,
            Some(database),
            label,
            &error,
            Some(&reservation),
        )
    })
    .await?;
    Ok(format!("backup `{label}` is recorded as failed: {error}"))
}

/// A due moment has its run still to come, for it is left without a row of this database; a request is on record as failed.
async fn never_begun(
    job: &Job,
    ops: &Ops,
    reservation: &Reservation,
    database: &DatabaseName,
    context: &BackupContext,
) -> Result<String, RunError> {
    let label = &reservation.label;
    // The next run backs up ops, whoever began this one.
    if context.group.is_of_ops() {
        ops.release(reservation, SlotEnd::Cancelled, job.now())
            .await?;
        return Ok(format!("backup `{label}` was never begun"));
    }
    if context.scheduled.is_some() {
        ops.release(reservation, SlotEnd::Cancelled, job.now())
            .await?;
        return Ok(format!(
            "backup `{label}` was never begun: its due moment gets its run"
        ));
    }
    let error = RunError::Failed(
        "the daemon stopped before it sent BACKUP; ask for the backup again".to_owned(),
    );
    let (database, slot) = (Some(database), Some(reservation));
    record_failure(job, ops, context, database, label, &error, slot).await?;
    Ok(format!("backup `{label}` was never begun"))
}

async fn baseline_state(
    ops: &Ops,
    context: &BackupContext,
) -> Result<BTreeMap<TableName, TableState>, RunError> {
    match &context.baseline {
        None => Ok(BTreeMap::new()),
        Some(label) => Ok(load_chain(ops, label).await??.state()),
    }
}

async fn adopt_restore(
    job: &Job,
    session: &Session,
    ops: &Ops,
    reservation: &Reservation,
    context: &RestoreContext,
) -> Result<String, RunError> {
    if let Some(record) = ops.restore(&context.job).await? {
        let steps = ops.steps(&context.job).await?;
        if context.phase == Phase::MakeLive && !steps.is_empty() {
            let mut builder = Builder::new(job, session, ops, context, steps);
            return resume(job, &mut builder, record, reservation).await;
        }
        if context.phase == Phase::Undo && !steps.is_empty() {
            let mut builder = Builder::new(job, session, ops, context, steps);
            let undone = undo::resume(&mut builder, &record).await;
            let (end, line) = match undone {
                Err(error @ RunError::Stopped(JobStop::Detach)) => return Err(error),
                Ok(ended) => ended,
                Err(error) => (SlotEnd::Failed, error.full_text()),
            };
            ops.release(reservation, end, job.now()).await?;
            return Ok(line);
        }
        ops.release(reservation, SlotEnd::Finished, job.now())
            .await?;
        return Ok(format!(
            "restore `{}` was recorded already; its slot is released",
            context.job
        ));
    }
    let steps = ops.steps(&context.job).await?;
    // The head is written last: without it the plan is not whole, and nothing of it was begun.
    let carried = if steps.iter().all(|step| step.number > 0) {
        super::restore::Carried::TakenBack(RunError::Failed(
            "the daemon stopped before the first step".to_owned(),
        ))
    } else {
        carry_on(job, session, ops, context, steps).await
    };
    conclude(job, ops, context, reservation, &carried, None).await?;
    Ok(format!(
        "restore `{}` is adopted: {}",
        context.job,
        carried.outcome().message
    ))
}

/// The outcome of a due moment whose run nobody saw end: what history says, or the run once more for what history lacks.
async fn settle_fire(job: &Job, ops: &Ops, fire: FireRecord) -> Result<Option<Rerun>, RunError> {
    let Some(run) = fire.run.clone() else {
        return Ok(None);
    };
    let records: Vec<BackupRecord> = ops
        .backups(Some(&fire.key.group))
        .await?
        .into_iter()
        .filter(|record| record.run.as_ref() == Some(&run))
        .collect();
    // A run that failed as a whole has a row without a database.
    let failed_whole = records.iter().any(|record| record.database.is_none());
    let named: BTreeSet<DatabaseName> = ops
        .inventory(&fire.key.group)
        .await?
        .0
        .into_keys()
        .collect();
    let come_to: BTreeSet<DatabaseName> = records
        .iter()
        .filter_map(|record| record.database.clone())
        .collect();
    let only: BTreeSet<DatabaseName> = named.difference(&come_to).cloned().collect();
    if !only.is_empty() && !failed_whole {
        return Ok(Some(Rerun {
            fire: fire.key,
            only,
            run,
        }));
    }
    let finished = records.iter().filter(|record| record.is_finished()).count();
    let outcome = match finished {
        0 => FireOutcome::Failed,
        all if all == records.len() => FireOutcome::Finished,
        _ => FireOutcome::Partly,
    };
    let reason = format!(
        "adopted after a restart: {finished} of {} databases finished",
        records.len()
    );
    ops.settle_fire(
        &fire.key,
        &job.owner,
        outcome,
        &reason,
        Some(&run),
        job.now(),
    )
    .await?;
    Ok(None)
}

/// A slot that stands in the way, of a daemon that gives no sign of life: its job is seen through here. One that lives is left alone.
pub async fn heal_stale(
    job: &Job,
    session: &Session,
    ops: &Ops,
    slot: &HeldSlot,
) -> Result<(), RunError> {
    if !job.slots.is_abandoned(slot, &job.owner) {
        return Ok(());
    }
    let owner = slot.owner.as_deref().unwrap_or("another tool");
    job.journal.finding(
        format!(
            "slot `{}` of {owner} gives no sign of life; its job is looked for and finished",
            slot.label
        ),
        None,
    );
    adopt_slot(job, session, ops, slot).await.map(|_line| ())
}
