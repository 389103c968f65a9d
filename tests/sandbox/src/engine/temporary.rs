//! Session-temporary tables (`server/TemporaryTableMgr.java`): each belongs to one session, goes with it, and may be named like a table that
//! everybody sees.
//!
//! They are in no list of names, so that SHOW TABLES, information_schema.tables and BACKUP do not meet them; but partitions_meta and
//! tables_config walk over tables by id, and do. Modelled: their presence. Reading and loading them is refused.

use crate::answer::{Answer, SqlError};
use crate::ast::ObjectName;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::session::Session;
use crate::engine::table::Table;

#[derive(Debug, Clone)]
pub struct SessionTable {
    pub owner: (usize, u32),
    pub table: Table,
}

impl Cluster {
    pub(super) fn add_session_table(
        &mut self,
        session: &Session,
        database: &str,
        table: Table,
        if_not_exists: bool,
    ) -> Result<Answer, SqlError> {
        if self.has_session_table(session, database, &table.name) {
            return if if_not_exists {
                Ok(done())
            } else {
                // `CreateTableAnalyzer.analyzeTemporaryTable`
                Err(error::analyzing_with(
                    1050,
                    "42S01",
                    format!("Table '{}' already exists", table.name),
                ))
            };
        }
        self.store.create(&table)?;
        self.database_mut(database)?
            .session_tables
            .push(SessionTable {
                owner: owner(session),
                table,
            });
        Ok(done())
    }

    pub(super) fn has_session_table(&self, session: &Session, database: &str, name: &str) -> bool {
        self.databases.get(database).is_some_and(|database| {
            database
                .session_tables
                .iter()
                .any(|temporary| temporary.owner == owner(session) && temporary.table.name == name)
        })
    }

    /// A name that means a temporary table to this session does not reach the table of that name behind it.
    pub(super) fn refuse_session_table(
        &self,
        session: &Session,
        name: &ObjectName,
    ) -> Result<(), SqlError> {
        let database = name.database.as_deref().or(session.database.as_deref());
        if database.is_some_and(|database| self.has_session_table(session, database, &name.name)) {
            return Err(error::not_modelled(format!(
                "anything but DROP of the session-temporary table {}",
                name.name
            )));
        }
        Ok(())
    }

    /// DROP TABLE reaches the session's own table first.
    pub(super) fn drop_session_table(
        &mut self,
        session: &Session,
        database: &str,
        name: &str,
    ) -> Result<bool, SqlError> {
        let owner = owner(session);
        let tables = &mut self.database_mut(database)?.session_tables;
        let found = tables
            .iter()
            .position(|temporary| temporary.owner == owner && temporary.table.name == name);
        match found {
            Some(at) => {
                let id = tables.remove(at).table.id;
                self.store.drop(id)?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// The session has ended.
    pub(super) fn drop_session_tables(&mut self, session: &Session) -> Result<(), SqlError> {
        let owner = owner(session);
        let mut gone = Vec::new();
        for database in self.databases.values_mut() {
            database.session_tables.retain(|temporary| {
                if temporary.owner == owner {
                    gone.push(temporary.table.id);
                }
                temporary.owner != owner
            });
        }
        gone.into_iter().try_for_each(|id| self.store.drop(id))
    }
}

fn owner(session: &Session) -> (usize, u32) {
    (session.frontend, session.id)
}
