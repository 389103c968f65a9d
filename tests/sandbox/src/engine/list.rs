//! LIST partition values: how they compare with rows, how SHOW PARTITIONS and SHOW CREATE TABLE print them
//! (`catalog/ListPartitionInfo.java`).

use rusqlite::types::Value;
use serde::{Deserialize, Serialize};

use crate::answer::SqlError;
use crate::ast::{DataType, ListValues};
use crate::engine::range::part_of;
use crate::engine::value::text_of;
use crate::engine::{error, range};

/// One value for each partition column, in its column's only spelling. `None` is NULL.
pub type ListRow = Vec<Option<String>>;

/// What one partition holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListItem {
    pub rows: Vec<ListRow>,
    /// Given as `("a", "b")`, not as `(("a"), ("b"))`: it is printed as it was given.
    pub single: bool,
}

impl ListItem {
    /// Reads the values of a statement.
    pub fn read(values: &ListValues, types: &[DataType]) -> Result<ListItem, SqlError> {
        let (rows, single): (Vec<&[Option<String>]>, bool) = match values {
            ListValues::Single(values) => (values.chunks(1).collect(), true),
            ListValues::Rows(rows) => (rows.iter().map(Vec::as_slice).collect(), false),
        };
        let mut read = Vec::with_capacity(rows.len());
        for row in rows {
            if row.len() != types.len() {
                let texts: Vec<&str> = row.iter().map(shown).collect();
                return Err(error::analyzing(format!(
                    "({}) size should be equal to partition column size ",
                    texts.join(",")
                )));
            }
            read.push(
                row.iter()
                    .zip(types)
                    .map(|(value, data_type)| {
                        value
                            .as_deref()
                            .map(|text| spelled(text, *data_type))
                            .transpose()
                    })
                    .collect::<Result<ListRow, SqlError>>()?,
            );
        }
        Ok(ListItem { rows: read, single })
    }

    /// The partition that a load makes for one row of an automatic table.
    pub fn born(row: ListRow) -> ListItem {
        ListItem {
            rows: vec![row],
            single: false,
        }
    }

    /// `[["beijing"],["shanghai"]]` (`getValuesFormat`).
    pub fn show(&self) -> String {
        let rows: Vec<Vec<&str>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(shown).collect())
            .collect();
        serde_json::to_string(&rows).expect("strings can be printed")
    }

    /// `('a', 'b')` or `(('a', 'b'), ('c', 'd'))`.
    pub fn sql(&self) -> String {
        let quoted = |value: &Option<String>| format!("'{}'", shown(value));
        let row = |row: &ListRow| row.iter().map(quoted).collect::<Vec<_>>().join(", ");
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|values| {
                if self.single {
                    row(values)
                } else {
                    format!("({})", row(values))
                }
            })
            .collect();
        format!("({})", rows.join(", "))
    }
}

/// The partition columns of a row that fits its table.
pub fn row_of(row: &[Value], columns: &[usize], types: &[DataType]) -> ListRow {
    columns
        .iter()
        .zip(types)
        .map(|(index, data_type)| match (&row[*index], data_type) {
            (Value::Integer(flag), DataType::Boolean) => {
                Some(if *flag == 0 { "FALSE" } else { "TRUE" }.to_owned())
            }
            (value, _) => text_of(value),
        })
        .collect()
}

fn shown(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or("NULL")
}

fn spelled(text: &str, data_type: DataType) -> Result<String, SqlError> {
    Ok(match data_type {
        DataType::Char(_) | DataType::Varchar(_) => text.to_owned(),
        DataType::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => "TRUE".to_owned(),
            "false" | "0" => "FALSE".to_owned(),
            _ => return Err(error::analyzing(format!("Invalid BOOLEAN literal: {text}"))),
        },
        _ => range::text_of(&part_of(text, data_type)?, data_type),
    })
}

/// The name of the partition that a load makes for a row (`sql/analyzer/AnalyzerUtils.getFormatPartitionValue`): letters and digits stay,
/// `-`, `:` and blanks go, everything else becomes its code in hexadecimal; a leading minus becomes `_`. `taken` says whether the table has
/// that name for other values: then a hash makes it another.
pub fn born_name(row: &ListRow, taken: impl Fn(&str) -> bool) -> String {
    const LONGEST: usize = 50;
    let parts: Vec<String> = row.iter().map(|value| formatted(shown(value))).collect();
    let mut name = format!("p{}", parts.join("_"));
    if name.len() > LONGEST {
        name = format!("{}_{:x}", &name[..LONGEST], java_hash(&name));
    }
    if !taken(&name) {
        return name;
    }
    let hash = java_hash(&name);
    (0..=100)
        .map(|step| format!("{name}_{:x}", hash.wrapping_add(step)))
        .find(|other| !taken(other))
        .unwrap_or(name)
}

fn formatted(value: &str) -> String {
    let mut text = String::new();
    if value.starts_with('-') {
        text.push('_');
    }
    for c in value.chars() {
        match c {
            'A'..='Z' | 'a'..='z' | '0'..='9' => text.push(c),
            '-' | ':' | ' ' => {}
            other => text += &format!("{:x}", u32::from(other)),
        }
    }
    text
}

/// `String.hashCode`.
fn java_hash(text: &str) -> u32 {
    text.encode_utf16().fold(0_u32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(unit.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_named_after_their_values() {
        let name = |row: &[&str]| {
            let row = row.iter().map(|value| Some((*value).to_owned())).collect();
            born_name(&row, |_| false)
        };
        for (row, expected) in [
            (vec!["beijing"], "pbeijing"),
            (vec!["2026-03-10"], "p20260310"),
            (vec!["2026-03-10 12:00:00"], "p20260310120000"),
            (vec!["Menlo Park", "7"], "pMenloPark_7"),
            (vec!["-5"], "p_5"),
            (vec!["a/b"], "pa2fb"),
            (vec!["北京"], "p53174eac"),
        ] {
            assert_eq!(name(&row), expected);
        }
        assert_eq!(born_name(&vec![None], |_| false), "pNULL");
        let long = name(&[&"x".repeat(60)]);
        assert!(long.starts_with(&format!("p{}_", "x".repeat(49))), "{long}");
    }

    #[test]
    fn a_name_taken_by_other_values_gets_a_hash() {
        // "pA".hashCode() = 112 * 31 + 65 = 3537 = 0xdd1
        assert_eq!(
            born_name(&vec![Some("A".to_owned())], |name| name == "pA"),
            "pA_dd1"
        );
    }
}
