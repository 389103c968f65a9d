//! The straight line, taken again from the first look on where the cluster says so.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::order::{BackupContext, DatabaseOrder};
use super::under_way::{Taken, UnderWay};
use crate::catalog::{BackupKind, BackupRecord, DatabaseFacts};
use crate::names::{DatabaseName, Label, PartitionName, TableName};
use crate::ops::{HeldSlot, Ops, Reservation, Reserved, Scope, SlotClaim};
use crate::plan::backup::{BackupPlan, Baseline, Forced, Promotion, plan_full, plan_incremental};
use crate::run::adopt::heal_stale;
use crate::run::baseline::BaselineQuery;
use crate::run::error::{Refused, RunError};
use crate::run::job::Job;
use crate::run::labels::free_label;
use crate::run::poll::backup_row;
use crate::starrocks::{ErrorClass, Session, StatementError, read_database, sql};

/// Labels found burnt, partitions gone under the statement: each costs an attempt.
const ATTEMPTS: u32 = 8;

/// Steps that a person sees.
pub(super) const STEPS: u32 = 7;

/// Done, or recorded as failed: either way there is a row, if ops can be written at all.
///
/// `refused`: the run as a whole cannot be, and this database's share of it is recorded as failed.
pub async fn back_up(
    job: &Job,
    session: &Session,
    ops: &Ops,
    order: &DatabaseOrder,
    refused: Option<RunError>,
) -> Result<BackupRecord, RunError> {
    let started = job.now();
    let mut line = Line {
        job,
        session,
        ops,
        order,
        started,
        skip: 0,
        forced: Forced::new(),
        promote: None,
    };
    if let Some(error) = refused {
        return Err(line.record_early_failure(error).await);
    }
    let mut torn = 0;
    let mut last = RunError::Failed("no attempt was made".to_owned());
    for _ in 0..ATTEMPTS {
        match line.attempt().await {
            Ok(Attempted::Done(record)) => return Ok(*record),
            Ok(Attempted::Torn(moved)) => {
                torn += 1;
                line.take_again(moved, torn);
                last = RunError::Failed(format!(
                    "data kept moving before the cut, in the last of {ATTEMPTS} attempts"
                ));
                continue;
            }
            Err(error) if error.wants_new_attempt() => last = error,
            Err(error) => return Err(error),
        }
        job.journal
            .finding(format!("taken again from the first look on: {last}"), None);
        if let Err(stopped) = job.pause(job.tuning.poll_interval).await {
            return Err(line.record_early_failure(stopped).await);
        }
    }
    Err(line.record_without_slot(last).await)
}

pub(super) struct Line<'a> {
    pub(super) job: &'a Job,
    pub(super) session: &'a Session,
    pub(super) ops: &'a Ops,
    pub(super) order: &'a DatabaseOrder,
    pub(super) started: DateTime<Utc>,
    /// Label variants below this are known to be burnt.
    pub(super) skip: u32,
    pub(super) forced: Forced,
    pub(super) promote: Option<Promotion>,
}

pub(super) enum Attempted {
    Done(Box<BackupRecord>),
    /// Data moved outside the selection before the cut: what to take into the next attempt.
    Torn(Forced),
}

impl Line<'_> {
    async fn attempt(&mut self) -> Result<Attempted, RunError> {
        let (plan, baseline) = match self.look_and_plan().await {
            Ok(planned) => planned,
            Err(error) => return Err(self.record_early_failure(error).await),
        };
        if plan.items.is_empty() {
            return self
                .record_unchanged(plan)
                .await
                .map(|record| Attempted::Done(Box::new(record)));
        }
        let (label, slot) = match self.reserve(&plan).await {
            Ok(reserved) => reserved,
            Err(error) => return Err(self.record_early_failure(error).await),
        };
        let taken = self.take(&plan, baseline.as_ref(), &label, &slot).await;
        self.close(taken, plan, label, slot).await
    }

    async fn look_and_plan(&self) -> Result<(BackupPlan, Option<Baseline>), RunError> {
        let Line {
            job,
            session,
            order,
            ..
        } = self;
        job.journal
            .step(1, STEPS, format!("look at database {}", order.database));
        let facts = job
            .patiently(order.patience, || async {
                Ok(read_database(session, &order.database).await?)
            })
            .await?;
        let facts = order.inventory.select(facts);
        for out in &facts.left_out {
            job.journal.finding(
                format!(
                    "table {}.{} is not in the backup: it {}",
                    order.database, out.table, out.reason
                ),
                None,
            );
        }
        if facts.tables.is_empty() {
            return Err(nothing_to_take(order, &facts).into());
        }
        job.journal.step(2, STEPS, "plan");
        self.plan(facts).await
    }

    async fn plan(&self, facts: DatabaseFacts) -> Result<(BackupPlan, Option<Baseline>), RunError> {
        let Line {
            job,
            session,
            ops,
            order,
            forced,
            promote,
            ..
        } = self;
        if order.kind == BackupKind::Full {
            return Ok((plan_full(&facts, None), None));
        }
        let query = BaselineQuery {
            ops,
            session,
            group: &order.group,
            database: &order.database,
            repository: &order.repository,
            named: order.baseline.as_ref(),
        };
        let found = match promote {
            Some(promotion) => Err(promotion.clone()),
            None => job.patiently(order.patience, || query.find()).await?,
        };
        Ok(match found {
            Ok(baseline) => (plan_incremental(&facts, &baseline, forced), Some(baseline)),
            Err(promotion) => {
                job.journal
                    .finding(format!("taken as a full: {promotion}"), None);
                (plan_full(&facts, Some(promotion)), None)
            }
        })
    }

    /// A free label and the database's slot under it, with the manifest written: all that must stand before the cluster is asked.
    async fn reserve(&mut self, plan: &BackupPlan) -> Result<(Label, Reservation), RunError> {
        let Line {
            job,
            session,
            ops,
            order,
            ..
        } = *self;
        job.journal.step(3, STEPS, "reserve the slot");
        let find = || {
            free_label(
                ops,
                session,
                &order.repository,
                &order.database,
                plan.kind,
                &order.naming,
                self.skip,
            )
        };
        let (label, attempt) = job.patiently(order.patience, find).await?;
        let context = serde_json::to_string(&self.context(plan)).expect("a context is JSON");
        let reserve = || async {
            let claim = SlotClaim {
                scope: Scope::Backup,
                label: &label,
                database: &order.database,
                owner: &job.owner,
                job: &job.id,
                context: context.clone(),
            };
            match ops.reserve(&claim, job.now()).await? {
                Reserved::Ours(slot) => Ok(slot),
                Reserved::Held(other) => {
                    heal_stale(job, session, ops, &other).await?;
                    Err(slot_taken(&order.database, &other))
                }
                Reserved::Raced => Err(RunError::Statement(StatementError::lost(
                    "another claim won the slot",
                ))),
            }
        };
        let slot = job.patiently(order.patience, reserve).await?;
        self.skip = attempt + 1;
        job.journal.labelled(&label);
        Ok((label, slot))
    }

    pub(super) fn context(&self, plan: &BackupPlan) -> BackupContext {
        BackupContext {
            run: self.job.id.clone(),
            group: self.order.group.clone(),
            kind: plan.kind,
            repository: self.order.repository.clone(),
            baseline: plan.baseline.clone(),
            trigger: self.order.trigger,
            scheduled: self.order.scheduled,
            started: self.started,
            job_timeout_secs: self.order.job_timeout.as_secs(),
            note: plan
                .promotion
                .as_ref()
                .map(|promotion| format!("taken as a full: {promotion}")),
        }
    }

    async fn take(
        &self,
        plan: &BackupPlan,
        baseline: Option<&Baseline>,
        label: &Label,
        slot: &Reservation,
    ) -> Result<Taken, RunError> {
        let Line {
            job,
            session,
            ops,
            order,
            ..
        } = self;
        job.check_stop()?;
        ops.write_manifest(
            label,
            &order.database,
            &plan.manifest,
            &plan.left_out,
            job.now(),
        )
        .await?;
        job.journal.step(
            4,
            STEPS,
            format!("submit BACKUP {label}: {}", summary(plan)),
        );
        self.submit(plan, label).await?;
        let empty = BTreeMap::new();
        let under_way = UnderWay {
            job,
            session,
            ops,
            database: &order.database,
            repository: &order.repository,
            label,
            timeout: order.job_timeout,
            manifest: &plan.manifest,
            baseline: baseline.map_or(&empty, |baseline| &baseline.state),
        };
        under_way.see_through(slot).await
    }

    /// Sent once. Whatever comes back other than OK, the job is looked for before anything is sent again: a follower may have sent it
    /// twice, and a lost answer is no answer (`rpc/ThriftRPCRequestExecutor.java` resends up to three times).
    async fn submit(&self, plan: &BackupPlan, label: &Label) -> Result<(), RunError> {
        let Line {
            job,
            session,
            order,
            ..
        } = self;
        let items: Vec<(&TableName, Option<&[PartitionName]>)> = plan
            .items
            .iter()
            .map(|item| (&item.table, item.partitions.as_deref()))
            .collect();
        let statement = sql::backup(
            &order.database,
            label,
            &order.repository,
            &items,
            order.job_timeout,
        );
        job.patiently(order.patience, || async {
            if backup_row(session, &order.database, label).await?.is_some() {
                return Ok(());
            }
            let Err(error) = session.execute(&statement).await else { return Ok(()) };
            if error.class == ErrorClass::Lost {
                job.journal.finding(format!("the answer to BACKUP was lost ({error}); looking for the job instead of sending again"), None);
                return Ok(());
            }
            if backup_row(session, &order.database, label).await?.is_some() {
                return Ok(());
            }
            Err(error.into())
        })
        .await
    }
}

fn nothing_to_take(order: &DatabaseOrder, facts: &DatabaseFacts) -> Refused {
    let reasons: Vec<String> = facts
        .left_out
        .iter()
        .map(|out| format!("{} {}", out.table, out.reason))
        .collect();
    let reasons = if reasons.is_empty() {
        "it has no table".to_owned()
    } else {
        reasons.join("; ")
    };
    Refused::not_found(
        format!(
            "the inventory group `{}` names no table of database `{}` that can be backed up: {reasons}",
            order.group, order.database
        ),
        "correct the group's rows in ops.table_inventory",
    )
}

pub fn slot_taken(database: &DatabaseName, other: &HeldSlot) -> RunError {
    let owner = other.owner.as_deref().unwrap_or("another tool");
    let mut error = StatementError::unreachable(format!(
        "database `{database}` is taken by {} `{}` of {owner}",
        other.scope.as_str(),
        other.label
    ));
    error.class = ErrorClass::SlotBusy;
    error.help = Some("wait for it, or look at it with `brctl jobs` and in ops.run_status");
    error.into()
}

fn summary(plan: &BackupPlan) -> String {
    let partitions = plan.manifest.partition_count();
    let whole = plan
        .items
        .iter()
        .filter(|item| item.partitions.is_none())
        .count();
    format!(
        "{} tables ({whole} of them whole), {partitions} partitions",
        plan.items.len()
    )
}
