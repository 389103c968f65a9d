//! [`Zone`]: whose clock a cron expression is read on. The zone data is compiled in (chrono-tz), so that every host
//! answers alike.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, FixedOffset, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use serde::{Deserialize, Serialize};

use super::nearest::nearest;

/// A zone of the IANA database, or a fixed distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

/// Why a text is not a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    #[error("`{name}` is an abbreviation and names no zone{}", meanings(.zones))]
    Abbreviation {
        name: String,
        zones: &'static [&'static str],
    },
    #[error("`{text}` is not an offset from UTC")]
    Offset { text: String, meant: Option<String> },
    #[error("there is no time zone `{name}`")]
    Unknown {
        name: String,
        near: Vec<&'static str>,
    },
}

fn meanings(zones: &[&str]) -> &'static str {
    if zones.len() > 1 {
        ": it has several meanings"
    } else {
        ""
    }
}

impl ZoneError {
    /// What would be accepted.
    pub fn help(&self) -> String {
        match self {
            ZoneError::Abbreviation { zones, .. } => format!("write {}", any_of(zones)),
            ZoneError::Offset { meant: Some(meant), .. } => format!("write \"{meant}\""),
            ZoneError::Offset { meant: None, .. } => "-12:00 to +14:00, as in \"+02:00\"".to_owned(),
            ZoneError::Unknown { near, .. } if near.is_empty() => {
                "a zone of the IANA database, as in \"Europe/Berlin\" or \"UTC\", or a fixed offset, as in \"+02:00\""
                    .to_owned()
            }
            ZoneError::Unknown { near, .. } => format!("did you mean {}?", any_of(near)),
        }
    }
}

fn any_of(zones: &[&str]) -> String {
    let quoted: Vec<String> = zones.iter().map(|zone| format!("\"{zone}\"")).collect();
    quoted.join(" or ")
}

/// What people write for a zone and what it may mean. Some of these are in the IANA database, but with a fixed offset
/// and without summer time, which nobody who writes them expects. StarRocks reads CST as Asia/Shanghai
/// (`fe/fe-core/.../common/util/TimeUtils.java`), most Americans do not.
const ABBREVIATIONS: &[(&str, &[&str])] = &[
    ("ACST", &["Australia/Darwin", "Australia/Adelaide"]),
    ("AEDT", &["Australia/Sydney"]),
    ("AEST", &["Australia/Sydney", "Australia/Brisbane"]),
    ("AST", &["America/Halifax", "Asia/Riyadh"]),
    ("AWST", &["Australia/Perth"]),
    ("BRT", &["America/Sao_Paulo"]),
    ("BST", &["Europe/London"]),
    ("CDT", &["America/Chicago"]),
    ("CEST", &["Europe/Berlin", "Europe/Paris"]),
    ("CET", &["Europe/Berlin", "Europe/Paris"]),
    ("CST", &["Asia/Shanghai", "America/Chicago"]),
    ("EDT", &["America/New_York"]),
    ("EEST", &["Europe/Athens", "Europe/Helsinki"]),
    ("EET", &["Europe/Athens", "Europe/Helsinki"]),
    ("EST", &["America/New_York"]),
    ("HKT", &["Asia/Hong_Kong"]),
    ("HST", &["Pacific/Honolulu"]),
    ("ICT", &["Asia/Bangkok", "Asia/Ho_Chi_Minh"]),
    ("IST", &["Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin"]),
    ("JST", &["Asia/Tokyo"]),
    ("KST", &["Asia/Seoul"]),
    ("MDT", &["America/Denver"]),
    ("MET", &["Europe/Berlin", "Europe/Paris"]),
    ("MSK", &["Europe/Moscow"]),
    ("MST", &["America/Denver", "America/Phoenix"]),
    ("NZST", &["Pacific/Auckland"]),
    ("PDT", &["America/Los_Angeles"]),
    ("PST", &["America/Los_Angeles"]),
    ("SGT", &["Asia/Singapore"]),
    ("WEST", &["Europe/Lisbon"]),
    ("WET", &["Europe/Lisbon"]),
    ("WIB", &["Asia/Jakarta"]),
];

impl Zone {
    pub const UTC: Zone = Zone::Named(Tz::UTC);

    /// The moment as the clocks of this zone show it.
    pub fn local(self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        at.with_timezone(&self.offset(at))
    }

    /// The distance from UTC at this moment.
    pub fn offset(self, at: DateTime<Utc>) -> FixedOffset {
        match self {
            Zone::Named(zone) => zone.offset_from_utc_datetime(&at.naive_utc()).fix(),
            Zone::Fixed(offset) => offset,
        }
    }

    /// The first moment at which the clock shows this time, or, when it jumps over it, the first moment after the jump.
    pub fn first_moment(self, local: NaiveDateTime) -> DateTime<Utc> {
        match self.moments(local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at,
            LocalResult::None => self.end_of_gap(local),
        }
    }

    /// Whether the clock shows this time twice.
    pub fn is_repeated(self, local: NaiveDateTime) -> bool {
        matches!(self.moments(local), LocalResult::Ambiguous(..))
    }

    fn moments(self, local: NaiveDateTime) -> LocalResult<DateTime<Utc>> {
        match self {
            Zone::Named(zone) => zone.from_local_datetime(&local).map(|at| at.to_utc()),
            Zone::Fixed(offset) => offset.from_local_datetime(&local).map(|at| at.to_utc()),
        }
    }

    /// Halves the time around the gap until only the jump is left. No zone was ever 16 hours from UTC.
    fn end_of_gap(self, local: NaiveDateTime) -> DateTime<Utc> {
        let mut before = local.and_utc() - TimeDelta::hours(16);
        let mut after = local.and_utc() + TimeDelta::hours(16);
        while after - before > TimeDelta::seconds(1) {
            let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
            if self.local(middle).naive_local() < local {
                before = middle;
            } else {
                after = middle;
            }
        }
        after
    }

    /// Whether the sign of the name says the opposite of what people read: `Etc/GMT-8` is 8 hours *ahead* of UTC.
    /// Answers with the offset that is meant by it.
    pub fn inverted_sign(self) -> Option<FixedOffset> {
        let Zone::Named(zone) = self else { return None };
        let signed = zone
            .name()
            .strip_prefix("Etc/GMT")
            .filter(|rest| rest.starts_with(['+', '-']));
        signed
            .map(|_| self.offset(DateTime::UNIX_EPOCH))
            .filter(|offset| offset.local_minus_utc() != 0)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Zone::Named(zone) => out.pad(zone.name()),
            Zone::Fixed(offset) => out.pad(&offset.to_string()),
        }
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Zone, ZoneError> {
        let text = text.trim();
        let unprefixed = text
            .strip_prefix("UTC")
            .or(text.strip_prefix("GMT"))
            .unwrap_or(text);
        if unprefixed.starts_with(['+', '-']) && text != "GMT+0" && text != "GMT-0" {
            return offset(text, unprefixed);
        }
        if text.eq_ignore_ascii_case("Z") {
            return Ok(Zone::UTC);
        }
        if let Some((_, zones)) = ABBREVIATIONS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
        {
            return Err(ZoneError::Abbreviation {
                name: text.to_owned(),
                zones,
            });
        }
        let found = TZ_VARIANTS
            .iter()
            .find(|zone| zone.name().eq_ignore_ascii_case(text));
        found
            .map(|zone| Zone::Named(*zone))
            .ok_or_else(|| unknown(text))
    }
}

/// `+02:00` and nothing shorter; what else looks like an offset is answered with the right spelling.
fn offset(text: &str, signed: &str) -> Result<Zone, ZoneError> {
    let seconds = seconds_from_utc(signed);
    let found = seconds.and_then(FixedOffset::east_opt);
    match found {
        Some(offset) if offset.to_string() == text => Ok(Zone::Fixed(offset)),
        Some(offset) => Err(ZoneError::Offset {
            text: text.to_owned(),
            meant: Some(offset.to_string()),
        }),
        None => Err(ZoneError::Offset {
            text: text.to_owned(),
            meant: None,
        }),
    }
}

/// Hours, or hours and minutes with or without a colon; StarRocks' own limits (`TimeUtils.java`).
fn seconds_from_utc(signed: &str) -> Option<i32> {
    let sign = if signed.starts_with('-') { -1 } else { 1 };
    let digits = signed[1..].replace(':', "");
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(if digits.len() > 2 {
        digits.len() - 2
    } else {
        digits.len()
    });
    let minutes: i32 = if minutes.is_empty() {
        0
    } else {
        minutes.parse().ok()?
    };
    let seconds = sign * (hours.parse::<i32>().ok()? * 3600 + minutes * 60);
    (minutes < 60 && (-12 * 3600..=14 * 3600).contains(&seconds)).then_some(seconds)
}

/// The zones spelled nearly so, or those whose city is.
fn unknown(name: &str) -> ZoneError {
    let names = || TZ_VARIANTS.iter().map(|zone| zone.name());
    let mut near = nearest(name, names(), 3);
    if near.is_empty() {
        let cities: Vec<&str> = names()
            .filter_map(|zone| zone.rsplit_once('/'))
            .map(|(_, city)| city)
            .collect();
        let last = name.rsplit('/').next().unwrap_or(name);
        let meant = nearest(&last.replace(' ', "_"), cities, 3);
        let ends_so = |zone: &&str| {
            zone.rsplit_once('/')
                .is_some_and(|(_, city)| meant.contains(&city))
        };
        near = names().filter(ends_so).take(3).collect();
    }
    ZoneError::Unknown {
        name: name.to_owned(),
        near,
    }
}

impl TryFrom<String> for Zone {
    type Error = ZoneError;

    fn try_from(text: String) -> Result<Zone, ZoneError> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> String {
        zone.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_read_in_any_case_and_shown_as_the_database_spells_them() {
        for (text, shown) in [
            ("Europe/Berlin", "Europe/Berlin"),
            ("europe/berlin", "Europe/Berlin"),
            ("AMERICA/NEW_YORK", "America/New_York"),
            ("utc", "UTC"),
            ("Z", "UTC"),
            ("GMT", "GMT"),
            ("PRC", "PRC"),
            ("+02:00", "+02:00"),
            ("-09:30", "-09:30"),
            ("+00:00", "+00:00"),
            ("+14:00", "+14:00"),
        ] {
            assert_eq!(text.parse::<Zone>().unwrap().to_string(), shown, "{text}");
        }
        for zone in TZ_VARIANTS {
            let known = ABBREVIATIONS.iter().any(|(name, _)| *name == zone.name());
            assert_eq!(zone.name().parse::<Zone>().is_ok(), !known, "{zone}");
        }
    }

    #[test]
    fn what_is_no_zone_is_refused_with_the_zones_that_may_be_meant() {
        for (text, message, help) in [
            (
                "CST",
                "`CST` is an abbreviation and names no zone: it has several meanings",
                "write \"Asia/Shanghai\" or \"America/Chicago\"",
            ),
            (
                "est",
                "`est` is an abbreviation and names no zone",
                "write \"America/New_York\"",
            ),
            (
                "Europe/Berln",
                "there is no time zone `Europe/Berln`",
                "did you mean \"Europe/Berlin\"?",
            ),
            (
                "Berlin",
                "there is no time zone `Berlin`",
                "did you mean \"Europe/Berlin\"?",
            ),
            (
                "New York",
                "there is no time zone `New York`",
                "did you mean \"America/New_York\"?",
            ),
            (
                "Germany/Berlin",
                "there is no time zone `Germany/Berlin`",
                "did you mean \"Europe/Berlin\"?",
            ),
            ("+2", "`+2` is not an offset from UTC", "write \"+02:00\""),
            (
                "+0200",
                "`+0200` is not an offset from UTC",
                "write \"+02:00\"",
            ),
            (
                "UTC+2",
                "`UTC+2` is not an offset from UTC",
                "write \"+02:00\"",
            ),
            (
                "GMT-5:30",
                "`GMT-5:30` is not an offset from UTC",
                "write \"-05:30\"",
            ),
            (
                "+15:00",
                "`+15:00` is not an offset from UTC",
                "-12:00 to +14:00, as in \"+02:00\"",
            ),
            (
                "+02:75",
                "`+02:75` is not an offset from UTC",
                "-12:00 to +14:00, as in \"+02:00\"",
            ),
            (
                "+x",
                "`+x` is not an offset from UTC",
                "-12:00 to +14:00, as in \"+02:00\"",
            ),
        ] {
            let error = text.parse::<Zone>().unwrap_err();
            assert_eq!(
                (error.to_string().as_str(), error.help().as_str()),
                (message, help)
            );
        }
        assert!("Local".parse::<Zone>().is_err());
        assert!(
            "".parse::<Zone>()
                .unwrap_err()
                .help()
                .contains("Europe/Berlin")
        );
    }

    #[test]
    fn every_suggestion_is_a_zone_itself() {
        for (name, zones) in ABBREVIATIONS {
            for zone in *zones {
                assert!(zone.parse::<Zone>().is_ok(), "{name}: {zone}");
            }
        }
    }

    #[test]
    fn the_inverted_sign_of_etc_is_noticed() {
        let inverted = |text: &str| {
            text.parse::<Zone>()
                .unwrap()
                .inverted_sign()
                .map(|offset| offset.to_string())
        };
        assert_eq!(inverted("Etc/GMT-8"), Some("+08:00".to_owned()));
        assert_eq!(inverted("Etc/GMT+5"), Some("-05:00".to_owned()));
        assert_eq!(inverted("Etc/GMT+0"), None);
        assert_eq!(inverted("Europe/Berlin"), None);
    }
}
