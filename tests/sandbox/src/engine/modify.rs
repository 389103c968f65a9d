//! UPDATE, DELETE and TRUNCATE, by table type (`sql/analyzer/UpdateAnalyzer.java`, `DeleteAnalyzer.java`).

use std::collections::BTreeSet;

use rusqlite::params_from_iter;
use rusqlite::types::Value;
use sqlparser::ast as sql;

use crate::answer::{Answer, SqlError};
use crate::ast::{KeysType, ObjectName};
use crate::engine::access::Object;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::load::{Refusal, Target, fit_row};
use crate::engine::partition::{Partition, Partitions};
use crate::engine::range::{KeyPart, part_of};
use crate::engine::session::Session;
use crate::engine::store::{PARTITION_COLUMN, ROW_COLUMN, quote, storage_name};
use crate::engine::table::Table;
use crate::engine::translate::{Translator, constant};
use crate::engine::value::text_of;
use crate::engine::{error, information_schema, texts};

impl Cluster {
    pub fn update(
        &mut self,
        session: &Session,
        name: &ObjectName,
        assignments: &[(String, sql::Expr)],
        filter: Option<&sql::Expr>,
    ) -> Result<Answer, SqlError> {
        let (database, table) = self.table(name, session)?;
        let target = Target {
            database: database.to_owned(),
            table: table.name.clone(),
        };
        if table.is_materialized() {
            return Err(error::analyzing(format!(
                "The data of '{0}' cannot be modified because '{0}' is a materialized view,and the data of materialized view must be \
                 consistent with the base table.",
                table.name
            )));
        }
        if table.keys != KeysType::Primary {
            return Err(error::analyzing(format!(
                "table {} does not support update",
                table.name
            )));
        }
        table.check_writable()?;
        let columns = assigned_columns(table, assignments)?;
        let filter = filter.ok_or_else(|| {
            error::analyzing("must specify where clause to prevent full table update")
        })?;
        let itself = Object::Relation {
            database: self.database(database)?.id,
            id: table.id,
        };
        let mut translator = Translator::over(self, session, table);
        let mut list = format!("{ROW_COLUMN}, {PARTITION_COLUMN}");
        for (_, expression) in assignments {
            list += &format!(", {}", translator.scalar(expression)?.0);
        }
        let condition = translator.scalar(filter)?.0;
        let query = format!(
            "SELECT {list} FROM {} AS {} WHERE {condition}",
            storage_name(table.id),
            quote(&table.name)
        );
        let information = translator.information().clone();
        // The table itself needs no SELECT, wherever it is named (`AuthorizerStmtVisitor.visitUpdateStatement`, `visitDeleteStatement`).
        let mut reads = translator.reads().to_vec();
        reads.retain(|read| read.object != itself);
        self.authorized()?;
        self.check_reads(session, &reads)?;
        information_schema::fill(self, session, &information)?;
        let mut rows = self.raw_rows(&query, columns.len() + 2)?;
        let load = self.begin_load(&target.database, "update", None)?;
        let table = self.table_at(&target)?;
        let definitions: Vec<_> = columns
            .iter()
            .map(|index| table.columns[*index].clone())
            .collect();
        let fitted = rows
            .iter_mut()
            .try_for_each(|row| fit_row(&mut row[2..], &definitions));
        fitted.map_err(|refusal| refusal.into_error(self, &load))?;
        if rows.is_empty() {
            return Ok(Cluster::nothing_to_load(&load));
        }
        let sets: Vec<String> = definitions
            .iter()
            .map(|column| format!("{} = ?", quote(&column.name)))
            .collect();
        let table_id = self.table_at(&target)?.id;
        let statement = format!(
            "UPDATE {} SET {} WHERE {ROW_COLUMN} = ?",
            storage_name(table_id),
            sets.join(", ")
        );
        self.store.atomically(|store| {
            let run = || {
                let mut statement = store.connection.prepare_cached(&statement)?;
                rows.iter().try_for_each(|row| {
                    statement
                        .execute(params_from_iter(row[2..].iter().chain(&row[..1])))
                        .map(|_| ())
                })
            };
            run().map_err(|fault: rusqlite::Error| error::storage(&fault))
        })?;
        self.regenerate(session, &target, rows.iter().map(|row| row[0].clone()))
            .map_err(|refusal| refusal.into_error(self, &load))?;
        let touched = rows.iter().filter_map(|row| physical_id(&row[1])).collect();
        self.commit(&target, load, &touched, rows.len() as u64)
    }

    pub fn delete(
        &mut self,
        session: &Session,
        name: &ObjectName,
        partitions: &[String],
        filter: Option<&sql::Expr>,
    ) -> Result<Answer, SqlError> {
        let (database, table) = self.table(name, session)?;
        let target = Target {
            database: database.to_owned(),
            table: table.name.clone(),
        };
        if table.is_materialized() {
            return Err(error::analyzing(format!(
                "The data of '{}' cannot be deleted because it is a materialized view,and the data of materialized view must be consistent \
                 with the base table.",
                table.name
            )));
        }
        table.check_writable()?;
        let primary = table.keys == KeysType::Primary;
        let filter = filter.ok_or_else(|| {
            error::analyzing(if primary {
                "Delete must specify where clause to prevent full table delete"
            } else {
                "Where clause is not set"
            })
        })?;
        if primary && !partitions.is_empty() {
            return Err(error::analyzing(
                "Delete for primary key table do not support specifying partitions",
            ));
        }
        if !primary {
            check_predicate(filter, table)?;
        }
        let scope = if primary {
            None
        } else {
            Some(delete_scope(table, partitions, filter)?)
        };
        let itself = Object::Relation {
            database: self.database(database)?.id,
            id: table.id,
        };
        let mut translator = Translator::over(self, session, table);
        let mut condition = translator.scalar(filter)?.0;
        if let Some(scope) = &scope {
            let ids: Vec<String> = scope.iter().map(u64::to_string).collect();
            condition += &format!(" AND {PARTITION_COLUMN} IN ({})", ids.join(", "));
        }
        let source = format!("{} AS {}", storage_name(table.id), quote(&table.name));
        let table_id = table.id;
        let information = translator.information().clone();
        // The table itself needs no SELECT, wherever it is named (`AuthorizerStmtVisitor.visitUpdateStatement`, `visitDeleteStatement`).
        let mut reads = translator.reads().to_vec();
        reads.retain(|read| read.object != itself);
        self.authorized()?;
        self.check_reads(session, &reads)?;
        information_schema::fill(self, session, &information)?;
        let rows = self.raw_rows(
            &format!("SELECT {ROW_COLUMN}, {PARTITION_COLUMN} FROM {source} WHERE {condition}"),
            2,
        )?;
        let load = self.begin_load(&target.database, "delete", None)?;
        self.delete_rows(table_id, &rows)?;
        // A primary key table loads the keys of its rows; every other table gets a delete predicate in each partition, matched or not.
        let touched =
            scope.unwrap_or_else(|| rows.iter().filter_map(|row| physical_id(&row[1])).collect());
        if primary && rows.is_empty() {
            return Ok(Cluster::nothing_to_load(&load));
        }
        self.commit(
            &target,
            load,
            &touched,
            if primary { rows.len() as u64 } else { 0 },
        )
    }

    fn delete_rows(&self, table_id: u64, rows: &[Vec<Value>]) -> Result<(), SqlError> {
        let sql = format!(
            "DELETE FROM {} WHERE {ROW_COLUMN} = ?1",
            storage_name(table_id)
        );
        self.store.atomically(|store| {
            let run = || {
                let mut statement = store.connection.prepare_cached(&sql)?;
                rows.iter()
                    .try_for_each(|row| statement.execute([&row[0]]).map(|_| ()))
            };
            run().map_err(|fault: rusqlite::Error| error::storage(&fault))
        })
    }

    /// Every truncated partition is replaced by an empty one with a new id at version 1 (`server/LocalMetastore.truncateTable`).
    pub fn truncate(
        &mut self,
        session: &Session,
        name: &ObjectName,
        partitions: &[String],
    ) -> Result<Answer, SqlError> {
        let (database, table) = self.table(name, session)?;
        let target = Target {
            database: database.to_owned(),
            table: table.name.clone(),
        };
        if table.is_materialized() {
            return Err(SqlError::plain(
                "Only support truncate OLAP table or LAKE table",
            ));
        }
        table.check_alterable()?;
        for name in partitions {
            if table.partition_named(name, false).is_none() {
                return Err(SqlError::plain(format!("Partition {name} does not exist")));
            }
        }
        let named = |partition: &&Partition| {
            partitions.is_empty()
                || partitions
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(&partition.name))
        };
        let old: Vec<Partition> = table.partitions.iter().filter(named).cloned().collect();
        let table_id = table.id;
        // Of the whole table: its temporary partitions go.
        let temporary: Vec<u64> = if partitions.is_empty() {
            table.temporary_partitions.physical_ids().collect()
        } else {
            Vec::new()
        };
        let fresh: Vec<Partition> = old
            .iter()
            .map(|partition| self.new_partition(partition.name.clone(), partition))
            .collect();
        self.store.clear(
            table_id,
            old.iter()
                .flat_map(Partition::physical_ids)
                .chain(temporary),
        )?;
        let table = self
            .database_mut(&target.database)?
            .table_mut(&target.table)
            .expect("the table was just found");
        for (before, after) in old.iter().zip(fresh) {
            table.partitions.remove(&before.name);
            table.partitions.add(after);
        }
        if partitions.is_empty() {
            table.temporary_partitions = Partitions::default();
        }
        Ok(done())
    }

    fn raw_rows(&self, query: &str, width: usize) -> Result<Vec<Vec<Value>>, SqlError> {
        let run = || {
            let (sql, texts) = texts::lift(query);
            let mut statement = self.store.connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(&texts), |row| {
                (0..width).map(|index| row.get(index)).collect()
            })?;
            rows.collect::<rusqlite::Result<Vec<Vec<Value>>>>()
        };
        run().map_err(|fault: rusqlite::Error| error::storage(&fault))
    }
}

fn physical_id(value: &Value) -> Option<u64> {
    match value {
        Value::Integer(id) => u64::try_from(*id).ok(),
        _ => None,
    }
}

fn assigned_columns(
    table: &Table,
    assignments: &[(String, sql::Expr)],
) -> Result<Vec<usize>, SqlError> {
    let mut columns = Vec::new();
    for (name, _) in assignments {
        let index = table.column(name).ok_or_else(|| {
            error::analyzing(format!(
                "table '{}' do not existing column '{name}'",
                table.name
            ))
        })?;
        if index < table.key_count {
            return Err(error::analyzing(format!(
                "primary key column cannot be updated: {}",
                table.columns[index].name
            )));
        }
        if table.columns[index].generated.is_some() {
            return Err(error::analyzing(format!(
                "generated column cannot be updated: {}",
                table.columns[index].name
            )));
        }
        columns.push(index);
    }
    Ok(columns)
}

/// Only conjunctions of `column op literal`, IS [NOT] NULL and [NOT] IN; UNIQUE tables filter by key columns only.
fn check_predicate(filter: &sql::Expr, table: &Table) -> Result<(), SqlError> {
    for conjunct in conjuncts(filter)? {
        let column = match conjunct {
            sql::Expr::BinaryOp { left, op, right } if comparison(op) => {
                if constant(right).is_none() {
                    return Err(error::analyzing(
                        "Right expr of binary predicate should be value",
                    ));
                }
                column_name(left).ok_or_else(|| {
                    error::analyzing("Left expr of binary predicate should be column name")
                })?
            }
            sql::Expr::IsNull(inner) | sql::Expr::IsNotNull(inner) => column_name(inner)
                .ok_or_else(|| {
                    error::analyzing("Child expr of is_null predicate should be column name")
                })?,
            sql::Expr::InList { expr, list, .. }
                if list.iter().all(|item| constant(item).is_some()) =>
            {
                column_name(expr).ok_or_else(|| {
                    error::analyzing("Left expr of in predicate should be column name")
                })?
            }
            _ => {
                return Err(error::analyzing(
                    "Where clause only supports compound predicate, binary predicate, is_null predicate and in predicate",
                ));
            }
        };
        let index = table
            .column(column)
            .ok_or_else(|| error::unknown_column(column))?;
        if table.keys == KeysType::Unique && index >= table.key_count {
            return Err(error::analyzing(format!(
                "delete condition on value column is not supported: {column}"
            )));
        }
    }
    Ok(())
}

fn conjuncts(filter: &sql::Expr) -> Result<Vec<&sql::Expr>, SqlError> {
    match filter {
        sql::Expr::Nested(inner) => conjuncts(inner),
        sql::Expr::BinaryOp {
            left,
            op: sql::BinaryOperator::And,
            right,
        } => {
            let mut list = conjuncts(left)?;
            list.extend(conjuncts(right)?);
            Ok(list)
        }
        sql::Expr::BinaryOp {
            op: sql::BinaryOperator::Or,
            ..
        } => Err(error::analyzing("Compound predicate's op should be AND")),
        other => Ok(vec![other]),
    }
}

fn comparison(op: &sql::BinaryOperator) -> bool {
    use sql::BinaryOperator as Operator;
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
    )
}

fn column_name(expression: &sql::Expr) -> Option<&str> {
    match expression {
        sql::Expr::Identifier(name) => Some(&name.value),
        sql::Expr::CompoundIdentifier(parts) => parts.last().map(|part| part.value.as_str()),
        _ => None,
    }
}

/// The physical partitions that get the delete predicate: those named, or those the predicate on the partition column does not rule out.
fn delete_scope(
    table: &Table,
    names: &[String],
    filter: &sql::Expr,
) -> Result<BTreeSet<u64>, SqlError> {
    if !names.is_empty() {
        let mut ids = BTreeSet::new();
        for name in names {
            let partition = table.partition_named(name, false).ok_or_else(|| {
                error::analyzing(format!(
                    "Partition {name} does not exist in table {}",
                    table.name
                ))
            })?;
            ids.extend(partition.physical_ids());
        }
        return Ok(ids);
    }
    let conjuncts = conjuncts(filter)?;
    let kept = |partition: &&Partition| {
        conjuncts
            .iter()
            .all(|conjunct| may_match(table, partition, conjunct))
    };
    Ok(table
        .partitions
        .iter()
        .filter(kept)
        .flat_map(Partition::physical_ids)
        .collect())
}

fn may_match(table: &Table, partition: &Partition, conjunct: &sql::Expr) -> bool {
    let (Some(range), [index]) = (&partition.range, table.partition_columns()) else {
        return true;
    };
    let column = &table.columns[*index];
    let sql::Expr::BinaryOp { left, op, right } = conjunct else {
        return true;
    };
    if !column_name(left).is_some_and(|name| name.eq_ignore_ascii_case(&column.name)) {
        return true;
    }
    let literal = constant(right)
        .as_ref()
        .and_then(text_of)
        .and_then(|text| part_of(&text, column.data_type).ok());
    let (Some(value), Some(lower), Some(upper)) =
        (literal, range.lower.first(), range.upper.first())
    else {
        return true;
    };
    let value: &KeyPart = &value;
    match op {
        sql::BinaryOperator::Eq => lower <= value && value < upper,
        sql::BinaryOperator::Lt => lower < value,
        sql::BinaryOperator::LtEq => lower <= value,
        sql::BinaryOperator::Gt | sql::BinaryOperator::GtEq => value < upper,
        _ => true,
    }
}

/// A row that does not fit is an error of the statement.
impl From<SqlError> for Refusal {
    fn from(error: SqlError) -> Refusal {
        Refusal::Other(error)
    }
}
