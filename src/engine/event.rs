//! What comes to the dispatcher, and what it decides: values, and nothing done.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::stop::StopLevel;
use super::work::Work;
use crate::catalog::Trigger;
use crate::config::Schedule;
use crate::names::{GroupName, JobId};
use crate::plan::timetable::Fire;
use crate::run::JobStop;
use crate::run::adopt::Rerun;

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The bell rang.
    Rung,
    /// A person asked.
    Asked {
        job: JobId,
        work: Work,
    },
    /// What an earlier life left is finished; `last` is each group's latest due moment on record.
    Adopted {
        job: JobId,
        reruns: Vec<Rerun>,
        last: BTreeMap<GroupName, DateTime<Utc>>,
    },
    Ended {
        job: JobId,
    },
    Reloaded(Schedule),
    CancelAsked {
        job: JobId,
    },
    Stop(StopLevel),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Start {
        job: JobId,
        work: Work,
        trigger: Trigger,
    },
    /// Show it as waiting. A due moment is claimed while it waits: a restart finds it and gives it its turn.
    Queue {
        job: JobId,
        work: Work,
        trigger: Trigger,
        behind: String,
        claim: Option<Fire>,
    },
    /// A due moment that does not run: to be recorded with its reason. `job`: the one that was waiting for it.
    Skip {
        job: Option<JobId>,
        fire: Fire,
        reason: String,
    },
    Tell {
        job: JobId,
        word: JobStop,
    },
    /// A waiting request that will not run.
    Drop {
        job: JobId,
        reason: String,
    },
    /// Nothing runs any more: the daemon may end.
    Leave,
}
