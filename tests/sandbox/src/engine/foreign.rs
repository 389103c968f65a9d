//! External tables: kept by name and type, so that a list of a database meets them and a BACKUP refuses them. They hold nothing to read.

use chrono::{DateTime, Utc};

use crate::answer::SqlError;
use crate::ast::{ColumnDefinition, CreateTable};
use crate::engine::error;

/// The kinds that CREATE EXTERNAL TABLE makes (`server/TableFactoryProvider.java`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignKind {
    Mysql,
    Elasticsearch,
    Hive,
    Iceberg,
    Hudi,
    Jdbc,
    File,
}

#[derive(Debug, Clone)]
pub struct Foreign {
    pub id: u64,
    pub name: String,
    pub kind: ForeignKind,
    pub columns: Vec<ColumnDefinition>,
    pub comment: String,
    pub properties: Vec<(String, String)>,
    pub created: DateTime<Utc>,
}

impl ForeignKind {
    fn of(engine: &str) -> Option<ForeignKind> {
        Some(match engine.to_ascii_lowercase().as_str() {
            "mysql" => ForeignKind::Mysql,
            "elasticsearch" => ForeignKind::Elasticsearch,
            "hive" => ForeignKind::Hive,
            "iceberg" => ForeignKind::Iceberg,
            "hudi" => ForeignKind::Hudi,
            "jdbc" => ForeignKind::Jdbc,
            "file" => ForeignKind::File,
            _ => return None,
        })
    }

    /// `catalog/Table.TableType`
    pub fn type_name(self) -> &'static str {
        match self {
            ForeignKind::Mysql => "MYSQL",
            ForeignKind::Elasticsearch => "ELASTICSEARCH",
            ForeignKind::Hive => "HIVE",
            ForeignKind::Iceberg => "ICEBERG",
            ForeignKind::Hudi => "HUDI",
            ForeignKind::Jdbc => "JDBC",
            ForeignKind::File => "FILE",
        }
    }

    /// What information_schema.tables calls it (`catalog/Table.getEngine`).
    pub fn engine(self) -> &'static str {
        match self {
            ForeignKind::Mysql => "MySQL",
            ForeignKind::Elasticsearch => "Elasticsearch",
            ForeignKind::Hive => "Hive",
            ForeignKind::Iceberg => "Iceberg",
            ForeignKind::Hudi => "Hudi",
            ForeignKind::Jdbc => "JDBC",
            ForeignKind::File => "File",
        }
    }
}

impl Foreign {
    /// `None`: the statement is about a table of StarRocks' own.
    pub fn read(
        statement: &CreateTable,
        id: u64,
        now: DateTime<Utc>,
    ) -> Result<Option<Foreign>, SqlError> {
        let engine = statement.engine.as_deref().unwrap_or("olap");
        if engine.eq_ignore_ascii_case("olap") {
            return if statement.external {
                Err(error::not_modelled("external tables of engine olap"))
            } else {
                Ok(None)
            };
        }
        let kind = ForeignKind::of(engine)
            .ok_or_else(|| error::analyzing(format!("Unknown engine name: {engine}")))?;
        Ok(Some(Foreign {
            id,
            name: statement.name.name.clone(),
            kind,
            columns: statement.columns.clone(),
            comment: statement.comment.clone().unwrap_or_default(),
            properties: statement.properties.clone(),
            created: now,
        }))
    }
}
