//! Time zones as sessions name them, and the two ways StarRocks writes a moment (`common/util/TimeUtils.java`).

use chrono::{DateTime, FixedOffset, MappedLocalTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use crate::answer::SqlError;

/// A session's `time_zone`: a region or an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    Region(Tz),
    Offset(FixedOffset),
}

impl Zone {
    /// Region ids, `UTC`, `GMT`, `Z`, offsets from -12:00 to +14:00; CST and PRC are Asia/Shanghai. Anything else is error 1298.
    pub fn parse(text: &str) -> Result<Zone, SqlError> {
        let trimmed = text.trim();
        if let Some(offset) = parse_offset(trimmed) {
            return Ok(Zone::Offset(offset));
        }
        let name = match trimmed {
            "CST" | "PRC" => "Asia/Shanghai",
            "Z" => "UTC",
            other => other,
        };
        name.parse::<Tz>().map(Zone::Region).map_err(|_| {
            SqlError::new(
                1298,
                "HY000",
                format!("Unknown or incorrect time zone: '{text}'"),
            )
        })
    }

    /// The spelling that `SHOW VARIABLES LIKE 'time_zone'` prints after `SET time_zone = text`.
    pub fn canonical(text: &str) -> Result<String, SqlError> {
        Ok(match Zone::parse(text)? {
            Zone::Offset(offset) => offset.to_string(),
            Zone::Region(_) => text.trim().to_owned(),
        })
    }

    pub fn local(self, moment: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Zone::Region(zone) => moment.with_timezone(&zone).naive_local(),
            Zone::Offset(offset) => moment.with_timezone(&offset).naive_local(),
        }
    }

    /// The first moment at which a clock in this zone shows `local`; in a gap, the offset before the gap counts.
    pub fn moment(self, local: NaiveDateTime) -> DateTime<Utc> {
        match self {
            Zone::Region(zone) => resolve(&zone, local),
            Zone::Offset(offset) => resolve(&offset, local),
        }
    }

    /// `yyyy-MM-dd HH:mm:ss`, as every SHOW statement prints times.
    pub fn show(self, moment: DateTime<Utc>) -> String {
        self.local(moment).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// `yyyy-MM-dd-HH-mm-ss-SSS` (`backup/BackupJob.TIMESTAMP_FORMAT`), in the frontend's own zone.
    pub fn snapshot_timestamp(self, moment: DateTime<Utc>) -> String {
        self.local(moment)
            .format("%Y-%m-%d-%H-%M-%S-%3f")
            .to_string()
    }
}

fn resolve<Z: TimeZone>(zone: &Z, local: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(moment) | MappedLocalTime::Ambiguous(moment, _) => {
            moment.with_timezone(&Utc)
        }
        MappedLocalTime::None => {
            let before = zone.offset_from_utc_datetime(&(local - chrono::Duration::hours(3)));
            DateTime::from_naive_utc_and_offset(local - before.fix(), Utc)
        }
    }
}

fn parse_offset(text: &str) -> Option<FixedOffset> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = sign * (hours * 3600 + minutes * 60);
    let allowed = minutes < 60 && (-12 * 3600..=14 * 3600).contains(&seconds);
    allowed.then(|| FixedOffset::east_opt(seconds)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cst_is_shanghai_and_offsets_are_normalised() {
        let moment = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
        assert_eq!(
            Zone::parse("CST").unwrap().show(moment),
            "2026-01-01 08:00:00"
        );
        assert_eq!(
            Zone::parse("-3:30").unwrap().show(moment),
            "2025-12-31 20:30:00"
        );
        assert_eq!(Zone::canonical("+8:00").unwrap(), "+08:00");
        assert_eq!(Zone::parse("+15:00").unwrap_err().code, 1298);
        assert_eq!(Zone::parse("Nowhere/Else").unwrap_err().code, 1298);
    }

    #[test]
    fn snapshot_timestamps_carry_milliseconds() {
        let moment = Utc.timestamp_millis_opt(1_767_225_600_007).unwrap();
        assert_eq!(
            Zone::parse("UTC").unwrap().snapshot_timestamp(moment),
            "2026-01-01-00-00-00-007"
        );
    }
}
