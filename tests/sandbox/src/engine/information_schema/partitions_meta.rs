//! One row per physical partition (`service/InformationSchemaDataSource.java`), and the tablets behind them.

use std::collections::HashMap;

use rusqlite::types::Value;

use crate::answer::SqlError;
use crate::engine::cluster::Cluster;
use crate::engine::information_schema::{Only, Row, number, text};
use crate::engine::partition::{Partition, PhysicalPartition};
use crate::engine::session::Session;
use crate::engine::store::Size;
use crate::engine::table::Table;

pub fn rows(cluster: &Cluster, session: &Session, only: &Only) -> Result<Vec<Row>, SqlError> {
    let mut rows = Vec::new();
    let in_bytes = cluster.release.tells_storage_sizes();
    let holder = cluster.catalogue_holder(session);
    let databases = cluster.databases.values();
    for database in databases.filter(|database| only.has_database(&database.name)) {
        let seen =
            |table: &&Table| only.has_table(&table.name) && holder.sees_table(database.id, table);
        for table in database.all_tables().filter(seen) {
            let sizes = cluster.store.sizes(table)?;
            for (partitions, temporary) in [
                (&table.partitions, false),
                (&table.temporary_partitions, true),
            ] {
                for partition in partitions.iter() {
                    for physical in &partition.physical {
                        let mut row = row(
                            session,
                            &database.name,
                            table,
                            (partition, temporary),
                            physical,
                            &sizes,
                        );
                        if in_bytes {
                            // DATA_SIZE as STORAGE_SIZE.
                            row[21] = row[28].clone();
                        }
                        rows.push(row);
                    }
                }
            }
        }
    }
    Ok(rows)
}

fn row(
    session: &Session,
    database: &str,
    table: &Table,
    (partition, temporary): (&Partition, bool),
    physical: &PhysicalPartition,
    sizes: &HashMap<u64, Size>,
) -> Row {
    let size = sizes.get(&physical.id).copied().unwrap_or_default();
    vec![
        text(database),
        text(&table.name),
        text(&partition.name),
        number(physical.id),
        number(0),
        number(physical.visible_version),
        text(session.zone.show(physical.visible_time)),
        number(physical.next_version),
        number(physical.visible_version),
        number(physical.visible_version),
        text("TXN_NORMAL"),
        text(crate::engine::show::partition_key(table)),
        text(table.partition_value(partition)),
        text(crate::engine::show::distribution_key(table)),
        number(partition.buckets),
        number(partition.replication_num),
        text(&partition.storage_medium),
        text("9999-12-31 23:59:59"),
        Value::Null,
        number(0),
        number(i64::from(temporary)),
        text(readable(size.bytes)),
        number(size.rows),
        number(0),
        Value::Real(0.0),
        Value::Real(0.0),
        Value::Real(0.0),
        text(""),
        number(size.bytes),
        number(1),
        number(0),
    ]
}

/// `1.2KB`: one decimal, binary units, no blank (`common/util/DebugUtil.getByteUint` through `ByteSizeValue`).
pub fn readable(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    #[expect(clippy::cast_precision_loss, reason = "one decimal is printed")]
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes}B")
    } else {
        format!("{size:.1}{}", UNITS[unit])
    }
}

/// One row per replica of each tablet; the first tablet of a partition holds its rows.
pub fn tablets(cluster: &Cluster, session: &Session) -> Result<Vec<Row>, SqlError> {
    let mut rows = Vec::new();
    let holder = cluster.catalogue_holder(session);
    let tables = cluster
        .databases
        .values()
        .flat_map(|database| database.tables().map(move |table| (database.id, table)));
    for (_, table) in tables.filter(|(database, table)| holder.sees_table(*database, table)) {
        let sizes = cluster.store.sizes(table)?;
        for partition in table
            .partitions
            .iter()
            .chain(table.temporary_partitions.iter())
        {
            for physical in &partition.physical {
                for (index, tablet) in physical.tablets.iter().enumerate() {
                    let size = if index == 0 {
                        sizes.get(&physical.id).copied().unwrap_or_default()
                    } else {
                        Size::default()
                    };
                    for backend in cluster
                        .backends
                        .iter()
                        .take(partition.replication_num as usize)
                    {
                        rows.push(tablet_row(backend.id, table.id, physical, *tablet, size));
                    }
                }
            }
        }
    }
    Ok(rows)
}

fn tablet_row(
    backend: u64,
    table: u64,
    physical: &PhysicalPartition,
    tablet: u64,
    size: Size,
) -> Row {
    vec![
        number(backend),
        number(table),
        number(physical.id),
        number(tablet),
        number(physical.visible_version),
        number(physical.visible_version),
        number(1),
        number(1),
        number(size.rows),
        number(size.bytes),
        number(0),
        number(physical.visible_time.timestamp()),
        text("RUNNING"),
        text("DUP_KEYS"),
        text("/data/starrocks/storage"),
        number(0),
        number(0),
        number(0),
        text("HDD"),
        number(1),
    ]
}
