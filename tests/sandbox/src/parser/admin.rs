//! ADMIN SHOW/SET FRONTEND CONFIG, SYNC, KILL.

use crate::ast::Statement;
use crate::parser::cursor::{Cursor, Parsed};

impl Cursor<'_> {
    pub fn admin(&mut self) -> Parsed<Statement> {
        self.expect("ADMIN")?;
        if self.take("SHOW") {
            self.expect_run(&["FRONTEND", "CONFIG"])?;
            return Ok(Statement::AdminShowConfig {
                pattern: self.like()?,
            });
        }
        if !self.take("SET") {
            return Err(self.unexpected(&["SHOW", "SET"]));
        }
        self.expect_run(&["FRONTEND", "CONFIG"])?;
        self.expect_symbol('(')?;
        let key = self.string()?;
        self.expect_symbol('=')?;
        let value = self.string()?;
        self.expect_symbol(')')?;
        Ok(Statement::AdminSetConfig { key, value })
    }

    pub fn sync(&mut self) -> Parsed<Statement> {
        self.expect("SYNC")?;
        Ok(Statement::Sync)
    }

    /// `KILL [CONNECTION|QUERY] id`
    pub fn kill(&mut self) -> Parsed<Statement> {
        self.expect("KILL")?;
        let query = self.take("QUERY");
        if !query {
            self.take("CONNECTION");
        }
        Ok(Statement::Kill {
            query,
            id: self.integer()?,
        })
    }

    /// `[LIKE 'pattern']`
    pub fn like(&mut self) -> Parsed<Option<String>> {
        if self.take("LIKE") {
            self.string().map(Some)
        } else {
            Ok(None)
        }
    }
}
