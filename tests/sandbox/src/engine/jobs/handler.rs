//! The backup handler's round: every unfinished job moves one step, in turn; old jobs are forgotten.

use std::collections::HashSet;

use chrono::Duration;

use crate::engine::cluster::Cluster;
use crate::engine::jobs::{BackupState, Job, Status};

impl Cluster {
    /// One tick. All jobs of all databases are driven one after another.
    pub fn tick_jobs(&mut self) {
        if self.jobs.held {
            return;
        }
        let databases: Vec<u64> = self.jobs.slots.keys().copied().collect();
        for database in databases {
            let Some(mut job) = self.jobs.slots.remove(&database) else {
                continue;
            };
            if !job.is_done() {
                let before = job.journal_mark();
                self.visit(&mut job);
                if job.journal_mark() != before {
                    self.jobs.journalled += 1;
                    job.head_mut().note_journalled();
                }
            }
            self.jobs.slots.insert(database, job);
        }
    }

    fn visit(&mut self, job: &mut Job) {
        match job {
            Job::Backup(backup) => {
                if let Err(status) = backup.visit(self) {
                    self.end_backup(backup, BackupState::Cancelled, status);
                }
            }
            Job::Restore(restore) => {
                if let Err(status) = restore.visit(self) {
                    self.cancel_restore_job(restore, status);
                }
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
            !(job.is_done() && (expired || !known.contains(database)))
        });
    }

    pub fn end_backup(
        &mut self,
        job: &mut crate::engine::jobs::BackupJob,
        state: BackupState,
        status: Status,
    ) {
        job.head.status = status;
        job.head.finished = Some(self.now);
        job.state = state;
        job.cut = None;
    }
}
