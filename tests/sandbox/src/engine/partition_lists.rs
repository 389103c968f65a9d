//! LIST partitions of a statement, checked against each other and against those of the table (`sql/ast/ListPartitionDesc.java`,
//! `catalog/CatalogUtils.checkPartitionValuesExistForAddListPartition`).

use std::collections::HashSet;

use crate::answer::SqlError;
use crate::ast::{ListPartition, ListValues};
use crate::engine::error;
use crate::engine::list::{ListItem, ListRow};
use crate::engine::partition_items::{NewPartition, duplicate};
use crate::engine::table::{PartitionKind, Table};

/// The partitions of a CREATE TABLE.
pub fn plan_first(table: &Table, items: &[ListPartition]) -> Result<Vec<NewPartition>, SqlError> {
    let mut names = HashSet::new();
    let mut seen = HashSet::new();
    let mut planned = Vec::with_capacity(items.len());
    for item in items {
        if !names.insert(item.name.to_lowercase()) {
            return Err(error::analyzing(format!(
                "Duplicated partition name: {}",
                item.name
            )));
        }
        let new = read(table, item)?;
        for row in new.list.iter().flat_map(|list| &list.rows) {
            if seen.insert(row.clone()) {
                continue;
            }
            return Err(error::analyzing(match &item.values {
                ListValues::Single(_) => format!("Duplicated value {}", shown(row, "")),
                ListValues::Rows(_) => format!("Duplicate values ({}) not allow", shown(row, "\"")),
            }));
        }
        planned.push(new);
    }
    Ok(planned)
}

/// The partition of an ADD PARTITION; none where IF NOT EXISTS finds one of its name.
pub fn plan_added(
    table: &Table,
    item: &ListPartition,
    temporary: bool,
) -> Result<Option<NewPartition>, SqlError> {
    let PartitionKind::List { automatic, .. } = table.partition_kind else {
        // The branch for range items of `PartitionDescAnalyzer` has no counterpart for lists: a cast fails.
        return Err(SqlError::plain(
            "class com.starrocks.catalog.RangePartitionInfo cannot be cast to class \
             com.starrocks.catalog.ListPartitionInfo",
        ));
    };
    let count = match &item.values {
        ListValues::Single(values) => values.len(),
        ListValues::Rows(rows) => rows.len(),
    };
    if automatic && count > 1 {
        return Err(error::analyzing(
            "Automatically partitioned tables does not support multiple values in the same partition",
        ));
    }
    if table.partition_named(&item.name, false).is_some()
        || table.partition_named(&item.name, true).is_some()
    {
        return if item.if_not_exists {
            Ok(None)
        } else {
            Err(duplicate(&item.name))
        };
    }
    let new = read(table, item)?;
    let existing = if temporary {
        &table.temporary_partitions
    } else {
        &table.partitions
    };
    for row in new.list.iter().flat_map(|list| &list.rows) {
        if existing.holding(row).is_some() {
            return Err(error::analyzing(match &item.values {
                ListValues::Single(_) => format!("Duplicate partition value {}", shown(row, "")),
                ListValues::Rows(_) => format!("Duplicate values ({}) ", shown(row, "")),
            }));
        }
    }
    Ok(Some(new))
}

fn read(table: &Table, item: &ListPartition) -> Result<NewPartition, SqlError> {
    let list = ListItem::read(&item.values, &table.partition_types())?;
    for (place, index) in table.partition_columns().iter().enumerate() {
        let column = &table.columns[*index];
        let has_null = list.rows.iter().any(|row| row[place].is_none());
        if has_null && column.nullable == Some(false) {
            return Err(error::analyzing(format!(
                "Partition column[{}] could not be null but contains null value in partition[{}]",
                column.name, item.name
            )));
        }
    }
    let replication = item
        .properties
        .iter()
        .find(|(key, _)| key == "replication_num")
        .and_then(|(_, value)| value.parse().ok());
    Ok(NewPartition {
        name: item.name.clone(),
        range: None,
        list: Some(list),
        replication_num: replication.unwrap_or(table.replication_num),
    })
}

fn shown(row: &ListRow, quote: &str) -> String {
    row.iter()
        .map(|value| format!("{quote}{}{quote}", value.as_deref().unwrap_or("NULL")))
        .collect::<Vec<_>>()
        .join(",")
}
