//! materialized_views.

use rusqlite::types::Value;

use crate::engine::cluster::Cluster;
use crate::engine::information_schema::Row;
use crate::engine::session::Session;

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
