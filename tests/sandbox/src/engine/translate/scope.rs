//! What a translation knows at each point: the sources in reach, the common table expressions, the grouping.

use std::collections::BTreeSet;

use sqlparser::ast as sql;

use crate::answer::SqlError;
use crate::engine::access::{INFORMATION_SCHEMA, Kind, Object, Read, SYS};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::information_schema::{Only, Wanted};
use crate::engine::session::Session;
use crate::engine::store::quote;
use crate::engine::table::Table;
use crate::engine::translate::Type;

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub name: String,
    pub kind: Type,
}

/// A query as SQLite runs it.
#[derive(Debug, Clone)]
pub struct Translated {
    pub sql: String,
    pub columns: Vec<Output>,
    /// Tables of information_schema that must be filled first.
    pub information: Wanted,
    /// Ids of the tables and views that are read.
    pub relations: BTreeSet<u64>,
    /// What must be readable; nothing for root.
    pub reads: Vec<Read>,
}

/// A table, view, subquery or common table expression in a FROM clause.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub alias: String,
    pub columns: Vec<Output>,
}

/// The names one SELECT sees.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub sources: Vec<Source>,
    /// Columns merged by USING: not ambiguous.
    pub merged: Vec<String>,
    /// Select aliases with their translation, for GROUP BY, HAVING and ORDER BY.
    pub aliases: Vec<(String, String, Type)>,
    /// Translations of the GROUP BY expressions while grouped output is checked.
    pub grouping: Option<Vec<String>>,
    pub saw_aggregate: bool,
    pub inside_aggregate: bool,
}

pub struct Translator<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) session: &'a Session,
    /// Changes while a view's text is translated.
    pub(super) database: Option<String>,
    pub(super) scopes: Vec<Scope>,
    pub(super) tables_in_reach: Vec<Source>,
    /// Views around this text; a view that ends in itself is refused.
    pub(super) views_around: usize,
    pub(super) information: Wanted,
    /// What the WHERE clause leaves of the one table that is being introduced.
    pub(super) only: Only,
    pub(super) relations: BTreeSet<u64>,
    /// `None` where nobody asks: for root, and within views.
    pub(super) reads: Option<Vec<Read>>,
}

impl<'a> Translator<'a> {
    pub fn new(cluster: &'a Cluster, session: &'a Session) -> Translator<'a> {
        Translator {
            cluster,
            session,
            database: session.database.clone(),
            scopes: Vec::new(),
            tables_in_reach: Vec::new(),
            views_around: 0,
            information: Wanted::new(),
            only: Only::default(),
            relations: BTreeSet::new(),
            reads: (!cluster.is_root(session)).then(Vec::new),
        }
    }

    /// A translator for the expressions of an UPDATE or DELETE: the table's columns are in scope under its name.
    pub fn over(cluster: &'a Cluster, session: &'a Session, table: &Table) -> Translator<'a> {
        let mut translator = Translator::new(cluster, session);
        let source = Source {
            alias: table.name.clone(),
            columns: outputs(table),
        };
        translator.scopes.push(Scope {
            sources: vec![source],
            ..Scope::default()
        });
        translator
    }

    pub fn query(mut self, query: &sql::Query) -> Result<Translated, SqlError> {
        let (text, columns) = self.select_query(query)?;
        Ok(Translated {
            sql: text,
            columns,
            information: self.information,
            relations: self.relations,
            reads: self.reads.unwrap_or_default(),
        })
    }

    /// One expression, in the scope the translator was made with.
    pub fn scalar(&mut self, expression: &sql::Expr) -> Result<(String, Type), SqlError> {
        self.expression(expression)
    }

    pub fn information(&self) -> &Wanted {
        &self.information
    }

    /// The tables and views named so far, without that of an UPDATE or DELETE itself.
    pub fn reads(&self) -> &[Read] {
        self.reads.as_deref().unwrap_or_default()
    }

    pub(super) fn read(&mut self, kind: Kind, database: u64, id: u64, name: &str) {
        if let Some(reads) = &mut self.reads {
            let system = database == INFORMATION_SCHEMA || database == SYS;
            // `catalog/system/SystemTable.requireOperatePrivilege`
            let operate = system
                && (name.starts_with("be_") || name.starts_with("fe_"))
                && !matches!(name, "be_tablets" | "fe_tablet_schedules");
            reads.push(Read {
                kind,
                object: Object::Relation { database, id },
                name: name.to_owned(),
                operate,
            });
        }
    }

    /// Finds `name`, in the innermost scope that has it.
    pub(super) fn column(
        &self,
        qualifier: Option<&str>,
        name: &str,
    ) -> Result<(String, Type), SqlError> {
        for scope in self.scopes.iter().rev() {
            if let Some(found) = scope.column(qualifier, name)? {
                return Ok(found);
            }
        }
        let full = qualifier.map_or_else(
            || name.to_owned(),
            |qualifier| format!("{qualifier}.{name}"),
        );
        Err(error::unknown_column(&full))
    }

    pub(super) fn scope(&mut self) -> &mut Scope {
        if self.scopes.is_empty() {
            self.scopes.push(Scope::default());
        }
        self.scopes.last_mut().expect("a scope was just pushed")
    }
}

impl Scope {
    fn column(
        &self,
        qualifier: Option<&str>,
        name: &str,
    ) -> Result<Option<(String, Type)>, SqlError> {
        let mut found: Option<(String, Type)> = None;
        for source in &self.sources {
            if qualifier.is_some_and(|wanted| wanted != source.alias) {
                continue;
            }
            let Some(column) = source
                .columns
                .iter()
                .find(|column| column.name.eq_ignore_ascii_case(name))
            else {
                continue;
            };
            if found.is_some() {
                if self
                    .merged
                    .iter()
                    .any(|merged| merged.eq_ignore_ascii_case(name))
                {
                    continue;
                }
                return Err(error::analyzing(format!("Column '{name}' is ambiguous")));
            }
            found = Some((
                format!("{}.{}", quote(&source.alias), quote(&column.name)),
                column.kind,
            ));
        }
        Ok(found)
    }

    pub fn alias(&self, name: &str) -> Option<(String, Type)> {
        self.aliases
            .iter()
            .find(|(alias, ..)| alias.eq_ignore_ascii_case(name))
            .map(|(_, text, kind)| (format!("({text})"), *kind))
    }
}

pub(super) fn outputs(table: &Table) -> Vec<Output> {
    table
        .columns
        .iter()
        .map(|column| Output {
            name: column.name.clone(),
            kind: Type::of(column.data_type),
        })
        .collect()
}
