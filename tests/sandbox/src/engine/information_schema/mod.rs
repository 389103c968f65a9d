//! information_schema: tables of SQLite's temporary database, filled from the catalogue when a query names them.

mod catalogue;
mod definition;
mod objects;
mod only;
mod partitions_meta;
mod sys;

use rusqlite::params_from_iter;
use rusqlite::types::Value;

pub use definition::{TABLES, Table};
pub use only::{Only, Wanted, widen};
pub use partitions_meta::readable;
pub use sys::SYS_TABLES;

use crate::answer::SqlError;
use crate::engine::access::SYS;
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::session::Session;
use crate::engine::store::quote;

pub(crate) type Row = Vec<Value>;

/// The tables of a database that every cluster has; `None`: no such database.
pub fn tables_of(database: &str) -> Option<&'static [Table]> {
    if database.eq_ignore_ascii_case("information_schema") {
        Some(TABLES)
    } else if database.eq_ignore_ascii_case("sys") {
        Some(SYS_TABLES)
    } else {
        None
    }
}

/// Where a table stands in its database, in any case of letters: its id for grants.
pub fn position(database: &str, name: &str) -> Option<u64> {
    let tables = tables_of(database)?;
    let found = tables
        .iter()
        .position(|table| table.name.eq_ignore_ascii_case(name))?;
    u64::try_from(found).ok()
}

/// The name that stands there.
pub fn at(database: u64, position: u64) -> Option<&'static str> {
    let tables = if database == SYS { SYS_TABLES } else { TABLES };
    let table = tables.get(usize::try_from(position).ok()?)?;
    Some(table.name)
}

/// The table of that name, in any case of letters.
fn table(name: &str) -> Result<&'static Table, SqlError> {
    TABLES
        .iter()
        .chain(SYS_TABLES)
        .find(|table| table.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| error::unknown_table(&format!("information_schema.{name}")))
}

pub fn storage_name(table: &Table) -> String {
    format!("temp.is_{}", table.name)
}

/// Fills the tables a query names with what the session sees now.
pub fn fill(cluster: &mut Cluster, session: &Session, wanted: &Wanted) -> Result<(), SqlError> {
    for (name, only) in wanted {
        let table = table(name)?;
        let rows = rows(cluster, session, table, only)?;
        write(cluster, table, rows)?;
    }
    Ok(())
}

/// Rows beyond `only` may be among them.
fn rows(
    cluster: &mut Cluster,
    session: &Session,
    table: &Table,
    only: &Only,
) -> Result<Vec<Row>, SqlError> {
    match table.name {
        "partitions_meta" => partitions_meta::rows(cluster, session, only),
        "be_tablets" => partitions_meta::tablets(cluster, session),
        "schemata" => Ok(catalogue::schemata(cluster, session)),
        "tables" => catalogue::tables(cluster, session, only),
        "tables_config" => Ok(catalogue::tables_config(cluster, session, only)),
        "columns" => Ok(catalogue::columns(cluster, session, only)),
        "views" => Ok(catalogue::views(cluster, session)),
        "grants_to_roles" => Ok(cluster.grants_to_roles()),
        "grants_to_users" => Ok(cluster.grants_to_users()),
        "role_edges" => Ok(cluster.role_edges()),
        "load_tracking_logs" => Ok(catalogue::tracking(cluster)),
        "materialized_views" => Ok(objects::materialized_views(cluster, session)),
        "loads" => objects::loads(cluster, session),
        "routine_load_jobs" => Ok(objects::routine_load_jobs(cluster, session)),
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
