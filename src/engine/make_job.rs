//! What every job of this daemon is given.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::main_loop::{Engine, Inner};
use crate::names::JobId;
use crate::run::journal::Journal;
use crate::run::{Job, JobStop, Tuning};

impl Engine {
    pub(super) fn job(&self, id: JobId, stop: watch::Receiver<JobStop>) -> Job {
        self.job_with_carrier(id, stop).0
    }

    /// The carrier of its notes ends when all of them have been handed on.
    pub(super) fn job_with_carrier(
        &self,
        id: JobId,
        stop: watch::Receiver<JobStop>,
    ) -> (Job, JoinHandle<()>) {
        let (notes, mut noted) = mpsc::unbounded_channel();
        let inner = self.inner.clone();
        // Ends when the job drops its journal; carries notes into the one channel that the loop reads, in order.
        let carrier = tokio::spawn(async move {
            while let Some(note) = noted.recv().await {
                if inner.send(Inner::Note(note)).is_err() {
                    break;
                }
            }
        });
        let jobs = &self.setup.settings.jobs;
        let job = Job {
            journal: Journal::new(id.clone(), self.setup.clock.clone(), notes),
            id,
            cluster: self.setup.cluster.clone(),
            clock: self.setup.clock.clone(),
            owner: self.setup.owner.as_str().into(),
            host: self.setup.host.as_str().into(),
            stop,
            tuning: Tuning {
                poll_interval: jobs.poll_interval,
                undo_window: jobs.undo_window,
                restore_timeout: jobs.job_timeout,
            },
            databases: Arc::clone(&self.databases),
            slots: self.slots.clone(),
            safekeeping: self.safekeeping.clone(),
            slot_lost: Arc::default(),
        };
        (job, carrier)
    }
}
