//! DATE_FORMAT, FROM_UNIXTIME and STR_TO_DATE: MySQL's format letters and the Java patterns StarRocks also takes.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::engine::datetime::{date_text, datetime_text};
use crate::engine::functions::{Arguments, Shared, Surroundings, ambient, nullable, pure};

pub fn register(connection: &Connection, shared: &Shared) -> rusqlite::Result<()> {
    pure(connection, "sr_date_format", 2, |arguments| {
        let formatted = || Some(format(arguments.moment(0)?, &arguments.text(1)?));
        nullable(formatted())
    })?;
    ambient(connection, shared, "sr_from_unixtime", 1, from_unixtime)?;
    ambient(connection, shared, "sr_from_unixtime", 2, from_unixtime)?;
    pure(connection, "sr_str_to_date", 2, str_to_date)
}

fn from_unixtime(around: &Surroundings, arguments: &Arguments) -> Value {
    let local = || {
        let moment = DateTime::from_timestamp(arguments.integer(0)?, 0)?;
        let local = around.zone.local(moment);
        Some(if arguments.len() == 2 {
            format(local, &arguments.text(1)?)
        } else {
            datetime_text(local)
        })
    };
    nullable(local())
}

/// Java patterns (`yyyy-MM-dd HH:mm:ss`, `yyyyMMdd`) are brought to MySQL letters first (`be/src/exprs/time_functions.cpp`).
fn format(moment: NaiveDateTime, pattern: &str) -> String {
    let pattern = match pattern {
        "yyyyMMdd" => "%Y%m%d",
        "yyyy-MM-dd" => "%Y-%m-%d",
        "yyyy-MM-dd HH:mm:ss" => "%Y-%m-%d %H:%i:%s",
        "yyyy-MM" => "%Y-%m",
        "yyyyMM" => "%Y%m",
        "yyyy" => "%Y",
        other => other,
    };
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match (letter, if letter == '%' { letters.next() } else { None }) {
            ('%', Some(code)) => out.push_str(&expand(moment, code)),
            ('%', None) => out.push('%'),
            (plain, _) => out.push(plain),
        }
    }
    out
}

fn expand(moment: NaiveDateTime, code: char) -> String {
    let chrono_code = match code {
        'Y' => "%Y",
        'y' => "%y",
        'm' => "%m",
        'c' => "%-m",
        'd' => "%d",
        'e' => "%-d",
        'H' => "%H",
        'k' => "%-H",
        'h' | 'I' => "%I",
        'l' => "%-I",
        'i' => "%M",
        's' | 'S' => "%S",
        'f' => "%6f",
        'p' => "%p",
        'j' => "%j",
        'a' => "%a",
        'W' => "%A",
        'b' => "%b",
        'M' => "%B",
        'w' => "%w",
        'T' => "%H:%M:%S",
        'r' => "%I:%M:%S %p",
        'v' | 'u' => "%V",
        'x' => "%G",
        other => return other.to_string(),
    };
    moment.format(chrono_code).to_string()
}

fn str_to_date(arguments: &Arguments) -> Value {
    let parsed = || {
        let (text, pattern) = (arguments.text(0)?, arguments.text(1)?);
        let pattern = pattern
            .replace("%i", "%M")
            .replace("%T", "%H:%M:%S")
            .replace("%s", "%S");
        match NaiveDateTime::parse_from_str(&text, &pattern) {
            Ok(moment) => Some(datetime_text(moment)),
            Err(_) => NaiveDate::parse_from_str(&text, &pattern).ok().map(|date| {
                if pattern.contains("%H") {
                    datetime_text(date.and_time(NaiveTime::MIN))
                } else {
                    date_text(date)
                }
            }),
        }
    };
    nullable(parsed())
}
