//! Partitions from one restored table into another, and the proof that a table is what it should be.

use std::collections::BTreeMap;
use std::fmt;

use super::bounds::{Birth, Shown, birth, places_of_null};
use super::builder::{Builder, PATIENCE};
use super::proof::{Proof, parse, proof};
use crate::catalog::{ColumnFacts, Partitioning, TableFacts};
use crate::names::{DatabaseName, PartitionName, TableName};
use crate::ops::StepState;
use crate::plan::restore::Step;
use crate::run::error::RunError;
use crate::starrocks::{RowError, Session, query, read_columns, read_definition, read_table, sql};

/// What is copied into, looked at once: a restore may copy thousands of partitions.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    partitioning: Partitioning,
    /// Not filled by the cluster itself.
    insertable: Vec<String>,
    /// With a text form; HLL, BITMAP and PERCENTILE have none.
    printable: Vec<String>,
}

/// What is copied from, looked at once.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    definition: String,
    partitions: BTreeMap<PartitionName, SourcePartition>,
}

impl Source {
    pub(super) async fn read(
        session: &Session,
        database: &DatabaseName,
        table: &TableName,
    ) -> Result<Source, RunError> {
        let definition = read_definition(session, database, table).await?;
        let set = query(session.as_ref(), &sql::show_partitions(database, table)).await?;
        let mut partitions = BTreeMap::new();
        for row in set.rows() {
            let key = row.optional("PartitionKey").unwrap_or_default();
            let shown = SourcePartition {
                key: key.split(',').map(|name| name.trim().to_owned()).collect(),
                range: row.optional("Range").map(str::to_owned),
                list: row.optional("List").map(str::to_owned),
            };
            partitions.insert(row.name("PartitionName")?, shown);
        }
        Ok(Source {
            definition,
            partitions,
        })
    }

    pub(super) fn definition(&self) -> &str {
        &self.definition
    }

    /// Whether the cluster makes a temporary partition with the bounds of this one.
    pub(super) fn can_be_staged(&self, partition: &PartitionName) -> bool {
        let Some(shown) = self.partitions.get(partition) else {
            return false;
        };
        let all = Shown {
            definition: &self.definition,
            range: shown.range.as_deref(),
            list: shown.list.as_deref(),
        };
        matches!(
            birth(all, partition, |_| true),
            Some(Birth::Added(_) | Birth::ByRows { empty: Some(_) })
        )
    }

    /// Whether a row that belongs to the partition here belongs to it there too, and the other way about.
    pub(super) fn has_bounds_of(&self, other: &Source, partition: &PartitionName) -> bool {
        match (
            self.partitions.get(partition),
            other.partitions.get(partition),
        ) {
            (Some(one), Some(other)) => one.range == other.range && one.list == other.list,
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Default)]
struct SourcePartition {
    /// The columns that divide the table.
    key: Vec<String>,
    range: Option<String>,
    list: Option<String>,
}

impl Looked {
    fn of(facts: &TableFacts) -> Looked {
        Looked {
            partitioning: facts.partitioning,
            insertable: insertable(&facts.columns),
            printable: printable(&facts.columns),
        }
    }
}

pub(super) fn insertable(columns: &[ColumnFacts]) -> Vec<String> {
    let fits = columns.iter().filter(|column| !column.generated);
    fits.map(|column| column.name.clone()).collect()
}

pub(super) fn printable(columns: &[ColumnFacts]) -> Vec<String> {
    let has_text = |column: &&ColumnFacts| {
        let textless = ["hll", "bitmap", "percentile"];
        !textless.iter().any(|kind| column.kind.starts_with(kind))
    };
    let fits = columns.iter().filter(has_text);
    fits.map(|column| column.name.clone()).collect()
}

impl Builder<'_> {
    /// The partition goes, is made again with its bounds, and is filled: whatever an earlier attempt left, and whatever the cluster still
    /// does for one whose answer was lost, is in a partition that is gone. Nobody reads the table yet.
    ///
    /// INSERT OVERWRITE would say the same in one statement, but 3.4 refuses it for a partition of a table by expression
    /// (`sql/analyzer/InsertAnalyzer.java`, `sql/InsertPlanner.java`), and a killed one leaves temporary partitions. The partition is empty, so that an aggregate of one
    /// row each is what it was: SUM of one sum, REPLACE by one value.
    pub(super) async fn copy(
        &mut self,
        into: &TableName,
        from: &TableName,
        partition: &PartitionName,
    ) -> Result<Option<Proof>, RunError> {
        self.look_at_target(into).await?;
        self.look_at_source(from).await?;
        let birth = self.birth(from, partition).await?;
        let Looked {
            partitioning,
            insertable,
            printable,
        } = &self.looked[into];
        let original = self.checksum(from, Some(partition), printable).await?;
        let database = &self.context.database;
        let mut statements = vec![sql::drop_partition(database, into, partition)];
        match birth {
            Birth::Added(clause) => statements.push(sql::add_partition(database, into, &clause)),
            Birth::ByRows { .. } if original.rows > 0 => {}
            Birth::ByRows {
                empty: Some(clause),
            } => statements.push(sql::add_partition(database, into, &clause)),
            Birth::ByRows { empty: None } => {
                self.repeat(&statements[0]).await?;
                return Ok(Some(Proof::Unborn));
            }
        }
        if original.rows > 0 {
            let target = (*partitioning != Partitioning::Automatic).then_some(partition);
            statements.push(sql::copy_partition(
                database, into, target, from, partition, insertable,
            ));
        }
        let run = || async {
            for statement in &statements {
                // Never sent twice by itself: the rows would be there twice.
                self.session.execute(statement).await?;
            }
            Ok(())
        };
        self.job.insist(PATIENCE, run).await?;
        let copied = self.checksum(into, Some(partition), printable).await?;
        if copied == original {
            return Ok(None);
        }
        Err(RunError::Failed(format!(
            "partition {partition} of {into} differs from {from} after the copy: {copied} against {original}"
        )))
    }

    async fn birth(&self, from: &TableName, partition: &PartitionName) -> Result<Birth, RunError> {
        self.birth_in(&self.sources[from], from, partition).await
    }

    pub(super) async fn birth_in(
        &self,
        source: &Source,
        from: &TableName,
        partition: &PartitionName,
    ) -> Result<Birth, RunError> {
        let unknown = || {
            RunError::Failed(format!(
                "the cluster does not show how partition {partition} of {from} is made"
            ))
        };
        let shown = source.partitions.get(partition).ok_or_else(unknown)?;
        let mut texts = Vec::new();
        for place in places_of_null(shown.list.as_deref().unwrap_or_default()) {
            let column = shown.key.get(place).ok_or_else(unknown)?;
            if self.holds_text_null(from, partition, column).await? {
                texts.push(place);
            }
        }
        let all = Shown {
            definition: &source.definition,
            range: shown.range.as_deref(),
            list: shown.list.as_deref(),
        };
        birth(all, partition, |place| !texts.contains(&place)).ok_or_else(unknown)
    }

    /// The value NULL and the text `NULL` are shown alike: the rows tell, and a column that is never NULL.
    async fn holds_text_null(
        &self,
        table: &TableName,
        partition: &PartitionName,
        column: &str,
    ) -> Result<bool, RunError> {
        let columns = self.columns(table).await?;
        let known = columns.iter().find(|known| known.name == column);
        if known.is_some_and(|known| !known.nullable) {
            return Ok(true);
        }
        let statement = sql::has_text_null(&self.context.database, table, partition, column);
        let look = || async { Ok(query(self.session.as_ref(), &statement).await?) };
        let set = self.job.patiently(PATIENCE, look).await?;
        Ok(!set.is_empty())
    }

    pub(super) async fn verify(
        &mut self,
        table: &TableName,
        restored: &TableName,
        expected: Option<&[PartitionName]>,
    ) -> Result<Proof, RunError> {
        let facts = self.facts(restored).await?;
        let looked = Looked::of(&facts);
        let found: Vec<&PartitionName> = facts.partitions.keys().collect();
        let unborn = self.unborn(restored);
        let expected: Option<Vec<PartitionName>> = expected.map(|expected| {
            let born = expected.iter().filter(|name| !unborn.contains(name));
            born.cloned().collect()
        });
        if let Some(expected) =
            expected.filter(|expected| !expected.iter().eq(found.iter().copied()))
        {
            return Err(RunError::Failed(format!(
                "{restored} has not the partitions of the recovery point: {}",
                difference(&expected, &found)
            )));
        }
        let held = self.hold_against_backup(table, &facts).await?;
        if !unborn.is_empty() {
            let names: Vec<&str> = unborn.iter().map(PartitionName::as_str).collect();
            self.job.journal.finding(
                format!(
                    "{table} had empty partitions that only rows can make: {}; each comes with its first row",
                    names.join(", ")
                ),
                None,
            );
        }
        let checksum = self.checksum(restored, None, &looked.printable).await?;
        Ok(Proof::Checksum {
            text: format!("{table}: {checksum}{held}"),
        })
    }

    /// Empty ones of a table that makes its partitions itself.
    fn unborn(&self, restored: &TableName) -> Vec<PartitionName> {
        let copies = self.steps.iter().filter_map(|record| match parse(record) {
            Ok(Step::Copy {
                into, partition, ..
            }) if into == *restored && matches!(proof(record), Proof::Unborn) => Some(partition),
            _ => None,
        });
        copies.collect()
    }

    /// All partitions that are still to be copied go at once: two of them may have exchanged their bounds since.
    async fn look_at_target(&mut self, table: &TableName) -> Result<(), RunError> {
        if self.looked.contains_key(table) {
            return Ok(());
        }
        let facts = self.facts(table).await?;
        let pending = self.steps.iter().filter_map(|record| match parse(record) {
            Ok(Step::Copy {
                into, partition, ..
            }) if into == *table && record.state != StepState::Done => Some(partition),
            _ => None,
        });
        for partition in pending.filter(|name| facts.partitions.contains_key(name)) {
            let statement = sql::drop_partition(&self.context.database, table, &partition);
            self.repeat(&statement).await?;
        }
        self.looked.insert(table.clone(), Looked::of(&facts));
        Ok(())
    }

    async fn look_at_source(&mut self, table: &TableName) -> Result<(), RunError> {
        if self.sources.contains_key(table) {
            return Ok(());
        }
        let read = || Source::read(self.session, &self.context.database, table);
        let source = self.job.patiently(PATIENCE, read).await?;
        self.sources.insert(table.clone(), source);
        Ok(())
    }

    /// Also of a table that has temporary partitions.
    pub(super) async fn columns(&self, table: &TableName) -> Result<Vec<ColumnFacts>, RunError> {
        let read =
            || async { Ok(read_columns(self.session, &self.context.database, table).await?) };
        self.job.patiently(PATIENCE, read).await
    }

    async fn facts(&self, table: &TableName) -> Result<TableFacts, RunError> {
        let facts = read_table(self.session, &self.context.database, table).await?;
        facts.ok_or_else(|| {
            RunError::Failed(format!("table {}.{table} is gone", self.context.database))
        })
    }

    async fn checksum(
        &self,
        table: &TableName,
        partition: Option<&PartitionName>,
        columns: &[String],
    ) -> Result<Checksum, RunError> {
        let statement = sql::checksum(&self.context.database, table, partition, columns);
        self.checksum_by(&statement).await
    }

    pub(super) async fn checksum_by(&self, statement: &str) -> Result<Checksum, RunError> {
        let set = self
            .job
            .patiently(PATIENCE, || async {
                Ok(query(self.session.as_ref(), statement).await?)
            })
            .await?;
        let row = set.first().ok_or(RowError::Null {
            column: "row_count",
        })?;
        Ok(Checksum {
            rows: row.number("row_count")?,
            sums: format!("{}:{}", row.text("sum_a")?, row.text("sum_b")?),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checksum {
    pub rows: u64,
    sums: String,
}

/// `rows=…, sum=…:…`.
impl fmt::Display for Checksum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "rows={}, sum={}", self.rows, self.sums)
    }
}

fn difference(expected: &[PartitionName], found: &[&PartitionName]) -> String {
    let missing: Vec<&str> = expected
        .iter()
        .filter(|name| !found.contains(name))
        .map(PartitionName::as_str)
        .collect();
    let surplus: Vec<&str> = found
        .iter()
        .filter(|name| !expected.contains(name))
        .map(|name| name.as_str())
        .collect();
    format!(
        "missing [{}], surplus [{}]",
        missing.join(", "),
        surplus.join(", ")
    )
}
