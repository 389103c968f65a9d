//! The steps one by one, each marked before and after.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::OnceCell;

use super::copy::{Looked, Source};
use super::proof::{Proof, parse, proof};
use super::swap::{expected_id, vanished};
use crate::catalog::TableState;
use crate::names::TableName;
use crate::ops::{Ops, StepRecord, StepState};
use crate::plan::restore::Step;
use crate::run::error::{Refused, RunError};
use crate::run::job::Job;
use crate::run::restore::RestoreContext;
use crate::starrocks::{Session, query, sql};

/// A missing job is given up after this long.
pub(super) const UNSEEN: Duration = Duration::from_secs(30);

/// How long a statement is tried again while the cluster is in trouble: a new leader may take minutes to be there, and giving up throws away
/// what was downloaded, or stands between two swaps.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

/// Whether a step may have begun to take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    /// Not before this moment.
    Now,
    /// In an earlier life of the daemon.
    Earlier,
}

pub struct Builder<'a> {
    pub job: &'a Job,
    pub session: &'a Session,
    pub ops: &'a Ops,
    pub context: &'a RestoreContext,
    pub steps: Vec<StepRecord>,
    head: Option<StepRecord>,
    pub(super) sources: BTreeMap<TableName, Source>,
    pub(super) looked: BTreeMap<TableName, Looked>,
    /// What the chain holds, read once: each read is of all its tables.
    pub(super) backed_up: OnceCell<BTreeMap<TableName, TableState>>,
}

impl<'a> Builder<'a> {
    pub fn new(
        job: &'a Job,
        session: &'a Session,
        ops: &'a Ops,
        context: &'a RestoreContext,
        steps: Vec<StepRecord>,
    ) -> Builder<'a> {
        let (head, steps): (Vec<_>, Vec<_>) = steps.into_iter().partition(|step| step.number == 0);
        Builder {
            job,
            session,
            ops,
            context,
            steps,
            head: head.into_iter().next(),
            sources: BTreeMap::new(),
            looked: BTreeMap::new(),
            backed_up: OnceCell::new(),
        }
    }

    /// The checksum of what is live afterwards, or stands beside what is.
    pub async fn run(&mut self) -> Result<String, RunError> {
        let end = if self.context.stops_beside() {
            self.first_live_step()
        } else {
            self.steps.len()
        };
        let of = u32::try_from(end).unwrap_or(u32::MAX);
        for index in 0..end {
            if self.steps[index].state == StepState::Done {
                continue;
            }
            self.job.check_stop()?;
            let step = parse(&self.steps[index])?;
            self.job
                .journal
                .step(self.steps[index].number, of, step.describe());
            let announced = self.announce(index, &step).await?;
            let proof = proof(&self.steps[index]);
            if let Some(after) = self.perform(&step, &proof, announced).await? {
                self.steps[index].proof =
                    Some(serde_json::to_string(&after).expect("a proof is JSON"));
            }
            self.mark(index, StepState::Done).await?;
        }
        let checksums = self.steps.iter().filter_map(|record| match proof(record) {
            Proof::Checksum { text } => Some(text),
            _ => None,
        });
        Ok(checksums.collect::<Vec<_>>().join("; "))
    }

    /// Marked as running, with what it will be recognised by. A step that an earlier life announced keeps the proof of that moment.
    async fn announce(&mut self, index: usize, step: &Step) -> Result<Announced, RunError> {
        if self.steps[index].state == StepState::Running {
            return Ok(Announced::Earlier);
        }
        let job = self.job;
        let planned = proof(&self.steps[index]);
        let proof = job.patiently(PATIENCE, || self.look_before(step)).await?;
        prove_planned(step, &planned, &proof)?;
        self.steps[index].proof = Some(serde_json::to_string(&proof).expect("a proof is JSON"));
        self.mark(index, StepState::Running).await?;
        Ok(Announced::Now)
    }

    /// Where the steps begin that make tables live.
    pub fn first_live_step(&self) -> usize {
        let is_live = |record: &StepRecord| parse(record).is_ok_and(|step| step.is_live_step());
        let first = self.steps.iter().position(is_live);
        first.unwrap_or(self.steps.len())
    }

    pub fn is_turned_back(&self) -> bool {
        let turned = |head: &StepRecord| head.state == StepState::Undone;
        self.head.as_ref().is_some_and(turned)
    }

    /// Written down before the first step is taken back.
    pub async fn turn_back(&mut self) -> Result<(), RunError> {
        self.mark_head(StepState::Undone).await
    }

    /// After everything is taken back that may be done anew.
    pub async fn turn_forward(&mut self) -> Result<(), RunError> {
        self.mark_head(StepState::Done).await
    }

    async fn mark_head(&mut self, state: StepState) -> Result<(), RunError> {
        let Some(head) = &mut self.head else {
            return Ok(());
        };
        head.state = state;
        let (ops, job) = (self.ops, self.job);
        let head = std::slice::from_ref(head);
        let write = || async { Ok(ops.write_steps(&self.context.job, head, job.now()).await?) };
        job.insist(PATIENCE, write).await
    }

    pub async fn mark(&mut self, index: usize, state: StepState) -> Result<(), RunError> {
        self.steps[index].state = state;
        let record = std::slice::from_ref(&self.steps[index]);
        self.job
            .insist(PATIENCE, || async {
                Ok(self
                    .ops
                    .write_steps(&self.context.job, record, self.job.now())
                    .await?)
            })
            .await
    }

    async fn look_before(&self, step: &Step) -> Result<Proof, RunError> {
        Ok(match step {
            Step::Swap { table, restored } => {
                let ids = self.ids(&[table, restored]).await?;
                Proof::Ids {
                    live: ids.get(table).copied(),
                    restored: expected_id(&ids, restored)?,
                }
            }
            Step::Rename { restored, table } => {
                let ids = self.ids(&[restored, table]).await?;
                if ids.contains_key(table) {
                    return Err(vanished(table));
                }
                Proof::Ids {
                    live: None,
                    restored: expected_id(&ids, restored)?,
                }
            }
            Step::Quiet { table } => Proof::Properties {
                before: self.self_dropping(table).await?,
            },
            Step::Download { download_as, .. } => {
                self.prove_absent(download_as).await?;
                Proof::LastRestore {
                    job_id: self
                        .restore_row()
                        .await?
                        .map(|row| row.job_id)
                        .unwrap_or_default(),
                }
            }
            // Whether the live table is the one that was planned with; what becomes of its partitions is told by their own ids.
            Step::Stage { table, .. } => Proof::Planned {
                live: self.ids(&[table]).await?.get(table).copied(),
            },
            Step::Add {
                table, partition, ..
            } => {
                let live = self.ids(&[table]).await?.get(table).copied();
                if self.parts(table).await?.formal.contains_key(partition) {
                    return Err(vanished(table));
                }
                Proof::Planned { live }
            }
            Step::Exchange { table, partitions } => {
                self.look_at_partitions(table, partitions).await?
            }
            Step::Copy { .. }
            | Step::DropPartition { .. }
            | Step::DropHelper { .. }
            | Step::Regrant { .. }
            | Step::Keep { .. }
            | Step::Settle { .. }
            | Step::Verify { .. } => Proof::None,
        })
    }

    /// Planned long ago, perhaps: what has taken the name since is somebody's, and is neither used nor dropped.
    async fn prove_absent(&self, table: &TableName) -> Result<(), RunError> {
        if self.ids(&[table]).await?.contains_key(table) {
            return Err(Refused::not_possible(
                format!(
                    "table {}.{table} has appeared since the plan was made",
                    self.context.database
                ),
                "drop it if it is not needed, or give another --rename-suffix",
            )
            .into());
        }
        Ok(())
    }

    /// What is to be remembered of it, if anything is.
    async fn perform(
        &mut self,
        step: &Step,
        proof: &Proof,
        announced: Announced,
    ) -> Result<Option<Proof>, RunError> {
        let database = &self.context.database;
        match step {
            Step::Verify {
                table,
                restored,
                partitions,
            } => {
                let expected = partitions
                    .as_ref()
                    .map(|set| set.iter().cloned().collect::<Vec<_>>());
                return self
                    .verify(table, restored, expected.as_deref())
                    .await
                    .map(Some);
            }
            Step::Download { download_as, .. } => {
                self.download(step, download_as, proof, announced).await?;
                let table_id = expected_id(&self.ids(&[download_as]).await?, download_as)?;
                return Ok(Some(Proof::Built { table_id }));
            }
            Step::Quiet { table } => self.quiet(table, proof).await,
            Step::Copy {
                into,
                from,
                partition,
            } => return self.copy(into, from, partition).await,
            Step::DropPartition { table, partition } => {
                self.repeat(&sql::drop_partition(database, table, partition))
                    .await
            }
            Step::DropHelper { table } => self.repeat(&sql::drop_table(database, table)).await,
            Step::Regrant { table, restored } => {
                self.regrant(table, restored).await;
                Ok(())
            }
            Step::Swap { table, restored } => {
                self.tell_running_loads(table).await;
                self.swap(table, restored, proof).await?;
                self.tell_routine_loads(table, restored).await;
                Ok(())
            }
            Step::Rename { restored, table } => self.rename(restored, table, proof).await,
            Step::Add {
                table,
                from,
                partition,
            } => self.add_live_partition(table, from, partition).await,
            Step::Stage {
                table,
                from,
                partition,
                staged,
            } => self.stage(table, from, partition, staged).await,
            Step::Keep {
                table,
                holder,
                partition,
                staged,
            } => return self.keep(table, holder, partition, staged).await.map(Some),
            Step::Exchange { table, partitions } => {
                self.tell_loads_into_exchanged(table, partitions).await;
                self.exchange(table, partitions, proof).await
            }
            Step::Settle { holder, partitions } => self.settle(holder, partitions).await,
        }
        .map(|()| None)
    }

    /// A statement that may run twice, however its first answer got lost.
    pub async fn repeat(&self, statement: &str) -> Result<(), RunError> {
        let run = || async {
            query(self.session.as_ref(), statement).await?;
            Ok(())
        };
        self.job.insist(PATIENCE, run).await
    }
}

/// A plan replaces the table that it named, and no other that has come under its name since.
fn prove_planned(step: &Step, planned: &Proof, now: &Proof) -> Result<(), RunError> {
    match (step, planned, now) {
        (
            Step::Swap { table, .. } | Step::Rename { table, .. },
            Proof::Planned { live: planned },
            Proof::Ids { live, .. },
        ) if planned != live => Err(vanished(table)),
        (
            Step::Stage { table, .. } | Step::Add { table, .. },
            Proof::Planned { live: planned },
            Proof::Planned { live },
        ) if planned != live => Err(vanished(table)),
        _ => Ok(()),
    }
}
