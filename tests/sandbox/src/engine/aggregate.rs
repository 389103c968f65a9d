//! AGGREGATE KEY tables: which functions a column may have, and how two rows of one key become one (`catalog/AggregateType.java`).
//!
//! Rows of one physical partition are merged when they are written, those of several when they are read: what is read is the same.

use crate::answer::SqlError;
use crate::ast::{ColumnDefinition, DataType, KeysType};
use crate::engine::error;
use crate::engine::store::quote;
use crate::engine::table::Table;

/// Whether the function fits the column (`AggregateType.compatibilityMap`, `sql/ast/ColumnDef.analyze`).
pub fn check(column: &ColumnDefinition) -> Result<(), SqlError> {
    let Some(function) = column.aggregation.as_deref() else {
        return Ok(());
    };
    let numeric = matches!(
        column.data_type,
        DataType::Int
            | DataType::BigInt
            | DataType::LargeInt
            | DataType::Float
            | DataType::Double
            | DataType::Decimal { .. }
    );
    let small = matches!(column.data_type, DataType::TinyInt | DataType::SmallInt);
    let ordered = matches!(
        column.data_type,
        DataType::Date | DataType::DateTime | DataType::Char(_) | DataType::Varchar(_)
    );
    let fits = match function {
        "SUM" => numeric,
        "MIN" | "MAX" => numeric || small || ordered,
        "REPLACE" | "REPLACE_IF_NOT_NULL" => true,
        other => {
            return Err(error::not_modelled(format!(
                "columns aggregated by {other}"
            )));
        }
    };
    if fits {
        return Ok(());
    }
    Err(error::analyzing(format!(
        "Invalid aggregate function '{function}' for '{}'",
        column.name
    )))
}

/// The value of a key that has two, in SQLite's words. A table that does not aggregate replaces.
pub fn merge(function: Option<&str>, old: &str, new: &str) -> String {
    match function {
        Some("SUM") => format!(
            "CASE WHEN {old} IS NULL THEN {new} WHEN {new} IS NULL THEN {old} ELSE {old} + {new} END"
        ),
        Some(function @ ("MIN" | "MAX")) => {
            format!(
                "ifnull({}({old}, {new}), ifnull({old}, {new}))",
                function.to_lowercase()
            )
        }
        Some("REPLACE_IF_NOT_NULL") => format!("ifnull({new}, {old})"),
        _ => new.to_owned(),
    }
}

/// Reads one row per key where a partition has several parts. Such tables are distributed at random, which leaves out REPLACE.
pub fn merged_source(table: &Table, source: String) -> String {
    let parts = |partition: &crate::engine::partition::Partition| partition.physical.len() > 1;
    if table.keys != KeysType::Aggregate || !table.partitions.iter().any(parts) {
        return source;
    }
    let keys: Vec<String> = table.key_names().into_iter().map(quote).collect();
    let values = table.columns[table.key_count..].iter().map(|column| {
        let name = quote(&column.name);
        let function = column
            .aggregation
            .as_deref()
            .unwrap_or("MAX")
            .to_lowercase();
        format!("{function}({name}) AS {name}")
    });
    let columns: Vec<String> = keys.iter().cloned().chain(values).collect();
    format!(
        "(SELECT {} FROM {source} GROUP BY {})",
        columns.join(", "),
        keys.join(", ")
    )
}
