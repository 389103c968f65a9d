//! From what a statement says about partitions to names and ranges: LESS THAN, `[lower, upper)`, START … END … EVERY.

use chrono::{Datelike, NaiveDateTime, Timelike};

use crate::answer::SqlError;
use crate::ast::{DataType, RangePartition};
use crate::engine::functions::shift;
use crate::engine::range::{KeyPart, Range, key_of, part_of};
use crate::engine::table::Table;
use crate::engine::{datetime, error};

/// A partition to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPartition {
    pub name: String,
    pub range: Option<Range>,
    pub replication_num: u32,
}

/// The partitions an item stands for, checked against those of the table. Existing names are left out where IF NOT EXISTS says so.
pub fn plan_partitions(
    table: &Table,
    item: &RangePartition,
    temporary: bool,
) -> Result<Vec<NewPartition>, SqlError> {
    let types = table.partition_types();
    let existing = if temporary {
        &table.temporary_partitions
    } else {
        &table.partitions
    };
    let (name, if_not_exists, lower, upper, properties) = match item {
        RangePartition::Every {
            start,
            end,
            step,
            unit,
        } => return every(table, start, end, (*step, unit.as_deref()), temporary),
        RangePartition::LessThan {
            name,
            if_not_exists,
            upper,
            properties,
        } => {
            let upper = key_of(upper, &types)?;
            let below = existing
                .iter()
                .filter_map(|partition| partition.range.as_ref())
                .map(|range| &range.upper);
            let lower = below
                .filter(|other| **other <= upper)
                .max()
                .cloned()
                .unwrap_or_else(|| vec![KeyPart::Min; types.len()]);
            (name, *if_not_exists, lower, upper, properties)
        }
        RangePartition::Between {
            name,
            if_not_exists,
            lower,
            upper,
            properties,
        } => (
            name,
            *if_not_exists,
            key_of(lower, &types)?,
            key_of(upper, &types)?,
            properties,
        ),
    };
    if table.partition_named(name, false).is_some() || table.partition_named(name, true).is_some() {
        return if if_not_exists {
            Ok(Vec::new())
        } else {
            Err(duplicate(name))
        };
    }
    let replication = properties
        .iter()
        .find(|(key, _)| key == "replication_num")
        .and_then(|(_, value)| value.parse().ok());
    let planned = NewPartition {
        name: name.clone(),
        range: Some(checked(table, name, Range { lower, upper }, temporary)?),
        replication_num: replication.unwrap_or(table.replication_num),
    };
    Ok(vec![planned])
}

fn checked(table: &Table, name: &str, range: Range, temporary: bool) -> Result<Range, SqlError> {
    let types = table.partition_types();
    if range.lower >= range.upper {
        return Err(error::analyzing(format!(
            "Partition {name}: the lower bound must be less than the upper bound: {}",
            range.show(&types)
        )));
    }
    let existing = if temporary {
        &table.temporary_partitions
    } else {
        &table.partitions
    };
    if let Some(other) = existing
        .overlapping(&range)
        .and_then(|other| other.range.as_ref())
    {
        return Err(SqlError::plain(format!(
            "Range {} is intersected with range: {}",
            range.show(&types),
            other.show(&types)
        )));
    }
    Ok(range)
}

fn duplicate(name: &str) -> SqlError {
    // ERR_SAME_NAME_PARTITION
    SqlError::new(1517, "HY000", format!("Duplicate partition name {name}"))
}

fn every(
    table: &Table,
    start: &str,
    end: &str,
    (step, unit): (i64, Option<&str>),
    temporary: bool,
) -> Result<Vec<NewPartition>, SqlError> {
    let [data_type] = table.partition_types()[..] else {
        return Err(error::analyzing(
            "Batch build partition only support single range column",
        ));
    };
    if step <= 0 {
        return Err(error::analyzing("Every clause must be positive"));
    }
    let bounds = match unit {
        Some(unit) => date_steps(start, end, step, unit, data_type)?,
        None => integer_steps(start, end, step)?,
    };
    let mut planned = Vec::with_capacity(bounds.len());
    for (name, lower, upper) in bounds {
        if table.partition_named(&name, false).is_some()
            || table.partition_named(&name, true).is_some()
        {
            return Err(duplicate(&name));
        }
        let range = Range {
            lower: vec![part_of(&lower, data_type)?],
            upper: vec![part_of(&upper, data_type)?],
        };
        let range = checked(table, &name, range, temporary)?;
        planned.push(NewPartition {
            name,
            range: Some(range),
            replication_num: table.replication_num,
        });
    }
    Ok(planned)
}

type Step = (String, String, String);

fn date_steps(
    start: &str,
    end: &str,
    step: i64,
    unit: &str,
    data_type: DataType,
) -> Result<Vec<Step>, SqlError> {
    let invalid = |text: &str| error::analyzing(format!("Invalid date literal {text}"));
    let mut from = datetime::parse(start).ok_or_else(|| invalid(start))?;
    let end_moment = datetime::parse(end).ok_or_else(|| invalid(end))?;
    let mut steps = Vec::new();
    while from < end_moment {
        let to = shift(from, step, unit)
            .ok_or_else(|| invalid(end))?
            .min(end_moment);
        steps.push((
            partition_name("p", from, unit),
            bound_text(from, data_type),
            bound_text(to, data_type),
        ));
        from = to;
    }
    Ok(steps)
}

fn integer_steps(start: &str, end: &str, step: i64) -> Result<Vec<Step>, SqlError> {
    let invalid = |text: &str| error::analyzing(format!("Invalid integer literal {text}"));
    let mut from: i64 = start.parse().map_err(|_| invalid(start))?;
    let end_value: i64 = end.parse().map_err(|_| invalid(end))?;
    let mut steps = Vec::new();
    while from < end_value {
        let to = from.saturating_add(step).min(end_value);
        steps.push((format!("p{from}"), from.to_string(), to.to_string()));
        from = to;
    }
    Ok(steps)
}

/// `p20240101`, `p202401`, `p2024_01` (week), `p2024`, `p2024010100` (hour).
pub fn partition_name(prefix: &str, from: NaiveDateTime, unit: &str) -> String {
    match unit {
        "HOUR" => format!("{prefix}{}{:02}", from.format("%Y%m%d"), from.hour()),
        "WEEK" => format!(
            "{prefix}{}_{:02}",
            from.iso_week().year(),
            from.iso_week().week()
        ),
        "MONTH" => format!("{prefix}{}", from.format("%Y%m")),
        "YEAR" => format!("{prefix}{}", from.format("%Y")),
        _ => format!("{prefix}{}", from.format("%Y%m%d")),
    }
}

/// A bound of a date column, as a literal.
pub fn bound_text(moment: NaiveDateTime, data_type: DataType) -> String {
    if data_type == DataType::DateTime {
        datetime::datetime_text(moment)
    } else {
        datetime::date_text(moment.date())
    }
}
