//! Requests that come over the control socket: answered at once from memory, or by a task that asks the cluster and answers when it knows.

use std::time::Duration;

use tokio::sync::oneshot;

use super::answers::{check, choose_points, init, list_backups, look_into, show_backup};
use super::asker::Asker;
use super::coverage::{coverage_line, covered};
use super::earlier::{earlier_job, since};
use super::event::Event;
use super::ids::new_job_id;
use super::main_loop::{Engine, Inner, asked_by, unknown_job};
use super::work::{Wish, Work};
use crate::catalog::JobKind;
use crate::config::Schedule;
use crate::control::protocol::{
    Accepted, BackupRequest, JobDetail, JobList, Refusal, RefusalCode, Request, Response,
    RestoreStart,
};
use crate::names::{GroupName, JobId, RepositoryName};
use crate::ops::Ops;
use crate::plan::restore::GroupZones;
use crate::run::restore::{Insist, precheck};
use crate::run::undo::Ending;
use crate::run::undoable;
use crate::run::{RunError, restore};

/// How long `brctl show JOB` waits for what has become of a restore.
const STANDING_LIMIT: Duration = Duration::from_secs(5);

pub(super) type Answer = oneshot::Sender<Result<Response, Refusal>>;

impl Engine {
    /// True: leave.
    pub(super) fn ask(&mut self, asker: &Asker, request: Request, answer: Answer) -> bool {
        tracing::debug!(%asker, ?request, "request");
        let cluster = self.setup.cluster.clone();
        match request {
            Request::Status => reply(answer, Ok(Response::Status(Box::new(self.status())))),
            Request::Next { days } => {
                let reckon = self.next_fires(days);
                aside(answer, async move {
                    let fires = tokio::task::spawn_blocking(reckon).await;
                    let fault = |error| RunError::Failed(format!("brd's own fault: {error}"));
                    Ok(Response::Next(fires.map_err(fault)?))
                });
            }
            Request::Jobs => reply(
                answer,
                Ok(Response::Jobs(JobList {
                    jobs: self.board.summaries(),
                })),
            ),
            Request::Job(job) => self.show_job(job, answer),
            Request::Backups { group } => aside(answer, async move {
                list_backups(&cluster, group.as_ref()).await
            }),
            Request::Backup(label) => {
                aside(answer, async move { show_backup(&cluster, &label).await })
            }
            Request::Coverage => {
                let scheduled = self.scheduled();
                aside(answer, async move {
                    Ok(Response::Coverage(Box::new(
                        covered(&cluster, &scheduled).await?,
                    )))
                });
            }
            Request::StartBackup(wish) => self.start_backup(asker, wish, answer),
            Request::ChoosePoints(wanted) => {
                let zones = self.zones();
                let now = self.setup.clock.now();
                aside(answer, async move {
                    choose_points(&cluster, &wanted, &zones, now).await
                });
            }
            Request::PlanRestore(wanted) => {
                let job = new_job_id(self.setup.clock.now());
                aside(answer, async move {
                    let session = cluster.session();
                    let ops = Ops::open(session.clone()).await?;
                    Ok(Response::Plan(Box::new(
                        restore::plan(&session, &ops, job, &wanted).await?,
                    )))
                });
            }
            Request::StartRestore(start) => {
                self.start_restore(asker, *start, answer);
            }
            Request::Pin { .. }
            | Request::Unpin(_)
            | Request::PlanPrune(_)
            | Request::StartPrune(_) => self.ask_retention(asker, request, answer),
            Request::StartRecovery(wanted) => self.start_recovery(asker, wanted, answer),
            Request::Cancel(job) => return self.cancel(job, answer),
            Request::Undo(job) => self.end_restore(asker, job, Ending::Undo, answer),
            Request::Swap(job) => self.end_restore(asker, job, Ending::MakeLive, answer),
            Request::Discard(job) => self.end_restore(asker, job, Ending::Discard, answer),
            Request::Init => {
                let inner = self.inner.clone();
                aside(answer, async move {
                    let done = init(&cluster).await;
                    let _gone = inner.send(Inner::LookAgain);
                    done
                });
            }
            Request::Check => {
                let groups = repositories(
                    self.dispatcher.schedule(),
                    self.dispatcher.defaults().repository.as_ref(),
                );
                let scheduled = self.scheduled();
                aside(answer, async move {
                    let mut report = check(&cluster, &groups).await;
                    report
                        .lines
                        .extend(coverage_line(&cluster, &scheduled).await);
                    Ok(Response::Report(report))
                });
            }
            Request::Reload => {
                let report = self.reload().map(Response::Report);
                reply(answer, report);
            }
        }
        false
    }

    pub(super) fn hand_in(&self, work: Work, asked_by: String, answer: Answer) {
        // The loop holds the receiver for as long as it runs.
        let _gone = self.inner.send(Inner::Enter {
            work,
            asked_by,
            answer,
        });
    }

    /// Looked into before it becomes a job: whoever asks for what does not exist is told at once.
    fn start_backup(&self, asker: &Asker, request: BackupRequest, answer: Answer) {
        let BackupRequest {
            kind,
            group,
            baseline_backup,
            name,
        } = request;
        let wish = Wish {
            group,
            kind,
            baseline: baseline_backup,
            name,
        };
        let now = self.setup.clock.now();
        let order = match self.dispatcher.defaults().order_for_wish(
            self.dispatcher.schedule(),
            wish,
            now,
        ) {
            Ok(order) => order,
            Err(error) => {
                let help = "name one for the group in the schedule, or as [cluster] repository in brd.toml";
                return reply(
                    answer,
                    Err(Refusal::new(RefusalCode::Refused, error.to_string(), help)),
                );
            }
        };
        let (cluster, inner, asked_by) = (
            self.setup.cluster.clone(),
            self.inner.clone(),
            asked_by(asker),
        );
        // Ends with the message below, or with the refusal.
        tokio::spawn(async move {
            match look_into(&cluster, &order).await {
                Ok(()) => {
                    let work = Work::Backup(Box::new(order));
                    let _gone = inner.send(Inner::Enter {
                        work,
                        asked_by,
                        answer,
                    });
                }
                Err(error) => reply(answer, Err(refusal(&error))),
            }
        });
    }

    fn zones(&self) -> GroupZones {
        let groups = &self.dispatcher.schedule().groups;
        let zones = groups
            .iter()
            .map(|(group, rules)| (group.clone(), rules.zone));
        GroupZones(zones.collect())
    }

    /// Looked into before it becomes a job, as a backup is.
    fn start_restore(&self, asker: &Asker, start: RestoreStart, answer: Answer) {
        let (cluster, inner, asked_by) = (
            self.setup.cluster.clone(),
            self.inner.clone(),
            asked_by(asker),
        );
        let insist = if start.force {
            Insist::Space
        } else {
            Insist::Nothing
        };
        // Ends with the message below, or with the refusal.
        tokio::spawn(async move {
            match precheck(&cluster.session(), &start.plan, insist).await {
                Ok(()) => {
                    let work = Work::Restore {
                        plan: Box::new(start.plan),
                        requested_by: asked_by.clone(),
                    };
                    let _gone = inner.send(Inner::Enter {
                        work,
                        asked_by,
                        answer,
                    });
                }
                Err(error) => reply(answer, Err(refusal(&error))),
            }
        });
    }

    fn end_restore(&self, asker: &Asker, job: JobId, ending: Ending, answer: Answer) {
        let (cluster, inner, asked_by) = (
            self.setup.cluster.clone(),
            self.inner.clone(),
            asked_by(asker),
        );
        // Ends with the message below, or with the refusal.
        tokio::spawn(async move {
            match undoable::prove_possible(&cluster.session(), &job, ending).await {
                Ok(()) => {
                    let work = Work::End {
                        restore: job,
                        ending,
                    };
                    let _gone = inner.send(Inner::Enter {
                        work,
                        asked_by,
                        answer,
                    });
                }
                Err(error) => reply(answer, Err(refusal(&error))),
            }
        });
    }

    fn cancel(&mut self, job: JobId, answer: Answer) -> bool {
        let Some((summary, ..)) = self.board.detail(&job) else {
            reply(answer, Err(unknown_job(&job)));
            return false;
        };
        if summary.state.is_over() {
            let message = format!("job `{job}` is over already: {}", summary.state.as_str());
            reply(
                answer,
                Err(Refusal::new(
                    RefusalCode::Refused,
                    message,
                    format!("`brctl show {job}` tells how it ended"),
                )),
            );
            return false;
        }
        reply(
            answer,
            Ok(Response::Accepted(Accepted { job: job.clone() })),
        );
        self.event(Event::CancelAsked { job })
    }

    /// From memory; a restore of an earlier life from ops, and what has become of one that is done.
    fn show_job(&self, job: JobId, answer: Answer) {
        let known = self.board.detail(&job);
        let known = known.map(|(summary, events, plan)| JobDetail {
            summary,
            events,
            plan,
            standing: None,
        });
        let ended = |detail: &JobDetail| {
            detail.summary.kind == JobKind::Restore && detail.summary.state.is_over()
        };
        let known = match known {
            Some(detail) if !ended(&detail) => {
                return reply(answer, Ok(Response::Job(Box::new(detail))));
            }
            known => known,
        };
        let cluster = self.setup.cluster.clone();
        aside(answer, async move {
            let open = || Ops::open(cluster.session());
            let Some(detail) = known else {
                let found = earlier_job(&open().await?, &job).await?;
                return Ok(Response::Job(Box::new(found)));
            };
            let look = async { since(&open().await?, detail.clone()).await };
            // A cluster that does not answer takes nothing from what is in memory.
            let detail = match tokio::time::timeout(STANDING_LIMIT, look).await {
                Ok(Ok(looked)) => looked,
                _ => detail,
            };
            Ok(Response::Job(Box::new(detail)))
        });
    }
}

/// Whoever asked may have gone.
pub(super) fn reply(answer: Answer, response: Result<Response, Refusal>) {
    let _gone = answer.send(response);
}

/// A task that asks the cluster and answers. It changes nothing that anybody waits for.
pub(super) fn aside(
    answer: Answer,
    work: impl Future<Output = Result<Response, RunError>> + Send + 'static,
) {
    tokio::spawn(async move { reply(answer, work.await.map_err(|error| refusal(&error))) });
}

pub(super) fn refusal(error: &RunError) -> Refusal {
    use crate::catalog::ChainError;
    use crate::plan::restore::RestorePlanError;
    use crate::run::RefusedKind;
    let code = match error {
        RunError::Refused(refused) if refused.kind == RefusedKind::NotFound => {
            RefusalCode::NotFound
        }
        RunError::Refused(refused) if refused.kind == RefusedKind::Usage => RefusalCode::Usage,
        RunError::Chain(ChainError::Unknown(_)) => RefusalCode::NotFound,
        RunError::RestorePlan(
            RestorePlanError::TableNotInBackup { .. }
            | RestorePlanError::NothingOfGroup { .. }
            | RestorePlanError::PartitionNotInBackup { .. },
        ) => RefusalCode::NotFound,
        RunError::Refused(_) | RunError::Chain(_) | RunError::RestorePlan(_) => {
            RefusalCode::Refused
        }
        RunError::Statement(_) | RunError::Ops(_) | RunError::Schema(_) | RunError::Row(_) => {
            RefusalCode::Cluster
        }
        _ => RefusalCode::Internal,
    };
    let missing_tables = matches!(error, RunError::Ops(crate::ops::OpsError::Statement(error))
        if error.is_unknown_table() || error.is_unknown_database());
    if missing_tables {
        return Refusal::new(
            RefusalCode::Refused,
            "the ops tables do not exist, or not completely",
            "run `brctl init`; on a new cluster in the place of one that is gone, `brctl recover`",
        );
    }
    Refusal {
        code,
        message: error.to_string(),
        help: error.help(),
    }
}

pub(super) fn repositories(
    schedule: &Schedule,
    default: Option<&RepositoryName>,
) -> Vec<(GroupName, Option<RepositoryName>)> {
    schedule
        .groups
        .iter()
        .map(|(group, rules)| {
            (
                group.clone(),
                rules.repository.clone().or_else(|| default.cloned()),
            )
        })
        .collect()
}
