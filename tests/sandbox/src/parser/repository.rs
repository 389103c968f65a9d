//! CREATE and DROP REPOSITORY (StarRocks.g4 `createRepositoryStatement`). There is no `WITH S3`.

use crate::ast::{CreateRepository, Statement};
use crate::parser::cursor::{Cursor, Parsed};

impl Cursor<'_> {
    /// After CREATE: `[READ ONLY] REPOSITORY name WITH BROKER [broker] ON LOCATION "…" [PROPERTIES (…)]`
    pub fn create_repository(&mut self) -> Parsed<Statement> {
        let read_only = self.take_run(&["READ", "ONLY"]);
        self.expect("REPOSITORY")?;
        let name = self.name()?;
        self.expect_run(&["WITH", "BROKER"])?;
        let broker = if self.is("ON") {
            None
        } else {
            Some(self.name_or_string()?)
        };
        self.expect_run(&["ON", "LOCATION"])?;
        let location = self.string()?;
        let properties = self.properties()?;
        Ok(Statement::CreateRepository(CreateRepository {
            read_only,
            name,
            broker,
            location,
            properties,
        }))
    }

    /// After DROP: `REPOSITORY name`
    pub fn drop_repository(&mut self) -> Parsed<Statement> {
        self.expect("REPOSITORY")?;
        Ok(Statement::DropRepository { name: self.name()? })
    }
}
