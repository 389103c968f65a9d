//! What a table is made of, in words.

use sqlparser::ast as sql;

use super::ObjectName;

#[derive(Debug, Clone, PartialEq)]
pub struct CreateTable {
    pub name: ObjectName,
    pub temporary: bool,
    pub external: bool,
    pub if_not_exists: bool,
    pub columns: Vec<ColumnDefinition>,
    pub engine: Option<String>,
    pub keys: Option<(KeysType, Vec<String>)>,
    pub comment: Option<String>,
    pub partitioning: Option<Partitioning>,
    pub distribution: Option<Distribution>,
    pub order_by: Vec<String>,
    pub properties: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum KeysType {
    Duplicate,
    Aggregate,
    Unique,
    Primary,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ColumnDefinition {
    pub name: String,
    pub data_type: DataType,
    pub key: bool,
    /// SUM, MAX, REPLACE, …, upper case, for aggregate tables.
    pub aggregation: Option<String>,
    pub nullable: Option<bool>,
    pub default: Option<DefaultValue>,
    pub auto_increment: bool,
    /// The text of `AS (expr)`.
    pub generated: Option<String>,
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DefaultValue {
    Text(String),
    Null,
    CurrentTimestamp,
    Function(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DataType {
    Boolean,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    LargeInt,
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Date,
    DateTime,
    Char(u32),
    /// STRING is VARCHAR(65533).
    Varchar(u32),
    Json,
    VarBinary(u32),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Partitioning {
    /// PARTITION BY RANGE(columns) (items)
    Range {
        columns: Vec<String>,
        partitions: Vec<RangePartition>,
    },
    /// PARTITION BY LIST(columns) (items)
    List {
        columns: Vec<String>,
        partitions: Vec<ListPartition>,
    },
    /// PARTITION BY date_trunc('day', c) or PARTITION BY c1, c2: automatic. Partitions may be made in advance.
    Expression {
        text: String,
        expressions: Vec<sql::Expr>,
        partitions: Vec<RangePartition>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangePartition {
    /// PARTITION p VALUES LESS THAN ("x", …) or MAXVALUE
    LessThan {
        name: String,
        if_not_exists: bool,
        upper: Vec<Bound>,
        properties: Vec<(String, String)>,
    },
    /// PARTITION p VALUES [("a"), ("b"))
    Between {
        name: String,
        if_not_exists: bool,
        lower: Vec<Bound>,
        upper: Vec<Bound>,
        properties: Vec<(String, String)>,
    },
    /// START ("a") END ("b") EVERY (INTERVAL n unit | n)
    Every {
        start: String,
        end: String,
        step: i64,
        unit: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Bound {
    MinValue,
    Value(String),
    MaxValue,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPartition {
    pub name: String,
    pub if_not_exists: bool,
    pub values: ListValues,
    pub properties: Vec<(String, String)>,
}

/// `VALUES IN (…)`. `None` stands for NULL.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ListValues {
    /// `("a", "b")`: several values of one column.
    Single(Vec<Option<String>>),
    /// `(("a", "b"), ("c", "d"))`: several rows of all columns.
    Rows(Vec<Vec<Option<String>>>),
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Distribution {
    Hash {
        columns: Vec<String>,
        buckets: Option<u32>,
    },
    Random {
        buckets: Option<u32>,
    },
}
