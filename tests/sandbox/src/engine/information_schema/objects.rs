//! materialized_views.

use rusqlite::types::Value;

use crate::engine::cluster::Cluster;
use crate::engine::information_schema::Row;
use crate::engine::session::Session;

pub fn materialized_views(cluster: &Cluster, session: &Session) -> Vec<Row> {
    cluster
        .databases
        .keys()
        .flat_map(|database| cluster.materialized_rows(session, database))
        .map(|row| {
            row.into_iter()
                .map(|cell| cell.map_or(Value::Null, Value::Text))
                .collect()
        })
        .collect()
}
