//! The doorbell: tokio-cron-scheduler rings once a second, in UTC, and says nothing but "look".
//!
//! When anything is due is the timetable's matter. The scheduler's own zones drift by an hour at each change of the clocks (its issue
//! #107), it drops activations when many are due at once, and it forgets what was due while it slept; one job that carries no meaning has
//! none of these troubles: a lost ring is made up for by the next.

use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Rings until it is dropped or stopped.
pub struct Bell {
    scheduler: JobScheduler,
}

#[derive(Debug, thiserror::Error)]
#[error("the scheduler could not be started: {0}")]
pub struct BellError(#[from] JobSchedulerError);

impl Bell {
    /// Each ring is one message; while the listener is busy, further rings are dropped, for one is enough.
    pub async fn hang() -> Result<(Bell, mpsc::Receiver<()>), BellError> {
        let (ring, rings) = mpsc::channel(1);
        let scheduler = JobScheduler::new().await?;
        let job = Job::new_async("* * * * * *", move |_, _| {
            let ring = ring.clone();
            Box::pin(async move {
                // Full: the listener has a ring waiting. Closed: the engine is gone, and so will this be.
                let _already_rung = ring.try_send(());
            })
        })?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok((Bell { scheduler }, rings))
    }

    pub async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::warn!(%error, "the scheduler did not stop");
        }
    }
}
