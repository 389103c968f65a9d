//! Statements that are queries.

use crate::ast::Statement;
use crate::parser::cursor::{Cursor, Parsed};

impl Cursor<'_> {
    /// `SELECT …`, `WITH … SELECT …`, `VALUES …`, `(…)`
    pub fn query(&mut self) -> Parsed<Statement> {
        Ok(Statement::Query(
            self.query_until(|token| token.is_symbol(';'))?,
        ))
    }
}
