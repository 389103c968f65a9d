//! DATE and DATETIME as text: what StarRocks accepts as a literal, and the one spelling that is stored.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};

/// Reads a date or a datetime literal: `2026-1-5`, `2026/01/05 3:04:05.678`, `20260105`, `20260105030405`, with `T` or a space between.
pub fn parse(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return parse_digits(text);
    }
    let (date, time) = match text.find([' ', 'T']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    };
    let date = parse_date(date)?;
    let time = if time.is_empty() {
        NaiveTime::MIN
    } else {
        parse_time(time)?
    };
    Some(date.and_time(time))
}

/// Whether the literal names a time of day as well.
pub fn has_time(text: &str) -> bool {
    text.trim().len() > 10 || text.contains(':')
}

/// `yyyy-MM-dd`.
pub fn date_text(value: NaiveDate) -> String {
    value.format("%Y-%m-%d").to_string()
}

/// `yyyy-MM-dd HH:mm:ss`, with six digits of fraction only where there is one (`be/src/types/timestamp_value.h`).
pub fn datetime_text(value: NaiveDateTime) -> String {
    if value.nanosecond() / 1000 == 0 {
        value.format("%Y-%m-%d %H:%M:%S").to_string()
    } else {
        value.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
    }
}

fn parse_digits(text: &str) -> Option<NaiveDateTime> {
    match text.len() {
        8 => NaiveDate::parse_from_str(text, "%Y%m%d")
            .ok()
            .map(|date| date.and_time(NaiveTime::MIN)),
        14 => NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok(),
        _ => None,
    }
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split(['-', '/']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

fn parse_time(text: &str) -> Option<NaiveTime> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let hour = parts.next()?.parse().ok()?;
    let minute = parts.next().unwrap_or("0").parse().ok()?;
    let second = parts.next().unwrap_or("0").parse().ok()?;
    if parts.next().is_some()
        || fraction.len() > 9
        || !fraction.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let micros: u32 = format!("{fraction:0<6}")[..6].parse().ok()?;
    NaiveTime::from_hms_micro_opt(hour, minute, second, micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_their_stored_spelling() {
        let cases = [
            ("2026-1-5", "2026-01-05 00:00:00"),
            ("2026/01/05 3:04", "2026-01-05 03:04:00"),
            ("20260105", "2026-01-05 00:00:00"),
            ("2026-01-05T03:04:05.5", "2026-01-05 03:04:05.500000"),
        ];
        for (literal, stored) in cases {
            assert_eq!(datetime_text(parse(literal).unwrap()), stored, "{literal}");
        }
        for bad in ["2026-02-30", "today", "26-01-05", "2026-01-05 25:00:00", ""] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
