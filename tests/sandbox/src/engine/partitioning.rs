//! PARTITION BY of a CREATE TABLE: which kind it makes, and which columns it may name (`sql/ast/RangePartitionDesc.java`,
//! `ListPartitionDesc.java`, `ExpressionPartitionDesc.java`).

use sqlparser::ast as sql;

use crate::answer::SqlError;
use crate::ast::{ColumnDefinition, DataType, KeysType, Partitioning};
use crate::engine::error;
use crate::engine::slice::Slice;
use crate::engine::table::PartitionKind;

pub fn partition_kind(
    partitioning: Option<&Partitioning>,
    columns: &[ColumnDefinition],
    keys: KeysType,
) -> Result<PartitionKind, SqlError> {
    let named = |names: &[String]| {
        if let Some(twice) = (1..names.len()).find(|place| names[..*place].contains(&names[*place]))
        {
            return Err(error::analyzing(format!(
                "Duplicated partition column {}",
                names[twice]
            )));
        }
        names
            .iter()
            .map(|name| partition_column(name, columns, keys))
            .collect::<Result<Vec<usize>, SqlError>>()
    };
    match partitioning {
        None => Ok(PartitionKind::Unpartitioned),
        Some(Partitioning::Range { columns: names, .. }) => named(names).map(PartitionKind::Range),
        Some(Partitioning::List { columns: names, .. }) => {
            let columns = named(names)?;
            Ok(PartitionKind::List {
                columns,
                automatic: false,
            })
        }
        Some(Partitioning::Expression {
            text, expressions, ..
        }) => {
            if let [only] = expressions.as_slice()
                && let Some(slice) = Slice::read(only)
            {
                return sliced(slice, columns, keys);
            }
            let names = expressions
                .iter()
                .map(|expression| match expression {
                    sql::Expr::Identifier(name) => Ok(name.value.clone()),
                    _ => Err(error::not_modelled(format!(
                        "automatic partitioning by {text}"
                    ))),
                })
                .collect::<Result<Vec<String>, SqlError>>()?;
            let columns = named(&names)?;
            Ok(PartitionKind::List {
                columns,
                automatic: true,
            })
        }
    }
}

fn sliced(
    slice: Slice,
    columns: &[ColumnDefinition],
    keys: KeysType,
) -> Result<PartitionKind, SqlError> {
    let index = partition_column(&slice.column, columns, keys)?;
    match columns[index].data_type {
        DataType::DateTime => {}
        DataType::Date if !slice.is_fine() => {}
        DataType::Date => {
            return Err(error::not_modelled(format!(
                "automatic partitioning of a DATE column by {}",
                slice.sql()
            )));
        }
        other => {
            return Err(error::analyzing(format!(
                "Invalid partition column '{}': invalid data type {}",
                slice.column,
                crate::engine::table::type_sql(other)
            )));
        }
    }
    Ok(PartitionKind::Slices(index, slice))
}

fn partition_column(
    name: &str,
    columns: &[ColumnDefinition],
    keys: KeysType,
) -> Result<usize, SqlError> {
    let index = columns
        .iter()
        .position(|column| column.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            error::analyzing(format!(
                "Partition column[{name}] does not exist in column list"
            ))
        })?;
    let column = &columns[index];
    if matches!(
        column.data_type,
        DataType::Float | DataType::Double | DataType::Json | DataType::Decimal { .. }
    ) {
        return Err(error::analyzing(format!(
            "Invalid partition column '{name}': invalid data type {}",
            crate::engine::table::type_sql(column.data_type)
        )));
    }
    if keys != KeysType::Duplicate && !column.key {
        return Err(error::analyzing(
            "The partition column could not be aggregated column and unique table's partition column must be key column",
        ));
    }
    Ok(index)
}
