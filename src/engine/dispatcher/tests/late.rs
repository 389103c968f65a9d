//! What comes late: after a stop, a sleep, a wait, a clock set back.

use super::*;

#[test]
fn a_fire_waits_as_long_as_its_group_says_and_a_request_an_hour() {
    let mut day = Day::adopted(&format!("{HOURLY}wait-limit = \"30m\"\n"), "00:30");
    assert_eq!(
        day.until("01:00"),
        ["j2 starts: incremental daily, schedule"]
    );
    assert_eq!(
        day.until("02:00"),
        ["j3 waits for job j2: incremental daily"]
    );
    assert_eq!(day.until("02:10"), [""; 0]);
    assert_eq!(
        day.ask_for_full("asked"),
        ["asked waits for job j2: full daily"]
    );
    assert_eq!(day.until("02:30"), [""; 0]);
    assert_eq!(
        day.until("02:31"),
        ["j3 skipped incremental daily 02:00: it waited for its turn longer than its wait-limit"]
    );
    assert_eq!(
        day.until("03:00"),
        ["j4 waits for job j2: incremental daily"]
    );
    assert_eq!(
        day.until("03:11"),
        ["asked dropped: it waited for its turn for an hour"]
    );
}

#[test]
fn what_was_missed_while_no_daemon_ran_is_caught_up_by_the_groups_rules() {
    // (keys of the group, its last moment on record, what happens at a start at 07:10)
    let covered = |time: &str, by: &str| {
        format!("skipped {time}: missed, and covered by the {by} UTC, which is caught up")
    };
    let cases: [(&str, Option<&str>, Vec<String>); 6] = [
        // A group without a record is new, and missed nothing.
        ("", None, vec![]),
        ("", Some("07:00"), vec![]),
        (
            "",
            Some("05:00"),
            vec![
                covered(
                    "incremental daily 06:00",
                    "incremental of 2026-03-10 07:00:00",
                ),
                "j2 starts: incremental daily, catch-up".to_owned(),
            ],
        ),
        (
            "",
            Some("04:00"),
            vec![
                "j2 starts: full daily, catch-up".to_owned(),
                covered("incremental daily 06:00", "full of 2026-03-10 05:00:00"),
                covered("incremental daily 07:00", "full of 2026-03-10 05:00:00"),
            ],
        ),
        (
            "catch-up = \"none\"\n",
            Some("06:00"),
            vec![
                "skipped incremental daily 07:00: missed, and catch-up is off for this group"
                    .to_owned(),
            ],
        ),
        (
            "catch-up-limit = \"1h\"\n",
            Some("05:00"),
            vec![
                "skipped incremental daily 06:00: missed by more than the catch-up limit of 1h"
                    .to_owned(),
                "j2 starts: incremental daily, catch-up".to_owned(),
            ],
        ),
    ];
    for (keys, last, expected) in cases {
        let mut day = Day::begin(&format!("{HOURLY}{keys}"), "07:10");
        let last: Vec<(&str, &str)> = last.map(|time| ("daily", time)).into_iter().collect();
        let mut found = day.adopt(&last);
        // Starts come when everything is decided.
        found.sort();
        let mut expected = expected;
        expected.sort();
        assert_eq!(found, expected, "{keys} {last:?}");
    }
}

#[test]
fn what_falls_due_during_adoption_is_no_more_than_once_due() {
    let mut day = Day::begin(HOURLY, "00:59:30");
    assert_eq!(
        day.until("01:01"),
        ["j2 waits for job j1: incremental daily"]
    );
    // Its own claim may already be the last on record: another daemon's clock, or ours.
    assert_eq!(
        day.adopt(&[("daily", "00:00")]),
        ["j2 starts: incremental daily, schedule"]
    );
}

#[test]
fn what_was_missed_while_the_host_slept_is_caught_up() {
    let mut day = Day::adopted(HOURLY, "00:30");
    assert_eq!(day.until("00:50"), [""; 0]);
    let mut lines = day.next_ring("03:10");
    lines.sort();
    assert_eq!(
        lines,
        [
            "j2 starts: incremental daily, catch-up",
            "skipped incremental daily 01:00: missed, and covered by the incremental of 2026-03-10 03:00:00 UTC, which is caught up",
            "skipped incremental daily 02:00: missed, and covered by the incremental of 2026-03-10 03:00:00 UTC, which is caught up",
        ]
    );
    assert_eq!(day.until("03:59"), [""; 0]);
    // A bell that is a minute late has not slept.
    assert_eq!(
        day.next_ring("04:00"),
        ["j3 waits for job j2: incremental daily"]
    );
}

#[test]
fn a_clock_that_is_set_back_fires_nothing_twice() {
    let mut day = Day::adopted(HOURLY, "00:30");
    assert_eq!(day.until("02:00:30").len(), 2);
    assert_eq!(day.ended("j2"), ["j3 starts: incremental daily, schedule"]);
    assert_eq!(day.ended("j3"), [""; 0]);
    assert_eq!(day.next_ring("00:45"), [""; 0]);
    assert_eq!(day.until("02:30"), [""; 0]);
    assert_eq!(
        day.until("03:00"),
        ["j4 starts: incremental daily, schedule"]
    );
}

#[test]
fn an_interrupted_run_starts_again_under_its_own_id_for_what_it_did_not_come_to() {
    let mut day = Day::begin(HOURLY, "01:10");
    let only = BTreeSet::from([DatabaseName::parse("shop").unwrap()]);
    let rerun = Rerun {
        fire: FireKey {
            group: daily(),
            kind: BackupKind::Incremental,
            scheduled: at("01:00"),
        },
        only: only.clone(),
        run: id("before"),
    };
    let adopted = Event::Adopted {
        job: id("j1"),
        reruns: vec![rerun],
        last: BTreeMap::from([(daily(), at("01:00"))]),
    };
    let actions = day.dispatcher.handle_event(adopted, day.now);
    assert_eq!(
        actions.iter().map(line).collect::<Vec<_>>(),
        ["before starts: incremental daily, catch-up"]
    );
    let [
        Action::Start {
            work: Work::Backup(order),
            ..
        },
    ] = actions.as_slice()
    else {
        panic!("{actions:?}");
    };
    assert_eq!(
        (order.only.as_ref(), order.scheduled),
        (Some(&only), Some(at("01:00")))
    );
}
