//! A result set, read by column name: releases add columns and move them.

use chrono::{DateTime, NaiveDateTime, Utc};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultSet {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows that an INSERT, UPDATE or DELETE changed.
    pub affected: u64,
}

/// One row, with the names of its columns.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    columns: &'a [String],
    cells: &'a [Option<String>],
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    #[error("the cluster's answer has no column {column}; it has {present}")]
    NoColumn {
        column: &'static str,
        present: String,
    },
    #[error("column {column} is NULL")]
    Null { column: &'static str },
    #[error("column {column} holds {value:?}, which is not {expected}")]
    Value {
        column: &'static str,
        value: String,
        expected: &'static str,
    },
}

impl ResultSet {
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row {
            columns: &self.columns,
            cells,
        })
    }

    pub fn first(&self) -> Option<Row<'_>> {
        self.rows().next()
    }
}

impl<'a> Row<'a> {
    /// `None` where the column is absent, which differs between releases, or NULL.
    pub fn optional(&self, column: &str) -> Option<&'a str> {
        let index = self
            .columns
            .iter()
            .position(|name| name.eq_ignore_ascii_case(column))?;
        self.cells.get(index)?.as_deref()
    }

    pub fn nullable(&self, column: &'static str) -> Result<Option<&'a str>, RowError> {
        let index = self
            .columns
            .iter()
            .position(|name| name.eq_ignore_ascii_case(column))
            .ok_or_else(|| RowError::NoColumn {
                column,
                present: self.columns.join(", "),
            })?;
        Ok(self.cells.get(index).and_then(Option::as_deref))
    }

    pub fn text(&self, column: &'static str) -> Result<&'a str, RowError> {
        self.nullable(column)?.ok_or(RowError::Null { column })
    }

    /// Any number, or another type that parses from text.
    pub fn number<T: std::str::FromStr>(&self, column: &'static str) -> Result<T, RowError> {
        let text = self.text(column)?;
        text.trim().parse().map_err(|_| RowError::Value {
            column,
            value: text.to_owned(),
            expected: "a number",
        })
    }

    pub fn optional_number<T: std::str::FromStr>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, RowError> {
        match self.nullable(column)? {
            None => Ok(None),
            Some(_) => self.number(column).map(Some),
        }
    }

    /// A name of ours, parsed from a column.
    pub fn name<T: std::str::FromStr>(&self, column: &'static str) -> Result<T, RowError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| RowError::Value {
            column,
            value: text.to_owned(),
            expected: "a name that a statement can hold",
        })
    }

    pub fn boolean(&self, column: &'static str) -> Result<bool, RowError> {
        match self.text(column)?.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            other => Err(RowError::Value {
                column,
                value: other.to_owned(),
                expected: "true or false",
            }),
        }
    }

    /// `yyyy-MM-dd HH:mm:ss` in the session's zone, which is UTC on every connection of ours.
    pub fn time(&self, column: &'static str) -> Result<Option<DateTime<Utc>>, RowError> {
        let Some(text) = self.nullable(column)? else {
            return Ok(None);
        };
        let parsed = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f");
        let wrong = |_| RowError::Value {
            column,
            value: text.to_owned(),
            expected: "a time",
        };
        Ok(Some(parsed.map_err(wrong)?.and_utc()))
    }

    /// Milliseconds since the epoch.
    pub fn epoch_ms(&self, column: &'static str) -> Result<Option<DateTime<Utc>>, RowError> {
        Ok(self
            .optional_number::<i64>(column)?
            .and_then(DateTime::from_timestamp_millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_by_name_whatever_the_order_and_case() {
        let set = ResultSet {
            columns: ["Id", "Alive", "At"].map(str::to_owned).to_vec(),
            rows: vec![
                vec![Some("7".into()), Some("true".into()), None],
                vec![
                    None,
                    Some("maybe".into()),
                    Some("2026-01-02 03:04:05".into()),
                ],
            ],
            affected: 0,
        };
        let rows: Vec<Row> = set.rows().collect();
        assert_eq!(rows[0].number::<u64>("id"), Ok(7));
        assert_eq!(rows[0].boolean("ALIVE"), Ok(true));
        assert_eq!(rows[0].time("At"), Ok(None));
        assert_eq!(
            rows[1].time("At").unwrap().unwrap().to_rfc3339(),
            "2026-01-02T03:04:05+00:00"
        );
        assert_eq!(
            rows[1].number::<u64>("Id"),
            Err(RowError::Null { column: "Id" })
        );
        assert_eq!(
            rows[1].boolean("Alive").unwrap_err().to_string(),
            "column Alive holds \"maybe\", which is not true or false"
        );
        assert_eq!(
            rows[0].text("Role").unwrap_err().to_string(),
            "the cluster's answer has no column Role; it has Id, Alive, At"
        );
        assert_eq!(rows[0].optional("Role"), None);
    }
}
