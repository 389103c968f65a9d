//! How a change reads as SQL, in the state that it meets.

use std::fmt::Write as _;

use starrocks_sandbox::engine::Sandbox;

use super::history::{Change, Keys, Shape};
use super::state::{cell, must, partitions, read_table};

pub const NAMES: [&str; 4] = ["a", "b", "c", "z"];

/// Is always there: a database without tables cannot be backed up.
const PERMANENT: &str = "z";

/// The statements that make the change now; none where it cannot be made.
pub fn statements(sandbox: &Sandbox, change: &Change) -> Vec<String> {
    Maker { sandbox }.statements(change).unwrap_or_default()
}

pub fn create(table: &str, shape: Shape) -> String {
    let keys = match shape.keys {
        Keys::Duplicate => "DUPLICATE",
        Keys::Unique => "UNIQUE",
        Keys::Primary => "PRIMARY",
    };
    let partitions = if shape.partitioned {
        " PARTITION BY RANGE(p) (PARTITION p0 VALUES [('0'), ('10')), PARTITION p1 VALUES [('10'), ('20')))"
    } else {
        ""
    };
    format!(
        "CREATE TABLE shop.{table} (p INT NOT NULL, k INT NOT NULL, v VARCHAR(20)) {keys} KEY(p, k){partitions} \
         DISTRIBUTED BY HASH(k) BUCKETS 1"
    )
}

struct Maker<'a> {
    sandbox: &'a Sandbox,
}

impl Maker<'_> {
    fn statements(&self, change: &Change) -> Option<Vec<String>> {
        self.loads(change)
            .or_else(|| self.partition_work(change))
            .or_else(|| self.table_work(change))
    }

    fn loads(&self, change: &Change) -> Option<Vec<String>> {
        Some(match change {
            Change::Insert { table, slot, rows } => {
                let (table, slot) = self.place(*table, *slot)?;
                vec![format!(
                    "INSERT INTO shop.{table} (p, k, v) VALUES {}",
                    values(slot, rows)
                )]
            }
            Change::Update { table, key, value } => {
                let table = self
                    .existing(*table)
                    .filter(|table| self.keys(table) == Keys::Primary)?;
                vec![format!(
                    "UPDATE shop.{table} SET v = 'u{value}' WHERE k = {key}"
                )]
            }
            Change::Delete { table, slot, key } => {
                let (table, slot) = self.place(*table, *slot)?;
                let scope = match self.partition_at(table, slot) {
                    Some(partition) if self.keys(table) != Keys::Primary => {
                        format!(" PARTITION ({partition})")
                    }
                    _ => String::new(),
                };
                vec![format!("DELETE FROM shop.{table}{scope} WHERE k = {key}")]
            }
            Change::Truncate { table, slot } => {
                let table = self.existing(*table)?;
                let scope = slot.filter(|_| self.is_partitioned(table)).map(|slot| {
                    self.place_in(table, slot)
                        .and_then(|slot| self.partition_at(table, slot))
                });
                match scope {
                    None => vec![format!("TRUNCATE TABLE shop.{table}")],
                    Some(partition) => vec![format!(
                        "TRUNCATE TABLE shop.{table} PARTITION ({})",
                        partition?
                    )],
                }
            }
            Change::Overwrite { table, slot, rows } => {
                let (table, slot) = self.place(*table, *slot)?;
                let scope = self
                    .partition_at(table, slot)
                    .map_or_else(String::new, |partition| format!(" PARTITION ({partition})"));
                vec![format!(
                    "INSERT OVERWRITE shop.{table}{scope} (p, k, v) VALUES {}",
                    values(slot, rows)
                )]
            }
            Change::Replace { table, slot, rows } => {
                let (table, slot) = self.place(*table, *slot)?;
                let partition = self.partition_at(table, slot)?;
                vec![
                    format!(
                        "ALTER TABLE shop.{table} ADD TEMPORARY PARTITION temporary VALUES {}",
                        range(slot)
                    ),
                    format!(
                        "INSERT INTO shop.{table} TEMPORARY PARTITION (temporary) (p, k, v) VALUES {}",
                        values(slot, rows)
                    ),
                    format!(
                        "ALTER TABLE shop.{table} REPLACE PARTITION ({partition}) WITH TEMPORARY PARTITION (temporary)"
                    ),
                ]
            }
            _ => return None,
        })
    }

    fn partition_work(&self, change: &Change) -> Option<Vec<String>> {
        Some(match change {
            Change::AddPartition {
                table,
                slot,
                other_name,
            } => {
                let table = self
                    .existing(*table)
                    .filter(|table| self.is_partitioned(table))?;
                if self.partition_at(table, *slot).is_some() {
                    return None;
                }
                let name = if *other_name { "q" } else { "p" };
                vec![format!(
                    "ALTER TABLE shop.{table} ADD PARTITION {name}{slot} VALUES {}",
                    range(*slot)
                )]
            }
            Change::DropPartition { table, slot } => {
                let (table, slot) = self.place(*table, *slot)?;
                let partition = self.partition_at(table, slot)?;
                vec![format!(
                    "ALTER TABLE shop.{table} DROP PARTITION {partition}"
                )]
            }
            _ => return None,
        })
    }

    fn table_work(&self, change: &Change) -> Option<Vec<String>> {
        Some(match change {
            Change::AddColumn { table } => {
                let table = self.existing(*table)?;
                let number = read_table(self.sandbox, table).columns.len();
                vec![format!(
                    "ALTER TABLE shop.{table} ADD COLUMN c{number} INT DEFAULT '{number}'"
                )]
            }
            Change::DropColumn { table } => {
                let table = self.existing(*table)?;
                let column = read_table(self.sandbox, table)
                    .columns
                    .pop()
                    .filter(|name| name.starts_with('c'))?;
                vec![format!("ALTER TABLE shop.{table} DROP COLUMN {column}")]
            }
            Change::DropTable { table } => {
                vec![format!("DROP TABLE shop.{}", self.droppable(*table)?)]
            }
            Change::CreateTable { table, shape } => {
                let table = NAMES[usize::from(*table)];
                if self.tables().contains(&table.to_owned()) {
                    return None;
                }
                vec![create(table, *shape)]
            }
            Change::Recreate { table } => {
                let table = self.droppable(*table)?;
                let shape = Shape {
                    keys: self.keys(table),
                    partitioned: self.is_partitioned(table),
                };
                vec![format!("DROP TABLE shop.{table}"), create(table, shape)]
            }
            Change::Rename { table, to } => {
                let (table, to) = (self.droppable(*table)?, NAMES[usize::from(*to)]);
                if self.tables().contains(&to.to_owned()) {
                    return None;
                }
                vec![format!("ALTER TABLE shop.{table} RENAME {to}")]
            }
            Change::Swap { table, with } => {
                let (table, with) = (self.existing(*table)?, self.existing(*with)?);
                if table == with {
                    return None;
                }
                vec![format!("ALTER TABLE shop.{table} SWAP WITH {with}")]
            }
            _ => return None,
        })
    }

    fn tables(&self) -> Vec<String> {
        let set = must(self.sandbox, "SHOW TABLES FROM shop");
        set.rows
            .into_iter()
            .filter_map(|mut row| row.remove(0))
            .collect()
    }

    fn existing(&self, table: u8) -> Option<&'static str> {
        let name = NAMES[usize::from(table)];
        self.tables().contains(&name.to_owned()).then_some(name)
    }

    fn droppable(&self, table: u8) -> Option<&'static str> {
        self.existing(table).filter(|name| *name != PERMANENT)
    }

    fn definition(&self, table: &str) -> String {
        let set = must(self.sandbox, &format!("SHOW CREATE TABLE shop.{table}"));
        cell(&set, 0, "Create Table").unwrap().to_owned()
    }

    fn keys(&self, table: &str) -> Keys {
        let definition = self.definition(table);
        match () {
            () if definition.contains("PRIMARY KEY") => Keys::Primary,
            () if definition.contains("UNIQUE KEY") => Keys::Unique,
            () => Keys::Duplicate,
        }
    }

    fn is_partitioned(&self, table: &str) -> bool {
        self.definition(table).contains("PARTITION BY")
    }

    /// A table that exists, and where rows may go in it.
    fn place(&self, table: u8, slot: u8) -> Option<(&'static str, u8)> {
        let table = self.existing(table)?;
        Some((table, self.place_in(table, slot)?))
    }

    fn place_in(&self, table: &str, slot: u8) -> Option<u8> {
        if !self.is_partitioned(table) {
            return Some(slot);
        }
        let slots: Vec<u8> = partitions(self.sandbox, table)
            .keys()
            .map(|name| slot_of(name))
            .collect();
        slots.get(usize::from(slot) % slots.len().max(1)).copied()
    }

    fn partition_at(&self, table: &str, slot: u8) -> Option<String> {
        if !self.is_partitioned(table) {
            return None;
        }
        partitions(self.sandbox, table)
            .into_keys()
            .find(|name| slot_of(name) == slot)
    }
}

fn slot_of(partition: &str) -> u8 {
    partition[1..].parse().unwrap()
}

fn range(slot: u8) -> String {
    let from = u32::from(slot) * 10;
    format!("[('{from}'), ('{}'))", from + 10)
}

fn values(slot: u8, rows: &[(u8, Option<u8>)]) -> String {
    let mut text = String::new();
    for (index, (key, value)) in rows.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        let value = value.map_or_else(|| "NULL".to_owned(), |value| format!("'v{value}'"));
        let place = u32::from(slot) * 10 + u32::from(key % 2);
        write!(text, "{separator}({place}, {key}, {value})").unwrap();
    }
    text
}
