//! Holding a database's slot: winning it, showing signs of life, noticing that it is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::adopt::heal_stale;
use super::error::RunError;
use super::job::Job;
use crate::names::{DatabaseName, JobId};
use crate::ops::{HeldSlot, Ops, Reservation, Reserved, Scope, SlotClaim};
use crate::starrocks::{ErrorClass, Session, StatementError};

/// Each beat is a transaction and a version: never more often.
const BEAT: Duration = Duration::from_secs(30);

/// A heartbeat that stands still for so long, by our own clock, belongs to a daemon that is gone or cut off.
const STALE: Duration = Duration::from_secs(120);

/// Beats for as long as it lives.
#[must_use = "the slot gives no sign of life once this is dropped"]
pub struct Heartbeat(JoinHandle<()>);

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The slot, with its heartbeat, once nobody else holds it.
pub async fn hold(
    job: &Job,
    session: &Session,
    ops: &Ops,
    claim: &SlotClaim<'_>,
    patience: Duration,
) -> Result<(Reservation, Heartbeat), RunError> {
    let reserve = || async {
        match ops.reserve(claim, job.now()).await? {
            Reserved::Ours(slot) => Ok(slot),
            Reserved::Held(other) => {
                heal_stale(job, session, ops, &other).await?;
                Err(taken(claim.database, &other))
            }
            Reserved::Raced => Err(RunError::Statement(StatementError::lost(
                "another claim won the slot",
            ))),
        }
    };
    let reservation = job.patiently(patience, reserve).await?;
    let heartbeat = beat(job, ops, &reservation);
    Ok((reservation, heartbeat))
}

/// Starts the heartbeat of a slot that is ours.
pub fn beat(job: &Job, ops: &Ops, reservation: &Reservation) -> Heartbeat {
    let (job, ops, reservation) = (job.clone(), ops.clone(), reservation.clone());
    // Ended by the guard; a job that loses its slot is told through its flag.
    Heartbeat(tokio::spawn(async move {
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats.tick().await;
        loop {
            beats.tick().await;
            match ops.beat(&reservation, job.now()).await {
                Ok(true) => {}
                Ok(false) => {
                    let text = format!(
                        "the slot under `{}` was taken over by another daemon: this job stops watching",
                        reservation.label
                    );
                    job.journal.finding(text, None);
                    job.slot_lost.store(true, Ordering::Relaxed);
                    return;
                }
                Err(error) => {
                    let text = format!("the heartbeat could not be written: {error}");
                    job.journal.waiting(&text);
                }
            }
        }
    }))
}

fn taken(database: &DatabaseName, other: &HeldSlot) -> RunError {
    let owner = other.owner.as_deref().unwrap_or("another tool");
    let job = match (other.scope, &other.job) {
        (Scope::Restore, Some(job)) => format!("restore job `{job}`"),
        (scope, _) => format!("{} `{}`", scope.as_str(), other.label),
    };
    let text = format!("database `{database}` is taken by {job} of {owner}");
    let mut error = StatementError::unreachable(text);
    error.class = ErrorClass::SlotBusy;
    error.help = Some("wait for it, or look at it with `brctl jobs` and in ops.run_status");
    error.into()
}

/// A slot's number and its heartbeat, and since when it reads so.
type Pulse = (Option<i64>, Instant);

/// What one daemon knows of slots: which jobs live in it, and since when other slots' heartbeats stand still. Shared by all its jobs.
#[derive(Clone, Default)]
pub struct SlotWatch(Arc<Mutex<Watched>>);

#[derive(Default)]
struct Watched {
    alive: BTreeSet<JobId>,
    pulses: BTreeMap<(String, Option<u64>), Pulse>,
}

/// While it lives, its job counts as alive in this daemon.
pub struct Alive {
    watch: SlotWatch,
    job: JobId,
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.watch.watched().alive.remove(&self.job);
    }
}

impl SlotWatch {
    fn watched(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.0
            .lock()
            .expect("no code that can panic runs under this lock")
    }

    /// `None`: it is alive already.
    pub fn enter(&self, job: &JobId) -> Option<Alive> {
        let entered = self.watched().alive.insert(job.clone());
        entered.then(|| Alive {
            watch: self.clone(),
            job: job.clone(),
        })
    }

    /// The jobs that live in this daemon.
    pub fn alive(&self) -> BTreeSet<JobId> {
        self.watched().alive.clone()
    }

    /// Whether nobody stands behind the slot any more. Two hosts' clocks are never compared: a beat that does not change is what counts.
    pub fn is_abandoned(&self, slot: &HeldSlot, owner: &str) -> bool {
        let mut watched = self.watched();
        if slot.owner.as_deref() == Some(owner) {
            return slot
                .job
                .as_ref()
                .is_some_and(|job| !watched.alive.contains(job));
        }
        let beat = slot.heartbeat.map(|beat| beat.timestamp_millis());
        let key = (slot.label.to_string(), slot.fence);
        let pulse = watched.pulses.entry(key).or_insert((beat, Instant::now()));
        if pulse.0 != beat {
            *pulse = (beat, Instant::now());
        }
        slot.database.is_some() && pulse.1.elapsed() >= STALE
    }
}
