//! A restore's plan, before anything is touched.

use super::text::{count, fields, names, one_line};
use super::units::{size, time};
use crate::catalog::TableSurroundings;
use crate::plan::restore::{
    Finish, LiveTable, PartitionNow, RestorePlan, Room, SourcePlan, TablePlan,
};

/// Partitions in one line; `--json` has all.
const NAMES_SHOWN: usize = 8;

pub fn plan(plan: &RestorePlan) -> String {
    let mut tables = count(plan.tables.len(), "table");
    if has_exchanges(plan) {
        let partitions: usize = plan.tables.iter().map(|table| table.exchanges.len()).sum();
        tables = format!("{} of {tables}", count(partitions, "partition"));
    }
    let mut text = format!(
        "restore {tables} of {}{} to backup {}\n",
        plan.source.as_ref().unwrap_or(&plan.database),
        into(plan),
        plan.target
    );
    text.push_str(&fields(vec![
        ("state of", plan.recovery_point.map(time)),
        (
            "expired",
            plan.expired.map(|at| {
                format!(
                    "{}: retention lets it go, and its snapshot may be deleted at any time",
                    time(at)
                )
            }),
        ),
        ("chain", Some(chain(plan))),
        ("repository", Some(plan.repository.to_string())),
        ("group", plan.group.as_ref().map(ToString::to_string)),
        ("download", Some(downloads(plan))),
        ("space", plan.room.map(space)),
        ("job", Some(plan.job.to_string())),
    ]));
    for table in &plan.tables {
        text.push('\n');
        text.push_str(&one_table(plan, table));
    }
    text.push_str(&around_all(plan));
    if plan.creates_database {
        text.push_str(&format!(
            "\ndatabase {} does not exist and is created\n",
            plan.database
        ));
    }
    text.push('\n');
    text.push_str(&summary(plan));
    text
}

fn into(plan: &RestorePlan) -> String {
    match plan.source {
        Some(_) => format!(" into {}", plan.database),
        None => String::new(),
    }
}

fn chain(plan: &RestorePlan) -> String {
    let links = plan.links.iter().map(|link| match link.snapshot {
        Some(_) => format!("{} ({})", link.label, link.kind),
        None => format!("{} (verified unchanged)", link.label),
    });
    links.collect::<Vec<_>>().join(" -> ")
}

fn space(room: Room) -> String {
    let verdict = if room.is_short() {
        "; that is not enough"
    } else {
        ""
    };
    format!(
        "about {} on all replicas, of {} free on {}{verdict}",
        size(room.needed_bytes),
        size(room.available_bytes),
        count(room.backends as usize, "backend")
    )
}

fn downloads(plan: &RestorePlan) -> String {
    let jobs: usize = plan.tables.iter().map(|table| table.sources.len()).sum();
    format!(
        "{} in {}",
        size(plan.data_bytes()),
        count(jobs, "RESTORE job")
    )
}

fn one_table(plan: &RestorePlan, table: &TablePlan) -> String {
    let bytes = table.sources.iter().map(|source| source.data_bytes).sum();
    let replicas = count(table.replication_num as usize, "replica");
    let mut text = format!(
        "{}: {}, {replicas}, built as {}\n",
        table.table,
        size(bytes),
        table.restored
    );
    for (place, line) in table.sources.iter().enumerate() {
        text.push_str(&format!("  from {}\n", source(plan, line, place)));
    }
    if !table.surplus.is_empty() {
        let surplus = names(&table.surplus, NAMES_SHOWN);
        text.push_str(&format!(
            "  without {}, gone at the recovery point\n",
            named("partition", table.surplus.len(), &surplus)
        ));
    }
    if table.exchanges.is_empty() {
        text.push_str(&live(plan, table));
        text.push_str(&around(&table.around));
        text.push_str(&shape(plan, table));
    } else {
        text.push_str(&exchanges(plan, table));
    }
    text
}

/// Of a live table that keeps the rest of its partitions.
fn exchanges(plan: &RestorePlan, table: &TablePlan) -> String {
    let of = |now: PartitionNow| {
        let those = table.exchanges.iter().filter(move |part| part.now == now);
        those.map(|part| &part.partition).collect::<Vec<_>>()
    };
    let all = table.exchanges.iter().map(|part| &part.partition);
    let mut text = if plan.finish == Finish::Beside {
        format!(
            "  stays as {}, beside the live table\n",
            names(table.left(), NAMES_SHOWN)
        )
    } else {
        format!(
            "  then put into the live table: {}; its other partitions are not touched, and the former content is kept as {}\n",
            named("partition", table.exchanges.len(), &names(all, NAMES_SHOWN)),
            names(table.left(), NAMES_SHOWN)
        )
    };
    let lines = [
        (of(PartitionNow::Same), "unchanged in the live table"),
        (
            of(PartitionNow::Missing),
            "missing in the live table, and added",
        ),
    ];
    for (partitions, what) in lines {
        if !partitions.is_empty() {
            text.push_str(&format!(
                "  {what}: {}\n",
                named(
                    "partition",
                    partitions.len(),
                    &names(&partitions, NAMES_SHOWN)
                )
            ));
        }
    }
    text
}

fn source(plan: &RestorePlan, source: &SourcePlan, place: usize) -> String {
    let label = plan
        .links
        .get(source.link)
        .map_or("?", |link| link.label.as_str());
    let used = names(&source.used, NAMES_SHOWN);
    let what = match (&source.partitions, source.used.len()) {
        (None, 0) => "the table's shape".to_owned(),
        (None, partitions) => format!("the whole table, for {}", count(partitions, "partition")),
        (Some(_), partitions) => named("partition", partitions, &used),
    };
    let by_way_of = if place == 0 {
        String::new()
    } else {
        format!(", by way of {}", source.download_as)
    };
    format!("{label}: {what}, {}{by_way_of}", size(source.data_bytes))
}

fn live(plan: &RestorePlan, table: &TablePlan) -> String {
    if plan.finish == Finish::Beside {
        return format!(
            "  stays as {}{}\n",
            table.restored,
            match table.live {
                LiveTable::Replaced { .. } => ", beside the live table",
                LiveTable::Gone => "",
            }
        );
    }
    let LiveTable::Replaced {
        differing, newer, ..
    } = &table.live
    else {
        return format!(
            "  then renamed to {}, which does not exist now\n",
            table.table
        );
    };
    let mut text = format!(
        "  then swapped with the live table, which is kept as {}\n",
        table.restored
    );
    text.push_str(&match differing {
        0 => "  every partition of the recovery point is unchanged in the live table\n".to_owned(),
        differing => format!(
            "  goes back: {} that changed or went since\n",
            count(*differing, "partition")
        ),
    });
    if !newer.is_empty() {
        text.push_str(&format!(
            "  will be lost: {} newer than the recovery point\n",
            named("partition", newer.len(), &names(newer, NAMES_SHOWN))
        ));
    }
    text
}

/// What does not come along by itself when the restored table takes the live one's place.
fn around(around: &TableSurroundings) -> String {
    let mut text = String::new();
    if !around.grants.is_empty() {
        let grants = around
            .grants
            .iter()
            .map(|grant| format!("{} ({})", grant.grantee, grant.privileges));
        text.push_str(&format!(
            "  grants are given again where they do not hold for all tables: {}\n",
            names(grants, NAMES_SHOWN)
        ));
    }
    for load in &around.routine_loads {
        text.push_str(&format!(
            "  routine load {} ({}) goes on into the old data: stop it, and create it again after the restore\n",
            one_line(&load.name),
            one_line(&load.state)
        ));
    }
    if !around.materialized_views.is_empty() {
        text.push_str(&format!(
            "  refreshed as a whole afterwards: materialized views that name it ({})\n",
            names(&around.materialized_views, NAMES_SHOWN)
        ));
    }
    text
}

/// What a swap needs of both tables, or leaves behind.
fn shape(plan: &RestorePlan, table: &TablePlan) -> String {
    let mut text = String::new();
    if let Some(group) = &table.around.colocate_group {
        let group = one_line(group);
        text.push_str(&format!(
            "  leaves the colocate group {group}, unless the cluster has enable_colocate_restore: afterwards ALTER TABLE `{}`.`{}` SET (\"colocate_with\" = \"{group}\")\n",
            plan.database, table.table
        ));
    }
    for constraint in &table.around.constraints {
        text.push_str(&format!(
            "  constraint {}: from 3.4 on the swap is refused, and all of it taken back, if the backup has another one\n",
            one_line(constraint)
        ));
    }
    text
}

/// What is said of the whole database.
fn around_all(plan: &RestorePlan) -> String {
    let mut text = String::new();
    let replaces = plan
        .tables
        .iter()
        .any(|table| table.live != LiveTable::Gone);
    if replaces && !plan.running_loads.is_empty() {
        let fate = if has_exchanges(plan) {
            "what they bring into one of these partitions is lost if they still run when it is put back"
        } else {
            "what they bring into a replaced table goes to its old data"
        };
        text.push_str(&format!(
            "\nrunning now: {}; {fate}\n",
            named(
                "load",
                plan.running_loads.len(),
                &names(&plan.running_loads, NAMES_SHOWN)
            )
        ));
    }
    for unseen in plan.unseen.iter().filter(|_| replaces) {
        text.push_str(&format!("\nnot looked at: {}\n", one_line(unseen)));
    }
    text
}

fn has_exchanges(plan: &RestorePlan) -> bool {
    plan.tables.iter().any(|table| !table.exchanges.is_empty())
}

/// `2 partitions (p1, p2)`.
fn named(noun: &str, number: usize, names: &str) -> String {
    format!("{} ({names})", count(number, noun))
}

fn summary(plan: &RestorePlan) -> String {
    if plan.finish == Finish::Beside {
        return format!(
            "nothing live is touched; `brctl swap {0}` makes it live, `brctl discard {0}` drops it\n",
            plan.job
        );
    }
    if has_exchanges(plan) {
        let partitions: usize = plan.tables.iter().map(|table| table.exchanges.len()).sum();
        return format!(
            "{} of {} put back in the end, after everything is verified\n",
            count(partitions, "partition"),
            count(plan.tables.len(), "live table")
        );
    }
    let replaced = plan
        .tables
        .iter()
        .filter(|table| matches!(table.live, LiveTable::Replaced { .. }))
        .count();
    let created = plan.tables.len() - replaced;
    match (replaced, created) {
        (0, created) => format!(
            "{} created anew, no live table is touched\n",
            count(created, "table")
        ),
        (replaced, 0) => format!(
            "{} replaced in the end, after everything is verified\n",
            count(replaced, "live table")
        ),
        (replaced, created) => {
            let created = count(created, "table");
            format!(
                "{} replaced and {created} created anew in the end, after everything is verified\n",
                count(replaced, "live table")
            )
        }
    }
}
