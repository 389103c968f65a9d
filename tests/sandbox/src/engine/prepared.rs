//! Prepared statements: only queries are, and what a client binds takes the places of the `?` (`sql/analyzer/PrepareAnalyzer.java`).

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;

use sqlparser::ast as sql;

use crate::answer::{Answer, Column, SqlError};
use crate::ast::Statement;
use crate::engine::sandbox::Sandbox;
use crate::engine::session::Session;
use crate::wire::Parameter;

impl Sandbox {
    /// The columns it would answer with, and how many `?` it has. They are of type STRING until they are bound.
    pub(super) fn prepared_columns(
        &self,
        session: &mut Session,
        text: &str,
    ) -> Result<(Vec<Column>, usize), SqlError> {
        let mut query = self.prepared_query(text)?;
        let count = bind(&mut query, &[]);
        // `LIMIT ?` has no number yet, and no row is wanted.
        query.limit_clause = None;
        let answer = self.execute_parsed(session, text, Ok(Arc::new(Statement::Query(query))))?;
        match answer {
            Answer::Rows(set) => Ok((set.columns, count)),
            Answer::Done(_) => Ok((Vec::new(), count)),
        }
    }

    pub(super) fn execute_bound(
        &self,
        session: &mut Session,
        text: &str,
        parameters: &[Parameter],
    ) -> Result<Answer, SqlError> {
        let mut query = self.prepared_query(text)?;
        let count = bind(&mut query, parameters);
        if count != parameters.len() {
            return Err(SqlError::plain(format!(
                "Getting analyzing error. Detail message: Invalid arguments size {}, expected {count}.",
                parameters.len()
            )));
        }
        self.execute_parsed(session, text, Ok(Arc::new(Statement::Query(query))))
    }

    fn prepared_query(&self, text: &str) -> Result<Box<sql::Query>, SqlError> {
        match &*self.parsed(text)? {
            Statement::Query(query) => Ok(query.clone()),
            // ErrorCode.ERR_UNSUPPORTED_PS
            _ => Err(SqlError::new(
                1295,
                "HY000",
                "This command is not supported in the prepared statement protocol yet",
            )),
        }
    }
}

/// Puts values where `?` stand, from left to right, and an empty text where there is none. Returns how many `?` there are.
fn bind(query: &mut sql::Query, parameters: &[Parameter]) -> usize {
    let mut count = 0;
    let ControlFlow::Continue(()) = sql::visit_expressions_mut(query, |expression| {
        if let sql::Expr::Value(value) = expression
            && matches!(value.value, sql::Value::Placeholder(_))
        {
            value.value = literal(parameters.get(count));
            count += 1;
        }
        ControlFlow::<Infallible>::Continue(())
    });
    count
}

fn literal(parameter: Option<&Parameter>) -> sql::Value {
    match parameter {
        None => sql::Value::SingleQuotedString(String::new()),
        Some(Parameter::Null) => sql::Value::Null,
        Some(Parameter::Integer(number)) => sql::Value::Number(number.to_string(), false),
        Some(Parameter::Real(number)) => sql::Value::Number(format!("{number:e}"), false),
        Some(Parameter::Decimal(digits)) => sql::Value::Number(digits.clone(), false),
        Some(Parameter::Text(text)) => sql::Value::SingleQuotedString(text.clone()),
    }
}
