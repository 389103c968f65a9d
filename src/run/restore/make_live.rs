//! `brctl swap JOB`: the second half of a restore that stopped beside the live tables.
//!
//! Its steps have been in `ops.restore_steps` since the plan was written, and are marked and proven like any others. What fails is taken back
//! as far as it went, and the restored tables stay where they were: it can be tried again.

use std::time::Duration;

use super::ending::undo_until;
use super::execute::{Phase, RestoreContext, hold_database};
use crate::catalog::JobState;
use crate::names::JobId;
use crate::ops::{Ops, Reservation, RestoreRecord, SlotEnd, StepState};
use crate::run::error::RunError;
use crate::run::group::Outcome;
use crate::run::job::{Job, JobStop};
use crate::run::steps::Builder;
use crate::run::take_back::take_back;
use crate::run::{undo, undoable};

/// How long the end is insisted on being written.
const RECORDING: Duration = Duration::from_secs(600);

pub async fn make_live(job: &Job, restore: &JobId) -> Outcome {
    match begin(job, restore).await {
        Ok(ended) => ended.outcome(restore),
        Err(error) => Outcome::of(&error),
    }
}

async fn begin(job: &Job, restore: &JobId) -> Result<Ended, RunError> {
    let session = job.cluster.long_session(job.tuning.restore_timeout);
    let ops = Ops::open(session.clone()).await?;
    let (record, steps) = undo::find(&ops, restore).await?;
    let context = RestoreContext {
        phase: Phase::MakeLive,
        ..undo::context(&record, &steps)?
    };
    let (slot, _beating) = hold_database(job, &session, &ops, &context).await?;
    // Read again: another one may have been at work until now.
    let steps = ops.steps(restore).await?;
    let fit = undoable::prove_open(restore, &record, &steps);
    let mut builder = Builder::new(job, &session, &ops, &context, steps);
    let ended = match fit {
        Ok(()) => go(&mut builder, record).await?,
        Err(error) => Ended::TakenBack(error),
    };
    release(job, &ops, &slot, &ended).await?;
    Ok(ended)
}

/// What an earlier life of the daemon left: finished, or taken back.
pub async fn resume(
    job: &Job,
    builder: &mut Builder<'_>,
    record: RestoreRecord,
    slot: &Reservation,
) -> Result<String, RunError> {
    let restore = record.job.clone();
    let ended = go(builder, record).await?;
    if matches!(ended, Ended::Detached) {
        return Err(RunError::Stopped(JobStop::Detach));
    }
    release(job, builder.ops, slot, &ended).await?;
    let outcome = ended.outcome(&restore);
    Ok(format!("restore `{restore}`: {}", outcome.message))
}

enum Ended {
    Live,
    /// The restored tables are under the suffix, as before.
    TakenBack(RunError),
    Stuck {
        error: RunError,
        statements: Vec<String>,
    },
    Detached,
}

impl Ended {
    fn outcome(&self, restore: &JobId) -> Outcome {
        match self {
            Ended::Live => Outcome {
                state: JobState::Done,
                message: format!(
                    "restore `{restore}` is live; `brctl undo {restore}` swaps it back"
                ),
                help: None,
            },
            Ended::TakenBack(error) => Outcome {
                message: format!("{error}; the live tables are as they were"),
                ..Outcome::of(error)
            },
            Ended::Stuck { error, statements } => Outcome {
                state: JobState::Stuck,
                message: format!("{error}; and taking it back failed too"),
                help: Some(format!("run, in this order: {}", statements.join("; "))),
            },
            Ended::Detached => Outcome {
                state: JobState::Detached,
                message: "no longer watched".to_owned(),
                help: None,
            },
        }
    }
}

async fn go(builder: &mut Builder<'_>, mut record: RestoreRecord) -> Result<Ended, RunError> {
    let job = builder.job;
    let error = if builder.is_turned_back() {
        RunError::Failed("it was being taken back when the daemon stopped".to_owned())
    } else {
        match builder.run().await {
            Ok(_checksum) => {
                record.undo_until = undo_until(job);
                let write = || async { Ok(builder.ops.record_restore(&record).await?) };
                job.insist(RECORDING, write).await?;
                return Ok(Ended::Live);
            }
            Err(RunError::Stopped(JobStop::Detach)) => return Ok(Ended::Detached),
            Err(error) => error,
        }
    };
    // The decision first: from here on no life of the daemon goes forward before all is taken back.
    if builder.turn_back().await.is_err() {
        return Ok(Ended::Detached);
    }
    let first = builder.first_live_step();
    if let Err(statements) = take_back(builder, first).await {
        return Ok(Ended::Stuck { error, statements });
    }
    for index in first..builder.steps.len() {
        builder.mark(index, StepState::Pending).await?;
    }
    builder.turn_forward().await?;
    Ok(Ended::TakenBack(error))
}

async fn release(job: &Job, ops: &Ops, slot: &Reservation, ended: &Ended) -> Result<(), RunError> {
    let end = match ended {
        Ended::Detached => return Ok(()),
        Ended::Live => SlotEnd::Finished,
        Ended::TakenBack(RunError::Stopped(_)) => SlotEnd::Cancelled,
        Ended::TakenBack(_) | Ended::Stuck { .. } => SlotEnd::Failed,
    };
    job.insist(RECORDING, || async {
        Ok(ops.release(slot, end, job.now()).await?)
    })
    .await
}
