//! The shapes of what SHOW statements answer, read by column name.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{BackupState, JobStatus, RestoreState, Row, RowError, SnapshotStatus};
use crate::catalog::SnapshotTimestamp;
use crate::names::{DatabaseName, PartitionName, TableName};

/// SHOW FRONTENDS (`common/proc/FrontendsProcNode.java`): 16 columns up to 3.4, 17 since, hence by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontendRow {
    pub ip: String,
    pub query_port: u16,
    pub leader: bool,
    pub alive: bool,
    pub version: String,
}

impl FrontendRow {
    /// From the head of its version; `None` where that names no release, as in `main-8f3c1d2`.
    pub fn release(&self) -> Option<Version> {
        let mut numbers = self
            .version
            .split(|c: char| !c.is_ascii_digit())
            .map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(Version(next()?, next()?, next().unwrap_or(0)))
    }

    /// Whether it is of this release or a later one.
    pub fn is_release(&self, major: u32, minor: u32) -> bool {
        self.release() >= Some(Version(major, minor, 0))
    }

    pub fn read(row: &Row<'_>) -> Result<FrontendRow, RowError> {
        Ok(FrontendRow {
            ip: row.text("IP")?.to_owned(),
            query_port: row.number("QueryPort")?,
            leader: row.text("Role")? == "LEADER",
            alive: row.boolean("Alive")?,
            version: row.optional("Version").unwrap_or_default().to_owned(),
        })
    }
}

/// Major, minor, patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

/// SHOW BACKENDS (`common/proc/BackendsProcDir.java`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendRow {
    pub ip: String,
    pub alive: bool,
    pub decommissioned: bool,
    /// On its disks, as it last reported.
    pub available_bytes: Option<u64>,
}

impl BackendRow {
    pub fn read(row: &Row<'_>) -> Result<BackendRow, RowError> {
        Ok(BackendRow {
            ip: row.text("IP")?.to_owned(),
            alive: row.boolean("Alive")?,
            decommissioned: row.boolean("SystemDecommissioned")?,
            available_bytes: row.optional("AvailCapacity").and_then(capacity_bytes),
        })
    }

    /// Can take new replicas.
    pub fn is_usable(&self) -> bool {
        self.alive && !self.decommissioned
    }
}

/// `123.456 GB`: three decimals and binary units (`common/util/DebugUtil.java`, getByteUint), with the decimal sign of the frontend's locale.
fn capacity_bytes(text: &str) -> Option<u64> {
    let (number, unit) = text.trim().split_once(' ')?;
    let shift = match unit {
        "B" => 0,
        "KB" => 10,
        "MB" => 20,
        "GB" => 30,
        "TB" => 40,
        _ => return None,
    };
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, "0"));
    let thousandths: u128 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let whole: u128 = whole.parse().ok()?;
    u64::try_from(((whole * 1000 + thousandths) << shift) / 1000).ok()
}

/// SHOW REPOSITORIES. `error` is known to the leader only, and to nobody before its first ping (10 minutes): NULL proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryRow {
    pub name: String,
    pub read_only: bool,
    pub location: String,
    pub error: Option<String>,
}

impl RepositoryRow {
    pub fn read(row: &Row<'_>) -> Result<RepositoryRow, RowError> {
        Ok(RepositoryRow {
            name: row.text("RepoName")?.to_owned(),
            read_only: row.boolean("IsReadOnly")?,
            location: row.optional("Location").unwrap_or_default().to_owned(),
            error: row
                .optional("ErrMsg")
                .filter(|text| !text.is_empty() && *text != "NULL")
                .map(str::to_owned),
        })
    }
}

/// One row of SHOW BACKUP: the database's last job, if it was a BACKUP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupJobRow {
    pub job_id: String,
    pub label: String,
    pub state: BackupState,
    pub created: Option<DateTime<Utc>>,
    /// The cut lies before this.
    pub snapshot_finished: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    pub unfinished_tasks: usize,
    pub task_error: Option<String>,
    pub status: JobStatus,
}

impl BackupJobRow {
    pub fn read(row: &Row<'_>) -> Result<BackupJobRow, RowError> {
        Ok(BackupJobRow {
            job_id: row.optional("JobId").unwrap_or_default().to_owned(),
            label: row.text("SnapshotName")?.to_owned(),
            state: BackupState::parse(row.text("State")?),
            created: row.time("CreateTime")?,
            snapshot_finished: row.time("SnapshotFinishedTime")?,
            finished: row.time("FinishedTime")?,
            unfinished_tasks: tasks(row.optional("UnfinishedTasks")),
            task_error: non_empty(row.optional("TaskErrMsg")),
            status: JobStatus(row.optional("Status").unwrap_or_default().to_owned()),
        })
    }
}

/// One row of SHOW RESTORE. A label may be restored many times: only together with the creation time does it name a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreJobRow {
    pub job_id: String,
    pub label: String,
    pub state: RestoreState,
    pub objects: String,
    pub created: Option<DateTime<Utc>>,
    pub unfinished_tasks: usize,
    pub task_error: Option<String>,
    pub status: JobStatus,
}

impl RestoreJobRow {
    pub fn read(row: &Row<'_>) -> Result<RestoreJobRow, RowError> {
        Ok(RestoreJobRow {
            job_id: row.optional("JobId").unwrap_or_default().to_owned(),
            label: row.text("Label")?.to_owned(),
            state: RestoreState::parse(row.text("State")?),
            objects: row.optional("RestoreObjs").unwrap_or_default().to_owned(),
            created: row.time("CreateTime")?,
            unfinished_tasks: tasks(row.optional("UnfinishedTasks")),
            task_error: non_empty(row.optional("TaskErrMsg")),
            status: JobStatus(row.optional("Status").unwrap_or_default().to_owned()),
        })
    }
}

fn tasks(text: Option<&str>) -> usize {
    text.map_or(0, |text| {
        text.split(',')
            .filter(|task| !task.trim().is_empty())
            .count()
    })
}

fn non_empty(text: Option<&str>) -> Option<String> {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// SHOW SNAPSHOT … WHERE SNAPSHOT = …: always one row, whether or not there is such a snapshot (`backup/Repository.java`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotRow {
    pub label: String,
    /// Several where a label was written more than once: one cell, a line each.
    pub timestamps: Vec<SnapshotTimestamp>,
    pub status: SnapshotStatus,
    /// Since release 4.2, for a snapshot that was made with a `ttl`: when StarRocks deletes it by itself. For people; its form is not relied on.
    pub expires: Option<String>,
}

impl SnapshotRow {
    pub fn read(row: &Row<'_>) -> Result<SnapshotRow, RowError> {
        let cell = row.nullable("Timestamp")?.unwrap_or_default();
        let timestamps = cell
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("Invalid"))
            .map(str::to_owned);
        Ok(SnapshotRow {
            label: row.text("Snapshot")?.to_owned(),
            timestamps: timestamps.map(SnapshotTimestamp).collect(),
            status: SnapshotStatus::parse(row.text("Status")?),
            // Whatever stands there for "never" is no time, and begins with no digit.
            expires: non_empty(row.optional("ExpireTime"))
                .filter(|text| text.starts_with(|first: char| first.is_ascii_digit())),
        })
    }
}

/// SHOW SNAPSHOT with a timestamp: its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotDetailRow<'a> {
    pub status: SnapshotStatus,
    pub details: Option<&'a str>,
}

impl<'a> SnapshotDetailRow<'a> {
    pub fn read(row: &Row<'a>) -> Result<SnapshotDetailRow<'a>, RowError> {
        Ok(SnapshotDetailRow {
            status: SnapshotStatus::parse(row.text("Status")?),
            details: row.nullable("Details")?,
        })
    }
}

#[derive(Deserialize)]
struct Details {
    /// Epoch milliseconds of the BACKUP job's creation.
    #[serde(default)]
    backup_time: Option<i64>,
    #[serde(default)]
    database: Option<String>,
    #[serde(default)]
    backup_objects: BTreeMap<String, DetailsTable>,
}

#[derive(Deserialize)]
struct DetailsTable {
    #[serde(default)]
    partitions: BTreeMap<String, serde::de::IgnoredAny>,
}

/// What a snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotContentRow {
    pub created: Option<DateTime<Utc>>,
    pub database: Option<DatabaseName>,
    pub tables: BTreeMap<TableName, BTreeSet<PartitionName>>,
}

/// The Details JSON of SHOW SNAPSHOT (`backup/BackupJobInfo.java`, getBrief), without the hidden partitions.
pub fn snapshot_content(details: &str) -> Result<SnapshotContentRow, RowError> {
    let wrong = || RowError::Value {
        column: "Details",
        value: details.to_owned(),
        expected: "the snapshot's JSON",
    };
    let details: Details = serde_json::from_str(details).map_err(|_| wrong())?;
    let mut tables = BTreeMap::new();
    for (table, content) in details.backup_objects {
        let partitions = content
            .partitions
            .into_keys()
            .filter(|name| !is_hidden(name))
            .map(PartitionName::parse);
        let partitions = partitions.collect::<Result<_, _>>().map_err(|_| wrong())?;
        tables.insert(TableName::parse(table).map_err(|_| wrong())?, partitions);
    }
    Ok(SnapshotContentRow {
        created: details
            .backup_time
            .and_then(DateTime::from_timestamp_millis),
        database: details
            .database
            .and_then(|name| DatabaseName::parse(name).ok()), // no error: a database of no world of ours
        tables,
    })
}

/// `$shadow_automatic_partition` and its kind (`catalog/ExpressionRangePartitionInfo.java`): never named in a statement.
pub fn is_hidden(partition: &str) -> bool {
    partition.starts_with("$shadow_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_read_from_the_head_of_the_version() {
        let frontend = |version: &str| FrontendRow {
            ip: String::new(),
            query_port: 9030,
            leader: true,
            alive: true,
            version: version.to_owned(),
        };
        for (version, known) in [
            ("4.2.0-sandbox", true),
            ("4.10.1-abc", true),
            ("5.0.0", true),
            ("4.1.9", false),
            ("3.5.2-4f1ec25", false),
            ("main-8f3c1d2", false),
            ("UNKNOWN", false),
            ("", false),
        ] {
            assert_eq!(frontend(version).is_release(4, 2), known, "{version}");
        }
    }

    #[test]
    fn capacities_are_binary_whatever_the_decimal_sign() {
        for (text, bytes) in [
            ("0.000 B", Some(0)),
            ("1.500 KB", Some(1536)),
            ("123,250 GB", Some(132_338_679_808)),
            ("1023.000 GB", Some(1_098_437_885_952)),
            ("2.000 TB", Some(2 << 40)),
            ("?", None),
            ("-1.000 GB", None),
        ] {
            assert_eq!(capacity_bytes(text), bytes, "{text}");
        }
    }

    #[test]
    fn details_list_tables_with_their_visible_partitions() {
        let content = snapshot_content(
            r#"{"name":"l","database":"sales","backup_time":1763773200123,"backup_objects":{
                "orders":{"partitions":{"p1":{},"$shadow_automatic_partition":{}}},"v":{"partitions":{}}},
                "meta_version":92,"starrocks_meta_version":4,"backup_result":"succeed"}"#,
        )
        .unwrap();
        assert_eq!(
            content.created.unwrap().timestamp_millis(),
            1_763_773_200_123
        );
        assert_eq!(content.database.unwrap().as_str(), "sales");
        let listed: Vec<(&str, Vec<&str>)> = content
            .tables
            .iter()
            .map(|(table, list)| {
                (
                    table.as_str(),
                    list.iter().map(PartitionName::as_str).collect(),
                )
            })
            .collect();
        assert_eq!(listed, [("orders", vec!["p1"]), ("v", vec![])]);
        assert!(snapshot_content("nothing").is_err());
    }
}
