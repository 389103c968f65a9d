//! What became of each due moment, written down even when the cluster could not be asked at the time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::error::{Retry, RunError};
use super::job::Job;
use crate::names::JobId;
use crate::ops::{Claim, FireKey, FireOutcome, Ops};

/// One outcome to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    pub key: FireKey,
    pub outcome: FireOutcome,
    pub reason: String,
    /// `None` for a moment that no job ran for.
    pub run: Option<JobId>,
}

/// Outcomes that could not be written yet. Shared by all jobs; the engine has them written once the cluster answers again.
#[derive(Debug, Clone, Default)]
pub struct FireLog(Arc<Mutex<Vec<Settlement>>>);

/// How long an outcome is insisted on before it is kept for later.
const PATIENCE: Duration = Duration::from_secs(60);

impl FireLog {
    pub fn is_empty(&self) -> bool {
        self.pending().is_empty()
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Vec<Settlement>> {
        self.0
            .lock()
            .expect("no code that can panic runs under this lock")
    }

    pub async fn claim(
        &self,
        job: &Job,
        ops: &Ops,
        key: &FireKey,
        patience: Duration,
    ) -> Result<Claim, RunError> {
        job.patiently(patience, || async {
            Ok(ops.claim_fire(key, &job.owner, &job.id, job.now()).await?)
        })
        .await
    }

    /// Written now, or kept.
    pub async fn settle(&self, job: &Job, ops: Option<&Ops>, settlement: Settlement) {
        let Some(ops) = ops else {
            return self.pending().push(settlement);
        };
        if let Err(error) = job.insist(PATIENCE, || write(job, ops, &settlement)).await {
            job.journal.finding(
                format!("the outcome of a due moment is kept until the cluster takes it: {error}"),
                None,
            );
            self.pending().push(settlement);
        }
    }

    /// Kept, to be written by the next [`FireLog::flush`].
    pub fn keep(&self, settlement: Settlement) {
        self.pending().push(settlement);
    }

    /// Writes what was kept; what the cluster cannot take now stays, what it will never take is logged and let go.
    pub async fn flush(&self, job: &Job, ops: &Ops) -> Result<(), RunError> {
        loop {
            let Some(next) = self.pending().first().cloned() else {
                return Ok(());
            };
            match write(job, ops, &next).await {
                Ok(()) => {}
                Err(error) if error.retry() == Retry::Later => return Err(error),
                Err(error) => {
                    tracing::error!(?next, %error, "the outcome of a due moment is refused");
                }
            }
            self.pending().retain(|settlement| settlement != &next);
        }
    }
}

async fn write(job: &Job, ops: &Ops, settlement: &Settlement) -> Result<(), RunError> {
    let Settlement {
        key,
        outcome,
        reason,
        run,
    } = settlement;
    Ok(ops
        .settle_fire(key, &job.owner, *outcome, reason, run.as_ref(), job.now())
        .await?)
}
