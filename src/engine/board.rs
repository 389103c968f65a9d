//! All jobs of this life, as people see them, and who follows them.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, watch};

use super::work::Work;
use crate::catalog::{JobEvent, JobEventKind, JobKind, JobState, JobSummary, Trigger};
use crate::names::{GroupName, JobId, Label};
use crate::plan::restore::RestorePlan;
use crate::run::JobStop;
use crate::run::group::Outcome;

/// Ended jobs that are remembered; history proper is in ops.
const REMEMBERED: usize = 200;

/// Events of one job that are remembered: a restore of some hundred partitions.
const EVENTS: usize = 1_000;

/// A follower that is this far behind is not reading any more and is let go.
const BACKLOG: usize = 2 * EVENTS;

struct Entry {
    summary: JobSummary,
    events: VecDeque<JobEvent>,
    plan: Option<RestorePlan>,
    followers: Vec<mpsc::Sender<JobEvent>>,
    stop: Option<watch::Sender<JobStop>>,
}

#[derive(Default)]
pub struct Board {
    /// By id, which sorts by time.
    jobs: BTreeMap<JobId, Entry>,
}

impl Board {
    pub fn enter(
        &mut self,
        job: &JobId,
        work: &Work,
        trigger: Trigger,
        asked_by: Option<&str>,
        message: &str,
    ) {
        let summary = JobSummary {
            job: job.clone(),
            kind: work.kind(),
            group: work.group().cloned(),
            labels: work.labels(),
            state: JobState::Waiting,
            trigger: asked_by.map_or_else(|| trigger.as_str().to_owned(), str::to_owned),
            scheduled: if let Work::Backup(order) = work {
                order.scheduled
            } else {
                None
            },
            started: None,
            finished: None,
            message: message.to_owned(),
        };
        let plan = if let Work::Restore { plan, .. } = work {
            Some((**plan).clone())
        } else {
            None
        };
        let known = self.jobs.remove(job);
        let followers = known.map_or_else(Vec::new, |entry| entry.followers);
        let entry = Entry {
            summary,
            events: VecDeque::new(),
            plan,
            followers,
            stop: None,
        };
        self.jobs.insert(job.clone(), entry);
        self.forget();
    }

    /// Whether the job's end changes which restores stand beside the live tables.
    pub fn ended_restore(&self, job: &JobId) -> bool {
        let kinds = [JobKind::Restore, JobKind::Swap, JobKind::Discard];
        let entry = self.jobs.get(job);
        entry.is_some_and(|entry| kinds.contains(&entry.summary.kind))
    }

    pub fn contains(&self, job: &JobId) -> bool {
        self.jobs.contains_key(job)
    }

    pub fn started(&mut self, job: &JobId, stop: watch::Sender<JobStop>, now: DateTime<Utc>) {
        let Some(entry) = self.jobs.get_mut(job) else {
            return;
        };
        entry.stop = Some(stop);
        entry.summary.started = Some(now);
        self.turn(job, JobState::Running, "begins", None, now);
    }

    pub fn ended(&mut self, job: &JobId, outcome: &Outcome, now: DateTime<Utc>) {
        let Some(entry) = self.jobs.get_mut(job) else {
            return;
        };
        entry.summary.finished = Some(now);
        entry.stop = None;
        self.turn(
            job,
            outcome.state,
            &outcome.message,
            outcome.help.as_deref(),
            now,
        );
        if let Some(entry) = self.jobs.get_mut(job) {
            entry.followers.clear();
        }
    }

    fn turn(
        &mut self,
        job: &JobId,
        state: JobState,
        message: &str,
        help: Option<&str>,
        at: DateTime<Utc>,
    ) {
        let Some(entry) = self.jobs.get_mut(job) else {
            return;
        };
        entry.summary.state = state;
        message.clone_into(&mut entry.summary.message);
        let event = |what| JobEvent {
            at,
            job: job.clone(),
            database: None,
            what,
        };
        if let Some(help) = help {
            self.note(event(JobEventKind::Finding {
                text: message.to_owned(),
                help: Some(help.to_owned()),
            }));
        }
        self.note(event(JobEventKind::State {
            state,
            message: message.to_owned(),
        }));
    }

    /// Remembers an event and passes it on.
    pub fn note(&mut self, event: JobEvent) {
        let Some(entry) = self.jobs.get_mut(&event.job) else {
            return;
        };
        if let JobEventKind::Step { text, .. } = &event.what
            && !entry.summary.state.is_over()
        {
            entry.summary.message.clone_from(text);
        }
        // A follower whose queue is full or gone is let go: it never slows a job.
        entry
            .followers
            .retain(|follower| follower.try_send(event.clone()).is_ok());
        // Only the last of a row of progress figures is worth remembering.
        let is_progress = |event: &JobEvent| matches!(event.what, JobEventKind::Progress { .. });
        if is_progress(&event) && entry.events.back().is_some_and(is_progress) {
            entry.events.pop_back();
        }
        if entry.events.len() == EVENTS {
            entry.events.pop_front();
        }
        entry.events.push_back(event);
    }

    pub fn labelled(&mut self, job: &JobId, label: Label) {
        let Some(entry) = self.jobs.get_mut(job) else {
            return;
        };
        if !entry.summary.labels.contains(&label) {
            entry.summary.labels.push(label);
        }
    }

    pub fn tell(&self, job: &JobId, word: JobStop) {
        if let Some(stop) = self.jobs.get(job).and_then(|entry| entry.stop.as_ref()) {
            // A higher word wins and is never taken back.
            stop.send_if_modified(|now| {
                let higher = word > *now;
                *now = word.max(*now);
                higher
            });
        }
    }

    pub fn follow(&mut self, job: &JobId) -> Option<mpsc::Receiver<JobEvent>> {
        let entry = self.jobs.get_mut(job)?;
        let (sender, receiver) = mpsc::channel(BACKLOG);
        for event in &entry.events {
            // The queue holds twice as many as are remembered.
            let _never_full = sender.try_send(event.clone());
        }
        if !entry.summary.state.is_over() {
            entry.followers.push(sender);
        }
        Some(receiver)
    }

    /// Newest first.
    pub fn summaries(&self) -> Vec<JobSummary> {
        let mut summaries: Vec<JobSummary> = self
            .jobs
            .values()
            .map(|entry| entry.summary.clone())
            .collect();
        // What waits comes before all that has begun.
        summaries.sort_by_key(|summary| {
            std::cmp::Reverse((
                summary.started.is_none(),
                summary.started,
                summary.job.clone(),
            ))
        });
        summaries
    }

    pub fn in_state(&self, state: JobState) -> Vec<JobSummary> {
        self.jobs
            .values()
            .filter(|entry| entry.summary.state == state)
            .map(|entry| entry.summary.clone())
            .collect()
    }

    /// The last backup: how a group is depends on these, whatever was restored since.
    pub fn last_of_group(&self, group: &GroupName) -> Option<JobSummary> {
        let of_group = |entry: &&Entry| {
            let is_backup = matches!(entry.summary.kind, JobKind::Full | JobKind::Incremental);
            is_backup
                && entry.summary.group.as_ref() == Some(group)
                && entry.summary.state.is_over()
        };
        self.jobs
            .values()
            .rev()
            .find(of_group)
            .map(|entry| entry.summary.clone())
    }

    pub fn detail(&self, job: &JobId) -> Option<(JobSummary, Vec<JobEvent>, Option<RestorePlan>)> {
        let entry = self.jobs.get(job)?;
        Some((
            entry.summary.clone(),
            entry.events.iter().cloned().collect(),
            entry.plan.clone(),
        ))
    }

    fn forget(&mut self) {
        let over: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|(_, entry)| entry.summary.state.is_over())
            .map(|(job, _)| job.clone())
            .collect();
        for job in over.iter().take(over.len().saturating_sub(REMEMBERED)) {
            self.jobs.remove(job);
        }
    }
}
