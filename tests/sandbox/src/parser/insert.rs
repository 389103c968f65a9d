//! INSERT. Rows of literals, of which a statement can hold thousands, are read here and not by sqlparser.

use sqlparser::ast as sql;

use crate::ast::{Insert, InsertSource, Statement};
use crate::parser::cursor::{Cursor, Parsed, syntax_error};
use crate::parser::general::CHILDREN_LIMIT;
use crate::parser::literal::unquote;
use crate::parser::token::{Kind, Token};

impl Cursor<'_> {
    /// `INSERT INTO|OVERWRITE [TABLE] t [[TEMPORARY] PARTITION (…)] [WITH LABEL x] [(c, …)] VALUES … | query`
    pub fn insert(&mut self) -> Parsed<Statement> {
        self.expect("INSERT")?;
        let overwrite = self.take("OVERWRITE");
        if !overwrite {
            self.expect_any(&["INTO", "OVERWRITE"])?;
        }
        self.take("TABLE");
        let table = self.object_name()?;
        let (temporary_partitions, partitions) = self.partitions()?;
        let label = if self.take_run(&["WITH", "LABEL"]) {
            Some(self.name_or_string()?)
        } else {
            None
        };
        let columns = if self.is_column_list() {
            self.names()?
        } else {
            Vec::new()
        };
        let source = self.insert_source()?;
        Ok(Statement::Insert(Box::new(Insert {
            table,
            overwrite,
            temporary_partitions,
            partitions,
            label,
            columns,
            source,
        })))
    }

    /// `(` opens the columns unless a query stands in it.
    fn is_column_list(&self) -> bool {
        let inside = self.peek_at(1);
        self.is_symbol('(')
            && !inside.is_symbol('(')
            && !["SELECT", "WITH", "VALUES"]
                .iter()
                .any(|word| inside.is_word(word))
    }

    fn insert_source(&mut self) -> Parsed<InsertSource> {
        if self.take("VALUES") {
            return self.rows().map(InsertSource::Values);
        }
        if self.is_any(&["SELECT", "WITH"]) || self.is_symbol('(') {
            return self
                .query_until(|token| token.is_symbol(';'))
                .map(InsertSource::Query);
        }
        Err(self.unexpected(&["VALUES", "SELECT", "WITH", "("]))
    }

    /// `(…), (…)`
    pub fn rows(&mut self) -> Parsed<Vec<Vec<Option<sql::Expr>>>> {
        let rows = self.list(|cursor| cursor.in_brackets(Cursor::cell))?;
        if rows.len() > CHILDREN_LIMIT {
            // sql/parser/PostProcessListener.java
            let message = format!(
                "The inserted rows are {} exceeded the maximum limit {CHILDREN_LIMIT}, please consider modify 'expr_children_limit' in FE conf",
                rows.len()
            );
            return Err(syntax_error(None, &message));
        }
        Ok(rows)
    }

    /// `None`: DEFAULT.
    fn cell(&mut self) -> Parsed<Option<sql::Expr>> {
        if self.ends_cell(1) {
            if self.take("DEFAULT") {
                return Ok(None);
            }
            if let Some(value) = literal(&self.peek(), "") {
                self.bump();
                return Ok(Some(sql::Expr::value(value)));
            }
        }
        if self.is_symbol('-') && self.peek_at(1).kind == Kind::Number && self.ends_cell(2) {
            self.bump();
            let number = self.bump();
            return Ok(literal(&number, "-").map(sql::Expr::value));
        }
        self.expression_until(|token| token.is_symbol(','))
            .map(Some)
    }

    fn ends_cell(&self, ahead: usize) -> bool {
        let token = self.peek_at(ahead);
        token.is_symbol(',') || token.is_symbol(')')
    }
}

fn literal(token: &Token<'_>, sign: &str) -> Option<sql::Value> {
    match token.kind {
        Kind::Text => Some(sql::Value::SingleQuotedString(unquote(token.text))),
        Kind::Number => Some(sql::Value::Number(format!("{sign}{}", token.text), false)),
        Kind::Word if token.is_word("NULL") => Some(sql::Value::Null),
        Kind::Word if token.is_word("TRUE") => Some(sql::Value::Boolean(true)),
        Kind::Word if token.is_word("FALSE") => Some(sql::Value::Boolean(false)),
        _ => None,
    }
}
