//! Partitions that a load makes for its rows (`service/FrontendServiceImpl.createPartition`). They stay even if the load fails later.

use std::collections::BTreeMap;

use rusqlite::types::Value;

use crate::answer::SqlError;
use crate::engine::cluster::Cluster;
use crate::engine::list::{ListItem, born_name, row_of};
use crate::engine::load::{Target, key_part};
use crate::engine::partition_items::NewPartition;
use crate::engine::table::{PartitionKind, Table, TableState};

impl Cluster {
    /// Makes every partition that the rows of an automatic table need and that is not there.
    pub fn give_birth(&mut self, target: &Target, rows: &[Vec<Value>]) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        if !table.is_automatic() {
            return Ok(());
        }
        let homeless = rows.iter().filter(|row| table.route(row, false).is_none());
        let mut planned: BTreeMap<String, NewPartition> = BTreeMap::new();
        for row in homeless {
            if let Some(new) = home(table, row, &planned) {
                planned.entry(new.name.clone()).or_insert(new);
            }
        }
        let buckets = table.buckets;
        if !planned.is_empty() && table.state == TableState::SchemaChange {
            let id = table.id;
            self.cancel_change(
                id,
                "Alter job conflicts with partition creation, for more details please check https://docs.starrocks.io/docs/faq/Others\
                 #how-can-i-prevent-expression-partition-conflicts-caused-by-concurrent-execution-of-loading-tasks-and-partition-creation-tasks",
            );
            if let Some(table) = self
                .database_mut(&target.database)?
                .table_mut(&target.table)
            {
                table.state = TableState::Normal;
            }
        }
        for new in planned.into_values() {
            let table = self.table_at(target)?;
            if let Some(range) = &new.range
                && let Some(other) = table.partitions.overlapping(range)
            {
                let types = table.partition_types();
                return Err(SqlError::plain(format!(
                    "automatic create partition failed. error:Range {} is intersected with range: {}",
                    range.show(&types),
                    table.partition_value(other)
                )));
            }
            if table.partition_named(&new.name, false).is_some() {
                continue;
            }
            let partition = self.make_partition(new, buckets);
            if let Some(table) = self
                .database_mut(&target.database)?
                .table_mut(&target.table)
            {
                table.partitions.add(partition);
            }
        }
        Ok(())
    }
}

/// What the partition for a row is called and holds.
fn home(
    table: &Table,
    row: &[Value],
    planned: &BTreeMap<String, NewPartition>,
) -> Option<NewPartition> {
    let new = |name, range, list| NewPartition {
        name,
        range,
        list,
        replication_num: table.replication_num,
    };
    match &table.partition_kind {
        PartitionKind::Slices(column, slice) => {
            let data_type = table.columns[*column].data_type;
            let (name, range) = slice.partition(&key_part(&row[*column]), data_type)?;
            Some(new(name, Some(range), None))
        }
        PartitionKind::List { columns, .. } => {
            let values = row_of(row, columns, &table.partition_types());
            let holds_other = |list: Option<&ListItem>| {
                list.is_some_and(|list| list.rows != std::slice::from_ref(&values))
            };
            // Names are taken in any case of letters.
            let name = born_name(&values, |name| {
                let existing = table.partition_named(name, false);
                let coming = planned
                    .values()
                    .find(|new| new.name.eq_ignore_ascii_case(name));
                existing.is_some_and(|partition| holds_other(partition.list.as_ref()))
                    || coming.is_some_and(|new| holds_other(new.list.as_ref()))
            });
            Some(new(name, None, Some(ListItem::born(values))))
        }
        PartitionKind::Unpartitioned | PartitionKind::Range(_) => None,
    }
}
