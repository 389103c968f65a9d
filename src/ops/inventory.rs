//! `ops.table_inventory`: which tables belong to which group.

use super::{Ops, OpsError};
use crate::catalog::{Inventory, TablePattern};
use crate::names::{GroupName, TableName};
use crate::starrocks::{RowError, sql};

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
            let pattern = match row.text("table_name").map_err(unreadable)? {
                "*" => TablePattern::Every,
                _ => TablePattern::One(row.name::<TableName>("table_name").map_err(unreadable)?),
            };
            inventory
                .0
                .entry(row.name("database_name").map_err(unreadable)?)
                .or_default()
                .insert(pattern);
        }
        Ok(inventory)
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
