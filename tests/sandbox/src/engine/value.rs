//! Values on their way into a column: checked and brought to the one form that is stored.
//!
//! SQLite holds 64-bit integers and doubles. What does not fit into them (DECIMAL beyond 15 digits, LARGEINT beyond 64 bits) is refused.

use rusqlite::types::Value;

use crate::answer::SqlError;
use crate::ast::{ColumnDefinition, DataType};
use crate::engine::{datetime, error};

/// Why a value does not go into its column.
#[derive(Debug)]
pub enum Misfit {
    /// StarRocks filters the row, and refuses the statement in strict mode.
    Filtered(String),
    /// StarRocks would take it, this sandbox cannot hold it.
    Beyond(SqlError),
}

/// Converts to the column's type, with NULL and length rules.
pub fn fit(value: Value, column: &ColumnDefinition) -> Result<Value, Misfit> {
    if value == Value::Null {
        return if column.nullable == Some(false) {
            Err(Misfit::Filtered(format!(
                "NULL value in non-nullable column '{}'",
                column.name
            )))
        } else {
            Ok(Value::Null)
        };
    }
    match column.data_type {
        DataType::Boolean => boolean(&value).map_or_else(
            || Err(no_conversion(&value, column)),
            |flag| Ok(Value::Integer(flag.into())),
        ),
        DataType::TinyInt => integer(&value, column, i8::MIN.into(), i8::MAX.into()),
        DataType::SmallInt => integer(&value, column, i16::MIN.into(), i16::MAX.into()),
        DataType::Int => integer(&value, column, i32::MIN.into(), i32::MAX.into()),
        DataType::BigInt | DataType::LargeInt => {
            integer(&value, column, i64::MIN.into(), i64::MAX.into())
        }
        DataType::Float => double(&value).map_or_else(
            || Err(no_conversion(&value, column)),
            |number| Ok(Value::Real(as_float(number))),
        ),
        DataType::Double => double(&value).map_or_else(
            || Err(no_conversion(&value, column)),
            |number| Ok(Value::Real(number)),
        ),
        DataType::Decimal { precision, scale } => decimal(&value, column, precision, scale),
        DataType::Date => {
            moment(&value, column).map(|moment| Value::Text(datetime::date_text(moment.date())))
        }
        DataType::DateTime => {
            moment(&value, column).map(|moment| Value::Text(datetime::datetime_text(moment)))
        }
        DataType::Char(limit) | DataType::Varchar(limit) => text(value, column, limit),
        DataType::Json => json(&value, column),
        DataType::VarBinary(_) => Err(Misfit::Beyond(error::not_modelled("VARBINARY values"))),
    }
}

/// Shortest text that reads back as the same double, without an empty fraction.
pub fn double_text(number: f64) -> String {
    if number.abs() >= 1e16 || (number != 0.0 && number.abs() < 1e-5) {
        let text = format!("{number:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => {
                format!("{digits}e+{exponent:0>2}")
            }
            _ => text,
        };
    }
    format!("{number}")
}

/// A value as VARCHAR.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Integer(number) => Some(number.to_string()),
        Value::Real(number) => Some(double_text(*number)),
        Value::Text(text) => Some(text.clone()),
        Value::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

fn no_conversion(value: &Value, column: &ColumnDefinition) -> Misfit {
    Misfit::Filtered(format!(
        "Value '{}' is invalid for column '{}'",
        text_of(value).unwrap_or_default(),
        column.name
    ))
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Integer(number) => Some(*number != 0),
        Value::Real(number) => Some(*number != 0.0),
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            other => other.parse::<i64>().ok().map(|number| number != 0),
        },
        Value::Null | Value::Blob(_) => None,
    }
}

fn integer(
    value: &Value,
    column: &ColumnDefinition,
    low: i128,
    high: i128,
) -> Result<Value, Misfit> {
    let number: Option<i128> = match value {
        Value::Integer(number) => Some((*number).into()),
        Value::Real(number) => whole(*number),
        Value::Text(text) => text
            .trim()
            .parse::<i128>()
            .ok()
            .or_else(|| text.trim().parse::<f64>().ok().and_then(whole)),
        Value::Null | Value::Blob(_) => None,
    };
    let number = number.ok_or_else(|| no_conversion(value, column))?;
    if (low..=high).contains(&number) {
        return i64::try_from(number)
            .map(Value::Integer)
            .map_err(|_| no_conversion(value, column));
    }
    if column.data_type == DataType::LargeInt {
        return Err(Misfit::Beyond(error::not_modelled(format!(
            "LARGEINT beyond 64 bits: {number}"
        ))));
    }
    Err(no_conversion(value, column))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "bounds are checked first; a cast from double cuts the fraction, as StarRocks does"
)]
fn whole(number: f64) -> Option<i128> {
    (number.abs() < 1e37).then_some(number as i128)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "FLOAT columns keep 32 bits"
)]
fn as_float(number: f64) -> f64 {
    let narrow = number as f32;
    format!("{narrow}")
        .parse()
        .unwrap_or_else(|_| f64::from(narrow))
}

fn double(value: &Value) -> Option<f64> {
    match value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "DOUBLE columns hold what a double holds"
        )]
        Value::Integer(number) => Some(*number as f64),
        Value::Real(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        Value::Null | Value::Blob(_) => None,
    }
}

/// Decimals are rounded half up in text, then stored as the nearest double: exact to 15 digits.
fn decimal(
    value: &Value,
    column: &ColumnDefinition,
    precision: u8,
    scale: u8,
) -> Result<Value, Misfit> {
    let text = text_of(value).unwrap_or_default();
    let rounded =
        round_decimal(text.trim(), scale.into()).ok_or_else(|| no_conversion(value, column))?;
    let digits = rounded
        .trim_start_matches('-')
        .trim_start_matches('0')
        .replace('.', "");
    let significant = digits.trim_start_matches('0').len();
    if significant > precision.into() {
        return Err(no_conversion(value, column));
    }
    if significant > 15 {
        return Err(Misfit::Beyond(error::not_modelled(format!(
            "DECIMAL values of more than 15 digits: {text}"
        ))));
    }
    rounded
        .parse()
        .map(Value::Real)
        .map_err(|_| no_conversion(value, column))
}

/// `-12.345` to two digits is `-12.35`.
fn round_decimal(text: &str, scale: usize) -> Option<String> {
    if text.contains(['e', 'E']) {
        return text
            .parse::<f64>()
            .ok()
            .map(|number| format!("{number:.scale$}"));
    }
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text.strip_prefix('+').unwrap_or(text)), |rest| {
            ("-", rest)
        });
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && fraction.is_empty())
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let kept = &fraction[..fraction.len().min(scale)];
    let mut number: u128 = format!("{whole}{kept:0<scale$}").parse().ok()?;
    if fraction
        .as_bytes()
        .get(scale)
        .is_some_and(|byte| *byte >= b'5')
    {
        number += 1;
    }
    let padded = format!("{number:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    Some(if scale == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    })
}

fn moment(value: &Value, column: &ColumnDefinition) -> Result<chrono::NaiveDateTime, Misfit> {
    text_of(value)
        .as_deref()
        .and_then(datetime::parse)
        .ok_or_else(|| no_conversion(value, column))
}

/// Lengths are bytes of UTF-8 (`be/src/runtime/types.h`).
fn text(value: Value, column: &ColumnDefinition, limit: u32) -> Result<Value, Misfit> {
    let text = match value {
        Value::Text(text) => text,
        other => text_of(&other).unwrap_or_default(),
    };
    if text.len() > limit as usize {
        let start: String = text.chars().take(32).collect();
        return Err(Misfit::Filtered(format!(
            "String '{start}'(length={}) is too long. The max length of '{}' is {limit}",
            text.len(),
            column.name
        )));
    }
    Ok(Value::Text(text))
}

fn json(value: &Value, column: &ColumnDefinition) -> Result<Value, Misfit> {
    let text = text_of(value).unwrap_or_default();
    let parsed: serde_json::Value =
        serde_json::from_str(&text).map_err(|_| no_conversion(value, column))?;
    Ok(Value::Text(json_text(&parsed)))
}

/// JSON as StarRocks prints it: one space after colons and commas.
fn json_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| {
                    format!(
                        "{}: {}",
                        serde_json::Value::from(name.as_str()),
                        json_text(value)
                    )
                })
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        serde_json::Value::Array(items) => format!(
            "[{}]",
            items.iter().map(json_text).collect::<Vec<_>>().join(", ")
        ),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(data_type: DataType) -> ColumnDefinition {
        ColumnDefinition {
            name: "c".into(),
            data_type,
            key: false,
            aggregation: None,
            nullable: Some(false),
            default: None,
            auto_increment: false,
            generated: None,
            comment: None,
        }
    }

    #[test]
    fn decimals_are_rounded_half_up_and_never_cut_silently() {
        let money = column(DataType::Decimal {
            precision: 10,
            scale: 2,
        });
        assert_eq!(
            fit(Value::Text("1.005".into()), &money).unwrap(),
            Value::Real(1.01)
        );
        assert!(matches!(
            fit(Value::Text("123456789.00".into()), &money),
            Err(Misfit::Filtered(_))
        ));
        let wide = column(DataType::Decimal {
            precision: 38,
            scale: 2,
        });
        assert!(matches!(
            fit(Value::Text("12345678901234567.00".into()), &wide),
            Err(Misfit::Beyond(_))
        ));
    }

    #[test]
    fn strings_are_measured_in_bytes() {
        let short = column(DataType::Varchar(3));
        assert!(fit(Value::Text("äb".into()), &short).is_ok());
        assert!(matches!(
            fit(Value::Text("ää".into()), &short),
            Err(Misfit::Filtered(_))
        ));
        assert!(matches!(fit(Value::Null, &short), Err(Misfit::Filtered(_))));
    }

    #[test]
    fn largeint_beyond_64_bits_is_refused_loudly() {
        let large = column(DataType::LargeInt);
        assert!(matches!(
            fit(
                Value::Text("170141183460469231731687303715884105727".into()),
                &large
            ),
            Err(Misfit::Beyond(_))
        ));
        assert!(matches!(
            fit(Value::Integer(300), &column(DataType::TinyInt)),
            Err(Misfit::Filtered(_))
        ));
    }

    #[test]
    fn doubles_print_as_short_as_they_read_back() {
        for (number, text) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (1e20, "1e+20"),
            (2.5e-7, "2.5e-7"),
        ] {
            assert_eq!(double_text(number), text);
        }
    }
}
