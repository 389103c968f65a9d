//! CREATE TABLE … AS SELECT (`sql/analyzer/CTASAnalyzer.java`): the table, then an INSERT; without the rows there is no table.

use sqlparser::ast as sql;

use crate::answer::{Answer, SqlError};
use crate::ast::{CreateTable, Insert, InsertSource, ObjectName};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::session::Session;
use crate::engine::translate::Translator;

impl Cluster {
    pub fn create_table_as(
        &mut self,
        session: &Session,
        table: &CreateTable,
        names: &[String],
        query: &sql::Query,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(&table.name, session)?.to_owned();
        let name = table.name.name.clone();
        let translated = Translator::new(self, session).query(query)?;
        self.check_reads(session, &translated.reads)?;
        let mut columns = self.output_columns(&translated);
        if !names.is_empty() && names.len() != columns.len() {
            return Err(error::analyzing(format!(
                "Number of select columns [{}] don't equal query statement's columns [{}]",
                names.len(),
                columns.len()
            )));
        }
        for (column, name) in columns.iter_mut().zip(names) {
            column.name.clone_from(name);
        }
        if self.databases[&database].relations.contains_key(&name) {
            return if table.if_not_exists {
                Ok(done())
            } else {
                Err(error::table_exists(&name))
            };
        }
        let full = ObjectName {
            database: Some(database.clone()),
            name: name.clone(),
        };
        let statement = CreateTable {
            name: full.clone(),
            columns,
            ..table.clone()
        };
        self.create_table(session, &statement)?;
        let insert = Insert {
            table: full,
            overwrite: false,
            temporary_partitions: false,
            partitions: Vec::new(),
            label: None,
            columns: Vec::new(),
            source: InsertSource::Query(Box::new(query.clone())),
        };
        let answer = self.insert(session, &insert);
        if answer.is_err() {
            self.remove_table(&database, &name, true)?;
        }
        answer
    }
}
