//! The steps of a restore taken back, one by one: while it runs and fails, or afterwards on request.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::by_hand::by_hand;
use super::error::{Refused, RunError};
use super::steps::{Builder, Proof, parse, proof};
use crate::names::TableName;
use crate::ops::StepState;
use crate::plan::restore::Step;
use crate::starrocks::{RestoreJobRow, RestoreState, sql};

/// How long a RESTORE that is to be ended may take to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// After a failure: swaps back what was swapped, ends the running RESTORE, removes what was built. Errors are the statements for a person.
///
/// A name whose swap could not be taken back holds the old live data: nothing of it is touched any more.
///
/// `from`: the first step that is taken back.
pub async fn take_back(builder: &mut Builder<'_>, from: usize) -> Result<(), Vec<String>> {
    let mut left = Vec::new();
    let mut untouchable: BTreeSet<TableName> = BTreeSet::new();
    for index in (from..builder.steps.len()).rev() {
        // Stuck ones too: an earlier life may have met a cluster in trouble.
        let begun = !matches!(
            builder.steps[index].state,
            StepState::Pending | StepState::Undone
        );
        let Ok(step) = parse(&builder.steps[index]) else {
            continue;
        };
        if !begun
            || step
                .holders()
                .iter()
                .any(|name| untouchable.contains(*name))
        {
            continue;
        }
        let taken_back = take_back_step(builder, index, &step).await;
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
            if step.makes_live() {
                untouchable.extend(step.holders().into_iter().cloned());
            }
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

pub async fn take_back_step(
    builder: &mut Builder<'_>,
    index: usize,
    step: &Step,
) -> Result<(), RunError> {
    let proof = &proof(&builder.steps[index]);
    match step {
        Step::Swap { table, restored } => swap_back(builder, table, restored, proof).await,
        Step::Rename { restored, table } => rename_back(builder, restored, table, proof).await,
        Step::Quiet { table } => reawaken(builder, index, table, proof).await,
        Step::Download { download_as, .. } => {
            end_restore(builder, step, proof).await?;
            drop_built(builder, download_as, step, proof).await
        }
        Step::Exchange { table, partitions } => {
            builder.exchange_back(index, table, partitions).await
        }
        // The former content must stand under the partition's name before the exchange is taken back.
        Step::Settle { holder, partitions } if builder.steps[index].state != StepState::Done => {
            builder.settle(holder, partitions).await
        }
        Step::Stage { table, staged, .. } => builder.unstage(table, staged).await,
        Step::Add {
            table, partition, ..
        } => builder.take_live_partition_away(table, partition).await,
        Step::Copy { .. }
        | Step::DropPartition { .. }
        | Step::DropHelper { .. }
        | Step::Regrant { .. }
        | Step::Keep { .. }
        | Step::Settle { .. }
        | Step::Verify { .. } => Ok(()),
    }
}

/// Only what a RESTORE of ours made, and never the data that was live, whatever name it stands under.
async fn drop_built(
    builder: &Builder<'_>,
    table: &TableName,
    step: &Step,
    proof: &Proof,
) -> Result<(), RunError> {
    let database = &builder.context.database;
    let Some(id) = builder.id_of(table).await? else {
        return Ok(());
    };
    if was_live(builder, id) {
        return Err(Refused::not_possible(
            format!("table {table} holds the data that was live before the restore, and is kept"),
            "swap it back by hand",
        )
        .into());
    }
    match maker(builder, step, proof, id).await? {
        Maker::Ours => builder.repeat(&sql::drop_table(database, table)).await,
        Maker::Somebody => {
            let text = format!("table {database}.{table} is not of this restore, and stays");
            builder.job.journal.finding(text, None);
            Ok(())
        }
        Maker::Unknown => Err(Refused::not_possible(
            format!("nothing tells any more whether this restore made table {database}.{table}, so it is kept"),
            "look at it, and drop it if it is not needed",
        )
        .into()),
    }
}

fn was_live(builder: &Builder<'_>, id: u64) -> bool {
    builder
        .steps
        .iter()
        .any(|record| matches!(proof(record), Proof::Ids { live: Some(live), .. } if live == id))
}

enum Maker {
    Ours,
    Somebody,
    /// The one row that would tell is another job's by now.
    Unknown,
}

/// Who made the table that stands where the step's RESTORE was to make one. A RESTORE that the cluster cancels removes what it made
/// (`backup/RestoreJob.cancelInternal`): what stands there then is somebody's.
async fn maker(
    builder: &Builder<'_>,
    step: &Step,
    proof: &Proof,
    id: u64,
) -> Result<Maker, RunError> {
    let before = match proof {
        Proof::Built { table_id } if *table_id == id => return Ok(Maker::Ours),
        Proof::Built { .. } => return Ok(Maker::Somebody),
        Proof::LastRestore { job_id } => job_id,
        _ => return Ok(Maker::Unknown),
    };
    let Step::Download { label, .. } = step else {
        return Ok(Maker::Unknown);
    };
    let row = builder
        .job
        .insist(PATIENCE, || builder.restore_row())
        .await?;
    let row = row.filter(|row| row.label == label.as_str() && row.job_id != *before);
    Ok(match row.map(|row| row.state) {
        Some(RestoreState::Finished) => Maker::Ours,
        Some(RestoreState::Cancelled) => Maker::Somebody,
        _ => Maker::Unknown,
    })
}

/// Dynamic partitioning and TTL of an old table, which were switched off when it went out of use. It still stands under the suffix; another
/// table that has come to stand there stays as it is.
async fn reawaken(
    builder: &Builder<'_>,
    index: usize,
    table: &TableName,
    proof: &Proof,
) -> Result<(), RunError> {
    let Proof::Properties { before } = proof else {
        return Ok(());
    };
    let Some(replaced) = swapped_out(builder, index, table) else {
        return Ok(());
    };
    if builder.id_of(table).await? != Some(replaced) {
        return Ok(());
    }
    for (key, value) in before {
        let statement = sql::set_property(&builder.context.database, table, key, value);
        builder.repeat(&statement).await?;
    }
    Ok(())
}

/// The id of the table that a swap before this step has put under the name.
fn swapped_out(builder: &Builder<'_>, index: usize, name: &TableName) -> Option<u64> {
    let earlier = builder.steps.iter().take(index);
    earlier
        .filter(
            |record| matches!(parse(record), Ok(Step::Swap { restored, .. }) if restored == *name),
        )
        .find_map(|record| match proof(record) {
            Proof::Ids { live, .. } => live,
            _ => None,
        })
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

/// Ends the RESTORE of this step if it still runs, and no other.
///
/// Not while it prepares: a cancel may then take live tables with it (`backup/RestoreJob.java`, cancelInternal); the next tick is waited
/// for. A job that stays there is left to a person.
async fn end_restore(builder: &Builder<'_>, step: &Step, proof: &Proof) -> Result<(), RunError> {
    let (Proof::LastRestore { job_id }, Step::Download { label, .. }) = (proof, step) else {
        return Ok(());
    };
    let ours = |row: &RestoreJobRow| {
        row.label == label.as_str() && !row.state.is_over() && row.job_id != *job_id
    };
    let begun = Instant::now();
    loop {
        let row = builder
            .job
            .insist(PATIENCE, || builder.restore_row())
            .await?;
        let Some(row) = row.filter(|row| ours(row)) else {
            return Ok(());
        };
        if row.state == RestoreState::Pending {
            if begun.elapsed() > PATIENCE {
                return Err(RunError::Failed(format!(
                    "the restore of `{label}` stays in PENDING, where cancelling it can remove live tables"
                )));
            }
        } else {
            let cancel = sql::cancel_restore(&builder.context.database);
            // Refused or lost, the row tells what came of it.
            if let Err(error) = builder.session.execute(&cancel).await {
                builder.job.journal.waiting(&error.to_string());
            }
            if begun.elapsed() > PATIENCE {
                return Err(RunError::Failed(format!(
                    "the restore of `{label}` could not be cancelled"
                )));
            }
        }
        tokio::time::sleep(builder.job.tuning.poll_interval).await;
    }
}
