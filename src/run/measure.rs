//! What is counted in a backup's partitions, and held against a restore of them.
//!
//! Rows by COUNT(*), never by the frontend's statistics, which are minutes old. Checksums over the values as text, without regard to the
//! order of rows. Columns whose text is no proof are left out of a checksum: FLOAT and DOUBLE are printed otherwise by another release, JSON
//! and MAP have no one order, HLL, BITMAP, PERCENTILE and binary strings have no text.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

use super::error::RunError;
use crate::catalog::{ColumnFacts, Measured};
use crate::names::{DatabaseName, PartitionName, TableName};
use crate::starrocks::{RowError, Session, query, sql};

/// Partitions of one counting statement. StarRocks plans each SELECT of a UNION ALL for itself.
const COUNTED_TOGETHER: usize = 100;

/// Raised when checksums come to mean something else.
const VERSION: u32 = 1;

const NO_PROOF: [&str; 9] = [
    "float",
    "double",
    "json",
    "map",
    "hll",
    "bitmap",
    "percentile",
    "binary",
    "struct",
];

/// A part of a table that is measured by itself: the partition of that name, or the whole table, which has no other.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    pub name: &'a PartitionName,
    pub whole: bool,
}

impl<'a> Part<'a> {
    fn clause(&self) -> Option<&'a PartitionName> {
        (!self.whole).then_some(self.name)
    }
}

/// Rows by partition.
pub async fn count(
    session: &Session,
    database: &DatabaseName,
    table: &TableName,
    parts: &[Part<'_>],
) -> Result<BTreeMap<PartitionName, Measured>, RunError> {
    let mut counted = BTreeMap::new();
    for parts in parts.chunks(COUNTED_TOGETHER) {
        let named = parts.iter().map(|part| (part.name, part.clause()));
        let statement = sql::counts(database, table, named);
        for row in query(session.as_ref(), &statement).await?.rows() {
            let measured = Measured {
                rows: row.number("row_count")?,
                checksum: None,
            };
            counted.insert(row.name("part")?, measured);
        }
    }
    Ok(counted)
}

/// Rows and checksum of one partition.
pub async fn checksum(
    session: &Session,
    database: &DatabaseName,
    table: &TableName,
    part: Part<'_>,
    columns: &[ColumnFacts],
) -> Result<Measured, RunError> {
    let columns = comparable(columns);
    let statement = sql::checksum(database, table, part.clause(), &columns);
    let set = query(session.as_ref(), &statement).await?;
    let row = set.first().ok_or(RowError::Null {
        column: "row_count",
    })?;
    Ok(Measured {
        rows: row.number("row_count")?,
        checksum: Some(format!(
            "{}{}:{}",
            head(&columns),
            row.text("sum_a")?,
            row.text("sum_b")?
        )),
    })
}

/// Whether two checksums were taken over the same columns in the same way.
pub fn is_comparable(recorded: &str, columns: &[ColumnFacts]) -> bool {
    recorded.starts_with(&head(&comparable(columns)))
}

fn head(columns: &[String]) -> String {
    let digest = Md5::digest(columns.join("\u{0}").as_bytes());
    let digest: String = digest[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{VERSION}.{digest}:")
}

fn comparable(columns: &[ColumnFacts]) -> Vec<String> {
    let has_one_text =
        |column: &&ColumnFacts| !NO_PROOF.iter().any(|kind| column.kind.contains(kind));
    let kept = columns.iter().filter(has_one_text);
    kept.map(|column| column.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: &str) -> ColumnFacts {
        ColumnFacts {
            name: name.to_owned(),
            kind: kind.to_owned(),
            nullable: true,
            generated: false,
        }
    }

    #[test]
    fn columns_whose_text_is_no_proof_are_not_in_a_checksum() {
        let columns = [
            column("a", "bigint(20)"),
            column("b", "double"),
            column("c", "array<float>"),
            column("d", "varchar(10)"),
            column("e", "bitmap"),
            column("f", "varbinary"),
            column("g", "decimal(10, 2)"),
        ];
        assert_eq!(comparable(&columns), ["a", "d", "g"]);
        let recorded = format!("{}1:2", head(&comparable(&columns)));
        assert!(is_comparable(&recorded, &columns));
        assert!(!is_comparable(&recorded, &columns[..3]));
    }
}
