//! How the steps ended, and what is on record of it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::execute::RestoreContext;
use crate::catalog::JobState;
use crate::ops::{Ops, Reservation, RestoreRecord, RestoreStatus, STUCK, SlotEnd};
use crate::plan::restore::RestorePlan;
use crate::run::error::RunError;
use crate::run::group::Outcome;
use crate::run::job::Job;

/// How long the end of a restore is insisted on being written: the cluster may be in trouble right now.
const RECORDING: Duration = Duration::from_secs(600);

/// How the steps ended.
pub enum Carried {
    Done {
        checksum: String,
    },
    /// Verified, and left under the suffix: nothing live was touched.
    Beside {
        checksum: String,
    },
    /// Everything of ours is removed again, the live tables are as they were.
    TakenBack(RunError),
    /// A person is needed.
    Stuck {
        error: RunError,
        statements: Vec<String>,
    },
    Detached,
}

impl Carried {
    pub fn outcome(&self) -> Outcome {
        match self {
            Carried::Done { .. } => Outcome {
                state: JobState::Done,
                message: "restored, verified and live".to_owned(),
                help: None,
            },
            Carried::Beside { .. } => Outcome {
                state: JobState::Done,
                message: "restored and verified beside the live tables, which are as they were"
                    .to_owned(),
                help: None,
            },
            Carried::TakenBack(error) => Outcome {
                message: format!("{error}; the live tables are as they were"),
                ..Outcome::of(error)
            },
            Carried::Stuck { error, statements } => Outcome {
                state: JobState::Stuck,
                message: format!("{error}; and taking it back failed too"),
                help: Some(format!("run, in this order: {}", statements.join("; "))),
            },
            Carried::Detached => Outcome {
                state: JobState::Detached,
                message: "no longer watched".to_owned(),
                help: None,
            },
        }
    }

    fn error(&self) -> Option<String> {
        let outcome = self.outcome();
        match (outcome.state, outcome.help) {
            (JobState::Done, _) => None,
            (JobState::Stuck, Some(help)) => Some(format!("{STUCK}{}; {help}", outcome.message)),
            (_, Some(help)) => Some(format!("{}; {help}", outcome.message)),
            (_, None) => Some(outcome.message),
        }
    }
}

/// When what a restore that ends now has replaced may be dropped.
pub fn undo_until(job: &Job) -> Option<DateTime<Utc>> {
    let window = TimeDelta::from_std(job.tuning.undo_window).unwrap_or(TimeDelta::MAX);
    // Without a time it would be one that is over.
    let until = job.now().checked_add_signed(window);
    Some(until.unwrap_or(DateTime::<Utc>::MAX_UTC))
}

/// The history row, then the slot. A detached restore keeps both for the next life.
pub async fn conclude(
    job: &Job,
    ops: &Ops,
    context: &RestoreContext,
    slot: &Reservation,
    carried: &Carried,
    plan: Option<&RestorePlan>,
) -> Result<(), RunError> {
    let (status, end) = match carried {
        Carried::Detached => return Ok(()),
        Carried::Done { .. } | Carried::Beside { .. } => {
            (RestoreStatus::Finished, SlotEnd::Finished)
        }
        Carried::TakenBack(RunError::Stopped(_)) => (RestoreStatus::Cancelled, SlotEnd::Cancelled),
        Carried::TakenBack(_) | Carried::Stuck { .. } => (RestoreStatus::Failed, SlotEnd::Failed),
    };
    let now = job.now();
    let done = matches!(carried, Carried::Done { .. });
    let record = RestoreRecord {
        job: context.job.clone(),
        label: context.target.clone(),
        restore_type: if context.partitions {
            "partition"
        } else if context.whole_database {
            "database"
        } else {
            "table"
        }
        .to_owned(),
        status: status.as_str().to_owned(),
        repository: context.repository.clone(),
        error: carried.error(),
        checksum: match carried {
            Carried::Done { checksum } | Carried::Beside { checksum } => Some(checksum.clone()),
            Carried::TakenBack(_) | Carried::Stuck { .. } | Carried::Detached => None,
        },
        group: context.group.clone(),
        plan: plan.map(|plan| serde_json::to_string(plan).expect("a plan is JSON")),
        requested_by: Some(context.requested_by.clone()),
        undo_until: done.then(|| undo_until(job)).flatten(),
        started: Some(context.started),
        finished: Some(now),
    };
    job.insist(RECORDING, || async {
        Ok(ops.record_restore(&record).await?)
    })
    .await?;
    job.insist(RECORDING, || async {
        Ok(ops.release(slot, end, job.now()).await?)
    })
    .await
}
