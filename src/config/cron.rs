//! [`Cron`]: when something is due, in the local time of a [`Zone`].
//!
//! Around a change of the clock there are two kinds of expression:
//!
//! - **Fixed times**: second, minute and hour are numbers or lists of numbers (`30 2 * * *`, `0 2,14 * * *`). Each time
//!   is due exactly once on each of its days: at the first valid moment when the clock jumps over it, and the first of
//!   the two times when the clock is put back. Here croner picks the days, and the moment follows from
//!   [`Zone::first_moment`].
//! - **Stepping** expressions: one of the three has a `*`, a range or a step (`*/15 * * * *`, `0 1-5 * * *`). They are due
//!   at every real moment whose local time matches: not in the gap, and both times in the overlap. Here croner, from
//!   4.0 on, does all of it.

use std::fmt;

use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, SubsecRound, Utc};
use croner::parser::{CronParser, Seconds, Year};

use super::cron_fields::{CronError, CronFault, Fields};
use super::zone::Zone;

/// A cron expression of 5 or 6 fields. Two are equal when they are written alike.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    rule: Rule,
    either_day: bool,
    many_seconds: bool,
}

#[derive(Debug, Clone)]
enum Rule {
    /// `days` matches midnight of each day; `times` are in order.
    Fixed {
        days: Box<croner::Cron>,
        times: Vec<NaiveTime>,
    },
    Stepping(Box<croner::Cron>),
}

/// A due moment, and the local time it was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    pub at: DateTime<Utc>,
    /// What the clock should show. It shows something later when this time falls into a gap.
    pub wanted: NaiveDateTime,
}

impl Cron {
    pub fn parse(text: &str) -> Result<Cron, CronError> {
        let fields = Fields::read(text)?;
        let whole = |fault| CronError {
            span: 0..text.len(),
            fault,
        };
        let days = croner_rule(&format!("0 0 0 {}", fields.days)).map_err(whole)?;
        if days
            .find_next_occurrence(&reference_midnight(), true)
            .is_err()
        {
            return Err(whole(CronFault::Never));
        }
        let rule = match fields.times_of_day() {
            Some(times) => Rule::Fixed {
                days: Box::new(days),
                times: times.into_iter().map(time_of_day).collect(),
            },
            None => Rule::Stepping(Box::new(croner_rule(&fields.spelled()).map_err(whole)?)),
        };
        let many_seconds = fields.second.parse::<u32>().is_err();
        Ok(Cron {
            text: text.trim().to_owned(),
            rule,
            either_day: fields.either_day,
            many_seconds,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first due moment after `after`; `None` when the calendar ends before it.
    pub fn next_after(&self, after: DateTime<Utc>, zone: Zone) -> Option<DateTime<Utc>> {
        self.next_moment(after, zone).map(|moment| moment.at)
    }

    /// [`Cron::next_after`], with the local time that was meant.
    pub fn next_moment(&self, after: DateTime<Utc>, zone: Zone) -> Option<Moment> {
        match &self.rule {
            Rule::Fixed { days, times } => next_fixed(days, times, after, zone),
            Rule::Stepping(rule) => next_step(rule, after, zone),
        }
    }

    /// Whether both day fields are restricted, in which case cron takes the days of either.
    pub fn either_day(&self) -> bool {
        self.either_day
    }

    /// Whether it is due several times within a minute.
    pub fn many_seconds(&self) -> bool {
        self.many_seconds
    }
}

/// The wanted moments never go backwards from one local time to the next (a gap or an overlap can only make two of
/// them one), so the first that is late enough is the next.
fn next_fixed(
    days: &croner::Cron,
    times: &[NaiveTime],
    after: DateTime<Utc>,
    zone: Zone,
) -> Option<Moment> {
    // A gap moves a time to a later local date, by a whole day where a zone crossed the date line.
    let start = zone
        .local(after)
        .date_naive()
        .checked_sub_days(Days::new(2))?;
    let mut day = start.and_time(NaiveTime::MIN);
    loop {
        day = days.find_next_occurrence(&day, true).ok()?;
        for time in times {
            let wanted = day.date().and_time(*time);
            let at = zone.first_moment(wanted);
            if at > after {
                return Some(Moment { at, wanted });
            }
        }
        day = day.checked_add_days(Days::new(1))?;
    }
}

fn next_step(rule: &croner::Cron, after: DateTime<Utc>, zone: Zone) -> Option<Moment> {
    let after = after.trunc_subsecs(0);
    let at = match zone {
        Zone::Named(zone) => rule
            .find_next_occurrence(&after.with_timezone(&zone), false)
            .ok()?
            .to_utc(),
        Zone::Fixed(zone) => rule
            .find_next_occurrence(&after.with_timezone(&zone), false)
            .ok()?
            .to_utc(),
    };
    Some(Moment {
        at,
        wanted: zone.local(at).naive_local(),
    })
}

fn croner_rule(text: &str) -> Result<croner::Cron, CronFault> {
    let parser = CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        .build();
    parser.parse(text).map_err(|error| CronFault::Other {
        message: error.to_string(),
    })
}

fn time_of_day((hour, minute, second): (u32, u32, u32)) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, second)
        .expect("the fields were checked against their limits")
}

/// Any day does to see whether there is a matching one: the calendar repeats itself.
fn reference_midnight() -> NaiveDateTime {
    DateTime::UNIX_EPOCH.naive_utc()
}

impl PartialEq for Cron {
    fn eq(&self, other: &Cron) -> bool {
        self.text == other.text
    }
}

impl Eq for Cron {}

impl fmt::Display for Cron {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.text)
    }
}

impl std::str::FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Cron, CronError> {
        Cron::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// The next moments, in local time with the offset.
    fn next(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let (cron, zone) = (Cron::parse(cron).unwrap(), zone.parse().unwrap());
        let moments = std::iter::successors(cron.next_after(utc(after), zone), |at| {
            cron.next_after(*at, zone)
        });
        moments
            .take(count)
            .map(|at| zone.local(at).format("%F %T %:z").to_string())
            .collect()
    }

    #[test]
    fn expressions_are_due_when_cron_says() {
        let after = "2026-11-22T08:00:00Z"; // a Sunday
        for (cron, expected) in [
            ("0 1 * * 0", "2026-11-29 01:00:00 +00:00"),
            ("0 1 * * 7", "2026-11-29 01:00:00 +00:00"),
            ("0 1 * * sun", "2026-11-29 01:00:00 +00:00"),
            ("0 1 * * 1-6", "2026-11-23 01:00:00 +00:00"),
            ("0 1 * * FRI-SUN", "2026-11-27 01:00:00 +00:00"),
            ("30 0 1 * * *", "2026-11-23 01:00:30 +00:00"),
            ("0 9,17 * * *", "2026-11-22 09:00:00 +00:00"),
            ("*/20 * * * *", "2026-11-22 08:20:00 +00:00"),
            ("0 1 L * *", "2026-11-30 01:00:00 +00:00"),
            ("0 1 LW * *", "2026-11-30 01:00:00 +00:00"),
            ("0 1 15W * *", "2026-12-15 01:00:00 +00:00"),
            ("0 1 * * MON#1", "2026-12-07 01:00:00 +00:00"),
            ("0 1 * * 5L", "2026-11-27 01:00:00 +00:00"),
            ("0 1 1-7 * +MON", "2026-12-07 01:00:00 +00:00"),
            ("0 1 1 * MON", "2026-11-23 01:00:00 +00:00"), // either day field is enough
            ("0 1 29 2 *", "2028-02-29 01:00:00 +00:00"),
            ("@hourly", "2026-11-22 09:00:00 +00:00"),
            ("@daily", "2026-11-23 00:00:00 +00:00"),
            ("@weekly", "2026-11-29 00:00:00 +00:00"),
            ("@monthly", "2026-12-01 00:00:00 +00:00"),
            ("@yearly", "2027-01-01 00:00:00 +00:00"),
        ] {
            assert_eq!(next(cron, "UTC", after, 1), [expected], "{cron}");
        }
    }

    #[test]
    fn a_moment_is_strictly_after_the_one_asked_from() {
        for cron in ["0 1 * * *", "0 * * * *"] {
            let cron = Cron::parse(cron).unwrap();
            let next = |after: &str| cron.next_after(utc(after), Zone::UTC).unwrap();
            assert_eq!(
                next("2026-11-22T00:59:59.999Z"),
                utc("2026-11-22T01:00:00Z")
            );
            assert!(next("2026-11-22T01:00:00Z") > utc("2026-11-22T01:00:00Z"));
            assert!(next("2026-11-22T01:00:00.5Z") > utc("2026-11-22T01:00:01Z"));
        }
    }

    #[test]
    fn a_day_that_never_comes_is_refused() {
        for never in ["0 1 30 2 *", "0 1 31 4,6,9,11 *", "* * 31 FEB *"] {
            assert_eq!(
                Cron::parse(never).unwrap_err().fault,
                CronFault::Never,
                "{never}"
            );
        }
        assert!(Cron::parse("0 1 29 2 *").is_ok());
    }

    #[test]
    fn a_time_in_the_gap_is_due_at_the_first_valid_moment() {
        for (cron, zone, after, expected) in [
            (
                "30 2 * * *",
                "Europe/Berlin",
                "2027-03-27T12:00:00Z",
                "2027-03-28 03:00:00 +02:00",
            ),
            (
                "0 1 * * *",
                "Europe/Berlin",
                "2027-03-27T12:00:00Z",
                "2027-03-28 01:00:00 +01:00",
            ),
            (
                "0 0 * * *",
                "America/Havana",
                "2027-03-13T12:00:00Z",
                "2027-03-14 01:00:00 -04:00",
            ),
            (
                "15 2 * * *",
                "Australia/Lord_Howe",
                "2027-10-02T12:00:00Z",
                "2027-10-03 02:30:00 +11:00",
            ),
            (
                "30 23 * * 6",
                "America/Nuuk",
                "2027-03-27T12:00:00Z",
                "2027-03-28 00:00:00 -01:00",
            ),
            (
                "0 12 30 12 *",
                "Pacific/Apia",
                "2011-12-29T12:00:00Z",
                "2011-12-31 00:00:00 +14:00",
            ),
        ] {
            assert_eq!(next(cron, zone, after, 1), [expected], "{cron} {zone}");
        }
    }

    #[test]
    fn two_times_that_the_gap_makes_one_are_due_once() {
        assert_eq!(
            next("0 2,3 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", 3),
            [
                "2027-03-28 03:00:00 +02:00",
                "2027-03-29 02:00:00 +02:00",
                "2027-03-29 03:00:00 +02:00"
            ]
        );
    }

    #[test]
    fn a_time_in_the_overlap_is_due_once_the_first_time() {
        assert_eq!(
            next("30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", 2),
            ["2027-10-31 02:30:00 +02:00", "2027-11-01 02:30:00 +01:00"]
        );
        assert_eq!(
            next("0,30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", 3),
            [
                "2027-10-31 02:00:00 +02:00",
                "2027-10-31 02:30:00 +02:00",
                "2027-11-01 02:00:00 +01:00"
            ]
        );
        // Asked between the two passes, the second one is not due any more.
        assert_eq!(
            next("30 2 * * *", "Europe/Berlin", "2027-10-31T00:45:00Z", 1),
            ["2027-11-01 02:30:00 +01:00"]
        );
    }

    #[test]
    fn a_stepping_expression_is_due_at_every_real_interval() {
        assert_eq!(
            next("0 * * * *", "Europe/Berlin", "2027-03-28T00:30:00Z", 2),
            ["2027-03-28 03:00:00 +02:00", "2027-03-28 04:00:00 +02:00"]
        );
        assert_eq!(
            next("*/30 1-3 * * *", "Europe/Berlin", "2027-10-30T23:45:00Z", 5),
            [
                "2027-10-31 02:00:00 +02:00",
                "2027-10-31 02:30:00 +02:00",
                "2027-10-31 02:00:00 +01:00",
                "2027-10-31 02:30:00 +01:00",
                "2027-10-31 03:00:00 +01:00"
            ]
        );
    }

    #[test]
    fn a_fixed_offset_has_no_surprises() {
        assert_eq!(
            next("0 1 * * *", "+05:30", "2026-11-22T00:00:00Z", 1),
            ["2026-11-23 01:00:00 +05:30"]
        );
        assert_eq!(
            next("*/30 * * * *", "-03:00", "2026-11-22T00:00:00Z", 1),
            ["2026-11-21 21:30:00 -03:00"]
        );
    }

    /// Items of every field's language, right and wrong.
    fn field() -> impl Strategy<Value = String> {
        let item = prop::sample::select(vec![
            "*", "0", "1", "7", "12", "23", "31", "59", "60", "*/2", "1-5/2", "0-6", "MON", "sun",
            "MON-FRI", "JAN", "jan-MAR", "L", "LW", "15W", "5L", "MON#1", "1#2", "FRIL", "5#L",
            "?", "+1", "6-1", "*/99", "1/2", "", "x", "#", "W", "-", "/", "\u{e4}",
        ]);
        prop::collection::vec(item, 1..3).prop_map(|items| items.join(","))
    }

    proptest! {
        #[test]
        fn what_the_fields_allow_croner_understands(fields in prop::collection::vec(field(), 4..8)) {
            let text = fields.join(" ");
            match Cron::parse(&text) {
                Ok(cron) => {
                    let at = cron.next_after(utc("2026-11-22T00:00:00Z"), Zone::UTC);
                    prop_assert!(at.is_some(), "{} is due at some time", text);
                }
                Err(error) => {
                    prop_assert!(!matches!(error.fault, CronFault::Other { .. }), "{}: {}", text, error);
                    prop_assert!(text.get(error.span.clone()).is_some() || error.span.end == text.len() + 1, "{text}: {error:?}");
                }
            }
        }

        #[test]
        fn single_fields_are_understood_too(field in field(), place in 0_usize..6) {
            let mut fields = ["0", "0", "1", "*", "*", "*"];
            fields[place] = &field;
            if let Err(error) = Cron::parse(&fields.join(" ")) {
                prop_assert!(!matches!(error.fault, CronFault::Other { .. }), "{}: {}", fields.join(" "), error);
            }
        }
    }
}
