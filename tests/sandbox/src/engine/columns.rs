//! ALTER TABLE of columns (`alter/SchemaChangeHandler.java`): value columns come and go at once where the table has fast schema evolution, all
//! else is a job.

use crate::answer::SqlError;
use crate::ast::{ColumnDefinition, DataType, KeysType};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::insert::default_value;
use crate::engine::load::Target;
use crate::engine::schema_change::{Change, is_distributed_by, modified};
use crate::engine::table::{PartitionKind, Table};
use crate::engine::value;

impl Cluster {
    pub fn add_column(
        &mut self,
        target: &Target,
        column: &ColumnDefinition,
    ) -> Result<(), SqlError> {
        let now = self.global_zone().local(self.now);
        let table = self.table_at(target)?;
        no_temporary_partitions(table)?;
        let refused = |text: String| Err(SqlError::plain(format!("{text}: {}", column.name)));
        if table.keys == KeysType::Primary && column.key {
            return Err(SqlError::plain(format!(
                "Can not add key column: {} for primary key table",
                column.name
            )));
        }
        match (table.keys, &column.aggregation) {
            (KeysType::Aggregate, Some(_)) | (_, None) => {}
            (keys, Some(_)) => {
                let kind = match keys {
                    KeysType::Primary => "Primary",
                    KeysType::Unique => "Unique",
                    KeysType::Duplicate | KeysType::Aggregate => "Duplicate",
                };
                return refused(format!(
                    "Can not assign aggregation method on column in {kind} data model table"
                ));
            }
        }
        if table.column(&column.name).is_some() {
            return refused("Can not add column which already exists in base table".to_owned());
        }
        if column.key
            || column.auto_increment
            || column.generated.is_some()
            || matches!(column.data_type, DataType::VarBinary(_))
            || (table.keys == KeysType::Aggregate && column.aggregation.is_none())
        {
            return Err(error::not_modelled(format!(
                "adding the column '{}' as key, auto increment or generated",
                column.name
            )));
        }
        if table.columns.iter().any(|other| other.generated.is_some()) {
            return Err(SqlError::plain("Can not add column after Generated Column"));
        }
        let mut column = column.clone();
        column.nullable = Some(column.nullable.unwrap_or(true));
        if column.nullable == Some(false) && column.default.is_none() {
            return Err(SqlError::plain(format!(
                "No default value for not null column: {}",
                column.name
            )));
        }
        let default = default_value(&column, now)?;
        let default = value::fit(default, &column)
            .map_err(|_| SqlError::plain(format!("Invalid default value for '{}'", column.name)))?;
        if self.evolves_fast(table) {
            self.put_column(target, column.clone(), &default)?;
            self.list_done_change(target, Change::Add(column, default))
        } else {
            self.begin_change(target, Change::Add(column, default))
        }
    }

    pub fn drop_column(&mut self, target: &Target, name: &str) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        no_temporary_partitions(table)?;
        let is_key = table
            .column(name)
            .is_some_and(|index| index < table.key_count);
        let replaces = |column: &ColumnDefinition| {
            let function = column.aggregation.as_deref();
            function.is_some_and(|function| function.starts_with("REPLACE"))
        };
        match table.keys {
            KeysType::Primary if is_key => {
                return Err(SqlError::plain(
                    "Can not drop key column in primary data model table",
                ));
            }
            KeysType::Unique if is_key => {
                return Err(SqlError::plain(
                    "Can not drop key column in Unique data model table",
                ));
            }
            KeysType::Aggregate if is_key && table.columns.iter().any(replaces) => {
                return Err(SqlError::plain(
                    "Can not drop key column when table has value column with REPLACE aggregation method",
                ));
            }
            _ => {}
        }
        let Some(index) = table.column(name) else {
            return Err(SqlError::plain(format!("Column does not exists: {name}")));
        };
        let name = table.columns[index].name.clone();
        if table.partition_columns().contains(&index) {
            return Err(SqlError::plain(format!(
                "Partition column[{name}] cannot be dropped. index[{}]",
                table.name
            )));
        }
        if is_distributed_by(table, &name) {
            return Err(SqlError::plain(format!(
                "Distribution column[{name}] cannot be dropped. index[{}]",
                table.name
            )));
        }
        if is_key {
            return Err(error::not_modelled(format!(
                "dropping the key column '{name}'"
            )));
        }
        if self.evolves_fast(table) {
            self.take_column(target, &name)?;
            self.list_done_change(target, Change::Drop(name))
        } else {
            self.begin_change(target, Change::Drop(name))
        }
    }

    pub fn modify_column(
        &mut self,
        target: &Target,
        column: &ColumnDefinition,
    ) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        no_temporary_partitions(table)?;
        match modified(table, column)? {
            Some(column) => self.begin_change(target, Change::Modify(column)),
            None => Ok(()),
        }
    }

    /// `RENAME COLUMN a TO b`: at once, nothing else moves (`server/LocalMetastore.renameColumn`).
    pub fn rename_column(&mut self, target: &Target, from: &str, to: &str) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        let Some(index) = table.column(from) else {
            // ERR_BAD_FIELD_ERROR
            return Err(SqlError::new(
                5509,
                "42S22",
                format!("Unknown column '{from}' in '{}'", table.name),
            ));
        };
        if table.column(to).is_some() {
            return Err(SqlError::new(
                1060,
                "42S21",
                format!("Duplicate column name '{to}'"),
            ));
        }
        let old = table.columns[index].name.clone();
        self.store.rename_column(table.id, &old, to)?;
        let table = self.altered(target)?;
        to.clone_into(&mut table.columns[index].name);
        let renamed = |name: &mut String| {
            if name.eq_ignore_ascii_case(&old) {
                to.clone_into(name);
            }
        };
        if let crate::ast::Distribution::Hash { columns, .. } = &mut table.distribution {
            columns.iter_mut().for_each(renamed);
        }
        table.order_by.iter_mut().for_each(renamed);
        if let PartitionKind::Slices(_, slice) = &mut table.partition_kind {
            renamed(&mut slice.column);
        }
        self.schema_changed(target)
    }

    pub fn put_column(
        &mut self,
        target: &Target,
        column: ColumnDefinition,
        default: &rusqlite::types::Value,
    ) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        self.store
            .add_column(table.id, &column.name, column.data_type, default)?;
        self.altered(target)?.columns.push(column);
        self.schema_changed(target)
    }

    pub fn take_column(&mut self, target: &Target, name: &str) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        let Some(index) = table.column(name) else {
            return Err(SqlError::plain(format!("Column does not exists: {name}")));
        };
        self.store
            .drop_column(table.id, &table.columns[index].name)?;
        let table = self.altered(target)?;
        table.columns.remove(index);
        table.column_removed(index);
        self.schema_changed(target)
    }

    /// The images of the table's partitions no longer have its columns.
    pub fn schema_changed(&mut self, target: &Target) -> Result<(), SqlError> {
        let table = self.altered(target)?;
        table.schema_version += 1;
        let ids: Vec<u64> = table.partitions.physical_ids().collect();
        ids.iter().for_each(|id| {
            self.images.remove(id);
        });
        Ok(())
    }
}

fn no_temporary_partitions(table: &Table) -> Result<(), SqlError> {
    if table.temporary_partitions.is_empty() {
        return Ok(());
    }
    Err(SqlError::plain(
        "Can not alter table when there are temp partitions in table",
    ))
}
