//! A result set, read by column name: releases add columns and move them.

use chrono::{DateTime, NaiveDateTime, Utc};

/// The cells of all rows stand in one piece of memory: a catalogue has a row for each of a hundred thousand partitions, and a piece of its own
/// costs a cell several times its few bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultSet {
    columns: Vec<String>,
    text: String,
    /// Where the text of each row begins.
    starts: Vec<usize>,
    /// Of each cell in bytes, row by row, or [`NULL`].
    lengths: Vec<u32>,
    /// Rows that an INSERT, UPDATE or DELETE changed.
    pub affected: u64,
}

/// No cell is so long: a packet of the protocol ends before.
const NULL: u32 = u32::MAX;

/// One row, with the names of its columns.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    set: &'a ResultSet,
    index: usize,
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
    pub fn new(columns: Vec<String>) -> ResultSet {
        ResultSet {
            columns,
            ..ResultSet::default()
        }
    }

    /// Of a statement that has no rows.
    pub fn of_change(affected: u64) -> ResultSet {
        ResultSet {
            affected,
            ..ResultSet::default()
        }
    }

    /// A cell for each column.
    pub fn push<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = Option<C>>) {
        self.starts.push(self.text.len());
        for cell in cells {
            let cell = cell.as_ref().map(AsRef::as_ref);
            self.text.push_str(cell.unwrap_or_default());
            let length = cell.map_or(Ok(NULL), |cell| u32::try_from(cell.len()));
            self.lengths.push(length.expect("a packet is shorter"));
        }
        assert_eq!(
            self.lengths.len(),
            self.starts.len() * self.columns.len(),
            "a row has a cell for each column"
        );
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    pub fn len(&self) -> usize {
        self.starts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).map(|index| Row { set: self, index })
    }

    pub fn first(&self) -> Option<Row<'_>> {
        self.rows().next()
    }
}

impl<'a> Row<'a> {
    /// In the order of the columns.
    pub fn cells(&self) -> impl Iterator<Item = Option<&'a str>> + use<'a> {
        let set = self.set;
        let width = set.columns.len();
        let lengths = &set.lengths[self.index * width..][..width];
        let mut rest = &set.text[set.starts[self.index]..];
        lengths.iter().map(move |&length| {
            let length = (length != NULL).then_some(length as usize)?;
            let (cell, after) = rest.split_at(length);
            rest = after;
            Some(cell)
        })
    }

    fn position(&self, column: &str) -> Option<usize> {
        let mut columns = self.set.columns.iter();
        columns.position(|name| name.eq_ignore_ascii_case(column))
    }

    /// `None` where the column is absent, which differs between releases, or NULL.
    pub fn optional(&self, column: &str) -> Option<&'a str> {
        self.cells().nth(self.position(column)?)?
    }

    pub fn nullable(&self, column: &'static str) -> Result<Option<&'a str>, RowError> {
        let index = self.position(column).ok_or_else(|| RowError::NoColumn {
            column,
            present: self.set.columns.join(", "),
        })?;
        Ok(self.cells().nth(index).flatten())
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
        let mut set = ResultSet::new(["Id", "Alive", "At"].map(str::to_owned).to_vec());
        set.push([Some("7"), Some("true"), None]);
        set.push([None, Some("maybe"), Some("2026-01-02 03:04:05")]);
        assert_eq!(set.len(), 2);
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
