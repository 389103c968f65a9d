//! The loop that owns everything: takes events one by one, lets the dispatcher decide, carries the decisions out.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::timeout;

use super::asker::Asker;
use super::board::Board;
use super::dispatcher::Dispatcher;
use super::event::{Action, Event};
use super::handle::{Command, Handle};
use super::ids::new_job_id;
use super::requests::repositories;
use super::running::{Finish, live};
use super::stop::StopLevel;
use super::work::{Defaults, Work, safekeeping};
use crate::catalog::{JobState, Trigger};
use crate::config::{Schedule, Settings};
use crate::control::protocol::{Accepted, Refusal, RefusalCode, Response};
use crate::names::JobId;
use crate::ops::{FireKey, FireOutcome, Ops};
use crate::plan::timetable::Fire;
use crate::run::group::Outcome;
use crate::run::journal::Note;
use crate::run::look::{ClusterView, Probe};
use crate::run::{Clock, Cluster, FireLog, JobStop, Safekeeping, Settlement, SlotWatch};

/// What the daemon hands in.
pub struct Setup {
    pub settings: Settings,
    pub schedule: Schedule,
    pub cluster: Cluster,
    pub clock: Clock,
    /// The same over restarts of this daemon.
    pub owner: String,
    pub host: String,
}

/// What comes from tasks of the engine's own.
pub enum Inner {
    Note(Note),
    Finished(Box<Finish>),
    /// A request that was looked into, and is fit to become a job.
    Enter {
        work: Work,
        asked_by: String,
        answer: oneshot::Sender<Result<Response, Refusal>>,
    },
    Probed(Result<ClusterView, String>),
    /// Restores whose undo window is over.
    Expired(Vec<JobId>),
    /// The cluster is not what it was: look at the next ring.
    LookAgain,
    /// Outcomes were written: all that were kept, or as many as the cluster took.
    Flushed {
        all: bool,
    },
}

/// Between two looks at the cluster for `brctl status`.
const PROBE: Duration = Duration::from_secs(60);

/// How long the end of a job waits for what it said last.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub struct Engine {
    pub(super) setup: Setup,
    pub(super) dispatcher: Dispatcher,
    pub(super) board: Board,
    pub(super) started: DateTime<Utc>,
    pub(super) loaded: DateTime<Utc>,
    /// Why the schedule in use is not the one in the file.
    pub(super) schedule_error: Option<String>,
    pub(super) cluster: Option<Result<ClusterView, String>>,
    pub(super) inner: mpsc::UnboundedSender<Inner>,
    inner_events: mpsc::UnboundedReceiver<Inner>,
    fires: FireLog,
    pub(super) databases: Arc<Semaphore>,
    pub(super) slots: SlotWatch,
    pub(super) safekeeping: Safekeeping,
    status: watch::Sender<String>,
    /// Kept open: a look every half minute is not worth a login each.
    probe: Probe,
    probed: Option<DateTime<Utc>>,
    pub(super) looked_for_expired: Option<DateTime<Utc>>,
    flushing: bool,
}

impl Engine {
    /// `status`: a line for systemd and the like, whenever it changes.
    pub fn new(setup: Setup, status: watch::Sender<String>) -> Engine {
        let now = setup.clock.now();
        // Unbounded: what comes from our own tasks is little, and must never be refused.
        let (inner, inner_events) = mpsc::unbounded_channel();
        let defaults = Defaults {
            repository: setup.settings.cluster.repository.clone(),
            job_timeout: setup.settings.jobs.job_timeout,
            verify: setup.settings.jobs.verify,
        };
        let safekeeping = safekeeping(&setup.settings.ops);
        Engine {
            dispatcher: Dispatcher::new(setup.schedule.clone(), defaults, now, new_job_id),
            board: Board::default(),
            started: now,
            loaded: now,
            schedule_error: None,
            cluster: None,
            inner,
            inner_events,
            fires: FireLog::default(),
            databases: Arc::new(Semaphore::new(setup.settings.jobs.max_parallel_databases)),
            slots: SlotWatch::default(),
            status,
            probe: Probe::new(&setup.cluster, safekeeping.clone()),
            safekeeping,
            probed: None,
            looked_for_expired: None,
            flushing: false,
            setup,
        }
    }

    /// Until everything has stopped.
    pub async fn run(
        mut self,
        mut rings: mpsc::Receiver<()>,
        mut commands: mpsc::Receiver<Command>,
    ) {
        enum Came {
            Ring,
            Command(Command),
            Inner(Inner),
        }
        let now = self.setup.clock.now();
        let begin = self.dispatcher.begin(now);
        let mut leave = self.carry_out(begin, None);
        while !leave || self.flushing {
            // Every arm is a channel's receive, which is cancel-safe. The daemon holds a handle and the bell for as long as this runs.
            let came = tokio::select! {
                Some(()) = rings.recv() => Came::Ring,
                Some(command) = commands.recv() => Came::Command(command),
                Some(inner) = self.inner_events.recv() => Came::Inner(inner),
                else => break,
            };
            leave |= match came {
                Came::Ring => self.rung(),
                Came::Command(command) => self.command(command),
                Came::Inner(inner) => self.inner(inner),
            };
            self.publish_status();
        }
    }

    fn rung(&mut self) -> bool {
        let now = self.setup.clock.now();
        if self
            .probed
            .is_none_or(|probed| (now - probed).abs().to_std().unwrap_or(PROBE) >= PROBE)
        {
            self.probed = Some(now);
            self.probe();
        }
        self.look_for_expired(now);
        self.event(Event::Rung)
    }

    pub(super) fn event(&mut self, event: Event) -> bool {
        let now = self.setup.clock.now();
        let actions = self.dispatcher.handle_event(event, now);
        self.carry_out(actions, None)
    }

    fn command(&mut self, command: Command) -> bool {
        match command {
            Command::Ask {
                asker,
                request,
                answer,
            } => self.ask(&asker, request, answer),
            Command::Follow { job, answer } => {
                let found = self.board.follow(&job).ok_or_else(|| unknown_job(&job));
                // The asker may have gone meanwhile.
                let _gone = answer.send(found);
                false
            }
            Command::Stop(level) => {
                tracing::info!(
                    level = level.word(),
                    running = self.board.in_state(JobState::Running).len(),
                    "stopping"
                );
                self.event(Event::Stop(level))
            }
        }
    }

    fn inner(&mut self, inner: Inner) -> bool {
        match inner {
            Inner::Note(Note::Event(event)) => self.board.note(event),
            Inner::Note(Note::Labelled(job, label)) => self.board.labelled(&job, label),
            Inner::Finished(finish) => return self.finished(*finish),
            Inner::Enter {
                work,
                asked_by,
                answer,
            } => return self.enter(work, &asked_by, answer),
            Inner::Expired(restores) => return self.expired(restores),
            Inner::LookAgain => self.look_again(),
            Inner::Flushed { all } => {
                self.flushing = false;
                // What was kept meanwhile.
                if all {
                    self.flush_fires();
                }
            }
            Inner::Probed(view) => {
                if view.is_ok() {
                    self.flush_fires();
                }
                self.cluster = Some(view);
            }
        }
        false
    }

    fn finished(&mut self, finish: Finish) -> bool {
        let Finish {
            job,
            outcome,
            adopted,
        } = finish;
        let now = self.setup.clock.now();
        tracing::info!(job = %job, state = outcome.state.as_str(), message = outcome.message, help = outcome.help, "job ended");
        // `brctl status` tells at once how the backup of ops went.
        if self.board.ended_restore(&job) || self.safekeeping.backs_up() {
            self.look_again();
        }
        self.board.ended(&job, &outcome, now);
        self.event(match adopted {
            Some(adopted) => Event::Adopted {
                job,
                reruns: adopted.reruns,
                last: adopted.last,
            },
            None => Event::Ended { job },
        })
    }

    /// A person's job: known before it starts, so that it can be followed at once.
    pub(super) fn enter(
        &mut self,
        work: Work,
        asked_by: &str,
        answer: oneshot::Sender<Result<Response, Refusal>>,
    ) -> bool {
        let now = self.setup.clock.now();
        if self.dispatcher.stop_level() != StopLevel::Running {
            let refusal = Refusal::new(
                RefusalCode::Refused,
                "brd is stopping and takes on nothing new",
                "ask again when it has started",
            );
            let _gone = answer.send(Err(refusal));
            return false;
        }
        let job = match &work {
            Work::Restore { plan, .. } => plan.job.clone(),
            Work::Adopt
            | Work::Backup(_)
            | Work::End { .. }
            | Work::Prune(_)
            | Work::Recover(_) => new_job_id(now),
        };
        if self.board.contains(&job) {
            let refusal = Refusal::new(
                RefusalCode::Refused,
                format!("the plan of job `{job}` was run already"),
                "ask for a new plan",
            );
            let _gone = answer.send(Err(refusal));
            return false;
        }
        self.board.enter(
            &job,
            &work,
            Trigger::Request,
            Some(asked_by),
            "waits for its turn",
        );
        // The asker may have gone: the job runs all the same.
        let _gone = answer.send(Ok(Response::Accepted(Accepted { job: job.clone() })));
        let actions = self
            .dispatcher
            .handle_event(Event::Asked { job, work }, now);
        self.carry_out(actions, Some(asked_by))
    }

    /// True: leave.
    fn carry_out(&mut self, actions: Vec<Action>, asked_by: Option<&str>) -> bool {
        let now = self.setup.clock.now();
        let mut leave = false;
        for action in actions {
            match action {
                Action::Start { job, work, trigger } => self.start(job, work, trigger, asked_by),
                Action::Queue {
                    job,
                    work,
                    trigger,
                    behind,
                    claim,
                } => {
                    self.board.enter(&job, &work, trigger, asked_by, &behind);
                    if let Some(fire) = claim {
                        self.claim(job, fire);
                    }
                }
                Action::Skip { job, fire, reason } => self.skip(job, fire, reason),
                Action::Tell { job, word } => self.board.tell(&job, word),
                Action::Drop { job, reason } => {
                    self.board.ended(
                        &job,
                        &Outcome {
                            state: JobState::Skipped,
                            message: reason,
                            help: None,
                        },
                        now,
                    );
                }
                Action::Leave => leave = true,
            }
        }
        leave
    }

    fn start(&mut self, job: JobId, work: Work, trigger: Trigger, asked_by: Option<&str>) {
        let now = self.setup.clock.now();
        if !self.board.contains(&job) {
            self.board.enter(&job, &work, trigger, asked_by, "begins");
        }
        tracing::info!(job = %job, kind = work.kind().as_str(), group = work.group().map(ToString::to_string), "job begins");
        let (stop, told) = watch::channel(JobStop::GoOn);
        self.board.started(&job, stop, now);
        let (context, carrier) = self.job_with_carrier(job, told);
        let (inner, fires) = (self.inner.clone(), self.fires.clone());
        // Its end comes back as a message, which the loop waits for before it leaves.
        tokio::spawn(async move {
            let finish = live(context, work, fires).await;
            // What it said last comes before its end: whoever follows it is let go then.
            if timeout(LAST_WORDS, carrier).await.is_err() {
                tracing::debug!(job = %finish.job, "somebody still holds the journal of a job that has ended");
            }
            let _gone = inner.send(Inner::Finished(Box::new(finish)));
        });
    }

    fn skip(&mut self, job: Option<JobId>, fire: Fire, reason: String) {
        tracing::warn!(group = %fire.group, kind = fire.kind.as_str(), scheduled = %fire.scheduled_at, reason, "due moment skipped");
        if let Some(job) = &job {
            let outcome = Outcome {
                state: JobState::Skipped,
                message: reason.clone(),
                help: None,
            };
            self.board.ended(job, &outcome, self.setup.clock.now());
        }
        let key = FireKey {
            group: fire.group,
            kind: fire.kind,
            scheduled: fire.scheduled_at,
        };
        let settlement = Settlement {
            key,
            outcome: FireOutcome::Skipped,
            reason,
            run: None,
        };
        self.fires.keep(settlement);
        self.flush_fires();
    }

    /// For a job that waits. Not won, or not reached: the job itself will see when its turn comes.
    fn claim(&self, job: JobId, fire: Fire) {
        let key = FireKey {
            group: fire.group,
            kind: fire.kind,
            scheduled: fire.scheduled_at,
        };
        let (_never, told) = watch::channel(JobStop::GoOn);
        let job = self.job(job, told);
        // Nobody waits for it.
        tokio::spawn(async move {
            let claimed = async {
                let ops = Ops::open(job.cluster.session()).await?;
                ops.claim_fire(&key, &job.owner, &job.id, job.now()).await
            };
            match claimed.await {
                Ok(_) => tracing::info!(job = %job.id, "a waiting due moment is claimed"),
                Err(error) => {
                    tracing::warn!(job = %job.id, %error, "a waiting due moment is not claimed yet");
                }
            }
        });
    }

    /// Outcomes that no job writes, and those that were kept while the cluster was away: through one session, one after another.
    fn flush_fires(&mut self) {
        if self.flushing || self.fires.is_empty() {
            return;
        }
        self.flushing = true;
        let (_never, told) = watch::channel(JobStop::GoOn);
        let job = self.job(new_job_id(self.setup.clock.now()), told);
        let (fires, inner) = (self.fires.clone(), self.inner.clone());
        // Its end comes back as a message, which the loop waits for before it leaves.
        tokio::spawn(async move {
            let flushed = async {
                let ops = Ops::open(job.cluster.session()).await?;
                fires.flush(&job, &ops).await
            };
            let flushed = flushed.await.inspect_err(|error| {
                tracing::warn!(%error, "outcomes of due moments are kept in memory for now");
            });
            let _gone = inner.send(Inner::Flushed {
                all: flushed.is_ok(),
            });
        });
    }

    /// At the next ring, rather than when it is time.
    pub(super) fn look_again(&mut self) {
        self.probed = None;
    }

    fn probe(&self) {
        let (probe, inner) = (self.probe.clone(), self.inner.clone());
        let default = self.dispatcher.defaults().repository.as_ref();
        let groups = repositories(self.dispatcher.schedule(), default);
        // Its answer comes back as a message; nobody waits for it.
        tokio::spawn(async move {
            let view = probe.look(&groups).await.map_err(|error| error.full_text());
            let _gone = inner.send(Inner::Probed(view));
        });
    }

    fn publish_status(&self) {
        let running = self.board.in_state(JobState::Running).len();
        let text = match (self.dispatcher.stop_level().word(), running) {
            (Some(word), running) => format!("{word}, {running} jobs running"),
            (None, 0) => format!("idle, {} groups", self.dispatcher.schedule().groups.len()),
            (None, running) => format!("{running} jobs running"),
        };
        self.status.send_if_modified(|now| {
            let changed = *now != text;
            *now = text;
            changed
        });
    }
}

pub(super) fn unknown_job(job: &JobId) -> Refusal {
    Refusal::new(
        RefusalCode::NotFound,
        format!("no job with the id `{job}` is known"),
        "`brctl jobs` lists them",
    )
}

/// Shown by [`Handle`]'s documentation: the engine is driven by nothing else.
impl std::fmt::Debug for Handle {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Handle")
    }
}

pub(super) fn asked_by(asker: &Asker) -> String {
    asker.to_string()
}
