//! A job as people see it: what it is, how it stands, what happened in it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::names::{DatabaseName, GroupName, JobId, Label};

/// What has become of what a restore made, as `ops` has it: jobs that came after it may have ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Live,
    Beside,
    TakenBack,
    /// Taking it back failed, and a person is needed.
    HalfTakenBack,
    Discarded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobKind {
    Full,
    Incremental,
    Restore,
    Undo,
    /// Making live what a restore left beside the live tables.
    Swap,
    Discard,
    /// Letting go of what retention does not keep.
    Prune,
    /// Bringing brd's memory back on a cluster that has none.
    Recover,
    /// Finishing what an earlier life of the daemon left.
    Adopt,
}

impl JobKind {
    pub fn as_str(self) -> &'static str {
        match self {
            JobKind::Full => "full",
            JobKind::Incremental => "incremental",
            JobKind::Restore => "restore",
            JobKind::Undo => "undo",
            JobKind::Swap => "swap",
            JobKind::Discard => "discard",
            JobKind::Prune => "prune",
            JobKind::Recover => "recover",
            JobKind::Adopt => "adopt",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    Waiting,
    Running,
    Done,
    /// Some databases of the run are done, others are not.
    Partly,
    Failed,
    Cancelled,
    /// No longer watched; the server's job goes on and is adopted at the next start.
    Detached,
    /// Was due and did not run.
    Skipped,
    /// A person is needed: the job's detail lists the statements.
    Stuck,
}

impl JobState {
    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Waiting => "waiting",
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Partly => "partly",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
            JobState::Detached => "detached",
            JobState::Skipped => "skipped",
            JobState::Stuck => "stuck",
        }
    }

    pub fn is_over(self) -> bool {
        !matches!(self, JobState::Waiting | JobState::Running)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSummary {
    pub job: JobId,
    pub kind: JobKind,
    pub group: Option<GroupName>,
    /// Labels given so far, or the label that is restored.
    pub labels: Vec<Label>,
    pub state: JobState,
    /// `schedule`, `catch-up`, or who asked.
    pub trigger: String,
    pub scheduled: Option<DateTime<Utc>>,
    pub started: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    /// One line: what is being done, or how it ended.
    pub message: String,
}

/// One thing that happened in a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEvent {
    pub at: DateTime<Utc>,
    pub job: JobId,
    pub database: Option<DatabaseName>,
    #[serde(flatten)]
    pub what: JobEventKind,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum JobEventKind {
    State {
        state: JobState,
        message: String,
    },
    /// A step begins. `number` counts from 1 to `of`; `of` is 0 where the number of steps is not known beforehand.
    Step {
        number: u32,
        of: u32,
        text: String,
    },
    /// Within a step, as the server tells it; `total` 0: unknown.
    Progress {
        done: u64,
        total: u64,
        text: String,
    },
    /// A fact that is worth knowing and stops nothing.
    Finding {
        text: String,
        help: Option<String>,
    },
}
