//! CREATE, DROP and SHOW of external catalogs and functions (StarRocks.g4 `createExternalCatalogStatement`, `createFunctionStatement`).

use crate::ast::{FunctionKind, OutsideStatement, Statement};
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::token::Kind;

impl Cursor<'_> {
    /// After CREATE: `EXTERNAL CATALOG …` or `[OR REPLACE] [GLOBAL] [TABLE | AGGREGATE] FUNCTION …`; `None` if it is neither.
    pub fn create_outside(&mut self) -> Parsed<Option<Statement>> {
        if self.take_run(&["EXTERNAL", "CATALOG"]) {
            return self.create_catalog().map(Statement::Outside).map(Some);
        }
        let place = self.position();
        let or_replace = self.take_run(&["OR", "REPLACE"]);
        let global = self.take("GLOBAL");
        let kind = if self.take("TABLE") {
            FunctionKind::Table
        } else if self.take("AGGREGATE") {
            FunctionKind::Aggregate
        } else {
            FunctionKind::Scalar
        };
        if !self.take("FUNCTION") {
            self.rewind(place);
            return Ok(None);
        }
        if global {
            return Err(self.refuse("not modelled by this sandbox: global functions"));
        }
        let if_not_exists = self.if_not_exists();
        let name = self.object_name()?;
        let arguments = self.types()?;
        self.expect("RETURNS")?;
        let returns = self.type_text()?;
        let properties = self.properties()?;
        Ok(Some(Statement::Outside(OutsideStatement::CreateFunction {
            name,
            or_replace,
            if_not_exists,
            kind,
            arguments,
            returns,
            properties,
        })))
    }

    fn create_catalog(&mut self) -> Parsed<OutsideStatement> {
        let if_not_exists = self.if_not_exists();
        let name = self.name_or_string()?;
        let comment = if self.take("COMMENT") {
            self.string()?
        } else {
            String::new()
        };
        let properties = self.properties()?;
        Ok(OutsideStatement::CreateCatalog {
            name,
            if_not_exists,
            comment,
            properties,
        })
    }

    /// After DROP: `CATALOG [IF EXISTS] name` or `FUNCTION [IF EXISTS] name(types)`.
    pub fn drop_outside(&mut self) -> Parsed<Option<Statement>> {
        if self.take("CATALOG") {
            let if_exists = self.if_exists();
            let name = self.name_or_string()?;
            return Ok(Some(Statement::Outside(OutsideStatement::DropCatalog {
                name,
                if_exists,
            })));
        }
        if !self.take("FUNCTION") {
            return Ok(None);
        }
        let if_exists = self.if_exists();
        let name = self.object_name()?;
        let arguments = self.types()?;
        Ok(Some(Statement::Outside(OutsideStatement::DropFunction {
            name,
            if_exists,
            arguments,
        })))
    }

    /// After SHOW: `CATALOGS` or `[FULL] FUNCTIONS [FROM db]`.
    pub fn show_outside(&mut self) -> Parsed<Option<Statement>> {
        let shown = if self.take("CATALOGS") {
            OutsideStatement::ShowCatalogs
        } else if self.is("FUNCTIONS") || self.is_run(&["FULL", "FUNCTIONS"]) {
            let full = self.take("FULL");
            self.bump();
            OutsideStatement::ShowFunctions {
                full,
                database: self.of_database()?,
            }
        } else {
            return Ok(None);
        };
        Ok(Some(Statement::Outside(shown)))
    }

    fn types(&mut self) -> Parsed<Vec<String>> {
        self.expect_symbol('(')?;
        let types = if self.is_symbol(')') {
            Vec::new()
        } else {
            self.list(Cursor::type_text)?
        };
        self.expect_symbol(')')?;
        Ok(types)
    }

    /// `INT`, `VARCHAR(10)`, `DECIMAL(10, 2)`, upper case.
    fn type_text(&mut self) -> Parsed<String> {
        if self.peek().kind != Kind::Word {
            return Err(self.refuse("a type is expected"));
        }
        let mut text = self.bump().text.to_uppercase();
        if self.take_symbol('(') {
            let sizes: Vec<u32> = self.list(Cursor::integer)?;
            self.expect_symbol(')')?;
            let sizes: Vec<String> = sizes.iter().map(u32::to_string).collect();
            text = format!("{text}({})", sizes.join(","));
        }
        Ok(text)
    }
}
