//! Generated columns, `AS (expression)`: computed when a row is loaded, and again when it is updated (`sql/analyzer/InsertAnalyzer.java`,
//! `UpdateAnalyzer.java`).

use rusqlite::params_from_iter;
use rusqlite::types::Value;
use sqlparser::ast as sql;

use crate::answer::SqlError;
use crate::ast::{CreateTable, KeysType, Statement};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::load::{Refusal, Target, fit_row};
use crate::engine::session::Session;
use crate::engine::store::{ROW_COLUMN, quote, storage_name};
use crate::engine::table::Table;
use crate::engine::translate::Translator;
use crate::release::Release;

/// What CREATE TABLE checks of them (`sql/analyzer/CreateTableAnalyzer.analyzeGeneratedColumn`).
pub fn check(statement: &CreateTable, keys: KeysType, key_count: usize) -> Result<(), SqlError> {
    let columns = &statement.columns;
    if columns.iter().all(|column| column.generated.is_none()) {
        return Ok(());
    }
    if keys == KeysType::Aggregate {
        return Err(error::analyzing(
            "Generated Column does not support AGG table",
        ));
    }
    let mut found = false;
    for (index, column) in columns.iter().enumerate() {
        match &column.generated {
            None if found => {
                return Err(error::analyzing(
                    "All generated columns must be defined after ordinary columns",
                ));
            }
            None => {}
            Some(_) if index < key_count => {
                return Err(error::analyzing(format!(
                    "Generated Column {} can not be KEY",
                    column.name
                )));
            }
            Some(_) => found = true,
        }
    }
    Ok(())
}

/// The table's generated columns in SQLite's words, over the other columns of its row.
fn expressions(
    cluster: &Cluster,
    session: &Session,
    table: &Table,
) -> Result<(Vec<usize>, Vec<String>), SqlError> {
    let ordinary: Vec<_> = table
        .columns
        .iter()
        .filter(|column| column.generated.is_none())
        .cloned()
        .collect();
    let mut bare = table.without_partitions();
    bare.columns = ordinary;
    let mut translator = Translator::over(cluster, session, &bare);
    let (mut columns, mut texts) = (Vec::new(), Vec::new());
    for (index, column) in table.columns.iter().enumerate() {
        let Some(text) = &column.generated else {
            continue;
        };
        columns.push(index);
        texts.push(translator.scalar(&read(text, cluster.release)?)?.0);
    }
    Ok((columns, texts))
}

fn read(text: &str, release: Release) -> Result<sql::Expr, SqlError> {
    if let Ok(Statement::Query(query)) = crate::parser::parse(&format!("SELECT {text}"), release)
        && let sql::SetExpr::Select(select) = *query.body
        && let [sql::SelectItem::UnnamedExpr(expression)] = select.projection.as_slice()
    {
        return Ok(expression.clone());
    }
    Err(error::analyzing(format!(
        "Invalid generated column: {text}"
    )))
}

impl Cluster {
    /// That every expression can be computed over the other columns.
    pub fn check_generated(&self, session: &Session, table: &Table) -> Result<(), SqlError> {
        expressions(self, session, table).map(|_| ())
    }

    /// Fills in the generated columns of rows that are to be loaded.
    pub fn generate(
        &self,
        session: &Session,
        target: &Target,
        rows: &mut [Vec<Value>],
    ) -> Result<(), Refusal> {
        let table = self.table_at(target)?;
        if table
            .columns
            .iter()
            .all(|column| column.generated.is_none())
        {
            return Ok(());
        }
        let (columns, texts) = expressions(self, session, table)?;
        let given: Vec<usize> = (0..table.columns.len())
            .filter(|index| table.columns[*index].generated.is_none())
            .collect();
        let inner: Vec<String> = given
            .iter()
            .map(|index| format!("? AS {}", quote(&table.columns[*index].name)))
            .collect();
        let query = format!(
            "SELECT {} FROM (SELECT {}) AS {}",
            texts.join(", "),
            inner.join(", "),
            quote(&table.name)
        );
        for row in rows {
            let values = self.computed(
                &query,
                given.iter().map(|index| &row[*index]),
                columns.len(),
            )?;
            for (index, value) in columns.iter().zip(values) {
                row[*index] = value;
            }
            fit_row(row, &table.columns)?;
        }
        Ok(())
    }

    /// Computes the generated columns of stored rows again.
    pub fn regenerate(
        &self,
        session: &Session,
        target: &Target,
        rows: impl Iterator<Item = Value>,
    ) -> Result<(), Refusal> {
        let table = self.table_at(target)?;
        if table
            .columns
            .iter()
            .all(|column| column.generated.is_none())
        {
            return Ok(());
        }
        let (columns, texts) = expressions(self, session, table)?;
        let definitions: Vec<_> = columns
            .iter()
            .map(|index| table.columns[*index].clone())
            .collect();
        let sets: Vec<String> = definitions
            .iter()
            .map(|column| format!("{} = ?", quote(&column.name)))
            .collect();
        let storage = storage_name(table.id);
        let query = format!(
            "SELECT {} FROM {storage} AS {} WHERE {ROW_COLUMN} = ?",
            texts.join(", "),
            quote(&table.name)
        );
        let update = format!(
            "UPDATE {storage} SET {} WHERE {ROW_COLUMN} = ?",
            sets.join(", ")
        );
        for id in rows {
            let mut values = self.computed(&query, std::iter::once(&id), columns.len())?;
            fit_row(&mut values, &definitions)?;
            self.store
                .connection
                .execute(&update, params_from_iter(values.iter().chain([&id])))
                .map_err(|fault| error::storage(&fault))?;
        }
        Ok(())
    }

    fn computed<'v>(
        &self,
        query: &str,
        parameters: impl Iterator<Item = &'v Value>,
        width: usize,
    ) -> Result<Vec<Value>, SqlError> {
        let run = || {
            let mut statement = self.store.connection.prepare_cached(query)?;
            statement.query_row(params_from_iter(parameters), |row| {
                (0..width).map(|index| row.get(index)).collect()
            })
        };
        run().map_err(|fault: rusqlite::Error| error::storage(&fault))
    }
}
