//! What a database holds, to be compared.

use std::collections::BTreeMap;

use starrocks_sandbox::answer::{Answer, ResultSet, SqlError};
use starrocks_sandbox::engine::Sandbox;

/// Every table of `shop`, by name.
pub type State = BTreeMap<String, TableState>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableState {
    pub columns: Vec<String>,
    /// With their types, as the catalogue tells them.
    pub kinds: Vec<String>,
    /// By name, with the range or the list of values.
    pub partitions: BTreeMap<String, String>,
    /// In order, as text.
    pub rows: Vec<String>,
}

pub fn run(sandbox: &Sandbox, sql: &str) -> Result<ResultSet, SqlError> {
    let mut session = sandbox.session("root");
    let answer = sandbox.execute(&mut session, sql);
    sandbox.close_session(&session);
    match answer? {
        Answer::Rows(set) => Ok(set),
        Answer::Done(_) => Ok(ResultSet::default()),
    }
}

pub fn must(sandbox: &Sandbox, sql: &str) -> ResultSet {
    run(sandbox, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

pub fn cell<'s>(set: &'s ResultSet, row: usize, column: &str) -> Option<&'s str> {
    let index = set
        .columns
        .iter()
        .position(|known| known.name == column)
        .unwrap_or_else(|| panic!("no column {column}"));
    set.rows.get(row)?[index].as_deref()
}

pub fn read(sandbox: &Sandbox) -> State {
    let tables = must(sandbox, "SHOW TABLES FROM shop");
    tables
        .rows
        .into_iter()
        .map(|mut row| row.remove(0).unwrap())
        .map(|table| {
            let state = read_table(sandbox, &table);
            (table, state)
        })
        .collect()
}

/// As [`read`], of the tables that go by these names, without those that a RESTORE holds: nobody can read those.
pub fn read_readable(sandbox: &Sandbox, names: &[&str]) -> State {
    let tables = must(sandbox, "SHOW TABLES FROM shop");
    tables
        .rows
        .into_iter()
        .map(|mut row| row.remove(0).unwrap())
        .filter(|table| names.contains(&table.as_str()))
        .filter(|table| run(sandbox, &format!("SELECT 1 FROM shop.{table} LIMIT 1")).is_ok())
        .map(|table| {
            let state = read_table(sandbox, &table);
            (table, state)
        })
        .collect()
}

pub fn read_table(sandbox: &Sandbox, table: &str) -> TableState {
    let set = must(sandbox, &format!("SELECT * FROM shop.{table}"));
    let line = |row: Vec<Option<String>>| {
        let cells: Vec<String> = row
            .into_iter()
            .map(|cell| cell.unwrap_or_else(|| "NULL".to_owned()))
            .collect();
        cells.join(" ")
    };
    let mut rows: Vec<String> = set.rows.into_iter().map(line).collect();
    rows.sort();
    TableState {
        columns: set.columns.into_iter().map(|column| column.name).collect(),
        kinds: kinds(sandbox, table),
        partitions: partitions(sandbox, table),
        rows,
    }
}

fn kinds(sandbox: &Sandbox, table: &str) -> Vec<String> {
    let set = must(
        sandbox,
        &format!(
            "SELECT COLUMN_NAME, COLUMN_TYPE FROM information_schema.columns \
             WHERE TABLE_SCHEMA = 'shop' AND TABLE_NAME = '{table}' ORDER BY ORDINAL_POSITION"
        ),
    );
    let text = |cell: Option<String>| cell.unwrap_or_default();
    let columns = set.rows.into_iter();
    columns
        .map(|row| row.into_iter().map(text).collect::<Vec<_>>().join(" "))
        .collect()
}

pub fn partitions(sandbox: &Sandbox, table: &str) -> BTreeMap<String, String> {
    let set = must(sandbox, &format!("SHOW PARTITIONS FROM shop.{table}"));
    let is_list = set.columns.iter().any(|column| column.name == "List");
    let bounds = if is_list { "List" } else { "Range" };
    (0..set.rows.len())
        .map(|row| {
            let name = cell(&set, row, "PartitionName").unwrap().to_owned();
            (name, cell(&set, row, bounds).unwrap_or("").to_owned())
        })
        .collect()
}
