//! ALTER TABLE … RENAME and SWAP WITH: names change places; ids, data, properties and whatever is bound to an id stay with the object
//! (`server/LocalMetastore.renameTable`, `alter/AlterJobExecutor.visitSwapTableClause`, `alter/AlterJobMgr.swapTableInternal`).

use crate::answer::SqlError;
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::load::Target;
use crate::engine::table::{Relation, Table};

impl Cluster {
    pub(super) fn rename_table(&mut self, target: &Target, to: &str) -> Result<(), SqlError> {
        // The analyzer looks at the name before anything else (`sql/analyzer/AlterTableClauseAnalyzer.visitTableRenameClause`).
        if target.table == to {
            return Err(error::analyzing(format!("Same table name {to}")));
        }
        let database = self.database(&target.database)?;
        if database.relations.contains_key(to) {
            return Err(SqlError::plain(format!("Table name[{to}] is already used")));
        }
        let table = self.table_at(target)?;
        check_rename(table, to)?;
        let id = table.id;
        let database = self.database_mut(&target.database)?;
        if let Some(mut table) = database.take_table(&target.table) {
            table.rename(to);
            database.add_table(table);
        }
        self.inactivate_dependents(id, &format!("base-table renamed: {}", target.table));
        Ok(())
    }

    /// The second table's state and schema are not looked at.
    pub(super) fn swap_tables(&mut self, target: &Target, other: &str) -> Result<(), SqlError> {
        let database = self.database(&target.database)?;
        let Some(Relation::Table(second)) = database.relations.get(other) else {
            return Err(SqlError::plain(format!(
                "Table {other} does not exist or is not OLAP/LAKE table"
            )));
        };
        let first = self.table_at(target)?;
        check_rename(second, &first.name)?;
        check_rename(first, other)?;
        if first.is_materialized() != second.is_materialized() {
            return Err(SqlError::plain(
                "Materialized view can only SWAP WITH materialized view",
            ));
        }
        if self.release.checks_constraints_on_swap() {
            check_constraints(first, second)?;
        }
        let (first_id, second_id) = (first.id, second.id);
        self.inactivate_dependents(first_id, &format!("base-table swapped: {}", target.table));
        self.inactivate_dependents(second_id, &format!("base-table swapped: {other}"));
        let database = self.database_mut(&target.database)?;
        let (Some(mut first), Some(mut second)) = (
            database.take_table(&target.table),
            database.take_table(other),
        ) else {
            return Ok(());
        };
        first.rename(other);
        second.rename(&target.table);
        database.add_table(first);
        database.add_table(second);
        Ok(())
    }
}

/// `OlapTable.checkAndSetName`: the base index is called like the table, so a table cannot be swapped with itself either.
fn check_rename(table: &Table, to: &str) -> Result<(), SqlError> {
    if table.name == to || table.has_rollup(to) {
        return Err(SqlError::plain(format!(
            "New name conflicts with rollup index name: {to}"
        )));
    }
    Ok(())
}

/// As many UNIQUE and FOREIGN KEY constraints on the same columns, in the same order.
fn check_constraints(first: &Table, second: &Table) -> Result<(), SqlError> {
    for (property, kind) in [
        ("unique_constraints", "unique constraints"),
        ("foreign_key_constraints", "foreign key constraints"),
    ] {
        let (here, there) = (constraints(first, property), constraints(second, property));
        if here != there {
            return Err(SqlError::plain(format!(
                "Table {} does not contain the same {kind}, origin: [{}], new: [{}]",
                second.name,
                shown(first, &here),
                shown(second, &there)
            )));
        }
    }
    Ok(())
}

/// `a,b;c`: constraints apart by `;`, without the names of their table.
fn constraints(table: &Table, property: &str) -> Vec<String> {
    let text = table.properties.get(property).map_or("", String::as_str);
    text.split(';')
        .map(str::trim)
        .filter(|constraint| !constraint.is_empty())
        .map(|constraint| {
            let columns: Vec<&str> = constraint
                .split(',')
                .map(|column| column.trim().rsplit('.').next().unwrap_or_default())
                .collect();
            columns.join(",")
        })
        .collect()
}

/// `catalog/constraint/UniqueConstraint.toString`
fn shown(table: &Table, constraints: &[String]) -> String {
    let texts: Vec<String> = constraints
        .iter()
        .map(|columns| format!("{}.{columns}", table.name))
        .collect();
    texts.join(", ")
}
