//! What is backed up and what is not.

use super::table::Table;
use super::text::{count, names};
use crate::catalog::{Coverage, Unmatched};

/// Groups in one line; `--json` has all.
const NAMES_SHOWN: usize = 20;

pub fn coverage(coverage: &Coverage) -> String {
    let mut text = verdict(coverage);
    let mut section = |title: &str, lines: String| {
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}:\n{lines}"));
        }
    };
    section("in no inventory group", uncovered(coverage));
    section("inventory rows that match nothing", unmatched(coverage));
    section(
        "not in the last run, because its backup did not end well",
        failed(coverage),
    );
    section("left out of the last run", left_out(coverage));
    section("cannot be backed up", unfit(coverage));
    let groups = [
        (
            "in the inventory, without a schedule",
            &coverage.unscheduled,
        ),
        (
            "in the schedule, without a row in the inventory",
            &coverage.unlisted,
        ),
    ];
    for (title, groups) in groups.iter().filter(|(_, groups)| !groups.is_empty()) {
        text.push_str(&format!("\n{title}: {}\n", names(*groups, NAMES_SHOWN)));
    }
    if let Some(table) = coverage.uncovered.first() {
        text.push_str(&format!(
            "\nhelp: add a table with INSERT INTO ops.table_inventory (inventory_group, database_name, table_name) \
             VALUES ('GROUP', '{}', '{}')\n",
            table.database, table.table
        ));
    }
    text
}

/// Whether something is missing that could be there.
pub fn is_whole(coverage: &Coverage) -> bool {
    let Coverage {
        uncovered,
        unmatched,
        failed,
        unlisted,
        ..
    } = coverage;
    uncovered.is_empty() && unmatched.is_empty() && failed.is_empty() && unlisted.is_empty()
}

fn verdict(coverage: &Coverage) -> String {
    let all = coverage.tables;
    match coverage.uncovered.len() {
        0 if all == 0 => "there is no table that can be backed up\n".to_owned(),
        0 => format!(
            "{} can be backed up, and each is in an inventory group\n",
            count(all, "table")
        ),
        1 => format!(
            "1 of {} that can be backed up is in no inventory group\n",
            count(all, "table")
        ),
        missing => format!(
            "{missing} of {} that can be backed up are in no inventory group\n",
            count(all, "table")
        ),
    }
}

fn uncovered(coverage: &Coverage) -> String {
    let tables = coverage.uncovered.iter();
    tables
        .map(|table| format!("  {}\n", super::text::one_line(&table.to_string())))
        .collect()
}

fn unmatched(coverage: &Coverage) -> String {
    let rows = coverage.unmatched.iter().map(|row| {
        let why = match row.why {
            Unmatched::NoDatabase => "there is no such database, or it has no table",
            Unmatched::NoTable => "there is no such table",
            Unmatched::NothingFit => "the database has no table that can be backed up",
        };
        let table = row.table.as_ref().map_or("*", |table| table.as_str());
        vec![
            row.group.to_string(),
            row.database.to_string(),
            table.to_owned(),
            why.to_owned(),
        ]
    });
    lines(&["GROUP", "DATABASE", "TABLE", "WHY"], rows.collect())
}

fn failed(coverage: &Coverage) -> String {
    let rows = coverage.failed.iter().map(|failed| {
        let database = failed.database.as_ref().map_or("-", |name| name.as_str());
        vec![
            failed.group.to_string(),
            database.to_owned(),
            failed.label.to_string(),
            failed.status.clone(),
            failed.error.clone().unwrap_or_default(),
        ]
    });
    lines(
        &["GROUP", "DATABASE", "LABEL", "STATUS", "WHY"],
        rows.collect(),
    )
}

fn left_out(coverage: &Coverage) -> String {
    let rows = coverage.left_out.iter().map(|out| {
        vec![
            out.group.to_string(),
            out.label.to_string(),
            out.table.to_string(),
            out.reason.to_string(),
        ]
    });
    lines(&["GROUP", "LABEL", "TABLE", "WHY"], rows.collect())
}

fn unfit(coverage: &Coverage) -> String {
    let rows = coverage
        .unfit
        .iter()
        .map(|unfit| vec![unfit.table.to_string(), unfit.reason.to_string()]);
    lines(&["TABLE", "WHY"], rows.collect())
}

fn lines(headers: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new(headers);
    for row in rows {
        table.row(row);
    }
    table.lines("  ")
}
