//! CREATE: databases, tables, views.

use crate::ast::{CreateTable, Distribution, KeysType, ObjectStatement, Statement};
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::materialized::not_modelled;

impl Cursor<'_> {
    pub fn create(&mut self) -> Parsed<Statement> {
        self.expect("CREATE")?;
        if self.is("REPOSITORY") || self.is_run(&["READ", "ONLY"]) {
            return self.create_repository();
        }
        if self.is("USER") {
            return self.create_user();
        }
        if self.is("ROLE") {
            return self.create_role();
        }
        if self.take_any(&["DATABASE", "SCHEMA"]) {
            let if_not_exists = self.if_not_exists();
            return Ok(Statement::CreateDatabase {
                name: self.database_name()?,
                if_not_exists,
            });
        }
        if self.is("MATERIALIZED") {
            return self.create_materialized_view();
        }
        if self.is("ROUTINE") {
            return self.create_routine_load();
        }
        if self.is("VIEW") || self.is_run(&["OR", "REPLACE", "VIEW"]) {
            return self.create_view();
        }
        if let Some(statement) = self.create_outside()? {
            return Ok(statement);
        }
        if self.is("TABLE")
            || self.is_run(&["EXTERNAL", "TABLE"])
            || (self.release().has_session_tables() && self.is_run(&["TEMPORARY", "TABLE"]))
        {
            return self.create_table();
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

    /// `[OR REPLACE] VIEW [IF NOT EXISTS] name AS query`
    fn create_view(&mut self) -> Parsed<Statement> {
        let or_replace = self.take_run(&["OR", "REPLACE"]);
        self.expect("VIEW")?;
        let if_not_exists = self.if_not_exists();
        let name = self.object_name()?;
        self.refuse_view_clauses()?;
        self.expect("AS")?;
        let from = self.peek().start;
        let query = self.query_until(|token| token.is_symbol(';'))?;
        let text = self.text_since(from);
        Ok(Statement::CreateView {
            name,
            if_not_exists,
            or_replace,
            text,
            query,
        })
    }

    /// What was read from a place on.
    pub fn text_since(&self, from: usize) -> String {
        let to = self
            .between(0, self.position())
            .last()
            .map_or(from, |token| token.end());
        self.text()[from..to.max(from)].to_owned()
    }

    fn create_table(&mut self) -> Parsed<Statement> {
        let external = self.take("EXTERNAL");
        let temporary = self.take("TEMPORARY");
        self.expect("TABLE")?;
        let if_not_exists = self.if_not_exists();
        let name = self.object_name()?;
        if temporary && (self.is("LIKE") || self.is_as_select()) {
            return Err(not_modelled(
                "session-temporary tables made from another table or a query",
            ));
        }
        if self.take("LIKE") {
            let source = self.object_name()?;
            return Ok(Statement::CreateTableLike {
                name,
                if_not_exists,
                source,
            });
        }
        let as_select = self.is_as_select();
        let names = if as_select && self.is_symbol('(') {
            self.names()?
        } else {
            Vec::new()
        };
        let columns = if as_select {
            Vec::new()
        } else {
            self.in_brackets(Cursor::column)?
        };
        let table = CreateTable {
            name,
            temporary,
            external,
            if_not_exists,
            columns,
            engine: self.engine()?,
            keys: self.keys()?,
            comment: self.comment()?,
            partitioning: self.partitioning()?,
            distribution: self.distribution()?,
            order_by: self.order_by()?,
            properties: self.properties()?,
        };
        if as_select {
            self.expect("AS")?;
            let query = self.query_until(|token| token.is_symbol(';'))?;
            return Ok(Statement::Object(ObjectStatement::CreateTableAsSelect {
                table: Box::new(table),
                columns: names,
                query,
            }));
        }
        if !self.is_end() && !self.is_symbol(';') && table.properties.is_empty() {
            return Err(self.unexpected(clauses_after(&table)));
        }
        Ok(Statement::CreateTable(Box::new(table)))
    }

    /// No columns with types: `t [(c, …)] clauses… AS query`.
    fn is_as_select(&self) -> bool {
        let names_alone = self.is_symbol('(')
            && self.is_name_at(1)
            && (self.peek_at(2).is_symbol(',') || self.peek_at(2).is_symbol(')'));
        names_alone
            || [
                "AS",
                "PRIMARY",
                "DUPLICATE",
                "COMMENT",
                "PARTITION",
                "DISTRIBUTED",
                "ORDER",
                "PROPERTIES",
            ]
            .iter()
            .any(|word| self.is(word))
    }

    /// `[ENGINE = olap]`
    fn engine(&mut self) -> Parsed<Option<String>> {
        if !self.take("ENGINE") {
            return Ok(None);
        }
        self.expect_symbol('=')?;
        self.name().map(Some)
    }

    /// `[DUPLICATE|AGGREGATE|UNIQUE|PRIMARY KEY (c, …)]`
    fn keys(&mut self) -> Parsed<Option<(KeysType, Vec<String>)>> {
        let kinds = [
            ("DUPLICATE", KeysType::Duplicate),
            ("AGGREGATE", KeysType::Aggregate),
            ("UNIQUE", KeysType::Unique),
            ("PRIMARY", KeysType::Primary),
        ];
        let Some((_, kind)) = kinds.into_iter().find(|(word, _)| self.take(word)) else {
            return Ok(None);
        };
        self.expect("KEY")?;
        Ok(Some((kind, self.names()?)))
    }

    /// `[COMMENT "…"]`
    pub fn comment(&mut self) -> Parsed<Option<String>> {
        if self.take("COMMENT") {
            self.string().map(Some)
        } else {
            Ok(None)
        }
    }

    /// `[DISTRIBUTED BY HASH (c, …)|RANDOM [BUCKETS n]]`
    pub fn distribution(&mut self) -> Parsed<Option<Distribution>> {
        if !self.take("DISTRIBUTED") {
            return Ok(None);
        }
        self.expect("BY")?;
        if self.take("RANDOM") {
            return Ok(Some(Distribution::Random {
                buckets: self.buckets()?,
            }));
        }
        self.expect_any(&["HASH", "RANDOM"])?;
        let columns = self.names()?;
        Ok(Some(Distribution::Hash {
            columns,
            buckets: self.buckets()?,
        }))
    }

    fn buckets(&mut self) -> Parsed<Option<u32>> {
        if self.take("BUCKETS") {
            self.integer().map(Some)
        } else {
            Ok(None)
        }
    }

    /// `[ORDER BY (c, …)]`
    pub fn order_by(&mut self) -> Parsed<Vec<String>> {
        if !self.take("ORDER") {
            return Ok(Vec::new());
        }
        self.expect("BY")?;
        self.names()
    }
}

/// What may still follow; the order of the clauses is fixed.
fn clauses_after(table: &CreateTable) -> &'static [&'static str] {
    const CLAUSES: &[&str] = &[
        "ENGINE",
        "PRIMARY",
        "COMMENT",
        "PARTITION",
        "DISTRIBUTED",
        "ORDER",
        "PROPERTIES",
    ];
    let written = [
        table.engine.is_some(),
        table.keys.is_some(),
        table.comment.is_some(),
        table.partitioning.is_some(),
        table.distribution.is_some(),
        !table.order_by.is_empty(),
    ];
    &CLAUSES[written
        .iter()
        .rposition(|written| *written)
        .map_or(0, |last| last + 1)..]
}
