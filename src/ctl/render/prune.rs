//! What may go and what stays, before anything is touched.

use super::table::Table;
use super::text::{count, names};
use super::units::{dash, size, time_or_dash};
use crate::config::Keep;
use crate::plan::retention::{DatabaseRetention, GroupRetention, Means, PrunePlan, WhyStays};

/// Labels of other tools in one line.
const NAMES_SHOWN: usize = 8;

pub fn plan(plan: &PrunePlan) -> String {
    if plan.groups.is_empty() {
        return "the schedule names no group, so nothing ever expires\n".to_owned();
    }
    let mut text: String = plan.groups.iter().map(group).collect::<Vec<_>>().join("\n");
    if plan.is_nothing() {
        let waiting: usize = plan.databases().map(|database| database.goes.len()).sum();
        text.push_str(&nothing_to_do(waiting));
    }
    text
}

/// Where anything goes, it has been marked before.
fn nothing_to_do(waiting: usize) -> String {
    match waiting {
        0 => "\nthere is nothing to do\n".to_owned(),
        1 => "\nthere is nothing for brd to do until the directory above is deleted\n".to_owned(),
        _ => "\nthere is nothing for brd to do until directories above are deleted\n".to_owned(),
    }
}

fn group(group: &GroupRetention) -> String {
    let mut text = format!("{}: {}\n", group.group, rules(&group.keep));
    if !group.keep.is_everything() {
        text = format!(
            "{}: {}; days, weeks and months of {}\n",
            group.group,
            rules(&group.keep),
            group.zone
        );
    }
    if group.databases.is_empty() {
        text.push_str("  no backup is on record\n");
    }
    for retention in &group.databases {
        text.push('\n');
        text.push_str(&database(retention));
    }
    if !group.not_ours.is_empty() {
        text.push_str(&format!(
            "\nnot ours, and never touched: {}\n",
            names(&group.not_ours, NAMES_SHOWN)
        ));
    }
    text
}

fn rules(keep: &Keep) -> String {
    if keep.is_everything() {
        return "no keep key, so nothing ever expires".to_owned();
    }
    let keys = [
        ("keep-fulls", keep.fulls),
        ("keep-days", keep.days),
        ("keep-weekly", keep.weekly),
        ("keep-monthly", keep.monthly),
        ("keep-floor", Some(keep.floor)),
    ];
    let keys = keys
        .into_iter()
        .filter_map(|(name, number)| Some(format!("{name} {}", number?)));
    keys.collect::<Vec<_>>().join(", ")
}

fn database(retention: &DatabaseRetention) -> String {
    let place = format!("{} in {}", retention.database, retention.repository);
    if let Some(reason) = &retention.untouched {
        return format!("{place}: nothing is touched: {reason}\n");
    }
    let mut text = format!(
        "{place}: {} ({}), {} stay\n",
        goes(retention.goes.len()),
        size(retention.data_bytes()),
        retention.stays.len()
    );
    if !retention.goes.is_empty() {
        text.push_str(&format!("\n{}", going(retention)));
    }
    let directories: Vec<&str> = retention.directories().collect();
    if !directories.is_empty() {
        text.push_str(&format!("\n{}", by_hand(retention.means, &directories)));
    }
    if !retention.stays.is_empty() {
        text.push_str(&format!("\n{}", staying(retention)));
    }
    text
}

fn goes(number: usize) -> String {
    let verb = if number == 1 { "goes" } else { "go" };
    format!("{} {verb}", count(number, "backup"))
}

fn going(retention: &DatabaseRetention) -> String {
    let mut table =
        Table::new(&["GOES", "KIND", "STATE OF", "SIZE", "WHAT", "WHY"]).align_right(&[3]);
    for going in &retention.goes {
        table.row(vec![
            going.label.to_string(),
            going.kind.to_string(),
            time_or_dash(going.moment),
            going.data_bytes.map_or_else(dash, size),
            going.deed.to_string(),
            going.why.to_string(),
        ]);
    }
    table.lines("  ")
}

fn by_hand(means: Means, directories: &[&str]) -> String {
    let why = match means {
        Means::ByHand => "before release 4.2 no statement deletes a snapshot",
        Means::Statement => "they belong to what is not dropped yet",
    };
    let mut text =
        format!("  to be deleted in the repository's storage once they are marked ({why}):\n");
    for directory in directories {
        text.push_str(&format!("    {directory}\n"));
    }
    text
}

fn staying(retention: &DatabaseRetention) -> String {
    let mut table = Table::new(&["STAYS", "KIND", "STATE OF", "SIZE", "WHY"]).align_right(&[3]);
    for staying in &retention.stays {
        let why: Vec<String> = staying.why.iter().map(WhyStays::to_string).collect();
        table.row(vec![
            staying.label.to_string(),
            staying.kind.to_string(),
            time_or_dash(staying.moment),
            staying.data_bytes.map_or_else(dash, size),
            why.join("; "),
        ]);
    }
    table.lines("  ")
}
