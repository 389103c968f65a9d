//! Rows of the ops tables as they stand, column by column: what the mirror of the catalogue holds, and gives back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer as _};

use super::history::OF_OPS;
use super::insert::{Cell, inserts};
use super::schema::columns_of;
use super::{Ops, OpsError};
use crate::names::Label;
use crate::starrocks::{ResultSet, Row, sql};

/// One row: each column with its text.
pub type Cells = BTreeMap<String, Option<String>>;

/// What one Label covers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestRows {
    pub tables: Vec<Cells>,
    pub partitions: Vec<Cells>,
}

/// The tables whose rows go through here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mirrored {
    Inventory,
    History,
    Tables,
    Partitions,
}

impl Mirrored {
    fn name(self) -> &'static str {
        match self {
            Mirrored::Inventory => "table_inventory",
            Mirrored::History => "backup_history",
            Mirrored::Tables => "backup_tables",
            Mirrored::Partitions => "backup_partitions",
        }
    }
}

impl Ops {
    pub async fn inventory_rows(&self) -> Result<Vec<Cells>, OpsError> {
        let table = Mirrored::Inventory.name();
        let set = self.read(&format!("SELECT * FROM ops.{table}")).await?;
        Ok(cells(&set))
    }

    /// Every backup that may be restored to or be built on, newest first. Not those of `ops` itself.
    pub async fn point_rows(&self) -> Result<Vec<Cells>, OpsError> {
        let statement = format!(
            "SELECT * FROM ops.backup_history WHERE status = 'FINISHED' AND expired_ms IS NULL AND NOT ({OF_OPS}) \
             ORDER BY started_ms DESC, started_at DESC, label DESC"
        );
        Ok(cells(&self.read(&statement).await?))
    }

    /// What one Label covers, added to `json` as the fields of [`ManifestRows`]: page by page, since the rows of a hundred thousand partitions
    /// would fill some hundred megabytes.
    pub async fn manifest_json(&self, label: &Label, json: &mut String) -> Result<(), OpsError> {
        let label = sql::text(label.as_str());
        let tables = format!(
            "SELECT * FROM ops.{} WHERE label = {label}",
            Mirrored::Tables.name()
        );
        let tables = self.read(&tables).await?;
        json.push_str("\"tables\":[");
        json.push_str(&objects(&tables));
        json.push_str("],\"partitions\":[");
        let mut is_first = true;
        let mut add = |page: ResultSet| {
            if !is_first && !page.is_empty() {
                json.push(',');
            }
            is_first = false;
            json.push_str(&objects(&page));
            Ok(())
        };
        self.partition_pages(&label, &mut add).await?;
        json.push(']');
        Ok(())
    }

    /// Upserts: may run twice. Columns that this release does not know are left out.
    pub async fn put_rows(&self, table: Mirrored, rows: Vec<Cells>) -> Result<(), OpsError> {
        let columns = columns_of(table.name());
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let rows = rows.into_iter().map(|mut row| {
            let cell = |(name, kind): &(&str, &str)| cell(row.remove(*name).flatten(), kind);
            columns.iter().map(cell).collect()
        });
        let target = format!("ops.{}", table.name());
        for statement in inserts(&target, &names, rows) {
            self.write(&statement).await?;
        }
        Ok(())
    }
}

/// By the type that the column is declared with. A number that is none is written as the text it is: the cluster says what is wrong.
fn cell(text: Option<String>, kind: &str) -> Cell {
    let Some(text) = text else {
        return Cell::Null;
    };
    let number = kind.starts_with("BIGINT") || kind.starts_with("INT");
    match text.parse() {
        Ok(value) if number => Cell::Number(value),
        _ if kind.starts_with("BOOLEAN") && text == "1" => Cell::Literal("TRUE".to_owned()),
        _ if kind.starts_with("BOOLEAN") && text == "0" => Cell::Literal("FALSE".to_owned()),
        _ => Cell::Text(text),
    }
}

fn names(set: &ResultSet) -> Vec<String> {
    let names = set.columns().iter();
    names.map(|name| name.to_ascii_lowercase()).collect()
}

fn cells(set: &ResultSet) -> Vec<Cells> {
    let names = names(set);
    let row = |row: Row<'_>| {
        let texts = row.cells().map(|cell| cell.map(str::to_owned));
        names.iter().cloned().zip(texts).collect()
    };
    set.rows().map(row).collect()
}

/// The rows as JSON objects, with commas between them.
fn objects(set: &ResultSet) -> String {
    let names = names(set);
    let mut json = Vec::new();
    for (index, row) in set.rows().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        let mut object = serde_json::Serializer::new(&mut json);
        let written = object.collect_map(names.iter().zip(row.cells()));
        written.expect("a row of texts is JSON");
    }
    String::from_utf8(json).expect("JSON is text")
}
