//! Rows of the ops tables as they stand, column by column: what the mirror of the catalogue holds, and gives back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::history::OF_OPS;
use super::insert::{Cell, inserts};
use super::schema::columns_of;
use super::{Ops, OpsError};
use crate::names::Label;
use crate::starrocks::{ResultSet, sql};

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
        Ok(cells(
            self.read(&format!("SELECT * FROM ops.{table}")).await?,
        ))
    }

    /// Every backup that may be restored to or be built on, newest first. Not those of `ops` itself.
    pub async fn point_rows(&self) -> Result<Vec<Cells>, OpsError> {
        let statement = format!(
            "SELECT * FROM ops.backup_history WHERE status = 'FINISHED' AND expired_ms IS NULL AND NOT ({OF_OPS}) \
             ORDER BY started_ms DESC, started_at DESC, label DESC"
        );
        Ok(cells(self.read(&statement).await?))
    }

    /// What one Label covers, as JSON of [`ManifestRows`]: written page by page, since the rows of a hundred thousand partitions would fill
    /// some hundred megabytes.
    pub async fn manifest_json(&self, label: &Label) -> Result<String, OpsError> {
        let label = sql::text(label.as_str());
        let tables = format!(
            "SELECT * FROM ops.{} WHERE label = {label}",
            Mirrored::Tables.name()
        );
        let tables = self.read(&tables).await?;
        let mut json = format!("{{\"tables\":[{}],\"partitions\":[", objects(tables));
        let mut is_first = true;
        let mut add = |page: ResultSet| {
            if !is_first && !page.rows.is_empty() {
                json.push(',');
            }
            is_first = false;
            json.push_str(&objects(page));
            Ok(())
        };
        self.partition_pages(&label, &mut add).await?;
        json.push_str("]}");
        Ok(json)
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

fn cells(set: ResultSet) -> Vec<Cells> {
    let columns: Vec<String> = set
        .columns
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let rows = set.rows.into_iter();
    rows.map(|row| columns.iter().cloned().zip(row).collect())
        .collect()
}

/// The rows as JSON objects, with commas between them.
fn objects(set: ResultSet) -> String {
    let rows = cells(set).into_iter();
    let rows: Vec<String> = rows
        .map(|row| serde_json::to_string(&row).expect("a row of texts is JSON"))
        .collect();
    rows.join(",")
}
