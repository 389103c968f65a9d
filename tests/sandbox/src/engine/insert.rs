//! INSERT INTO and INSERT OVERWRITE, from VALUES and from queries.

use std::collections::BTreeSet;

use rusqlite::types::Value;

use crate::answer::{Answer, SqlError};
use crate::ast::{ColumnDefinition, DefaultValue, Insert, InsertSource, KeysType};
use crate::engine::cluster::Cluster;
use crate::engine::load::{Load, PlacedRows, Refusal, Target, check_key_size, fit_row};
use crate::engine::overwrite::{self, Scope, names};
use crate::engine::session::Session;
use crate::engine::table::Table;
use crate::engine::translate::constant;
use crate::engine::{datetime, error};
use crate::release::Release;

/// Where a column of the table takes its value from.
#[derive(Clone, Copy)]
enum Origin {
    Given(usize),
    Default,
}

/// An INSERT before its rows are placed.
struct Begun {
    target: Target,
    load: Load,
    scope: Scope,
    /// Full rows, in the table's column order.
    rows: Vec<Vec<Value>>,
}

/// BE config `primary_key_limit_size`.
const PRIMARY_KEY_LIMIT: usize = 128;

impl Cluster {
    pub fn insert(&mut self, session: &Session, insert: &Insert) -> Result<Answer, SqlError> {
        let Begun {
            target,
            load,
            scope,
            rows,
        } = self.begun(session, insert)?;
        let written = match self.placed(session, &target, insert, rows) {
            Ok(placed) if insert.overwrite => {
                return self.overwrite(&target, insert, scope, load, placed);
            }
            Ok(placed) => self.write(&target, insert, placed),
            Err(refusal) => Err(refusal),
        };
        let (touched, count) = written.map_err(|refusal| refusal.into_error(self, &load))?;
        if count == 0 {
            Ok(Cluster::nothing_to_load(&load))
        } else {
            self.commit(&target, load, &touched, count)
        }
    }

    /// Everything up to the placing of rows.
    fn begun(&mut self, session: &Session, insert: &Insert) -> Result<Begun, SqlError> {
        let (database, table) = self.table(&insert.table, session)?;
        let target = Target {
            database: database.to_owned(),
            table: table.name.clone(),
        };
        if table.is_materialized() {
            return Err(error::analyzing(format!(
                "The data of '{0}' cannot be inserted because '{0}' is a materialized view,and the data of materialized view must be \
                 consistent with the base table.",
                table.name
            )));
        }
        table.check_writable()?;
        let id = table.id;
        if self
            .transactions
            .has_committed(self.databases[database].id, Some(id))
        {
            return Err(error::not_modelled(
                "a load into a table with a committed transaction that waits to be published",
            ));
        }
        check_partitions(table, insert)?;
        let scope = self.scope(session, table, insert);
        if insert.overwrite {
            overwrite::check(table, insert, scope, self.release)?;
        }
        let origins = origins(table, &insert.columns, self.release)?;
        let given = self.source_rows(session, &target, insert)?;
        let load = self.begin_load(&target.database, "insert", insert.label.as_deref())?;
        let rows = self.complete(session, &target, &origins, given)?;
        Ok(Begun {
            target,
            load,
            scope,
            rows,
        })
    }

    /// The rows of an INSERT whose transaction stays open, with the partitions they will go to.
    pub(super) fn prepared_rows(
        &mut self,
        session: &Session,
        insert: &Insert,
    ) -> Result<(Target, Load, PlacedRows), SqlError> {
        if insert.overwrite {
            return Err(error::not_modelled("an INSERT OVERWRITE that stays open"));
        }
        let Begun {
            target, load, rows, ..
        } = self.begun(session, insert)?;
        if !insert.columns.is_empty() && self.table_at(&target)?.has_one_row_per_key() {
            return Err(error::not_modelled(
                "an INSERT of some columns, by key, that stays open",
            ));
        }
        match self.placed(session, &target, insert, rows) {
            Ok(placed) => Ok((target, load, placed)),
            Err(refusal) => Err(refusal.into_error(self, &load)),
        }
    }

    /// The rows of the statement; `None` stands for DEFAULT.
    fn source_rows(
        &mut self,
        session: &Session,
        target: &Target,
        insert: &Insert,
    ) -> Result<Vec<Vec<Option<Value>>>, SqlError> {
        let width = if insert.columns.is_empty() {
            let columns = &self.table_at(target)?.columns;
            columns
                .iter()
                .filter(|column| column.generated.is_none())
                .count()
        } else {
            insert.columns.len()
        };
        let check = |count: usize| {
            if count == width {
                Ok(())
            } else {
                Err(column_count(width, count))
            }
        };
        match &insert.source {
            InsertSource::Values(rows) => {
                let limit =
                    usize::try_from(self.config_number("expr_children_limit")).unwrap_or(10_000);
                if rows.len() > limit {
                    return Err(error::analyzing(format!(
                        "The number of exprs are {} exceeded the maximum limit {limit}",
                        rows.len()
                    )));
                }
                let mut list = Vec::with_capacity(rows.len());
                for row in rows {
                    check(row.len())?;
                    let mut values = Vec::with_capacity(row.len());
                    for cell in row {
                        values.push(match cell {
                            None => None,
                            Some(expression) => Some(match constant(expression) {
                                Some(value) => value,
                                None => self.evaluate(session, expression)?,
                            }),
                        });
                    }
                    list.push(values);
                }
                self.authorized()?;
                Ok(list)
            }
            InsertSource::Query(query) => {
                let (columns, rows) = self.query_values(session, query)?;
                check(columns.len())?;
                Ok(rows
                    .into_iter()
                    .map(|row| row.into_iter().map(Some).collect())
                    .collect())
            }
        }
    }

    /// Full rows in the table's column order, with defaults and the next AUTO_INCREMENT values.
    fn complete(
        &mut self,
        session: &Session,
        target: &Target,
        origins: &[Origin],
        given: Vec<Vec<Option<Value>>>,
    ) -> Result<Vec<Vec<Value>>, SqlError> {
        let now = session.zone.local(self.now);
        let database = self.database_mut(&target.database)?;
        let table = database
            .table_mut(&target.table)
            .expect("the table was just found");
        let mut rows = Vec::with_capacity(given.len());
        for mut source in given {
            let mut row = Vec::with_capacity(table.columns.len());
            for (column, origin) in table.columns.iter().zip(origins) {
                let value = match origin {
                    Origin::Given(index) => source[*index].take(),
                    Origin::Default => None,
                };
                row.push(match value {
                    Some(value) => value,
                    None if column.auto_increment => {
                        table.auto_increment += 1;
                        Value::Integer(table.auto_increment - 1)
                    }
                    None => default_value(column, now)?,
                });
            }
            rows.push(row);
        }
        Ok(rows)
    }

    fn scope(&self, session: &Session, table: &Table, insert: &Insert) -> Scope {
        let dynamic = insert.overwrite
            && insert.partitions.is_empty()
            && table.is_automatic()
            && self
                .variables
                .of(session, "dynamic_overwrite")
                .is_ok_and(|text| text == "true");
        if dynamic {
            Scope::Dynamic
        } else {
            Scope::Named
        }
    }

    /// Checks every row and finds its partition; nothing is written before all rows fit.
    fn placed(
        &mut self,
        session: &Session,
        target: &Target,
        insert: &Insert,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<(u64, Vec<Value>)>, Refusal> {
        let table = self.table_at(target).map_err(Refusal::Other)?;
        let strict = self
            .variables
            .of(session, "enable_insert_strict")
            .is_ok_and(|text| text != "false");
        let mut fitted = Vec::with_capacity(rows.len());
        for mut row in rows {
            match fit_row(&mut row, &table.columns) {
                Ok(()) => {
                    check_key_size(&row, table, PRIMARY_KEY_LIMIT).map_err(Refusal::Other)?;
                    fitted.push(row);
                }
                Err(Refusal::Filtered(_)) if !strict => {}
                Err(refusal) => return Err(refusal),
            }
        }
        self.generate(session, target, &mut fitted)?;
        if insert.partitions.is_empty() {
            self.give_birth(target, &fitted).map_err(Refusal::Other)?;
        }
        let table = self.table_at(target).map_err(Refusal::Other)?;
        let mut placed = Vec::with_capacity(fitted.len());
        for row in fitted {
            match place(&row, table, insert) {
                Ok(physical) => placed.push((physical, row)),
                Err(Refusal::Filtered(_)) if !strict => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(placed)
    }

    fn write(
        &self,
        target: &Target,
        insert: &Insert,
        placed: Vec<(u64, Vec<Value>)>,
    ) -> Result<(BTreeSet<u64>, u64), Refusal> {
        let table = self.table_at(target).map_err(Refusal::Other)?;
        let touched = placed.iter().map(|(physical, _)| *physical).collect();
        // A row of some columns leaves the others of its key as they are. Generated ones do not count (`sql/analyzer/InsertAnalyzer.java`).
        let own = table.columns.iter();
        let own = own.filter(|column| column.generated.is_none()).count();
        let partial = table.keys == KeysType::Primary
            && !insert.columns.is_empty()
            && insert.columns.len() < own
            && self.release.inserts_partially();
        if partial
            && table
                .columns
                .iter()
                .any(|column| column.generated.is_some())
        {
            return Err(Refusal::Other(error::not_modelled(
                "INSERT of some columns of a PRIMARY KEY table with generated columns",
            )));
        }
        let given = partial.then(|| {
            let named = |index: &usize| {
                let column = &table.columns[*index];
                let is_named = |name: &String| name.eq_ignore_ascii_case(&column.name);
                column.generated.is_some() || insert.columns.iter().any(is_named)
            };
            (0..table.columns.len())
                .filter(named)
                .collect::<Vec<usize>>()
        });
        let rows = placed
            .iter()
            .map(|(physical, row)| (*physical, row.as_slice()));
        self.store
            .atomically(|store| store.insert(table, given.as_deref(), rows))
            .map_err(Refusal::Other)?;
        Ok((touched, placed.len() as u64))
    }
}

fn check_partitions(table: &Table, insert: &Insert) -> Result<(), SqlError> {
    if table.partitions.is_empty() && insert.partitions.is_empty() {
        return Err(error::analyzing(format!(
            "data cannot be inserted into table with empty partition.Use `SHOW PARTITIONS FROM {}` to see the currently partitions of this \
             table. ",
            table.name
        )));
    }
    for name in &insert.partitions {
        if table
            .partition_named(name, insert.temporary_partitions)
            .is_none()
        {
            return Err(error::analyzing(format!(
                "Unknown partition '{name}' in table '{}'",
                table.name
            )));
        }
    }
    Ok(())
}

fn origins(table: &Table, columns: &[String], release: Release) -> Result<Vec<Origin>, SqlError> {
    if columns.is_empty() {
        let mut places = 0..;
        let ordinary = |column: &ColumnDefinition| match (&column.generated, places.next()) {
            (None, Some(place)) => Origin::Given(place),
            _ => Origin::Default,
        };
        return Ok(table.columns.iter().map(ordinary).collect());
    }
    let mut origins = vec![Origin::Default; table.columns.len()];
    for (index, name) in columns.iter().enumerate() {
        let column = table.column(name).ok_or_else(|| {
            error::analyzing(format!("Unknown column '{name}' in '{}'", table.name))
        })?;
        if table.columns[column].generated.is_some() {
            return Err(error::analyzing(format!(
                "generated column '{name}' can not be specified"
            )));
        }
        if matches!(origins[column], Origin::Given(_)) {
            return Err(error::analyzing(format!("Column '{name}' specified twice")));
        }
        origins[column] = Origin::Given(index);
    }
    let absent = |(column, origin): &(&ColumnDefinition, &Origin)| {
        matches!(origin, Origin::Default)
            && column.default.is_none()
            && !column.auto_increment
            && column.generated.is_none()
    };
    let mut missing = table.columns.iter().zip(&origins).filter(absent);
    if table.keys == KeysType::Primary && release.inserts_partially() {
        let keys: Vec<String> = missing
            .clone()
            .filter(|(column, _)| column.key)
            .map(|(column, _)| column.name.to_lowercase())
            .collect();
        if !keys.is_empty() {
            // ERR_MISSING_KEY_COLUMNS
            return Err(error::analyzing_with(
                6014,
                "42000",
                format!(
                    "missing key columns:{} for primary key table",
                    keys.join(",")
                ),
            ));
        }
    }
    if let Some((column, _)) = missing.find(|(column, _)| column.nullable == Some(false)) {
        let mut mentioned: Vec<String> = columns.iter().map(|name| format!(" {name} ")).collect();
        mentioned.sort_by_key(|name| name.to_lowercase());
        return Err(error::analyzing(format!(
            "'{}' must be explicitly mentioned in column permutation: {}",
            column.name,
            mentioned.concat()
        )));
    }
    Ok(origins)
}

pub fn default_value(
    column: &ColumnDefinition,
    now: chrono::NaiveDateTime,
) -> Result<Value, SqlError> {
    use chrono::Timelike;
    match &column.default {
        None | Some(DefaultValue::Null) => Ok(Value::Null),
        Some(DefaultValue::Text(text)) => Ok(Value::Text(text.clone())),
        Some(DefaultValue::CurrentTimestamp) => Ok(Value::Text(datetime::datetime_text(
            now.with_nanosecond(0).expect("zero is a valid nanosecond"),
        ))),
        Some(DefaultValue::Function(function)) => {
            Err(error::not_modelled(format!("the default {function}")))
        }
    }
}

fn place(row: &[Value], table: &Table, insert: &Insert) -> Result<u64, Refusal> {
    let partition = table
        .route(row, insert.temporary_partitions)
        .filter(|partition| insert.partitions.is_empty() || names(insert, &partition.name))
        .ok_or_else(|| {
            Refusal::Filtered(
                "The row is out of partition ranges. Please add a new partition.".to_owned(),
            )
        })?;
    Ok(partition.writable())
}

fn column_count(expected: usize, found: usize) -> SqlError {
    error::analyzing_with(
        5604,
        "42601",
        format!(
            "Inserted target column count: {expected} doesn't match select/value column count: {found}"
        ),
    )
}
