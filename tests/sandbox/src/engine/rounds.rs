//! The clock moves, and what runs by itself gets its turns: jobs, schedulers, the maintenance of views. All of it is the leader's.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::engine::sandbox::Sandbox;
use crate::engine::session::Session;
use crate::engine::state::State;

/// How often the partition scheduler, the recycle bin and the job cleaner run (`dynamic_partition_check_interval_seconds`).
pub const SCHEDULE: Duration = Duration::from_secs(600);

impl Sandbox {
    pub fn now(&self) -> DateTime<Utc> {
        self.lock().timer.now()
    }

    /// Puts a manual clock to a moment, without running anything in between; the daemons count from there.
    pub fn set_now(&self, now: DateTime<Utc>) {
        let mut state = self.lock();
        state.timer.set(now);
        if state.timer.next_tick < now {
            state.timer.next_tick = now + in_chrono(self.tick_length());
        }
        if state.timer.next_schedule < now {
            state.timer.next_schedule = now + in_chrono(SCHEDULE);
        }
    }

    /// Moves a manual clock and runs every round that falls due on the way, in order. False on the system's clock,
    /// which nobody moves.
    pub fn advance(&self, by: Duration) -> bool {
        self.advance_for(None, by)
    }

    /// Whoever asked for it has not been idle meanwhile.
    pub(super) fn advance_for(&self, asking: Option<&Session>, by: Duration) -> bool {
        let tick = in_chrono(self.tick_length());
        let mut state = self.lock();
        if !state.timer.is_manual() {
            return false;
        }
        let end = state.timer.now() + in_chrono(by);
        loop {
            if !state.cluster.is_busy() && state.timer.next_tick <= end {
                state.timer.next_tick = skip(
                    state.timer.next_tick,
                    tick,
                    state.timer.next_schedule.min(end),
                );
            }
            let due = state.timer.next_tick.min(state.timer.next_schedule);
            let due = state
                .cluster
                .next_round()
                .map_or(due, |round| due.min(round.max(state.timer.now())));
            if due > end {
                break;
            }
            state.timer.set(due);
            state.run_due(due, tick);
        }
        state.timer.set(end);
        if let Some(session) = asking {
            state.serve_as(session.frontend);
            if let Some(info) = state.cluster.sessions.get_mut(&session.id) {
                info.last = end;
            }
        }
        self.end_idle(&mut state);
        true
    }

    /// One round of the backup handler, now.
    pub fn tick(&self) {
        let mut state = self.lock();
        state.look_at_clock();
        state.tick_jobs();
    }

    /// One run of the partition scheduler and the cleaners, now.
    pub fn run_schedulers(&self) {
        let mut state = self.lock();
        state.look_at_clock();
        state.run_schedulers();
    }

    /// Rounds in real time, for a server on the system's clock. The caller ends it by aborting the handle.
    pub fn spawn_ticker(&self) -> tokio::task::JoinHandle<()> {
        let sandbox = self.clone();
        tokio::spawn(async move {
            let mut interval = tokio::time::interval(sandbox.tick_length());
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            interval.tick().await;
            loop {
                interval.tick().await;
                let round = sandbox.clone();
                // Waited for at once: a panic of a round must end the ticker, not hide in it.
                if tokio::task::spawn_blocking(move || round.round())
                    .await
                    .is_err()
                {
                    return;
                }
            }
        })
    }

    fn round(&self) {
        let now = self.now();
        let tick = in_chrono(self.tick_length());
        let mut state = self.lock();
        state.timer.next_tick = now;
        state.run_due(now, tick);
        self.end_idle(&mut state);
    }
}

impl State {
    /// One round of the backup handler, which only the leader runs.
    fn tick_jobs(&mut self) {
        let Some(leader) = self.cluster.leader else {
            return;
        };
        self.serve_as(leader);
        let written = self.cluster.jobs.journalled;
        self.cluster.tick_jobs();
        self.cluster.purge_jobs();
        if self.cluster.tick_alters() || self.cluster.jobs.journalled != written {
            self.journalled();
        }
    }

    fn run_due(&mut self, now: DateTime<Utc>, tick: chrono::Duration) {
        self.cluster.now = now;
        if self.timer.next_tick <= now {
            self.tick_jobs();
            self.timer.next_tick = now + tick;
        }
        self.run_round();
        if self.timer.next_schedule <= now {
            self.run_schedulers();
            self.timer.next_schedule = now + in_chrono(SCHEDULE);
        }
    }

    fn run_round(&mut self) {
        let Some(leader) = self.cluster.leader else {
            return;
        };
        self.serve_as(leader);
        let before = self.cluster.last_round;
        self.cluster.run_round();
        if self.cluster.last_round != before {
            self.journalled();
        }
    }

    fn run_schedulers(&mut self) {
        let Some(leader) = self.cluster.leader else {
            return;
        };
        self.serve_as(leader);
        let outcome = self
            .cluster
            .schedule_partitions()
            .and_then(|()| self.cluster.empty_recycle_bin());
        if let Err(fault) = outcome {
            tracing::error!(%fault, "a scheduler failed");
        }
        self.cluster.forget_grants_of_lost_objects();
        self.cluster.ping_repositories();
        self.cluster.purge_jobs();
        self.cluster.clean_expired_snapshots();
        self.cluster.forget_images();
        self.journalled();
    }
}

/// The last tick at or before `until`: with no job running, those before it would do nothing.
fn skip(next: DateTime<Utc>, tick: chrono::Duration, until: DateTime<Utc>) -> DateTime<Utc> {
    let span = (until - next).num_milliseconds();
    let rounds = span / tick.num_milliseconds().max(1);
    next + tick * i32::try_from(rounds.max(0)).unwrap_or(i32::MAX)
}

pub fn in_chrono(duration: Duration) -> chrono::Duration {
    chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX)
}
