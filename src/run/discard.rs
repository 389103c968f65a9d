//! What a restore leaves under its suffix, dropped: on a person's word, or when the undo window is over.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{Refused, RunError};
use super::steps::{Builder, Proof, parse, proof};
use super::undoable::prove_open;
use crate::names::TableName;
use crate::ops::{RestoreRecord, StepRecord, StepState};
use crate::plan::restore::Step;
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
    let open = prove_open(&record.job, &record, &builder.steps).is_ok();
    if open {
        // First: what is being dropped must not be made live any more.
        for index in builder.first_live_step()..builder.steps.len() {
            builder.mark(index, StepState::Undone).await?;
        }
    }
    let mut dropped = Vec::new();
    let left = match foreign {
        Foreign::Refused => left_behind(&builder.steps),
        Foreign::LeftAlone => kept(&builder.steps),
    };
    for (table, left) in left {
        match builder.id_of(&table).await? {
            None => {}
            Some(id) if left.ids.contains(&id) => {
                let statement = sql::drop_table(&builder.context.database, &table);
                builder.repeat(&statement).await?;
                dropped.push(table.to_string());
            }
            // It was never made live, or has long gone: whatever stands there now is somebody's.
            Some(_) if !left.replaced => {}
            Some(_) => {
                let database = &builder.context.database;
                let text = format!(
                    "table {database}.{table} is not the one that restore `{}` left there",
                    record.job
                );
                let help = "drop it by hand if it is not needed";
                if foreign == Foreign::Refused {
                    return Err(Refused::not_possible(text, help).into());
                }
                builder.job.journal.finding(text, Some(help.to_owned()));
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

/// What this restore may have left under a name: what was live, or what it made.
#[derive(Default)]
struct LeftBehind {
    ids: BTreeSet<u64>,
    /// A live table took part.
    replaced: bool,
}

fn left_behind(steps: &[StepRecord]) -> BTreeMap<TableName, LeftBehind> {
    let mut left: BTreeMap<TableName, LeftBehind> = BTreeMap::new();
    for record in steps {
        match (parse(record), proof(record)) {
            (
                Ok(Step::Swap { restored, .. } | Step::Rename { restored, .. }),
                Proof::Ids {
                    live,
                    restored: built,
                },
            ) => {
                let entry = left.entry(restored).or_default();
                entry.ids.extend(live.into_iter().chain([built]));
                entry.replaced = true;
            }
            (Ok(Step::Download { download_as, .. }), Proof::Built { table_id }) => {
                left.entry(download_as).or_default().ids.insert(table_id);
            }
            _ => {}
        }
    }
    left
}

/// What was live and was swapped out, or has the former content of a partition, and nothing else: all that a window is about.
fn kept(steps: &[StepRecord]) -> BTreeMap<TableName, LeftBehind> {
    let swapped = steps.iter().filter(|step| step.state == StepState::Done);
    let exchanged = steps.iter().filter(|step| step.state == StepState::Done);
    let exchanged = exchanged.filter_map(|record| match parse(record) {
        Ok(Step::Exchange { partitions, .. }) => Some(partitions),
        _ => None,
    });
    let holders: BTreeSet<TableName> = exchanged
        .flatten()
        .map(|exchanged| exchanged.holder)
        .collect();
    let kept = swapped.filter_map(|record| match (parse(record), proof(record)) {
        (Ok(Step::Download { download_as, .. }), Proof::Built { table_id })
            if holders.contains(&download_as) =>
        {
            Some((
                download_as,
                LeftBehind {
                    ids: BTreeSet::from([table_id]),
                    replaced: true,
                },
            ))
        }
        (
            Ok(Step::Swap { restored, .. }),
            Proof::Ids {
                live: Some(live), ..
            },
        ) => Some((
            restored,
            LeftBehind {
                ids: BTreeSet::from([live]),
                replaced: true,
            },
        )),
        _ => None,
    });
    kept.collect()
}
