//! What each event means: synchronous, without IO, the present time an argument.
//!
//! It owns the schedule, knows what runs and what waits, and answers every event with actions. Due moments never get lost here: each one
//! becomes a job, waits for its turn, or is skipped with the reason. While the daemon is stopping they are left alone, unclaimed, for the
//! next start to catch up.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::event::{Action, Event};
use super::stop::StopLevel;
use super::waiting::Waiting;
use super::work::{Defaults, Work};
use crate::catalog::{BackupKind, Trigger};
use crate::config::{Overlap, Schedule};
use crate::names::{GroupName, JobId};
use crate::plan::timetable::{Fire, Timetable, Verdict, catch_up};
use crate::run::JobStop;
use crate::run::adopt::Rerun;

pub struct Dispatcher {
    schedule: Schedule,
    defaults: Defaults,
    timetable: Timetable,
    /// Due moments up to here have been seen to.
    rung_until: DateTime<Utc>,
    started: DateTime<Utc>,
    /// Of the event that is being handled.
    now: DateTime<Utc>,
    adopting: Option<JobId>,
    /// The last adoption ended before it was through.
    adopt_again: bool,
    running: BTreeMap<JobId, Option<GroupName>>,
    /// Runs, and nothing beside it.
    alone: Option<JobId>,
    waiting: VecDeque<Waiting>,
    stop: StopLevel,
    new_id: fn(DateTime<Utc>) -> JobId,
}

/// A bell that was silent for longer slept: what was due meanwhile was missed, and is caught up by the group's rules.
const MISSED_AFTER: TimeDelta = TimeDelta::seconds(60);

/// How long everything waits for what an earlier life left.
const GATE: TimeDelta = TimeDelta::minutes(2);

/// No due moment older than this is looked for: its outcome would help nobody.
const LOOK_BACK: TimeDelta = TimeDelta::days(31);

/// How long a request may wait for its turn.
const REQUEST_WAIT: TimeDelta = TimeDelta::hours(1);

impl Dispatcher {
    /// Nothing starts before [`Event::Adopted`] with the job of [`Dispatcher::begin`].
    pub fn new(
        schedule: Schedule,
        defaults: Defaults,
        now: DateTime<Utc>,
        new_id: fn(DateTime<Utc>) -> JobId,
    ) -> Dispatcher {
        let timetable = Timetable::new(&schedule);
        Dispatcher {
            schedule,
            defaults,
            timetable,
            rung_until: now,
            started: now,
            now,
            adopting: None,
            adopt_again: false,
            running: BTreeMap::new(),
            alone: None,
            waiting: VecDeque::new(),
            stop: StopLevel::Running,
            new_id,
        }
    }

    /// The first job of a life: finishing the last one's.
    pub fn begin(&mut self, now: DateTime<Utc>) -> Vec<Action> {
        let job = (self.new_id)(now);
        self.adopting = Some(job.clone());
        self.running.insert(job.clone(), None);
        vec![Action::Start {
            job,
            work: Work::Adopt,
            trigger: Trigger::CatchUp,
        }]
    }

    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    pub fn timetable(&self) -> &Timetable {
        &self.timetable
    }

    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// Nothing of an earlier life is being finished any more.
    pub fn has_adopted(&self) -> bool {
        self.adopting.is_none()
    }

    pub fn stop_level(&self) -> StopLevel {
        self.stop
    }

    pub fn handle_event(&mut self, event: Event, now: DateTime<Utc>) -> Vec<Action> {
        self.now = now;
        let mut actions = match event {
            Event::Rung => self.rung(now),
            Event::Asked { job, work } => {
                self.enter(job, work, Trigger::Request, None, now + REQUEST_WAIT)
            }
            Event::Adopted { job, reruns, last } => self.adopted(&job, reruns, &last, now),
            Event::Ended { job } => self.ended(&job),
            Event::Reloaded(schedule) => self.reloaded(schedule),
            Event::CancelAsked { job } => self.cancel(&job),
            Event::Stop(level) => self.stop_at(level),
        };
        actions.extend(self.admit());
        if self.stop != StopLevel::Running && self.running.is_empty() {
            actions.push(Action::Leave);
        }
        actions
    }

    fn rung(&mut self, now: DateTime<Utc>) -> Vec<Action> {
        // A clock that was set back rings for nothing until it is past what was seen to: nothing runs twice.
        if now <= self.rung_until || self.stop != StopLevel::Running {
            return Vec::new();
        }
        let slept = now - self.rung_until > MISSED_AFTER;
        let fires = self
            .timetable
            .due(self.rung_until.max(now - LOOK_BACK), now);
        self.rung_until = now;
        let mut actions = if slept {
            self.catch_up(fires, now)
        } else {
            self.fire_all(fires, Trigger::Schedule, now)
        };
        if std::mem::take(&mut self.adopt_again) {
            actions.extend(self.begin(now));
        }
        actions.extend(self.expire(now));
        actions
    }

    fn fire_all(&mut self, fires: Vec<Fire>, trigger: Trigger, now: DateTime<Utc>) -> Vec<Action> {
        fires
            .into_iter()
            .flat_map(|fire| self.fire(fire, trigger, now))
            .collect()
    }

    fn fire(&mut self, fire: Fire, trigger: Trigger, now: DateTime<Utc>) -> Vec<Action> {
        let order = match self
            .defaults
            .order_for_fire(&self.schedule, &fire, trigger, now)
        {
            Ok(order) => order,
            Err(error) => {
                return vec![Action::Skip {
                    job: None,
                    fire,
                    reason: error.to_string(),
                }];
            }
        };
        let rules = self.schedule.groups.get(&fire.group);
        let wait = rules.map_or(Duration::ZERO, |rules| rules.wait_limit);
        if rules.is_some_and(|rules| rules.on_overlap == Overlap::Skip)
            && let Some(other) = self.busy_with(&fire.group)
        {
            return vec![Action::Skip {
                job: None,
                fire,
                reason: format!(
                    "job {other} of the group was still running (on-overlap = \"skip\")"
                ),
            }];
        }
        let mut actions = self.replace_waiting(&fire);
        if let Some(other) = self.waiting.iter().find(|waiting| waiting.covers(&fire)) {
            let reason = format!(
                "the {} due at {} waits already, and covers this one",
                other.kind(),
                other.due_at()
            );
            actions.push(Action::Skip {
                job: None,
                fire,
                reason,
            });
            return actions;
        }
        let job = (self.new_id)(now);
        let until = now + TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
        actions.extend(self.enter(
            job,
            Work::Backup(Box::new(order)),
            trigger,
            Some(fire),
            until,
        ));
        actions
    }

    /// A full takes the place of incrementals of its group that still wait.
    fn replace_waiting(&mut self, fire: &Fire) -> Vec<Action> {
        if fire.kind != BackupKind::Full {
            return Vec::new();
        }
        let replaced = |waiting: &Waiting| {
            waiting.fire.as_ref().is_some_and(|other| {
                other.group == fire.group && other.kind == BackupKind::Incremental
            })
        };
        let (gone, kept): (Vec<Waiting>, Vec<Waiting>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(replaced);
        self.waiting = kept.into();
        let reason = format!(
            "the full due at {} covers it",
            fire.scheduled_at.format("%F %T")
        );
        let skip = |waiting: Waiting| {
            Some(Action::Skip {
                job: Some(waiting.job),
                fire: waiting.fire?,
                reason: reason.clone(),
            })
        };
        gone.into_iter().filter_map(skip).collect()
    }

    fn busy_with(&self, group: &GroupName) -> Option<&JobId> {
        self.running
            .iter()
            .find(|(_, running)| running.as_ref() == Some(group))
            .map(|(job, _)| job)
    }

    /// Of its own group, or one that must be alone, or any where it must be alone itself.
    fn in_the_way_of(&self, work: &Work) -> Option<&JobId> {
        if work.is_alone() {
            return self.running.keys().next();
        }
        let of_group = work.group().and_then(|group| self.busy_with(group));
        self.alone.as_ref().or(of_group)
    }

    /// Into the queue; [`Dispatcher::admit`] starts what can start.
    fn enter(
        &mut self,
        job: JobId,
        work: Work,
        trigger: Trigger,
        fire: Option<Fire>,
        until: DateTime<Utc>,
    ) -> Vec<Action> {
        if self.stop != StopLevel::Running {
            return vec![Action::Drop {
                job,
                reason: "brd is stopping and takes on nothing new".to_owned(),
            }];
        }
        let adopting = self.adopting.as_ref().filter(|_| self.is_gated());
        let behind = match (adopting, self.in_the_way_of(&work)) {
            (Some(adopting), _) => Some(adopting.clone()),
            (None, other) => other.cloned(),
        };
        let queued = behind.map(|behind| Action::Queue {
            job: job.clone(),
            work: work.clone(),
            trigger,
            behind: format!("waits for job {behind}"),
            // Not while an earlier life's claims are looked through: it would be taken for one of them.
            claim: fire.clone().filter(|_| self.adopting.is_none()),
        });
        self.waiting.push_back(Waiting {
            job,
            work,
            trigger,
            fire,
            until,
        });
        queued.into_iter().collect()
    }

    /// What an earlier life left goes first. One of its uploads that hangs keeps only its own database from being backed up, by its slot.
    fn is_gated(&self) -> bool {
        self.adopting.is_some() && self.now - self.started < GATE
    }

    /// Everything that waits and may start, oldest first.
    fn admit(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut kept = VecDeque::new();
        while let Some(waiting) = self.waiting.pop_front() {
            let busy = self.in_the_way_of(&waiting.work).is_some();
            if self.is_gated() || self.stop != StopLevel::Running || busy {
                kept.push_back(waiting);
                continue;
            }
            self.running
                .insert(waiting.job.clone(), waiting.work.group().cloned());
            if waiting.work.is_alone() {
                self.alone = Some(waiting.job.clone());
            }
            actions.push(Action::Start {
                job: waiting.job,
                work: waiting.work,
                trigger: waiting.trigger,
            });
        }
        self.waiting = kept;
        actions
    }

    fn expire(&mut self, now: DateTime<Utc>) -> Vec<Action> {
        let (over, kept): (Vec<Waiting>, Vec<Waiting>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiting| waiting.until < now);
        self.waiting = kept.into();
        let end = |waiting: Waiting| match waiting.fire {
            Some(fire) => Action::Skip {
                job: Some(waiting.job),
                fire,
                reason: "it waited for its turn longer than its wait-limit".to_owned(),
            },
            None => Action::Drop {
                job: waiting.job,
                reason: "it waited for its turn for an hour".to_owned(),
            },
        };
        over.into_iter().map(end).collect()
    }

    fn adopted(
        &mut self,
        job: &JobId,
        reruns: Vec<Rerun>,
        last: &BTreeMap<GroupName, DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Vec<Action> {
        self.running.remove(job);
        self.adopting = None;
        let mut actions = Vec::new();
        for rerun in reruns {
            actions.extend(self.rerun(rerun, now));
        }
        // What was due between the last moment on record and this life's start. A group without any record is new: it missed nothing.
        let missed = last.iter().flat_map(|(group, last)| {
            let after = (*last).max(now - LOOK_BACK);
            let due = if after < self.started {
                self.timetable.due(after, self.started)
            } else {
                Vec::new()
            };
            due.into_iter()
                .filter(|fire| fire.group == *group)
                .collect::<Vec<_>>()
        });
        let missed = missed.collect();
        actions.extend(self.catch_up(missed, now));
        actions
    }

    fn rerun(&mut self, rerun: Rerun, now: DateTime<Utc>) -> Vec<Action> {
        let Rerun { fire, only, run } = rerun;
        let waits = |waiting: &Waiting| waiting.job == run;
        // An adoption that was begun again told of it before.
        if self.running.contains_key(&run) || self.waiting.iter().any(waits) {
            return Vec::new();
        }
        let fire = Fire {
            group: fire.group,
            kind: fire.kind,
            scheduled_at: fire.scheduled,
        };
        match self
            .defaults
            .order_for_rerun(&self.schedule, &fire, only, now)
        {
            // Under the run's own id: its claim holds.
            Ok(order) => self.enter(
                run,
                Work::Backup(Box::new(order)),
                Trigger::CatchUp,
                Some(fire),
                now + LOOK_BACK,
            ),
            Err(error) => vec![Action::Skip {
                job: None,
                fire,
                reason: error.to_string(),
            }],
        }
    }

    fn catch_up(&mut self, missed: Vec<Fire>, now: DateTime<Utc>) -> Vec<Action> {
        let verdicts: Vec<(Fire, Verdict)> = self
            .schedule
            .groups
            .iter()
            .flat_map(|(group, rules)| catch_up(group, rules, &missed, now))
            .collect();
        let act = |(fire, verdict)| match verdict {
            Verdict::CatchUp => self.fire(fire, Trigger::CatchUp, now),
            Verdict::Skip(reason) => vec![Action::Skip {
                job: None,
                fire,
                reason: reason.to_string(),
            }],
        };
        verdicts.into_iter().flat_map(act).collect()
    }

    fn ended(&mut self, job: &JobId) -> Vec<Action> {
        self.running.remove(job);
        self.alone.take_if(|alone| *alone == *job);
        if self.adopting.as_ref() == Some(job) {
            self.adopting = None;
            self.adopt_again = true;
        }
        Vec::new()
    }

    /// Fires of the new schedule count from now on; what waits goes on waiting under the order it was given.
    fn reloaded(&mut self, schedule: Schedule) -> Vec<Action> {
        self.timetable = Timetable::new(&schedule);
        self.schedule = schedule;
        Vec::new()
    }

    fn cancel(&mut self, job: &JobId) -> Vec<Action> {
        if self.running.contains_key(job) {
            return vec![Action::Tell {
                job: job.clone(),
                word: JobStop::Cancel,
            }];
        }
        let Some(place) = self.waiting.iter().position(|waiting| waiting.job == *job) else {
            return Vec::new();
        };
        let waiting = self.waiting.remove(place).expect("position() found it");
        let reason = "cancelled while it waited".to_owned();
        vec![match waiting.fire {
            Some(fire) => Action::Skip {
                job: Some(waiting.job),
                fire,
                reason,
            },
            None => Action::Drop {
                job: waiting.job,
                reason,
            },
        }]
    }

    fn stop_at(&mut self, level: StopLevel) -> Vec<Action> {
        self.stop = self.stop.max(level);
        let dropped = std::mem::take(&mut self.waiting).into_iter().map(|waiting| Action::Drop {
            job: waiting.job,
            reason: match waiting.fire {
                Some(_) => "brd stopped before its turn came; the next start catches it up by the group's rules".to_owned(),
                None => "brd stopped before its turn came; ask again".to_owned(),
            },
        });
        let mut actions: Vec<Action> = dropped.collect();
        if self.stop == StopLevel::Detach {
            actions.extend(self.running.keys().map(|job| Action::Tell {
                job: job.clone(),
                word: JobStop::Detach,
            }));
        } else if let Some(job) = &self.adopting {
            // Adoption may wait for a cluster that is down: it can be left at any moment, and is taken up at the next start.
            actions.push(Action::Tell {
                job: job.clone(),
                word: JobStop::Detach,
            });
        }
        actions
    }
}

#[cfg(test)]
mod tests;
