//! SHOW statements. Nearly every column is declared VARCHAR, ids and times included (`qe/ShowResultMetaFactory.java`).

mod alter;
mod catalogue;
mod create_sql;
mod fixed;
mod frontends;
mod jobs;
mod loads;
mod nodes;
mod objects;
mod repositories;

pub use create_sql::{
    create_foreign_sql, create_table_sql, default_text, distribution_key, partition_key,
};

use crate::answer::{Answer, Column, ColumnKind, ResultSet, SqlError};
use crate::ast::Show;
use crate::engine::cluster::Cluster;
use crate::engine::functions::like;
use crate::engine::session::Session;

type Row = Vec<Option<String>>;

impl Cluster {
    pub fn show(&mut self, session: &Session, show: &Show) -> Result<Answer, SqlError> {
        let result = match show {
            Show::Backup { database } => self.show_backup(session, database.as_deref())?,
            Show::Restore { database } => self.show_restore(session, database.as_deref())?,
            Show::Snapshot { repository, filter } => {
                self.show_snapshot(session, repository, filter.as_ref())?
            }
            Show::Repositories => self.show_repositories(session),
            Show::Frontends => self.show_frontends(session),
            Show::Backends => self.show_backends(session),
            Show::ComputeNodes => nodes::compute_nodes(self.release),
            Show::Databases { pattern } => self.show_databases(session, pattern.as_deref()),
            Show::Tables {
                full,
                database,
                pattern,
            } => self.show_tables(session, *full, database.as_deref(), pattern.as_deref())?,
            Show::Partitions {
                temporary,
                table,
                filter,
                order,
                limit,
            } => {
                let mut result =
                    self.show_partitions(session, table, *temporary, filter.as_ref())?;
                catalogue::sort_rows(&mut result, order)?;
                result.rows.truncate(
                    limit
                        .and_then(|limit| usize::try_from(limit).ok())
                        .unwrap_or(usize::MAX),
                );
                result
            }
            Show::CreateTable { name } => self.show_create_table(session, name)?,
            Show::CreateDatabase { name } => {
                self.database(name)?;
                table(
                    &["Database", "Create Database"],
                    vec![vec![name.clone(), format!("CREATE DATABASE `{name}`")]],
                )
            }
            Show::Variables { global, pattern } => {
                let rows = self
                    .variables
                    .list(session, *global)
                    .into_iter()
                    .filter(|(name, _)| matches(pattern.as_deref(), name));
                table(
                    &["Variable_name", "Value"],
                    rows.map(|(name, value)| vec![name, value]).collect(),
                )
            }
            Show::Columns { full, table } => self.show_columns(session, table, *full)?,
            Show::Data { table } => self.show_data(session, table.as_ref())?,
            Show::ProcessList { .. } => self.show_processes(session),
            Show::Grants { of } => self.show_grants(session, of.as_ref())?,
            Show::Roles => self.show_roles(),
            Show::Users { all } => self.show_users(session, *all),
            Show::Warnings => fixed::warnings(),
            Show::Object(show) => self.show_object(session, show)?,
            Show::Status => fixed::status(),
            Show::Engines => fixed::engines(),
            Show::Charset => fixed::charset(),
            Show::Collation => fixed::collation(),
        };
        Ok(Answer::Rows(result))
    }
}

/// A result of text columns without NULL.
fn table(names: &[&str], rows: Vec<Vec<String>>) -> ResultSet {
    with_nulls(
        names,
        rows.into_iter()
            .map(|row| row.into_iter().map(Some).collect())
            .collect(),
    )
}

fn with_nulls(names: &[&str], rows: Vec<Row>) -> ResultSet {
    let columns = names
        .iter()
        .map(|name| Column {
            name: (*name).to_owned(),
            kind: ColumnKind::Text,
        })
        .collect();
    ResultSet { columns, rows }
}

/// Only the columns that the release prints.
fn keeping(result: ResultSet, printed: impl Fn(&str) -> bool) -> ResultSet {
    let kept: Vec<bool> = result
        .columns
        .iter()
        .map(|column| printed(&column.name))
        .collect();
    let rows = result
        .rows
        .into_iter()
        .map(|row| only(row, &kept))
        .collect();
    ResultSet {
        columns: only(result.columns, &kept),
        rows,
    }
}

fn only<T>(items: Vec<T>, kept: &[bool]) -> Vec<T> {
    let kept_items = items.into_iter().zip(kept).filter(|(_, kept)| **kept);
    kept_items.map(|(item, _)| item).collect()
}

/// LIKE 'pattern'; none matches everything.
fn matches(pattern: Option<&str>, name: &str) -> bool {
    pattern.is_none_or(|pattern| like(&pattern.to_lowercase(), &name.to_lowercase()))
}
