//! SHOW of materialized views, routine loads, transactions, alter jobs and PROC.

use sqlparser::ast as sql;

use crate::answer::SqlError;
use crate::ast::ShowObject;
use crate::parser::cursor::{Cursor, Parsed};

impl Cursor<'_> {
    pub fn show_object(&mut self) -> Parsed<ShowObject> {
        if self.is_any(&["ALL", "ROUTINE"]) {
            return self.show_routine_load();
        }
        if self.take("PROC") {
            return Ok(ShowObject::Proc {
                path: self.string()?,
            });
        }
        if self.take("TRANSACTION") {
            return self.show_transaction();
        }
        if self.take("ALTER") {
            return self.show_alter();
        }
        self.expect_run(&["MATERIALIZED", "VIEWS"])?;
        let database = self.of_database()?;
        if self.is("WHERE") {
            return Err(SqlError::plain(
                "not modelled by this sandbox: SHOW MATERIALIZED VIEWS WHERE",
            ));
        }
        Ok(ShowObject::MaterializedViews {
            database,
            pattern: self.like()?,
        })
    }

    /// `[FROM db] WHERE ID = n` (`sql/analyzer/ShowTransactionStmtAnalyzer.java`).
    fn show_transaction(&mut self) -> Parsed<ShowObject> {
        let database = self.of_database()?;
        if !self.take("WHERE") {
            return Err(condition(
                "should supply condition like: ID = $transaction_id",
            ));
        }
        let filter = self.expression_until(|token| token.is_symbol(';'))?;
        let sql::Expr::BinaryOp {
            left,
            op: sql::BinaryOperator::Eq,
            right,
        } = &filter
        else {
            return Err(condition(
                "Where clause should looks like: ID = $transaction_id",
            ));
        };
        let named = matches!(left.as_ref(), sql::Expr::Identifier(name) if name.value.eq_ignore_ascii_case("id"));
        match right.to_string().parse() {
            Ok(id) if named => Ok(ShowObject::Transaction { database, id }),
            _ => Err(condition(
                "Where clause should looks like: ID = $transaction_id",
            )),
        }
    }

    /// `TABLE ROLLUP|COLUMN [FROM db]`, `MATERIALIZED VIEW [FROM db]`
    fn show_alter(&mut self) -> Parsed<ShowObject> {
        let mut of_columns = false;
        if !self.take_run(&["MATERIALIZED", "VIEW"]) {
            self.expect("TABLE")?;
            if self.is("OPTIMIZE") {
                return Err(SqlError::plain(
                    "not modelled by this sandbox: SHOW ALTER TABLE OPTIMIZE",
                ));
            }
            of_columns = self.is("COLUMN");
            self.expect_any(&["ROLLUP", "COLUMN", "OPTIMIZE"])?;
        }
        let database = self.of_database()?;
        if !self.is_end() && !self.is_symbol(';') {
            return Err(SqlError::plain(
                "not modelled by this sandbox: SHOW ALTER with WHERE, ORDER BY or LIMIT",
            ));
        }
        Ok(if of_columns {
            ShowObject::AlterColumn { database }
        } else {
            ShowObject::AlterRollup { database }
        })
    }
}

fn condition(message: &str) -> SqlError {
    SqlError::new(
        5064,
        "42000",
        format!("Getting analyzing error. Detail message: {message}."),
    )
}
