//! Statements about temporary partitions, by which single partitions of a table are exchanged.

use super::{idents, table};
use crate::names::{DatabaseName, PartitionName, TableName};

/// A formal or a temporary partition of one table.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    Formal(&'a PartitionName),
    Temporary(&'a PartitionName),
}

impl Place<'_> {
    pub(super) fn clause(self) -> String {
        match self {
            Place::Formal(name) => format!(" PARTITION (`{name}`)"),
            Place::Temporary(name) => format!(" TEMPORARY PARTITION (`{name}`)"),
        }
    }
}

/// `definition`: as for [`super::add_partition`].
pub fn add_temporary_partition(
    database: &DatabaseName,
    name: &TableName,
    definition: &str,
) -> String {
    format!(
        "ALTER TABLE {} ADD TEMPORARY {definition}",
        table(database, name)
    )
}

pub fn drop_temporary_partition(
    database: &DatabaseName,
    name: &TableName,
    partition: &PartitionName,
) -> String {
    format!(
        "ALTER TABLE {} DROP TEMPORARY PARTITION IF EXISTS `{partition}` FORCE",
        table(database, name)
    )
}

/// Atomic, whatever their number; each temporary one takes the name of the one whose place it takes (`catalog/OlapTable.java`,
/// replaceTempPartitions).
pub fn replace_partitions<'a>(
    database: &DatabaseName,
    name: &TableName,
    pairs: impl Iterator<Item = (&'a PartitionName, &'a PartitionName)>,
) -> String {
    let (formal, temporary): (Vec<_>, Vec<_>) = pairs
        .map(|(partition, staged)| (format!("`{partition}`"), format!("`{staged}`")))
        .unzip();
    format!(
        "ALTER TABLE {} REPLACE PARTITION ({}) WITH TEMPORARY PARTITION ({})",
        table(database, name),
        formal.join(", "),
        temporary.join(", ")
    )
}

pub fn fill_temporary_partition(
    database: &DatabaseName,
    (into, staged): (&TableName, &PartitionName),
    (from, partition): (&TableName, &PartitionName),
    columns: &[String],
) -> String {
    let columns = idents(columns);
    format!(
        "INSERT INTO {} TEMPORARY PARTITION (`{staged}`) ({columns}) SELECT {columns} FROM {} PARTITION (`{partition}`)",
        table(database, into),
        table(database, from)
    )
}

/// For a person, where nothing else is left to do.
pub fn overwrite_partition(
    database: &DatabaseName,
    into: &TableName,
    from: &TableName,
    partition: &PartitionName,
) -> String {
    format!(
        "INSERT OVERWRITE {} PARTITION (`{partition}`) SELECT * FROM {} PARTITION (`{partition}`)",
        table(database, into),
        table(database, from)
    )
}
