//! The backup handler's round: every unfinished job moves one step, in turn; old jobs are forgotten.

use std::collections::HashSet;

use chrono::Duration;

use crate::engine::cluster::Cluster;
use crate::engine::java::{grown_capacity, hash_of_id, sort_by_bucket};
use crate::engine::jobs::{BackupJob, BackupState, CATALOG_SLOT, Halt, Job, Status};

impl Cluster {
    /// One tick. All jobs of all databases are driven one after another, in the order of a concurrent map of database ids; an exception in
    /// one of them ends the round for the rest.
    pub fn tick_jobs(&mut self) {
        if self.jobs.held {
            return;
        }
        let mut databases: Vec<u64> = self.jobs.slots.keys().copied().collect();
        let capacity = grown_capacity(databases.len());
        sort_by_bucket(&mut databases, capacity, |id| hash_of_id(*id));
        for database in databases {
            let Some(mut job) = self.jobs.slots.remove(&database) else {
                continue;
            };
            let mut outcome = Ok(());
            if !job.is_done() {
                let before = job.journal_mark();
                outcome = self.visit(&mut job);
                if job.journal_mark() != before {
                    self.jobs.journalled += 1;
                    job.head_mut().note_journalled();
                }
            }
            self.jobs.slots.insert(database, job);
            if let Err(exception) = outcome {
                tracing::warn!(%exception, database, "the round of the backup handler has ended with an exception");
                return;
            }
        }
    }

    fn visit(&mut self, job: &mut Job) -> Result<(), String> {
        let outcome = match job {
            Job::Backup(backup) => backup.visit(self),
            Job::Restore(restore) => restore.visit(self),
        };
        match (outcome, job) {
            (Ok(()), _) => Ok(()),
            (Err(Halt::Exception(text)), _) => Err(text),
            (Err(Halt::Cancel(status)), Job::Backup(backup)) => {
                self.end_backup(backup, BackupState::Cancelled, status);
                Ok(())
            }
            (Err(Halt::Cancel(status)), Job::Restore(restore)) => {
                self.cancel_restore_job(restore, status);
                Ok(())
            }
        }
    }

    /// Images of partitions that are gone are of no use any more.
    pub fn forget_images(&mut self) {
        if self.images.is_empty() {
            return;
        }
        let tables = self
            .databases
            .values()
            .flat_map(|database| database.tables());
        let known: HashSet<u64> = tables
            .flat_map(|table| table.partitions.physical_ids())
            .collect();
        self.images.retain(|physical, _| known.contains(physical));
    }

    /// Finished and cancelled jobs live `history_job_keep_max_second` (7 days), those of dropped databases no longer.
    pub fn purge_jobs(&mut self) {
        let limit = self.now - Duration::seconds(self.config_number("history_job_keep_max_second"));
        let known: Vec<u64> = self
            .databases
            .values()
            .map(|database| database.id)
            .collect();
        self.jobs.slots.retain(|database, job| {
            let expired = job.head().finished.is_some_and(|finished| finished < limit);
            let gone = *database != CATALOG_SLOT && !known.contains(database);
            !(job.is_done() && (expired || gone))
        });
    }

    pub fn end_backup(&mut self, job: &mut BackupJob, state: BackupState, status: Status) {
        job.head.status = status;
        job.head.finished = Some(self.now);
        job.state = state;
        job.head.tasks.forget_unfinished();
        job.cut = None;
    }
}
