//! Everything a database holds, read over the MySQL protocol, and what differs between two such readings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::Failure;
use crate::client::{Client, Row};

/// Differing rows of a table that are shown.
const SHOWN: usize = 5;

/// What stands behind the suffix is brd's, not the application's.
const SUFFIX: &str = "_restored";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    tables: BTreeMap<String, Table>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    columns: Vec<Row>,
    /// Name and range.
    partitions: BTreeSet<String>,
    /// Sorted.
    rows: Vec<Row>,
}

impl State {
    /// Every row of every table, apart from those that a restore keeps under its suffix.
    pub async fn read(client: &mut Client, database: &str) -> Result<State, Failure> {
        let mut tables = BTreeMap::new();
        for name in table_names(client, database).await? {
            if !name.ends_with(SUFFIX) {
                let table = Table::read(client, &format!("`{database}`.`{name}`")).await?;
                tables.insert(name, table);
            }
        }
        Ok(State { tables })
    }

    pub fn summary(&self) -> String {
        let rows: usize = self.tables.values().map(|table| table.rows.len()).sum();
        let partitions: usize = self
            .tables
            .values()
            .map(|table| table.partitions.len())
            .sum();
        format!(
            "{} tables, {partitions} partitions, {rows} rows",
            self.tables.len()
        )
    }

    /// A failure that shows the first differing rows of each table, or nothing when every row is the same.
    pub fn prove_same(&self, found: &State, moment: &str) -> Result<(), Failure> {
        let mut text = String::new();
        let names: BTreeSet<&String> = self.tables.keys().chain(found.tables.keys()).collect();
        for name in names {
            match (self.tables.get(name), found.tables.get(name)) {
                (Some(expected), Some(found)) => expected.compare(found, name, &mut text)?,
                (Some(_), None) => writeln!(text, "table {name} is missing")?,
                (None, _) => writeln!(text, "table {name} should not be there")?,
            }
        }
        if text.is_empty() {
            return Ok(());
        }
        Err(format!("{moment}, the data is not what it should be:\n{text}").into())
    }

    pub fn table_names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }
}

/// All of them, in order.
pub async fn table_names(client: &mut Client, database: &str) -> Result<Vec<String>, Failure> {
    let mut names = client
        .column(&format!("SHOW TABLES FROM `{database}`"))
        .await?;
    names.sort();
    Ok(names)
}

impl Table {
    async fn read(client: &mut Client, table: &str) -> Result<Table, Failure> {
        let columns = client.rows(&format!("DESC {table}")).await?;
        let partitions = client
            .rows(&format!("SHOW PARTITIONS FROM {table}"))
            .await?;
        let mut rows = client.rows(&format!("SELECT * FROM {table}")).await?;
        rows.sort();
        // PartitionName and Range: the second and the eighth column (StarRocks: common/proc/PartitionsProcDir.java).
        let partition = |row: Row| {
            let cell = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
            format!("{} {}", cell(1), cell(7))
        };
        Ok(Table {
            columns,
            partitions: partitions.into_iter().map(partition).collect(),
            rows,
        })
    }

    fn compare(&self, found: &Table, name: &str, text: &mut String) -> std::fmt::Result {
        if self.columns != found.columns {
            writeln!(text, "table {name} has other columns: {:?}", found.columns)?;
        }
        for missing in self.partitions.difference(&found.partitions) {
            writeln!(text, "table {name} lacks partition {missing}")?;
        }
        for surplus in found.partitions.difference(&self.partitions) {
            writeln!(text, "table {name} has a partition too many: {surplus}")?;
        }
        show(
            text,
            &format!("table {name}, rows that are missing:"),
            &without(&self.rows, &found.rows),
        )?;
        show(
            text,
            &format!("table {name}, rows that should not be there:"),
            &without(&found.rows, &self.rows),
        )
    }
}

/// Rows of the first that the second has not, each as often as it is missing. Both are sorted.
fn without<'a>(rows: &'a [Row], others: &[Row]) -> Vec<&'a Row> {
    let mut others = others.iter().peekable();
    let mut left = Vec::new();
    for row in rows {
        while others.next_if(|other| *other < row).is_some() {}
        if others.next_if(|other| *other == row).is_none() {
            left.push(row);
        }
    }
    left
}

fn show(text: &mut String, what: &str, rows: &[&Row]) -> std::fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(text, "{what} {}", rows.len())?;
    for row in rows.iter().take(SHOWN) {
        let cells: Vec<&str> = row
            .iter()
            .map(|cell| cell.as_deref().unwrap_or("NULL"))
            .collect();
        writeln!(text, "  {}", cells.join(" | "))?;
    }
    if rows.len() > SHOWN {
        writeln!(text, "  … and {} more", rows.len() - SHOWN)?;
    }
    Ok(())
}
