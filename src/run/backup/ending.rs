//! How an attempt ends: recorded, taken again, or given up with a row that says why.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::line::{Attempted, Line, STEPS};
use super::order::BackupContext;
use super::record::{finish, record, record_failure};
use super::under_way::{NewTables, Taken};
use crate::catalog::{BackupRecord, ColumnChanges};
use crate::names::{Label, TableName};
use crate::ops::{Reservation, SlotEnd};
use crate::plan::backup::{BackupPlan, Baseline, Forced, Promotion};
use crate::plan::settle::torn;
use crate::run::error::RunError;
use crate::run::job::JobStop;
use crate::run::labels::label_for_failure;
use crate::run::poll::cancel_backup;
use crate::run::slots::Heartbeat;
use crate::starrocks::read_second_look;

/// A snapshot that could not be one cut is taken again so many times before the run is made a full, which always is one.
const TORN_ATTEMPTS: u32 = 3;

/// How long the end of an attempt is insisted on being written: the cluster may be in trouble right now.
const RECORDING: Duration = Duration::from_secs(600);

impl Line<'_> {
    pub(super) async fn close(
        &self,
        taken: Result<Taken, RunError>,
        context: &BackupContext,
        label: Label,
        (slot, beating): (Reservation, Heartbeat),
    ) -> Result<Attempted, RunError> {
        let Line {
            job, ops, order, ..
        } = self;
        match taken {
            Ok(Taken::Whole(whole)) => {
                let database = &order.database;
                let record = finish(job, ops, context, database, label, &whole, slot).await?;
                // Released: no beat finds it any more.
                drop(beating);
                let settled = whole.settled;
                self.measure(&record.label, &settled, context.changes.latest)
                    .await;
                Ok(Attempted::Done(Box::new(record)))
            }
            Ok(Taken::Torn(moved)) => {
                self.discard_attempt(&label, &slot, SlotEnd::Cancelled)
                    .await?;
                Ok(Attempted::Torn(moved))
            }
            Err(error) => self.give_up(error, context, &label, &slot).await,
        }
    }

    pub(super) async fn close_unchanged(
        &self,
        verified: Result<Attempted, RunError>,
        context: &BackupContext,
        label: &Label,
        slot: &Reservation,
    ) -> Result<Attempted, RunError> {
        match verified {
            Ok(Attempted::Torn(moved)) => {
                self.discard_attempt(label, slot, SlotEnd::Cancelled)
                    .await?;
                Ok(Attempted::Torn(moved))
            }
            Ok(done) => {
                self.release(slot, SlotEnd::Finished).await?;
                Ok(done)
            }
            Err(error) => self.give_up(error, context, label, slot).await,
        }
    }

    /// With a row that says why, unless the attempt is made again.
    pub(super) async fn give_up(
        &self,
        error: RunError,
        context: &BackupContext,
        label: &Label,
        slot: &Reservation,
    ) -> Result<Attempted, RunError> {
        let Line {
            job,
            session,
            ops,
            order,
            ..
        } = self;
        let database = &order.database;
        // The server's job goes on; the slot stays ACTIVE for the next life to find it by.
        if matches!(error, RunError::Stopped(JobStop::Detach)) {
            return Err(error);
        }
        if error.wants_new_attempt() {
            self.discard_attempt(label, slot, SlotEnd::Failed).await?;
            return Err(error);
        }
        job.insist(RECORDING, || cancel_backup(job, session, database, label))
            .await?;
        job.insist(RECORDING, || {
            record_failure(job, ops, context, Some(database), label, &error, Some(slot))
        })
        .await?;
        Err(error)
    }

    pub(super) async fn release(&self, slot: &Reservation, end: SlotEnd) -> Result<(), RunError> {
        let Line { job, ops, .. } = self;
        job.insist(RECORDING, || async {
            Ok(ops.release(slot, end, job.now()).await?)
        })
        .await
    }

    /// A label that came to nothing: its rows go, and with the slot closed the next attempt can begin.
    async fn discard_attempt(
        &self,
        label: &Label,
        slot: &Reservation,
        end: SlotEnd,
    ) -> Result<(), RunError> {
        let Line {
            job,
            session,
            ops,
            order,
            ..
        } = self;
        let discard = || async {
            cancel_backup(job, session, &order.database, label).await?;
            ops.delete_manifest(label).await?;
            Ok(ops.release(slot, end, job.now()).await?)
        };
        job.insist(RECORDING, discard).await
    }

    pub(super) fn new_tables<'a>(&'a self, seen: &'a BTreeSet<TableName>) -> NewTables<'a> {
        NewTables {
            inventory: &self.order.inventory,
            seen,
            take_again: self.torn + 1 < TORN_ATTEMPTS,
        }
    }

    pub(super) fn take_again(&mut self, moved: Forced) {
        self.torn += 1;
        let tables = moved
            .keys()
            .map(TableName::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        self.job.journal.finding(format!("data of {tables} moved before the cut, outside what was selected: taken again with it"), None);
        for (table, partitions) in moved {
            self.forced.entry(table).or_default().extend(partitions);
        }
        if self.torn >= TORN_ATTEMPTS {
            self.promote = Some(Promotion::Unsettled);
        }
    }

    /// Nothing differs, so there will be no cut: a second look tells whether the first one was of one moment.
    pub(super) async fn verify_unchanged(
        &self,
        plan: &BackupPlan,
        context: &BackupContext,
        baseline: Option<&Baseline>,
        label: &Label,
    ) -> Result<Attempted, RunError> {
        let Line {
            job,
            session,
            order,
            ..
        } = self;
        // What the first look saw was there by now, and what the second one sees still is.
        let verified = job.now();
        let look =
            || async { Ok(read_second_look(session, &order.database, plan.changes.latest).await?) };
        let after = job.patiently(order.patience, look).await?;
        let empty = BTreeMap::new();
        let known = baseline.map_or(&empty, |baseline| &baseline.state);
        let mut moved = torn(&plan.manifest, known, &after);
        self.new_tables(&plan.seen)
            .add_to(&mut moved, job, &order.database, &after);
        if !moved.is_empty() {
            return Ok(Attempted::Torn(moved));
        }
        let record = self
            .record_unchanged(plan, context, label, verified)
            .await?;
        Ok(Attempted::Done(Box::new(record)))
    }

    /// A recovery point without a snapshot of its own.
    async fn record_unchanged(
        &self,
        plan: &BackupPlan,
        context: &BackupContext,
        label: &Label,
        verified: DateTime<Utc>,
    ) -> Result<BackupRecord, RunError> {
        let Line {
            job, ops, order, ..
        } = self;
        let database = &order.database;
        let mut record = record(job, context, Some(database), label.clone());
        record.verified = Some(verified);
        record.partition_count = Some(0);
        record.data_bytes = Some(0);
        let write = || async {
            let (manifest, left_out) = (&plan.manifest, &plan.left_out);
            ops.write_manifest(label, database, manifest, left_out, job.now())
                .await?;
            Ok(ops.record_backup(&record).await?)
        };
        job.insist(RECORDING, write).await?;
        job.journal.step(
            STEPS,
            STEPS,
            "nothing changed since the baseline: verified, no BACKUP needed",
        );
        Ok(record)
    }

    /// Before there was a slot: the failure gets a row all the same.
    pub(super) async fn record_early_failure(&self, error: RunError) -> RunError {
        if matches!(error, RunError::Stopped(JobStop::Detach)) || error.wants_new_attempt() {
            return error;
        }
        self.record_without_slot(error).await
    }

    pub(super) async fn record_without_slot(&self, error: RunError) -> RunError {
        let Line {
            job, ops, order, ..
        } = self;
        let context = BackupContext {
            baseline: order.baseline.clone(),
            note: None,
            ..self.bare_context()
        };
        let recorded = async {
            let Some(label) =
                label_for_failure(ops, order.database.as_str(), order.kind, order.day).await?
            else {
                return Ok(());
            };
            job.journal.labelled(&label);
            record_failure(
                job,
                ops,
                &context,
                Some(&order.database),
                &label,
                &error,
                None,
            )
            .await
        };
        if let Err(unrecorded) = recorded.await {
            job.journal.finding(
                format!("the failure could not be recorded in ops.backup_history: {unrecorded}"),
                None,
            );
        }
        error
    }

    pub(super) fn bare_context(&self) -> BackupContext {
        BackupContext {
            run: self.job.id.clone(),
            group: self.order.group.clone(),
            kind: self.order.kind,
            repository: self.order.repository.clone(),
            baseline: None,
            trigger: self.order.trigger,
            scheduled: self.order.scheduled,
            started: self.started,
            job_timeout_secs: self.order.job_timeout.as_secs(),
            changes: ColumnChanges::default(),
            note: None,
        }
    }
}
