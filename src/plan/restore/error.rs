//! Why no plan can be made, and what to do next.

use crate::catalog::LeftOutReason;
use crate::names::{DatabaseName, GroupName, Label, TableName};

/// Found before anything was touched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestorePlanError {
    #[error("backup `{label}` holds no table {table}; it holds {}", list(.held))]
    TableNotInBackup {
        label: Label,
        table: String,
        held: Vec<TableName>,
    },
    #[error("backup `{label}` holds no table of the inventory group `{group}`; it holds {}", list(.held))]
    NothingOfGroup {
        label: Label,
        group: GroupName,
        held: Vec<TableName>,
    },
    #[error("backup `{0}` holds no table at all")]
    Empty(Label),
    #[error(
        "the suffix {0:?} cannot go behind a table's name; it takes 1 to 64 letters, digits or `_`"
    )]
    Suffix(String),
    #[error("table {database}.{name} exists already, and the restore would build under that name")]
    NameTaken {
        database: DatabaseName,
        name: TableName,
    },
    #[error(
        "{database}.{name} {}, and cannot be swapped with the restored table", now(.reason)
    )]
    NotReplaceable {
        database: DatabaseName,
        name: TableName,
        reason: LeftOutReason,
    },
    #[error(
        "backup `{label}` has no partition {partition:?}; it is named as TABLE.PARTITION, of a table that the backup holds"
    )]
    PartitionNotInBackup { label: Label, partition: String },
    #[error("table {table} is not partitioned")]
    NotPartitioned { table: TableName },
    #[error("{database}.{table} is gone, and a partition is put back into a live table only")]
    NoLiveTable {
        database: DatabaseName,
        table: TableName,
    },
    #[error(
        "{database}.{table} has other columns, keys or buckets than it had in backup `{label}`, so that no partition of that time fits into it"
    )]
    LiveSchemaDiffers {
        database: DatabaseName,
        table: TableName,
        label: Label,
    },
    #[error("backup `{label}` is recorded without a snapshot, and table {table} needs it")]
    NoSnapshot { label: Label, table: TableName },
    #[error(
        "table {table}: the links of the chain disagree on its schema, though none took it whole"
    )]
    SchemaDiffers { table: TableName },
    #[error(
        "table {table} of backup `{label}` is recorded without any partition, so nothing says where its data is"
    )]
    NoSource { label: Label, table: TableName },
}

impl RestorePlanError {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            RestorePlanError::TableNotInBackup { label, .. } | RestorePlanError::NothingOfGroup { label, .. } => {
                format!("look at what it holds with `brctl show {label}`")
            }
            RestorePlanError::Empty(_) => "choose another recovery point from `brctl backups`".to_owned(),
            RestorePlanError::Suffix(_) => "give another --rename-suffix".to_owned(),
            RestorePlanError::NameTaken { .. } => {
                "give another --rename-suffix, or drop that table; if an earlier restore left it, `brctl discard JOB` removes it".to_owned()
            }
            RestorePlanError::PartitionNotInBackup { label, .. } => format!(
                "`brctl show {label} --partitions` lists what it holds; one that came later is dropped by ALTER TABLE … DROP PARTITION, if it shall go"
            ),
            RestorePlanError::NotPartitioned { .. } => {
                "restore it as a whole with --table".to_owned()
            }
            RestorePlanError::NoLiveTable { .. } => {
                "restore the table with --table".to_owned()
            }
            RestorePlanError::LiveSchemaDiffers { table, .. } => format!(
                "restore it beside the live one with --table {table} --no-swap, and copy what is needed from there"
            ),
            RestorePlanError::NotReplaceable { database, name, reason } => match reason {
                LeftOutReason::TemporaryPartitions => format!(
                    "replace or drop them first; SHOW TEMPORARY PARTITIONS FROM `{database}`.`{name}` lists them"
                ),
                LeftOutReason::SharedName => "drop the temporary table, or close its session".to_owned(),
                LeftOutReason::Unreadable => "grant SELECT and EXPORT on it to the user that brd connects as".to_owned(),
                _ => "rename or drop it first".to_owned(),
            },
            RestorePlanError::NoSnapshot { label, .. } | RestorePlanError::NoSource { label, .. } => {
                format!("choose another recovery point; `brctl show {label}` tells what is recorded")
            }
            RestorePlanError::SchemaDiffers { .. } => "restore the chain's full, or a later full".to_owned(),
        }
    }
}

fn now(reason: &LeftOutReason) -> String {
    match reason {
        LeftOutReason::View => "is a view now".to_owned(),
        LeftOutReason::MaterializedView => "is a materialized view now".to_owned(),
        LeftOutReason::NotOlap(engine) => format!("is a table of engine {engine} now"),
        LeftOutReason::TemporaryPartitions => "has temporary partitions".to_owned(),
        LeftOutReason::SharedName => "shares its name with a session's temporary table".to_owned(),
        LeftOutReason::Unreadable => "shows no details to this user".to_owned(),
        LeftOutReason::KeptCopy(job) => format!("is what restore {job} keeps"),
        LeftOutReason::Missing => "cannot be found".to_owned(),
    }
}

fn list(names: &[TableName]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(TableName::as_str).collect();
    match names.len() {
        0 => "no table".to_owned(),
        n if n > SHOWN => format!("{} and {} more", shown.join(", "), n - SHOWN),
        _ => shown.join(", "),
    }
}
