//! A database read in one sitting: six queries whatever the number of tables and partitions.
//!
//! Facts relied on: one row of `partitions_meta` per physical partition, with temporary and hidden ones among them
//! (`service/InformationSchemaDataSource.java`); `tables_config.TABLE_ENGINE` is the table's type, empty for what is not OLAP
//! (same file, genNormalTableConfigInfo); its PARTITION_KEY is filled for RANGE only, so it cannot tell that a table is unpartitioned.
//! Both walk over tables by id, session-temporary ones too (`catalog/Database.java`, getTables), so that a name may stand there twice; only
//! `tables_config` tells the two apart. `materialized_views` lists the rollups of tables too, as REFRESH_TYPE ROLLUP
//! (`qe/ShowExecutor.java`): their names are no names of tables.

use std::collections::{BTreeMap, BTreeSet};

use md5::{Digest, Md5};

use super::alters;
use super::rows::is_hidden;
use super::{ResultSet, Row, RowError, Session, StatementError, query, sql};
use crate::catalog::{
    ColumnChanges, ColumnFacts, DatabaseFacts, Fingerprint, LeftOut, LeftOutReason, PartitionFacts,
    Partitioning, PhysicalPartition, SchemaFingerprint, TableFacts, TableLook,
};
use crate::names::{DatabaseName, PartitionName, TableName};

/// Why the catalogue could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error("the cluster's answer cannot be read: {0}")]
    Row(#[from] RowError),
    #[error("database `{0}` does not exist")]
    NoDatabase(DatabaseName),
}

/// Everything planning needs to know of a database.
pub async fn read_database(
    session: &Session,
    database: &DatabaseName,
) -> Result<DatabaseFacts, FactsError> {
    let session = session.as_ref();
    // A frontend that is behind would show partitions as they were.
    query(session, "SYNC").await?;
    let tables = query(session, &sql::tables(database)).await?;
    if tables.is_empty() {
        prove_database(session, database).await?;
    }
    // Before the columns: what changes them after this is seen by the second look.
    let changes = alters::known(session, database).await?;
    let views = query(session, &sql::materialized_views(database)).await?;
    let configs = query(session, &sql::tables_config(database)).await?;
    let columns = query(session, &sql::columns(database)).await?;
    let partitions = query(session, &sql::partitions(database)).await?;
    let facts = assemble(database, &tables, &views, &configs, &columns, &partitions)?;
    Ok(DatabaseFacts { changes, ..facts })
}

/// An empty database and a missing one look alike in `information_schema`.
async fn prove_database(
    session: &dyn super::Frontend,
    database: &DatabaseName,
) -> Result<(), FactsError> {
    if database_exists(session, database).await? {
        return Ok(());
    }
    Err(FactsError::NoDatabase(database.clone()))
}

/// Asked before CREATE DATABASE is sent: that needs its privilege also where IF NOT EXISTS finds the database (`sql/analyzer/AuthorizerStmtVisitor.java`,
/// visitCreateDbStatement), and brd has it only where it is to bring back databases that are gone.
pub async fn database_exists(
    session: &dyn super::Frontend,
    database: &DatabaseName,
) -> Result<bool, StatementError> {
    match query(session, &format!("SHOW TABLES FROM `{database}`")).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_unknown_database() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Ids and fingerprints only: what is compared with the first look once the snapshot is taken. `latest_alter`: of the first look; a table
/// whose columns changed since has a schema that is like no other.
pub async fn read_second_look(
    session: &Session,
    database: &DatabaseName,
    latest_alter: u64,
) -> Result<BTreeMap<TableName, TableLook>, FactsError> {
    query(session.as_ref(), "SYNC").await?;
    let session = session.as_ref();
    let configs = query(session, &sql::tables_config(database)).await?;
    let columns = query(session, &sql::columns(database)).await?;
    let partitions = query(session, &sql::fingerprints(database)).await?;
    let mut columns = by_table(&columns)?;
    let mut partitions = physical(&partitions)?;
    let shared = shared_names(&configs)?;
    let mut looked = BTreeMap::new();
    for row in configs.rows() {
        // As in the first look: not of our world.
        let Ok(name) = row.name::<TableName>("TABLE_NAME") else {
            continue;
        };
        // Nobody can tell which partitions are whose: such a table has not been seen to stand still.
        if shared.contains(name.as_str()) {
            continue;
        }
        let columns = in_order(&columns.remove(name.as_str()).unwrap_or_default());
        let parts = partitions.remove(&name).unwrap_or_default().into_iter();
        let look = TableLook {
            id: row.optional_number("TABLE_ID")?.unwrap_or(0),
            schema: schema_fingerprint(&row, &columns),
            partitions: parts
                .map(|(name, rows)| (name, Fingerprint::new(rows)))
                .collect(),
        };
        looked.insert(name, look);
    }
    for table in alters::since(session, database, latest_alter).await? {
        if let Some(look) = looked.get_mut(&table) {
            look.schema = SchemaFingerprint("altered meanwhile".to_owned());
        }
    }
    Ok(looked)
}

pub(super) fn assemble(
    database: &DatabaseName,
    tables: &ResultSet,
    views: &ResultSet,
    configs: &ResultSet,
    columns: &ResultSet,
    partitions: &ResultSet,
) -> Result<DatabaseFacts, RowError> {
    let views = views
        .rows()
        .filter(|row| row.optional("REFRESH_TYPE") != Some("ROLLUP"))
        .map(|row| row.text("TABLE_NAME").map(str::to_owned))
        .collect::<Result<BTreeSet<_>, _>>()?;
    let shared = shared_names(configs)?;
    let mut configs = by_table(configs)?;
    let names = tables.rows().map(|row| row.text("TABLE_NAME"));
    let names = names.collect::<Result<BTreeSet<_>, _>>()?;
    let seen = names.iter().chain(configs.keys());
    let seen = seen.filter_map(|name| name.parse().ok()).collect(); // no error: no statement can hold it
    let mut columns = by_table(columns)?;
    let mut partitions = by_table(partitions)?;
    let mut facts = DatabaseFacts {
        name: database.clone(),
        tables: BTreeMap::new(),
        left_out: Vec::new(),
        seen,
        changes: ColumnChanges::default(),
    };
    for row in tables.rows() {
        // A name with a backtick cannot be written in any statement: such a table stays outside our world.
        let Ok(name) = row.name::<TableName>("TABLE_NAME") else {
            continue;
        };
        let config = configs
            .remove(name.as_str())
            .and_then(|rows| rows.into_iter().next());
        let parts = partitions.remove(name.as_str()).unwrap_or_default();
        let unfit = if shared.contains(name.as_str()) {
            Some(LeftOutReason::SharedName)
        } else {
            unfit(&row, &views, config.as_ref(), &parts)?
        };
        match unfit {
            Some(reason) => facts.left_out.push(LeftOut {
                table: name,
                reason,
            }),
            None => {
                let config = config.expect("unfit() reports a table without its configuration");
                let columns = columns.remove(name.as_str()).unwrap_or_default();
                facts
                    .tables
                    .insert(name.clone(), table(name, &config, &columns, &parts)?);
            }
        }
    }
    Ok(facts)
}

/// Names that more than one table has: all but one are session-temporary.
fn shared_names(configs: &ResultSet) -> Result<BTreeSet<&str>, RowError> {
    let names = by_table(configs)?.into_iter();
    Ok(names
        .filter(|(_, rows)| rows.len() > 1)
        .map(|(name, _)| name)
        .collect())
}

fn by_table(set: &ResultSet) -> Result<BTreeMap<&str, Vec<Row<'_>>>, RowError> {
    let mut grouped: BTreeMap<&str, Vec<Row<'_>>> = BTreeMap::new();
    for row in set.rows() {
        grouped
            .entry(row.text("TABLE_NAME")?)
            .or_default()
            .push(row);
    }
    Ok(grouped)
}

pub(super) fn unfit(
    row: &Row<'_>,
    views: &BTreeSet<String>,
    config: Option<&Row<'_>>,
    parts: &[Row<'_>],
) -> Result<Option<LeftOutReason>, RowError> {
    if views.contains(row.text("TABLE_NAME")?) {
        return Ok(Some(LeftOutReason::MaterializedView));
    }
    if row
        .optional("TABLE_TYPE")
        .is_some_and(|kind| kind.contains("VIEW"))
    {
        return Ok(Some(LeftOutReason::View));
    }
    let Some(config) = config else {
        return Ok(Some(LeftOutReason::Unreadable));
    };
    match config.optional("TABLE_ENGINE").unwrap_or_default() {
        "OLAP" => {}
        "MATERIALIZED_VIEW" | "LAKE_MATERIALIZED_VIEW" | "CLOUD_NATIVE_MATERIALIZED_VIEW" => {
            return Ok(Some(LeftOutReason::MaterializedView));
        }
        "" => {
            return Ok(Some(LeftOutReason::NotOlap(
                row.optional("ENGINE").unwrap_or("unknown").to_owned(),
            )));
        }
        other => return Ok(Some(LeftOutReason::NotOlap(other.to_owned()))),
    }
    for part in parts {
        if part.boolean("IS_TEMP")? {
            return Ok(Some(LeftOutReason::TemporaryPartitions));
        }
    }
    Ok(None)
}

fn table(
    name: TableName,
    config: &Row<'_>,
    columns: &[Row<'_>],
    parts: &[Row<'_>],
) -> Result<TableFacts, RowError> {
    let columns = in_order(columns);
    let automatic = parts
        .iter()
        .any(|row| row.text("PARTITION_NAME").is_ok_and(is_hidden));
    Ok(TableFacts {
        id: config.number("TABLE_ID")?,
        schema: schema_fingerprint(config, &columns),
        columns: columns.iter().map(column).collect::<Result<_, _>>()?,
        counts: false,
        partitioning: partitioning(&name, automatic, parts)?,
        partitions: partition_facts(parts)?,
        replication_num: replication_num(parts)?,
        name,
    })
}

fn in_order<'a>(columns: &[Row<'a>]) -> Vec<Row<'a>> {
    let mut columns = columns.to_vec();
    columns.sort_by_key(|row| row.number::<u64>("ORDINAL_POSITION").unwrap_or(u64::MAX));
    columns
}

pub(super) fn column(row: &Row<'_>) -> Result<ColumnFacts, RowError> {
    Ok(ColumnFacts {
        name: row.text("COLUMN_NAME")?.to_owned(),
        kind: row
            .optional("COLUMN_TYPE")
            .unwrap_or_default()
            .to_ascii_lowercase(),
        nullable: row
            .optional("IS_NULLABLE")
            .is_none_or(|word| !word.eq_ignore_ascii_case("NO")),
        generated: row
            .optional("GENERATION_EXPRESSION")
            .is_some_and(|text| !text.is_empty() && text != "NULL"),
    })
}

/// An unpartitioned table's one partition has the table's name and no key.
fn partitioning(
    name: &TableName,
    automatic: bool,
    parts: &[Row<'_>],
) -> Result<Partitioning, RowError> {
    if automatic {
        return Ok(Partitioning::Automatic);
    }
    for row in parts {
        if row.text("PARTITION_NAME")? != name.as_str()
            || row
                .optional("PARTITION_KEY")
                .is_some_and(|key| !key.trim().is_empty())
        {
            return Ok(Partitioning::Partitioned);
        }
    }
    // No partition at all: partitioned, and all of them dropped.
    Ok(if parts.is_empty() {
        Partitioning::Partitioned
    } else {
        Partitioning::Unpartitioned
    })
}

fn replication_num(parts: &[Row<'_>]) -> Result<u32, RowError> {
    let numbers = parts
        .iter()
        .map(|row| row.number::<u32>("REPLICATION_NUM"))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(numbers.into_iter().max().unwrap_or(3))
}

fn partition_facts(parts: &[Row<'_>]) -> Result<BTreeMap<PartitionName, PartitionFacts>, RowError> {
    let mut facts: BTreeMap<PartitionName, (Vec<PhysicalPartition>, u64, u64)> = BTreeMap::new();
    for row in parts
        .iter()
        .filter(|row| !row.text("PARTITION_NAME").is_ok_and(is_hidden))
    {
        let (physical, rows, bytes) = facts.entry(row.name("PARTITION_NAME")?).or_default();
        physical.push(physical_partition(row)?);
        *rows += row.optional_number::<u64>("ROW_COUNT")?.unwrap_or(0);
        *bytes += row.optional("DATA_SIZE").map_or(0, data_bytes);
    }
    let finish = |(name, (physical, rows, bytes)): (PartitionName, _)| {
        (
            name.clone(),
            PartitionFacts {
                name,
                fingerprint: Fingerprint::new(physical),
                rows,
                data_bytes: bytes,
            },
        )
    };
    Ok(facts.into_iter().map(finish).collect())
}

type Physical = BTreeMap<TableName, BTreeMap<PartitionName, Vec<PhysicalPartition>>>;

fn physical(partitions: &ResultSet) -> Result<Physical, RowError> {
    let mut grouped = Physical::new();
    for row in partitions.rows() {
        let name = row.text("PARTITION_NAME")?;
        let Ok(table) = row.name::<TableName>("TABLE_NAME") else {
            continue;
        };
        if is_hidden(name) || row.boolean("IS_TEMP")? {
            continue;
        }
        let parts = grouped
            .entry(table)
            .or_default()
            .entry(row.name("PARTITION_NAME")?)
            .or_default();
        parts.push(physical_partition(&row)?);
    }
    Ok(grouped)
}

pub(super) fn physical_partition(row: &Row<'_>) -> Result<PhysicalPartition, RowError> {
    Ok(PhysicalPartition {
        id: row.number("PARTITION_ID")?,
        visible_version: row.number("VISIBLE_VERSION")?,
        version_time: row
            .time("VISIBLE_VERSION_TIME")?
            .map_or(0, |time| time.timestamp()),
    })
}

/// DATA_SIZE is printed for people, `1.2KB`, with one decimal and binary units (`common/util/DebugUtil.java`): good for estimates only.
fn data_bytes(text: &str) -> u64 {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_uppercase().as_str() {
        "KB" | "K" => 1 << 10,
        "MB" | "M" => 1 << 20,
        "GB" | "G" => 1 << 30,
        "TB" | "T" => 1 << 40,
        "PB" | "P" => 1 << 50,
        _ => 1,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let tenths = fraction
        .chars()
        .next()
        .and_then(|c| c.to_digit(10))
        .unwrap_or(0);
    whole.parse::<u64>().unwrap_or(0).saturating_mul(factor) + u64::from(tenths) * factor / 10
}

/// Whatever must be alike for rows and partitions of two copies to be exchanged. Comments are part of it because a restore would bring the
/// old ones back; volatile properties, bucket numbers and the list of partitions are not.
fn schema_fingerprint(config: &Row<'_>, columns: &[Row<'_>]) -> SchemaFingerprint {
    let mut digest = Md5::new();
    let mut feed = |text: Option<&str>| {
        let text = text.unwrap_or("\u{0}");
        digest.update(text.len().to_le_bytes());
        digest.update(text.as_bytes());
    };
    for column in [
        "TABLE_MODEL",
        "PRIMARY_KEY",
        "PARTITION_KEY",
        "DISTRIBUTE_KEY",
        "SORT_KEY",
    ] {
        feed(config.optional(column));
    }
    for row in columns {
        for column in [
            "COLUMN_NAME",
            "COLUMN_TYPE",
            "IS_NULLABLE",
            "COLUMN_DEFAULT",
            "COLUMN_KEY",
            "EXTRA",
            "COLUMN_COMMENT",
            "GENERATION_EXPRESSION",
        ] {
            feed(row.optional(column));
        }
    }
    SchemaFingerprint(hex(&digest.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people_become_estimates() {
        let cases = [
            ("0B", 0),
            ("512B", 512),
            ("1.2KB", 1228),
            ("1.0MB", 1 << 20),
            ("3.5 GB", 3_758_096_384),
            ("", 0),
            ("?", 0),
            ("2TB", 2 << 40),
        ];
        for (text, bytes) in cases {
            assert_eq!(data_bytes(text), bytes, "{text}");
        }
    }
}
