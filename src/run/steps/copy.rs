//! Partitions from one restored table into another, and the proof that a table is what it should be.

use std::collections::BTreeSet;

use super::builder::{Builder, UNSEEN};
use super::definition::partition_clause;
use super::proof::Proof;
use crate::catalog::{ColumnFacts, TableFacts};
use crate::names::{PartitionName, TableName};
use crate::run::error::RunError;
use crate::starrocks::{RowError, query, read_database, sql};

/// What is copied into or out of, looked at once: a restore may copy thousands of partitions.
#[derive(Debug, Clone, Default)]
pub(super) struct Looked {
    partitions: BTreeSet<PartitionName>,
    /// Not filled by the cluster itself.
    insertable: Vec<String>,
    /// With a text form; HLL, BITMAP and PERCENTILE have none.
    printable: Vec<String>,
}

impl Looked {
    fn of(facts: &TableFacts) -> Looked {
        let names = |fits: &dyn Fn(&ColumnFacts) -> bool| {
            let columns = facts.columns.iter().filter(|column| fits(column));
            columns.map(|column| column.name.clone()).collect()
        };
        let has_text = |column: &ColumnFacts| {
            let textless = ["hll", "bitmap", "percentile"];
            !textless.iter().any(|kind| column.kind.starts_with(kind))
        };
        Looked {
            partitions: facts.partitions.keys().cloned().collect(),
            insertable: names(&|column| !column.generated),
            printable: names(&has_text),
        }
    }
}

impl Builder<'_> {
    pub(super) async fn copy(
        &mut self,
        into: &TableName,
        from: &TableName,
        partition: &PartitionName,
    ) -> Result<(), RunError> {
        let database = &self.context.database;
        self.look_at(into).await?;
        if !self.looked[into].partitions.contains(partition) {
            self.add_partition(into, from, partition).await?;
        }
        let Looked {
            insertable,
            printable,
            ..
        } = &self.looked[into];
        self.repeat(&sql::overwrite_partition(
            database, into, from, partition, insertable,
        ))
        .await?;
        let copied = self.checksum(into, Some(partition), printable).await?;
        let original = self.checksum(from, Some(partition), printable).await?;
        if copied == original {
            return Ok(());
        }
        Err(RunError::Failed(format!(
            "partition {partition} of {into} differs from {from} after the copy: {copied} against {original}"
        )))
    }

    /// With the bounds that the source's definition shows.
    async fn add_partition(
        &mut self,
        into: &TableName,
        from: &TableName,
        partition: &PartitionName,
    ) -> Result<(), RunError> {
        if !self.definitions.contains_key(from) {
            let definition = self.definition(from).await?;
            self.definitions.insert(from.clone(), definition);
        }
        let clause = partition_clause(&self.definitions[from], partition).ok_or_else(|| {
            RunError::Failed(format!(
                "SHOW CREATE TABLE {from} does not show partition {partition}"
            ))
        })?;
        let statement = sql::add_partition(&self.context.database, into, &clause);
        self.repeat(&statement).await?;
        if let Some(looked) = self.looked.get_mut(into) {
            looked.partitions.insert(partition.clone());
        }
        Ok(())
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
        if let Some(expected) =
            expected.filter(|expected| !expected.iter().eq(found.iter().copied()))
        {
            return Err(RunError::Failed(format!(
                "{restored} has not the partitions of the recovery point: {}",
                difference(expected, &found)
            )));
        }
        let held = self.hold_against_backup(table, &facts).await?;
        let checksum = self.checksum(restored, None, &looked.printable).await?;
        Ok(Proof::Checksum {
            text: format!("{table}: {checksum}{held}"),
        })
    }

    async fn look_at(&mut self, table: &TableName) -> Result<(), RunError> {
        if !self.looked.contains_key(table) {
            let looked = Looked::of(&self.facts(table).await?);
            self.looked.insert(table.clone(), looked);
        }
        Ok(())
    }

    async fn facts(&self, table: &TableName) -> Result<TableFacts, RunError> {
        let mut facts = read_database(self.session, &self.context.database).await?;
        facts.tables.remove(table).ok_or_else(|| {
            RunError::Failed(format!("table {}.{table} is gone", self.context.database))
        })
    }

    /// `rows=…, sum=…:…`.
    async fn checksum(
        &self,
        table: &TableName,
        partition: Option<&PartitionName>,
        columns: &[String],
    ) -> Result<String, RunError> {
        let statement = sql::checksum(&self.context.database, table, partition, columns);
        let set = self
            .job
            .patiently(UNSEEN, || async {
                Ok(query(self.session.as_ref(), &statement).await?)
            })
            .await?;
        let row = set.first().ok_or(RowError::Null {
            column: "row_count",
        })?;
        Ok(format!(
            "rows={}, sum={}:{}",
            row.text("row_count")?,
            row.text("sum_a")?,
            row.text("sum_b")?
        ))
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
