//! Single partitions of a live table, put back: the statements, and the proof of which of them ran.
//!
//! A live partition's content is replaced by REPLACE PARTITION … WITH TEMPORARY PARTITION, which is atomic and drops what was there
//! (`catalog/OlapTable.java`, replaceTempPartitions). So the restored content is staged in a temporary partition of the live table, and the
//! live one in a temporary partition of the table that was downloaded; then both tables exchange. INSERT OVERWRITE would take as long as the
//! copy does between the last look at the live content and its end, and 3.4 refuses it for tables by expression.
//!
//! A load that has begun before the exchange and is not visible yet commits into the partition that is gone, and its rows with it.

use std::collections::BTreeMap;

use super::builder::{Builder, PATIENCE};
use super::proof::{Proof, parse, proof};
use super::stage::{Ids, LOOKS, formal_ids, staged_ids};
use crate::names::{PartitionName, TableName};
use crate::ops::StepState;
use crate::plan::restore::{ExchangedPartition, Step};
use crate::run::error::{Refused, RunError};
use crate::starrocks::{TableParts, sql};

impl Builder<'_> {
    /// What the exchange will be recognised by.
    pub(super) async fn look_at_partitions(
        &self,
        table: &TableName,
        partitions: &[ExchangedPartition],
    ) -> Result<Proof, RunError> {
        let parts = self.parts(table).await?;
        let both = formal_ids(&parts, partitions).zip(staged_ids(&parts, partitions));
        let (before, after) = both.ok_or_else(|| replaced_meanwhile(table))?;
        Ok(Proof::Partitions {
            before,
            after,
            back: None,
        })
    }

    pub(super) async fn exchange(
        &mut self,
        table: &TableName,
        partitions: &[ExchangedPartition],
        proof: &Proof,
    ) -> Result<(), RunError> {
        let Proof::Partitions { before, after, .. } = proof else {
            return Err(replaced_meanwhile(table));
        };
        for _ in 0..LOOKS {
            let parts = self.parts_patiently(table).await?;
            if formal_ids(&parts, partitions).as_ref() == Some(after) {
                return Ok(());
            }
            let moved: Vec<ExchangedPartition> = partitions
                .iter()
                .filter(|part| !self.is_kept(table, &part.partition, &parts))
                .cloned()
                .collect();
            if moved.is_empty() {
                match self.replace(table, partitions, before, after, true).await? {
                    Replaced::Yes => return Ok(()),
                    Replaced::Moved => continue,
                }
            }
            for part in moved {
                self.keep_again(table, &part).await?;
            }
        }
        Err(never_still(table, &partitions[0].partition))
    }

    fn is_kept(&self, table: &TableName, partition: &PartitionName, parts: &TableParts) -> bool {
        let now = parts.formal.get(partition).map(ToString::to_string);
        let index = self.keeping(table, partition);
        let kept = index.map(|index| proof(&self.steps[index]));
        matches!((kept, now), (Some(Proof::Kept { fingerprint }), Some(now)) if fingerprint == now)
    }

    fn keeping(&self, table: &TableName, partition: &PartitionName) -> Option<usize> {
        self.steps.iter().position(|record| {
            matches!(parse(record), Ok(Step::Keep { table: of, partition: kept, .. }) if of == *table && kept == *partition)
        })
    }

    async fn keep_again(
        &mut self,
        table: &TableName,
        part: &ExchangedPartition,
    ) -> Result<(), RunError> {
        let kept = self
            .keep(table, &part.holder, &part.partition, &part.staged)
            .await?;
        let Some(index) = self.keeping(table, &part.partition) else {
            return Ok(());
        };
        self.steps[index].proof = Some(serde_json::to_string(&kept).expect("a proof is JSON"));
        self.mark(index, self.steps[index].state).await
    }

    /// Sent while the ids say that it did not run. A second one finds no temporary partition.
    ///
    /// `is_live`: what is replaced must be kept, as it is at that moment; between two tries it may have been loaded into.
    async fn replace(
        &self,
        table: &TableName,
        partitions: &[ExchangedPartition],
        before: &Ids,
        after: &Ids,
        is_live: bool,
    ) -> Result<Replaced, RunError> {
        let pairs = partitions
            .iter()
            .map(|part| (&part.partition, &part.staged));
        let statement = sql::replace_partitions(&self.context.database, table, pairs);
        let send = || async {
            let parts = self.parts(table).await?;
            let formal = formal_ids(&parts, partitions);
            if formal.as_ref() == Some(after) {
                return Ok(Replaced::Yes);
            }
            if formal.as_ref() != Some(before)
                || staged_ids(&parts, partitions).as_ref() != Some(after)
            {
                return Err(replaced_meanwhile(table));
            }
            let kept = |part: &ExchangedPartition| self.is_kept(table, &part.partition, &parts);
            if is_live && !partitions.iter().all(kept) {
                return Ok(Replaced::Moved);
            }
            let sent = self.session.execute(&statement).await;
            // Refused or lost: a frontend may have sent it twice.
            if formal_ids(&self.parts(table).await?, partitions).as_ref() == Some(after) {
                return Ok(Replaced::Yes);
            }
            sent?;
            Err(replaced_meanwhile(table))
        };
        self.job.insist(PATIENCE, send).await
    }

    /// What stands beside takes its place in the table that is not live. Nothing is left to do where nothing stands there.
    pub(in crate::run) async fn settle(
        &self,
        holder: &TableName,
        partitions: &[ExchangedPartition],
    ) -> Result<(), RunError> {
        let parts = self.parts_patiently(holder).await?;
        let open: Vec<ExchangedPartition> = partitions
            .iter()
            .filter(|part| parts.temporary.contains_key(&part.staged))
            .cloned()
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        let both = formal_ids(&parts, &open).zip(staged_ids(&parts, &open));
        let (before, after) = both.ok_or_else(|| replaced_meanwhile(holder))?;
        self.replace(holder, &open, &before, &after, false).await?;
        Ok(())
    }

    /// As an exchange, the other way about: what is live by now is kept in its turn.
    pub(in crate::run) async fn exchange_back(
        &mut self,
        index: usize,
        table: &TableName,
        partitions: &[ExchangedPartition],
    ) -> Result<(), RunError> {
        let Proof::Partitions {
            before,
            after,
            back,
        } = proof(&self.steps[index])
        else {
            return Ok(());
        };
        let parts = self.parts_patiently(table).await?;
        let now = formal_ids(&parts, partitions);
        if now.as_ref() == Some(&before) {
            return Ok(());
        }
        if back.is_some() && now == back {
            return self.settle_all(partitions).await;
        }
        let known = now.as_ref() == Some(&after) || self.steps[index].state == StepState::Done;
        let Some(now) = now.filter(|_| known) else {
            return Err(replaced_meanwhile(table));
        };
        self.finish_settling(table, partitions).await?;
        for part in partitions {
            self.stage(table, &part.holder, &part.partition, &part.staged)
                .await?;
        }
        for part in partitions {
            self.keep_again(table, part).await?;
        }
        let parts = self.parts_patiently(table).await?;
        let staged = staged_ids(&parts, partitions);
        let back = staged.ok_or_else(|| replaced_meanwhile(table))?;
        let noted = Proof::Partitions {
            before,
            after,
            back: Some(back.clone()),
        };
        self.steps[index].proof = Some(serde_json::to_string(&noted).expect("a proof is JSON"));
        self.mark(index, self.steps[index].state).await?;
        let there_and_back = Proof::Partitions {
            before: now,
            after: back,
            back: None,
        };
        self.exchange(table, partitions, &there_and_back).await?;
        self.settle_all(partitions).await
    }

    /// Before the first statement that takes the exchange back: from here on, what stands beside in a holder is of the taking back.
    async fn finish_settling(
        &mut self,
        table: &TableName,
        partitions: &[ExchangedPartition],
    ) -> Result<(), RunError> {
        let holders: Vec<&TableName> = partitions.iter().map(|part| &part.holder).collect();
        for index in 0..self.steps.len() {
            let Ok(Step::Settle { holder, partitions }) = parse(&self.steps[index]) else {
                continue;
            };
            let settled = matches!(self.steps[index].state, StepState::Done | StepState::Undone);
            if settled || !holders.contains(&&holder) {
                continue;
            }
            tracing::info!(%table, %holder, "what the exchange left open is settled first");
            self.settle(&holder, &partitions).await?;
            self.mark(index, StepState::Undone).await?;
        }
        Ok(())
    }

    async fn settle_all(&self, partitions: &[ExchangedPartition]) -> Result<(), RunError> {
        let mut holders: BTreeMap<&TableName, Vec<ExchangedPartition>> = BTreeMap::new();
        for part in partitions {
            holders.entry(&part.holder).or_default().push(part.clone());
        }
        for (holder, partitions) in holders {
            self.settle(holder, &partitions).await?;
        }
        Ok(())
    }
}

/// How an exchange went.
enum Replaced {
    Yes,
    /// Not sent: what is live is not what is kept any more.
    Moved,
}

pub(super) fn never_still(table: &TableName, partition: &PartitionName) -> RunError {
    Refused::not_possible(
        format!(
            "partition {partition} of {table} is loaded into without a pause, so that its content cannot be kept to undo to"
        ),
        "stop the loads into it, and ask for the restore again",
    )
    .into()
}

pub(super) fn replaced_meanwhile(table: &TableName) -> RunError {
    Refused::not_possible(
        format!("a partition of {table} is not the one that was looked at: somebody dropped, truncated or replaced it meanwhile"),
        "look at the table, then ask again",
    )
    .into()
}
