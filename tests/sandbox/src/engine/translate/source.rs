//! FROM clauses: tables with their partitions, views, information_schema, subqueries and joins.

use sqlparser::ast as sql;

use crate::answer::SqlError;
use crate::ast::{ObjectName, TEMPORARY};
use crate::engine::access::{Kind, kind_of};
use crate::engine::aggregate::merged_source;
use crate::engine::information_schema::widen;
use crate::engine::store::{PARTITION_COLUMN, quote, storage_name};
use crate::engine::table::{Relation, Table, View};
use crate::engine::translate::scope::{Output, Scope, Source, Translator, outputs};
use crate::engine::{error, information_schema};

/// Views within views.
const VIEW_DEPTH: usize = 32;

impl Translator<'_> {
    /// The text after FROM; its sources come into the innermost scope.
    pub(super) fn sources(&mut self, from: &[sql::TableWithJoins]) -> Result<String, SqlError> {
        let mut parts = Vec::new();
        for item in from {
            let mut text = self.factor(&item.relation)?;
            for join in &item.joins {
                text += &self.join(join)?;
            }
            if !text.is_empty() {
                parts.push(text);
            }
        }
        Ok(parts.join(", "))
    }

    fn join(&mut self, join: &sql::Join) -> Result<String, SqlError> {
        use sql::JoinOperator as Operator;
        let (word, constraint) = match &join.join_operator {
            Operator::Join(constraint) | Operator::Inner(constraint) => (" JOIN ", constraint),
            Operator::CrossJoin(constraint) => (" CROSS JOIN ", constraint),
            Operator::Left(constraint) | Operator::LeftOuter(constraint) => {
                (" LEFT JOIN ", constraint)
            }
            Operator::Right(constraint) | Operator::RightOuter(constraint) => {
                (" RIGHT JOIN ", constraint)
            }
            Operator::FullOuter(constraint) => (" FULL JOIN ", constraint),
            other => return Err(error::not_modelled(format!("join {other:?}"))),
        };
        let right = self.factor(&join.relation)?;
        let condition = match constraint {
            sql::JoinConstraint::On(condition) => format!(" ON {}", self.expression(condition)?.0),
            sql::JoinConstraint::Using(names) => {
                let names: Vec<String> = names.iter().map(last_part).collect();
                let quoted: Vec<String> = names.iter().map(|name| quote(name)).collect();
                self.scope().merged.extend(names);
                format!(" USING ({})", quoted.join(", "))
            }
            sql::JoinConstraint::Natural => return Err(error::not_modelled("NATURAL JOIN")),
            sql::JoinConstraint::None => String::new(),
        };
        Ok(format!("{word}{right}{condition}"))
    }

    fn factor(&mut self, factor: &sql::TableFactor) -> Result<String, SqlError> {
        match factor {
            sql::TableFactor::Table {
                name,
                alias,
                partitions,
                args: None,
                version: None,
                ..
            } => self.named(&object_name(name)?, alias.as_ref(), partitions),
            sql::TableFactor::Derived {
                lateral: false,
                subquery,
                alias,
                ..
            } => {
                let (text, columns) = self.select_query(subquery)?;
                let alias = alias.as_ref().ok_or_else(|| {
                    error::analyzing("Every derived table must have its own alias")
                })?;
                self.introduce(format!("({text})"), &alias.name.value, columns)
            }
            sql::TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => Ok(format!(
                "({})",
                self.sources(std::slice::from_ref(table_with_joins))?
            )),
            other => Err(error::not_modelled(format!("FROM {other}"))),
        }
    }

    fn named(
        &mut self,
        name: &ObjectName,
        alias: Option<&sql::TableAlias>,
        partitions: &[sql::Ident],
    ) -> Result<String, SqlError> {
        let alias = alias.map_or(name.name.as_str(), |alias| alias.name.value.as_str());
        if name.database.is_none() {
            if name.name.eq_ignore_ascii_case("dual") {
                return Ok(String::new());
            }
            if let Some(found) = self
                .tables_in_reach
                .iter()
                .rev()
                .find(|source| source.alias == name.name)
            {
                let columns = found.columns.clone();
                return self.introduce(quote(&name.name), alias, columns);
            }
        }
        let database = name
            .database
            .clone()
            .or_else(|| self.database.clone())
            .ok_or_else(error::no_database)?;
        let full_name = ObjectName {
            database: Some(database.clone()),
            name: name.name.clone(),
        };
        self.cluster
            .refuse_session_table(self.session, &full_name)?;
        if let Some(tables) = information_schema::tables_of(&database) {
            let position = information_schema::position(&database, &name.name);
            let position = position.ok_or_else(|| {
                error::unknown_table(&format!("{}.{}", database.to_lowercase(), name.name))
            })?;
            let table = usize::try_from(position)
                .ok()
                .and_then(|index| tables.get(index))
                .expect("invariant: it was just found there");
            if let Some(id) = self.cluster.database_id(&database) {
                self.read(Kind::Table, id, position, table.name);
            }
            let only = self.only.clone();
            widen(&mut self.information, table.name, only);
            let columns = table
                .columns_of(self.cluster.release)
                .into_iter()
                .map(|(name, kind)| Output {
                    name: name.to_owned(),
                    kind,
                })
                .collect();
            return self.introduce(information_schema::storage_name(table), alias, columns);
        }
        let full = || format!("{database}.{}", name.name);
        let cluster = self.cluster;
        let found = cluster.database(&database)?;
        let relation = found
            .relations
            .get(&name.name)
            .ok_or_else(|| error::unknown_table(&full()))?;
        self.relations.insert(relation.id());
        match relation {
            Relation::Foreign(foreign) => Err(error::not_modelled(format!(
                "reading the external table {}",
                foreign.name
            ))),
            Relation::Table(table) => {
                self.read(kind_of(relation), found.id, table.id, &table.name);
                table.check_readable()?;
                let source = merged_source(table, rows_of(table, partitions)?);
                self.introduce(source, alias, outputs(table))
            }
            Relation::View(view) => {
                self.read(Kind::View, found.id, view.id, &view.name);
                self.view(view, alias)
            }
        }
    }

    /// A view is its text, read in the database it was made from.
    fn view(&mut self, view: &View, alias: &str) -> Result<String, SqlError> {
        let mut inner = Translator::new(self.cluster, self.session);
        inner.database = Some(view.database.clone());
        inner.reads = None;
        inner.views_around = self.views_around + 1;
        if inner.views_around > VIEW_DEPTH {
            return Err(error::analyzing(format!(
                "View {} is nested too deep",
                view.name
            )));
        }
        let (text, columns) = inner.select_query(&view.query)?;
        for (table, only) in inner.information {
            widen(&mut self.information, table, only);
        }
        self.relations.append(&mut inner.relations);
        self.introduce(format!("({text})"), alias, columns)
    }

    fn introduce(
        &mut self,
        text: String,
        alias: &str,
        columns: Vec<Output>,
    ) -> Result<String, SqlError> {
        let scope: &mut Scope = self.scope();
        if scope.sources.iter().any(|source| source.alias == alias) {
            return Err(error::analyzing(format!(
                "Not unique table/alias: '{alias}'"
            )));
        }
        scope.sources.push(Source {
            alias: alias.to_owned(),
            columns,
        });
        Ok(format!("{text} AS {}", quote(alias)))
    }
}

/// The storage table, cut down to the named partitions, or to everything but the temporary ones.
fn rows_of(table: &Table, partitions: &[sql::Ident]) -> Result<String, SqlError> {
    let name = storage_name(table.id);
    if partitions.is_empty() {
        if table.temporary_partitions.is_empty() {
            return Ok(name);
        }
        return Ok(format!(
            "(SELECT * FROM {name} WHERE {PARTITION_COLUMN} NOT IN ({}))",
            list(table.temporary_partitions.physical_ids())
        ));
    }
    let (temporary, partitions) = match partitions.split_first() {
        Some((first, named)) if first.value == TEMPORARY => (true, named),
        _ => (false, partitions),
    };
    let mut ids = Vec::new();
    for partition in partitions {
        let found = table
            .partition_named(&partition.value, temporary)
            .ok_or_else(|| {
                error::analyzing(format!(
                    "Unknown partition '{}' in table '{}'",
                    partition.value, table.name
                ))
            })?;
        ids.extend(found.physical_ids());
    }
    Ok(format!(
        "(SELECT * FROM {name} WHERE {PARTITION_COLUMN} IN ({}))",
        list(ids.into_iter())
    ))
}

fn list(ids: impl Iterator<Item = u64>) -> String {
    ids.map(|id| id.to_string()).collect::<Vec<_>>().join(", ")
}

fn object_name(name: &sql::ObjectName) -> Result<ObjectName, SqlError> {
    let parts: Vec<&str> = name
        .0
        .iter()
        .filter_map(|part| part.as_ident())
        .map(|ident| ident.value.as_str())
        .collect();
    match parts.as_slice() {
        [name] => Ok(ObjectName {
            database: None,
            name: (*name).to_owned(),
        }),
        [database, name] | ["default_catalog", database, name] => Ok(ObjectName {
            database: Some((*database).to_owned()),
            name: (*name).to_owned(),
        }),
        _ => Err(error::not_modelled(format!("the name {name}"))),
    }
}

fn last_part(name: &sql::ObjectName) -> String {
    name.0
        .last()
        .and_then(|part| part.as_ident())
        .map(|ident| ident.value.clone())
        .unwrap_or_default()
}
