//! Why no plan can be made, and what to do next.

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
    #[error("{database}.{name} is a view now, and cannot be swapped with the restored table")]
    NotATable {
        database: DatabaseName,
        name: TableName,
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
            RestorePlanError::NotATable { .. } => "rename or drop the view first".to_owned(),
            RestorePlanError::NoSnapshot { label, .. } | RestorePlanError::NoSource { label, .. } => {
                format!("choose another recovery point; `brctl show {label}` tells what is recorded")
            }
            RestorePlanError::SchemaDiffers { .. } => "restore the chain's full, or a later full".to_owned(),
        }
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
