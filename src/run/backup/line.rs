//! The straight line, taken again from the first look on where the cluster says so.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::order::{BackupContext, DatabaseOrder};
use super::under_way::{Taken, UnderWay};
use crate::catalog::{BackupKind, BackupRecord, count};
use crate::names::{Label, PartitionName, TableName};
use crate::ops::{Ops, Reservation, Scope, SlotClaim, SlotEnd};
use crate::plan::backup::{BackupPlan, Baseline, Forced, Promotion};
use crate::plan::label::{self, is_labelled_full};
use crate::run::baseline::BaselineQuery;
use crate::run::error::RunError;
use crate::run::job::Job;
use crate::run::labels::free_label;
use crate::run::poll::{UNSEEN, UNSEEN_WHEN_LOST, backup_row};
use crate::run::slots::{Heartbeat, hold};
use crate::starrocks::{ErrorClass, Session, StatementError, sql};

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
        torn: 0,
    };
    if let Some(error) = refused {
        return Err(line.record_early_failure(error).await);
    }
    let mut last = RunError::Failed("no attempt was made".to_owned());
    for _ in 0..ATTEMPTS {
        match line.attempt().await {
            Ok(Attempted::Done(record)) => return Ok(*record),
            Ok(Attempted::Torn(moved)) => {
                line.take_again(moved);
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
    /// Attempts that came to no one cut.
    pub(super) torn: u32,
}

pub(super) enum Attempted {
    Done(Box<BackupRecord>),
    /// Data moved outside the selection before the cut: what to take into the next attempt.
    Torn(Forced),
}

impl Line<'_> {
    async fn attempt(&mut self) -> Result<Attempted, RunError> {
        // The slot first: from here on nobody of ours takes a label of this database, or looks at it with a backup in mind.
        let (label, slot, beating) = match self.reserve().await {
            Ok(reserved) => reserved,
            Err(error) => return Err(self.record_early_failure(error).await),
        };
        let planned = match self.look_and_plan().await {
            Ok(planned) => planned,
            Err(error) => {
                return self
                    .give_up(error, &self.bare_context(), &label, &slot)
                    .await;
            }
        };
        let (plan, baseline) = planned;
        if plan.kind == BackupKind::Full && !is_labelled_full(&label) {
            self.tell_nameless_full(&label);
        }
        let context = self.context(&plan, baseline.as_ref());
        if plan.items.is_empty() {
            let verified = self
                .verify_unchanged(&plan, &context, baseline.as_ref(), &label)
                .await;
            return self
                .close_unchanged(verified, &context, &label, &slot)
                .await;
        }
        let taken = self.take(plan, &context, baseline, &label, &slot).await;
        self.close(taken, &context, label, (slot, beating)).await
    }

    fn tell_nameless_full(&self, label: &Label) {
        let full = label::label(
            self.order.database.as_str(),
            self.order.day,
            BackupKind::Full,
            0,
        );
        self.job.journal.finding(
            format!(
                "`{label}` is not the name of a full: if the cluster is lost with every backup of ops and the mirror, `brctl recover` takes it for \
                 an incremental, which cannot be restored"
            ),
            Some(format!("keep the mirror elsewhere, or name fulls as `{full}`")),
        );
    }

    pub(super) fn baselines(&self) -> BaselineQuery<'_> {
        BaselineQuery {
            ops: self.ops,
            session: self.session,
            group: &self.order.group,
            database: &self.order.database,
            repository: &self.order.repository,
            chaining: self.order.chaining,
            named: self.order.baseline.as_ref(),
        }
    }

    /// The database's slot, under a label that is free. The label was chosen before the slot was won, so it is looked at once more.
    async fn reserve(&mut self) -> Result<(Label, Reservation, Heartbeat), RunError> {
        let Line {
            job,
            session,
            ops,
            order,
            ..
        } = *self;
        job.journal.step(1, STEPS, "reserve the slot");
        let context = serde_json::to_string(&self.bare_context()).expect("a context is JSON");
        let kind = self.likely_kind().await?;
        loop {
            let find = || {
                let (repository, database) = (&order.repository, &order.database);
                let naming = &order.naming;
                free_label(ops, session, repository, database, kind, naming, self.skip)
            };
            let (label, attempt) = job.patiently(order.patience, find).await?;
            let claim = SlotClaim {
                scope: Scope::Backup,
                label: &label,
                database: &order.database,
                owner: &job.owner,
                job: &job.id,
                context: context.clone(),
            };
            let (slot, beating) = hold(job, session, ops, &claim, order.patience).await?;
            self.skip = attempt + 1;
            let known = job.insist(order.patience, || async { Ok(ops.backup(&label).await?) });
            match known.await {
                Ok(None) => {
                    job.journal.labelled(&label);
                    return Ok((label, slot, beating));
                }
                // Taken while this run waited for its turn.
                Ok(Some(_)) => self.release(&slot, SlotEnd::Cancelled).await?,
                Err(error) => {
                    self.release(&slot, SlotEnd::Failed).await?;
                    return Err(error);
                }
            }
        }
    }

    /// The kind that the label will say: an incremental that cannot be one is named for the full that it becomes.
    async fn likely_kind(&self) -> Result<BackupKind, RunError> {
        if self.order.kind == BackupKind::Full || self.promote.is_some() {
            return Ok(BackupKind::Full);
        }
        let query = self.baselines();
        let has_full = self
            .job
            .patiently(self.order.patience, || query.has_candidate())
            .await?;
        Ok(if has_full {
            BackupKind::Incremental
        } else {
            BackupKind::Full
        })
    }

    fn context(&self, plan: &BackupPlan, baseline: Option<&Baseline>) -> BackupContext {
        let promoted = |promotion: &Promotion| format!("taken as a full: {promotion}");
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
            changes: plan.changes.clone(),
            note: plan
                .promotion
                .as_ref()
                .map(promoted)
                .or(baseline.and_then(compared_instead)),
        }
    }

    async fn take(
        &self,
        plan: BackupPlan,
        context: &BackupContext,
        baseline: Option<Baseline>,
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
        let described = serde_json::to_string(context).expect("a context is JSON");
        let write = || async {
            ops.describe_slot(slot, &described).await?;
            let (database, now) = (&order.database, job.now());
            let (manifest, left_out) = (&plan.manifest, &plan.left_out);
            Ok(ops
                .write_manifest(label, database, manifest, left_out, now)
                .await?)
        };
        job.patiently(order.patience, write).await?;
        job.journal.step(
            4,
            STEPS,
            format!("submit BACKUP {label}: {}", summary(&plan)),
        );
        let unseen = self.submit(&plan, label).await?;
        let baseline = baseline.map_or_else(BTreeMap::new, |baseline| baseline.state);
        let under_way = UnderWay {
            job,
            session,
            database: &order.database,
            repository: &order.repository,
            label,
            timeout: order.job_timeout,
            unseen,
            manifest: plan.manifest,
            latest_alter: plan.changes.latest,
            baseline: &baseline,
            new_tables: Some(self.new_tables(&plan.seen)),
        };
        under_way.see_through().await
    }

    /// Sent once. Whatever comes back other than OK, the job is looked for before anything is sent again: a follower may have sent it
    /// twice, and a lost answer is no answer (`rpc/ThriftRPCRequestExecutor.java` resends up to three times). Tells how long the job may
    /// be nowhere to be seen.
    async fn submit(&self, plan: &BackupPlan, label: &Label) -> Result<Duration, RunError> {
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
        let sent = AtomicBool::new(false);
        let send = || async {
            if backup_row(session, &order.database, label).await?.is_some() {
                // A job of this name that was there before ours is not ours.
                return if sent.load(Ordering::Relaxed) {
                    Ok(UNSEEN)
                } else {
                    Err(label_in_use(label))
                };
            }
            sent.store(true, Ordering::Relaxed);
            let Err(error) = session.execute(&statement).await else {
                return Ok(UNSEEN);
            };
            if error.class == ErrorClass::Lost {
                let text = format!(
                    "the answer to BACKUP was lost ({error}); looking for the job instead of sending again"
                );
                job.journal.finding(text, None);
                return Ok(UNSEEN_WHEN_LOST);
            }
            if backup_row(session, &order.database, label).await?.is_some() {
                return Ok(UNSEEN);
            }
            Err(error.into())
        };
        job.patiently(order.patience, send).await
    }
}

pub(super) fn compared_instead(baseline: &Baseline) -> Option<String> {
    let reasons: Vec<String> = baseline.instead.iter().map(ToString::to_string).collect();
    let reasons = Some(reasons.join("; ")).filter(|reasons| !reasons.is_empty());
    reasons.map(|reasons| format!("compared with `{}`: {reasons}", baseline.label))
}

fn label_in_use(label: &Label) -> RunError {
    let text = format!("another tool's job of this database is called `{label}`");
    let mut error = StatementError::unreachable(text);
    error.class = ErrorClass::NewLabel;
    error.help = None;
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
        "{} ({whole} of them whole), {}",
        count(plan.items.len(), "table"),
        count(partitions, "partition")
    )
}
