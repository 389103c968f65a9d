//! [`Upcoming`]: a fire as people want to see it, on the clock of its zone.

use std::fmt;

use chrono::{DateTime, Days, FixedOffset, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::fire::Fire;
use super::table::{Due, GroupTimes, Timetable};
use crate::config::Zone;
use crate::names::GroupName;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upcoming {
    pub fire: Fire,
    pub zone: Zone,
    /// The clock of the zone at that moment.
    pub local: DateTime<FixedOffset>,
    pub mark: Option<DstMark>,
}

/// What the clock does to the fire, or elsewhere on its day. Judged by the time that was written down, without jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum DstMark {
    /// The clock jumps over this time; the run is at the first valid moment.
    Gap { wanted: NaiveDateTime },
    /// The clock shows this time twice. A fixed time runs in the first pass only.
    Overlap { pass: Pass },
    /// The clock changes at another time of this day; positive when it is put forward.
    OffsetChange { moved_secs: i32 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pass {
    First,
    Second,
}

impl fmt::Display for DstMark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DstMark::Gap { wanted } => write!(out, "the clock skips {}", wanted.format("%H:%M:%S")),
            DstMark::Overlap { pass: Pass::First } => out.write_str("the first of two such times"),
            DstMark::Overlap { pass: Pass::Second } => {
                out.write_str("the second of two such times")
            }
            DstMark::OffsetChange { moved_secs } => {
                let way = if *moved_secs > 0 { "forward" } else { "back" };
                write!(
                    out,
                    "the clock goes {way} by {} min on this day",
                    moved_secs.abs() / 60
                )
            }
        }
    }
}

impl Timetable {
    /// [`Timetable::due`] for `from < scheduled_at <= until`, with local times and marks.
    pub fn upcoming(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Upcoming> {
        let of_group = |(group, times): (&GroupName, &GroupTimes)| {
            let due = times.due(from, until).into_iter();
            due.map(|due| upcoming(group, times, &due))
                .collect::<Vec<_>>()
        };
        let mut upcoming: Vec<Upcoming> = self.groups.iter().flat_map(of_group).collect();
        upcoming.sort_by(|a, b| a.fire.cmp(&b.fire));
        upcoming
    }
}

fn upcoming(group: &GroupName, times: &GroupTimes, due: &Due) -> Upcoming {
    let at = due.moment.at;
    Upcoming {
        fire: Fire {
            group: group.clone(),
            kind: due.kind,
            scheduled_at: at,
        },
        zone: times.zone,
        local: times.zone.local(at),
        mark: mark(times.zone, at - times.offset, due.moment.wanted),
    }
}

fn mark(zone: Zone, nominal: DateTime<Utc>, wanted: NaiveDateTime) -> Option<DstMark> {
    let local = zone.local(nominal).naive_local();
    if local != wanted {
        return Some(DstMark::Gap { wanted });
    }
    if zone.is_repeated(local) {
        let pass = if zone.first_moment(local) == nominal {
            Pass::First
        } else {
            Pass::Second
        };
        return Some(DstMark::Overlap { pass });
    }
    let midnight = local.date().and_time(NaiveTime::MIN);
    let next_midnight = midnight.checked_add_days(Days::new(1))?;
    // A moment before, so that a change at this very midnight belongs to the day that it begins.
    let start = zone.offset(zone.first_moment(midnight) - TimeDelta::seconds(1));
    let end = zone.offset(zone.first_moment(next_midnight) - TimeDelta::seconds(1));
    let moved_secs = end.local_minus_utc() - start.local_minus_utc();
    (moved_secs != 0).then_some(DstMark::OffsetChange { moved_secs })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::parse_schedule;

    fn shown(group: &str, from: &str, days: i64) -> Vec<String> {
        let text = format!("version = 1\n[group.g]\ntimezone = \"Europe/Berlin\"\n{group}");
        let table = Timetable::new(&parse_schedule(Path::new("s.toml"), &text).value.unwrap());
        let from: DateTime<Utc> = from.parse().unwrap();
        let show = |upcoming: Upcoming| {
            let mark = upcoming
                .mark
                .map(|mark| format!(" ({mark})"))
                .unwrap_or_default();
            format!(
                "{} {}{mark}",
                upcoming.fire.kind,
                upcoming.local.format("%F %T %:z")
            )
        };
        table
            .upcoming(from, from + TimeDelta::days(days))
            .into_iter()
            .map(show)
            .collect()
    }

    #[test]
    fn the_day_the_clock_goes_forward_is_marked() {
        assert_eq!(
            shown(
                "full = \"30 2 * * *\"\nincremental = \"0 12 * * *\"",
                "2027-03-27T00:00:00Z",
                2
            ),
            [
                "full 2027-03-27 02:30:00 +01:00",
                "incremental 2027-03-27 12:00:00 +01:00",
                "full 2027-03-28 03:00:00 +02:00 (the clock skips 02:30:00)",
                "incremental 2027-03-28 12:00:00 +02:00 (the clock goes forward by 60 min on this day)",
            ]
        );
    }

    #[test]
    fn the_day_the_clock_goes_back_is_marked() {
        assert_eq!(
            shown(
                "full = \"30 2 * * *\"\nincremental = \"0 1-3 * * *\"",
                "2027-10-30T20:00:00Z",
                1
            ),
            [
                "incremental 2027-10-31 01:00:00 +02:00 (the clock goes back by 60 min on this day)",
                "incremental 2027-10-31 02:00:00 +02:00 (the first of two such times)",
                "full 2027-10-31 02:30:00 +02:00 (the first of two such times)",
                "incremental 2027-10-31 02:00:00 +01:00 (the second of two such times)",
                "incremental 2027-10-31 03:00:00 +01:00 (the clock goes back by 60 min on this day)",
            ]
        );
    }

    #[test]
    fn jitter_does_not_hide_the_mark() {
        let marked = shown(
            "jitter = \"5m\"\nfull = \"30 2 * * *\"",
            "2027-03-27T12:00:00Z",
            1,
        );
        assert!(marked[0].starts_with("full 2027-03-28 03:0"), "{marked:?}");
        assert!(
            marked[0].ends_with("(the clock skips 02:30:00)"),
            "{marked:?}"
        );
    }

    #[test]
    fn an_upcoming_fire_survives_json() {
        let text = "version = 1\n[group.g]\ntimezone = \"Europe/Berlin\"\nfull = \"30 2 28 3 *\"";
        let table = Timetable::new(&parse_schedule(Path::new("s.toml"), text).value.unwrap());
        let from = "2027-01-01T00:00:00Z".parse().unwrap();
        let upcoming = table.upcoming(from, from + TimeDelta::days(365));
        let json = serde_json::to_string(&upcoming).unwrap();
        assert!(
            json.contains(r#""mark":{"type":"gap","wanted":"2027-03-28T02:30:00"}"#),
            "{json}"
        );
        assert_eq!(
            serde_json::from_str::<Vec<Upcoming>>(&json).unwrap(),
            upcoming
        );
    }
}
