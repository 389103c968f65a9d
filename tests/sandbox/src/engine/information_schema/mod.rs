//! information_schema: tables of SQLite's temporary database, filled from the catalogue when a query names them.

mod catalogue;
mod definition;
mod objects;
mod partitions_meta;

use std::collections::BTreeSet;

use rusqlite::params_from_iter;
use rusqlite::types::Value;

pub use definition::{TABLES, Table};
pub use partitions_meta::readable;

use crate::answer::SqlError;
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::session::Session;
use crate::engine::store::quote;

pub(crate) type Row = Vec<Value>;

/// The table of that name, in any case of letters.
pub fn table(name: &str) -> Result<&'static Table, SqlError> {
    TABLES
        .iter()
        .find(|table| table.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| error::unknown_table(&format!("information_schema.{name}")))
}

pub fn storage_name(table: &Table) -> String {
    format!("temp.is_{}", table.name)
}

/// Fills the tables a query names with what the session sees now.
pub fn fill(
    cluster: &mut Cluster,
    session: &Session,
    names: &BTreeSet<&'static str>,
) -> Result<(), SqlError> {
    for name in names {
        let table = table(name)?;
        let rows = rows(cluster, session, table)?;
        write(cluster, table, rows)?;
    }
    Ok(())
}

fn rows(cluster: &mut Cluster, session: &Session, table: &Table) -> Result<Vec<Row>, SqlError> {
    match table.name {
        "partitions_meta" => partitions_meta::rows(cluster, session),
        "be_tablets" => partitions_meta::tablets(cluster),
        "schemata" => Ok(catalogue::schemata(cluster)),
        "tables" => catalogue::tables(cluster, session),
        "tables_config" => Ok(catalogue::tables_config(cluster)),
        "columns" => Ok(catalogue::columns(cluster)),
        "views" => Ok(catalogue::views(cluster)),
        "load_tracking_logs" => Ok(catalogue::tracking(cluster)),
        "materialized_views" => Ok(objects::materialized_views(cluster, session)),
        // `partitions` is empty by design (#48463).
        _ => Ok(Vec::new()),
    }
}

fn write(cluster: &Cluster, table: &Table, rows: Vec<Row>) -> Result<(), SqlError> {
    let name = storage_name(table);
    let columns: Vec<String> = table.columns.iter().map(|(name, _)| quote(name)).collect();
    let create = format!(
        "CREATE TABLE IF NOT EXISTS {name} ({}); DELETE FROM {name};",
        columns.join(", ")
    );
    cluster.store.batch(&create)?;
    let marks = vec!["?"; columns.len()].join(", ");
    let run = || {
        let mut statement = cluster
            .store
            .connection
            .prepare_cached(&format!("INSERT INTO {name} VALUES ({marks})"))?;
        for row in rows {
            statement.execute(params_from_iter(row))?;
        }
        Ok(())
    };
    cluster
        .store
        .atomically(|_| run().map_err(|fault: rusqlite::Error| error::storage(&fault)))
}

pub(crate) fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

pub(crate) fn number(value: impl TryInto<i64>) -> Value {
    Value::Integer(value.try_into().unwrap_or(i64::MAX))
}
