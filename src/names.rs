//! The names brd handles, each parsed once at the edge: a value of one of these types can be written into a statement.
//!
//! StarRocks' parser strips every backtick from a quoted identifier (`sql/parser/AstBuilder.java`), so a name that contains one cannot be
//! written down in any statement: such a name is refused here, with the reason, rather than quoted wrongly.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("{what} is empty")]
    Empty { what: &'static str },
    #[error("{what} `{name}` is {bytes} bytes long, at most {limit} are possible")]
    TooLong {
        what: &'static str,
        name: String,
        bytes: usize,
        limit: usize,
    },
    #[error(
        "{what} {name:?} contains a backtick, which StarRocks cannot read back from any statement"
    )]
    Backtick { what: &'static str, name: String },
    #[error("{what} {name:?} contains a control character")]
    Control { what: &'static str, name: String },
    #[error(
        "{what} {name:?} contains {found:?}; only letters A to Z, digits, `_` and `-` are possible, because the label becomes a directory name"
    )]
    Character {
        what: &'static str,
        name: String,
        found: char,
    },
}

/// Longest table, partition or group name, in bytes (StarRocks: `[^\0]{1,1024}` for tables, `common/FeNameFormat.java`).
const NAME_LIMIT: usize = 1024;

/// Longest label that brd itself gives, in bytes. `ops.run_status` has the key (scope, label), 128 bytes encoded.
pub const LABEL_LIMIT: usize = 100;

/// Longest label that fits the key of `ops.run_status` with scope `restore` (7 + 2 bytes go before it).
const RECORDED_LABEL_LIMIT: usize = 119;

fn check(what: &'static str, name: &str, limit: usize) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty { what });
    }
    if name.contains('`') {
        return Err(NameError::Backtick {
            what,
            name: name.to_owned(),
        });
    }
    if name.chars().any(char::is_control) {
        return Err(NameError::Control {
            what,
            name: name.to_owned(),
        });
    }
    if name.len() > limit {
        return Err(NameError::TooLong {
            what,
            name: name.to_owned(),
            bytes: name.len(),
            limit,
        });
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $limit:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        // Shared: a partition's name stands in the facts, the manifest and the baseline of one job, a hundred thousand times.
        pub struct $type(Arc<str>);

        impl $type {
            /// Refuses what could not be written into a statement.
            pub fn parse(text: impl AsRef<str> + Into<Arc<str>>) -> Result<Self, NameError> {
                check($what, text.as_ref(), $limit)?;
                Ok(Self(text.into()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        name!(@conversions $type);
    };
    (@conversions $type:ident) => {
        impl TryFrom<String> for $type {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.as_str().to_owned()
            }
        }

        impl std::str::FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(&self.0)
            }
        }
    };
}

name! {
    /// A named set of `database.table` rows of `ops.table_inventory`.
    GroupName, "the inventory group", NAME_LIMIT
}
name! {
    /// StarRocks' named backup target.
    RepositoryName, "the repository name", NAME_LIMIT
}
name! {
    DatabaseName, "the database name", NAME_LIMIT
}
name! {
    TableName, "the table name", NAME_LIMIT
}
name! {
    /// A partition's name; an unpartitioned table has one partition, named like the table.
    PartitionName, "the partition name", NAME_LIMIT
}
name! {
    /// One run of a plan: the key of `ops.restore_history`, `run_id` of `ops.backup_history`.
    JobId, "the job id", 64
}

impl GroupName {
    /// The group of the backups of `ops` itself. No schedule and no inventory may have one of this name.
    pub const OPS: &'static str = "brd_ops";

    pub fn of_ops() -> GroupName {
        GroupName(GroupName::OPS.into())
    }

    pub fn is_of_ops(&self) -> bool {
        self.as_str() == GroupName::OPS
    }
}

impl DatabaseName {
    /// Where our memory is.
    pub fn ops() -> DatabaseName {
        DatabaseName("ops".into())
    }
}

/// The name of one backup: the snapshot in the repository and the row in `ops.backup_history`.
///
/// Two ways in: [`Label::parse`] for labels that brd may give (a directory name on every storage), [`Label::recorded`] for labels that
/// stand in history already, whoever gave them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

impl Label {
    /// At most [`LABEL_LIMIT`] bytes of `[A-Za-z0-9_-]`.
    pub fn parse(text: impl Into<String>) -> Result<Label, NameError> {
        let label = Label::recorded(text)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if let Some(found) = label.0.chars().find(|&c| !allowed(c)) {
            return Err(NameError::Character {
                what: "the label",
                name: label.0,
                found,
            });
        }
        check("the label", &label.0, LABEL_LIMIT)?;
        Ok(label)
    }

    /// Any label that can be named in a statement. StarRocks itself has no rule but "not empty" (`BackupRestoreAnalyzer.java`).
    pub fn recorded(text: impl Into<String>) -> Result<Label, NameError> {
        let text = text.into();
        check("the label", &text, RECORDED_LABEL_LIMIT)?;
        Ok(Label(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Label {
    type Error = NameError;

    fn try_from(text: String) -> Result<Label, NameError> {
        Label::recorded(text)
    }
}

impl From<Label> for String {
    fn from(label: Label) -> String {
        label.0
    }
}

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

/// `database.table`, as a person writes it. The first full stop separates: a database name with one in it cannot be given this way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QualifiedTable {
    pub database: DatabaseName,
    pub table: TableName,
}

impl std::str::FromStr for QualifiedTable {
    type Err = String;

    fn from_str(text: &str) -> Result<QualifiedTable, String> {
        let (database, table) = text
            .split_once('.')
            .ok_or_else(|| format!("`{text}` is not of the form database.table"))?;
        let database = DatabaseName::parse(database).map_err(|error| error.to_string())?;
        let table = TableName::parse(table).map_err(|error| error.to_string())?;
        Ok(QualifiedTable { database, table })
    }
}

impl fmt::Display for QualifiedTable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.database, self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_statement_can_hold_are_refused_with_the_reason() {
        assert_eq!(
            TableName::parse("").unwrap_err().to_string(),
            "the table name is empty"
        );
        assert_eq!(
            TableName::parse("a`b").unwrap_err().to_string(),
            "the table name \"a`b\" contains a backtick, which StarRocks cannot read back from any statement"
        );
        assert_eq!(
            DatabaseName::parse("a\nb").unwrap_err().to_string(),
            "the database name \"a\\nb\" contains a control character"
        );
        assert!(PartitionName::parse("x".repeat(1025)).is_err());
        for odd in ["select", "Größe", "it's", "a\"b", "a b", "日本", "-", "1"] {
            assert_eq!(TableName::parse(odd).unwrap().as_str(), odd);
        }
    }

    #[test]
    fn a_label_of_ours_is_a_directory_name_and_a_recorded_one_is_taken_as_it_is() {
        assert!(Label::parse("sales_20261122_full_r1").is_ok());
        assert_eq!(
            Label::parse("sales/1").unwrap_err().to_string(),
            "the label \"sales/1\" contains '/'; only letters A to Z, digits, `_` and `-` are possible, because the label becomes a directory name"
        );
        assert!(Label::parse("x".repeat(LABEL_LIMIT)).is_ok());
        assert!(Label::parse("x".repeat(LABEL_LIMIT + 1)).is_err());
        assert_eq!(Label::recorded("größe 1").unwrap().as_str(), "größe 1");
    }

    #[test]
    fn a_qualified_table_splits_at_the_first_full_stop() {
        let table: QualifiedTable = "sales.orders.v2".parse().unwrap();
        assert_eq!(
            (table.database.as_str(), table.table.as_str()),
            ("sales", "orders.v2")
        );
        assert!("sales".parse::<QualifiedTable>().is_err());
        assert!(".t".parse::<QualifiedTable>().is_err());
    }
}
