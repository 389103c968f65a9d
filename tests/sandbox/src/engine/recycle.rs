//! DROP and RECOVER: dropped tables wait in the recycle bin for a day (`catalog/CatalogRecycleBin.java`).

use chrono::{DateTime, Duration, Utc};

use crate::answer::{Answer, SqlError};
use crate::ast::ObjectName;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::session::Session;
use crate::engine::table::{Relation, Table, TableState};

#[derive(Debug, Clone)]
pub struct Recycled {
    pub database_id: u64,
    pub table: Table,
    pub dropped: DateTime<Utc>,
}

impl Cluster {
    pub fn drop_table(
        &mut self,
        session: &Session,
        name: &ObjectName,
        if_exists: bool,
        force: bool,
    ) -> Result<Answer, SqlError> {
        // IF EXISTS is about the table: an unknown database is refused all the same.
        let database = self.database_of(name, session)?.to_owned();
        if self.drop_session_table(session, &database, &name.name)? {
            return Ok(done());
        }
        match self.databases[&database].relations.get(&name.name) {
            None if if_exists => return Ok(done()),
            None => return Err(error::unknown_table(&name.name)),
            Some(Relation::View(_)) => {
                return Err(wrong_object(&database, &name.name, "TABLE"));
            }
            Some(Relation::Table(table)) if table.is_materialized() => {
                return Err(error::analyzing(format!(
                    "The data of '{0}' cannot be dropped because '{0}' is a materialized view,use 'drop materialized view {0}' to drop it.",
                    name.name
                )));
            }
            Some(Relation::Foreign(_)) => {
                self.database_mut(&database)?.relations.remove(&name.name);
                return Ok(done());
            }
            Some(Relation::Table(_)) => {}
        }
        let found = &self.databases[&database];
        let id = found.relations[&name.name].id();
        if !force && self.transactions.has_committed(found.id, Some(id)) {
            // `catalog/Database.dropTable`
            return Err(SqlError::plain(format!(
                "There are still some transactions in the COMMITTED state waiting to be completed. The table [{}] cannot be dropped. If you \
                 want to forcibly drop(cannot be recovered), please use \"DROP TABLE <table> FORCE\".",
                name.name
            )));
        }
        self.remove_table(&database, &name.name, force)?;
        Ok(done())
    }

    pub fn drop_view(
        &mut self,
        session: &Session,
        name: &ObjectName,
        if_exists: bool,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(name, session)?.to_owned();
        match self.databases[&database].relations.get(&name.name) {
            Some(Relation::View(_)) => {
                // Views made from it are left alone: `View` has no `onDrop` (`catalog/View.java`).
                self.database_mut(&database)?.relations.remove(&name.name);
                Ok(done())
            }
            None if if_exists => Ok(done()),
            None => Err(error::unknown_table(&name.name)),
            // The analyzer asks for a materialized view first, DROP TABLE or DROP VIEW.
            Some(Relation::Table(table)) if table.is_materialized() => {
                Err(error::analyzing(format!(
                    "The data of '{0}' cannot be dropped because '{0}' is a materialized view,use 'drop materialized view {0}' to drop it.",
                    name.name
                )))
            }
            Some(Relation::Table(_) | Relation::Foreign(_)) => {
                Err(wrong_object(&database, &name.name, "VIEW"))
            }
        }
    }

    /// Takes a table out of its database: into the recycle bin, or for good.
    pub fn remove_table(
        &mut self,
        database: &str,
        name: &str,
        force: bool,
    ) -> Result<(), SqlError> {
        let dropped = self.now;
        let database = self.database_mut(database)?;
        let database_id = database.id;
        let Some(mut table) = database.take_table(name) else {
            return Ok(());
        };
        for physical in table.partitions.physical_ids() {
            self.images.remove(&physical);
        }
        self.inactivate_dependents(table.id, &format!("base-table dropped: {name}"));
        if force {
            return self.store.drop(table.id);
        }
        // A second table of the same name makes the earlier one unrecoverable.
        self.erase_recycled(|recycled| {
            recycled.database_id == database_id && recycled.table.name == name
        })?;
        table.state = TableState::Normal;
        self.recycled.push(Recycled {
            database_id,
            table,
            dropped,
        });
        Ok(())
    }

    pub fn recover_table(
        &mut self,
        session: &Session,
        name: &ObjectName,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(name, session)?.to_owned();
        let id = self.databases[&database].id;
        if self.databases[&database].relations.contains_key(&name.name) {
            return Err(error::table_exists(&name.name));
        }
        let found = self
            .recycled
            .iter()
            .position(|recycled| recycled.database_id == id && recycled.table.name == name.name);
        let index = found.ok_or_else(|| {
            SqlError::new(5502, "42602", format!("Unknown table '{}'", name.name))
        })?;
        let recycled = self.recycled.remove(index);
        self.database_mut(&database)?.add_table(recycled.table);
        Ok(done())
    }

    /// Forgets what has lain in the bin longer than `catalog_trash_expire_second`.
    pub fn empty_recycle_bin(&mut self) -> Result<(), SqlError> {
        let limit = self.now - Duration::seconds(self.config_number("catalog_trash_expire_second"));
        self.erase_before(limit)?;
        self.erase_recycled(|recycled| recycled.dropped < limit)
    }

    pub(super) fn erase_recycled(
        &mut self,
        doomed: impl Fn(&Recycled) -> bool,
    ) -> Result<(), SqlError> {
        let (gone, kept): (Vec<Recycled>, Vec<Recycled>) = std::mem::take(&mut self.recycled)
            .into_iter()
            .partition(|recycled| doomed(recycled));
        self.recycled = kept;
        gone.iter()
            .try_for_each(|recycled| self.store.drop(recycled.table.id))
    }
}

/// ERR_WRONG_OBJECT (`sql/analyzer/DropStmtAnalyzer.java`)
fn wrong_object(database: &str, name: &str, wanted: &str) -> SqlError {
    error::analyzing_with(
        1347,
        "HY000",
        format!("'{database}'.'{name}' is not '{wanted}'"),
    )
}
