//! Date arithmetic: NOW, DATE_ADD, DATEDIFF, TIMESTAMPDIFF, DATE_TRUNC, UNIX_TIMESTAMP and their kin.

use chrono::{Datelike, Days, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::engine::datetime::{date_text, datetime_text, parse};
use crate::engine::functions::{Arguments, Shared, Surroundings, ambient, nullable, pure};
use crate::engine::zone::Zone;

pub fn register(connection: &Connection, shared: &Shared) -> rusqlite::Result<()> {
    ambient(connection, shared, "sr_now", 0, |around, _| {
        Value::Text(datetime_text(around.local_now()))
    })?;
    ambient(connection, shared, "sr_curdate", 0, |around, _| {
        Value::Text(date_text(around.local_now().date()))
    })?;
    ambient(connection, shared, "sr_curtime", 0, |around, _| {
        Value::Text(around.local_now().format("%H:%M:%S").to_string())
    })?;
    ambient(connection, shared, "sr_utc_timestamp", 0, |around, _| {
        Value::Text(around.now.format("%Y-%m-%d %H:%M:%S").to_string())
    })?;
    ambient(connection, shared, "sr_unix_timestamp", 0, |around, _| {
        Value::Integer(around.now.timestamp())
    })?;
    ambient(connection, shared, "sr_unix_timestamp", 1, unix_timestamp)?;
    pure(connection, "sr_date_add", 3, |arguments| {
        let moved = || {
            shift(
                arguments.moment(0)?,
                arguments.integer(1)?,
                &arguments.text(2)?,
            )
        };
        nullable(moved().map(datetime_text))
    })?;
    pure(connection, "sr_date", 1, |arguments| {
        nullable(arguments.moment(0).map(|moment| date_text(moment.date())))
    })?;
    pure(connection, "sr_datetime", 1, |arguments| {
        nullable(arguments.moment(0).map(datetime_text))
    })?;
    pure(connection, "sr_datediff", 2, |arguments| {
        let days = || Some((arguments.moment(0)?.date() - arguments.moment(1)?.date()).num_days());
        nullable(days())
    })?;
    pure(connection, "sr_timestampdiff", 3, |arguments| {
        let difference = || {
            difference(
                &arguments.text(0)?,
                arguments.moment(1)?,
                arguments.moment(2)?,
            )
        };
        nullable(difference())
    })?;
    pure(connection, "sr_date_trunc", 2, |arguments| {
        let cut = || cut(&arguments.text(0)?, arguments.moment(1)?);
        nullable(cut().map(datetime_text))
    })?;
    pure(connection, "sr_date_part", 2, |arguments| {
        let part = || part(&arguments.text(0)?, arguments.moment(1)?);
        nullable(part())
    })?;
    pure(connection, "sr_dayname", 1, |arguments| {
        nullable(
            arguments
                .moment(0)
                .map(|moment| moment.format("%A").to_string()),
        )
    })?;
    pure(connection, "sr_monthname", 1, |arguments| {
        nullable(
            arguments
                .moment(0)
                .map(|moment| moment.format("%B").to_string()),
        )
    })?;
    pure(connection, "sr_last_day", 1, |arguments| {
        nullable(arguments.moment(0).and_then(last_day).map(date_text))
    })?;
    pure(connection, "sr_convert_tz", 3, |arguments| {
        nullable(convert(arguments).map(datetime_text))
    })
}

/// Moves a moment by whole units; months and years end on the last day of a shorter month.
pub fn shift(moment: NaiveDateTime, count: i64, unit: &str) -> Option<NaiveDateTime> {
    let months = |months: i64| {
        let count = u32::try_from(months.unsigned_abs()).ok()?;
        if months < 0 {
            moment.checked_sub_months(Months::new(count))
        } else {
            moment.checked_add_months(Months::new(count))
        }
    };
    let days = |days: i64| {
        let count = Days::new(days.unsigned_abs());
        if days < 0 {
            moment.checked_sub_days(count)
        } else {
            moment.checked_add_days(count)
        }
    };
    match unit {
        "YEAR" => months(count.checked_mul(12)?),
        "QUARTER" => months(count.checked_mul(3)?),
        "MONTH" => months(count),
        "WEEK" => days(count.checked_mul(7)?),
        "DAY" => days(count),
        "HOUR" => moment.checked_add_signed(Duration::try_hours(count)?),
        "MINUTE" => moment.checked_add_signed(Duration::try_minutes(count)?),
        "SECOND" => moment.checked_add_signed(Duration::try_seconds(count)?),
        "MILLISECOND" => moment.checked_add_signed(Duration::try_milliseconds(count)?),
        "MICROSECOND" => moment.checked_add_signed(Duration::microseconds(count)),
        _ => None,
    }
}

/// The start of the unit that holds the moment; weeks start on Monday.
pub fn cut(unit: &str, moment: NaiveDateTime) -> Option<NaiveDateTime> {
    let date = moment.date();
    let time = |hour, minute, second| NaiveTime::from_hms_opt(hour, minute, second);
    let day = match unit.to_ascii_uppercase().as_str() {
        "SECOND" => {
            return Some(date.and_time(time(moment.hour(), moment.minute(), moment.second())?));
        }
        "MINUTE" => return Some(date.and_time(time(moment.hour(), moment.minute(), 0)?)),
        "HOUR" => return Some(date.and_time(time(moment.hour(), 0, 0)?)),
        "DAY" => date,
        "WEEK" => date.checked_sub_days(Days::new(date.weekday().num_days_from_monday().into()))?,
        "MONTH" => date.with_day(1)?,
        "QUARTER" => NaiveDate::from_ymd_opt(date.year(), (date.month0() / 3) * 3 + 1, 1)?,
        "YEAR" => NaiveDate::from_ymd_opt(date.year(), 1, 1)?,
        _ => return None,
    };
    Some(day.and_time(NaiveTime::MIN))
}

/// Whole units from `from` to `to`.
fn difference(unit: &str, from: NaiveDateTime, to: NaiveDateTime) -> Option<i64> {
    let span = to - from;
    let months = || {
        let whole = i64::from(to.year() - from.year()) * 12 + i64::from(to.month())
            - i64::from(from.month());
        let rest = |moment: NaiveDateTime| (moment.day(), moment.time());
        match whole {
            count if count > 0 && rest(to) < rest(from) => count - 1,
            count if count < 0 && rest(to) > rest(from) => count + 1,
            count => count,
        }
    };
    Some(match unit {
        "YEAR" => months() / 12,
        "QUARTER" => months() / 3,
        "MONTH" => months(),
        "WEEK" => span.num_weeks(),
        "DAY" => span.num_days(),
        "HOUR" => span.num_hours(),
        "MINUTE" => span.num_minutes(),
        "SECOND" => span.num_seconds(),
        "MILLISECOND" => span.num_milliseconds(),
        "MICROSECOND" => span.num_microseconds()?,
        _ => return None,
    })
}

fn part(unit: &str, moment: NaiveDateTime) -> Option<i64> {
    Some(match unit {
        "YEAR" => moment.year().into(),
        "QUARTER" => (moment.month0() / 3 + 1).into(),
        "MONTH" => moment.month().into(),
        "WEEK" => moment.iso_week().week().into(),
        "DAY" => moment.day().into(),
        "DAYOFWEEK" => (moment.weekday().num_days_from_sunday() + 1).into(),
        "WEEKDAY" => moment.weekday().num_days_from_monday().into(),
        "DAYOFYEAR" => moment.ordinal().into(),
        "HOUR" => moment.hour().into(),
        "MINUTE" => moment.minute().into(),
        "SECOND" => moment.second().into(),
        "MICROSECOND" => (moment.nanosecond() / 1000).into(),
        _ => return None,
    })
}

fn unix_timestamp(around: &Surroundings, arguments: &Arguments) -> Value {
    nullable(
        arguments
            .moment(0)
            .map(|local| around.zone.moment(local).timestamp().max(0)),
    )
}

fn last_day(moment: NaiveDateTime) -> Option<NaiveDate> {
    moment
        .date()
        .with_day(1)?
        .checked_add_months(Months::new(1))?
        .pred_opt()
}

fn convert(arguments: &Arguments) -> Option<NaiveDateTime> {
    let local = parse(&arguments.text(0)?)?;
    let from = Zone::parse(&arguments.text(1)?).ok()?;
    let to = Zone::parse(&arguments.text(2)?).ok()?;
    Some(to.local(from.moment(local)))
}
