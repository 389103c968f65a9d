//! Tables and views as the catalogue holds them. Rows are in `store`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::answer::SqlError;
use crate::ast::{ColumnDefinition, DataType, Distribution, KeysType};
use crate::engine::error;
use crate::engine::foreign::Foreign;
use crate::engine::list::row_of;
use crate::engine::materialized::Materialized;
use crate::engine::partition::{Partition, Partitions};
use crate::engine::rollup::Rollup;
use crate::engine::slice::Slice;

/// How a table's rows are divided. Columns are indexes into the table's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartitionKind {
    Unpartitioned,
    Range(Vec<usize>),
    /// `date_trunc` or `time_slice` of one column: partitions are born with their first row (`PartitionType.EXPR_RANGE`).
    Slices(usize, Slice),
    /// `automatic`: partitions are born with their first row.
    List {
        columns: Vec<usize>,
        automatic: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableState {
    Normal,
    /// A RESTORE job holds the table: no reads (5014), no loads, no ALTER.
    Restore,
    /// A schema change rewrites the table: read and loaded, but not altered.
    SchemaChange,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table {
    pub id: u64,
    pub name: String,
    pub keys: KeysType,
    /// The first `key_count` columns are the key.
    pub key_count: usize,
    pub columns: Vec<ColumnDefinition>,
    pub comment: String,
    pub partition_kind: PartitionKind,
    pub distribution: Distribution,
    /// Of the table: used for partitions that come later.
    pub buckets: u32,
    pub replication_num: u32,
    pub order_by: Vec<String>,
    /// As they were given, without replication_num.
    pub properties: BTreeMap<String, String>,
    pub partitions: Partitions,
    pub temporary_partitions: Partitions,
    pub state: TableState,
    pub created: DateTime<Utc>,
    /// The next value of the AUTO_INCREMENT column.
    pub auto_increment: i64,
    /// Grows with every schema change.
    pub schema_version: u32,
    /// Set: the table is an asynchronous materialized view.
    pub materialized: Option<Box<Materialized>>,
    /// Rollups and synchronous materialized views.
    pub rollups: Vec<Rollup>,
}

impl TableState {
    /// `catalog/OlapTable.OlapTableState`.
    pub fn name(self) -> &'static str {
        match self {
            TableState::Normal => "NORMAL",
            TableState::Restore => "RESTORE",
            TableState::SchemaChange => "SCHEMA_CHANGE",
        }
    }
}

impl Table {
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(name))
    }

    pub fn is_partitioned(&self) -> bool {
        self.partition_kind != PartitionKind::Unpartitioned
    }

    /// Indexes of the partition columns; empty for an unpartitioned table.
    pub fn partition_columns(&self) -> &[usize] {
        match &self.partition_kind {
            PartitionKind::Unpartitioned => &[],
            PartitionKind::Range(columns) | PartitionKind::List { columns, .. } => columns,
            PartitionKind::Slices(column, _) => std::slice::from_ref(column),
        }
    }

    /// RANGE, or RANGE by an expression.
    pub fn is_range(&self) -> bool {
        matches!(
            self.partition_kind,
            PartitionKind::Range(_) | PartitionKind::Slices(..)
        )
    }

    pub fn is_list(&self) -> bool {
        matches!(self.partition_kind, PartitionKind::List { .. })
    }

    /// Partitions are born at load time.
    pub fn is_automatic(&self) -> bool {
        matches!(
            self.partition_kind,
            PartitionKind::Slices(..)
                | PartitionKind::List {
                    automatic: true,
                    ..
                }
        )
    }

    /// The name of the partition type (`catalog/PartitionType.java`).
    pub fn partition_type(&self) -> &'static str {
        match self.partition_kind {
            PartitionKind::Unpartitioned => "UNPARTITIONED",
            PartitionKind::Range(_) => "RANGE",
            PartitionKind::Slices(..) => "EXPR_RANGE",
            PartitionKind::List { .. } => "LIST",
        }
    }

    /// The partition columns keep their place when a column before them goes.
    pub fn column_removed(&mut self, index: usize) {
        let columns: &mut [usize] = match &mut self.partition_kind {
            PartitionKind::Unpartitioned => &mut [],
            PartitionKind::Range(columns) | PartitionKind::List { columns, .. } => columns,
            PartitionKind::Slices(column, _) => std::slice::from_mut(column),
        };
        columns
            .iter_mut()
            .filter(|column| **column > index)
            .for_each(|column| *column -= 1);
    }

    /// What SHOW PARTITIONS prints under Range or List. The shadow partition of a RANGE table has an empty range before all others
    /// (`catalog/PartitionKey.createShadowPartitionKey`).
    pub fn partition_value(&self, partition: &Partition) -> String {
        let types = self.partition_types();
        if let Some(range) = &partition.range {
            return range.show(&types);
        }
        if let Some(list) = &partition.list {
            return list.show();
        }
        match (&self.partition_kind, types.as_slice()) {
            (PartitionKind::Slices(..), [DataType::Date]) => {
                "[types: [DATE]; keys: [0000-00-00]; ..types: [DATE]; keys: [0000-00-00]; )".to_owned()
            }
            (PartitionKind::Slices(..), _) => {
                "[types: [DATETIME]; keys: [0000-00-00 00:00:00]; ..types: [DATETIME]; keys: [0000-00-00 00:00:00]; )"
                    .to_owned()
            }
            _ => String::new(),
        }
    }

    /// The partition a row belongs to, among the normal or the temporary ones.
    pub fn route(&self, row: &[rusqlite::types::Value], temporary: bool) -> Option<&Partition> {
        let partitions = if temporary {
            &self.temporary_partitions
        } else {
            &self.partitions
        };
        match &self.partition_kind {
            PartitionKind::Unpartitioned => partitions.iter().next(),
            PartitionKind::List { columns, .. } => {
                partitions.holding(&row_of(row, columns, &self.partition_types()))
            }
            PartitionKind::Range(_) | PartitionKind::Slices(..) => {
                let key: Vec<_> = self
                    .partition_columns()
                    .iter()
                    .map(|index| crate::engine::load::key_part(&row[*index]))
                    .collect();
                partitions.route(&key)
            }
        }
    }

    pub fn partition_types(&self) -> Vec<DataType> {
        self.partition_columns()
            .iter()
            .map(|index| self.columns[*index].data_type)
            .collect()
    }

    /// The table without any partition.
    pub fn without_partitions(&self) -> Table {
        Table {
            id: self.id,
            name: self.name.clone(),
            keys: self.keys,
            key_count: self.key_count,
            columns: self.columns.clone(),
            comment: self.comment.clone(),
            partition_kind: self.partition_kind.clone(),
            distribution: self.distribution.clone(),
            buckets: self.buckets,
            replication_num: self.replication_num,
            order_by: self.order_by.clone(),
            properties: self.properties.clone(),
            partitions: Partitions::default(),
            temporary_partitions: Partitions::default(),
            state: self.state,
            created: self.created,
            auto_increment: self.auto_increment,
            schema_version: self.schema_version,
            materialized: self.materialized.clone(),
            rollups: self.rollups.clone(),
        }
    }

    /// UNIQUE and PRIMARY replace, AGGREGATE merges.
    pub fn has_one_row_per_key(&self) -> bool {
        self.keys != KeysType::Duplicate
    }

    pub fn key_names(&self) -> Vec<&str> {
        self.columns[..self.key_count]
            .iter()
            .map(|column| column.name.as_str())
            .collect()
    }

    /// Where a partition list of a statement is resolved.
    pub fn partition_named(&self, name: &str, temporary: bool) -> Option<&Partition> {
        if temporary {
            self.temporary_partitions.get(name)
        } else {
            self.partitions.get(name)
        }
    }

    pub fn has_dynamic_properties(&self) -> bool {
        self.properties
            .keys()
            .any(|key| key.starts_with("dynamic_partition."))
    }

    pub fn dynamic_partition_enabled(&self) -> bool {
        // A table with a start or an end and no explicit "enable" counts as enabled (`catalog/DynamicPartitionProperty.java`).
        match self.properties.get("dynamic_partition.enable") {
            Some(text) => text.eq_ignore_ascii_case("true"),
            None => self.has_dynamic_properties(),
        }
    }

    /// Statements that read or load refuse while a RESTORE holds the table.
    pub fn check_readable(&self) -> Result<(), SqlError> {
        match self.state {
            TableState::Normal | TableState::SchemaChange => Ok(()),
            TableState::Restore => Err(error::restoring()),
        }
    }

    /// ALTER and TRUNCATE wait for nothing: they refuse (`common/InvalidOlapTableStateException.java`).
    pub fn check_alterable(&self) -> Result<(), SqlError> {
        match self.state {
            TableState::Normal => Ok(()),
            TableState::Restore => Err(error::alter_while_restoring(&self.name)),
            TableState::SchemaChange => Err(error::alter_while_changing(&self.name)),
        }
    }

    pub fn check_writable(&self) -> Result<(), SqlError> {
        match self.state {
            TableState::Normal | TableState::SchemaChange => Ok(()),
            TableState::Restore => Err(SqlError::plain(format!(
                "Cannot write RESTORE state table \"{}\"",
                self.name
            ))),
        }
    }

    /// Gives the table its new name; an unpartitioned table's only partition is called like it.
    pub fn rename(&mut self, to: &str) {
        if !self.is_partitioned() {
            let from = self.name.clone();
            self.partitions.rename(&from, to);
        }
        to.clone_into(&mut self.name);
    }

    /// Leading sort-key columns that fit the short key: at most three, 36 bytes, a VARCHAR ends it (`catalog/Table` of the FE).
    pub fn short_key_count(&self) -> usize {
        let mut bytes = 0;
        let mut count = 0;
        for column in &self.columns[..self.key_count] {
            let width = fixed_width(column.data_type);
            bytes += width.unwrap_or(0);
            if count == 3 || (bytes > 36 && count > 0) {
                break;
            }
            count += 1;
            if width.is_none() {
                break;
            }
        }
        count
    }
}

/// A view keeps the text it was made from.
#[derive(Debug, Clone)]
pub struct View {
    pub id: u64,
    pub name: String,
    pub text: String,
    /// Where its bare names are looked up; StarRocks writes the database before each of them instead.
    pub database: String,
    /// What SHOW CREATE VIEW names before the query.
    pub columns: Vec<String>,
    pub query: Box<sqlparser::ast::Query>,
    pub created: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub enum Relation {
    /// A table of StarRocks' own, or a materialized view.
    Table(Box<Table>),
    View(View),
    /// An external table.
    Foreign(Foreign),
}

impl Relation {
    pub fn as_table(&self) -> Option<&Table> {
        match self {
            Relation::Table(table) => Some(table),
            Relation::View(_) | Relation::Foreign(_) => None,
        }
    }

    pub fn id(&self) -> u64 {
        match self {
            Relation::Table(table) => table.id,
            Relation::View(view) => view.id,
            Relation::Foreign(foreign) => foreign.id,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Relation::Table(table) => &table.name,
            Relation::View(view) => &view.name,
            Relation::Foreign(foreign) => &foreign.name,
        }
    }

    /// TABLE_TYPE: a materialized view is a VIEW, an external table is a table like any other (`catalog/Table.getMysqlType`).
    pub fn mysql_type(&self, base_table: &'static str) -> &'static str {
        match self {
            Relation::Table(table) if table.is_materialized() => "VIEW",
            Relation::View(_) => "VIEW",
            Relation::Table(_) | Relation::Foreign(_) => base_table,
        }
    }

    /// `catalog/Table.TableType`
    pub fn type_name(&self) -> &'static str {
        match self {
            Relation::Table(table) if table.is_materialized() => "MATERIALIZED_VIEW",
            Relation::Table(_) => "OLAP",
            Relation::View(_) => "VIEW",
            Relation::Foreign(foreign) => foreign.kind.type_name(),
        }
    }
}

/// Bytes of a value of the type in a key; `None` where it varies.
pub fn fixed_width(data_type: DataType) -> Option<usize> {
    match data_type {
        DataType::Boolean | DataType::TinyInt => Some(1),
        DataType::SmallInt => Some(2),
        DataType::Int | DataType::Float | DataType::Date => Some(4),
        DataType::BigInt | DataType::Double | DataType::DateTime => Some(8),
        DataType::LargeInt | DataType::Decimal { .. } => Some(16),
        DataType::Char(_) | DataType::Varchar(_) | DataType::Json | DataType::VarBinary(_) => None,
    }
}

/// `varchar(65533)`, `bigint(20)`, `decimal(10, 2)`: a type as SHOW CREATE TABLE prints it.
pub fn type_sql(data_type: DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".into(),
        DataType::TinyInt => "tinyint(4)".into(),
        DataType::SmallInt => "smallint(6)".into(),
        DataType::Int => "int(11)".into(),
        DataType::BigInt => "bigint(20)".into(),
        DataType::LargeInt => "largeint(40)".into(),
        DataType::Float => "float".into(),
        DataType::Double => "double".into(),
        DataType::Decimal { precision, scale } => format!("decimal({precision}, {scale})"),
        DataType::Date => "date".into(),
        DataType::DateTime => "datetime".into(),
        DataType::Char(length) => format!("char({length})"),
        DataType::Varchar(length) => format!("varchar({length})"),
        DataType::Json => "json".into(),
        DataType::VarBinary(length) => format!("varbinary({length})"),
    }
}
