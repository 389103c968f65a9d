//! Changes of columns: the one way in which a table can become another, and itself again, without any version that moves.
//!
//! Each has a job in SHOW ALTER TABLE COLUMN, those that are done at once too (`alter/SchemaChangeHandler.java`, modifyTableAddOrDrop adds
//! one that is FINISHED). Ids of jobs only grow: they come from the one counter of the cluster.

use std::collections::BTreeSet;

use super::{FactsError, Frontend, query, sql};
use crate::names::{DatabaseName, TableName};

/// The id of the database's latest job; 0 where there was none.
pub(super) async fn latest(
    session: &dyn Frontend,
    database: &DatabaseName,
) -> Result<u64, FactsError> {
    let jobs = query(session, &sql::show_alters(database)).await?;
    let ids = jobs
        .rows()
        .map(|row| row.number("JobId"))
        .collect::<Result<Vec<u64>, _>>()?;
    Ok(ids.into_iter().max().unwrap_or(0))
}

/// The tables that later jobs are about.
pub(super) async fn since(
    session: &dyn Frontend,
    database: &DatabaseName,
    latest: u64,
) -> Result<BTreeSet<TableName>, FactsError> {
    let jobs = query(session, &sql::show_alters(database)).await?;
    let mut tables = BTreeSet::new();
    for row in jobs.rows() {
        if row.number::<u64>("JobId")? > latest {
            // A name that no statement can hold is not of our world.
            tables.extend(row.name("TableName"));
        }
    }
    Ok(tables)
}
