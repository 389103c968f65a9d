//! External catalogs and user-defined functions: as much as BACKUP and RESTORE need.

use crate::ast::ObjectName;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutsideStatement {
    CreateCatalog {
        name: String,
        if_not_exists: bool,
        comment: String,
        properties: Vec<(String, String)>,
    },
    DropCatalog {
        name: String,
        if_exists: bool,
    },
    ShowCatalogs,
    CreateFunction {
        name: ObjectName,
        or_replace: bool,
        if_not_exists: bool,
        kind: FunctionKind,
        arguments: Vec<String>,
        returns: String,
        properties: Vec<(String, String)>,
    },
    DropFunction {
        name: ObjectName,
        if_exists: bool,
        arguments: Vec<String>,
    },
    ShowFunctions {
        full: bool,
        database: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum FunctionKind {
    Scalar,
    Aggregate,
    Table,
}
