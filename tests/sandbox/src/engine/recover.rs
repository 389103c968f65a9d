//! What the recycle bin holds besides tables, and RECOVER of it: databases and partitions (`catalog/CatalogRecycleBin.java`).

use chrono::{DateTime, Utc};
use rusqlite::types::Value;

use crate::answer::{Answer, SqlError};
use crate::ast::ObjectName;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::database::Database;
use crate::engine::load::Target;
use crate::engine::partition::Partition;
use crate::engine::session::Session;
use crate::engine::table::{Relation, TableState};

#[derive(Debug, Clone)]
pub struct RecycledDatabase {
    pub database: Database,
    pub dropped: DateTime<Utc>,
}

/// Its rows are taken out of the store: a query of the table must not see them.
#[derive(Debug, Clone)]
pub struct RecycledPartition {
    pub table_id: u64,
    pub partition: Partition,
    pub rows: Vec<(u64, Vec<Value>)>,
    pub dropped: DateTime<Utc>,
}

impl Cluster {
    pub fn drop_database(
        &mut self,
        name: &str,
        if_exists: bool,
        force: bool,
    ) -> Result<Answer, SqlError> {
        let Some(found) = self.databases.get(name) else {
            if if_exists {
                return Ok(done());
            }
            return Err(SqlError::new(
                1008,
                "HY000",
                format!("Can't drop database '{name}'; database doesn't exist"),
            ));
        };
        let id = found.id;
        if !force && !found.session_tables.is_empty() {
            return Err(SqlError::plain(format!(
                "The database [{name}] cannot be dropped because there are still some temporary tables in it. If you want to forcibly drop, \
                 please use \"DROP DATABASE <database> FORCE.\""
            )));
        }
        if !force && self.transactions.has_committed(id, None) {
            return Err(SqlError::plain(format!(
                "There are still some transactions in the COMMITTED state waiting to be completed. The database [{name}] cannot be dropped. \
                 If you want to forcibly drop(cannot be recovered), please use \"DROP DATABASE <database> FORCE\"."
            )));
        }
        let Some(mut database) = self.databases.remove(name) else {
            return Ok(done());
        };
        for table in database.tables_mut() {
            table.state = TableState::Normal;
        }
        let gone: Vec<(u64, String)> = database
            .tables()
            .map(|table| (table.id, table.name.clone()))
            .collect();
        for (table, name) in gone {
            self.inactivate_dependents(table, &format!("base-table dropped: {name}"));
        }
        if force {
            return self.erase_database(&database).map(|()| done());
        }
        // Of two databases of one name only the later is found again.
        let same = |recycled: &RecycledDatabase| recycled.database.name == name;
        while let Some(at) = self.recycled_databases.iter().position(same) {
            let earlier = self.recycled_databases.remove(at);
            self.erase_database(&earlier.database)?;
        }
        self.recycled_databases.push(RecycledDatabase {
            database,
            dropped: self.now,
        });
        Ok(done())
    }

    fn erase_database(&mut self, database: &Database) -> Result<(), SqlError> {
        for table in database.all_tables() {
            self.store.drop(table.id)?;
        }
        let id = database.id;
        self.erase_recycled(|recycled| recycled.database_id == id)
    }

    pub fn recover_database(&mut self, name: &str) -> Result<Answer, SqlError> {
        if self.databases.contains_key(name) {
            return Err(SqlError::plain(format!("Database[{name}] already exist.")));
        }
        let at = self
            .recycled_databases
            .iter()
            .position(|recycled| recycled.database.name == name)
            .ok_or_else(|| SqlError::new(5501, "3F000", format!("Unknown database '{name}'")))?;
        let recycled = self.recycled_databases.remove(at);
        self.databases.insert(name.to_owned(), recycled.database);
        Ok(done())
    }

    /// Dropped partitions: into the bin, or for good.
    pub(super) fn recycle_partitions(
        &mut self,
        target: &Target,
        dropped: Vec<Partition>,
        for_good: bool,
    ) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        let table_id = table.id;
        let mut kept = Vec::new();
        for partition in dropped {
            let mut rows = Vec::new();
            for physical in partition.physical_ids() {
                if !for_good {
                    let found = self.store.read(table, physical)?;
                    rows.extend(found.into_iter().map(|row| (physical, row)));
                }
            }
            self.store.clear(table_id, partition.physical_ids())?;
            kept.push(RecycledPartition {
                table_id,
                partition,
                rows,
                dropped: self.now,
            });
        }
        if !for_good {
            self.recycled_partitions.extend(kept);
        }
        Ok(())
    }

    /// Ids, version and rows are what they were; a range that is taken again refuses.
    pub fn recover_partition(
        &mut self,
        session: &Session,
        name: &str,
        table: &ObjectName,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(table, session)?.to_owned();
        let found = match self.databases[&database].relations.get(&table.name) {
            Some(Relation::Table(found)) if !found.is_materialized() => found,
            Some(_) => {
                return Err(SqlError::plain(format!(
                    "table[{}] is not OLAP table or LAKE table",
                    table.name
                )));
            }
            None => {
                return Err(SqlError::new(
                    5502,
                    "42602",
                    format!("Unknown table '{}'", table.name),
                ));
            }
        };
        if found.partitions.get(name).is_some() {
            return Err(SqlError::plain(format!(
                "partition[{name}] already exist in table[{}]",
                table.name
            )));
        }
        let id = found.id;
        let at = self
            .recycled_partitions
            .iter()
            .rposition(|recycled| recycled.table_id == id && recycled.partition.name == name)
            .ok_or_else(|| {
                SqlError::plain(format!(
                    "No partition named '{name}' in recycle bin that belongs to table '{}'",
                    table.name
                ))
            })?;
        let range = self.recycled_partitions[at].partition.range.as_ref();
        if range.is_some_and(|range| found.partitions.overlapping(range).is_some()) {
            // `catalog/RecyclePartitionInfo.java`
            return Err(SqlError::plain(format!(
                "Cannot recover partition '{name}': Range conflict."
            )));
        }
        let recycled = self.recycled_partitions.remove(at);
        let rows = recycled
            .rows
            .iter()
            .map(|(physical, row)| (*physical, row.as_slice()));
        self.store
            .atomically(|store| store.insert(found, None, rows))?;
        let target = Target {
            database,
            table: table.name.clone(),
        };
        self.altered(&target)?.partitions.add(recycled.partition);
        Ok(done())
    }

    /// Forgets databases and partitions that were dropped before the moment.
    pub(super) fn erase_before(&mut self, limit: DateTime<Utc>) -> Result<(), SqlError> {
        self.recycled_partitions
            .retain(|recycled| recycled.dropped >= limit);
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.recycled_databases)
            .into_iter()
            .partition(|recycled| recycled.dropped >= limit);
        self.recycled_databases = kept;
        gone.iter()
            .try_for_each(|recycled| self.erase_database(&recycled.database))
    }
}
