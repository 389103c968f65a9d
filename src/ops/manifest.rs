//! `ops.backup_tables` and `ops.backup_partitions`: what a Label covers.
//!
//! Written before BACKUP is submitted and corrected before the history row is written; rows without a history row are not a backup.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::history::label as label_cell;
use super::insert::{Cell, inserts};
use super::{Ops, OpsError, key_hash};
use crate::catalog::{
    LeftOut, LeftOutReason, Manifest, Measured, PartitionRecord, Partitioning, RecordedFingerprint,
    SchemaFingerprint, TableRecord, TableRecordState,
};
use crate::names::{DatabaseName, Label, PartitionName, TableName};
use crate::starrocks::{ResultSet, Row, RowError, sql};

const TABLES: &str = "ops.backup_tables";
const PARTITIONS: &str = "ops.backup_partitions";

/// Rows that are read at once.
const PAGE: usize = 10_000;

const TABLE_COLUMNS: [&str; 11] = [
    "key_hash",
    "label",
    "database_name",
    "table_name",
    "table_id",
    "schema_fingerprint",
    "partitioning",
    "whole_table",
    "dropped_partitions",
    "state",
    "reason",
];

const PARTITION_COLUMNS: [&str; 12] = [
    "key_hash",
    "label",
    "database_name",
    "table_name",
    "partition_name",
    "created_at",
    "fingerprint",
    "visible_version",
    "row_count",
    "data_bytes",
    "counted_rows",
    "checksum",
];

/// The word in `backup_tables.state` for a table that the inventory names and the backup does not hold; no [`TableRecord`] says it.
const LEFT_OUT: &str = "LEFT_OUT";

/// A Label's manifest as it stands in ops.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordedManifest {
    pub manifest: Manifest,
    pub left_out: Vec<LeftOut>,
}

impl Ops {
    /// T/1000 + P/1000 statements. Upserts: may run twice, and again with corrections.
    pub async fn write_manifest(
        &self,
        label: &Label,
        database: &DatabaseName,
        manifest: &Manifest,
        left_out: &[LeftOut],
        now: DateTime<Utc>,
    ) -> Result<(), OpsError> {
        let nothing = Manifest::default();
        self.write_changes(label, database, (&nothing, manifest), left_out, now)
            .await
    }

    /// Only what differs between the two is written: usually nothing.
    pub async fn correct_manifest(
        &self,
        label: &Label,
        database: &DatabaseName,
        before: &Manifest,
        after: &Manifest,
        now: DateTime<Utc>,
    ) -> Result<(), OpsError> {
        let gone = before.tables.iter().flat_map(|(table, record)| {
            let kept = after.tables.get(table);
            let is_gone = move |name: &&PartitionName| {
                kept.is_none_or(|kept| !kept.partitions.contains_key(*name))
            };
            record
                .partitions
                .keys()
                .filter(is_gone)
                .map(move |name| (table, name))
        });
        let keys: Vec<String> = gone
            .map(|(table, name)| sql::text(&partition_key(label, database, table, name)))
            .collect();
        for keys in keys.chunks(1_000) {
            self.write(&format!(
                "DELETE FROM {PARTITIONS} WHERE key_hash IN ({})",
                keys.join(", ")
            ))
            .await?;
        }
        self.write_changes(label, database, (before, after), &[], now)
            .await
    }

    async fn write_changes(
        &self,
        label: &Label,
        database: &DatabaseName,
        (before, after): (&Manifest, &Manifest),
        left_out: &[LeftOut],
        now: DateTime<Utc>,
    ) -> Result<(), OpsError> {
        let created = self.wall_clock(now);
        let changed = |(table, record): &(&TableName, &TableRecord)| {
            before.tables.get(*table) != Some(*record)
        };
        let changed = after.tables.iter().filter(changed);
        let partitions = changed.clone().flat_map(|(table, record)| {
            let created = &created;
            let known = before.tables.get(table);
            let known = move |name| known.and_then(|known| known.partitions.get(name));
            let partitions = record.partitions.iter();
            let changed = partitions.filter(move |(name, now)| known(*name) != Some(*now));
            changed.map(move |(name, partition)| {
                let created = Cell::Literal(created.clone());
                partition_row(label, database, table, name, partition, created)
            })
        });
        for statement in inserts(PARTITIONS, &PARTITION_COLUMNS, partitions) {
            self.write(&statement).await?;
        }
        let tables = changed.map(|(table, record)| table_row(label, database, table, record));
        let left_out = left_out.iter();
        let left_out = left_out.map(|out| left_out_row(label, database, out));
        for statement in inserts(TABLES, &TABLE_COLUMNS, tables.chain(left_out)) {
            self.write(&statement).await?;
        }
        Ok(())
    }

    /// Rows of a label that never became a backup.
    pub async fn delete_manifest(&self, label: &Label) -> Result<(), OpsError> {
        for table in [PARTITIONS, TABLES] {
            self.write(&format!(
                "DELETE FROM {table} WHERE label = {}",
                sql::text(label.as_str())
            ))
            .await?;
        }
        Ok(())
    }

    /// What the backups do not hold although the inventory named it, and why.
    pub async fn left_out(
        &self,
        labels: &[Label],
    ) -> Result<BTreeMap<Label, Vec<LeftOut>>, OpsError> {
        let mut manifests: BTreeMap<Label, RecordedManifest> = labels
            .iter()
            .map(|label| (label.clone(), RecordedManifest::default()))
            .collect();
        if labels.is_empty() {
            return Ok(BTreeMap::new());
        }
        let set = self
            .read(&format!(
                "SELECT label, table_name, state, reason FROM {TABLES} WHERE state = '{LEFT_OUT}' AND label IN ({})",
                sql::texts(labels)
            ))
            .await?;
        for row in set.rows() {
            add_table(&mut manifests, &row).map_err(|source| OpsError::Row {
                table: TABLES,
                source,
            })?;
        }
        let left_out = manifests.into_iter();
        Ok(left_out
            .map(|(label, recorded)| (label, recorded.left_out))
            .collect())
    }

    /// The database of a label whose history row does not name it, as starrocks-br writes them.
    pub async fn database_of(&self, label: &Label) -> Result<Option<DatabaseName>, OpsError> {
        let statement = format!(
            "SELECT DISTINCT database_name FROM {PARTITIONS} WHERE label = {}",
            sql::text(label.as_str())
        );
        let set = self.read(&statement).await?;
        let only = set.first().filter(|_| set.len() == 1);
        only.map(|row| row.name("database_name"))
            .transpose()
            .map_err(|source| OpsError::Row {
                table: PARTITIONS,
                source,
            })
    }

    /// The manifests of a chain, two statements for all of them. Labels of starrocks-br have partitions only.
    pub async fn manifests(
        &self,
        labels: &[Label],
    ) -> Result<BTreeMap<Label, RecordedManifest>, OpsError> {
        let mut manifests: BTreeMap<Label, RecordedManifest> = labels
            .iter()
            .map(|label| (label.clone(), RecordedManifest::default()))
            .collect();
        if labels.is_empty() {
            return Ok(manifests);
        }
        let list = sql::texts(labels);
        let tables = self
            .read(&format!("SELECT * FROM {TABLES} WHERE label IN ({list})"))
            .await?;
        for row in tables.rows() {
            add_table(&mut manifests, &row).map_err(|source| OpsError::Row {
                table: TABLES,
                source,
            })?;
        }
        let mut add = |partitions: ResultSet| {
            let mut rows = partitions.rows();
            let added = rows.try_for_each(|row| add_partition(&mut manifests, &row));
            added.map_err(|source| OpsError::Row {
                table: PARTITIONS,
                source,
            })
        };
        self.partition_pages(&list, &mut add).await?;
        Ok(manifests)
    }

    /// The rows of backups that have ended, which change no more. `labels`: as a statement lists them. Not all at once: each cell is a piece of
    /// memory of its own, and there may be a hundred thousand partitions in each of two backups.
    pub(super) async fn partition_pages(
        &self,
        labels: &str,
        each: &mut (dyn FnMut(ResultSet) -> Result<(), OpsError> + Send),
    ) -> Result<(), OpsError> {
        let mut offset = 0;
        loop {
            let page = format!(
                "SELECT * FROM {PARTITIONS} WHERE label IN ({labels}) ORDER BY label, key_hash LIMIT {PAGE} OFFSET {offset}"
            );
            let page = self.read(&page).await?;
            let is_last = page.len() < PAGE;
            each(page)?;
            if is_last {
                return Ok(());
            }
            offset += PAGE;
        }
    }
}

fn partition_key(
    label: &Label,
    database: &DatabaseName,
    table: &TableName,
    partition: &PartitionName,
) -> String {
    key_hash(&[
        label.as_str(),
        database.as_str(),
        table.as_str(),
        partition.as_str(),
    ])
}

fn table_key(label: &Label, database: &DatabaseName, table: &TableName) -> String {
    key_hash(&[label.as_str(), database.as_str(), table.as_str()])
}

fn table_row(
    label: &Label,
    database: &DatabaseName,
    table: &TableName,
    record: &TableRecord,
) -> Vec<Cell> {
    let dropped: Vec<&str> = record
        .dropped_partitions
        .iter()
        .map(PartitionName::as_str)
        .collect();
    vec![
        Cell::Text(table_key(label, database, table)),
        Cell::text(label),
        Cell::text(database),
        Cell::text(table),
        record.table_id.map_or(Cell::Null, Cell::count),
        Cell::optional(record.schema.as_ref()),
        Cell::optional(record.partitioning.map(Partitioning::as_str)),
        Cell::Literal(if record.whole_table { "TRUE" } else { "FALSE" }.to_owned()),
        Cell::Text(serde_json::to_string(&dropped).expect("strings are JSON")),
        Cell::text(record.state.as_str()),
        Cell::Null,
    ]
}

fn left_out_row(label: &Label, database: &DatabaseName, out: &LeftOut) -> Vec<Cell> {
    let mut row: Vec<Cell> = vec![
        Cell::Text(table_key(label, database, &out.table)),
        Cell::text(label),
        Cell::text(database),
        Cell::text(&out.table),
    ];
    row.extend((0..5).map(|_| Cell::Null));
    row.push(Cell::text(LEFT_OUT));
    row.push(Cell::Text(
        serde_json::to_string(&out.reason).expect("a reason is JSON"),
    ));
    row
}

fn partition_row(
    label: &Label,
    database: &DatabaseName,
    table: &TableName,
    name: &PartitionName,
    partition: &PartitionRecord,
    created: Cell,
) -> Vec<Cell> {
    let measured = partition.measured.as_ref();
    vec![
        Cell::Text(partition_key(label, database, table, name)),
        Cell::text(label),
        Cell::text(database),
        Cell::text(table),
        Cell::text(name),
        created,
        Cell::optional(partition.fingerprint.to_column()),
        Cell::count(partition.visible_version),
        Cell::count(partition.rows),
        Cell::count(partition.data_bytes),
        measured.map_or(Cell::Null, |measured| Cell::count(measured.rows)),
        Cell::optional(measured.and_then(|measured| measured.checksum.as_ref())),
    ]
}

fn add_table(
    manifests: &mut BTreeMap<Label, RecordedManifest>,
    row: &Row<'_>,
) -> Result<(), RowError> {
    let Some(recorded) = label_cell(row, "label")?.and_then(|label| manifests.get_mut(&label))
    else {
        return Ok(());
    };
    let table: TableName = row.name("table_name")?;
    let word = row.text("state")?;
    if word == LEFT_OUT {
        let reason = row
            .optional("reason")
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or(LeftOutReason::Unreadable);
        recorded.left_out.push(LeftOut { table, reason });
        return Ok(());
    }
    let wrong = |value: &str, column| RowError::Value {
        column,
        value: value.to_owned(),
        expected: "a word of brd's",
    };
    let dropped = row.nullable("dropped_partitions")?.unwrap_or("[]");
    recorded.manifest.tables.insert(
        table,
        TableRecord {
            state: TableRecordState::parse(word).ok_or_else(|| wrong(word, "state"))?,
            table_id: row.optional_number("table_id")?,
            schema: row
                .nullable("schema_fingerprint")?
                .map(|text| SchemaFingerprint(text.to_owned())),
            partitioning: row.nullable("partitioning")?.and_then(Partitioning::parse),
            whole_table: row.boolean("whole_table")?,
            dropped_partitions: serde_json::from_str(dropped)
                .map_err(|_| wrong(dropped, "dropped_partitions"))?,
            partitions: BTreeMap::new(),
        },
    );
    Ok(())
}

fn measured(row: &Row<'_>) -> Result<Option<Measured>, RowError> {
    // Absent where the ops tables are older than the measuring.
    let Some(rows) = row.optional("counted_rows") else {
        return Ok(None);
    };
    let wrong = |_| RowError::Value {
        column: "counted_rows",
        value: rows.to_owned(),
        expected: "a number",
    };
    Ok(Some(Measured {
        rows: rows.parse().map_err(wrong)?,
        checksum: row.optional("checksum").map(str::to_owned),
    }))
}

fn add_partition(
    manifests: &mut BTreeMap<Label, RecordedManifest>,
    row: &Row<'_>,
) -> Result<(), RowError> {
    let Some(recorded) = label_cell(row, "label")?.and_then(|label| manifests.get_mut(&label))
    else {
        return Ok(());
    };
    let table: TableName = row.name("table_name")?;
    // A table that only has partitions was recorded by starrocks-br.
    let record = recorded
        .manifest
        .tables
        .entry(table)
        .or_insert_with(|| TableRecord::bare(BTreeMap::new()));
    record.partitions.insert(
        row.name("partition_name")?,
        PartitionRecord {
            fingerprint: RecordedFingerprint::from_column(row.nullable("fingerprint")?),
            visible_version: row.optional_number("visible_version")?.unwrap_or(0),
            rows: row.optional_number("row_count")?.unwrap_or(0),
            data_bytes: row.optional_number("data_bytes")?.unwrap_or(0),
            measured: measured(row)?,
        },
    );
    Ok(())
}
