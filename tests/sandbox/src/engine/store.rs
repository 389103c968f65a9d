//! Where rows are: one SQLite table per StarRocks table, named by table id, with the physical partition in a hidden column.
//!
//! Nothing outside this file and `translate` knows SQLite's spelling of a table.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::answer::SqlError;
use crate::ast::{ColumnDefinition, DataType, KeysType};
use crate::engine::functions::{self, Shared};
use crate::engine::table::Table;
use crate::engine::value::{self, Misfit};
use crate::engine::{aggregate, error};

/// The hidden column that says which physical partition a row is in.
pub const PARTITION_COLUMN: &str = "__physical";
/// The hidden row number; unlike `rowid` it cannot be shadowed by a user's column.
pub const ROW_COLUMN: &str = "__row";

#[derive(Debug)]
pub struct Store {
    pub connection: Connection,
    surroundings: Shared,
}

impl Clone for Store {
    /// Every row, in a database of its own.
    fn clone(&self) -> Store {
        let copy = || {
            let mut store = Store::open(&self.surroundings)?;
            Backup::new(&self.connection, &mut store.connection)?.step(-1)?;
            Ok(store)
        };
        copy().unwrap_or_else(|error: rusqlite::Error| {
            panic!("invariant: a database in memory can be copied in memory: {error}")
        })
    }
}

/// A column of a stored table that gets another type.
#[derive(Debug)]
pub struct Rewrite<'r> {
    pub table_id: u64,
    pub name: &'r str,
    pub column: &'r ColumnDefinition,
}

/// Rows and bytes of one physical partition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    pub rows: u64,
    pub bytes: u64,
}

impl Store {
    pub fn open(surroundings: &Shared) -> rusqlite::Result<Store> {
        let connection = Connection::open_in_memory()?;
        connection.set_prepared_statement_cache_capacity(512);
        // With STAT4, which the bundled SQLite has, every new value of a parameter would mean planning anew.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.execute_batch(
            "PRAGMA temp_store = MEMORY; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;",
        )?;
        functions::register(&connection, surroundings)?;
        Ok(Store {
            connection,
            surroundings: Arc::clone(surroundings),
        })
    }

    pub fn create(&self, table: &Table) -> Result<(), SqlError> {
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| format!(", {} {}", quote(&column.name), affinity(column.data_type)))
            .collect();
        let name = storage_name(table.id);
        let mut sql = format!(
            "CREATE TABLE {name} ({ROW_COLUMN} INTEGER PRIMARY KEY, {PARTITION_COLUMN} INTEGER NOT NULL{});
             CREATE INDEX p{} ON {name} ({PARTITION_COLUMN});",
            columns.concat(),
            table.id
        );
        if table.has_one_row_per_key() {
            sql += &format!(
                "CREATE UNIQUE INDEX k{} ON {name} ({});",
                table.id,
                key(table)
            );
        }
        self.batch(&sql)
    }

    pub fn drop(&self, table_id: u64) -> Result<(), SqlError> {
        self.batch(&format!("DROP TABLE IF EXISTS {}", storage_name(table_id)))
    }

    pub fn add_column(
        &self,
        table_id: u64,
        name: &str,
        data_type: DataType,
        value: &Value,
    ) -> Result<(), SqlError> {
        let table = storage_name(table_id);
        self.batch(&format!(
            "ALTER TABLE {table} ADD COLUMN {} {}",
            quote(name),
            affinity(data_type)
        ))?;
        if *value != Value::Null {
            let sql = format!("UPDATE {table} SET {} = ?1", quote(name));
            self.connection
                .execute(&sql, [value])
                .map_err(|fault| error::storage(&fault))?;
        }
        Ok(())
    }

    pub fn rename_column(&self, table_id: u64, from: &str, to: &str) -> Result<(), SqlError> {
        self.batch(&format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {}",
            storage_name(table_id),
            quote(from),
            quote(to)
        ))
    }

    /// Brings every value of a column to another type; one that cannot be is an error, and nothing has changed.
    pub fn rewrite_column(&self, rewrite: &Rewrite<'_>) -> Result<(), SqlError> {
        const NEW: &str = "__rewritten";
        let table = storage_name(rewrite.table_id);
        self.atomically(|store| {
            store.add_column(
                rewrite.table_id,
                NEW,
                rewrite.column.data_type,
                &Value::Null,
            )?;
            let run = || {
                let mut statement = store.connection.prepare(&format!(
                    "SELECT {ROW_COLUMN}, {} FROM {table}",
                    quote(rewrite.name)
                ))?;
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                rows.collect::<rusqlite::Result<Vec<(Value, Value)>>>()
            };
            let rows = run().map_err(|fault| error::storage(&fault))?;
            for (id, old) in rows {
                let new = value::fit(old, rewrite.column).map_err(|misfit| match misfit {
                    Misfit::Filtered(reason) => SqlError::plain(reason),
                    Misfit::Beyond(refusal) => refusal,
                })?;
                store
                    .connection
                    .execute(
                        &format!("UPDATE {table} SET {NEW} = ?1 WHERE {ROW_COLUMN} = ?2"),
                        [&new, &id],
                    )
                    .map_err(|fault| error::storage(&fault))?;
            }
            store.drop_column(rewrite.table_id, rewrite.name)?;
            store.rename_column(rewrite.table_id, NEW, rewrite.name)
        })
    }

    pub fn drop_column(&self, table_id: u64, name: &str) -> Result<(), SqlError> {
        self.batch(&format!(
            "ALTER TABLE {} DROP COLUMN {}",
            storage_name(table_id),
            quote(name)
        ))
    }

    /// Writes rows in their physical partitions. Where the table keeps one row per key, the row with the same key is replaced, or merged with
    /// the new one, column by column; `given` leaves the other columns as they are.
    pub fn insert<'r>(
        &self,
        table: &Table,
        given: Option<&[usize]>,
        rows: impl Iterator<Item = (u64, &'r [Value])>,
    ) -> Result<(), SqlError> {
        let merge = match (table.has_one_row_per_key(), table.keys, given) {
            (false, ..) => None,
            (true, KeysType::Aggregate, _) => {
                Some((table.key_count..table.columns.len()).collect())
            }
            (true, _, Some(given)) => Some(given.to_vec()),
            (true, _, None) => None,
        };
        let verb = if table.has_one_row_per_key() && merge.is_none() {
            "INSERT OR REPLACE"
        } else {
            "INSERT"
        };
        let names: Vec<String> = table
            .columns
            .iter()
            .map(|column| quote(&column.name))
            .collect();
        let marks = ", ?".repeat(names.len());
        let sql = format!(
            "{verb} INTO {} ({PARTITION_COLUMN}, {}) VALUES (?{marks})",
            storage_name(table.id),
            names.join(", ")
        ) + &merge.map_or_else(String::new, |columns: Vec<usize>| {
            on_conflict(table, &columns)
        });
        let mut statement = self
            .connection
            .prepare_cached(&sql)
            .map_err(|fault| error::storage(&fault))?;
        for (physical, values) in rows {
            let physical = Value::Integer(physical.cast_signed());
            statement
                .execute(params_from_iter(std::iter::once(&physical).chain(values)))
                .map_err(|fault| error::storage(&fault))?;
        }
        Ok(())
    }

    /// Rows of one physical partition in the order in which they were written.
    pub fn read(&self, table: &Table, physical: u64) -> Result<Vec<Vec<Value>>, SqlError> {
        let names: Vec<String> = table
            .columns
            .iter()
            .map(|column| quote(&column.name))
            .collect();
        let sql = format!(
            "SELECT {} FROM {} WHERE {PARTITION_COLUMN} = ?1 ORDER BY {ROW_COLUMN}",
            names.join(", "),
            storage_name(table.id)
        );
        let run = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let rows = statement.query_map([physical], |row| {
                (0..names.len()).map(|index| row.get(index)).collect()
            })?;
            rows.collect::<rusqlite::Result<Vec<Vec<Value>>>>()
        };
        run().map_err(|fault: rusqlite::Error| error::storage(&fault))
    }

    pub fn clear(
        &self,
        table_id: u64,
        physical: impl Iterator<Item = u64>,
    ) -> Result<(), SqlError> {
        let sql = format!(
            "DELETE FROM {} WHERE {PARTITION_COLUMN} = ?1",
            storage_name(table_id)
        );
        let mut statement = self
            .connection
            .prepare_cached(&sql)
            .map_err(|fault| error::storage(&fault))?;
        for id in physical {
            statement
                .execute([id])
                .map_err(|fault| error::storage(&fault))?;
        }
        Ok(())
    }

    /// Rows and bytes of every physical partition that holds any.
    pub fn sizes(&self, table: &Table) -> Result<HashMap<u64, Size>, SqlError> {
        let widths: Vec<String> = table
            .columns
            .iter()
            .map(|column| width(&column.name, column.data_type))
            .collect();
        let sql = format!(
            "SELECT {PARTITION_COLUMN}, count(*), sum({}) FROM {} GROUP BY {PARTITION_COLUMN}",
            widths.join(" + "),
            storage_name(table.id)
        );
        let run = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let rows = statement.query_map([], |row| {
                Ok((
                    row.get(0)?,
                    Size {
                        rows: row.get(1)?,
                        bytes: row.get(2)?,
                    },
                ))
            })?;
            rows.collect::<rusqlite::Result<HashMap<u64, Size>>>()
        };
        run().map_err(|fault: rusqlite::Error| error::storage(&fault))
    }

    /// Runs `work` so that either all of its writes happen or none.
    pub fn atomically<T>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        self.step("SAVEPOINT statement")?;
        let outcome = work(self);
        if outcome.is_err() {
            self.step("ROLLBACK TO statement")?;
        }
        self.step("RELEASE statement")?;
        outcome
    }

    /// A statement without rows or parameters that comes again and again.
    fn step(&self, sql: &str) -> Result<(), SqlError> {
        let run = || self.connection.prepare_cached(sql)?.execute([]);
        run()
            .map(|_| ())
            .map_err(|fault: rusqlite::Error| error::storage(&fault))
    }

    pub fn batch(&self, sql: &str) -> Result<(), SqlError> {
        self.connection
            .execute_batch(sql)
            .map_err(|fault| error::storage(&fault))
    }
}

pub fn storage_name(table_id: u64) -> String {
    format!("t{table_id}")
}

/// Backticks, because SQLite reads an unknown name in double quotes as a string.
pub fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// NULL is a key like any other, which an index of SQLite does not think.
fn key(table: &Table) -> String {
    let mut parts: Vec<String> = table.columns[..table.key_count]
        .iter()
        .map(|column| {
            let name = quote(&column.name);
            if column.nullable == Some(false) {
                name
            } else {
                format!("ifnull({name}, x'00')")
            }
        })
        .collect();
    parts.push(PARTITION_COLUMN.to_owned());
    parts.join(", ")
}

fn on_conflict(table: &Table, columns: &[usize]) -> String {
    let sets: Vec<String> = columns
        .iter()
        .filter(|index| **index >= table.key_count)
        .map(|index| {
            let column = &table.columns[*index];
            let (old, new) = (
                quote(&column.name),
                format!("excluded.{}", quote(&column.name)),
            );
            let merged = aggregate::merge(column.aggregation.as_deref(), &old, &new);
            format!("{old} = {merged}")
        })
        .collect();
    if sets.is_empty() {
        return format!(" ON CONFLICT ({}) DO NOTHING", key(table));
    }
    format!(
        " ON CONFLICT ({}) DO UPDATE SET {}",
        key(table),
        sets.join(", ")
    )
}

fn affinity(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Boolean
        | DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::LargeInt => "INTEGER",
        DataType::Float | DataType::Double | DataType::Decimal { .. } => "REAL",
        DataType::Date
        | DataType::DateTime
        | DataType::Char(_)
        | DataType::Varchar(_)
        | DataType::Json => "TEXT",
        DataType::VarBinary(_) => "BLOB",
    }
}

fn width(name: &str, data_type: DataType) -> String {
    match crate::engine::table::fixed_width(data_type) {
        Some(bytes) => bytes.to_string(),
        None => format!("ifnull(length(CAST({} AS BLOB)), 0)", quote(name)),
    }
}
