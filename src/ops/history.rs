//! `ops.backup_history`: one row per backup, written last, for the row is what makes a backup exist.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::insert::{Cell, inserts};
use super::{Ops, OpsError};
use crate::catalog::{BackupKind, BackupRecord, BackupStatus, Pin, SnapshotTimestamp, Trigger};
use crate::names::{DatabaseName, GroupName, JobId, Label};
use crate::starrocks::{Row, RowError, sql};

const TABLE: &str = "ops.backup_history";

const COLUMNS: [&str; 23] = [
    "label",
    "backup_type",
    "status",
    "repository",
    "started_at",
    "finished_at",
    "error_message",
    "created_at",
    "run_id",
    "inventory_group",
    "database_name",
    "baseline_label",
    "snapshot_timestamp",
    "snapshot_created_ms",
    "started_ms",
    "finished_ms",
    "trigger",
    "scheduled_ms",
    "host",
    "partition_count",
    "data_bytes",
    "verified_ms",
    "column_changes",
];

/// What retention writes beside a backup's own row: a backup is recorded without them, and they are set by updates alone.
const RETENTION_COLUMNS: [&str; 3] = ["pinned_until_ms", "pinned_by", "expired_ms"];

/// Rows of the backups of `ops` itself; NULL, as in rows of starrocks-br, is not one.
pub(super) const OF_OPS: &str = "COALESCE(inventory_group, '') = 'brd_ops'";

impl Ops {
    /// Idempotent: the same record may be written again.
    pub async fn record_backup(&self, record: &BackupRecord) -> Result<(), OpsError> {
        self.record_in(TABLE, record).await
    }

    pub(super) async fn record_in(
        &self,
        table: &str,
        record: &BackupRecord,
    ) -> Result<(), OpsError> {
        for statement in inserts(table, &COLUMNS, [self.history_row(record)]) {
            self.write(&statement).await?;
        }
        Ok(())
    }

    fn history_row(&self, record: &BackupRecord) -> Vec<Cell> {
        let wall = |at: Option<_>| at.map_or(Cell::Null, |at| Cell::Literal(self.wall_clock(at)));
        let started = record
            .started
            .or(record.finished)
            .unwrap_or(chrono::DateTime::UNIX_EPOCH);
        vec![
            Cell::text(&record.label),
            Cell::text(record.kind),
            Cell::text(record.status.as_str()),
            Cell::text(&record.repository),
            wall(Some(started)),
            wall(record.finished),
            Cell::prose(record.error.as_deref()),
            wall(record.finished.or(record.started)),
            Cell::optional(record.run.as_ref()),
            Cell::optional(record.group.as_ref()),
            Cell::optional(record.database.as_ref()),
            Cell::optional(record.baseline.as_ref()),
            Cell::optional(record.snapshot.as_ref()),
            Cell::millis(record.snapshot_created),
            Cell::millis(record.started),
            Cell::millis(record.finished),
            Cell::optional(record.trigger.map(Trigger::as_str)),
            Cell::millis(record.scheduled),
            Cell::optional(record.host.as_ref()),
            record.partition_count.map_or(Cell::Null, Cell::count),
            record.data_bytes.map_or(Cell::Null, Cell::count),
            Cell::millis(record.verified),
            Cell::Text(serde_json::to_string(&record.changes).expect("names and numbers are JSON")),
        ]
    }

    pub async fn backup(&self, label: &Label) -> Result<Option<BackupRecord>, OpsError> {
        Ok(self
            .backups_where(&format!("label = {}", sql::text(label.as_str())))
            .await?
            .pop())
    }

    /// At least all labels that begin with `first` in history: `_` stands for any letter in LIKE, and too many are harmless.
    pub async fn labels_starting_with(&self, first: &Label) -> Result<BTreeSet<Label>, OpsError> {
        let pattern = sql::text(&format!("{first}%"));
        let statement = format!("SELECT label FROM {TABLE} WHERE label LIKE {pattern}");
        let set = self.read(&statement).await?;
        let labels = set.rows().map(|row| label(&row, "label"));
        let labels: Result<BTreeSet<Option<Label>>, RowError> = labels.collect();
        let labels = labels.map_err(|source| OpsError::Row {
            table: TABLE,
            source,
        })?;
        Ok(labels.into_iter().flatten().collect())
    }

    /// Newest first. Rows of starrocks-br, which carry no group, come with every group.
    pub async fn backups(&self, group: Option<&GroupName>) -> Result<Vec<BackupRecord>, OpsError> {
        match group {
            None => self.backups_where("TRUE").await,
            Some(group) => {
                self.backups_where(&format!(
                    "(inventory_group = {} OR inventory_group IS NULL)",
                    sql::text(group.as_str())
                ))
                .await
            }
        }
    }

    /// One run's, of all its databases. Not that of `ops`, which it leaves behind.
    pub async fn backups_of_run(&self, run: &JobId) -> Result<Vec<BackupRecord>, OpsError> {
        let run = sql::text(run.as_str());
        self.backups_where(&format!("run_id = {run} AND NOT ({OF_OPS})"))
            .await
    }

    /// The newest backup of `ops` itself, however it ended.
    pub async fn last_ops_backup(&self) -> Result<Option<BackupRecord>, OpsError> {
        let records = self.backups_where(OF_OPS).await?;
        Ok(records.into_iter().next())
    }

    /// When the last row of any other backup was written.
    pub async fn last_recorded(&self) -> Result<Option<DateTime<Utc>>, OpsError> {
        let statement =
            format!("SELECT MAX(finished_ms) AS finished_ms FROM {TABLE} WHERE NOT ({OF_OPS})");
        let set = self.read(&statement).await?;
        let last = set.first().map(|row| row.epoch_ms("finished_ms"));
        let last = last.transpose().map_err(|source| OpsError::Row {
            table: TABLE,
            source,
        })?;
        Ok(last.flatten())
    }

    /// The finished backups of a database that belong to a group, newest first.
    pub async fn finished_backups(
        &self,
        group: &GroupName,
        database: &DatabaseName,
    ) -> Result<Vec<BackupRecord>, OpsError> {
        let filter = format!(
            "status = 'FINISHED' AND inventory_group = {} AND database_name = {}",
            sql::text(group.as_str()),
            sql::text(database.as_str())
        );
        self.backups_where(&filter).await
    }

    /// Every record of a database: what a chain may be made of.
    pub async fn backups_of_database(
        &self,
        database: &DatabaseName,
    ) -> Result<Vec<BackupRecord>, OpsError> {
        self.backups_where(&format!("database_name = {}", sql::text(database.as_str())))
            .await
    }

    async fn backups_where(&self, filter: &str) -> Result<Vec<BackupRecord>, OpsError> {
        let columns = COLUMNS
            .iter()
            .chain(&RETENTION_COLUMNS)
            .filter(|name| !name.ends_with("_at"))
            .map(|name| sql::ident(name))
            .collect::<Vec<_>>()
            .join(", ");
        let statement = format!(
            "SELECT {columns} FROM {TABLE} WHERE {filter} ORDER BY started_ms DESC, started_at DESC, label DESC"
        );
        let set = self.read(&statement).await?;
        set.rows()
            .filter(is_nameable)
            .map(|row| record(&row))
            .collect::<Result<_, _>>()
            .map_err(|source| OpsError::Row {
                table: TABLE,
                source,
            })
    }
}

/// A label that no statement can hold was written by another tool or by hand: it is no backup that anybody could ask for, and hides no other.
fn is_nameable(row: &Row<'_>) -> bool {
    match label(row, "label") {
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(%error, "a row of ops.backup_history is passed over");
            false
        }
    }
}

fn record(row: &Row<'_>) -> Result<BackupRecord, RowError> {
    let kind = match row.text("backup_type")? {
        "incremental" => BackupKind::Incremental,
        _ => BackupKind::Full,
    };
    Ok(BackupRecord {
        label: label(row, "label")?.ok_or(RowError::Null { column: "label" })?,
        kind,
        status: BackupStatus::parse(row.text("status")?),
        repository: row.name("repository")?,
        error: row.nullable("error_message")?.map(str::to_owned),
        run: optional_name(row, "run_id")?,
        group: optional_name(row, "inventory_group")?,
        database: optional_name(row, "database_name")?,
        baseline: label(row, "baseline_label")?,
        snapshot: row
            .nullable("snapshot_timestamp")?
            .map(|text| SnapshotTimestamp(text.to_owned())),
        snapshot_created: row.epoch_ms("snapshot_created_ms")?,
        started: row.epoch_ms("started_ms")?,
        finished: row.epoch_ms("finished_ms")?,
        trigger: row.nullable("trigger")?.and_then(Trigger::parse),
        scheduled: row.epoch_ms("scheduled_ms")?,
        host: row.nullable("host")?.map(str::to_owned),
        partition_count: row.optional_number("partition_count")?,
        data_bytes: row.optional_number("data_bytes")?,
        verified: row.epoch_ms("verified_ms")?,
        pin: pin(row)?,
        expired: row.epoch_ms("expired_ms")?,
        // Rows of other tools have none.
        changes: row
            .optional("column_changes")
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default(),
    })
}

fn pin(row: &Row<'_>) -> Result<Option<Pin>, RowError> {
    let until = row.epoch_ms("pinned_until_ms")?;
    let by = row.nullable("pinned_by")?.unwrap_or_default().to_owned();
    Ok(until.map(|until| Pin { until, by }))
}

pub(super) fn label(row: &Row<'_>, column: &'static str) -> Result<Option<Label>, RowError> {
    let wrong = |value: &str| RowError::Value {
        column,
        value: value.to_owned(),
        expected: "a label",
    };
    row.nullable(column)?
        .map(|text| Label::recorded(text).map_err(|_| wrong(text)))
        .transpose()
}

pub(super) fn optional_name<T: std::str::FromStr>(
    row: &Row<'_>,
    column: &'static str,
) -> Result<Option<T>, RowError> {
    match row.nullable(column)? {
        None => Ok(None),
        Some(_) => row.name(column).map(Some),
    }
}
