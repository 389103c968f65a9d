//! Constants: read without SQLite where a statement carries thousands of them.

use rusqlite::types::Value;
use sqlparser::ast as sql;

use crate::engine::translate::Type;

/// A constant that needs no evaluation: literals and signed numbers. Numbers with a fraction stay text, so that no digit is lost.
pub fn constant(expression: &sql::Expr) -> Option<Value> {
    match expression {
        sql::Expr::Value(value) => match &value.value {
            sql::Value::Null => Some(Value::Null),
            sql::Value::Boolean(flag) => Some(Value::Integer((*flag).into())),
            sql::Value::Number(digits, _) => Some(number(digits)),
            other => text_literal_of(other).map(|text| Value::Text(text.to_owned())),
        },
        sql::Expr::UnaryOp {
            op: sql::UnaryOperator::Minus,
            expr,
        } => match constant(expr)? {
            Value::Integer(number) => Some(Value::Integer(-number)),
            Value::Text(digits) if is_number(expr) => Some(Value::Text(format!("-{digits}"))),
            _ => None,
        },
        sql::Expr::UnaryOp {
            op: sql::UnaryOperator::Plus,
            expr,
        } if is_number(expr) => constant(expr),
        sql::Expr::Nested(inner) => constant(inner),
        _ => None,
    }
}

/// The content of a string literal.
pub fn text_literal(expression: &sql::Expr) -> Option<&str> {
    match expression {
        sql::Expr::Value(value) => text_literal_of(&value.value),
        sql::Expr::Nested(inner) => text_literal(inner),
        _ => None,
    }
}

/// SQLite's text of a literal, with its type.
pub(super) fn literal(value: &sql::Value) -> Option<(String, Type)> {
    Some(match value {
        sql::Value::Null => ("NULL".to_owned(), Type::Null),
        sql::Value::Boolean(flag) => (i64::from(*flag).to_string(), Type::Boolean),
        sql::Value::Number(digits, _) => (digits.clone(), number_type(digits)),
        other => (quoted(text_literal_of(other)?), Type::Text),
    })
}

/// A string as an SQLite literal.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn text_literal_of(value: &sql::Value) -> Option<&str> {
    match value {
        sql::Value::SingleQuotedString(text) | sql::Value::DoubleQuotedString(text) => Some(text),
        _ => None,
    }
}

fn number(digits: &str) -> Value {
    digits
        .parse()
        .map_or_else(|_| Value::Text(digits.to_owned()), Value::Integer)
}

fn number_type(digits: &str) -> Type {
    if digits.contains(['e', 'E']) {
        return Type::Double;
    }
    match digits.split_once('.') {
        Some((_, fraction)) => Type::Decimal(u8::try_from(fraction.len()).unwrap_or(u8::MAX)),
        None => Type::Integer,
    }
}

fn is_number(expression: &sql::Expr) -> bool {
    matches!(expression, sql::Expr::Value(value) if matches!(value.value, sql::Value::Number(..)))
}
