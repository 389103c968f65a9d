//! One task per job: does the work, survives its panics, reports its end.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::work::Work;
use crate::catalog::JobState;
use crate::names::{GroupName, JobId};
use crate::ops::Ops;
use crate::run::adopt::{self, Rerun};
use crate::run::group::{self, Outcome};
use crate::run::{FireLog, Job, JobStop, prune, recover, restore, undo};

/// How a job's task ended.
#[derive(Debug)]
pub struct Finish {
    pub job: JobId,
    pub outcome: Outcome,
    /// Of an adoption that came to its end.
    pub adopted: Option<Adopted>,
}

#[derive(Debug, Default)]
pub struct Adopted {
    pub reruns: Vec<Rerun>,
    pub last: BTreeMap<GroupName, DateTime<Utc>>,
}

/// Between two tries of an adoption that the cluster refuses.
const PAUSE: Duration = Duration::from_secs(15);

/// The job's whole life. A panic ends the job, which is reported, and never the daemon.
pub async fn live(job: Job, work: Work, fires: FireLog) -> Finish {
    let id = job.id.clone();
    let _alive = job.slots.enter(&id);
    // Awaited right here; a task of its own only so that a panic stops at its edge.
    match tokio::spawn(do_work(job, work, fires)).await {
        Ok(finish) => finish,
        Err(error) => {
            tracing::error!(job = %id, %error, "a job panicked");
            let outcome = Outcome {
                state: JobState::Failed,
                message: format!("brd's own fault: {error}"),
                help: Some("report it with the daemon's log; what the job left is adopted at the next start".to_owned()),
            };
            Finish {
                job: id,
                outcome,
                adopted: None,
            }
        }
    }
}

async fn do_work(job: Job, work: Work, fires: FireLog) -> Finish {
    let id = job.id.clone();
    let outcome = match work {
        Work::Adopt => return adopt(job).await,
        Work::Backup(order) => group::run(&job, &order, &fires).await,
        Work::Restore { plan, requested_by } => {
            restore::run(&job, &plan, plan.group.as_ref(), &requested_by).await
        }
        Work::End { restore, ending } => undo::run(&job, &restore, ending).await,
        Work::Prune(plan) => prune::run(&job, &plan).await,
        Work::Recover(order) => recover::recover(&job, &order).await,
    };
    Finish {
        job: id,
        outcome,
        adopted: None,
    }
}

/// Until it is done: nothing scheduled may run over what an earlier life left.
async fn adopt(job: Job) -> Finish {
    loop {
        let adoption = adopt::run(&job).await;
        let last = if adoption.outcome.state == JobState::Done {
            last_fires(&job).await
        } else {
            Err(adoption.outcome.clone())
        };
        match last {
            Ok(last) => {
                let adopted = Some(Adopted {
                    reruns: adoption.reruns,
                    last,
                });
                return Finish {
                    job: job.id.clone(),
                    outcome: adoption.outcome,
                    adopted,
                };
            }
            Err(outcome) if outcome.state == JobState::Failed => {
                job.journal.waiting(&format!(
                    "{}; {}",
                    outcome.message,
                    outcome.help.as_deref().unwrap_or("tried again")
                ));
                if job.pause(PAUSE).await.is_err() {
                    return Finish {
                        job: job.id.clone(),
                        outcome: stopped(),
                        adopted: None,
                    };
                }
            }
            Err(outcome) => {
                return Finish {
                    job: job.id.clone(),
                    outcome,
                    adopted: None,
                };
            }
        }
    }
}

fn stopped() -> Outcome {
    Outcome::of(&crate::run::RunError::Stopped(JobStop::Detach))
}

async fn last_fires(job: &Job) -> Result<BTreeMap<GroupName, DateTime<Utc>>, Outcome> {
    let read = async {
        let ops = Ops::open(job.cluster.session()).await?;
        if !ops.is_complete().await? {
            return Ok(Vec::new());
        }
        Ok::<_, crate::run::RunError>(ops.last_fires().await?)
    };
    let fires = read.await.map_err(|error| Outcome::of(&error))?;
    let mut last: BTreeMap<GroupName, DateTime<Utc>> = BTreeMap::new();
    for (group, _, at) in fires {
        let latest = last.entry(group).or_insert(at);
        *latest = at.max(*latest);
    }
    Ok(last)
}
