//! [`Timetable`]: every group's expressions, ready to be asked.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::fire::Fire;
use super::jitter;
use crate::catalog::BackupKind;
use crate::config::{Cron, GroupSchedule, Moment, Schedule, Zone};
use crate::names::GroupName;

/// Built once from a schedule; a reload builds another one.
#[derive(Debug, Clone)]
pub struct Timetable {
    pub(super) groups: BTreeMap<GroupName, GroupTimes>,
}

#[derive(Debug, Clone)]
pub(super) struct GroupTimes {
    full: Option<Cron>,
    incremental: Option<Cron>,
    pub zone: Zone,
    pub offset: TimeDelta,
}

impl Timetable {
    pub fn new(schedule: &Schedule) -> Timetable {
        let times = |(group, rules): (&GroupName, &GroupSchedule)| {
            (group.clone(), GroupTimes::new(group, rules))
        };
        Timetable {
            groups: schedule.groups.iter().map(times).collect(),
        }
    }

    /// The fires with `after < scheduled_at <= until`, in order. Where a full and an incremental of one group are due
    /// at the same moment, only the full is.
    ///
    /// As many as there are: a caller with a long way back to go limits it before it asks.
    pub fn due(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Fire> {
        let mut fires: Vec<Fire> = self
            .groups
            .iter()
            .flat_map(|(group, times)| {
                times.due(after, until).into_iter().map(|due| Fire {
                    group: group.clone(),
                    kind: due.kind,
                    scheduled_at: due.moment.at,
                })
            })
            .collect();
        fires.sort();
        fires
    }

    /// The first fire of this kind after `after`; `None` for a group that has none, or whose incremental is replaced
    /// by a full a thousand times in a row.
    pub fn next(
        &self,
        group: &GroupName,
        kind: BackupKind,
        after: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        self.groups.get(group)?.next(kind, after)
    }
}

/// A fire of a group that is known, with the local time it was written for.
pub(super) struct Due {
    pub kind: BackupKind,
    /// `at` has the jitter in it, `wanted` has not.
    pub moment: Moment,
}

impl GroupTimes {
    fn new(group: &GroupName, rules: &GroupSchedule) -> GroupTimes {
        GroupTimes {
            full: rules.full.clone(),
            incremental: rules.incremental.clone(),
            zone: rules.zone,
            offset: jitter::offset(group, rules.jitter),
        }
    }

    /// Fulls first, then the incrementals that no full replaces.
    pub fn due(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Due> {
        let fulls = self.moments(self.full.as_ref(), after, until);
        let mut incrementals = self.moments(self.incremental.as_ref(), after, until);
        incrementals.retain(|moment| {
            fulls
                .binary_search_by_key(&moment.at, |full| full.at)
                .is_err()
        });
        let of_kind = |kind| move |moment| Due { kind, moment };
        let fulls = fulls.into_iter().map(of_kind(BackupKind::Full));
        fulls
            .chain(
                incrementals
                    .into_iter()
                    .map(of_kind(BackupKind::Incremental)),
            )
            .collect()
    }

    fn moments(
        &self,
        cron: Option<&Cron>,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Vec<Moment> {
        let Some(cron) = cron else { return Vec::new() };
        std::iter::successors(self.next_moment(cron, after), |last| {
            self.next_moment(cron, last.at)
        })
        .take_while(|moment| moment.at <= until)
        .collect()
    }

    fn next_moment(&self, cron: &Cron, after: DateTime<Utc>) -> Option<Moment> {
        let nominal = cron.next_moment(after - self.offset, self.zone)?;
        Some(Moment {
            at: nominal.at + self.offset,
            wanted: nominal.wanted,
        })
    }

    fn next(&self, kind: BackupKind, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        const PATIENCE: usize = 1000;
        let (cron, other) = match kind {
            BackupKind::Full => (self.full.as_ref()?, None),
            BackupKind::Incremental => (self.incremental.as_ref()?, self.full.as_ref()),
        };
        let replaced = |at: DateTime<Utc>| {
            let just_before = at - TimeDelta::seconds(1);
            other
                .and_then(|full| self.next_moment(full, just_before))
                .is_some_and(|full| full.at == at)
        };
        let moments = std::iter::successors(self.next_moment(cron, after), |last| {
            self.next_moment(cron, last.at)
        });
        moments
            .take(PATIENCE)
            .map(|moment| moment.at)
            .find(|at| !replaced(*at))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::config::parse_schedule;

    pub(super) fn timetable(text: &str) -> Timetable {
        let checked = parse_schedule(Path::new("schedule.toml"), &format!("version = 1\n{text}"));
        Timetable::new(
            &checked
                .value
                .unwrap_or_else(|| panic!("{:?}", checked.findings)),
        )
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn shown(fires: &[Fire]) -> Vec<String> {
        fires.iter().map(Fire::key).collect()
    }

    #[test]
    fn a_week_of_the_guides_example() {
        let table = timetable(
            "[group.daily_facts]\ntimezone = \"Europe/Berlin\"\nfull = \"0 1 * * 0\"\nincremental = \"0 1 * * 1-6\"",
        );
        assert_eq!(
            shown(&table.due(utc("2026-11-21T12:00:00Z"), utc("2026-11-24T00:00:00Z"))),
            [
                "daily_facts_full_20261122T000000Z",
                "daily_facts_incremental_20261123T000000Z",
                "daily_facts_incremental_20261124T000000Z"
            ]
        );
    }

    #[test]
    fn the_beginning_is_outside_and_the_end_is_inside() {
        let table = timetable("[group.g]\nfull = \"0 1 * * *\"");
        let (first, second) = (utc("2026-11-22T01:00:00Z"), utc("2026-11-23T01:00:00Z"));
        assert_eq!(
            shown(&table.due(first, second)),
            ["g_full_20261123T010000Z"]
        );
        assert_eq!(table.due(first, first), []);
        assert_eq!(table.due(second, first), []);
    }

    #[test]
    fn a_full_replaces_the_incremental_of_the_same_moment_and_group_only() {
        let table = timetable(
            "[group.a]\nfull = \"0 1 * * 0\"\nincremental = \"0 1 * * *\"\n[group.b]\nincremental = \"0 1 * * *\"\nfull = \"0 5 * * 0\"",
        );
        let (after, until) = (utc("2026-11-21T12:00:00Z"), utc("2026-11-23T01:00:00Z"));
        assert_eq!(
            shown(&table.due(after, until)),
            [
                "a_full_20261122T010000Z",
                "b_incremental_20261122T010000Z",
                "b_full_20261122T050000Z",
                "a_incremental_20261123T010000Z",
                "b_incremental_20261123T010000Z"
            ]
        );
        let a = GroupName::parse("a").unwrap();
        assert_eq!(
            table.next(&a, BackupKind::Incremental, after),
            Some(utc("2026-11-23T01:00:00Z"))
        );
        assert_eq!(
            table.next(&a, BackupKind::Full, after),
            Some(utc("2026-11-22T01:00:00Z"))
        );
        let nobody = GroupName::parse("nobody").unwrap();
        assert_eq!(table.next(&nobody, BackupKind::Full, after), None);
    }

    #[test]
    fn an_incremental_that_is_always_replaced_has_no_next() {
        let table = timetable("[group.a]\nfull = \"0 1 * * *\"\nincremental = \"0 1 * * *\"");
        let a = GroupName::parse("a").unwrap();
        assert_eq!(
            table.next(&a, BackupKind::Incremental, utc("2026-11-21T12:00:00Z")),
            None
        );
    }

    #[test]
    fn jitter_moves_all_fires_of_a_group_by_the_same_fixed_time() {
        let plain = timetable("[group.a]\nfull = \"0 1 * * 0\"\nincremental = \"0 1 * * *\"");
        let late = timetable(
            "[group.a]\njitter = \"20m\"\nfull = \"0 1 * * 0\"\nincremental = \"0 1 * * *\"",
        );
        let (after, until) = (utc("2026-11-15T00:00:00Z"), utc("2026-11-30T00:00:00Z"));
        let (plain, late) = (plain.due(after, until), late.due(after, until));
        let offset = late[0].scheduled_at - plain[0].scheduled_at;
        assert!(
            offset > TimeDelta::zero() && offset < TimeDelta::minutes(20),
            "{offset}"
        );
        assert_eq!(plain.len(), late.len());
        for (plain, late) in plain.iter().zip(&late) {
            assert_eq!(late.scheduled_at - plain.scheduled_at, offset);
            assert_eq!(late.kind, plain.kind);
        }
    }

    /// Groups around the clock changes of zones north and south, with steps, lists, weekdays and jitter.
    const MIXED: &str = r#"
        [group.berlin]
        timezone = "Europe/Berlin"
        full = "30 2 * * 0"
        incremental = "0,30 2,3 * * *"
        [group.lord_howe]
        timezone = "Australia/Lord_Howe"
        jitter = "45m"
        full = "15 2 * * *"
        incremental = "*/20 1-3 * * *"
        [group.havana]
        timezone = "America/Havana"
        full = "0 0 1 * *"
        incremental = "0 * * * *"
        [group.fixed]
        timezone = "+05:30"
        full = "@weekly"
        incremental = "0 9,17 * * MON-FRI"
    "#;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn stretches_put_together_give_the_fires_of_the_whole(
            // Near the changes of 2027: March, April, October, November.
            change in prop::sample::select(vec!["2027-03-14T05:00:00Z", "2027-03-28T01:00:00Z", "2027-04-03T15:00:00Z", "2027-10-02T15:30:00Z", "2027-10-31T01:00:00Z", "2027-11-07T05:00:00Z"]),
            start in -200_000_i64..100_000,
            mut cuts in prop::collection::vec(0_i64..400_000_000, 1..6),
        ) {
            let table = timetable(MIXED);
            let start = utc(change) + TimeDelta::seconds(start);
            cuts.push(400_000_000);
            cuts.sort_unstable();
            let whole = table.due(start, start + TimeDelta::milliseconds(400_000_000));
            let (mut last, mut pieces) = (start, Vec::new());
            for cut in cuts {
                let until = start + TimeDelta::milliseconds(cut);
                pieces.extend(table.due(last, until));
                last = until;
            }
            prop_assert_eq!(&pieces, &whole);
            prop_assert!(whole.windows(2).all(|pair| pair[0] < pair[1]), "in order, none twice");
        }

        #[test]
        fn next_is_the_first_of_what_is_due(start in 0_i64..31_536_000, group in prop::sample::select(vec!["berlin", "lord_howe", "havana", "fixed"])) {
            let table = timetable(MIXED);
            let start = utc("2027-01-01T00:00:00Z") + TimeDelta::seconds(start);
            let group = GroupName::parse(group).unwrap();
            let due = table.due(start, start + TimeDelta::days(32));
            for kind in [BackupKind::Full, BackupKind::Incremental] {
                let first = due.iter().find(|fire| fire.group == group && fire.kind == kind);
                prop_assert_eq!(table.next(&group, kind, start), first.map(|fire| fire.scheduled_at));
            }
        }
    }
}
