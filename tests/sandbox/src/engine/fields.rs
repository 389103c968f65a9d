//! The columns of a table for COM_FIELD_LIST (`qe/ConnectProcessor.handleFieldList`): what command-line clients ask of every table, to complete
//! names.

use crate::answer::{Answer, Column, SqlError};
use crate::ast::{DefaultValue, Statement};
use crate::engine::cluster::Cluster;
use crate::engine::sandbox::Sandbox;
use crate::engine::session::Session;
use crate::engine::store::quote;
use crate::wire::Field;

impl Sandbox {
    pub(super) fn table_fields(
        &self,
        session: &Session,
        table: &str,
    ) -> Result<Vec<Field>, SqlError> {
        if table.is_empty() {
            return Err(SqlError::plain("Empty tableName"));
        }
        let database = session.database.clone().unwrap_or_default();
        let sql = format!(
            "SELECT * FROM {}.{} LIMIT 0",
            quote(&database),
            quote(table)
        );
        let statement = self.parsed(&sql)?;
        let Statement::Query(query) = &*statement else {
            return Err(unknown(table));
        };
        let mut state = self.lock();
        state.look_at_clock();
        state.serve_as(session.frontend);
        state.locally(|cluster| fields(cluster, session, (&database, table), query))
    }
}

fn unknown(table: &str) -> SqlError {
    SqlError::plain(format!("Unknown table({table})"))
}

fn fields(
    cluster: &mut Cluster,
    session: &Session,
    (database, table): (&str, &str),
    query: &sqlparser::ast::Query,
) -> Result<Vec<Field>, SqlError> {
    if !matches!(database, "information_schema" | "sys") {
        let known = cluster.databases.get(database);
        let known =
            known.ok_or_else(|| SqlError::plain(format!("Unknown database({database})")))?;
        if !known.relations.contains_key(table) {
            return Err(unknown(table));
        }
    }
    let Answer::Rows(set) = cluster.select(session, query)? else {
        return Err(unknown(table));
    };
    let field = |column: Column| Field {
        default: default_of(cluster, (database, table), &column.name),
        database: database.to_owned(),
        table: table.to_owned(),
        column,
    };
    Ok(set.columns.into_iter().map(field).collect())
}

/// Only literals: `Column.getDefaultValue` knows no others.
fn default_of(cluster: &Cluster, (database, table): (&str, &str), column: &str) -> String {
    let table = cluster
        .databases
        .get(database)
        .and_then(|database| database.table(table));
    let definition = table.and_then(|table| Some(&table.columns[table.column(column)?]));
    match definition.and_then(|definition| definition.default.as_ref()) {
        Some(DefaultValue::Text(text)) => text.clone(),
        _ => String::new(),
    }
}
