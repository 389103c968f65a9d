//! DROP and RECOVER.

use crate::ast::{ObjectStatement, Statement};
use crate::parser::cursor::{Cursor, Parsed};

impl Cursor<'_> {
    pub fn drop_something(&mut self) -> Parsed<Statement> {
        self.expect("DROP")?;
        if self.is("REPOSITORY") {
            return self.drop_repository();
        }
        if self.release().drops_snapshots() && self.take("SNAPSHOT") {
            let label = self.name()?;
            self.expect("ON")?;
            return Ok(Statement::DropSnapshot {
                label,
                repository: self.name()?,
                force: self.take("FORCE"),
            });
        }
        if self.take_any(&["DATABASE", "SCHEMA"]) {
            let if_exists = self.if_exists();
            let name = self.database_name()?;
            return Ok(Statement::DropDatabase {
                name,
                if_exists,
                force: self.take("FORCE"),
            });
        }
        if self.take("TABLE") || self.take_run(&["TEMPORARY", "TABLE"]) {
            let if_exists = self.if_exists();
            let name = self.object_name()?;
            return Ok(Statement::DropTable {
                name,
                if_exists,
                force: self.take("FORCE"),
            });
        }
        if let Some(statement) = self.drop_outside()? {
            return Ok(statement);
        }
        if self.is("MATERIALIZED") {
            return self.drop_materialized_view();
        }
        if self.take("VIEW") {
            let if_exists = self.if_exists();
            return Ok(Statement::DropView {
                name: self.object_name()?,
                if_exists,
            });
        }
        if self.take("USER") {
            let if_exists = self.if_exists();
            return Ok(Statement::DropUser {
                user: self.user()?,
                if_exists,
            });
        }
        if self.is("ROLE") {
            return self.drop_role();
        }
        Err(self.unexpected(&[
            "TABLE",
            "DATABASE",
            "SCHEMA",
            "VIEW",
            "REPOSITORY",
            "USER",
            "ROLE",
        ]))
    }

    /// `RECOVER TABLE t`, `RECOVER DATABASE d`, `RECOVER PARTITION p FROM t`
    pub fn recover(&mut self) -> Parsed<Statement> {
        self.expect("RECOVER")?;
        if self.take_any(&["DATABASE", "SCHEMA"]) {
            return Ok(Statement::Object(ObjectStatement::RecoverDatabase {
                name: self.database_name()?,
            }));
        }
        if self.take("PARTITION") {
            let name = self.name()?;
            self.expect("FROM")?;
            return Ok(Statement::Object(ObjectStatement::RecoverPartition {
                name,
                table: self.object_name()?,
            }));
        }
        self.expect_any(&["TABLE", "DATABASE", "SCHEMA", "PARTITION"])?;
        Ok(Statement::RecoverTable {
            name: self.object_name()?,
        })
    }

    /// `[default_catalog.]db`
    pub fn database_name(&mut self) -> Parsed<String> {
        let named = self.object_name()?;
        match named.database.as_deref() {
            None | Some("default_catalog") => Ok(named.name),
            Some(catalog) => Err(crate::answer::SqlError::plain(format!(
                "Getting analyzing error. Detail message: Unknown catalog '{catalog}'."
            ))),
        }
    }
}
