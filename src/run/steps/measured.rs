//! A restored table held against what its backup measured.

use std::collections::BTreeMap;

use super::builder::{Builder, PATIENCE};
use crate::catalog::{Measured, Partitioning, TableFacts};
use crate::names::{PartitionName, TableName};
use crate::run::baseline::load_chain;
use crate::run::error::{Refused, RunError};
use crate::run::measure::{Part, checksum, count, is_comparable};

impl Builder<'_> {
    /// What was compared, as words behind the checksum. Partitions that no backup of the chain measured are held against nothing.
    pub(super) async fn hold_against_backup(
        &self,
        table: &TableName,
        facts: &TableFacts,
    ) -> Result<String, RunError> {
        let recorded = self.recorded(table, facts).await?;
        let parts: Vec<Part<'_>> = recorded
            .keys()
            .map(|name| Part {
                name,
                whole: facts.partitioning == Partitioning::Unpartitioned,
            })
            .collect();
        let (session, database) = (self.session, &self.context.database);
        let find = || count(session, database, &facts.name, &parts);
        let found = self.job.patiently(PATIENCE, find).await?;
        let mut sums = 0;
        for part in &parts {
            let expected = &recorded[part.name];
            let rows = found.get(part.name).map_or(0, |found| found.rows);
            if rows != expected.rows {
                let (expected, found) = (format!("{} rows", expected.rows), format!("{rows} rows"));
                return Err(self.differs(table, facts, part.name, &expected, &found));
            }
            let Some(sum) = expected
                .checksum
                .as_ref()
                .filter(|sum| is_comparable(sum, &facts.columns))
            else {
                continue;
            };
            let find = || checksum(session, database, &facts.name, *part, &facts.columns);
            let found = self
                .job
                .patiently(PATIENCE, find)
                .await?
                .checksum
                .unwrap_or_default();
            if found != *sum {
                let (expected, found) = (
                    format!("the checksum {sum}"),
                    format!("the checksum {found}"),
                );
                return Err(self.differs(table, facts, part.name, &expected, &found));
            }
            sums += 1;
        }
        let all = facts.partitions.len();
        Ok(format!(
            ", as backed up: rows of {} and checksums of {sums} of {all} partitions",
            parts.len()
        ))
    }

    /// By the names of the restored table's partitions; an unpartitioned table's one partition was renamed with it.
    async fn recorded(
        &self,
        table: &TableName,
        facts: &TableFacts,
    ) -> Result<BTreeMap<PartitionName, Measured>, RunError> {
        let load = || async { Ok(load_chain(self.ops, &self.context.target).await??) };
        let read =
            || async { Ok::<_, RunError>(self.job.patiently(PATIENCE, load).await?.state()) };
        let state = self.backed_up.get_or_try_init(read).await?;
        let Some(state) = state.get(table) else {
            return Ok(BTreeMap::new());
        };
        let measured = state.partitions.iter().filter_map(|(name, source)| {
            let measured = source.record.measured.clone()?;
            Some((name.clone(), measured))
        });
        if facts.partitioning != Partitioning::Unpartitioned {
            return Ok(measured
                .filter(|(name, _)| facts.partitions.contains_key(name))
                .collect());
        }
        let only = facts.partitions.keys().cloned();
        Ok(only.zip(measured.map(|(_, measured)| measured)).collect())
    }

    fn differs(
        &self,
        table: &TableName,
        facts: &TableFacts,
        partition: &PartitionName,
        expected: &str,
        found: &str,
    ) -> RunError {
        Refused::not_possible(
            format!(
                "partition {partition} of {}.{table} is not what was backed up: the backup measured {expected}, and {} has {found}",
                self.context.database, facts.name
            ),
            "the snapshot may be damaged, or the repository's storage: choose another recovery point from `brctl backups`",
        )
        .into()
    }
}
