mod any_history;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::catalog::sketch::backup;
use crate::catalog::{BackupKind, BackupRecord, BackupStatus, Chain, Pin, SnapshotTimestamp};
use crate::config::{Keep, Zone};
use crate::names::{GroupName, Label, RepositoryName};

fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn group(name: &str) -> GroupName {
    GroupName::parse(name).unwrap()
}

fn label(name: &str) -> Label {
    Label::parse(name).unwrap()
}

/// A finished backup of `daily`, so many days old.
fn record(name: &str, days: i64, baseline: Option<&str>) -> BackupRecord {
    let at = now() - TimeDelta::days(days);
    BackupRecord {
        group: Some(group("daily")),
        snapshot_created: Some(at),
        started: Some(at),
        ..backup(name, baseline)
    }
}

fn full(name: &str, days: i64) -> BackupRecord {
    record(name, days, None)
}

fn inc(name: &str, days: i64, baseline: &str) -> BackupRecord {
    record(name, days, Some(baseline))
}

fn unchanged(name: &str, days: i64, baseline: &str) -> BackupRecord {
    BackupRecord {
        snapshot: None,
        verified: Some(now() - TimeDelta::days(days)),
        ..inc(name, days, baseline)
    }
}

fn failed(name: &str, days: i64) -> BackupRecord {
    BackupRecord {
        status: BackupStatus::Failed,
        snapshot: None,
        ..full(name, days)
    }
}

/// All snapshots that were recorded.
fn all_held(records: &[BackupRecord]) -> BTreeMap<Label, Held> {
    let held = |record: &BackupRecord| {
        let timestamp = record.snapshot.clone()?;
        let held = Held::Ok {
            timestamp,
            expires: None,
        };
        Some((record.label.clone(), held))
    };
    records.iter().filter_map(held).collect()
}

fn keep(fulls: u32, days: u32, weekly: u32, monthly: u32) -> Keep {
    let some = |number: u32| Some(number).filter(|number| *number > 0);
    Keep {
        fulls: some(fulls),
        days: some(days),
        weekly: some(weekly),
        monthly: some(monthly),
        floor: 1,
    }
}

fn complete(timestamp: &str) -> Held {
    Held::Ok {
        timestamp: SnapshotTimestamp(timestamp.to_owned()),
        expires: None,
    }
}

struct Scene {
    records: Vec<BackupRecord>,
    held: BTreeMap<Label, Held>,
    in_use: BTreeMap<Label, String>,
    means: Means,
    zone: Zone,
}

impl Scene {
    fn of(records: Vec<BackupRecord>) -> Scene {
        Scene {
            held: all_held(&records),
            records,
            in_use: BTreeMap::new(),
            means: Means::Statement,
            zone: Zone::UTC,
        }
    }

    fn plan(&self, keep: Keep) -> (Vec<Going>, Vec<Staying>) {
        let holdings = Holdings {
            repository: &RepositoryName::parse("nightly").unwrap(),
            records: &self.records,
            held: &self.held,
            in_use: &self.in_use,
            means: self.means,
        };
        let keeping = Keeping {
            group: group("daily"),
            keep,
            zone: self.zone,
        };
        plan_retention(&holdings, &keeping, now())
    }

    /// `label: deed, why` in order.
    fn goes(&self, keep: Keep) -> Vec<String> {
        let (goes, _) = self.plan(keep);
        let line = |going: &Going| format!("{}: {}, {}", going.label, going.deed, going.why);
        goes.iter().map(line).collect()
    }

    /// `label: why; why`, newest first.
    fn stays(&self, keep: Keep) -> Vec<String> {
        let (_, stays) = self.plan(keep);
        let line = |staying: &Staying| {
            let why: Vec<String> = staying.why.iter().map(ToString::to_string).collect();
            format!("{}: {}", staying.label, why.join("; "))
        };
        stays.iter().map(line).collect()
    }

    /// As a run leaves it: labels that could go are gone, the others marked.
    fn run(&mut self, keep: Keep) {
        for going in self.plan(keep).0 {
            let place = self
                .records
                .iter()
                .position(|record| record.label == going.label)
                .unwrap();
            match going.deed {
                Deed::Drop | Deed::DropForce | Deed::Forget => {
                    self.held.remove(&going.label);
                    self.records.remove(place);
                }
                Deed::Mark | Deed::Await => {
                    self.records[place].expired.get_or_insert(now());
                }
            }
        }
    }

    fn labels(&self) -> BTreeSet<&str> {
        self.records
            .iter()
            .map(|record| record.label.as_str())
            .collect()
    }
}

/// Three weeks of a full and two incrementals, the newest 1 day old.
fn three_weeks() -> Scene {
    Scene::of(vec![
        full("f1", 21),
        inc("f1a", 20, "f1"),
        inc("f1b", 19, "f1"),
        full("f2", 14),
        inc("f2a", 13, "f2"),
        unchanged("f2b", 12, "f2"),
        full("f3", 3),
        inc("f3a", 2, "f3"),
        inc("f3b", 1, "f3"),
    ])
}

#[test]
fn without_a_keep_key_nothing_goes() {
    let scene = three_weeks();
    assert!(scene.goes(Keep::EVERYTHING).is_empty());
    assert_eq!(scene.stays(Keep::EVERYTHING).len(), 9);
    assert_eq!(
        scene.stays(Keep::EVERYTHING)[0],
        "f3b: the group has no keep key"
    );
}

#[test]
fn fulls_stay_with_all_that_is_built_on_them_and_go_after_it() {
    let scene = three_weeks();
    assert_eq!(
        scene.goes(keep(1, 0, 0, 0)),
        [
            "f2b: forget, no rule keeps it",
            "f2a: drop, no rule keeps it",
            "f1b: drop, no rule keeps it",
            "f1a: drop, no rule keeps it",
            "f2: drop, no rule keeps it",
            "f1: drop, no rule keeps it",
        ]
    );
    assert_eq!(
        scene.stays(keep(1, 0, 0, 0)),
        [
            "f3b: built on f3; the newest recovery point",
            "f3a: built on f3",
            "f3: keep-fulls: number 1; keep-floor: one of 1; needed by f3b; needed by f3a",
        ]
    );
}

#[test]
fn every_moment_of_the_window_can_be_restored_also_its_first() {
    let scene = three_weeks();
    // The window begins between f2b and f3: what held then is f2b, which needs f2.
    let stays = scene.stays(keep(0, 7, 0, 0));
    assert_eq!(
        stays[3..],
        [
            "f2b: keep-days: the state at 2026-11-15 12:00:00",
            "f2: needed by f2b",
        ]
    );
    assert_eq!(
        scene.goes(keep(0, 7, 0, 0)),
        [
            "f2a: drop, no rule keeps it",
            "f1b: drop, no rule keeps it",
            "f1a: drop, no rule keeps it",
            "f1: drop, no rule keeps it"
        ]
    );
}

#[test]
fn weeks_and_months_are_those_of_the_zone_and_count_only_where_there_is_a_full() {
    // 2026-11-22 is a Sunday; so are the days 7, 14 … before it. At 12:00 UTC it is Monday already in Kiritimati.
    let mut scene = Scene::of(vec![
        full("m3", 80),
        full("m2", 50),
        full("w2", 14),
        full("w1", 7),
        full("w0b", 1),
        full("w0", 0),
    ]);
    let weeks = |scene: &Scene| {
        let stays = scene.stays(keep(0, 0, 3, 0));
        let of_weeks = stays.iter().filter(|line| line.contains("keep-weekly"));
        of_weeks
            .map(|line| {
                line.split("; ")
                    .find(|why| why.contains("keep-weekly"))
                    .unwrap()
                    .to_owned()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(scene.stays(keep(0, 0, 3, 0)).len(), 3);
    assert_eq!(
        scene.stays(keep(0, 0, 3, 0))[1..],
        ["w1: keep-weekly: 2026-W46", "w2: keep-weekly: 2026-W45"]
    );
    assert_eq!(weeks(&scene)[0], "keep-weekly: 2026-W47");
    scene.zone = "Pacific/Kiritimati".parse().unwrap();
    assert_eq!(
        weeks(&scene)
            .iter()
            .map(|why| &why[why.len() - 3..])
            .collect::<Vec<_>>(),
        ["W48", "W47", "W46"]
    );
    assert_eq!(
        scene.stays(keep(0, 0, 0, 3))[1..],
        ["m2: keep-monthly: 2026-10", "m3: keep-monthly: 2026-09"]
    );
}

#[test]
fn a_pin_holds_a_whole_chain_until_it_ends() {
    let mut scene = three_weeks();
    let pin = |days: i64| {
        Some(Pin {
            until: now() + TimeDelta::days(days),
            by: "uid 0".to_owned(),
        })
    };
    scene.records[1].pin = pin(1);
    let stays = scene.stays(keep(1, 0, 0, 0));
    assert_eq!(
        stays[3..],
        [
            "f1a: pinned until 2026-11-23 12:00:00Z by uid 0",
            "f1: needed by f1a"
        ]
    );
    scene.records[1].pin = pin(0);
    assert_eq!(scene.stays(keep(1, 0, 0, 0)).len(), 3);
    scene.records[1].pin = Some(Pin {
        until: Pin::FOREVER,
        by: "uid 0".to_owned(),
    });
    assert!(
        scene
            .stays(keep(1, 0, 0, 0))
            .contains(&"f1a: pinned by uid 0".to_owned())
    );
}

#[test]
fn the_floor_is_of_fulls_that_are_good() {
    let mut scene = three_weeks();
    let floor = Keep {
        floor: 2,
        ..keep(1, 0, 0, 0)
    };
    assert!(
        scene
            .stays(floor)
            .iter()
            .any(|line| line == "f2: keep-floor: one of 2")
    );
    // f2's snapshot is gone: f1 takes its place, and what is built on f2 cannot be restored.
    scene.held.remove(&label("f2"));
    let stays = scene.stays(floor);
    assert!(
        stays.iter().any(|line| line == "f1: keep-floor: one of 2"),
        "{stays:?}"
    );
    let goes = scene.goes(floor);
    assert!(
        goes.contains(&"f2a: drop, cannot be restored: the snapshot of `f2` is gone".to_owned()),
        "{goes:?}"
    );
    // With fewer than the floor nothing of the kind goes: the look at the repository may be what is wrong.
    scene.held.remove(&label("f1"));
    let goes = scene.goes(floor);
    assert!(goes.is_empty(), "{goes:?}");
}

#[test]
fn what_failed_goes_after_a_week_if_it_left_anything() {
    let mut scene = three_weeks();
    scene.records.extend([
        failed("x1", 8),
        failed("x2", 6),
        failed("x3", 8),
        failed("x4", 8),
    ]);
    for name in ["x1", "x2"] {
        scene.held.insert(label(name), Held::Leftover);
    }
    scene.held.insert(label("x4"), complete("@x4"));
    let goes = scene.goes(keep(3, 0, 0, 0));
    assert_eq!(
        goes,
        ["x1: drop, forced, left by a backup that ended as FAILED"],
        "a complete snapshot of a failed backup's label may be another cluster's"
    );
}

#[test]
fn a_snapshot_that_was_not_recorded_is_somebody_elses() {
    let mut scene = three_weeks();
    scene
        .held
        .insert(label("f1"), complete("another cluster's"));
    let goes = scene.goes(keep(1, 0, 0, 0));
    assert_eq!(
        goes.last().unwrap(),
        "f1: forget, cannot be restored: the snapshot of `f1` is not the recorded one"
    );
}

#[test]
fn before_4_2_everything_is_marked_and_its_rows_stay_while_they_are_needed() {
    let mut scene = Scene::of(vec![
        full("f1", 21),
        unchanged("u", 20, "f1"),
        inc("i", 19, "u"),
        full("f2", 3),
    ]);
    scene.means = Means::ByHand;
    assert_eq!(
        scene.goes(keep(1, 0, 0, 0)),
        [
            "i: mark, no rule keeps it",
            "u: mark, no rule keeps it",
            "f1: mark, no rule keeps it"
        ]
    );
    scene.run(keep(1, 0, 0, 0));
    assert_eq!(
        scene.goes(keep(1, 0, 0, 0)),
        [
            "i: marked already, expired 2026-11-22",
            "u: marked already, expired 2026-11-22",
            "f1: marked already, expired 2026-11-22"
        ]
    );
    // The full's directory was deleted first: its row waits for the others.
    scene.held.remove(&label("f1"));
    scene.run(keep(1, 0, 0, 0));
    assert_eq!(scene.labels(), BTreeSet::from(["f1", "f2", "i", "u"]));
    scene.held.remove(&label("i"));
    scene.run(keep(1, 0, 0, 0));
    assert_eq!(scene.labels(), BTreeSet::from(["f2"]));
}

#[test]
fn what_another_group_or_a_running_job_needs_stays() {
    let mut scene = three_weeks();
    scene.records.push(BackupRecord {
        group: Some(group("hourly")),
        ..inc("theirs", 1, "f1")
    });
    scene.held = all_held(&scene.records);
    scene.in_use.insert(label("f2a"), "restore j1".to_owned());
    let (goes, stays) = scene.plan(keep(1, 0, 0, 0));
    let goes: Vec<&str> = goes.iter().map(|going| going.label.as_str()).collect();
    assert_eq!(goes, ["f2b", "f1b", "f1a"]);
    assert!(
        stays
            .iter()
            .all(|staying| staying.label.as_str() != "theirs")
    );
    let stays = scene.stays(keep(1, 0, 0, 0));
    for line in [
        "f1: needed by theirs",
        "f2a: in use by restore j1",
        "f2: needed by f2a",
    ] {
        assert!(stays.contains(&line.to_owned()), "{line}: {stays:?}");
    }
}

#[test]
fn a_snapshot_with_a_time_to_live_is_no_good_full_and_left_alone() {
    let mut scene = three_weeks();
    let Some(Held::Ok { expires, .. }) = scene.held.get_mut(&label("f3")) else {
        panic!("f3 is held")
    };
    *expires = Some("2026-12-01 00:00:00".to_owned());
    let stays = scene.stays(keep(1, 0, 0, 0));
    assert!(
        stays.contains(
            &"f2: keep-fulls: number 1; keep-floor: one of 1; needed by f2b; needed by f2a"
                .to_owned()
        ),
        "{stays:?}"
    );
    assert!(
        stays
            .iter()
            .any(|line| line
                .starts_with("f3: StarRocks deletes it by itself at 2026-12-01 00:00:00")),
        "{stays:?}"
    );
}
