//! From what a statement says about partitions to names and ranges: LESS THAN, `[lower, upper)`, START … END … EVERY.

use chrono::{Datelike, NaiveDateTime, Timelike};

use crate::answer::SqlError;
use crate::ast::{DataType, RangePartition};
use crate::engine::functions::shift;
use crate::engine::list::ListItem;
use crate::engine::range::{KeyPart, Range, key_of, part_of};
use crate::engine::slice::Slice;
use crate::engine::table::{PartitionKind, Table};
use crate::engine::{datetime, error};

/// A partition to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPartition {
    pub name: String,
    pub range: Option<Range>,
    pub list: Option<ListItem>,
    pub replication_num: u32,
}

/// The partitions an item stands for, checked against those of the table. Existing names are left out where IF NOT EXISTS says so.
pub fn plan_partitions(
    table: &Table,
    item: &RangePartition,
    temporary: bool,
) -> Result<Vec<NewPartition>, SqlError> {
    if !table.is_range() {
        // ERR_ADD_PARTITION_WITH_ERROR_PARTITION_TYPE (`sql/analyzer/PartitionDescAnalyzer.java`)
        return Err(error::analyzing_with(
            5700,
            "42000",
            "Cannot add a Range partition to a table that partition type is not of Range",
        ));
    }
    if let PartitionKind::Slices(_, slice) = &table.partition_kind {
        check_slices(item, slice)?;
    }
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
        list: None,
        replication_num: replication.unwrap_or(table.replication_num),
    };
    Ok(vec![planned])
}

/// Tables that make their partitions themselves take whole slices only (`sql/analyzer/PartitionDescAnalyzer.java`).
fn check_slices(item: &RangePartition, slice: &Slice) -> Result<(), SqlError> {
    let RangePartition::Every {
        start,
        end,
        step,
        unit,
    } = item
    else {
        return Err(error::analyzing(
            "Currently, you cannot manually add a single range partition to a table that is automatically partition",
        ));
    };
    if *step > 1 {
        return Err(error::analyzing(
            "The step of the auto-partitioned table should be 1",
        ));
    }
    let unit = unit.as_deref().unwrap_or_default();
    if !unit.eq_ignore_ascii_case(&slice.unit) {
        return Err(error::analyzing(format!(
            "The granularity of the auto-partitioned table granularity({}) should be consistent with the increased partition granularity({unit}).",
            slice.unit
        )));
    }
    if *step != slice.step {
        return Err(error::analyzing_with(
            5701,
            "42000",
            format!(
                "Step length [{step}] in the operation is not equal to the partition step length [{}] stored in the table",
                slice.step
            ),
        ));
    }
    for bound in [start, end] {
        let moment = datetime::parse(bound)
            .ok_or_else(|| error::analyzing(format!("Invalid date literal {bound}")))?;
        if crate::engine::functions::cut(unit, moment) != Some(moment) {
            return Err(error::analyzing(format!(
                "Batch build partition range [{start},{end}) should be a standard unit of time ({unit}) "
            )));
        }
    }
    Ok(())
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

pub fn duplicate(name: &str) -> SqlError {
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
    // `sql/ast/MultiRangePartitionDesc.java`, defaultTempPartitionPrefix
    let prefix = if temporary { "tp" } else { "p" };
    let bounds = match unit {
        Some(unit) => date_steps(start, end, (step, unit), data_type, prefix)?,
        None => integer_steps(start, end, step, prefix)?,
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
            list: None,
            replication_num: table.replication_num,
        });
    }
    Ok(planned)
}

type Step = (String, String, String);

fn date_steps(
    start: &str,
    end: &str,
    (step, unit): (i64, &str),
    data_type: DataType,
    prefix: &str,
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
            partition_name(prefix, from, unit),
            bound_text(from, data_type),
            bound_text(to, data_type),
        ));
        from = to;
    }
    Ok(steps)
}

fn integer_steps(start: &str, end: &str, step: i64, prefix: &str) -> Result<Vec<Step>, SqlError> {
    let invalid = |text: &str| error::analyzing(format!("Invalid integer literal {text}"));
    let mut from: i64 = start.parse().map_err(|_| invalid(start))?;
    let end_value: i64 = end.parse().map_err(|_| invalid(end))?;
    let mut steps = Vec::new();
    while from < end_value {
        let to = from.saturating_add(step).min(end_value);
        steps.push((format!("{prefix}{from}"), from.to_string(), to.to_string()));
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
