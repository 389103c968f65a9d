//! The moment that a person wants back, as they write it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::point::PointRequest;
use crate::config::{Zone, ZoneError};
use crate::names::GroupName;

/// Which recovery point is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// The newest one whose cut is not after this.
    At(DateTime<Utc>),
    Latest,
}

/// Why a text is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    #[error("{0:?} is not a time")]
    NotATime(String),
    #[error("{0:?} names no time zone, and no schedule of a group tells one")]
    NoZone(String),
    #[error("the clocks of {zone} show {text:?} twice")]
    Twice { text: String, zone: Zone },
    #[error("the clocks of {zone} never show {text:?}")]
    Never { text: String, zone: Zone },
    #[error("{0:?} is still to come")]
    Future(String),
    #[error(transparent)]
    Zone(ZoneError),
}

impl WhenError {
    /// What would be accepted.
    pub fn help(&self) -> String {
        let help = match self {
            WhenError::Zone(error) => return error.help(),
            WhenError::NotATime(_) => {
                "write it as 2026-11-22T01:00:00Z, as \"2026-11-22 01:00\" in the group's time zone, or as \"2h ago\""
            }
            WhenError::NoZone(_) => {
                "name it with --timezone, or write the time with its offset, as 2026-11-22T01:00:00+01:00"
            }
            WhenError::Twice { .. } | WhenError::Never { .. } => {
                "write it with its offset, as 2026-11-22T01:00:00+01:00"
            }
            WhenError::Future(_) => "give --latest instead of --at for the newest recovery point",
        };
        help.to_owned()
    }
}

/// Whose clock a time is read on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupZones(pub BTreeMap<GroupName, Zone>);

impl GroupZones {
    /// In the zone that the request names, or in that of the group whose backups are meant.
    pub fn when(
        &self,
        request: &PointRequest,
        group: Option<&GroupName>,
        now: DateTime<Utc>,
    ) -> Result<When, WhenError> {
        let Some(text) = &request.at else {
            return Ok(When::Latest);
        };
        let zone = match &request.timezone {
            Some(name) => Some(name.parse().map_err(WhenError::Zone)?),
            None => group.and_then(|group| self.0.get(group)).copied(),
        };
        read_time(text, zone, now).map(When::At)
    }
}

const LOCAL_FORMS: [&str; 4] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M",
];

/// RFC 3339, a local time of `zone`, a day (its first moment), or `2h ago`.
fn read_time(
    text: &str,
    zone: Option<Zone>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, WhenError> {
    let text = text.trim();
    let at = moment(text, zone, now)?;
    if at > now {
        return Err(WhenError::Future(text.to_owned()));
    }
    Ok(at)
}

fn moment(text: &str, zone: Option<Zone>, now: DateTime<Utc>) -> Result<DateTime<Utc>, WhenError> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let wrong = || WhenError::NotATime(text.to_owned());
    if let Some(length) = text.strip_suffix("ago") {
        let length = humantime::parse_duration(length.trim()).map_err(|_| wrong())?;
        let length = TimeDelta::from_std(length).map_err(|_| wrong())?;
        return now.checked_sub_signed(length).ok_or_else(wrong);
    }
    let local = local(text).ok_or_else(wrong)?;
    let zone = zone.ok_or_else(|| WhenError::NoZone(text.to_owned()))?;
    if zone.is_repeated(local) {
        let text = text.to_owned();
        return Err(WhenError::Twice { text, zone });
    }
    let at = zone.first_moment(local);
    if zone.local(at).naive_local() != local {
        let text = text.to_owned();
        return Err(WhenError::Never { text, zone });
    }
    Ok(at)
}

fn local(text: &str) -> Option<NaiveDateTime> {
    let with_time = LOCAL_FORMS
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let day = || {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
    };
    with_time.or_else(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, zone: Option<&str>) -> Result<String, String> {
        let now = "2026-11-26T12:00:00Z".parse().unwrap();
        let zone = zone.map(|name| name.parse::<Zone>().unwrap());
        read_time(text, zone, now)
            .map(|at| at.to_rfc3339())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn times_are_read_in_the_zone_that_is_named() {
        let berlin = Some("Europe/Berlin");
        for (text, zone, moment) in [
            ("2026-11-22T01:00:00Z", None, "2026-11-22T01:00:00+00:00"),
            (
                "2026-11-22T01:00:00+02:00",
                berlin,
                "2026-11-21T23:00:00+00:00",
            ),
            ("2026-11-22 01:00", berlin, "2026-11-22T00:00:00+00:00"),
            ("2026-07-22 01:00:30", berlin, "2026-07-21T23:00:30+00:00"),
            ("2026-11-22", berlin, "2026-11-21T23:00:00+00:00"),
            ("2h ago", None, "2026-11-26T10:00:00+00:00"),
            ("1day 2h ago", None, "2026-11-25T10:00:00+00:00"),
        ] {
            assert_eq!(read(text, zone).as_deref(), Ok(moment), "{text}");
        }
    }

    #[test]
    fn what_is_no_one_moment_is_refused() {
        let berlin = Some("Europe/Berlin");
        for (text, zone, error) in [
            ("yesterday", berlin, "\"yesterday\" is not a time"),
            ("ago", berlin, "\"ago\" is not a time"),
            (
                "2026-11-22 25:00",
                berlin,
                "\"2026-11-22 25:00\" is not a time",
            ),
            (
                "2026-11-22 01:00",
                None,
                "\"2026-11-22 01:00\" names no time zone, and no schedule of a group tells one",
            ),
            (
                "2026-10-25 02:30",
                berlin,
                "the clocks of Europe/Berlin show \"2026-10-25 02:30\" twice",
            ),
            (
                "2026-03-29 02:30",
                berlin,
                "the clocks of Europe/Berlin never show \"2026-03-29 02:30\"",
            ),
            ("2026-11-27", berlin, "\"2026-11-27\" is still to come"),
        ] {
            assert_eq!(read(text, zone).unwrap_err(), error);
        }
    }
}
