//! materialized_views, loads, routine_load_jobs.

use rusqlite::types::Value;

use crate::answer::SqlError;
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::information_schema::{Row, number, text};
use crate::engine::session::Session;
use crate::engine::transactions::{Transaction, TransactionStatus};

pub fn materialized_views(cluster: &Cluster, session: &Session) -> Vec<Row> {
    let holder = cluster.catalogue_holder(session);
    cluster
        .databases
        .values()
        .filter(|database| holder.sees_database(database.id))
        .flat_map(|database| cluster.materialized_rows(session, &database.name, &holder))
        .map(|row| {
            row.into_iter()
                .map(|cell| cell.map_or(Value::Null, Value::Text))
                .collect()
        })
        .collect()
}

/// The loads of INSERT, UPDATE and DELETE, running and ended (`load/loadv2/LoadJob.toThrift`). A table that is gone has no name.
pub fn loads(cluster: &Cluster, session: &Session) -> Result<Vec<Row>, SqlError> {
    if !cluster.release.tells_tables_of_loads() {
        return Err(error::not_modelled("information_schema.loads before 3.4"));
    }
    let transactions = &cluster.transactions;
    Ok(transactions
        .running
        .iter()
        .chain(&transactions.finished)
        .map(|transaction| load_row(cluster, session, transaction))
        .collect())
}

fn load_row(cluster: &Cluster, session: &Session, load: &Transaction) -> Row {
    let time =
        |moment: Option<_>| moment.map_or(Value::Null, |moment| text(session.zone.show(moment)));
    let (state, progress) = match load.status {
        TransactionStatus::Prepare => ("LOADING", "ETL:100%; LOAD:0%"),
        TransactionStatus::Committed => ("PREPARED", "ETL:100%; LOAD:100%"),
        TransactionStatus::Visible => ("FINISHED", "ETL:100%; LOAD:100%"),
        TransactionStatus::Aborted => ("CANCELLED", "ETL:N/A; LOAD:N/A"),
    };
    let database = cluster.database_by_id(load.database_id);
    let table = cluster.table_name_by_id(load.database_id, load.table_id);
    vec![
        number(load.id),
        text(&load.label),
        text(""),
        text(database.map_or("", |database| &database.name)),
        text(table.unwrap_or_default()),
        text(&load.user),
        text(""),
        text(state),
        text(progress),
        text("INSERT"),
        text("NORMAL"),
        number(load.count),
        number(0),
        number(0),
        number(0),
        number(load.count),
        text("{}"),
        time(Some(load.begun)),
        time(Some(load.begun)),
        time(load.committed),
        time(load.finished),
        text("{}"),
        text(&load.reason),
        Value::Null,
        Value::Null,
        number(load.id),
    ]
}

pub fn routine_load_jobs(cluster: &Cluster, session: &Session) -> Vec<Row> {
    let row = |job| {
        let mut cells = cluster.routine_load_row(session, job);
        // TimestampProgress stands after Progress in SHOW, and last here.
        let progress = cells.remove(15);
        cells.push(progress);
        cells
            .into_iter()
            .map(|cell| cell.map_or(Value::Null, Value::Text))
            .collect()
    };
    cluster.routine_loads.iter().map(row).collect()
}
