//! UPDATE, DELETE and TRUNCATE.

use sqlparser::ast as sql;

use crate::ast::Statement;
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::token::Token;

impl Cursor<'_> {
    /// `UPDATE t SET c = expression, … [WHERE …]`
    pub fn update(&mut self) -> Parsed<Statement> {
        self.expect("UPDATE")?;
        let table = self.object_name()?;
        self.expect("SET")?;
        let assignments = self.list(|cursor| {
            let column = cursor.name()?;
            cursor.expect_symbol('=')?;
            let ends = |token: &Token<'_>| {
                token.is_symbol(',')
                    || token.is_symbol(';')
                    || token.is_word("WHERE")
                    || token.is_word("FROM")
            };
            Ok((column, cursor.expression_until(ends)?))
        })?;
        let filter = self.filter()?;
        Ok(Statement::Update {
            table,
            assignments,
            filter,
        })
    }

    /// `DELETE FROM t [PARTITION (…)] [WHERE …]`
    pub fn delete(&mut self) -> Parsed<Statement> {
        self.expect_run(&["DELETE", "FROM"])?;
        let table = self.object_name()?;
        let (temporary, partitions) = self.partitions()?;
        if temporary {
            return Err(self.no_viable());
        }
        let filter = self.filter()?;
        Ok(Statement::Delete {
            table,
            partitions,
            filter,
        })
    }

    /// `TRUNCATE TABLE t [PARTITION (…)]`
    pub fn truncate(&mut self) -> Parsed<Statement> {
        self.expect_run(&["TRUNCATE", "TABLE"])?;
        let name = self.object_name()?;
        let (temporary, partitions) = self.partitions()?;
        if temporary {
            // sql/analyzer/TruncateTableAnalyzer.java
            return Err(crate::answer::SqlError::plain(
                "Getting analyzing error. Detail message: Not support truncate temp partitions.",
            ));
        }
        Ok(Statement::Truncate { name, partitions })
    }

    fn filter(&mut self) -> Parsed<Option<sql::Expr>> {
        if self.take("WHERE") {
            self.expression_until(|token| token.is_symbol(';'))
                .map(Some)
        } else {
            Ok(None)
        }
    }
}
