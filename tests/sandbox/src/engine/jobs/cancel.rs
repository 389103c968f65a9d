//! CANCEL BACKUP and CANCEL RESTORE, and what a cancelled RESTORE removes (`backup/RestoreJob.cancelInternal`).

use crate::answer::{Answer, SqlError};
use crate::ast::{CancelTarget, JobKind};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::jobs::{BackupState, CATALOG_SLOT, Job, RestoreJob, RestoreState, Status};
use crate::engine::session::Session;
use crate::engine::table::Relation;

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
        let slot = match target {
            CancelTarget::Database(name) => self.database_for_job(name)?,
            CancelTarget::ExternalCatalog => CATALOG_SLOT,
        };
        let mut job = self.jobs.slots.remove(&slot).ok_or_else(none)?;
        let result = self
            .cancel_slot(kind, &mut job)
            .unwrap_or_else(|| Err(none()));
        self.jobs.slots.insert(slot, job);
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

    /// Existing tables become normal again; what the job made goes, without recycle bin. It goes *by its current name*, which is the original
    /// one until the preparation is over: then the live table or view of that name goes instead (restore.md 3.6). Followers and the journal
    /// keep those: they are in `forgotten`, and there again when the leader is another process.
    pub fn cancel_restore_job(&mut self, job: &mut RestoreJob, status: Status) {
        job.held_tables_to_normal(self);
        let storage = self
            .remove_restored(job)
            .and_then(|()| self.remove_added(job));
        if let Some(meta) = &job.meta
            && let Some(database) = self.database_by_id_mut(job.head.database_id)
        {
            // Those that were there before, too.
            for function in &meta.functions {
                database.drop_function(function);
            }
        }
        for catalog in job.meta.iter().flat_map(|meta| &meta.catalogs) {
            self.catalogs.remove(&catalog.name);
        }
        job.head.status = match storage {
            Ok(()) => status,
            Err(fault) => Status::common(fault.message),
        };
        job.head.finished = Some(self.now);
        job.head.tasks.forget_unfinished();
        job.state = RestoreState::Cancelled;
        job.downloads.clear();
    }

    fn remove_restored(&mut self, job: &RestoreJob) -> Result<(), SqlError> {
        let hazard = self.live_table_hazard;
        let Some(database) = self.database_by_id_mut(job.head.database_id) else {
            return Ok(());
        };
        let mut dropped = Vec::new();
        let mut lost = Vec::new();
        for restored in &job.restored {
            let id = database.relations.get(&restored.name).map(Relation::id);
            let own = id == Some(restored.id);
            if id.is_none() || !(own || hazard) {
                continue;
            }
            let Some(relation) = database.relations.remove(&restored.name) else {
                continue;
            };
            if own {
                dropped.extend(relation.as_table().map(|table| table.id));
            } else {
                lost.extend(match relation {
                    Relation::Table(table) => Some((database.id, *table)),
                    Relation::View(_) | Relation::Foreign(_) => None,
                });
            }
        }
        self.forgotten.append(&mut lost);
        dropped.into_iter().try_for_each(|id| self.store.drop(id))
    }

    fn remove_added(&mut self, job: &RestoreJob) -> Result<(), SqlError> {
        let Some(database) = self.database_by_id_mut(job.head.database_id) else {
            return Ok(());
        };
        let mut cleared: Vec<(u64, Vec<u64>)> = Vec::new();
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
        cleared
            .into_iter()
            .try_for_each(|(table, ids)| self.store.clear(table, ids.into_iter()))
    }
}
