//! SHOW CREATE TABLE (`catalog/Table` through `AstToStringBuilder.getDdlStmt`).

use std::fmt::Write;

use crate::ast::{ColumnDefinition, DefaultValue, Distribution, KeysType};
use crate::engine::foreign::Foreign;
use crate::engine::table::{PartitionKind, Table, type_sql};
use crate::release::Release;

pub fn create_table_sql(table: &Table, release: Release) -> String {
    let mut sql = format!("CREATE TABLE `{}` (\n", table.name);
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| format!("  {}", column_sql(column)))
        .collect();
    sql += &columns.join(",\n");
    sql += "\n) ENGINE=OLAP \n";
    let words = match table.keys {
        KeysType::Duplicate => "DUPLICATE KEY",
        KeysType::Aggregate => "AGGREGATE KEY",
        KeysType::Unique => "UNIQUE KEY",
        KeysType::Primary => "PRIMARY KEY",
    };
    sql += &format!("{words}({})\n", names(table.key_names().into_iter()));
    if !table.comment.is_empty() {
        sql += &format!("COMMENT \"{}\"\n", escaped(&table.comment));
    }
    sql += &partition_sql(table);
    sql += &distribution_sql(table);
    if !table.order_by.is_empty() {
        sql += &format!(
            "ORDER BY({})\n",
            names(table.order_by.iter().map(String::as_str))
        );
    }
    sql + &properties_sql(table, release)
}

/// An external table, as `AstToStringBuilder.getDdlStmt` prints it.
pub fn create_foreign_sql(table: &Foreign) -> String {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| format!("  {}", column_sql(column)))
        .collect();
    let lines: Vec<String> = table
        .properties
        .iter()
        .map(|(key, value)| format!("\"{key}\" = \"{}\"", escaped(value)))
        .collect();
    let comment = if table.comment.is_empty() {
        String::new()
    } else {
        format!("COMMENT \"{}\"\n", escaped(&table.comment))
    };
    format!(
        "CREATE EXTERNAL TABLE `{}` (\n{}\n) ENGINE={} \n{comment}PROPERTIES (\n{}\n);",
        table.name,
        columns.join(",\n"),
        table.kind.type_name(),
        lines.join(",\n")
    )
}

fn column_sql(column: &ColumnDefinition) -> String {
    let mut sql = format!("`{}` {}", column.name, type_sql(column.data_type));
    if let Some(function) = &column.aggregation {
        sql += &format!(" {function}");
    }
    sql += if column.nullable == Some(false) {
        " NOT NULL"
    } else {
        " NULL"
    };
    if column.auto_increment {
        sql += " AUTO_INCREMENT";
    }
    match &column.default {
        Some(DefaultValue::Text(text)) => sql += &format!(" DEFAULT \"{}\"", escaped(text)),
        Some(DefaultValue::CurrentTimestamp) => sql += " DEFAULT CURRENT_TIMESTAMP",
        Some(DefaultValue::Function(function)) => sql += &format!(" DEFAULT ({function})"),
        Some(DefaultValue::Null) | None => {}
    }
    if let Some(expression) = &column.generated {
        sql += &format!(" AS {expression}");
    }
    sql + &format!(
        " COMMENT \"{}\"",
        escaped(column.comment.as_deref().unwrap_or_default())
    )
}

fn partition_sql(table: &Table) -> String {
    if !table.is_partitioned() {
        return String::new();
    }
    let types = table.partition_types();
    let columns = names(
        table
            .partition_columns()
            .iter()
            .map(|index| table.columns[*index].name.as_str()),
    );
    match &table.partition_kind {
        PartitionKind::Slices(_, slice) => return format!("PARTITION BY {}\n", slice.sql()),
        PartitionKind::List { automatic, .. } => {
            return list_sql(table, *automatic);
        }
        PartitionKind::Range(_) | PartitionKind::Unpartitioned => {}
    }
    let mut items = Vec::with_capacity(table.partitions.len());
    for partition in table.partitions.iter() {
        let mut item = format!("PARTITION {}", partition.name);
        if let Some(range) = &partition.range {
            write!(item, " VALUES {}", range.sql(&types)).expect("writing to a string succeeds");
        }
        items.push(item);
    }
    format!("PARTITION BY RANGE({columns})\n({})\n", items.join(",\n"))
}

/// `catalog/ListPartitionInfo.toSql`: an automatic table's partitions are not printed.
fn list_sql(table: &Table, automatic: bool) -> String {
    let columns: Vec<String> = table
        .partition_columns()
        .iter()
        .map(|index| format!("`{}`", table.columns[*index].name))
        .collect();
    let columns = columns.join(",");
    if automatic {
        return format!("PARTITION BY ({columns})\n");
    }
    let items: Vec<String> = table
        .partitions
        .iter()
        .filter_map(|partition| {
            let values = partition.list.as_ref()?.sql();
            let replication = if partition.replication_num == table.replication_num {
                String::new()
            } else {
                format!(" (\"replication_num\" = \"{}\")", partition.replication_num)
            };
            Some(format!(
                "  PARTITION {} VALUES IN {values}{replication}",
                partition.name
            ))
        })
        .collect();
    format!("PARTITION BY LIST({columns})(\n{}\n)\n", items.join(",\n"))
}

fn distribution_sql(table: &Table) -> String {
    let (head, buckets) = match &table.distribution {
        Distribution::Hash { columns, buckets } => (
            format!("HASH({})", names(columns.iter().map(String::as_str))),
            buckets,
        ),
        Distribution::Random { buckets } => ("RANDOM".to_owned(), buckets),
    };
    let buckets = buckets
        .map(|count| format!(" BUCKETS {count} "))
        .unwrap_or_default();
    format!("DISTRIBUTED BY {head}{buckets}\n")
}

fn properties_sql(table: &Table, release: Release) -> String {
    let mut properties = table.properties.clone();
    properties
        .entry("compression".to_owned())
        .or_insert_with(|| "LZ4".to_owned());
    if release.evolves_schemas_fast() {
        properties
            .entry("fast_schema_evolution".to_owned())
            .or_insert_with(|| "true".to_owned());
    } else {
        // Told only where it is on.
        properties.retain(|key, value| {
            key != "fast_schema_evolution" || value.eq_ignore_ascii_case("true")
        });
    }
    properties
        .entry("replicated_storage".to_owned())
        .or_insert_with(|| "true".to_owned());
    properties.insert(
        "replication_num".to_owned(),
        table.replication_num.to_string(),
    );
    let lines: Vec<String> = properties
        .iter()
        .map(|(key, value)| format!("\"{key}\" = \"{}\"", escaped(value)))
        .collect();
    format!("PROPERTIES (\n{}\n);", lines.join(",\n"))
}

/// The default as information_schema and DESC print it.
pub fn default_text(column: &ColumnDefinition) -> Option<String> {
    match &column.default {
        Some(DefaultValue::Text(text)) => Some(text.clone()),
        Some(DefaultValue::CurrentTimestamp) => Some("CURRENT_TIMESTAMP".to_owned()),
        Some(DefaultValue::Function(function)) => Some(function.clone()),
        Some(DefaultValue::Null) | None => None,
    }
}

/// The partition columns as one cell.
pub fn partition_key(table: &Table) -> String {
    let columns: Vec<&str> = table
        .partition_columns()
        .iter()
        .map(|index| table.columns[*index].name.as_str())
        .collect();
    columns.join(", ")
}

/// The distribution columns as one cell; `ALL KEY` stands for random distribution.
pub fn distribution_key(table: &Table) -> String {
    match &table.distribution {
        Distribution::Hash { columns, .. } => columns.join(", "),
        Distribution::Random { .. } => "ALL KEY".to_owned(),
    }
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
