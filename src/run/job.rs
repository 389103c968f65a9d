//! What every job has: an id, sessions, a clock, a journal, and an ear for the word to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep};

use super::error::{Retry, RunError};
use super::journal::Journal;
use super::safekeeping::Safekeeping;
use super::slots::SlotWatch;
use crate::names::JobId;
use crate::starrocks::Session;

/// The present moment. Tests hand in one of their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    pub fn system() -> Clock {
        Clock(Arc::new(Utc::now))
    }

    pub fn new(read: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Clock {
        Clock(Arc::new(read))
    }

    pub fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

/// Opens sessions with the cluster. Each opens its connection when it is first used.
#[derive(Clone)]
pub struct Cluster(Arc<dyn Fn(StatementLimit) -> Session + Send + Sync>);

/// How long one statement of a session may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementLimit {
    /// As configured.
    Usual,
    /// For statements that move data.
    Long(Duration),
}

impl Cluster {
    pub fn new(open: impl Fn(StatementLimit) -> Session + Send + Sync + 'static) -> Cluster {
        Cluster(Arc::new(open))
    }

    pub fn session(&self) -> Session {
        (self.0)(StatementLimit::Usual)
    }

    /// A session whose statements may copy whole partitions.
    pub fn long_session(&self, limit: Duration) -> Session {
        (self.0)(StatementLimit::Long(limit))
    }
}

/// What a running job is told. Ordered: a higher word wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobStop {
    GoOn,
    /// Stop watching; the cluster's job goes on, the slot stays ACTIVE, the next start adopts it.
    Detach,
    /// End the cluster's job too.
    Cancel,
}

#[derive(Debug, Clone)]
pub struct Tuning {
    /// Between two looks at a running job. The cluster moves a job one step every 3 s (`backup/BackupHandler.java`).
    pub poll_interval: Duration,
    /// How long the old data of a restore is kept.
    pub undo_window: Duration,
    /// StarRocks refuses less than 10 minutes.
    pub restore_timeout: Duration,
}

#[derive(Clone)]
pub struct Job {
    pub id: JobId,
    pub cluster: Cluster,
    pub clock: Clock,
    /// The same over restarts of one daemon: whose slots and fires are ours.
    pub owner: Arc<str>,
    pub host: Arc<str>,
    pub journal: Journal,
    pub stop: watch::Receiver<JobStop>,
    pub tuning: Tuning,
    /// Databases that may be worked on side by side, over all jobs.
    pub databases: Arc<Semaphore>,
    /// What this daemon knows of slots.
    pub slots: SlotWatch,
    /// How our memory is kept safe.
    pub safekeeping: Safekeeping,
    /// Set when another daemon took the slot over: nothing more may be done in its name.
    pub slot_lost: Arc<AtomicBool>,
}

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Job {
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Waits, unless told to stop.
    pub async fn pause(&self, pause: Duration) -> Result<(), RunError> {
        let mut stop = self.stop.clone();
        let word = tokio::select! {
            () = sleep(pause) => JobStop::GoOn,
            // Cancel-safe: `wait_for` only watches. An error means the engine is gone, which is a detach.
            changed = stop.wait_for(|word| *word != JobStop::GoOn) => changed.map_or(JobStop::Detach, |word| *word),
        };
        stop_at(word)?;
        self.check_stop()
    }

    /// Fails when told to stop. Between steps that must not be cut in half.
    pub fn check_stop(&self) -> Result<(), RunError> {
        if self.slot_lost.load(Ordering::Relaxed) {
            return Err(RunError::Stopped(JobStop::Detach));
        }
        let word = *self.stop.borrow();
        stop_at(word)
    }

    /// Tries again, with growing pauses, while the error says that it may go better later and `limit` is not over.
    pub async fn patiently<T, F>(
        &self,
        limit: Duration,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, RunError>
    where
        F: Future<Output = Result<T, RunError>>,
    {
        let start = Instant::now();
        let mut pause = self.tuning.poll_interval;
        loop {
            self.check_stop()?;
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if error.retry() == Retry::Never || start.elapsed() + pause > limit {
                return Err(error);
            }
            self.journal.waiting(&error.to_string());
            self.pause(pause).await?;
            pause = (pause * 2).min(LONGEST_PAUSE.max(self.tuning.poll_interval));
        }
    }

    /// As [`Job::patiently`], for what must be written down even while the job is being cancelled: only a detach ends it early.
    pub async fn insist<T, F>(
        &self,
        limit: Duration,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, RunError>
    where
        F: Future<Output = Result<T, RunError>>,
    {
        let start = Instant::now();
        let mut pause = self.tuning.poll_interval;
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if error.retry() == Retry::Never || start.elapsed() + pause > limit {
                return Err(error);
            }
            self.journal.waiting(&error.to_string());
            let mut stop = self.stop.clone();
            tokio::select! {
                () = sleep(pause) => {}
                // Cancel-safe: `wait_for` only watches.
                _ = stop.wait_for(|word| *word == JobStop::Detach) => return Err(RunError::Stopped(JobStop::Detach)),
            }
            pause = (pause * 2).min(LONGEST_PAUSE.max(self.tuning.poll_interval));
        }
    }
}

fn stop_at(word: JobStop) -> Result<(), RunError> {
    match word {
        JobStop::GoOn => Ok(()),
        word => Err(RunError::Stopped(word)),
    }
}
