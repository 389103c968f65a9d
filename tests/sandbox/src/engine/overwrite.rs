//! INSERT OVERWRITE: rows go into new partitions, which then take the place of the old ones (`load/InsertOverwriteJobRunner.java`). New ids;
//! version 2 where rows came, 1 where none did.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;

use crate::answer::{Answer, SqlError};
use crate::ast::Insert;
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::list::born_name;
use crate::engine::load::{Load, Target};
use crate::engine::partition::{Partition, SHADOW};
use crate::engine::table::{PartitionKind, Table};
use crate::release::Release;

/// Which partitions are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those named, or all.
    Named,
    /// `SET dynamic_overwrite = true` on a table that makes its own partitions: those that get rows.
    Dynamic,
}

/// The refusals that only tables with automatic partitions know.
pub fn check(
    table: &Table,
    insert: &Insert,
    scope: Scope,
    release: Release,
) -> Result<(), SqlError> {
    if !table.is_automatic() {
        return Ok(());
    }
    if scope == Scope::Dynamic {
        return match table.partition_named(SHADOW, false) {
            Some(_) => Ok(()),
            // `planner/OlapTableSink.getOpenPartitions` asks the missing partition for its id.
            None => Err(SqlError::plain(
                "Cannot invoke \"com.starrocks.catalog.Partition.getId()\" because the return value of \
                 \"com.starrocks.catalog.OlapTable.getPartition(String)\" is null",
            )),
        };
    }
    if insert.partitions.is_empty()
        || insert.temporary_partitions
        || release.overwrites_any_named_partition()
    {
        return Ok(());
    }
    // `InsertOverwriteJobRunner.createPartitionByValue` makes the named partitions again from their values.
    for name in &insert.partitions {
        let partition = table.partition_named(name, false);
        match (
            &table.partition_kind,
            partition.and_then(|found| found.list.as_ref()),
        ) {
            (PartitionKind::List { .. }, Some(list)) => {
                let again = list.rows.first().map(|row| born_name(row, |_| false));
                if again.is_none_or(|again| !again.eq_ignore_ascii_case(name)) {
                    let values: Vec<String> = list
                        .rows
                        .iter()
                        .flatten()
                        .map(|value| value.clone().unwrap_or_else(|| "NULL".to_owned()))
                        .collect();
                    return Err(SqlError::plain(format!(
                        "com.starrocks.sql.analyzer.SemanticException: {}",
                        error::analyzing(format!("Duplicate values ({}) ", values.join(",")))
                            .message
                    )));
                }
            }
            _ => {
                return Err(SqlError::plain(
                    "Specify the partition name, and automatically create partition names. Currently, only List partitions are supported.",
                ));
            }
        }
    }
    Ok(())
}

impl Cluster {
    pub fn overwrite(
        &mut self,
        target: &Target,
        insert: &Insert,
        scope: Scope,
        load: Load,
        mut placed: Vec<(u64, Vec<Value>)>,
    ) -> Result<Answer, SqlError> {
        let table = self.table_at(target)?;
        let (table_id, temporary) = (table.id, insert.temporary_partitions);
        let partitions = if temporary {
            &table.temporary_partitions
        } else {
            &table.partitions
        };
        let hit: BTreeSet<u64> = placed.iter().map(|(physical, _)| *physical).collect();
        let wanted = |partition: &&Partition| match scope {
            Scope::Dynamic => partition.physical_ids().any(|id| hit.contains(&id)),
            Scope::Named => insert.partitions.is_empty() || names(insert, &partition.name),
        };
        let old: Vec<Partition> = partitions.iter().filter(wanted).cloned().collect();
        let replacements: Vec<Partition> = old
            .iter()
            .map(|partition| self.new_partition(partition.name.clone(), partition))
            .collect();
        let mut moved = BTreeMap::new();
        for (before, after) in old.iter().zip(&replacements) {
            before.physical_ids().for_each(|id| {
                moved.insert(id, after.physical[0].id);
            });
        }
        placed
            .iter_mut()
            .for_each(|(physical, _)| *physical = moved[physical]);
        let touched: BTreeSet<u64> = placed.iter().map(|(physical, _)| *physical).collect();
        let table = self.table_at(target)?;
        self.store.atomically(|store| {
            store.insert(
                table,
                None,
                placed
                    .iter()
                    .map(|(physical, row)| (*physical, row.as_slice())),
            )?;
            store.clear(table_id, moved.keys().copied())
        })?;
        let database = self.database_mut(&target.database)?;
        let table = database
            .table_mut(&target.table)
            .expect("the table was just found");
        let partitions = if temporary {
            &mut table.temporary_partitions
        } else {
            &mut table.partitions
        };
        for (before, after) in old.iter().zip(replacements) {
            partitions.remove(&before.name);
            partitions.add(after);
        }
        self.commit(target, load, &touched, placed.len() as u64)
    }
}

/// Whether the statement names the partition; names have no case.
pub fn names(insert: &Insert, partition: &str) -> bool {
    insert
        .partitions
        .iter()
        .any(|name| name.eq_ignore_ascii_case(partition))
}
