//! What a statement comes back with: rows, a done note, or an error, all as they go over the wire.

/// The answer to one statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Done(Done),
    Rows(ResultSet),
}

/// An OK packet: `info` is StarRocks' `{'label':'…', 'status':'VISIBLE', 'txnId':'…'}` or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    pub affected_rows: u64,
    pub warnings: u16,
    pub info: String,
}

/// A text result set. `None` is SQL NULL.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultSet {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Option<String>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: ColumnKind,
}

/// How a column is declared in the result's column definition. SHOW statements declare nearly everything `Text`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    Text,
    Boolean,
    Integer,
    Double,
    Decimal,
    Date,
    DateTime,
}

/// A refusal, with the code and SQLSTATE that StarRocks would send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("ERROR {code} ({state}): {message}")]
pub struct SqlError {
    pub code: u16,
    /// Five characters.
    pub state: &'static str,
    pub message: String,
}

impl SqlError {
    /// 1064/HY000: what StarRocks sends whenever no error code was attached (`mysql/MysqlErrPacket.java`).
    pub fn plain(message: impl Into<String>) -> SqlError {
        SqlError {
            code: 1064,
            state: "HY000",
            message: message.into(),
        }
    }

    pub fn new(code: u16, state: &'static str, message: impl Into<String>) -> SqlError {
        SqlError {
            code,
            state,
            message: message.into(),
        }
    }
}

impl ResultSet {
    /// An empty set whose columns are all declared `Text`, as SHOW statements do.
    pub fn text(names: &[&str]) -> ResultSet {
        let columns = names
            .iter()
            .map(|name| Column {
                name: (*name).to_owned(),
                kind: ColumnKind::Text,
            })
            .collect();
        ResultSet {
            columns,
            rows: Vec::new(),
        }
    }
}
