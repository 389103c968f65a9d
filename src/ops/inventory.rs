//! `ops.table_inventory`: which tables belong to which group.

use std::collections::BTreeMap;

use super::{Ops, OpsError};
use crate::catalog::{Inventory, TablePattern};
use crate::names::{GroupName, TableName};
use crate::starrocks::{Row, RowError, sql};

impl Ops {
    /// Empty when the group is not in the inventory.
    pub async fn inventory(&self, group: &GroupName) -> Result<Inventory, OpsError> {
        let statement = format!(
            "SELECT database_name, table_name FROM ops.table_inventory WHERE inventory_group = {}",
            sql::text(group.as_str())
        );
        let mut inventory = Inventory::default();
        let unreadable = |source: RowError| OpsError::Row {
            table: "ops.table_inventory",
            source,
        };
        for row in self.read(&statement).await?.rows() {
            let pattern = pattern(&row).map_err(unreadable)?;
            inventory
                .0
                .entry(row.name("database_name").map_err(unreadable)?)
                .or_default()
                .insert(pattern);
        }
        Ok(inventory)
    }

    /// Every group of the inventory.
    pub async fn inventories(&self) -> Result<BTreeMap<GroupName, Inventory>, OpsError> {
        let set = self
            .read("SELECT inventory_group, database_name, table_name FROM ops.table_inventory")
            .await?;
        let mut inventories: BTreeMap<GroupName, Inventory> = BTreeMap::new();
        for row in set.rows() {
            let unreadable = |source| OpsError::Row {
                table: "ops.table_inventory",
                source,
            };
            let group = row.name("inventory_group").map_err(unreadable)?;
            let database = row.name("database_name").map_err(unreadable)?;
            let pattern = pattern(&row).map_err(unreadable)?;
            let inventory = inventories.entry(group).or_default();
            inventory.0.entry(database).or_default().insert(pattern);
        }
        Ok(inventories)
    }

    /// Every group that the inventory knows, for the message to a person who named another.
    pub async fn inventory_groups(&self) -> Result<Vec<String>, OpsError> {
        let set = self
            .read(
                "SELECT DISTINCT inventory_group FROM ops.table_inventory ORDER BY inventory_group",
            )
            .await?;
        Ok(set
            .rows()
            .filter_map(|row| row.optional("inventory_group").map(str::to_owned))
            .collect())
    }
}

fn pattern(row: &Row<'_>) -> Result<TablePattern, RowError> {
    Ok(match row.text("table_name")? {
        "*" => TablePattern::Every,
        _ => TablePattern::One(row.name::<TableName>("table_name")?),
    })
}
