//! What [`Cron`] promises around a change of the clock, held against every change of every zone from 2024 to 2037.
//!
//! The changes are found by looking at offsets alone, and the expected moments follow from the two offsets and the
//! moment between them: nothing of what is tested is used to judge it.

use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::cron::Cron;
use super::zone::Zone;

/// The clock of a zone is put from one offset to another.
struct Change {
    zone: Tz,
    /// The first moment of the new offset.
    at: DateTime<Utc>,
    before: TimeDelta,
    after: TimeDelta,
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn offset(zone: Tz, at: DateTime<Utc>) -> TimeDelta {
    TimeDelta::seconds(Zone::Named(zone).offset(at).local_minus_utc().into())
}

/// Day by day, then halving the day.
fn changes(zone: Tz) -> Vec<Change> {
    let (mut day, end) = (utc("2024-01-01T00:00:00Z"), utc("2038-01-01T00:00:00Z"));
    let mut changes = Vec::new();
    while day < end {
        let next = day + TimeDelta::days(1);
        let (before, after) = (offset(zone, day), offset(zone, next));
        if before != after {
            changes.push(Change {
                zone,
                at: change_between(zone, day, next),
                before,
                after,
            });
        }
        day = next;
    }
    changes
}

fn change_between(zone: Tz, mut old: DateTime<Utc>, mut new: DateTime<Utc>) -> DateTime<Utc> {
    let before = offset(zone, old);
    while new - old > TimeDelta::seconds(1) {
        let middle = old + TimeDelta::seconds((new - old).num_seconds() / 2);
        if offset(zone, middle) == before {
            old = middle
        } else {
            new = middle
        }
    }
    new
}

impl Change {
    /// Around a change that has no other one near it the expectation is simple arithmetic.
    fn is_alone(&self) -> bool {
        let far = TimeDelta::days(6);
        offset(self.zone, self.at - far) == self.before
            && offset(self.zone, self.at + far) == self.after
    }

    /// The first pass of an overlap; the end of a gap.
    fn moment_of(&self, wanted: NaiveDateTime) -> DateTime<Utc> {
        let (old, new) = (
            (wanted - self.before).and_utc(),
            (wanted - self.after).and_utc(),
        );
        if old < self.at { old } else { new.max(self.at) }
    }

    fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let offset = if at < self.at {
            self.before
        } else {
            self.after
        };
        at.naive_utc() + offset
    }
}

/// The moments after `start`, until `end`.
fn moments(cron: &Cron, zone: Tz, start: DateTime<Utc>, end: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let zone = Zone::Named(zone);
    std::iter::successors(cron.next_after(start, zone), |at| {
        cron.next_after(*at, zone)
    })
    .take_while(|at| *at <= end)
    .collect()
}

/// A daily time around the change is due exactly once for each date, when it should be, however one asks.
fn check_daily(change: &Change, time: NaiveTime) {
    let cron = Cron::parse(&time.format("%-S %-M %-H * * *").to_string()).unwrap();
    let first = change.local(change.at).date() - Days::new(3);
    let expected: Vec<_> = first
        .iter_days()
        .take(6)
        .map(|date| change.moment_of(date.and_time(time)))
        .collect();
    let start = expected[0] - TimeDelta::seconds(1);
    let found = moments(&cron, change.zone, start, *expected.last().unwrap());
    assert_eq!(
        found, expected,
        "{time} in {} around {}",
        change.zone, change.at
    );
    assert!(
        found.windows(2).all(|pair| pair[0] < pair[1]),
        "strictly later each time"
    );
    for pair in found.windows(2) {
        let between = pair[0] + (pair[1] - pair[0]) / 2;
        let asked_there = cron.next_after(between, Zone::Named(change.zone));
        assert_eq!(
            asked_there,
            Some(pair[1]),
            "{time} in {} from {between}",
            change.zone
        );
    }
}

/// A stepping expression is due at every real moment that the clock shows so.
fn check_stepping(change: &Change, expression: &str, matches: impl Fn(NaiveDateTime) -> bool) {
    let cron = Cron::parse(expression).unwrap();
    let (start, end) = (
        change.at - TimeDelta::hours(4),
        change.at + TimeDelta::hours(4),
    );
    let minutes =
        (1..=(end - start).num_minutes()).map(|minute| start + TimeDelta::minutes(minute));
    let expected: Vec<_> = minutes.filter(|at| matches(change.local(*at))).collect();
    let found = moments(&cron, change.zone, start, end);
    assert_eq!(
        found, expected,
        "{expression} in {} around {}",
        change.zone, change.at
    );
}

#[test]
fn around_every_change_of_every_zone() {
    let mut seen = 0;
    for zone in TZ_VARIANTS {
        for change in changes(zone) {
            assert!(change.is_alone(), "{zone} {}", change.at);
            seen += 1;
            let edge =
                change.local(change.at - TimeDelta::seconds(1)).time() + TimeDelta::seconds(1);
            // A gap begins at this time of the old clock, an overlap ends there; the shortest ones are half an hour.
            for minutes in [-60, -16, 0, 16, 60] {
                check_daily(&change, edge + TimeDelta::minutes(minutes));
            }
            check_stepping(&change, "*/30 * * * *", |local| local.minute() % 30 == 0);
            check_stepping(&change, "15 0-3,22-23 * * *", |local| {
                local.minute() == 15 && (local.hour() <= 3 || local.hour() >= 22)
            });
        }
    }
    assert!(seen > 3000, "{seen} changes: the zone data is there");
}

#[test]
fn a_daily_time_over_fourteen_years() {
    for zone in [
        Tz::Europe__Berlin,
        Tz::America__Havana,
        Tz::Australia__Lord_Howe,
        Tz::America__Nuuk,
        Tz::Africa__Casablanca,
    ] {
        let cron = Cron::parse("30 2 * * *").unwrap();
        let (start, end) = (utc("2024-01-01T12:00:00Z"), utc("2037-12-31T12:00:00Z"));
        let found = moments(&cron, zone, start, end);
        assert_eq!(
            found.len(),
            usize::try_from((end - start).num_days()).unwrap(),
            "{zone}"
        );
        let hours = |pair: &[DateTime<Utc>]| (pair[1] - pair[0]).num_minutes().abs_diff(24 * 60);
        assert!(
            found
                .windows(2)
                .all(|pair| pair[0] < pair[1] && hours(pair) <= 60),
            "{zone}"
        );
    }
}

#[test]
fn every_zone_answers_on_an_ordinary_day() {
    let cron = Cron::parse("0 1 * * *").unwrap();
    for zone in TZ_VARIANTS {
        let at = cron
            .next_after(utc("2026-07-15T12:00:00Z"), Zone::Named(zone))
            .unwrap();
        let local = at.naive_utc() + offset(zone, at);
        assert_eq!(
            local.time(),
            NaiveTime::from_hms_opt(1, 0, 0).unwrap(),
            "{zone}"
        );
        assert!(
            at - utc("2026-07-15T12:00:00Z") <= TimeDelta::days(1),
            "{zone}"
        );
    }
}
