//! How a change reads as SQL, in the state that it meets.

use std::fmt::Write as _;

use starrocks_sandbox::engine::Sandbox;

use super::history::{Change, Division, Keys, More, Shape};
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
        Keys::Aggregate => "AGGREGATE",
    };
    let (p, partitions) = match shape.division {
        Division::None => ("INT", String::new()),
        Division::Range => (
            "INT",
            format!(
                " PARTITION BY RANGE(p) (PARTITION p0 VALUES {}, PARTITION p1 VALUES {})",
                bounds(Division::Range, 0),
                bounds(Division::Range, 1)
            ),
        ),
        Division::List => (
            "INT",
            format!(
                " PARTITION BY LIST(p) (PARTITION p0 VALUES {}, PARTITION p1 VALUES {})",
                bounds(Division::List, 0),
                bounds(Division::List, 1)
            ),
        ),
        Division::Automatic => ("INT", " PARTITION BY (p)".to_owned()),
        Division::Slices => ("DATE", " PARTITION BY date_trunc('month', p)".to_owned()),
    };
    let values = match (shape.keys, shape.more) {
        (Keys::Aggregate, _) => "v VARCHAR(20) REPLACE, s INT SUM DEFAULT '1'",
        (_, More::Generated) => "v VARCHAR(20), g VARCHAR(40) AS concat(v, '!')",
        _ => "v VARCHAR(20)",
    };
    let distribution = match shape.more {
        More::Random => "RANDOM",
        More::Nothing | More::Generated => "HASH(k)",
    };
    format!(
        "CREATE TABLE shop.{table} (p {p} NOT NULL, k INT NOT NULL, {values}) {keys} KEY(p, k){partitions} \
         DISTRIBUTED BY {distribution} BUCKETS 1"
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
                    values(self.division(table), slot, rows)
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
                    _ if self.keys(table) == Keys::Primary => String::new(),
                    Some(partition) => format!(" PARTITION ({partition})"),
                    None if self.division(table) == Division::None => String::new(),
                    None => return None,
                };
                vec![format!("DELETE FROM shop.{table}{scope} WHERE k = {key}")]
            }
            Change::Truncate { table, slot } => {
                let table = self.existing(*table)?;
                let divided = self.division(table) != Division::None;
                let scope = slot.filter(|_| divided).map(|slot| {
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
                let division = self.division(table);
                let scope = self
                    .partition_at(table, slot)
                    // Not every release takes the name of a partition that a load has made.
                    .filter(|_| !division.is_automatic())
                    .map_or_else(String::new, |partition| format!(" PARTITION ({partition})"));
                vec![format!(
                    "INSERT OVERWRITE shop.{table}{scope} (p, k, v) VALUES {}",
                    values(division, slot, rows)
                )]
            }
            Change::Replace { table, slot, rows } => {
                let (table, slot) = self.place(*table, *slot)?;
                let division = self.division(table);
                let partition = self
                    .partition_at(table, slot)
                    .filter(|_| !division.is_automatic())?;
                vec![
                    format!(
                        "ALTER TABLE shop.{table} ADD TEMPORARY PARTITION temporary VALUES {}",
                        bounds(division, slot)
                    ),
                    format!(
                        "INSERT INTO shop.{table} TEMPORARY PARTITION (temporary) (p, k, v) VALUES {}",
                        values(division, slot, rows)
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
                let table = self.existing(*table)?;
                let division = self.division(table);
                if division == Division::None || self.partition_at(table, *slot).is_some() {
                    return None;
                }
                let what = match division {
                    Division::Slices => format!("PARTITIONS {}", bounds(division, *slot)),
                    _ => {
                        let name = if *other_name { "q" } else { "p" };
                        let number = match (division, name) {
                            // A load gives the partition of a value its own name.
                            (Division::Automatic, "p") => *slot * 10,
                            _ => *slot,
                        };
                        format!(
                            "PARTITION {name}{number} VALUES {}",
                            bounds(division, *slot)
                        )
                    }
                };
                vec![format!("ALTER TABLE shop.{table} ADD {what}")]
            }
            Change::Grow { table, slot } => {
                let table = self
                    .existing(*table)
                    .filter(|table| self.definition(table).contains("DISTRIBUTED BY RANDOM"))?;
                let partition = match self.division(table) {
                    Division::None => table.to_owned(),
                    _ => self.partition_at(table, *slot)?,
                };
                vec![format!("SANDBOX GROW shop.{table} PARTITION {partition}")]
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
                if self.more(table) == More::Generated {
                    return None;
                }
                let number = read_table(self.sandbox, table).columns.len();
                let function = match self.keys(table) {
                    Keys::Aggregate => " REPLACE",
                    _ => "",
                };
                vec![format!(
                    "ALTER TABLE shop.{table} ADD COLUMN c{number} INT{function} DEFAULT '{number}'"
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
            Change::Widen { table } => {
                let table = self.existing(*table)?;
                if self.more(table) == More::Generated {
                    return None;
                }
                let kinds = read_table(self.sandbox, table).kinds;
                let text = kinds
                    .iter()
                    .find_map(|kind| kind.strip_prefix("v varchar("))?;
                let length: u32 = text.trim_end_matches(')').parse().unwrap();
                let function = match self.keys(table) {
                    Keys::Aggregate => " REPLACE",
                    _ => "",
                };
                vec![format!(
                    "ALTER TABLE shop.{table} MODIFY COLUMN v VARCHAR({}){function}",
                    length + 20
                )]
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
                    division: self.division(table),
                    more: self.more(table),
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
            () if definition.contains("AGGREGATE KEY") => Keys::Aggregate,
            () => Keys::Duplicate,
        }
    }

    fn division(&self, table: &str) -> Division {
        let definition = self.definition(table);
        let Some((_, rest)) = definition.split_once("PARTITION BY ") else {
            return Division::None;
        };
        match () {
            () if rest.starts_with("RANGE") => Division::Range,
            () if rest.starts_with("LIST") => Division::List,
            () if rest.starts_with("date_trunc") => Division::Slices,
            () => Division::Automatic,
        }
    }

    fn more(&self, table: &str) -> More {
        let definition = self.definition(table);
        match () {
            () if definition.contains("BY RANDOM") => More::Random,
            () if definition.contains(" AS concat") => More::Generated,
            () => More::Nothing,
        }
    }

    /// A table that exists, and where rows may go in it.
    fn place(&self, table: u8, slot: u8) -> Option<(&'static str, u8)> {
        let table = self.existing(table)?;
        Some((table, self.place_in(table, slot)?))
    }

    fn place_in(&self, table: &str, slot: u8) -> Option<u8> {
        let division = self.division(table);
        if division == Division::None || division.is_automatic() {
            return Some(slot);
        }
        let slots: Vec<u8> = partitions(self.sandbox, table)
            .keys()
            .map(|name| slot_of(division, name))
            .collect();
        slots.get(usize::from(slot) % slots.len().max(1)).copied()
    }

    fn partition_at(&self, table: &str, slot: u8) -> Option<String> {
        let division = self.division(table);
        if division == Division::None {
            return None;
        }
        partitions(self.sandbox, table)
            .into_keys()
            .find(|name| slot_of(division, name) == slot)
    }
}

fn slot_of(division: Division, partition: &str) -> u8 {
    let number: u32 = partition[1..].parse().unwrap();
    let slot = match division {
        Division::Automatic if partition.starts_with('p') => number / 10,
        Division::Slices => number % 100 - 1,
        _ => number,
    };
    u8::try_from(slot).unwrap()
}

/// What follows the name in ADD PARTITION.
fn bounds(division: Division, slot: u8) -> String {
    let from = u32::from(slot) * 10;
    match division {
        Division::None | Division::Range => format!("[('{from}'), ('{}'))", from + 10),
        Division::List => format!("IN ('{from}', '{}')", from + 1),
        Division::Automatic => format!("IN ('{from}')"),
        Division::Slices => format!(
            "START ('2026-0{}-01') END ('2026-0{}-01') EVERY (INTERVAL 1 MONTH)",
            slot + 1,
            slot + 2
        ),
    }
}

fn values(division: Division, slot: u8, rows: &[(u8, Option<u8>)]) -> String {
    let mut text = String::new();
    for (index, (key, value)) in rows.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        let value = value.map_or_else(|| "NULL".to_owned(), |value| format!("'v{value}'"));
        let place = match division {
            Division::Slices => format!("'2026-0{}-1{}'", slot + 1, key % 2),
            _ => (u32::from(slot) * 10 + u32::from(key % 2)).to_string(),
        };
        write!(text, "{separator}({place}, {key}, {value})").unwrap();
    }
    text
}
