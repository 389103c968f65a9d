//! How an attempt ends: recorded, taken again, or given up with a row that says why.

use super::line::{Attempted, Line, STEPS};
use super::order::BackupContext;
use super::record::{finish, record, record_failure};
use super::under_way::Taken;
use crate::catalog::BackupRecord;
use crate::names::{Label, TableName};
use crate::ops::{Reservation, SlotEnd};
use crate::plan::backup::{BackupPlan, Forced, Promotion};
use crate::run::error::RunError;
use crate::run::job::JobStop;
use crate::run::labels::{free_label, label_for_failure};
use crate::run::poll::cancel_backup;

/// A snapshot that could not be one cut is taken again so many times before the run is made a full, which always is one.
const TORN_ATTEMPTS: u32 = 3;

impl Line<'_> {
    pub(super) async fn close(
        &self,
        taken: Result<Taken, RunError>,
        plan: BackupPlan,
        label: Label,
        slot: Reservation,
    ) -> Result<Attempted, RunError> {
        let Line {
            job,
            session,
            ops,
            order,
            ..
        } = self;
        let context = self.context(&plan);
        match taken {
            Ok(Taken::Whole(whole)) => {
                let record =
                    finish(job, ops, &context, &order.database, label, *whole, slot).await?;
                Ok(Attempted::Done(Box::new(record)))
            }
            Ok(Taken::Torn(moved)) => {
                self.discard_attempt(&label, &slot, SlotEnd::Cancelled)
                    .await?;
                Ok(Attempted::Torn(moved))
            }
            // The server's job goes on; the slot stays ACTIVE for the next life to find it by.
            Err(RunError::Stopped(JobStop::Detach)) => Err(RunError::Stopped(JobStop::Detach)),
            Err(error) => {
                if error.wants_new_attempt() {
                    self.discard_attempt(&label, &slot, SlotEnd::Failed).await?;
                    return Err(error);
                }
                job.insist(order.patience, || {
                    cancel_backup(job, session, &order.database, &label)
                })
                .await?;
                job.insist(order.patience, || {
                    record_failure(
                        job,
                        ops,
                        &context,
                        Some(&order.database),
                        &label,
                        &error,
                        Some(&slot),
                    )
                })
                .await?;
                Err(error)
            }
        }
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
        job.insist(order.patience, discard).await
    }

    pub(super) fn take_again(&mut self, moved: Forced, torn: u32) {
        let tables = moved
            .keys()
            .map(TableName::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        self.job.journal.finding(format!("data of {tables} moved before the cut, outside what was selected: taken again with it"), None);
        for (table, partitions) in moved {
            self.forced.entry(table).or_default().extend(partitions);
        }
        if torn >= TORN_ATTEMPTS {
            self.promote = Some(Promotion::Unsettled);
        }
    }

    /// Nothing differs: a recovery point without a snapshot of its own.
    pub(super) async fn record_unchanged(
        &self,
        plan: BackupPlan,
    ) -> Result<BackupRecord, RunError> {
        let Line {
            job,
            session,
            ops,
            order,
            ..
        } = self;
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
        let (label, _) = job.patiently(order.patience, find).await?;
        job.journal.labelled(&label);
        ops.write_manifest(
            &label,
            &order.database,
            &plan.manifest,
            &plan.left_out,
            job.now(),
        )
        .await?;
        let mut record = record(job, &self.context(&plan), Some(&order.database), label);
        record.verified = Some(self.started);
        record.partition_count = Some(0);
        record.data_bytes = Some(0);
        ops.record_backup(&record).await?;
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
                label_for_failure(ops, order.database.as_str(), order.kind, &order.naming).await?
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

    fn bare_context(&self) -> BackupContext {
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
            note: None,
        }
    }
}
