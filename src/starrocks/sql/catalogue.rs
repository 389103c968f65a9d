//! What is read from information_schema. Each of these ends in its WHERE clause.

use super::text;
use crate::names::{DatabaseName, TableName};

/// The same, of one table only.
pub fn of_table(statement: &str, name: &TableName) -> String {
    format!("{statement} AND TABLE_NAME = {}", text(name.as_str()))
}

pub fn tables(database: &DatabaseName) -> String {
    format!(
        "SELECT TABLE_NAME, TABLE_TYPE, ENGINE FROM information_schema.tables WHERE TABLE_SCHEMA = {}",
        text(database.as_str())
    )
}

pub fn materialized_views(database: &DatabaseName) -> String {
    format!(
        "SELECT TABLE_NAME, REFRESH_TYPE FROM information_schema.materialized_views WHERE TABLE_SCHEMA = {}",
        text(database.as_str())
    )
}

pub fn tables_config(database: &DatabaseName) -> String {
    format!(
        "SELECT TABLE_NAME, TABLE_ENGINE, TABLE_MODEL, PRIMARY_KEY, PARTITION_KEY, DISTRIBUTE_KEY, SORT_KEY, TABLE_ID \
         FROM information_schema.tables_config WHERE TABLE_SCHEMA = {}",
        text(database.as_str())
    )
}

pub fn columns(database: &DatabaseName) -> String {
    format!(
        "SELECT TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, COLUMN_KEY, EXTRA, COLUMN_COMMENT, \
         GENERATION_EXPRESSION FROM information_schema.columns WHERE TABLE_SCHEMA = {}",
        text(database.as_str())
    )
}

pub fn partitions(database: &DatabaseName) -> String {
    format!(
        "SELECT TABLE_NAME, PARTITION_NAME, PARTITION_ID, VISIBLE_VERSION, VISIBLE_VERSION_TIME, PARTITION_KEY, REPLICATION_NUM, IS_TEMP, \
         DATA_SIZE, ROW_COUNT FROM information_schema.partitions_meta WHERE DB_NAME = {}",
        text(database.as_str())
    )
}

/// Databases whose tables nobody backs up: the cluster's own, and our memory.
const NOT_LOOKED_AT: &str = "('information_schema', '_statistics_', 'sys', 'ops')";

pub fn all_tables() -> String {
    format!(
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE FROM information_schema.tables WHERE TABLE_SCHEMA NOT IN {NOT_LOOKED_AT}"
    )
}

pub fn all_materialized_views() -> String {
    "SELECT TABLE_SCHEMA, TABLE_NAME, REFRESH_TYPE FROM information_schema.materialized_views"
        .to_owned()
}

pub fn all_tables_config() -> String {
    format!(
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_ENGINE, TABLE_ID FROM information_schema.tables_config WHERE TABLE_SCHEMA NOT IN {NOT_LOOKED_AT}"
    )
}

/// One row for each table that has temporary partitions.
pub fn temporary_partitions() -> String {
    "SELECT DISTINCT DB_NAME, TABLE_NAME, IS_TEMP FROM information_schema.partitions_meta WHERE IS_TEMP = 1".to_owned()
}

/// The names and ids of a database's tables, without their partitions.
/// Of these tables, which are looked at again and again: a database may have thousands of others.
pub fn table_ids(database: &DatabaseName, tables: &[&TableName]) -> String {
    let names: Vec<String> = tables.iter().map(|name| text(name.as_str())).collect();
    format!(
        "SELECT TABLE_NAME, TABLE_ID FROM information_schema.tables_config WHERE TABLE_SCHEMA = {} AND TABLE_NAME IN ({})",
        text(database.as_str()),
        names.join(", ")
    )
}

pub fn fingerprints(database: &DatabaseName) -> String {
    format!(
        "SELECT TABLE_NAME, PARTITION_NAME, PARTITION_ID, VISIBLE_VERSION, VISIBLE_VERSION_TIME, IS_TEMP \
         FROM information_schema.partitions_meta WHERE DB_NAME = {}",
        text(database.as_str())
    )
}
