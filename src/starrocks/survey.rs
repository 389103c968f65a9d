//! The tables of all databases, one query for each table of the catalogue that tells of them.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{FactsError, unfit};
use super::{ResultSet, Row, RowError, Session, query, sql};
use crate::catalog::{ClusterTable, LeftOutReason};
use crate::names::QualifiedTable;

type Key<'a> = (&'a str, &'a str);

/// Without those of the cluster's own databases, and of `ops`.
pub async fn read_cluster_tables(session: &Session) -> Result<Vec<ClusterTable>, FactsError> {
    let session = session.as_ref();
    query(session, "SYNC").await?;
    let tables = query(session, &sql::all_tables()).await?;
    let views = query(session, &sql::all_materialized_views()).await?;
    let configs = query(session, &sql::all_tables_config()).await?;
    let temporary = query(session, &sql::temporary_partitions()).await?;
    Ok(assemble(&tables, &views, &configs, &temporary)?)
}

fn assemble(
    tables: &ResultSet,
    views: &ResultSet,
    configs: &ResultSet,
    temporary: &ResultSet,
) -> Result<Vec<ClusterTable>, RowError> {
    let mut names_of_views: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for row in views.rows() {
        if row.optional("REFRESH_TYPE") != Some("ROLLUP") {
            let names = names_of_views.entry(row.text("TABLE_SCHEMA")?).or_default();
            names.insert(row.text("TABLE_NAME")?.to_owned());
        }
    }
    let mut configs = by_table(configs, "TABLE_SCHEMA")?;
    let mut temporary = by_table(temporary, "DB_NAME")?;
    let none = BTreeSet::new();
    let mut found = Vec::new();
    for row in tables.rows() {
        // Names that no statement can hold stay outside our world.
        let (Ok(database), Ok(table)) = (row.name("TABLE_SCHEMA"), row.name("TABLE_NAME")) else {
            continue;
        };
        let key = (row.text("TABLE_SCHEMA")?, row.text("TABLE_NAME")?);
        let config = configs.remove(&key).unwrap_or_default();
        let parts = temporary.remove(&key).unwrap_or_default();
        let views = names_of_views.get(key.0).unwrap_or(&none);
        found.push(ClusterTable {
            table: QualifiedTable { database, table },
            unfit: if config.len() > 1 {
                Some(LeftOutReason::SharedName)
            } else {
                unfit(&row, views, config.first(), &parts)?
            },
        });
    }
    Ok(found)
}

fn by_table<'a>(
    set: &'a ResultSet,
    database: &'static str,
) -> Result<BTreeMap<Key<'a>, Vec<Row<'a>>>, RowError> {
    let mut grouped: BTreeMap<Key<'a>, Vec<Row<'a>>> = BTreeMap::new();
    for row in set.rows() {
        let key = (row.text(database)?, row.text("TABLE_NAME")?);
        grouped.entry(key).or_default().push(row);
    }
    Ok(grouped)
}
