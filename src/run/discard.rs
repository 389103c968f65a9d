//! What a restore leaves under its suffix, dropped: on a person's word, or when the undo window is over.

use std::collections::BTreeMap;

use super::error::{Refused, RunError};
use super::keeper::keeper;
use super::left_behind::{LeftBehind, kept, left_behind};
use super::steps::Builder;
use super::undoable::{is_half_taken_back, prove_open};
use crate::names::{JobId, TableName};
use crate::ops::{RestoreRecord, StepState};
use crate::starrocks::sql;

/// What to do about a table under the suffix that this restore did not leave there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    Refused,
    LeftAlone,
}

/// Looked at once more: the window may have been ended meanwhile, by an undo or by another daemon.
pub async fn expire(builder: &mut Builder<'_>, record: RestoreRecord) -> Result<String, RunError> {
    match record.undo_until {
        // What stands where differs from table to table, and a person is at it.
        _ if is_half_taken_back(&record, &builder.steps) => Ok("it is half taken back".to_owned()),
        Some(until) if until <= builder.job.now() => {
            discard(builder, record, Foreign::LeftAlone).await
        }
        _ => Ok("its window is not over, or it was ended already".to_owned()),
    }
}

pub async fn discard(
    builder: &mut Builder<'_>,
    mut record: RestoreRecord,
    foreign: Foreign,
) -> Result<String, RunError> {
    let left = match foreign {
        Foreign::Refused => left_behind(&builder.steps),
        Foreign::LeftAlone => kept(&builder.steps),
    };
    let droppable = droppable(builder, &record.job, left, foreign).await?;
    if prove_open(&record.job, &record, &builder.steps).is_ok() {
        // First: what is being dropped must not be made live any more.
        for index in builder.first_live_step()..builder.steps.len() {
            builder.mark(index, StepState::Undone).await?;
        }
    }
    record.undo_until = None;
    // On a person's word, first: what is being dropped must not be undone to any more, and a second word drops what is left. A window that
    // is over is closed last: as long as it is open, what is left of it is looked for.
    if foreign == Foreign::Refused {
        builder.ops.record_restore(&record).await?;
    }
    for table in &droppable {
        let statement = sql::drop_table(&builder.context.database, table);
        builder.repeat(&statement).await?;
    }
    if foreign == Foreign::LeftAlone {
        builder.ops.record_restore(&record).await?;
    }
    let dropped: Vec<&str> = droppable.iter().map(TableName::as_str).collect();
    Ok(match dropped.as_slice() {
        [] => "nothing of it was left".to_owned(),
        _ => format!("dropped {}", dropped.join(", ")),
    })
}

/// Looked at before the first of them is dropped.
async fn droppable(
    builder: &Builder<'_>,
    restore: &JobId,
    left: BTreeMap<TableName, LeftBehind>,
    foreign: Foreign,
) -> Result<Vec<TableName>, RunError> {
    let (job, database) = (builder.job, &builder.context.database);
    let mut droppable = Vec::new();
    for (table, left) in left {
        let Some(id) = builder.id_of(&table).await? else {
            continue;
        };
        let keeper = keeper(builder.ops, id, &table).await?;
        if let Some(other) = keeper.filter(|keeper| keeper != restore) {
            job.journal.finding(
                format!(
                    "table {database}.{table} is what restore `{other}` keeps to undo to, and stays"
                ),
                Some(format!("`brctl discard {other}` drops it")),
            );
        } else if left.ids.contains(&id) {
            droppable.push(table);
        } else if left.replaced {
            let text = format!(
                "table {database}.{table} is not the one that restore `{restore}` left there"
            );
            let help = "drop it by hand if it is not needed";
            if foreign == Foreign::Refused {
                return Err(Refused::not_possible(text, help).into());
            }
            job.journal.finding(text, Some(help.to_owned()));
        }
        // Otherwise it was never made live, or has long gone: whatever stands there now is somebody's.
    }
    Ok(droppable)
}
