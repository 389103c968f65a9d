//! What CREATE TABLE says about keys, columns, distribution and partitioning, checked (`sql/analyzer/CreateTableAnalyzer.java`).

use crate::answer::SqlError;
use crate::ast::{ColumnDefinition, CreateTable, DataType, Distribution, KeysType};
use crate::engine::error;
use crate::engine::table::fixed_width;

pub fn refuse_unmodelled(statement: &CreateTable) -> Result<(), SqlError> {
    if statement.temporary {
        return Err(error::not_modelled("temporary tables"));
    }
    if let Some(column) = statement
        .columns
        .iter()
        .find(|column| column.generated.is_some())
    {
        return Err(error::not_modelled(format!(
            "the generated column '{}'",
            column.name
        )));
    }
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
    let Some((keys, names)) = &statement.keys else {
        return Ok((KeysType::Duplicate, default_key_count(&statement.columns)));
    };
    if *keys == KeysType::Aggregate {
        return Err(error::not_modelled("AGGREGATE KEY tables"));
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
                    "Key columns must be the first few columns of the schema and the order of the key columns must be consistent with the \
                     order of the schema",
                ));
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
    count.max(1)
}

pub fn columns(
    statement: &CreateTable,
    keys: KeysType,
    key_count: usize,
) -> Result<Vec<ColumnDefinition>, SqlError> {
    let mut columns: Vec<ColumnDefinition> = Vec::with_capacity(statement.columns.len());
    for (index, given) in statement.columns.iter().enumerate() {
        let mut column = given.clone();
        if columns
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(&column.name))
        {
            return Err(error::analyzing(format!(
                "Duplicate column name '{}'",
                column.name
            )));
        }
        if column.aggregation.is_some() {
            return Err(error::analyzing(format!(
                "Cannot specify aggregate function for column '{}' of this table",
                column.name
            )));
        }
        column.key = index < key_count;
        if keys == KeysType::Primary && column.key {
            check_primary_column(&column)?;
            column.nullable = Some(false);
        }
        if column.auto_increment {
            if column.data_type != DataType::BigInt {
                return Err(error::analyzing(format!(
                    "The AUTO_INCREMENT column must be BIGINT: {}",
                    column.name
                )));
            }
            column.nullable = Some(false);
        }
        column.nullable = Some(column.nullable.unwrap_or(true));
        columns.push(column);
    }
    Ok(columns)
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
        (Some(Distribution::Random { .. }), KeysType::Primary | KeysType::Unique) => Err(
            error::analyzing(format!("{} must use hash distribution", keys_name(keys))),
        ),
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
