//! Dynamic partitions and partition TTL: what the scheduler adds and drops (`clone/DynamicPartitionScheduler.java`).

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;

use crate::answer::SqlError;
use crate::ast::DataType;
use crate::engine::cluster::Cluster;
use crate::engine::datetime;
use crate::engine::error;
use crate::engine::functions::{cut, shift};
use crate::engine::partition::Partition;
use crate::engine::partition_items::{NewPartition, bound_text, partition_name};
use crate::engine::range::{KeyPart, Range, part_of};
use crate::engine::session::Session;
use crate::engine::table::{Table, TableState};
use crate::engine::zone::Zone;

/// The table's `dynamic_partition.*` properties.
struct Rule {
    unit: String,
    start: i64,
    end: i64,
    prefix: String,
    zone: Zone,
}

/// What a table with any `dynamic_partition.*` property needs (`common/util/DynamicPartitionUtil.checkInputDynamicPartitionProperties`).
pub fn check_properties(table: &Table) -> Result<(), SqlError> {
    let &[data_type] = table.partition_types().as_slice() else {
        return Err(not_single());
    };
    if !table.is_range() {
        return Err(not_single());
    }
    let property = |key: &str| table.properties.get(&format!("dynamic_partition.{key}"));
    for key in ["time_unit", "end"] {
        if property(key).is_none_or(String::is_empty) {
            return Err(SqlError::plain(format!(
                "Must assign dynamic_partition.{key} properties"
            )));
        }
    }
    let hourly = property("time_unit").is_some_and(|unit| unit.eq_ignore_ascii_case("hour"));
    if hourly && data_type == DataType::Date {
        return Err(error::analyzing(
            "Date type partition does not support dynamic partitioning granularity of hour",
        ));
    }
    check_values(table)
}

fn not_single() -> SqlError {
    SqlError::plain("Dynamic partition only support single-column range partition")
}

/// Each value by itself (`DynamicPartitionUtil.analyzeDynamicPartition`).
pub fn check_values(table: &Table) -> Result<(), SqlError> {
    let property = |key: &str| {
        table
            .properties
            .get(&format!("dynamic_partition.{key}"))
            .map(String::as_str)
    };
    let refused = |code: u16, text: String| Err(SqlError::new(code, "42000", text));
    if let Some(unit) = property("time_unit")
        && !["HOUR", "DAY", "WEEK", "MONTH", "YEAR"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(unit))
    {
        return refused(
            5065,
            format!("Unsupported time unit {unit}. Expect DAY/WEEK/MONTH/YEAR."),
        );
    }
    if let Some(enable) = property("enable")
        && !["true", "false"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(enable))
    {
        return refused(
            5068,
            format!("Invalid dynamic partition enable: {enable}. Expected true or false"),
        );
    }
    match property("start").map(str::parse::<i64>) {
        Some(Ok(start)) if start >= 0 => {
            return refused(5066, "Dynamic partition start must less than 0".to_owned());
        }
        Some(Err(_)) => {
            return refused(
                5066,
                format!(
                    "Invalid dynamic partition start {}",
                    property("start").unwrap_or_default()
                ),
            );
        }
        _ => {}
    }
    match property("end").map(str::parse::<i64>) {
        Some(Ok(end)) if end <= 0 => {
            refused(5066, "Dynamic partition end must greater than 0".to_owned())
        }
        Some(Err(_)) => refused(
            5066,
            format!(
                "Invalid dynamic partition end {}",
                property("end").unwrap_or_default()
            ),
        ),
        _ => Ok(()),
    }
}

/// `partition_ttl`: `7 DAY`, `1 month 2 hours`; nothing is kept away by a time of zero.
pub fn check_time_to_live(text: &str) -> Result<(), SqlError> {
    parts_of_time(text)
        .map(|_| ())
        .ok_or_else(|| SqlError::plain(format!("Text '{text}' cannot be parsed to a Duration")))
}

fn parts_of_time(text: &str) -> Option<Vec<(i64, String)>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() || !words.len().is_multiple_of(2) {
        return None;
    }
    words
        .chunks(2)
        .map(|pair| {
            let unit = pair[1].to_ascii_uppercase();
            let unit = unit.trim_end_matches('S').to_owned();
            let known = ["YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"];
            let count = pair[0].parse().ok()?;
            known.contains(&unit.as_str()).then_some((count, unit))
        })
        .collect()
}

fn rule(table: &Table, default_zone: Tz) -> Option<Rule> {
    let property = |key: &str| {
        table
            .properties
            .get(&format!("dynamic_partition.{key}"))
            .map(String::as_str)
    };
    Some(Rule {
        unit: property("time_unit")?.to_ascii_uppercase(),
        start: property("start").map_or(Some(i64::from(i32::MIN)), |text| text.parse().ok())?,
        end: property("end")?.parse().ok()?,
        prefix: property("prefix").unwrap_or("p").to_owned(),
        zone: property("time_zone").map_or(Some(Zone::Region(default_zone)), |text| {
            Zone::parse(text).ok()
        })?,
    })
}

/// Partitions from today to `end` that are not there and overlap nothing.
pub fn missing(table: &Table, now: DateTime<Utc>, zone: Tz) -> Vec<NewPartition> {
    let (Some(rule), &[data_type]) = (rule(table, zone), table.partition_types().as_slice()) else {
        return Vec::new();
    };
    let Some(current) = cut(&rule.unit, rule.zone.local(now)) else {
        return Vec::new();
    };
    (0..=rule.end)
        .filter_map(|offset| {
            planned(
                &rule,
                shift(current, offset, &rule.unit)?,
                data_type,
                table.replication_num,
            )
        })
        .filter(|new| table.partitions.get(&new.name).is_none())
        .filter(|new| {
            new.range
                .as_ref()
                .is_some_and(|range| table.partitions.overlapping(range).is_none())
        })
        .collect()
}

fn planned(
    rule: &Rule,
    from: NaiveDateTime,
    data_type: DataType,
    replication_num: u32,
) -> Option<NewPartition> {
    let to = shift(from, 1, &rule.unit)?;
    let bound = |moment| part_of(&bound_text(moment, data_type), data_type).ok();
    let range = Range {
        lower: vec![bound(from)?],
        upper: vec![bound(to)?],
    };
    Some(NewPartition {
        name: partition_name(&rule.prefix, from, &rule.unit),
        range: Some(range),
        list: None,
        replication_num,
    })
}

/// Partitions that end before `start`, and those that the TTL properties no longer keep.
fn expired(table: &Table, now: DateTime<Utc>, zone: Tz) -> Vec<String> {
    let mut names = Vec::new();
    if table.dynamic_partition_enabled()
        && let Some(rule) = rule(table, zone)
        && let Some(limit) = cut(&rule.unit, rule.zone.local(now))
            .and_then(|current| shift(current, rule.start, &rule.unit))
    {
        names.extend(ending_by(table, limit));
    }
    names.extend(outlived(table, Zone::Region(zone).local(now)));
    names
}

/// A time to live comes before a number (`PartitionTTLScheduler.getExpiredPartitionNames`); a condition comes before both.
fn outlived(table: &Table, now: NaiveDateTime) -> Vec<String> {
    let property = |key: &str| table.properties.get(key).map(String::as_str);
    if !table.is_range()
        || table.partition_columns().len() != 1
        || property("partition_retention_condition").is_some()
    {
        return Vec::new();
    }
    if let Some(limit) = property("partition_ttl").and_then(|text| time_to_live(text, now)) {
        return ending_by(table, limit).collect();
    }
    let live = property("partition_live_number").or_else(|| property("partition_ttl_number"));
    let Some(keep) = live
        .and_then(|text| text.parse::<usize>().ok())
        .filter(|keep| *keep > 0)
    else {
        return Vec::new();
    };
    // Partitions of the future do not count, nor does the shadow partition.
    let begun: Vec<&Partition> = table
        .partitions
        .iter()
        .filter(|partition| !partition.is_shadow() && has_begun(partition, now))
        .collect();
    begun
        .iter()
        .rev()
        .skip(keep)
        .map(|partition| partition.name.clone())
        .collect()
}

fn ending_by(table: &Table, limit: NaiveDateTime) -> impl Iterator<Item = String> {
    table
        .partitions
        .iter()
        .filter(move |partition| upper_bound(partition).is_some_and(|upper| upper <= limit))
        .map(|partition| partition.name.clone())
}

fn upper_bound(partition: &Partition) -> Option<NaiveDateTime> {
    match partition.range.as_ref()?.upper.first()? {
        KeyPart::Text(text) => datetime::parse(text),
        _ => None,
    }
}

fn has_begun(partition: &Partition, now: NaiveDateTime) -> bool {
    match partition
        .range
        .as_ref()
        .and_then(|range| range.lower.first())
    {
        Some(KeyPart::Text(text)) => datetime::parse(text).is_some_and(|lower| lower <= now),
        _ => true,
    }
}

/// When what still lives ends; `None` where everything lives for ever.
fn time_to_live(text: &str, now: NaiveDateTime) -> Option<NaiveDateTime> {
    let parts = parts_of_time(text)?;
    if parts.iter().all(|(count, _)| *count == 0) {
        return None;
    }
    parts
        .iter()
        .try_fold(now, |moment, (count, unit)| shift(moment, -count, unit))
}

impl Cluster {
    /// One run of the partition scheduler over every table.
    pub fn schedule_partitions(&mut self) -> Result<(), SqlError> {
        if self
            .config
            .get("dynamic_partition_enable")
            .is_some_and(|text| text == "false")
        {
            return Ok(());
        }
        let scheduled = |table: &&Table| {
            table.is_partitioned()
                && table.state == TableState::Normal
                && table.properties.keys().any(|key| {
                    key.starts_with("dynamic_partition.") || key.starts_with("partition_")
                })
        };
        let names: Vec<(String, String)> = self
            .databases
            .values()
            .flat_map(|database| {
                database
                    .tables()
                    .filter(scheduled)
                    .map(|table| (database.name.clone(), table.name.clone()))
            })
            .collect();
        for (database, table) in names {
            self.schedule_table(&database, &table)?;
        }
        Ok(())
    }

    fn schedule_table(&mut self, database: &str, name: &str) -> Result<(), SqlError> {
        let (now, zone) = (self.now, self.zone);
        let Some(table) = self
            .databases
            .get(database)
            .and_then(|database| database.table(name))
        else {
            return Ok(());
        };
        let (id, buckets) = (table.id, table.buckets);
        let mut drops = expired(table, now, zone);
        if let Some(text) = table.properties.get("partition_retention_condition") {
            let (table, text) = (table.clone(), text.clone());
            let condition = self.keep_condition(&Session::inner(database), &table, &text)?;
            let types = table.partition_types();
            let gone = |partition: &&Partition| {
                !partition.is_shadow() && !condition.keeps(partition, &types)
            };
            let partitions = table.partitions.iter().filter(gone);
            drops.extend(partitions.map(|partition| partition.name.clone()));
        }
        let Some(table) = self
            .databases
            .get(database)
            .and_then(|database| database.table(name))
        else {
            return Ok(());
        };
        let adds = if table.dynamic_partition_enabled() {
            missing(table, now, zone)
        } else {
            Vec::new()
        };
        let added: Vec<Partition> = adds
            .into_iter()
            .map(|planned| self.make_partition(planned, buckets))
            .collect();
        let Some(table) = self
            .databases
            .get_mut(database)
            .and_then(|database| database.table_mut(name))
        else {
            return Ok(());
        };
        added
            .into_iter()
            .for_each(|partition| table.partitions.add(partition));
        let dropped: Vec<u64> = drops
            .iter()
            .filter_map(|name| table.partitions.remove(name))
            .flat_map(|partition| partition.physical_ids().collect::<Vec<_>>())
            .collect();
        self.store.clear(id, dropped.into_iter())
    }
}
