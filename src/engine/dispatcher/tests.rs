//! A day of events, and what the dispatcher makes of each: one line for every action.

mod late;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::config::parse_schedule;
use crate::engine::work::Wish;
use crate::names::{DatabaseName, RepositoryName};
use crate::ops::FireKey;
use crate::run::undo::Ending;

thread_local! {
    static IDS: Cell<u32> = const { Cell::new(0) };
}

fn next_id(_: DateTime<Utc>) -> JobId {
    IDS.set(IDS.get() + 1);
    id(&format!("j{}", IDS.get()))
}

fn id(text: &str) -> JobId {
    JobId::parse(text).unwrap()
}

fn daily() -> GroupName {
    GroupName::parse("daily").unwrap()
}

/// `hh:mm` or `hh:mm:ss` of 2026-03-10, a Tuesday.
fn at(time: &str) -> DateTime<Utc> {
    let seconds = if time.len() == 5 { ":00" } else { "" };
    format!("2026-03-10T{time}{seconds}Z").parse().unwrap()
}

const HOURLY: &str = "[group.daily]\nincremental = \"0 * * * *\"\nfull = \"0 5 * * *\"\n";

fn schedule(groups: &str) -> Schedule {
    let text = format!("version = 1\n[defaults]\ntimezone = \"UTC\"\n{groups}");
    let checked = parse_schedule(Path::new("schedule.toml"), &text);
    checked
        .value
        .unwrap_or_else(|| panic!("{:?}", checked.findings))
}

fn defaults() -> Defaults {
    Defaults {
        repository: RepositoryName::parse("nightly").ok(),
        job_timeout: Duration::from_secs(3600),
        verify: crate::config::Verify::Counts,
    }
}

struct Day {
    dispatcher: Dispatcher,
    now: DateTime<Utc>,
}

impl Day {
    /// Begun at `time`, and adoption running as `j1`.
    fn begin(groups: &str, time: &str) -> Day {
        IDS.set(0);
        let now = at(time);
        let mut dispatcher = Dispatcher::new(schedule(groups), defaults(), now, next_id);
        let begun: Vec<String> = dispatcher.begin(now).iter().map(line).collect();
        assert_eq!(begun, ["j1 starts: adopt, catch-up"]);
        Day { dispatcher, now }
    }

    /// Begun, and nothing was left unfinished by an earlier life.
    fn adopted(groups: &str, time: &str) -> Day {
        let mut day = Day::begin(groups, time);
        assert_eq!(day.adopt(&[]), [""; 0]);
        day
    }

    fn event(&mut self, event: Event) -> Vec<String> {
        self.dispatcher
            .handle_event(event, self.now)
            .iter()
            .map(line)
            .collect()
    }

    /// Adoption is over; `last`: the group's latest due moment on record.
    fn adopt(&mut self, last: &[(&str, &str)]) -> Vec<String> {
        let last = last
            .iter()
            .map(|(group, time)| (GroupName::parse(*group).unwrap(), at(time)));
        self.event(Event::Adopted {
            job: id("j1"),
            reruns: Vec::new(),
            last: last.collect(),
        })
    }

    /// The bell rings every half minute up to `time`.
    fn until(&mut self, time: &str) -> Vec<String> {
        let mut lines = Vec::new();
        while self.now < at(time) {
            self.now = (self.now + TimeDelta::seconds(30)).min(at(time));
            lines.extend(self.event(Event::Rung));
        }
        lines
    }

    /// The bell rings at `time`, and not before; which may be earlier than the last time.
    fn next_ring(&mut self, time: &str) -> Vec<String> {
        self.now = at(time);
        self.event(Event::Rung)
    }

    fn ended(&mut self, job: &str) -> Vec<String> {
        self.event(Event::Ended { job: id(job) })
    }

    fn cancel(&mut self, job: &str) -> Vec<String> {
        self.event(Event::CancelAsked { job: id(job) })
    }

    fn ask_for_full(&mut self, job: &str) -> Vec<String> {
        let wish = Wish {
            group: daily(),
            kind: BackupKind::Full,
            baseline: None,
            name: None,
        };
        let order = defaults()
            .order_for_wish(self.dispatcher.schedule(), wish, self.now)
            .unwrap();
        self.ask(job, Work::Backup(Box::new(order)))
    }

    fn ask(&mut self, job: &str, work: Work) -> Vec<String> {
        self.event(Event::Asked { job: id(job), work })
    }
}

fn line(action: &Action) -> String {
    let name = |work: &Work| {
        let group = work
            .group()
            .map_or_else(String::new, |group| format!(" {group}"));
        format!("{}{group}", work.kind().as_str())
    };
    match action {
        Action::Start { job, work, trigger } => {
            format!("{job} starts: {}, {}", name(work), trigger.as_str())
        }
        Action::Queue {
            job, work, behind, ..
        } => format!("{job} {behind}: {}", name(work)),
        Action::Skip { job, fire, reason } => {
            let job = job
                .as_ref()
                .map_or_else(String::new, |job| format!("{job} "));
            format!(
                "{job}skipped {} {} {}: {reason}",
                fire.kind,
                fire.group,
                fire.scheduled_at.format("%H:%M")
            )
        }
        Action::Tell { job, word } => format!("{job} is told {word:?}"),
        Action::Drop { job, reason } => format!("{job} dropped: {reason}"),
        Action::Leave => "leave".to_owned(),
    }
}

#[test]
fn nothing_starts_before_adoption_is_over() {
    let mut day = Day::begin(HOURLY, "00:59:30");
    assert_eq!(
        day.until("01:01"),
        ["j2 waits for job j1: incremental daily"]
    );
    assert_eq!(
        day.ask_for_full("asked"),
        ["asked waits for job j1: full daily"]
    );
    assert_eq!(day.adopt(&[]), ["j2 starts: incremental daily, schedule"]);
    assert_eq!(day.ended("j2"), ["asked starts: full daily, request"]);
}

#[test]
fn an_adoption_that_takes_long_holds_up_nothing_but_its_own_databases() {
    let mut day = Day::begin(HOURLY, "00:59:30");
    assert_eq!(
        day.until("01:01:30"),
        [
            "j2 waits for job j1: incremental daily",
            "j2 starts: incremental daily, schedule"
        ]
    );
    assert_eq!(day.ended("j2"), [""; 0]);
    assert_eq!(
        day.until("02:01"),
        ["j3 starts: incremental daily, schedule"]
    );
}

#[test]
fn an_adoption_that_was_not_through_is_begun_again() {
    let mut day = Day::begin(HOURLY, "00:59:30");
    assert_eq!(day.until("01:01").len(), 1);
    assert_eq!(day.ended("j1"), ["j2 starts: incremental daily, schedule"]);
    assert_eq!(day.until("01:01:30"), ["j3 starts: adopt, catch-up"]);
}

#[test]
fn runs_of_one_group_follow_one_another_and_groups_run_side_by_side() {
    let mut day = Day::adopted(
        &format!("{HOURLY}[group.other]\nfull = \"30 1 * * *\"\n"),
        "00:30",
    );
    assert_eq!(
        day.until("01:00"),
        ["j2 starts: incremental daily, schedule"]
    );
    assert_eq!(day.until("01:30"), ["j3 starts: full other, schedule"]);
    assert_eq!(
        day.until("02:00"),
        ["j4 waits for job j2: incremental daily"]
    );
    assert_eq!(day.ended("j3"), [""; 0]);
    assert_eq!(day.ended("j2"), ["j4 starts: incremental daily, schedule"]);
    assert_eq!(day.ended("j4"), [""; 0]);
}

#[test]
fn a_group_that_skips_on_overlap_is_told_why() {
    let mut day = Day::adopted(&format!("{HOURLY}on-overlap = \"skip\"\n"), "00:30");
    assert_eq!(
        day.until("01:00"),
        ["j2 starts: incremental daily, schedule"]
    );
    assert_eq!(
        day.until("02:00"),
        [
            "skipped incremental daily 02:00: job j2 of the group was still running (on-overlap = \"skip\")"
        ]
    );
    assert_eq!(day.ended("j2"), [""; 0]);
    assert_eq!(
        day.until("03:00"),
        ["j3 starts: incremental daily, schedule"]
    );
}

#[test]
fn what_waits_covers_what_comes_after_it_and_a_full_covers_all() {
    let mut day = Day::adopted(&format!("{HOURLY}wait-limit = \"12h\"\n"), "02:30");
    assert_eq!(
        day.until("03:00"),
        ["j2 starts: incremental daily, schedule"]
    );
    assert_eq!(
        day.until("04:00"),
        ["j3 waits for job j2: incremental daily"]
    );
    assert_eq!(
        day.until("05:00"),
        [
            "j3 skipped incremental daily 04:00: the full due at 2026-03-10 05:00:00 covers it",
            "j4 waits for job j2: full daily",
        ]
    );
    assert_eq!(
        day.until("06:00"),
        [
            "skipped incremental daily 06:00: the full due at 2026-03-10 05:00:00 waits already, and covers this one"
        ]
    );
    assert_eq!(day.ended("j2"), ["j4 starts: full daily, schedule"]);
}

#[test]
fn draining_lets_running_jobs_finish_and_admits_nothing() {
    let mut day = Day::adopted(HOURLY, "00:30");
    assert_eq!(day.until("01:00").len(), 1);
    assert_eq!(
        day.until("02:00"),
        ["j3 waits for job j2: incremental daily"]
    );
    assert_eq!(
        day.ask_for_full("asked"),
        ["asked waits for job j2: full daily"]
    );
    assert_eq!(
        day.event(Event::Stop(StopLevel::Drain)),
        [
            "j3 dropped: brd stopped before its turn came; the next start catches it up by the group's rules",
            "asked dropped: brd stopped before its turn came; ask again",
        ]
    );
    assert_eq!(
        day.ask_for_full("late"),
        ["late dropped: brd is stopping and takes on nothing new"]
    );
    assert_eq!(day.until("04:00"), [""; 0]);
    assert_eq!(day.ended("j2"), ["leave"]);
}

#[test]
fn detaching_tells_every_job_and_is_never_taken_back() {
    let mut day = Day::adopted(
        &format!("{HOURLY}[group.other]\nfull = \"30 1 * * *\"\n"),
        "00:30",
    );
    assert_eq!(day.until("01:30").len(), 2);
    assert_eq!(day.event(Event::Stop(StopLevel::Drain)), [""; 0]);
    assert_eq!(
        day.event(Event::Stop(StopLevel::Detach)),
        ["j2 is told Detach", "j3 is told Detach"]
    );
    day.event(Event::Stop(StopLevel::Drain));
    assert_eq!(day.dispatcher.stop_level(), StopLevel::Detach);
    assert_eq!(day.ended("j2"), [""; 0]);
    assert_eq!(day.ended("j3"), ["leave"]);
}

#[test]
fn adoption_is_left_at_once_when_the_daemon_stops() {
    let mut day = Day::begin(HOURLY, "00:30");
    assert_eq!(
        day.event(Event::Stop(StopLevel::Drain)),
        ["j1 is told Detach"]
    );
    assert_eq!(day.adopt(&[]), ["leave"]);
    let mut idle = Day::adopted(HOURLY, "00:30");
    assert_eq!(idle.event(Event::Stop(StopLevel::Drain)), ["leave"]);
}

#[test]
fn a_new_schedule_counts_from_now_on_and_what_waits_goes_on_waiting() {
    let mut day = Day::adopted(HOURLY, "00:30");
    assert_eq!(day.until("02:10").len(), 2);
    assert_eq!(
        day.event(Event::Reloaded(schedule(
            "[group.daily]\nfull = \"20 * * * *\"\n"
        ))),
        [""; 0]
    );
    // 01:20 is past, and 03:00 is no longer due.
    assert_eq!(day.ended("j2"), ["j3 starts: incremental daily, schedule"]);
    assert_eq!(day.ended("j3"), [""; 0]);
    assert_eq!(day.until("03:10"), ["j4 starts: full daily, schedule"]);
    assert_eq!(
        day.dispatcher.schedule(),
        &schedule("[group.daily]\nfull = \"20 * * * *\"\n")
    );
}

#[test]
fn a_job_is_cancelled_wherever_it_is() {
    let mut day = Day::adopted(HOURLY, "00:30");
    assert_eq!(day.until("02:00").len(), 2);
    assert_eq!(day.ask_for_full("asked").len(), 1);
    assert_eq!(
        day.cancel("j3"),
        ["j3 skipped incremental daily 02:00: cancelled while it waited"]
    );
    assert_eq!(
        day.cancel("asked"),
        ["asked dropped: cancelled while it waited"]
    );
    assert_eq!(day.cancel("j2"), ["j2 is told Cancel"]);
    assert_eq!(day.cancel("unheard-of"), [""; 0]);
    assert_eq!(day.ended("j2"), [""; 0]);
    assert_eq!(day.cancel("j2"), [""; 0]);
}

#[test]
fn work_of_no_group_waits_for_nothing_but_adoption() {
    let undo = || Work::End {
        restore: id("restored"),
        ending: Ending::Undo,
    };
    let mut day = Day::begin(HOURLY, "00:30");
    assert_eq!(day.ask("first", undo()), ["first waits for job j1: undo"]);
    assert_eq!(day.adopt(&[]), ["first starts: undo, request"]);
    assert_eq!(day.until("01:00").len(), 1);
    assert_eq!(day.ask("second", undo()), ["second starts: undo, request"]);
}

#[test]
fn a_fire_without_a_repository_is_skipped_with_the_reason() {
    let mut day = Day::adopted(HOURLY, "00:30");
    day.dispatcher.defaults.repository = None;
    assert_eq!(
        day.until("01:00"),
        ["skipped incremental daily 01:00: no repository is named for the group `daily`"]
    );
}

#[test]
fn a_recovery_runs_alone() {
    let recovery = || {
        Work::Recover(crate::run::recover::RecoverOrder {
            repository: RepositoryName::parse("nightly").unwrap(),
            mirror: None,
        })
    };
    let mut day = Day::adopted(HOURLY, "00:30");
    day.ask_for_full("a");
    let queued = day.ask("b", recovery());
    assert!(queued[0].contains("waits for job a"), "{queued:?}");
    assert_eq!(day.ended("a"), ["b starts: recover, request"]);
    let queued = day.ask_for_full("c");
    assert!(queued[0].contains("waits for job b"), "{queued:?}");
    let due = day.until("01:00");
    assert!(due.iter().all(|line| !line.contains("starts")), "{due:?}");
    let went_on = day.ended("b");
    assert_eq!(went_on[0], "c starts: full daily, request");
}
