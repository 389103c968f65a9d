//! `ops` from the newest backup of it that can be used: restored beside what is there, one table after another.

use std::collections::BTreeSet;

use super::download::{Download, restore_row};
use super::execute::{PATIENCE, Recovery, STEPS};
use crate::catalog::{BackupKind, BackupRecord, BackupStatus};
use crate::names::{DatabaseName, GroupName, Label, RepositoryName, TableName};
use crate::ops::{HeldSlot, Ops, Scope};
use crate::plan::label::OPS_LABEL;
use crate::run::backup::BackupContext;
use crate::run::confirm::{ConfirmedSnapshot, confirm, unreadable};
use crate::run::error::RunError;
use crate::run::job::JobStop;
use crate::run::preflight::backends;
use crate::run::prune::PruneContext;
use crate::starrocks::{
    ErrorClass, RestoreJobRow, Session, SnapshotRow, SnapshotStatus, StatementError,
    database_exists, query, sql,
};

/// Without these a backup of `ops` is none.
const NEEDED: [&str; 5] = [
    "run_status",
    "table_inventory",
    "backup_history",
    "backup_tables",
    "backup_partitions",
];

/// Every label of the repository, with whether it is whole.
pub(super) async fn every(
    session: &Session,
    repository: &RepositoryName,
) -> Result<Vec<(Label, bool)>, RunError> {
    let set = query(session.as_ref(), &sql::show_every_snapshot(repository)).await?;
    let mut labels = Vec::new();
    for row in set.rows() {
        let row = SnapshotRow::read(&row)?;
        let whole = match row.status {
            SnapshotStatus::Ok => !row.timestamps.is_empty(),
            SnapshotStatus::NoSnapshot => false,
            SnapshotStatus::Unreadable(reason) => return Err(unreadable(repository, &reason)),
        };
        // A name that no statement can hold is nothing that brd or a person could restore.
        if let Ok(label) = Label::recorded(row.label) {
            labels.push((label, whole));
        }
    }
    Ok(labels)
}

/// What came of looking for a backup of `ops`.
pub(super) enum Found {
    /// Its tables stand beside those of `ops`.
    Restored(Label),
    /// There is none, or none that is whole.
    Nothing,
    /// There are whole ones, and the cluster could restore none of them.
    NoneRestorable,
}

pub(super) async fn restore_newest(recovery: &Recovery<'_>) -> Result<Found, RunError> {
    let Recovery {
        job,
        session,
        order,
        ..
    } = recovery;
    let list = || every(session, &order.repository);
    let mut candidates: Vec<(Label, bool)> = job.patiently(PATIENCE, list).await?;
    candidates.retain(|(label, _)| label.as_str().starts_with(OPS_LABEL));
    // The time is in the label, in one zone and at one length.
    candidates.sort();
    let mut found = Found::Nothing;
    for (label, whole) in candidates.into_iter().rev() {
        let snapshot = match recovery.look(&label, whole).await? {
            Ok(snapshot) => snapshot,
            Err(reason) => {
                recovery.passed_over(&label, &reason);
                continue;
            }
        };
        match recovery.restore_or_pass_over(&label, &snapshot).await? {
            Ok(()) => return Ok(Found::Restored(label)),
            Err(reason) => {
                recovery.passed_over(&label, &reason);
                found = Found::NoneRestorable;
            }
        }
    }
    // A repository that does not answer any more proves nothing about what is in it.
    job.patiently(PATIENCE, list).await?;
    recovery.clear().await?;
    Ok(found)
}

/// A job that the cluster gave up is begun once more: the reason may be the cluster's, and an older backup holds less.
const ATTEMPTS: u32 = 2;

impl Recovery<'_> {
    fn passed_over(&self, label: &Label, why: &str) {
        let text = format!("the backup of ops `{label}` cannot be used: {why}");
        self.job.journal.finding(text, None);
    }

    /// Inside: why it is none.
    async fn look(
        &self,
        label: &Label,
        whole: bool,
    ) -> Result<Result<ConfirmedSnapshot, String>, RunError> {
        if !whole {
            return Ok(Err("its snapshot is not whole".to_owned()));
        }
        let look = || confirm(self.session, &self.order.repository, label);
        match self.job.patiently(PATIENCE, look).await {
            Ok(snapshot) => Ok(missing(&snapshot).map_or(Ok(snapshot), Err)),
            Err(error @ RunError::Stopped(_)) => Err(error),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Inside: why the cluster could not. A statement that is refused is another matter, which older backups would meet too.
    async fn restore_or_pass_over(
        &self,
        label: &Label,
        snapshot: &ConfirmedSnapshot,
    ) -> Result<Result<(), String>, RunError> {
        let mut reason = String::new();
        for _ in 0..ATTEMPTS {
            match self.restore(label, snapshot).await {
                Ok(()) => return Ok(Ok(())),
                Err(error @ RunError::ServerCancelled { .. }) => reason = error.to_string(),
                Err(error) => {
                    self.clear_away(&error).await;
                    return Err(error);
                }
            }
        }
        Ok(Err(reason))
    }

    /// All of it, with what was under way closed: ready to take its place.
    async fn restore(&self, label: &Label, snapshot: &ConfirmedSnapshot) -> Result<(), RunError> {
        let Recovery {
            job, session, ops, ..
        } = self;
        self.clear().await?;
        job.patiently(PATIENCE, || create_database(session)).await?;
        let health = job.patiently(PATIENCE, || backends(session)).await?;
        let tables: Vec<&str> = Ops::tables()
            .filter(|name| {
                let mut held = snapshot.content.keys();
                held.any(|table| table.as_str() == *name)
            })
            .collect();
        let download = Download {
            recovery: self,
            label,
            timestamp: &snapshot.timestamp,
            replicas: health.backends_alive.clamp(1, 3),
        };
        for (number, table) in (1..).zip(&tables) {
            let text = format!(
                "restore ops.{table} from `{label}` ({number} of {})",
                tables.len()
            );
            job.journal.step(2, STEPS, text);
            download.table(table).await?;
        }
        let close = || self.close(ops, label, snapshot);
        for text in job.patiently(PATIENCE, close).await? {
            job.journal.finding(text, None);
        }
        Ok(())
    }

    /// What was under way when the snapshot was cut, and the snapshot's own record, which came after the cut. May run twice; tells what it did.
    async fn close(
        &self,
        ops: &Ops,
        label: &Label,
        snapshot: &ConfirmedSnapshot,
    ) -> Result<Vec<String>, RunError> {
        let repository = &self.order.repository;
        let reason = format!("it was under way when `{label}` was cut, and its cluster is gone");
        let mut told = Vec::new();
        let here = ops.keep_inventory().await?;
        if here > 0 {
            told.push(format!(
                "{here} rows of ops.table_inventory that were here already stay"
            ));
        }
        let slots = ops.open_in_recovered().await?;
        let labels: Vec<&Label> = slots.iter().map(|slot| &slot.label).collect();
        let recorded = ops.in_recovered_history(&labels).await?;
        for slot in slots.iter().filter(|slot| slot.label != *label) {
            let what = format!("{} `{}`", slot.scope.as_str(), slot.label);
            told.push(format!("slot of {what} is closed: {reason}"));
            let record = self.cut_off(slot, &reason);
            if let Some(record) = record.filter(|_| !recorded.contains(&slot.label)) {
                ops.record_in_recovered(&record).await?;
            }
        }
        let record = BackupRecord {
            snapshot: Some(snapshot.timestamp.clone()),
            snapshot_created: snapshot.created,
            started: snapshot.created,
            finished: snapshot.created,
            ..of_ops(label, repository)
        };
        ops.record_in_recovered(&record).await?;
        // Last: what is open tells a second run what is still to be recorded.
        ops.close_recovered(&reason, self.job.now()).await?;
        ops.keep_slots().await?;
        Ok(told)
    }

    /// The record of a backup that nobody will finish; `None`: it was none.
    fn cut_off(&self, slot: &HeldSlot, reason: &str) -> Option<BackupRecord> {
        let context = slot.context.as_deref()?;
        if slot.scope != Scope::Backup || PruneContext::read(context).is_some() {
            return None;
        }
        let context: BackupContext = serde_json::from_str(context).ok()?; // no error: another tool's slot
        Some(BackupRecord {
            kind: context.kind,
            status: BackupStatus::Cancelled,
            error: Some(reason.to_owned()),
            run: Some(context.run),
            group: Some(context.group),
            database: slot.database.clone(),
            baseline: context.baseline,
            started: Some(context.started),
            finished: Some(self.job.now()),
            trigger: Some(context.trigger),
            scheduled: context.scheduled,
            ..of_ops(&slot.label, &context.repository)
        })
    }

    /// What an earlier attempt left beside the tables of `ops`, its RESTORE first.
    async fn clear(&self) -> Result<(), RunError> {
        let Recovery {
            job, session, ops, ..
        } = self;
        let cancel = || async {
            let Some(row) = restore_row(session)
                .await?
                .filter(|row| !row.state.is_over())
            else {
                return Ok(());
            };
            let mut busy = StatementError::unreachable(format!(
                "a RESTORE of `{}` runs in the database ops",
                row.label
            ));
            busy.class = ErrorClass::SlotBusy;
            cancel_ours(session, &row).await?;
            // Over is what it must be seen to be.
            Err(busy.into())
        };
        job.patiently(PATIENCE, cancel).await?;
        let drop = || async { Ok(ops.drop_all_recovered().await?) };
        job.patiently(PATIENCE, drop).await
    }

    /// After a cancel; a detach leaves it to the next attempt.
    async fn clear_away(&self, why: &RunError) {
        if !matches!(why, RunError::Stopped(JobStop::Cancel)) {
            return;
        }
        let Recovery {
            job, session, ops, ..
        } = self;
        let clear = || async {
            if let Some(row) = restore_row(session).await? {
                cancel_ours(session, &row).await?;
            }
            Ok(ops.drop_all_recovered().await?)
        };
        if let Err(error) = job.insist(PATIENCE, clear).await {
            let text = format!("tables named …_recovered are left in ops: {error}");
            let help = "the next `brctl recover` drops them".to_owned();
            job.journal.finding(text, Some(help));
        }
    }
}

/// Somebody else's runs on.
async fn cancel_ours(session: &Session, row: &RestoreJobRow) -> Result<(), RunError> {
    if !row.state.is_over() && row.label.starts_with(OPS_LABEL) {
        session
            .execute(&sql::cancel_restore(&DatabaseName::ops()))
            .await?;
    }
    Ok(())
}

fn of_ops(label: &Label, repository: &RepositoryName) -> BackupRecord {
    BackupRecord {
        group: Some(GroupName::of_ops()),
        database: Some(DatabaseName::ops()),
        ..BackupRecord::bare(label.clone(), BackupKind::Full, repository.clone())
    }
}

/// Why it is no backup of `ops`.
fn missing(snapshot: &ConfirmedSnapshot) -> Option<String> {
    let database = snapshot.database.as_ref();
    if let Some(other) = database.filter(|name| **name != DatabaseName::ops()) {
        return Some(format!("it is of database `{other}`"));
    }
    let held: BTreeSet<&str> = snapshot.content.keys().map(TableName::as_str).collect();
    let missing: Vec<&str> = NEEDED
        .into_iter()
        .filter(|table| !held.contains(table))
        .collect();
    (!missing.is_empty()).then(|| format!("it does not hold {}", missing.join(", ")))
}

/// RESTORE itself creates a missing database from 3.4 on only (`backup/BackupHandler.java`).
async fn create_database(session: &Session) -> Result<(), RunError> {
    let ops = DatabaseName::ops();
    if !database_exists(session.as_ref(), &ops).await? {
        query(session.as_ref(), &sql::create_database(&ops)).await?;
    }
    Ok(())
}
