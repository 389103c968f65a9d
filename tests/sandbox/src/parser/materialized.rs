//! Materialized views: CREATE, DROP, ALTER, REFRESH, and ALTER VIEW (StarRocks.g4 `createMaterializedViewStatement` and its neighbours).

use crate::answer::SqlError;
use crate::ast::{
    CreateMaterializedView, MaterializedChange, ObjectStatement, Refresh, RefreshKind, Statement,
};
use crate::parser::cursor::{Cursor, Parsed};

/// StarRocks.g4 `unitIdentifier`.
const INTERVAL_UNITS: &[&str] = &["YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND"];

impl Cursor<'_> {
    /// `MATERIALIZED VIEW [IF NOT EXISTS] name [(columns)] [COMMENT "…"] clauses… AS query`, the clauses in any order.
    pub fn create_materialized_view(&mut self) -> Parsed<Statement> {
        self.expect_run(&["MATERIALIZED", "VIEW"])?;
        let if_not_exists = self.if_not_exists();
        let name = self.object_name()?;
        let columns = self.view_columns()?;
        let comment = self.comment()?;
        let (mut distribution, mut refresh, mut properties) = (None, None, Vec::new());
        let mut order_by = Vec::new();
        loop {
            if self.is("PARTITION") {
                return Err(not_modelled("partitioned materialized views"));
            } else if self.is("DISTRIBUTED") {
                distribution = self.distribution()?;
            } else if self.is("REFRESH") {
                refresh = Some(self.refresh_scheme()?);
            } else if self.is("ORDER") {
                order_by = self.order_by()?;
            } else if self.is("PROPERTIES") {
                properties = self.properties()?;
            } else {
                break;
            }
        }
        self.expect("AS")?;
        let from = self.peek().start;
        let query = self.query_until(|token| token.is_symbol(';'))?;
        let text = self.text_since(from);
        // Without REFRESH and without distribution it is an index of its table (`AstBuilder.visitCreateMaterializedViewStatement`).
        let refresh = match (refresh, &distribution) {
            (Some(refresh), _) => refresh,
            (None, Some(_)) => Refresh {
                deferred: false,
                kind: RefreshKind::Manual,
            },
            (None, None) => {
                return Ok(Statement::Object(ObjectStatement::CreateSyncView {
                    name,
                    text,
                    query,
                }));
            }
        };
        Ok(Statement::Object(ObjectStatement::CreateMaterializedView(
            Box::new(CreateMaterializedView {
                name,
                if_not_exists,
                columns,
                comment,
                distribution,
                order_by,
                refresh,
                properties,
                text,
                query,
            }),
        )))
    }

    /// `[(c [COMMENT "…"], …)]`
    pub fn view_columns(&mut self) -> Parsed<Vec<(String, Option<String>)>> {
        if !self.is_symbol('(') {
            return Ok(Vec::new());
        }
        self.in_brackets(|cursor| {
            let name = cursor.name()?;
            Ok((name, cursor.comment()?))
        })
    }

    /// `REFRESH [IMMEDIATE|DEFERRED] ASYNC [[START ('…')] EVERY (INTERVAL n unit)] | MANUAL`
    fn refresh_scheme(&mut self) -> Parsed<Refresh> {
        self.expect("REFRESH")?;
        let deferred = self.take("DEFERRED");
        if !deferred {
            self.take("IMMEDIATE");
        }
        if self.take("MANUAL") {
            return Ok(Refresh {
                deferred,
                kind: RefreshKind::Manual,
            });
        }
        if self.is("INCREMENTAL") {
            return Err(not_modelled("REFRESH INCREMENTAL"));
        }
        self.expect_any(&["ASYNC", "MANUAL"])?;
        let start = if self.take("START") {
            self.expect_symbol('(')?;
            let start = self.string()?;
            self.expect_symbol(')')?;
            Some(start)
        } else {
            None
        };
        if start.is_some() && !self.is("EVERY") {
            return Err(self.unexpected(&["EVERY"]));
        }
        let every = if self.take("EVERY") {
            self.expect_symbol('(')?;
            self.expect("INTERVAL")?;
            let step = self.integer()?;
            let unit = self.peek().text.to_ascii_uppercase();
            if !INTERVAL_UNITS.contains(&unit.as_str()) {
                return Err(self.unexpected(INTERVAL_UNITS));
            }
            self.bump();
            self.expect_symbol(')')?;
            Some((step, unit))
        } else {
            None
        };
        Ok(Refresh {
            deferred,
            kind: RefreshKind::Async { start, every },
        })
    }

    /// `MATERIALIZED VIEW [IF EXISTS] name`
    pub fn drop_materialized_view(&mut self) -> Parsed<Statement> {
        self.expect_run(&["MATERIALIZED", "VIEW"])?;
        let if_exists = self.if_exists();
        Ok(Statement::Object(ObjectStatement::DropMaterializedView {
            name: self.object_name()?,
            if_exists,
        }))
    }

    /// `MATERIALIZED VIEW name ACTIVE|INACTIVE|RENAME m|SWAP WITH m|REFRESH …`
    pub fn alter_materialized_view(&mut self) -> Parsed<Statement> {
        self.expect_run(&["MATERIALIZED", "VIEW"])?;
        let name = self.object_name()?;
        let change = if self.take("ACTIVE") {
            MaterializedChange::Active
        } else if self.take("INACTIVE") {
            MaterializedChange::Inactive
        } else if self.take("RENAME") {
            MaterializedChange::Rename(self.name()?)
        } else if self.take("SWAP") {
            self.expect("WITH")?;
            MaterializedChange::SwapWith(self.name()?)
        } else if self.is("REFRESH") {
            MaterializedChange::Refresh(self.refresh_scheme()?)
        } else if self.is("SET") {
            return Err(not_modelled("ALTER MATERIALIZED VIEW … SET"));
        } else {
            return Err(
                self.unexpected(&["ACTIVE", "INACTIVE", "RENAME", "SWAP", "REFRESH", "SET"])
            );
        };
        Ok(Statement::Object(ObjectStatement::AlterMaterializedView {
            name,
            change,
        }))
    }

    /// `REFRESH MATERIALIZED VIEW name [FORCE] [WITH SYNC|ASYNC MODE]`
    pub fn refresh_materialized_view(&mut self) -> Parsed<Statement> {
        self.expect_run(&["REFRESH", "MATERIALIZED", "VIEW"])?;
        let name = self.object_name()?;
        if self.is("PARTITION") {
            return Err(not_modelled("REFRESH … PARTITION"));
        }
        self.take("FORCE");
        let mut synchronous = false;
        if self.take("WITH") {
            synchronous = self.take("SYNC");
            if !synchronous {
                self.expect_any(&["ASYNC", "SYNC"])?;
            }
            self.expect("MODE")?;
        }
        Ok(Statement::Object(
            ObjectStatement::RefreshMaterializedView { name, synchronous },
        ))
    }

    /// `VIEW name [(columns)] AS query`
    pub fn alter_view(&mut self) -> Parsed<Statement> {
        self.expect("VIEW")?;
        let name = self.object_name()?;
        self.refuse_view_clauses()?;
        self.expect("AS")?;
        let from = self.peek().start;
        let query = self.query_until(|token| token.is_symbol(';'))?;
        Ok(Statement::Object(ObjectStatement::AlterView {
            name,
            text: self.text_since(from),
            query,
        }))
    }

    /// What may stand between a view's name and AS.
    pub fn refuse_view_clauses(&mut self) -> Parsed<()> {
        if self.is_symbol('(') || self.is_any(&["COMMENT", "SECURITY", "SET"]) {
            return Err(not_modelled(
                "views with columns, a comment or security of their own",
            ));
        }
        Ok(())
    }
}

pub(super) fn not_modelled(what: &str) -> SqlError {
    SqlError::plain(format!("not modelled by this sandbox: {what}"))
}
