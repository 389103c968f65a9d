//! StarRocks' scalar functions, as SQLite functions named `sr_…`. `translate::call` decides which of them a statement reaches.
//!
//! Functions that need the clock or the session read them from the `Surroundings` that `execute` sets before each statement.

mod cast;
mod date;
mod date_format;
mod hash;
mod sum;
mod text;

pub(crate) use date::{cut, shift};
pub(crate) use hash::hex;
pub(crate) use text::like;

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDateTime, Utc};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error};

use crate::engine::value;
use crate::engine::zone::Zone;

/// What a running statement sees around itself.
#[derive(Debug, Clone)]
pub struct Surroundings {
    pub now: DateTime<Utc>,
    pub zone: Zone,
}

impl Surroundings {
    /// NOW(): whole seconds in the session's zone.
    pub fn local_now(&self) -> NaiveDateTime {
        use chrono::Timelike;
        let local = self.zone.local(self.now);
        local
            .with_nanosecond(0)
            .expect("zero is a valid nanosecond")
    }
}

pub type Shared = Arc<Mutex<Surroundings>>;

/// Makes every function known to the connection.
pub fn register(connection: &Connection, shared: &Shared) -> rusqlite::Result<()> {
    date::register(connection, shared)?;
    date_format::register(connection, shared)?;
    cast::register(connection)?;
    hash::register(connection)?;
    sum::register(connection)?;
    text::register(connection)
}

/// The arguments of one call. Every accessor answers `None` for NULL and for what cannot be converted.
pub(crate) struct Arguments<'a>(Vec<ValueRef<'a>>);

impl Arguments<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn any_null(&self) -> bool {
        self.0.iter().any(|value| matches!(value, ValueRef::Null))
    }

    fn value(&self, index: usize) -> Value {
        self.0
            .get(index)
            .and_then(|value| Value::try_from(*value).ok())
            .unwrap_or(Value::Null)
    }

    fn text(&self, index: usize) -> Option<String> {
        value::text_of(&self.value(index))
    }

    /// Every argument from `index` on that is not NULL.
    fn texts_from(&self, index: usize) -> Vec<String> {
        (index..self.len())
            .filter_map(|index| self.text(index))
            .collect()
    }

    fn integer(&self, index: usize) -> Option<i64> {
        match self.value(index) {
            Value::Integer(number) => Some(number),
            Value::Real(number) => truncate(number),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Null | Value::Blob(_) => None,
        }
    }

    fn moment(&self, index: usize) -> Option<NaiveDateTime> {
        crate::engine::datetime::parse(&self.text(index)?)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast to an integer cuts the fraction"
)]
fn truncate(number: f64) -> Option<i64> {
    (number.abs() < 9.2e18).then_some(number as i64)
}

type Pure = fn(&Arguments) -> Value;
type Ambient = fn(&Surroundings, &Arguments) -> Value;

/// Registers a function of its arguments alone.
fn pure(connection: &Connection, name: &str, arguments: i32, body: Pure) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(name, arguments, flags, move |context| {
        let values = (0..context.len())
            .map(|index| context.get_raw(index))
            .collect();
        Ok::<_, Error>(body(&Arguments(values)))
    })
}

/// Registers a function that also reads the clock or the zone.
fn ambient(
    connection: &Connection,
    shared: &Shared,
    name: &str,
    arguments: i32,
    body: Ambient,
) -> rusqlite::Result<()> {
    let shared = Arc::clone(shared);
    connection.create_scalar_function(
        name,
        arguments,
        FunctionFlags::SQLITE_UTF8,
        move |context| {
            let values = (0..context.len())
                .map(|index| context.get_raw(index))
                .collect();
            let surroundings = shared.lock().unwrap_or_else(PoisonError::into_inner);
            Ok::<_, Error>(body(&surroundings, &Arguments(values)))
        },
    )
}

fn nullable<T: Into<Value>>(value: Option<T>) -> Value {
    value.map_or(Value::Null, Into::into)
}
