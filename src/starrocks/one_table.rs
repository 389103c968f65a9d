//! One table read by itself: what a restore asks again and again, without reading the whole database each time.

use std::collections::BTreeMap;

use super::facts::{assemble, column, physical_partition};
use super::{FactsError, Session, StatementError, query, sql};
use crate::catalog::{ColumnFacts, Fingerprint, PhysicalPartition, TableFacts};
use crate::names::{DatabaseName, PartitionName, TableName};

/// `None`: there is none of that name, or it is not one that BACKUP could take.
pub async fn read_table(
    session: &Session,
    database: &DatabaseName,
    table: &TableName,
) -> Result<Option<TableFacts>, FactsError> {
    let session = session.as_ref();
    let of_table = async |statement: String| {
        let statement = sql::of_table(&statement, table);
        query(session, &statement).await
    };
    // A frontend that is behind would show partitions as they were.
    query(session, "SYNC").await?;
    let tables = of_table(sql::tables(database)).await?;
    let views = of_table(sql::materialized_views(database)).await?;
    let configs = of_table(sql::tables_config(database)).await?;
    let columns = of_table(sql::columns(database)).await?;
    let partitions = of_table(sql::partitions(database)).await?;
    let mut facts = assemble(database, &tables, &views, &configs, &columns, &partitions)?;
    Ok(facts.tables.remove(table))
}

/// The ids of those of these tables that there are.
///
/// After SYNC: a frontend that is behind would tell ids from before a swap, and lead to a second one.
pub async fn read_ids(
    session: &Session,
    database: &DatabaseName,
    tables: &[&TableName],
) -> Result<BTreeMap<TableName, u64>, StatementError> {
    query(session.as_ref(), "SYNC").await?;
    let set = query(session.as_ref(), &sql::table_ids(database, tables)).await?;
    let ids = set.rows().filter_map(|row| {
        Some((
            row.name("TABLE_NAME").ok()?,
            row.optional_number("TABLE_ID").ok()??,
        ))
    });
    Ok(ids.collect())
}

/// The columns of one table, in their order; also of one that has temporary partitions.
pub async fn read_columns(
    session: &Session,
    database: &DatabaseName,
    table: &TableName,
) -> Result<Vec<ColumnFacts>, FactsError> {
    let statement = sql::of_table(&sql::columns(database), table);
    let set = query(session.as_ref(), &statement).await?;
    let mut columns = Vec::new();
    for row in set.rows() {
        columns.push((row.number::<u32>("ORDINAL_POSITION")?, column(&row)?));
    }
    columns.sort_by_key(|(place, _)| *place);
    Ok(columns.into_iter().map(|(_, column)| column).collect())
}

/// The partitions of one table.
#[derive(Debug, Default)]
pub struct TableParts {
    pub formal: BTreeMap<PartitionName, Fingerprint>,
    pub temporary: BTreeMap<PartitionName, Fingerprint>,
}

/// After SYNC, as for a database.
pub async fn read_parts(
    session: &Session,
    database: &DatabaseName,
    table: &TableName,
) -> Result<TableParts, FactsError> {
    query(session.as_ref(), "SYNC").await?;
    let statement = sql::of_table(&sql::fingerprints(database), table);
    let set = query(session.as_ref(), &statement).await?;
    let mut formal: BTreeMap<PartitionName, Vec<PhysicalPartition>> = BTreeMap::new();
    let mut temporary = formal.clone();
    for row in set.rows() {
        // A name that no statement can hold is not of our world.
        let Ok(name) = row.name("PARTITION_NAME") else {
            continue;
        };
        let parts = if row.boolean("IS_TEMP")? {
            &mut temporary
        } else {
            &mut formal
        };
        parts
            .entry(name)
            .or_default()
            .push(physical_partition(&row)?);
    }
    let whole = |parts: BTreeMap<PartitionName, Vec<PhysicalPartition>>| {
        let named = parts.into_iter();
        named
            .map(|(name, parts)| (name, Fingerprint::new(parts)))
            .collect()
    };
    Ok(TableParts {
        formal: whole(formal),
        temporary: whole(temporary),
    })
}
