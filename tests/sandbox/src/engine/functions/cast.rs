//! CAST: what cannot be converted is NULL.

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::engine::functions::{Arguments, nullable, pure};

pub fn register(connection: &Connection) -> rusqlite::Result<()> {
    pure(connection, "sr_cast_text", 1, |arguments| {
        nullable(arguments.text(0))
    })?;
    pure(connection, "sr_cast_integer", 1, |arguments| {
        nullable(arguments.integer(0))
    })?;
    pure(connection, "sr_cast_boolean", 1, |arguments| {
        nullable(boolean(arguments))
    })?;
    pure(
        connection,
        "sr_cast_double",
        1,
        |arguments| match arguments.value(0) {
            Value::Text(text) => nullable(text.trim().parse::<f64>().ok()),
            other => other,
        },
    )?;
    pure(connection, "sr_decimal_text", 2, |arguments| {
        nullable(decimal_text(arguments))
    })
}

fn boolean(arguments: &Arguments) -> Option<i64> {
    match arguments.text(0)?.to_ascii_lowercase().as_str() {
        "true" => Some(1),
        "false" => Some(0),
        other => other
            .parse::<f64>()
            .ok()
            .map(|number| i64::from(number != 0.0)),
    }
}

/// A DECIMAL as text keeps the digits of its scale.
fn decimal_text(arguments: &Arguments) -> Option<String> {
    let scale = usize::try_from(arguments.integer(1)?).ok()?;
    Some(format!(
        "{:.scale$}",
        arguments.text(0)?.parse::<f64>().ok()?
    ))
}
