//! RANGE partition bounds: how they compare, how SHOW PARTITIONS and SHOW CREATE TABLE print them.

use serde::{Deserialize, Serialize};

use crate::answer::SqlError;
use crate::ast::{Bound, DataType};
use crate::engine::{datetime, error};

/// One column of a bound. The order of the variants is their order as values; NULL sorts with `Min`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KeyPart {
    Min,
    Integer(i64),
    /// Dates in their stored spelling sort as text.
    Text(String),
    Max,
}

pub type Key = Vec<KeyPart>;

/// `[lower, upper)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Range {
    pub lower: Key,
    pub upper: Key,
}

impl Range {
    pub fn contains(&self, key: &[KeyPart]) -> bool {
        self.lower.as_slice() <= key && key < self.upper.as_slice()
    }

    pub fn overlaps(&self, other: &Range) -> bool {
        self.lower < other.upper && other.lower < self.upper
    }

    /// `[types: [DATE]; keys: [2024-01-01]; ..types: [DATE]; keys: [2024-01-02]; )` (`catalog/PartitionKey.toString`).
    pub fn show(&self, types: &[DataType]) -> String {
        format!(
            "[{}..{})",
            show_key(&self.lower, types),
            show_key(&self.upper, types)
        )
    }

    /// `[("2024-01-01"), ("2024-01-02"))` as SHOW CREATE TABLE writes it.
    pub fn sql(&self, types: &[DataType]) -> String {
        format!(
            "[({}), ({}))",
            sql_key(&self.lower, types),
            sql_key(&self.upper, types)
        )
    }
}

/// Turns the bounds of a statement into a key; missing trailing columns are MIN (`catalog/PartitionKey.createPartitionKey`).
pub fn key_of(bounds: &[Bound], types: &[DataType]) -> Result<Key, SqlError> {
    if bounds.len() > types.len() || bounds.is_empty() {
        return Err(error::analyzing(
            "Partition values number is more than partition column number",
        ));
    }
    let mut key = Vec::with_capacity(types.len());
    for (index, data_type) in types.iter().enumerate() {
        key.push(match bounds.get(index) {
            None | Some(Bound::MinValue) => KeyPart::Min,
            Some(Bound::MaxValue) => KeyPart::Max,
            Some(Bound::Value(text)) => part_of(text, *data_type)?,
        });
    }
    Ok(key)
}

/// One literal as a key part of its column's type.
pub fn part_of(text: &str, data_type: DataType) -> Result<KeyPart, SqlError> {
    let invalid = || error::analyzing(format!("Invalid {} literal: {text}", type_name(data_type)));
    Ok(match data_type {
        DataType::Date => {
            let value = datetime::parse(text).ok_or_else(invalid)?;
            lowest_or(KeyPart::Text(datetime::date_text(value.date())), data_type)
        }
        DataType::DateTime => {
            let value = datetime::parse(text).ok_or_else(invalid)?;
            lowest_or(KeyPart::Text(datetime::datetime_text(value)), data_type)
        }
        DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::LargeInt => lowest_or(
            KeyPart::Integer(text.trim().parse().map_err(|_| invalid())?),
            data_type,
        ),
        _ => {
            return Err(error::analyzing(format!(
                "Column type {} can not be a range partition column",
                type_name(data_type)
            )));
        }
    })
}

/// The smallest value of a type and MIN are the same bound.
fn lowest_or(part: KeyPart, data_type: DataType) -> KeyPart {
    let text = match &part {
        KeyPart::Integer(value) => value.to_string(),
        KeyPart::Text(text) => text.clone(),
        KeyPart::Min | KeyPart::Max => return part,
    };
    if text == lowest(data_type) {
        KeyPart::Min
    } else {
        part
    }
}

pub fn show_key(key: &[KeyPart], types: &[DataType]) -> String {
    let names: Vec<&str> = types
        .iter()
        .map(|data_type| type_name(*data_type))
        .collect();
    let values: Vec<String> = key
        .iter()
        .zip(types)
        .map(|(part, data_type)| text_of(part, *data_type))
        .collect();
    format!(
        "types: [{}]; keys: [{}]; ",
        names.join(", "),
        values.join(", ")
    )
}

fn sql_key(key: &[KeyPart], types: &[DataType]) -> String {
    let values: Vec<String> = key
        .iter()
        .zip(types)
        .map(|(part, data_type)| match part {
            KeyPart::Max => "MAXVALUE".to_owned(),
            other => format!("\"{}\"", text_of(other, *data_type)),
        })
        .collect();
    values.join(", ")
}

pub fn text_of(part: &KeyPart, data_type: DataType) -> String {
    match part {
        KeyPart::Min => lowest(data_type),
        KeyPart::Integer(value) => value.to_string(),
        KeyPart::Text(text) => text.clone(),
        KeyPart::Max => "MAXVALUE".to_owned(),
    }
}

fn lowest(data_type: DataType) -> String {
    match data_type {
        DataType::Date => "0000-01-01".to_owned(),
        DataType::DateTime => "0000-01-01 00:00:00".to_owned(),
        DataType::TinyInt => i8::MIN.to_string(),
        DataType::SmallInt => i16::MIN.to_string(),
        DataType::Int => i32::MIN.to_string(),
        DataType::LargeInt => i128::MIN.to_string(),
        _ => i64::MIN.to_string(),
    }
}

fn type_name(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "BOOLEAN",
        DataType::TinyInt => "TINYINT",
        DataType::SmallInt => "SMALLINT",
        DataType::Int => "INT",
        DataType::BigInt => "BIGINT",
        DataType::LargeInt => "LARGEINT",
        DataType::Float => "FLOAT",
        DataType::Double => "DOUBLE",
        DataType::Decimal { .. } => "DECIMAL",
        DataType::Date => "DATE",
        DataType::DateTime => "DATETIME",
        DataType::Char(_) => "CHAR",
        DataType::Varchar(_) => "VARCHAR",
        DataType::Json => "JSON",
        DataType::VarBinary(_) => "VARBINARY",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_print_as_show_partitions_does() {
        let types = [DataType::Date];
        let lower = key_of(&[Bound::MinValue], &types).unwrap();
        let upper = key_of(&[Bound::Value("2024-1-2".into())], &types).unwrap();
        let range = Range { lower, upper };
        assert_eq!(
            range.show(&types),
            "[types: [DATE]; keys: [0000-01-01]; ..types: [DATE]; keys: [2024-01-02]; )"
        );
        assert_eq!(range.sql(&types), "[(\"0000-01-01\"), (\"2024-01-02\"))");
        assert!(
            range.contains(&[KeyPart::Min])
                && !range.contains(&[KeyPart::Text("2024-01-02".into())])
        );
    }
}
