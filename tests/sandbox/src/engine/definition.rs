//! What CREATE TABLE says about keys, columns, distribution and partitioning, checked (`sql/analyzer/CreateTableAnalyzer.java`).

use crate::answer::SqlError;
use crate::ast::{ColumnDefinition, CreateTable, DataType, Distribution, KeysType};
use crate::engine::table::fixed_width;
use crate::engine::{aggregate, error};

pub fn refuse_unmodelled(statement: &CreateTable) -> Result<(), SqlError> {
    if let Some(column) = statement
        .columns
        .iter()
        .find(|column| matches!(column.data_type, DataType::VarBinary(_)))
    {
        return Err(error::not_modelled(format!(
            "the VARBINARY column '{}'",
            column.name
        )));
    }
    Ok(())
}

/// The key type, and how many leading columns the key is.
pub fn key_columns(statement: &CreateTable) -> Result<(KeysType, usize), SqlError> {
    if statement.columns.is_empty() {
        return Err(error::analyzing("A table must have at least 1 column"));
    }
    let given = match &statement.keys {
        Some((keys, names)) => Some((*keys, names.clone())),
        // Columns with a function and no key clause make an AGGREGATE KEY table of the others.
        None if statement
            .columns
            .iter()
            .any(|column| column.aggregation.is_some()) =>
        {
            let keys = statement
                .columns
                .iter()
                .filter(|column| column.aggregation.is_none());
            let names = keys.map(|column| column.name.clone()).collect();
            Some((KeysType::Aggregate, names))
        }
        None => None,
    };
    let Some((keys, names)) = &given else {
        let count = default_key_count(&statement.columns);
        if count == 0 {
            return Err(error::analyzing(format!(
                "Data type of first column cannot be {}",
                crate::engine::table::type_sql(statement.columns[0].data_type)
            )));
        }
        return Ok((KeysType::Duplicate, count));
    };
    if names.len() > statement.columns.len() {
        return Err(error::analyzing(
            "The number of key columns should be less than the number of columns.",
        ));
    }
    for (index, name) in names.iter().enumerate() {
        match statement
            .columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(name))
        {
            None => {
                return Err(error::analyzing(format!(
                    "Key column({name}) doesn't exist."
                )));
            }
            Some(position) if position != index => {
                return Err(error::analyzing(
                    "Key columns must be the first few columns of the schema and the order  of the key columns must be consistent with the \
                     order of the schema",
                ));
            }
            Some(position) if statement.columns[position].aggregation.is_some() => {
                return Err(error::analyzing(format!(
                    "Key column[{name}] should not specify aggregate type."
                )));
            }
            Some(_) => {}
        }
    }
    Ok((*keys, names.len()))
}

/// Without a key clause the first columns are the duplicate key: at most three, 36 bytes, a VARCHAR ends it.
pub fn default_key_count(columns: &[ColumnDefinition]) -> usize {
    let mut bytes = 0;
    let mut count = 0;
    for column in columns {
        if count == 3
            || column.generated.is_some()
            || matches!(
                column.data_type,
                DataType::Float | DataType::Double | DataType::Json
            )
        {
            break;
        }
        let width = fixed_width(column.data_type);
        bytes += width.unwrap_or(0);
        if bytes > 36 && count > 0 {
            break;
        }
        count += 1;
        if width.is_none() {
            break;
        }
    }
    count
}

pub fn columns(
    statement: &CreateTable,
    keys: KeysType,
    key_count: usize,
) -> Result<Vec<ColumnDefinition>, SqlError> {
    let counting = statement
        .columns
        .iter()
        .filter(|column| column.auto_increment);
    if counting.count() > 1 {
        return Err(error::analyzing(
            "More than one AUTO_INCREMENT column defined in CREATE TABLE Statement",
        ));
    }
    let mut columns: Vec<ColumnDefinition> = Vec::with_capacity(statement.columns.len());
    for (index, given) in statement.columns.iter().enumerate() {
        let mut column = given.clone();
        if columns
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(&column.name))
        {
            return Err(error::analyzing_with(
                1060,
                "42S21",
                format!("Duplicate column name '{}'", column.name),
            ));
        }
        aggregate::check(&column)?;
        check_function(&column, keys, index >= key_count)?;
        if keys != KeysType::Aggregate {
            // UNIQUE and PRIMARY replace without saying so.
            column.aggregation = None;
        }
        if column.aggregation.as_deref() == Some("SUM")
            && let DataType::Decimal { scale, .. } = column.data_type
        {
            column.data_type = DataType::Decimal {
                precision: 38,
                scale,
            };
        }
        if column.aggregation.as_deref() == Some("REPLACE_IF_NOT_NULL") {
            column.nullable = Some(true);
        }
        column.key = index < key_count;
        if keys == KeysType::Primary && column.key {
            check_primary_column(&column)?;
            column.nullable = Some(false);
        }
        if column.auto_increment {
            if column.data_type != DataType::BigInt {
                return Err(error::analyzing("The AUTO_INCREMENT column must be BIGINT"));
            }
            column.nullable = Some(false);
        }
        column.nullable = Some(column.nullable.unwrap_or(true));
        columns.push(column);
    }
    Ok(columns)
}

fn check_function(
    column: &ColumnDefinition,
    keys: KeysType,
    is_value: bool,
) -> Result<(), SqlError> {
    let name = keys_name(keys);
    let wrong = match (keys, column.aggregation.as_deref()) {
        (KeysType::Aggregate, None) if is_value => "should",
        (KeysType::Aggregate, _) | (_, None | Some("REPLACE")) => return Ok(()),
        (_, Some(_)) => "should not",
    };
    Err(error::analyzing(format!(
        "{name} table {wrong} specify aggregate type for non-key column[{}]",
        column.name
    )))
}

fn check_primary_column(column: &ColumnDefinition) -> Result<(), SqlError> {
    if column.nullable == Some(true) {
        return Err(error::analyzing(format!(
            "primary key column[{}] cannot be nullable",
            column.name
        )));
    }
    let fits = matches!(
        column.data_type,
        DataType::Boolean
            | DataType::TinyInt
            | DataType::SmallInt
            | DataType::Int
            | DataType::BigInt
            | DataType::LargeInt
            | DataType::Varchar(_)
            | DataType::Date
            | DataType::DateTime
    );
    if fits {
        return Ok(());
    }
    let name = crate::engine::table::type_sql(column.data_type);
    Err(error::analyzing(format!(
        "primary key column[{}] type not supported: {name}",
        column.name
    )))
}

pub fn distribution(
    statement: &CreateTable,
    keys: KeysType,
    key_columns: &[ColumnDefinition],
) -> Result<Distribution, SqlError> {
    match (&statement.distribution, keys) {
        (Some(Distribution::Random { .. }), _) if !may_be_random(statement, keys) => {
            let replaces = statement.columns.iter().any(is_replaced);
            Err(error::analyzing(format!(
                "{}{} must use hash distribution",
                keys_sql(keys),
                if replaces { " with replace " } else { "" }
            )))
        }
        (Some(Distribution::Hash { columns, buckets }), _) => {
            let known = |name: &String| {
                statement
                    .columns
                    .iter()
                    .find(|column| column.name.eq_ignore_ascii_case(name))
            };
            let mut names = Vec::new();
            for name in columns {
                let column = known(name).ok_or_else(|| {
                    error::analyzing(format!("Distribution column({name}) doesn't exist"))
                })?;
                if keys != KeysType::Duplicate
                    && !key_columns
                        .iter()
                        .any(|key| key.name.eq_ignore_ascii_case(name))
                {
                    return Err(error::analyzing(format!(
                        "Distribution column[{name}] is not key column"
                    )));
                }
                names.push(column.name.clone());
            }
            Ok(Distribution::Hash {
                columns: names,
                buckets: *buckets,
            })
        }
        (Some(random), _) => Ok(random.clone()),
        (None, KeysType::Primary) => Ok(Distribution::Hash {
            columns: key_columns
                .iter()
                .map(|column| column.name.clone())
                .collect(),
            buckets: None,
        }),
        (None, KeysType::Duplicate) => Ok(Distribution::Random { buckets: None }),
        (None, _) => Err(error::analyzing(format!(
            "Currently not support default distribution in {}",
            keys_name(keys)
        ))),
    }
}

/// DUPLICATE tables, and AGGREGATE tables that replace nothing.
fn may_be_random(statement: &CreateTable, keys: KeysType) -> bool {
    match keys {
        KeysType::Duplicate => true,
        KeysType::Aggregate => !statement.columns.iter().any(is_replaced),
        KeysType::Unique | KeysType::Primary => false,
    }
}

fn is_replaced(column: &ColumnDefinition) -> bool {
    column
        .aggregation
        .as_deref()
        .is_some_and(|function| function.starts_with("REPLACE"))
}

/// `KeysType.toSql`.
fn keys_sql(keys: KeysType) -> &'static str {
    match keys {
        KeysType::Duplicate => "DUPLICATE KEY",
        KeysType::Aggregate => "AGGREGATE KEY",
        KeysType::Unique => "UNIQUE KEY",
        KeysType::Primary => "PRIMARY KEY",
    }
}

pub fn buckets_of(distribution: &Distribution) -> Option<u32> {
    match distribution {
        Distribution::Hash { buckets, .. } | Distribution::Random { buckets } => *buckets,
    }
}

fn keys_name(keys: KeysType) -> &'static str {
    match keys {
        KeysType::Duplicate => "DUP_KEYS",
        KeysType::Aggregate => "AGG_KEYS",
        KeysType::Unique => "UNIQUE_KEYS",
        KeysType::Primary => "PRIMARY_KEYS",
    }
}
