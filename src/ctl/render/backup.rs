//! Backups: listed, and shown with all they hold.

use super::table::Table;
use super::text::{count, fields, names, one_line};
use super::units::{dash, duration, size, time, time_or_dash};
use crate::catalog::{BackupRecord, Pin, TableRecordState};
use crate::control::protocol::{BackupDetail, BackupList, BackupTable};
use crate::names::GroupName;

/// Partitions and tables in one line.
const NAMES_SHOWN: usize = 10;

pub fn list(list: &BackupList, group: Option<&GroupName>) -> String {
    if list.backups.is_empty() {
        return match group {
            Some(group) => format!(
                "no backup of {group} is on record; `brctl backup full --group {group}` makes one\n"
            ),
            None => {
                "no backup is on record; `brctl backup full --group GROUP` makes one\n".to_owned()
            }
        };
    }
    let headers = [
        "LABEL",
        "KIND",
        "STATUS",
        "GROUP",
        "DATABASE",
        "STATE OF",
        "PARTITIONS",
        "SIZE",
        "BASELINE",
        "NOTE",
    ];
    let mut table = Table::new(&headers).align_right(&[6, 7]);
    for backup in &list.backups {
        table.row(vec![
            backup.label.to_string(),
            backup.kind.to_string(),
            backup.status.as_str().to_owned(),
            backup.group.as_ref().map_or_else(dash, ToString::to_string),
            backup
                .database
                .as_ref()
                .map_or_else(dash, ToString::to_string),
            time_or_dash(state_of(backup)),
            backup
                .partition_count
                .map_or_else(dash, |count| count.to_string()),
            backup.data_bytes.map_or_else(dash, size),
            backup
                .baseline
                .as_ref()
                .map_or_else(dash, ToString::to_string),
            note(backup),
        ]);
    }
    table.lines("")
}

/// The moment that a restore of this backup brings back.
fn state_of(backup: &BackupRecord) -> Option<chrono::DateTime<chrono::Utc>> {
    backup.verified.or(backup.snapshot_created)
}

fn note(backup: &BackupRecord) -> String {
    let expired = backup
        .expired
        .map(|at| format!("expired {}", at.format("%F")));
    let pinned = backup
        .pin
        .as_ref()
        .map(|pin| format!("pinned {}", pinned(pin)));
    let verified = backup.verified.map(|_| "verified unchanged".to_owned());
    let notes = [expired, pinned, verified, backup.error.clone()];
    notes.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn pinned(pin: &Pin) -> String {
    match pin.end() {
        None => format!("by {}", pin.by),
        Some(until) => format!("until {} by {}", time(until), pin.by),
    }
}

pub fn detail(detail: &BackupDetail) -> String {
    let record = &detail.record;
    let mut text = format!(
        "backup {}: {}, {}\n{}",
        record.label,
        record.kind,
        record.status.as_str(),
        facts(detail)
    );
    if !detail.tables.is_empty() {
        text.push_str(&format!("\n{}", tables(&detail.tables)));
    }
    for out in &detail.left_out {
        text.push_str(&format!(
            "left out: {} {}\n",
            out.table,
            one_line(&out.reason.to_string())
        ));
    }
    let help = match &detail.chain_error {
        Some(_) => "choose another recovery point from `brctl backups`".to_owned(),
        None if record.expired.is_some() => format!(
            "`brctl pin {}` keeps it, as long as its snapshot is still there",
            record.label
        ),
        None if record.is_finished() => format!(
            "`brctl restore --target-label {} --plan` shows what a restore would do",
            record.label
        ),
        None => return text,
    };
    text.push_str(&format!("\nhelp: {help}\n"));
    text
}

fn facts(detail: &BackupDetail) -> String {
    let record = &detail.record;
    let finished = record.finished.map(|at| match record.started {
        Some(started) => format!("{}, after {}", time(at), duration(at - started)),
        None => time(at),
    });
    let due = record
        .scheduled
        .map(|at| format!(", due {}", time(at)))
        .unwrap_or_default();
    let held = record.partition_count.map(|partitions| {
        let partitions = count(
            usize::try_from(partitions).unwrap_or(usize::MAX),
            "partition",
        );
        record.data_bytes.map_or_else(
            || partitions.clone(),
            |bytes| format!("{partitions}, {}", size(bytes)),
        )
    });
    fields(vec![
        (
            if record.is_finished() {
                "note"
            } else {
                "error"
            },
            record.error.clone(),
        ),
        (
            "database",
            record.database.as_ref().map(ToString::to_string),
        ),
        ("group", record.group.as_ref().map(ToString::to_string)),
        ("repository", Some(record.repository.to_string())),
        (
            "state of",
            record
                .verified
                .map(|at| format!("{}, verified unchanged", time(at)))
                .or(record.snapshot_created.map(time)),
        ),
        (
            "snapshot",
            record.snapshot.as_ref().map(ToString::to_string),
        ),
        ("holds", held),
        (
            "baseline",
            record.baseline.as_ref().map(ToString::to_string),
        ),
        (
            "chain",
            Some(
                detail
                    .chain
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" -> "),
            )
            .filter(|chain| !chain.is_empty()),
        ),
        ("no restore", detail.chain_error.clone()),
        (
            "expired",
            record
                .expired
                .map(|at| format!("{}: no recovery point any more", time(at))),
        ),
        ("pinned", record.pin.as_ref().map(pinned)),
        (
            "asked by",
            record
                .trigger
                .map(|trigger| format!("{}{due}", trigger.as_str())),
        ),
        ("started", record.started.map(time)),
        ("finished", finished),
        ("run", record.run.as_ref().map(ToString::to_string)),
        ("host", record.host.clone()),
    ])
}

fn tables(tables: &[BackupTable]) -> String {
    let mut shown = Table::new(&["TABLE", "TAKEN", "PARTITIONS", "ROWS", "SIZE", "NOTE"])
        .align_right(&[2, 3, 4]);
    for table in tables {
        let included = table.state == TableRecordState::Included;
        let sum = |of: fn(&crate::control::protocol::BackupPartition) -> u64| {
            table.partitions.iter().map(of).sum::<u64>()
        };
        shown.row(vec![
            table.table.to_string(),
            taken(table).to_owned(),
            if included {
                table.partitions.len().to_string()
            } else {
                dash()
            },
            if included {
                sum(|partition| partition.rows).to_string()
            } else {
                dash()
            },
            if included {
                size(sum(|partition| partition.data_bytes))
            } else {
                dash()
            },
            table_note(table),
        ]);
    }
    shown.lines("")
}

fn taken(table: &BackupTable) -> &'static str {
    match (table.state, table.whole_table) {
        (TableRecordState::Included, true) => "whole",
        (TableRecordState::Included, false) => "in part",
        (TableRecordState::Unchanged, _) => "unchanged",
        (TableRecordState::Dropped, _) => "dropped",
    }
}

fn table_note(table: &BackupTable) -> String {
    let unsettled = table
        .partitions
        .iter()
        .filter(|partition| !partition.settled)
        .count();
    let mut notes = Vec::new();
    if unsettled > 0 {
        notes.push(format!(
            "{} loaded into meanwhile",
            count(unsettled, "partition")
        ));
    }
    if !table.dropped_partitions.is_empty() {
        notes.push(format!(
            "dropped since the baseline: {}",
            names(&table.dropped_partitions, NAMES_SHOWN)
        ));
    }
    notes.join("; ")
}

/// Every partition that the backup itself holds.
pub fn partitions(detail: &BackupDetail) -> String {
    let mut shown = Table::new(&["TABLE", "PARTITION", "VERSION", "ROWS", "SIZE", "NOTE"])
        .align_right(&[2, 3, 4]);
    for table in &detail.tables {
        for partition in &table.partitions {
            shown.row(vec![
                table.table.to_string(),
                partition.partition.to_string(),
                partition.visible_version.to_string(),
                partition.rows.to_string(),
                size(partition.data_bytes),
                if partition.settled {
                    String::new()
                } else {
                    "loaded into meanwhile".to_owned()
                },
            ]);
        }
    }
    shown.lines("")
}
