//! Partitions of a live table that go back, and are taken back, while something goes wrong.

use std::collections::BTreeMap;

use brd::catalog::JobState;
use brd::names::JobId;
use brd::ops::Ops;
use brd::plan::restore::RestoreRequest;
use brd::run::{restore, undo};

use super::change::NAMES;
use super::cluster::Effect;
use super::history::{Change, Event};
use super::play::{Failure, Player};
use super::state;

/// Rows by partition, of the table that all this is about.
type Parts = BTreeMap<String, Vec<Vec<Option<String>>>>;

fn table() -> &'static str {
    NAMES[0]
}

fn parts(player: &Player, table: &str) -> Parts {
    let names = state::partitions(&player.laboratory.sandbox, table);
    let rows = |name: &String| {
        let mut rows = player
            .sql(&format!("SELECT * FROM shop.{table} PARTITION ({name})"))
            .rows;
        rows.sort();
        rows
    };
    names
        .keys()
        .map(|name| (name.clone(), rows(name)))
        .collect()
}

/// All of them go back to the newest point; of the partitions, each has other rows by then. The statements of what was disturbed.
pub async fn put_back(
    player: &mut Player,
    undone: bool,
    trouble: &[Event],
) -> Result<Vec<Effect>, String> {
    let right = parts(player, table());
    for slot in [0, 1] {
        player.laboratory.change(&Change::Insert {
            table: 0,
            slot,
            rows: vec![(7, Some(40 + slot))],
        })?;
    }
    let wrong = parts(player, table());
    let chosen: Vec<&String> = right
        .keys()
        .filter(|name| right[*name] != wrong[*name])
        .collect();
    assert!(chosen.len() > 1, "{right:?} {wrong:?}");
    let job = player.job();
    let session = player.cluster.session();
    let ops = Ops::open(session.clone())
        .await
        .map_err(|error| error.to_string())?;
    let label = player.points[player.points.len() - 1].label.clone();
    let request = RestoreRequest {
        partitions: chosen
            .iter()
            .map(|name| format!("{}.{name}", table()))
            .collect(),
        ..RestoreRequest::of(label)
    };
    let plan = restore::plan(&session, &ops, job.id.clone(), &request)
        .await
        .map_err(|error| error.to_string())?;
    let (first, second) = if undone {
        (&[][..], trouble)
    } else {
        (trouble, &[][..])
    };
    player.laboratory.begin_witnessed(first);
    let outcome = player
        .unless_killed(&job, restore::run(&job, &plan, None, "model"))
        .await;
    player.end_of(outcome).await?;
    let mut statements = player.laboratory.statements();
    always_one_of(player, &[&right, &wrong])?;
    no_temporary_partition(player, table())?;
    if !is_recorded(player, &job.id, "history", "status = 'FINISHED'") {
        same(&parts(player, table()), &wrong, "taken back")?;
        return Ok(statements);
    }
    same(&parts(player, table()), &right, "put back")?;
    // By nobody but a person who looks: the former content is where the plan said.
    for exchange in plan.tables.iter().flat_map(|table| &table.exchanges) {
        let kept = parts(player, exchange.holder.as_str());
        let name = exchange.partition.as_str();
        if kept[name] != wrong[name] {
            return Err(format!(
                "{} has not the former {name}: {kept:?}",
                exchange.holder
            ));
        }
    }
    let undoing = player.job();
    player.laboratory.begin_witnessed(second);
    let outcome = player
        .unless_killed(&undoing, undo::run(&undoing, &job.id, undo::Ending::Undo))
        .await;
    // A person is told what to run, or asks again: they do below.
    let outcome = outcome.map(|mut outcome| {
        if outcome.state == JobState::Stuck {
            outcome.state = JobState::Failed;
        }
        outcome
    });
    player.end_of(outcome).await?;
    if undone {
        statements = player.laboratory.statements();
    }
    always_one_of(player, &[&right, &wrong])?;
    // What the cluster refused is asked for again, unless the next life has done it.
    let undone = "kind = 'exchange' AND state = 'UNDONE'";
    if is_recorded(player, &job.id, "history", "error_message LIKE 'STUCK%'")
        || !is_recorded(player, &job.id, "steps", undone)
    {
        player.failure = Failure::Wrong;
        player.end(&job.id, undo::Ending::Undo).await?;
    }
    same(&parts(player, table()), &wrong, "undone")?;
    no_temporary_partition(player, table())?;
    player.end(&job.id, undo::Ending::Discard).await?;
    Ok(statements)
}

fn is_recorded(player: &Player, restore: &JobId, table: &str, what: &str) -> bool {
    let recorded =
        format!("SELECT 1 FROM ops.restore_{table} WHERE job_id = '{restore}' AND {what}");
    !player.sql(&recorded).rows.is_empty()
}

/// Before every statement, the live table was whole.
fn always_one_of(player: &Player, ends: &[&Parts]) -> Result<(), String> {
    let whole: Vec<Vec<String>> = ends
        .iter()
        .map(|parts| {
            let line = |row: &Vec<Option<String>>| {
                let cells = row.iter().map(|cell| cell.as_deref().unwrap_or("NULL"));
                cells.collect::<Vec<_>>().join(" ")
            };
            let mut rows: Vec<String> = parts.values().flatten().map(line).collect();
            rows.sort();
            rows
        })
        .collect();
    let witnessed = player.laboratory.witnessed();
    player.laboratory.end();
    let torn = witnessed
        .iter()
        .map(|state| &state[table()].rows)
        .find(|rows| !whole.contains(rows));
    match torn {
        None => Ok(()),
        Some(rows) => Err(format!(
            "meanwhile the table had {rows:?}, and neither of {whole:?}"
        )),
    }
}

fn no_temporary_partition(player: &Player, table: &str) -> Result<(), String> {
    let set = player.sql(&format!("SHOW TEMPORARY PARTITIONS FROM shop.{table}"));
    if set.rows.is_empty() {
        return Ok(());
    }
    Err(format!("temporary partitions are left: {:?}", set.rows))
}

fn same(found: &Parts, expected: &Parts, what: &str) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "{what}, and the table has {found:?}, not {expected:?}"
    ))
}
