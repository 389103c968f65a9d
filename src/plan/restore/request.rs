//! What a person asked for.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::plan::Finish;
use crate::names::{DatabaseName, GroupName, Label, PartitionName, TableName};

/// One recovery point, or some of its tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RestoreRequest {
    pub target_label: Label,
    /// Only tables of this inventory group.
    pub group: Option<GroupName>,
    /// Only these, as `table` or `database.table`; empty: every table of the backup.
    #[serde(default)]
    pub tables: Vec<String>,
    /// Only these partitions of live tables, as `table.partition` or `database.table.partition`.
    #[serde(default)]
    pub partitions: Vec<String>,
    /// Goes behind each table's name; letters, digits and `_`.
    #[serde(default = "default_suffix")]
    pub rename_suffix: String,
    /// Whether it ends with the restored tables live, or beside the live ones.
    #[serde(default)]
    pub finish: Finish,
    /// Restore into this database instead of the backup's own.
    #[serde(default)]
    pub into: Option<DatabaseName>,
}

impl RestoreRequest {
    /// Every table of a backup, live in the end.
    pub fn of(target_label: Label) -> RestoreRequest {
        RestoreRequest {
            target_label,
            group: None,
            tables: Vec::new(),
            partitions: Vec::new(),
            rename_suffix: default_suffix(),
            finish: Finish::Live,
            into: None,
        }
    }
}

pub fn default_suffix() -> String {
    "_restored".to_owned()
}

/// Which tables of the recovery point are asked for.
#[derive(Debug, Clone)]
pub enum Selection {
    Everything,
    Tables(Vec<TableName>),
    Partitions(BTreeMap<TableName, BTreeSet<PartitionName>>),
    /// The tables of the database that an inventory group names now.
    Group {
        group: GroupName,
        tables: BTreeSet<TableName>,
    },
}
