//! Taking a restore back: while it runs and fails, or afterwards on request.

use super::error::{Refused, RunError};
use super::group::Outcome;
use super::job::Job;
use super::restore::RestoreContext;
use super::steps::{Builder, Proof, parse, proof};
use crate::catalog::JobState;
use crate::names::{JobId, TableName};
use crate::ops::{Ops, RestoreRecord, StepRecord, StepState};
use crate::plan::restore::Step;
use crate::starrocks::{Session, sql};

/// After a failure: swaps back what was swapped, ends the running RESTORE, removes what was built. Errors are the statements for a person.
pub async fn take_back(builder: &mut Builder<'_>) -> Result<(), Vec<String>> {
    let mut left = Vec::new();
    for index in (0..builder.steps.len()).rev() {
        let begun = matches!(
            builder.steps[index].state,
            StepState::Running | StepState::Done
        );
        let Ok(step) = parse(&builder.steps[index]) else {
            continue;
        };
        if !begun {
            continue;
        }
        let taken_back = take_back_step(builder, &step, &proof(&builder.steps[index])).await;
        let state = if taken_back.is_ok() {
            StepState::Undone
        } else {
            StepState::Stuck
        };
        if let Err(error) = &taken_back {
            builder.job.journal.finding(
                format!("taking back \"{}\" failed: {error}", step.describe()),
                error.help(),
            );
            left.extend(by_hand(&builder.context.database, &step));
        }
        if let Err(error) = builder.mark(index, state).await {
            builder.job.journal.finding(
                format!("the step's state could not be written: {error}"),
                None,
            );
        }
    }
    if left.is_empty() { Ok(()) } else { Err(left) }
}

async fn take_back_step(builder: &Builder<'_>, step: &Step, proof: &Proof) -> Result<(), RunError> {
    match step {
        Step::Swap { table, restored } => swap_back(builder, table, restored, proof).await,
        Step::Rename { restored, table } => rename_back(builder, restored, table, proof).await,
        Step::Download { download_as, .. } => {
            end_restore(builder, proof).await?;
            builder
                .repeat(&sql::drop_table(&builder.context.database, download_as))
                .await
        }
        Step::Quiet { .. }
        | Step::Copy { .. }
        | Step::DropPartition { .. }
        | Step::DropHelper { .. }
        | Step::Verify { .. } => Ok(()),
    }
}

/// Only if it happened.
async fn swap_back(
    builder: &Builder<'_>,
    table: &TableName,
    restored: &TableName,
    proof: &Proof,
) -> Result<(), RunError> {
    let Proof::Ids {
        live: Some(live),
        restored: built,
    } = proof
    else {
        return Ok(());
    };
    if builder.id_of(table).await? == Some(*live) {
        return Ok(());
    }
    builder
        .swap(
            table,
            restored,
            &Proof::Ids {
                live: Some(*built),
                restored: *live,
            },
        )
        .await
}

async fn rename_back(
    builder: &Builder<'_>,
    restored: &TableName,
    table: &TableName,
    proof: &Proof,
) -> Result<(), RunError> {
    let Proof::Ids {
        restored: built, ..
    } = proof
    else {
        return Ok(());
    };
    if builder.id_of(table).await? != Some(*built) {
        return Ok(());
    }
    builder
        .rename(
            table,
            restored,
            &Proof::Ids {
                live: None,
                restored: *built,
            },
        )
        .await
}

/// The database's slot is ours, so a RESTORE that still runs and came after the proof is ours.
async fn end_restore(builder: &Builder<'_>, proof: &Proof) -> Result<(), RunError> {
    let Proof::LastRestore { job_id } = proof else {
        return Ok(());
    };
    let Some(row) = builder.restore_row().await? else {
        return Ok(());
    };
    if row.state.is_over() || row.job_id == *job_id {
        return Ok(());
    }
    builder
        .repeat(&sql::cancel_restore(&builder.context.database))
        .await
}

fn by_hand(database: &crate::names::DatabaseName, step: &Step) -> Option<String> {
    match step {
        Step::Swap { table, restored } => Some(sql::swap(database, table, restored)),
        Step::Rename { restored, table } => Some(sql::rename(database, table, restored)),
        Step::Download { download_as, .. } => Some(sql::drop_table(database, download_as)),
        _ => None,
    }
}

/// What a person asks of a restore that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The old data becomes live again; the restored data stays under the suffix.
    Undo,
    /// What stands under the suffix is dropped: after it there is nothing to undo.
    Discard,
}

/// `brctl undo JOB` and `brctl discard JOB`.
pub async fn run(job: &Job, restore: &JobId, ending: Ending) -> Outcome {
    let session = job.cluster.long_session(job.tuning.restore_timeout);
    match end(job, &session, restore, ending).await {
        Ok(message) => Outcome {
            state: JobState::Done,
            message,
            help: None,
        },
        Err(error) => Outcome::of(&error),
    }
}

async fn end(
    job: &Job,
    session: &Session,
    restore: &JobId,
    ending: Ending,
) -> Result<String, RunError> {
    let ops = Ops::open(session.clone()).await?;
    let (record, steps) = find(&ops, restore).await?;
    let context = context(&record, &steps)?;
    let mut builder = Builder::new(job, session, &ops, &context, steps);
    match ending {
        Ending::Undo => undo(&mut builder, &record).await,
        Ending::Discard => discard(&builder, record).await,
    }
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

fn context(record: &RestoreRecord, steps: &[StepRecord]) -> Result<RestoreContext, RunError> {
    let head = steps.iter().find(|step| step.number == 0);
    head.and_then(|step| serde_json::from_str(&step.step).ok())
        .ok_or_else(|| {
            RunError::Failed(format!(
                "ops.restore_steps does not tell the context of restore `{}`",
                record.job
            ))
        })
}

async fn undo(builder: &mut Builder<'_>, record: &RestoreRecord) -> Result<String, RunError> {
    let swaps: Vec<usize> = (0..builder.steps.len())
        .filter(|&index| is_live_step(&builder.steps[index], StepState::Done))
        .collect();
    if swaps.is_empty() {
        return Err(Refused::not_possible(
            format!(
                "restore `{}` made nothing live that could be taken back",
                record.job
            ),
            "`brctl show JOB` tells how it ended",
        )
        .into());
    }
    let of = u32::try_from(swaps.len()).unwrap_or(u32::MAX);
    for (number, index) in (1..).zip(swaps.into_iter().rev()) {
        let step = parse(&builder.steps[index])?;
        builder
            .job
            .journal
            .step(number, of, format!("take back: {}", step.describe()));
        take_back_step(builder, &step, &proof(&builder.steps[index])).await?;
        builder.mark(index, StepState::Undone).await?;
    }
    reawaken(builder).await?;
    Ok(format!(
        "restore `{}` is taken back; what it restored is kept under the suffix until `brctl discard {}`",
        record.job, record.job
    ))
}

/// Dynamic partitioning and TTL of the old tables, which were switched off when they went out of use.
async fn reawaken(builder: &Builder<'_>) -> Result<(), RunError> {
    let swapped = |restored: &TableName| {
        builder.steps.iter().find_map(|record| match parse(record) {
            Ok(Step::Swap {
                table,
                restored: built,
            }) if built == *restored => Some(table),
            _ => None,
        })
    };
    let first_swap = builder
        .steps
        .iter()
        .position(|record| matches!(parse(record), Ok(Step::Swap { .. } | Step::Rename { .. })));
    for record in builder.steps.iter().skip(first_swap.unwrap_or(usize::MAX)) {
        let (Ok(Step::Quiet { table }), Proof::Properties { before }) =
            (parse(record), proof(record))
        else {
            continue;
        };
        let Some(live) = swapped(&table) else {
            continue;
        };
        for (key, value) in before {
            builder
                .repeat(&sql::set_property(
                    &builder.context.database,
                    &live,
                    &key,
                    &value,
                ))
                .await?;
        }
    }
    Ok(())
}

fn is_live_step(record: &StepRecord, state: StepState) -> bool {
    record.state == state && matches!(parse(record), Ok(Step::Swap { .. } | Step::Rename { .. }))
}

async fn discard(builder: &Builder<'_>, mut record: RestoreRecord) -> Result<String, RunError> {
    let mut dropped = Vec::new();
    for step in &builder.steps {
        let Ok(Step::Swap { restored, .. } | Step::Rename { restored, .. }) = parse(step) else {
            continue;
        };
        let Proof::Ids {
            live,
            restored: built,
        } = proof(step)
        else {
            continue;
        };
        match builder.id_of(&restored).await? {
            None => {}
            Some(id) if Some(id) == live || id == built => {
                builder
                    .repeat(&sql::drop_table(&builder.context.database, &restored))
                    .await?;
                dropped.push(restored.to_string());
            }
            Some(_) => {
                return Err(Refused::not_possible(
                    format!(
                        "table {}.{restored} is not the one that restore `{}` left there",
                        builder.context.database, record.job
                    ),
                    "drop it by hand if it is not needed",
                )
                .into());
            }
        }
    }
    record.undo_until = None;
    builder.ops.record_restore(&record).await?;
    Ok(match dropped.as_slice() {
        [] => "nothing of it was left".to_owned(),
        _ => format!("dropped {}", dropped.join(", ")),
    })
}
