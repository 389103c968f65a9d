//! What a restore has replaced is kept for the undo window, and dropped after it: looked for about hourly, dropped by jobs like any others.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::main_loop::{Engine, Inner};
use super::stop::StopLevel;
use super::work::Work;
use crate::names::JobId;
use crate::run::look;
use crate::run::undo::Ending;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(3600);

/// Named where other jobs name the person who asked.
const ASKED_BY: &str = "undo-window";

impl Engine {
    /// At every ring; looks when it is time.
    pub(super) fn look_for_expired(&mut self, now: DateTime<Utc>) {
        let is_time = self
            .looked_for_expired
            .is_none_or(|last| (now - last).abs().to_std().unwrap_or(LOOK) >= LOOK);
        // What an earlier life left comes first: it may be the very restore.
        if !is_time || !self.dispatcher.has_adopted() {
            return;
        }
        self.looked_for_expired = Some(now);
        let (cluster, inner) = (self.setup.cluster.clone(), self.inner.clone());
        // Its answer comes back as a message; nobody waits for it.
        tokio::spawn(async move {
            match look::expired_restores(&cluster, now).await {
                Ok(expired) if expired.is_empty() => {}
                Ok(expired) => {
                    let _gone = inner.send(Inner::Expired(expired));
                }
                Err(error) => {
                    tracing::warn!(%error, "what restores keep to undo to could not be looked for");
                }
            }
        });
    }

    /// True: leave.
    pub(super) fn expired(&mut self, restores: Vec<JobId>) -> bool {
        let mut leave = false;
        for restore in restores {
            if self.dispatcher.stop_level() != StopLevel::Running {
                break;
            }
            let work = Work::End {
                restore,
                ending: Ending::Expire,
            };
            // Nobody waits for the answer: the job is on the board.
            let (answer, _nobody) = oneshot::channel();
            leave |= self.enter(work, ASKED_BY, answer);
        }
        leave
    }
}
