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

pub fn check_properties(table: &Table) -> Result<(), SqlError> {
    if !table.is_partitioned() {
        return Err(error::analyzing(
            "Dynamic partition only support single-column range partition",
        ));
    }
    for key in ["time_unit", "end", "prefix"] {
        if !table
            .properties
            .contains_key(&format!("dynamic_partition.{key}"))
        {
            return Err(error::analyzing(format!(
                "Must assign dynamic_partition.{key} properties"
            )));
        }
    }
    rule(table, chrono_tz::UTC)
        .map(|_| ())
        .ok_or_else(|| error::analyzing("Invalid properties of dynamic partition"))
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
        prefix: property("prefix")?.to_owned(),
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
    if let Some(limit) = table
        .properties
        .get("partition_ttl")
        .and_then(|text| time_to_live(text, Zone::Region(zone).local(now)))
    {
        names.extend(ending_by(table, limit));
    }
    let live = table
        .properties
        .get("partition_live_number")
        .or_else(|| table.properties.get("partition_ttl_number"));
    if let Some(keep) = live
        .and_then(|text| text.parse::<usize>().ok())
        .filter(|keep| *keep > 0)
    {
        // Partitions of the future do not count (`TTLPartitionScheduler`).
        let begun: Vec<&Partition> = table
            .partitions
            .iter()
            .filter(|partition| has_begun(partition, Zone::Region(zone).local(now)))
            .collect();
        names.extend(
            begun
                .iter()
                .rev()
                .skip(keep)
                .map(|partition| partition.name.clone()),
        );
    }
    names
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

/// `7 DAY`, `12 hour`.
fn time_to_live(text: &str, now: NaiveDateTime) -> Option<NaiveDateTime> {
    let (count, unit) = text.trim().split_once(' ')?;
    shift(
        now,
        -count.parse::<i64>().ok()?,
        unit.trim().to_ascii_uppercase().trim_end_matches('S'),
    )
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
        let (id, buckets, drops) = (table.id, table.buckets, expired(table, now, zone));
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
