//! Single partitions copied beside others: the restored content beside the live one, and the live one beside the restored.

use std::collections::BTreeMap;

use super::bounds::Birth;
use super::builder::{Builder, PATIENCE};
use super::copy::{Source, insertable, printable};
use super::exchange::{never_still, replaced_meanwhile};
use super::proof::Proof;
use crate::catalog::Fingerprint;
use crate::names::{PartitionName, TableName};
use crate::plan::restore::ExchangedPartition;
use crate::run::error::{Refused, RunError};
use crate::run::measure::{Part, count};
use crate::starrocks::sql::Place;
use crate::starrocks::{TableParts, read_parts, sql};

/// So often the live content is kept anew because something was loaded meanwhile.
pub(super) const LOOKS: u32 = 5;

/// One partition that is copied, looked at once.
struct Copying<'a> {
    from: &'a TableName,
    partition: &'a PartitionName,
    /// What makes it.
    clause: String,
    /// Columns that are not filled by the cluster itself.
    insertable: Vec<String>,
    printable: Vec<String>,
}

pub(super) type Ids = BTreeMap<PartitionName, Vec<u64>>;

/// Of the partitions' own names; `None` where one is missing.
pub(super) fn formal_ids(parts: &TableParts, partitions: &[ExchangedPartition]) -> Option<Ids> {
    ids_of(partitions, |part| parts.formal.get(&part.partition))
}

/// Of the temporary ones that are to take those names.
pub(super) fn staged_ids(parts: &TableParts, partitions: &[ExchangedPartition]) -> Option<Ids> {
    ids_of(partitions, |part| parts.temporary.get(&part.staged))
}

fn ids_of<'p>(
    partitions: &[ExchangedPartition],
    find: impl Fn(&ExchangedPartition) -> Option<&'p Fingerprint>,
) -> Option<Ids> {
    let ids = partitions
        .iter()
        .map(|part| Some((part.partition.clone(), ids(find(part)?))));
    ids.collect()
}

fn ids(fingerprint: &Fingerprint) -> Vec<u64> {
    fingerprint.parts().iter().map(|part| part.id).collect()
}

impl Builder<'_> {
    pub(super) async fn parts(&self, table: &TableName) -> Result<TableParts, RunError> {
        Ok(read_parts(self.session, &self.context.database, table).await?)
    }

    pub(super) async fn parts_patiently(&self, table: &TableName) -> Result<TableParts, RunError> {
        self.job.insist(PATIENCE, || self.parts(table)).await
    }

    /// Empty. It has come from nobody else: [`Builder::look_before`] has seen that it was not there.
    pub(super) async fn add_live_partition(
        &self,
        table: &TableName,
        from: &TableName,
        partition: &PartitionName,
    ) -> Result<(), RunError> {
        let read = || Source::read(self.session, &self.context.database, from);
        let source = self.job.patiently(PATIENCE, read).await?;
        let clause = self.clause(&source, from, partition).await?;
        let statement = sql::add_partition(&self.context.database, table, &clause);
        let add = || async {
            let is_there = || async {
                let parts = self.parts(table).await?;
                Ok::<_, RunError>(parts.formal.contains_key(partition))
            };
            if is_there().await? {
                return Ok(());
            }
            match self.session.execute(&statement).await {
                Err(error) if !is_there().await? => Err(error.into()),
                _ => Ok(()),
            }
        };
        self.job.insist(PATIENCE, add).await
    }

    /// Only while it is empty: what was loaded into it since is somebody's.
    pub(in crate::run) async fn take_live_partition_away(
        &self,
        table: &TableName,
        partition: &PartitionName,
    ) -> Result<(), RunError> {
        let parts = self.parts_patiently(table).await?;
        if !parts.formal.contains_key(partition) {
            return Ok(());
        }
        let database = &self.context.database;
        if self.has_rows(table, partition).await? {
            self.job.journal.finding(
                format!("partition {partition} of {table}, which was not there before the restore, has rows by now and stays"),
                Some(format!("drop it if they are not needed: {}", sql::drop_partition(database, table, partition))),
            );
            return Ok(());
        }
        self.repeat(&sql::drop_partition(database, table, partition))
            .await
    }

    async fn has_rows(
        &self,
        table: &TableName,
        partition: &PartitionName,
    ) -> Result<bool, RunError> {
        let part = Part {
            name: partition,
            whole: false,
        };
        let (session, database) = (self.session, &self.context.database);
        let find = || count(session, database, table, std::slice::from_ref(&part));
        let counted = self.job.patiently(PATIENCE, find).await?;
        Ok(counted.values().any(|measured| measured.rows > 0))
    }

    /// The restored content beside the live one.
    pub(super) async fn stage(
        &self,
        table: &TableName,
        from: &TableName,
        partition: &PartitionName,
        staged: &PartitionName,
    ) -> Result<(), RunError> {
        let read = |table| Source::read(self.session, &self.context.database, table);
        let live = self.job.patiently(PATIENCE, || read(table)).await?;
        let restored = self.job.patiently(PATIENCE, || read(from)).await?;
        // A partition of the same name may be for other rows by now.
        if !live.has_bounds_of(&restored, partition) {
            return Err(other_bounds(table, partition));
        }
        let copying = self.copying(&restored, from, partition).await?;
        self.fill(table, staged, &copying).await?;
        self.prove_equal(table, staged, &copying).await
    }

    pub(in crate::run) async fn unstage(
        &self,
        table: &TableName,
        staged: &PartitionName,
    ) -> Result<(), RunError> {
        if !self
            .parts_patiently(table)
            .await?
            .temporary
            .contains_key(staged)
        {
            return Ok(());
        }
        self.repeat(&sql::drop_temporary_partition(
            &self.context.database,
            table,
            staged,
        ))
        .await
    }

    /// The live content, as of the fingerprint that is returned.
    pub(super) async fn keep(
        &self,
        table: &TableName,
        holder: &TableName,
        partition: &PartitionName,
        staged: &PartitionName,
    ) -> Result<Proof, RunError> {
        let read = || Source::read(self.session, &self.context.database, table);
        let live = self.job.patiently(PATIENCE, read).await?;
        let copying = self.copying(&live, table, partition).await?;
        let mut before = self.live_fingerprint(table, partition).await?;
        for _ in 0..LOOKS {
            self.fill(holder, staged, &copying).await?;
            let equal = self.prove_equal(holder, staged, &copying).await;
            let after = self.live_fingerprint(table, partition).await?;
            if after == before {
                equal?;
                let fingerprint = before.to_string();
                return Ok(Proof::Kept { fingerprint });
            }
            before = after;
        }
        Err(never_still(table, partition))
    }

    async fn live_fingerprint(
        &self,
        table: &TableName,
        partition: &PartitionName,
    ) -> Result<Fingerprint, RunError> {
        let mut parts = self.parts_patiently(table).await?;
        let found = parts.formal.remove(partition);
        found.ok_or_else(|| replaced_meanwhile(table))
    }

    async fn copying<'a>(
        &self,
        source: &Source,
        from: &'a TableName,
        partition: &'a PartitionName,
    ) -> Result<Copying<'a>, RunError> {
        let columns = self.columns(from).await?;
        Ok(Copying {
            from,
            partition,
            clause: self.clause(source, from, partition).await?,
            insertable: insertable(&columns),
            printable: printable(&columns),
        })
    }

    /// Whatever an earlier attempt left, and whatever the cluster still does for one whose answer was lost, is in a partition that is gone.
    async fn fill(
        &self,
        into: &TableName,
        staged: &PartitionName,
        copying: &Copying<'_>,
    ) -> Result<(), RunError> {
        let database = &self.context.database;
        let clause = as_temporary(&copying.clause, copying.partition, staged);
        let drop = sql::drop_temporary_partition(database, into, staged);
        let add = sql::add_temporary_partition(database, into, &clause);
        let fill = sql::fill_temporary_partition(
            database,
            (into, staged),
            (copying.from, copying.partition),
            &copying.insertable,
        );
        let run = || async {
            self.session.execute(&drop).await?;
            if let Err(error) = self.session.execute(&add).await {
                // A frontend sends a statement again when it loses the leader's answer, and passes the second refusal on.
                if !self.parts(into).await?.temporary.contains_key(staged) {
                    return Err(error.into());
                }
            }
            // One whose answer is lost may run on: it fills a partition that is dropped before this is tried again.
            self.session.execute(&fill).await?;
            Ok(())
        };
        self.job.insist(PATIENCE, run).await
    }

    async fn prove_equal(
        &self,
        into: &TableName,
        staged: &PartitionName,
        copying: &Copying<'_>,
    ) -> Result<(), RunError> {
        let Copying {
            from, partition, ..
        } = copying;
        let database = &self.context.database;
        let of = |table, place| sql::checksum_at(database, table, place, &copying.printable);
        let original = self
            .checksum_by(&of(from, Place::Formal(partition)))
            .await?;
        let copied = self
            .checksum_by(&of(into, Place::Temporary(staged)))
            .await?;
        if copied == original {
            return Ok(());
        }
        Err(RunError::Failed(format!(
            "partition {partition} of {from} was copied into {into}, and differs: {copied} against {original}"
        )))
    }

    async fn clause(
        &self,
        source: &Source,
        table: &TableName,
        partition: &PartitionName,
    ) -> Result<String, RunError> {
        match self.birth_in(source, table, partition).await? {
            Birth::Added(clause)
            | Birth::ByRows {
                empty: Some(clause),
            } => Ok(clause),
            Birth::ByRows { empty: None } => Err(RunError::Failed(format!(
                "the cluster makes partition {partition} of {table} for rows only, and no temporary one beside it"
            ))),
        }
    }
}

fn other_bounds(table: &TableName, partition: &PartitionName) -> RunError {
    Refused::not_possible(
        format!("partition {partition} of the live table {table} has other bounds than it had in the backup"),
        format!("restore the table beside the live one with --table {table} --no-swap, and copy what is needed from there"),
    )
    .into()
}

/// The clause of ADD PARTITION as that of ADD TEMPORARY PARTITION, with another name where it names one.
fn as_temporary(clause: &str, partition: &PartitionName, staged: &PartitionName) -> String {
    let formal = format!("PARTITION IF NOT EXISTS `{partition}` ");
    match clause.strip_prefix(&formal) {
        Some(bounds) => format!("PARTITION `{staged}` {bounds}"),
        None => clause.to_owned(),
    }
}
