//! SET, USE and the brackets of a transaction.

use sqlparser::ast as sql;

use crate::answer::SqlError;
use crate::ast::{Assignment, Statement};
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::token::Kind;

impl Cursor<'_> {
    pub fn set(&mut self) -> Parsed<Statement> {
        self.expect("SET")?;
        if self.is("PASSWORD") && !self.peek_at(1).is_symbol(',') {
            return self.set_password();
        }
        if self.is("ROLE") || self.is_run(&["DEFAULT", "ROLE"]) {
            return self.set_role();
        }
        let assignments = self.list(Cursor::assignment)?;
        Ok(Statement::Set(assignments.into_iter().flatten().collect()))
    }

    /// `USE db`, `USE default_catalog.db`
    pub fn use_database(&mut self) -> Parsed<Statement> {
        self.expect("USE")?;
        if self.peek().kind == Kind::Text {
            let named = self.string()?;
            return Ok(Statement::Use(
                named
                    .strip_prefix("default_catalog.")
                    .unwrap_or(&named)
                    .to_owned(),
            ));
        }
        Ok(Statement::Use(self.database_name()?))
    }

    /// `BEGIN [WORK]`, `START TRANSACTION [WITH CONSISTENT SNAPSHOT]`, `COMMIT [WORK]`, `ROLLBACK [WORK]`, with CHAIN and RELEASE parsed
    /// as StarRocks does, to no effect.
    pub fn transaction(&mut self) -> Parsed<Statement> {
        if self.take("START") {
            self.expect("TRANSACTION")?;
            if self.take("WITH") {
                self.expect_run(&["CONSISTENT", "SNAPSHOT"])?;
            }
            return Ok(Statement::Begin);
        }
        let statement = match () {
            () if self.take("BEGIN") => Statement::Begin,
            () if self.take("COMMIT") => Statement::Commit,
            () => {
                self.expect("ROLLBACK")?;
                Statement::Rollback
            }
        };
        self.take("WORK");
        if statement == Statement::Begin {
            return Ok(statement);
        }
        if self.take("AND") {
            self.take("NO");
            self.expect("CHAIN")?;
        }
        if self.take("NO") {
            self.expect("RELEASE")?;
        } else {
            self.take("RELEASE");
        }
        Ok(statement)
    }

    /// `None`: accepted and of no effect.
    fn assignment(&mut self) -> Parsed<Option<Assignment>> {
        if self.is("NAMES") || self.is("CHARSET") || self.is_run(&["CHARACTER", "SET"]) {
            return self.character_set();
        }
        if self.take_symbol('@') {
            return if self.take_symbol('@') {
                self.system_variable()
            } else {
                self.user_variable()
            };
        }
        let global = self.take("GLOBAL");
        if !global {
            self.take_any(&["SESSION", "LOCAL", "VERBOSE"]);
        }
        if self.take("TRANSACTION") {
            return self.isolation();
        }
        let name = self.variable_name()?;
        self.assigned(global, name)
    }

    /// After `@@`: `[global.|session.|local.]name = value`
    fn system_variable(&mut self) -> Parsed<Option<Assignment>> {
        let scope = self.peek_at(1).is_symbol('.');
        let global = scope && self.is("GLOBAL");
        if scope {
            self.expect_any(&["GLOBAL", "SESSION", "LOCAL"])?;
            self.expect_symbol('.')?;
        }
        let name = self.variable_name()?;
        self.assigned(global, name)
    }

    fn user_variable(&mut self) -> Parsed<Option<Assignment>> {
        let name = format!("@{}", self.name_or_string()?);
        self.assigned(false, name)
    }

    fn variable_name(&mut self) -> Parsed<String> {
        Ok(self.name()?.to_ascii_lowercase())
    }

    fn assigned(&mut self, global: bool, name: String) -> Parsed<Option<Assignment>> {
        self.take_symbol(':');
        self.expect_symbol('=')?;
        let value = self.assigned_value()?;
        Ok(Some(Assignment {
            global,
            name,
            value,
        }))
    }

    /// ON, ALL and DEFAULT are no expressions, yet stand here.
    fn assigned_value(&mut self) -> Parsed<sql::Expr> {
        let word = self.peek();
        if self.take_any(&["ON", "ALL", "DEFAULT"]) {
            return Ok(sql::Expr::Identifier(sql::Ident::new(
                word.text.to_ascii_uppercase(),
            )));
        }
        self.expression_until(|token| token.is_symbol(',') || token.is_symbol(';'))
    }

    /// `NAMES x [COLLATE y]`, `CHARSET x`, `CHARACTER SET x`: only UTF-8 (and gbk) is accepted, then forgotten
    /// (`sql/analyzer/SetStmtAnalyzer.java`).
    fn character_set(&mut self) -> Parsed<Option<Assignment>> {
        if !self.take_any(&["NAMES", "CHARSET"]) {
            self.expect_run(&["CHARACTER", "SET"])?;
        }
        let charset = if self.take("DEFAULT") {
            "utf8".to_owned()
        } else {
            self.name_or_string()?
        };
        if self.take("COLLATE") && !self.take("DEFAULT") {
            self.name_or_string()?;
        }
        // `SetStmtAnalyzer.analyzeSetNames`
        match charset.to_ascii_lowercase().as_str() {
            known if known.starts_with("utf8") => Ok(None),
            "gbk" => Err(SqlError::plain(
                "Getting analyzing error. Detail message: charset name gbk is not supported yet.",
            )),
            // ErrorCode.ERR_UNKNOWN_CHARACTER_SET
            _ => Err(SqlError::new(
                1115,
                "42000",
                format!(
                    "Getting analyzing error. Detail message: Unknown character set: '{charset}'."
                ),
            )),
        }
    }

    /// `TRANSACTION ISOLATION LEVEL … | READ ONLY | READ WRITE`, which drivers send: parsed, to no effect.
    fn isolation(&mut self) -> Parsed<Option<Assignment>> {
        self.list(|cursor| {
            if cursor.take_run(&["ISOLATION", "LEVEL"]) {
                let known = cursor.take_run(&["READ", "UNCOMMITTED"])
                    || cursor.take_run(&["READ", "COMMITTED"])
                    || cursor.take_run(&["REPEATABLE", "READ"])
                    || cursor.take("SERIALIZABLE");
                return if known {
                    Ok(())
                } else {
                    Err(cursor.unexpected(&["READ", "REPEATABLE", "SERIALIZABLE"]))
                };
            }
            cursor.expect("READ")?;
            cursor.expect_any(&["ONLY", "WRITE"])
        })?;
        Ok(None)
    }
}
