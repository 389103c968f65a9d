//! What a person asks of a restore that is over: that it is taken back, made live, or dropped.

use std::time::Duration;

use super::by_hand::by_hand;
use super::discard::{Foreign, discard, expire};
use super::error::{Refused, RunError};
use super::group::Outcome;
use super::job::{Job, JobStop};
use super::restore::{Phase, RestoreContext, hold_database, make_live};
use super::steps::{Builder, parse, prove_undoable};
use super::take_back::take_back_step;
use super::undoable::{is_live_step, is_told, prove_fit};
use crate::catalog::JobState;
use crate::names::JobId;
use crate::ops::{Ops, RestoreRecord, STUCK, SlotEnd, StepRecord, StepState};
use crate::starrocks::Session;

/// How long the end is insisted on being written.
const PATIENCE: Duration = Duration::from_secs(60);

/// The same, of what came of an undo: the cluster may be in trouble right now.
const RECORDING: Duration = Duration::from_secs(600);

/// What a person asks of a restore that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The old data becomes live again; the restored data stays under the suffix.
    Undo,
    /// What stands under the suffix is dropped: after it there is nothing to undo.
    Discard,
    /// The restored data becomes live, after a restore that stopped beside it.
    MakeLive,
    /// What is kept to undo to is dropped: its window is over.
    Expire,
}

/// `brctl undo JOB` and `brctl discard JOB`.
pub async fn run(job: &Job, restore: &JobId, ending: Ending) -> Outcome {
    if ending == Ending::MakeLive {
        return make_live(job, restore).await;
    }
    let session = job.cluster.long_session(job.tuning.restore_timeout);
    match end(job, &session, restore, ending).await {
        Ok(ended) => ended.outcome(restore),
        Err(error) => Outcome::of(&error),
    }
}

/// How it went.
pub enum Ended {
    Done(String),
    /// Begun, and not to be finished: a person is needed.
    Stuck {
        error: RunError,
        statements: Vec<String>,
    },
}

impl Ended {
    fn outcome(&self, restore: &JobId) -> Outcome {
        match self {
            Ended::Done(message) => Outcome {
                state: JobState::Done,
                message: message.clone(),
                help: None,
            },
            Ended::Stuck { error, statements } => Outcome {
                state: JobState::Stuck,
                message: format!("restore `{restore}` is half taken back: {error}"),
                help: Some(match statements.as_slice() {
                    [] => format!("`brctl undo {restore}` once more goes on with what is left"),
                    _ => format!(
                        "run, in this order: {}; then `brctl undo {restore}` once more, which goes on with what is left",
                        statements.join("; ")
                    ),
                }),
            },
        }
    }

    fn slot_end(&self) -> SlotEnd {
        match self {
            Ended::Done(_) => SlotEnd::Finished,
            Ended::Stuck { .. } => SlotEnd::Failed,
        }
    }
}

async fn end(
    job: &Job,
    session: &Session,
    restore: &JobId,
    ending: Ending,
) -> Result<Ended, RunError> {
    let ops = Ops::open(session.clone()).await?;
    let (record, steps) = find(&ops, restore).await?;
    let mut context = context(&record, &steps)?;
    if ending == Ending::Undo {
        context.phase = Phase::Undo;
    }
    // Two of them at once would swap twice.
    let (slot, _beating) = hold_database(job, session, &ops, &context).await?;
    // Read again: another one may have been at work until now.
    let (record, steps) = find(&ops, restore).await?;
    let mut builder = Builder::new(job, session, &ops, &context, steps);
    let ended = match prove_fit(&record, &builder.steps, ending) {
        Err(error) => Err(error),
        Ok(()) => match ending {
            Ending::Undo => undo(&mut builder, &record).await,
            Ending::Discard => discard(&mut builder, record, Foreign::Refused)
                .await
                .map(Ended::Done),
            Ending::Expire => expire(&mut builder, record).await.map(Ended::Done),
            Ending::MakeLive => unreachable!("run() has sent it elsewhere"),
        },
    };
    let end = match &ended {
        // The next life goes on with it.
        Err(RunError::Stopped(JobStop::Detach)) => return ended,
        Err(_) => SlotEnd::Failed,
        Ok(ended) => ended.slot_end(),
    };
    job.insist(PATIENCE, || async {
        Ok(ops.release(&slot, end, job.now()).await?)
    })
    .await?;
    ended
}

/// The restore's record and steps, or why there are none.
pub async fn find(
    ops: &Ops,
    restore: &JobId,
) -> Result<(RestoreRecord, Vec<StepRecord>), RunError> {
    let record = ops.restore(restore).await?.ok_or_else(|| {
        Refused::not_found(
            format!("no restore with the id `{restore}` is in ops.restore_history"),
            "`brctl jobs` lists them",
        )
    })?;
    let steps = ops.steps(restore).await?;
    Ok((record, steps))
}

pub fn context(record: &RestoreRecord, steps: &[StepRecord]) -> Result<RestoreContext, RunError> {
    let head = steps.iter().find(|step| step.number == 0);
    head.and_then(|step| serde_json::from_str(&step.step).ok())
        .ok_or_else(|| {
            RunError::Failed(format!(
                "ops.restore_steps does not tell the context of restore `{}`",
                record.job
            ))
        })
}

/// What an earlier life of the daemon began to take back.
pub async fn resume(
    builder: &mut Builder<'_>,
    record: &RestoreRecord,
) -> Result<(SlotEnd, String), RunError> {
    let ended = undo(builder, record).await?;
    let outcome = ended.outcome(&record.job);
    if let Ended::Stuck { .. } = &ended {
        let journal = &builder.job.journal;
        journal.finding(outcome.message.clone(), outcome.help);
    }
    Ok((ended.slot_end(), outcome.message))
}

/// All of it, or nothing: what cannot be taken back is found before the first step is.
async fn undo(builder: &mut Builder<'_>, record: &RestoreRecord) -> Result<Ended, RunError> {
    let prove = || async {
        let database = &builder.context.database;
        prove_undoable(
            builder.session,
            builder.ops,
            database,
            &record.job,
            &builder.steps,
        )
        .await
    };
    let taken_back = match builder.job.insist(PATIENCE, prove).await {
        Ok(()) => take_back_live_steps(builder).await,
        // As it was: nothing was begun, or what to do about what was is on record.
        Err(error) if !is_begun(builder) || is_told(record) => return Err(error),
        Err(error) => Err(error),
    };
    let ended = match taken_back {
        Ok(()) => Ended::Done(format!(
            "restore `{}` is taken back; what it restored is kept under the suffix until `brctl discard {}`",
            record.job, record.job
        )),
        // The next life goes on.
        Err(error @ RunError::Stopped(JobStop::Detach)) => return Err(error),
        Err(error @ RunError::Stopped(_)) if !is_begun(builder) => return Err(error),
        Err(error) => Ended::Stuck {
            error,
            statements: statements(builder)?,
        },
    };
    // What stands under the suffix after an undo is the restored data, which no window ends.
    let mut noted = record.clone();
    match &ended {
        Ended::Done(_) => {
            noted.undo_until = None;
            noted.error = noted.error.filter(|error| !error.starts_with(STUCK));
        }
        Ended::Stuck { .. } => {
            let outcome = ended.outcome(&record.job);
            let help = outcome.help.unwrap_or_default();
            noted.error = Some(format!("{STUCK}{}; {help}", outcome.message));
        }
    }
    let note = || async { Ok(builder.ops.record_restore(&noted).await?) };
    builder.job.insist(RECORDING, note).await?;
    Ok(ended)
}

fn is_begun(builder: &Builder<'_>) -> bool {
    let mut steps = builder.steps.iter();
    steps.any(|record| is_live_step(record, StepState::Undone))
}

/// A step that fails stays as it was: it is still to be taken back.
async fn take_back_live_steps(builder: &mut Builder<'_>) -> Result<(), RunError> {
    let steps = left_to_take_back(builder);
    let of = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    for (number, index) in (1..).zip(steps) {
        let step = parse(&builder.steps[index])?;
        let said = format!("take back: {}", step.describe());
        builder.job.journal.step(number, of, said);
        take_back_step(builder, index, &step).await?;
        builder.mark(index, StepState::Undone).await?;
    }
    Ok(())
}

/// The last first.
fn left_to_take_back(builder: &Builder<'_>) -> Vec<usize> {
    let open = |index: &usize| {
        matches!(
            builder.steps[*index].state,
            StepState::Done | StepState::Stuck
        )
    };
    let steps = builder.first_live_step()..builder.steps.len();
    steps.rev().filter(open).collect()
}

fn statements(builder: &Builder<'_>) -> Result<Vec<String>, RunError> {
    let mut statements = Vec::new();
    for index in left_to_take_back(builder) {
        let step = parse(&builder.steps[index])?;
        statements.extend(by_hand(&builder.context.database, &step));
    }
    Ok(statements)
}
