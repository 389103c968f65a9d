//! What the engine knows without asking anybody.

use chrono::{DateTime, TimeDelta, Utc};

use super::main_loop::Engine;
use crate::catalog::{BackupKind, JobState};
use crate::control::protocol::{
    ClusterStatus, GroupStatus, NextFire, NextFires, OpenRestore, PROTOCOL_VERSION, Status,
};
use crate::plan::timetable::{Timetable, Upcoming};

/// `brctl next` looks ahead so far at most.
const LONGEST_LOOK: u32 = 400;

/// More due moments than anybody reads.
const MOST_FIRES: usize = 2_000;

impl Engine {
    pub(super) fn status(&self) -> Status {
        let now = self.setup.clock.now();
        let settings = &self.setup.settings;
        Status {
            protocol: PROTOCOL_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            host: self.setup.host.clone(),
            started: self.started,
            now,
            config: settings.path.display().to_string(),
            schedule: settings.schedule.display().to_string(),
            schedule_loaded: self.loaded,
            degraded: self.degraded(),
            stopping: self.dispatcher.stop_level().word().map(str::to_owned),
            cluster: self.cluster_status(),
            groups: self.groups(),
            running: self.board.in_state(JobState::Running),
            waiting: self.board.in_state(JobState::Waiting),
            open_restores: self.open_restores(),
        }
    }

    fn open_restores(&self) -> Vec<OpenRestore> {
        let view = self.cluster.as_ref().and_then(|view| view.as_ref().ok());
        let records = view.map_or(&[][..], |view| &view.open_restores);
        let open = records.iter().map(|record| OpenRestore {
            job: record.job.clone(),
            label: record.label.clone(),
            finished: record.finished,
        });
        open.collect()
    }

    fn degraded(&self) -> Vec<String> {
        let mut reasons: Vec<String> = self.schedule_error.iter().cloned().collect();
        if let Some(Err(error)) = &self.cluster {
            reasons.push(format!("the cluster does not answer: {error}"));
        }
        if let Some(Ok(view)) = &self.cluster {
            reasons.extend(view.problems.iter().cloned());
        }
        reasons.extend(self.safekeeping.trouble());
        let stuck = self.board.in_state(JobState::Stuck);
        reasons.extend(stuck.iter().map(|job| {
            format!(
                "job {} is stuck and needs a person: `brctl show {}`",
                job.job, job.job
            )
        }));
        reasons
    }

    fn cluster_status(&self) -> Option<ClusterStatus> {
        let view = self.cluster.as_ref()?.as_ref().ok()?;
        Some(ClusterStatus {
            leader: view.leader.clone(),
            version: view.version.clone(),
            backends_alive: view.backends_alive,
            backends: view.backends,
        })
    }

    fn groups(&self) -> Vec<GroupStatus> {
        let now = self.setup.clock.now();
        let timetable = self.dispatcher.timetable();
        let groups = &self.dispatcher.schedule().groups;
        let status = |(group, rules): (&crate::names::GroupName, &crate::config::GroupSchedule)| {
            GroupStatus {
                group: group.clone(),
                timezone: rules.zone.to_string(),
                full: rules.full.as_ref().map(ToString::to_string),
                incremental: rules.incremental.as_ref().map(ToString::to_string),
                next_full: timetable.next(group, BackupKind::Full, now),
                next_incremental: timetable.next(group, BackupKind::Incremental, now),
                last: self.board.last_of_group(group),
            }
        };
        groups.iter().map(status).collect()
    }

    /// Reckoned by a task of its own: a schedule that fires every second has more moments in a year than the loop may wait for.
    pub(super) fn next_fires(&self, days: u32) -> impl FnOnce() -> NextFires + Send + use<> {
        let now = self.setup.clock.now();
        let until = now + TimeDelta::days(i64::from(days.clamp(1, LONGEST_LOOK)));
        let timetable = self.dispatcher.timetable().clone();
        move || NextFires {
            fires: first_fires(&timetable, now, until)
                .into_iter()
                .map(next_fire)
                .collect(),
        }
    }
}

/// In windows that grow while little is due in them, until there is as much as anybody reads.
fn first_fires(timetable: &Timetable, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Upcoming> {
    let mut fires = Vec::new();
    let (mut after, mut window) = (from, TimeDelta::hours(1));
    while after < until && fires.len() < MOST_FIRES {
        let end = (after + window).min(until);
        let due = timetable.upcoming(after, end);
        if due.len() < MOST_FIRES / 10 {
            window = window * 2;
        }
        fires.extend(due);
        after = end;
    }
    fires.truncate(MOST_FIRES);
    fires
}

fn next_fire(upcoming: Upcoming) -> NextFire {
    NextFire {
        group: upcoming.fire.group,
        kind: upcoming.fire.kind,
        at: upcoming.fire.scheduled_at,
        local: format!("{} {}", upcoming.local.format("%F %T %:z"), upcoming.zone),
        note: upcoming.mark.map(|mark| mark.to_string()),
    }
}
