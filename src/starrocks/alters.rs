//! Changes of columns: the one way in which a table can become another, and itself again, without any version that moves.
//!
//! Each has a job in SHOW ALTER TABLE COLUMN, those that are done at once too (`alter/SchemaChangeHandler.java`, modifyTableAddOrDrop adds
//! one that is FINISHED). Ids of jobs only grow: they come from the one counter of the cluster.

use std::collections::BTreeSet;

use super::{FactsError, Frontend, query, sql};
use crate::catalog::ColumnChanges;
use crate::names::{DatabaseName, TableName};

/// Those that the cluster still knows.
pub(super) async fn known(
    session: &dyn Frontend,
    database: &DatabaseName,
) -> Result<ColumnChanges, FactsError> {
    let jobs = query(session, &sql::show_alters(database)).await?;
    let mut changes = ColumnChanges::default();
    for row in jobs.rows() {
        let id = row.number("JobId")?;
        changes.latest = changes.latest.max(id);
        // A name that no statement can hold is not of our world.
        if let Ok(table) = row.name("TableName") {
            let latest = changes.tables.entry(table).or_default();
            *latest = (*latest).max(id);
        }
    }
    Ok(changes)
}

/// The tables that later jobs are about.
pub(super) async fn since(
    session: &dyn Frontend,
    database: &DatabaseName,
    latest: u64,
) -> Result<BTreeSet<TableName>, FactsError> {
    let changes = known(session, database).await?;
    let tables = changes.tables.into_iter();
    Ok(tables
        .filter(|(_, id)| *id > latest)
        .map(|(table, _)| table)
        .collect())
}
