//! User-defined functions: as much as BACKUP and RESTORE need. They are kept and listed, never called.

use serde::{Deserialize, Serialize};

use crate::ast::FunctionKind;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Lower case, as all function names are (`analysis/FunctionName.java`).
    pub name: String,
    pub kind: FunctionKind,
    /// As they were written.
    pub arguments: Vec<String>,
    pub returns: String,
    pub properties: Vec<(String, String)>,
}

impl Function {
    /// `name(TYPE, TYPE)`: a database has one of each.
    pub fn signature(&self) -> String {
        format!("{}({})", self.name, self.arguments.join(", "))
    }
}
