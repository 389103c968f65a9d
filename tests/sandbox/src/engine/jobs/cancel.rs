//! CANCEL BACKUP and CANCEL RESTORE, and what a cancelled RESTORE removes (`backup/RestoreJob.cancelInternal`).

use crate::answer::{Answer, SqlError};
use crate::ast::{CancelTarget, JobKind};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::jobs::{BackupState, Job, RestoreJob, RestoreState, Status};
use crate::engine::session::Session;
use crate::engine::table::{Relation, Table, TableState};

impl Cluster {
    pub fn cancel_job(
        &mut self,
        session: &Session,
        kind: JobKind,
        target: &CancelTarget,
    ) -> Result<Answer, SqlError> {
        self.authorize_cancel(session, kind, target)?;
        let none = || {
            error::common(match kind {
                JobKind::Backup => "No backup job is currently running",
                JobKind::Restore => "No restore is currently running",
            })
        };
        let name = match target {
            CancelTarget::Database(name) => name.clone(),
            CancelTarget::Current => session.database.clone().ok_or_else(error::no_database)?,
            CancelTarget::ExternalCatalog => return Err(none()),
        };
        let database = self.database(&name)?.id;
        let mut job = self.jobs.slots.remove(&database).ok_or_else(none)?;
        let result = self
            .cancel_slot(kind, &mut job)
            .unwrap_or_else(|| Err(none()));
        self.jobs.slots.insert(database, job);
        result.map(|()| done())
    }

    /// `None`: the slot holds a job of the other kind.
    fn cancel_slot(&mut self, kind: JobKind, job: &mut Job) -> Option<Result<(), SqlError>> {
        let done = |label: &str, state: &str| {
            Err(error::common(format!(
                "Failed to cancel job: Job with label {label} can not be cancelled. state: {state}"
            )))
        };
        let is_done = job.is_done();
        Some(match (kind, job) {
            (JobKind::Backup, Job::Backup(job)) if is_done => {
                done(&job.head.label, job.state.name())
            }
            (JobKind::Backup, Job::Backup(job)) => {
                self.end_backup(
                    job,
                    BackupState::Cancelled,
                    Status::common("user cancelled"),
                );
                Ok(())
            }
            (JobKind::Restore, Job::Restore(job)) if is_done => {
                done(&job.head.label, job.state.name())
            }
            (JobKind::Restore, Job::Restore(job)) => {
                let status = Status::common(format!(
                    "user cancelled, current state: {}",
                    job.state.name()
                ));
                self.cancel_restore_job(job, status);
                Ok(())
            }
            _ => return None,
        })
    }

    /// Existing tables become normal again; what the job made goes, without recycle bin. New tables go *by their current name*, which
    /// is the original one until the preparation is over: then a live table of that name goes instead (restore.md 3.6).
    pub fn cancel_restore_job(&mut self, job: &mut RestoreJob, status: Status) {
        let hazard = self.live_table_hazard;
        let mut dropped: Vec<u64> = Vec::new();
        let mut forgotten: Vec<(u64, Table)> = Vec::new();
        let mut cleared: Vec<(u64, Vec<u64>)> = Vec::new();
        if let Some(database) = self.database_by_id_mut(job.head.database_id) {
            for relation in database.relations.values_mut() {
                if let Relation::Table(table) = relation
                    && job.held.contains(&table.id)
                {
                    table.state = TableState::Normal;
                }
            }
            for restored in &job.restored {
                let removable = database
                    .table(&restored.name)
                    .is_some_and(|table| hazard || table.id == restored.id);
                if removable && let Some(table) = database.take_table(&restored.name) {
                    if table.id == restored.id {
                        dropped.push(table.id);
                    } else {
                        // The journal keeps it: followers show it, and it is there again when the leader is another process.
                        forgotten.push((job.head.database_id, table));
                    }
                }
            }
            for view in &job.restored_views {
                if matches!(database.relations.get(view), Some(Relation::View(_))) {
                    database.relations.remove(view);
                }
            }
            for (table_id, partition) in &job.added {
                let name = database
                    .tables()
                    .find(|table| table.id == *table_id)
                    .map(|table| table.name.clone());
                let removed = name
                    .and_then(|name| database.table_mut(&name))
                    .and_then(|table| table.partitions.remove(partition));
                if let Some(partition) = removed {
                    cleared.push((*table_id, partition.physical_ids().collect()));
                }
            }
        }
        self.forgotten.append(&mut forgotten);
        let storage = dropped.iter().try_for_each(|id| self.store.drop(*id));
        let storage = storage.and_then(|()| {
            cleared
                .into_iter()
                .try_for_each(|(table, ids)| self.store.clear(table, ids.into_iter()))
        });
        job.head.status = match storage {
            Ok(()) => status,
            Err(fault) => Status::common(fault.message),
        };
        job.head.finished = Some(self.now);
        job.state = RestoreState::Cancelled;
        job.downloads.clear();
    }
}
