//! REPLACE PARTITION … WITH TEMPORARY PARTITION: whether the new partitions may take the place of the old ones
//! (`catalog/OlapTable.replaceTempPartitions`).

use std::collections::BTreeSet;

use crate::answer::SqlError;
use crate::ast::DataType;
use crate::engine::list::ListRow;
use crate::engine::partition::Partition;
use crate::engine::range::{Range, show_key};
use crate::engine::table::Table;

/// `strict`: both sides cover the same; otherwise the new ones only must not collide with what stays.
pub fn check_replacement(
    table: &Table,
    old: &[&Partition],
    new: &[&Partition],
    strict: bool,
) -> Result<(), SqlError> {
    let staying = table
        .partitions
        .iter()
        .filter(|partition| old.iter().all(|gone| gone.id != partition.id));
    if table.is_list() {
        return check_values(old, new, staying, strict);
    }
    if strict {
        return check_cover(&ranges(old), &ranges(new), &table.partition_types());
    }
    let new = ranges(new);
    for partition in staying {
        let Some(kept) = &partition.range else {
            continue;
        };
        if let Some(range) = new.iter().find(|range| range.overlaps(kept)) {
            let types = table.partition_types();
            return Err(SqlError::plain(format!(
                "Range: {} conflicts with existing range",
                range.show(&types)
            )));
        }
    }
    Ok(())
}

fn ranges(partitions: &[&Partition]) -> Vec<Range> {
    let mut ranges: Vec<Range> = partitions
        .iter()
        .filter_map(|partition| partition.range.clone())
        .collect();
    ranges.sort_by(|left, right| left.lower.cmp(&right.lower));
    ranges
}

/// Both lists cover the same: `{[0, 10), [10, 20)}` is `{[0, 20)}` (`common/util/RangeUtils.checkRangeListsMatch`).
fn check_cover(old: &[Range], new: &[Range], types: &[DataType]) -> Result<(), SqlError> {
    let differ = |left: String, right: String| {
        Err(SqlError::plain(format!(
            "2 range lists are not strictly matched. {left} vs. {right}"
        )))
    };
    let (one, other) = (merged(old), merged(new));
    if one == other {
        return Ok(());
    }
    let apart = one
        .iter()
        .zip(&other)
        .find(|(left, right)| left.lower != right.lower);
    if let Some((left, right)) = apart {
        return differ(show_key(&left.lower, types), show_key(&right.lower, types));
    }
    let list = |ranges: &[Range]| {
        let texts: Vec<String> = ranges.iter().map(|range| range.show(types)).collect();
        format!("[{}]", texts.join(", "))
    };
    differ(list(old), list(new))
}

/// Adjacent ranges joined.
fn merged(ranges: &[Range]) -> Vec<Range> {
    let mut result: Vec<Range> = Vec::new();
    for range in ranges {
        match result.last_mut() {
            Some(last) if last.upper == range.lower => last.upper.clone_from(&range.upper),
            _ => result.push(range.clone()),
        }
    }
    result
}

fn check_values<'p>(
    old: &[&'p Partition],
    new: &[&'p Partition],
    staying: impl Iterator<Item = &'p Partition>,
    strict: bool,
) -> Result<(), SqlError> {
    let (before, after) = (values(old.iter().copied()), values(new.iter().copied()));
    if strict {
        if before == after {
            return Ok(());
        }
        return Err(SqlError::plain(format!(
            "2 list partitions are not strictly matched, {} vs {}",
            shown(&before),
            shown(&after)
        )));
    }
    let kept = values(staying);
    match after.intersection(&kept).next() {
        None => Ok(()),
        Some(row) => Err(SqlError::plain(format!(
            "Range: {} conflicts with existing range",
            row_text(row)
        ))),
    }
}

fn values<'p>(partitions: impl Iterator<Item = &'p Partition>) -> BTreeSet<ListRow> {
    partitions
        .flat_map(|partition| &partition.list)
        .flat_map(|list| list.rows.iter().cloned())
        .collect()
}

fn shown(rows: &BTreeSet<ListRow>) -> String {
    let rows: Vec<String> = rows.iter().map(row_text).collect();
    format!("[{}]", rows.join(", "))
}

/// One value stands alone, several stand in brackets.
fn row_text(row: &ListRow) -> String {
    let texts: Vec<&str> = row
        .iter()
        .map(|value| value.as_deref().unwrap_or("null"))
        .collect();
    match texts.as_slice() {
        [only] => (*only).to_owned(),
        many => format!("[{}]", many.join(", ")),
    }
}
