//! What a snapshot is made of: the copied table metadata, the job info, and the rows of each partition as bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::types::Value;
use serde::{Deserialize, Serialize};

use crate::answer::SqlError;
use crate::engine::catalog::ExternalCatalog;
use crate::engine::function::Function;
use crate::engine::jobs::JobHead;
use crate::engine::partition::PhysicalPartition;
use crate::engine::repository::md5_of;
use crate::engine::retention::Retention;
use crate::engine::store::Store;
use crate::engine::table::Table;

/// The rows of one physical partition, as they are uploaded.
#[derive(Debug, Clone)]
pub struct Image {
    pub bytes: Arc<[u8]>,
    pub md5: String,
}

impl Image {
    pub fn new(bytes: Vec<u8>) -> Image {
        Image {
            md5: md5_of(&bytes),
            bytes: bytes.into(),
        }
    }
}

/// `__meta`: the tables with the partitions that were backed up, and the views.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SnapshotMeta {
    pub tables: BTreeMap<String, Table>,
    pub views: BTreeMap<String, ViewCopy>,
    #[serde(default)]
    pub functions: Vec<Function>,
    #[serde(default)]
    pub catalogs: Vec<ExternalCatalog>,
}

/// A view's text, and the database its names belong to, wherever it is restored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ViewCopy {
    pub text: String,
    pub database: String,
    pub columns: Vec<String>,
}

/// `__info_<timestamp>`: which files hold what.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SnapshotInfo {
    pub name: String,
    pub database: String,
    pub database_id: u64,
    /// Epoch milliseconds of the BACKUP job's creation.
    pub backup_time: i64,
    pub tables: BTreeMap<String, TableInfo>,
    pub views: Vec<String>,
    /// Since 4.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TableInfo {
    pub id: u64,
    pub materialized: bool,
    /// Only for tables with an AUTO_INCREMENT column.
    pub auto_increment: Option<i64>,
    pub partitions: BTreeMap<String, PartitionInfo>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PartitionInfo {
    pub id: u64,
    pub physical: Vec<PhysicalInfo>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PhysicalInfo {
    pub id: u64,
    pub version: u64,
    /// Below `__ss_content`: one file for all partitions of a table. StarRocks has several per tablet; a thousand partitions would then be
    /// four thousand directories and files, and nothing that reads a repository through statements can tell.
    pub file: PathBuf,
    /// Where in the file the image is.
    pub offset: usize,
    pub length: usize,
    pub md5: String,
}

impl PhysicalInfo {
    pub fn new(
        (database_id, table_id): (u64, u64),
        physical: &PhysicalPartition,
        image: &Image,
        offset: usize,
    ) -> PhysicalInfo {
        PhysicalInfo {
            id: physical.id,
            version: physical.visible_version,
            file: PathBuf::from(format!("__db_{database_id}/__tbl_{table_id}/rows.dat")),
            offset,
            length: image.bytes.len(),
            md5: image.md5.clone(),
        }
    }

    pub fn path(&self, snapshot_directory: &Path) -> PathBuf {
        snapshot_directory.join("__ss_content").join(&self.file)
    }

    /// The image in the bytes of its file; `None` where they are not what was written.
    pub fn image_in(&self, file: &[u8]) -> Option<Image> {
        let bytes = file.get(self.offset..self.offset.checked_add(self.length)?)?;
        (md5_of(bytes) == self.md5).then(|| Image {
            bytes: bytes.into(),
            md5: self.md5.clone(),
        })
    }
}

impl SnapshotInfo {
    pub fn new(head: &JobHead) -> SnapshotInfo {
        SnapshotInfo {
            name: head.label.clone(),
            database: head.database.clone(),
            database_id: head.database_id,
            backup_time: head.created.timestamp_millis(),
            tables: BTreeMap::new(),
            views: Vec::new(),
            retention: None,
        }
    }

    /// Tables and views: StarRocks keeps both in one map, by name.
    pub fn object_names(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().chain(&self.views).map(String::as_str)
    }

    /// The Details column of SHOW SNAPSHOT: the brief form, without versions (`backup/BackupJobInfo.getBrief`).
    pub fn details(&self) -> String {
        let mut objects = serde_json::Map::new();
        for (name, table) in &self.tables {
            let mut entry = serde_json::Map::new();
            if let Some(next) = table.auto_increment {
                entry.insert("autoIncrementId".into(), next.into());
            }
            let partitions: serde_json::Map<String, serde_json::Value> = table
                .partitions
                .keys()
                .map(|partition| (partition.clone(), serde_json::json!({})))
                .collect();
            entry.insert("partitions".into(), partitions.into());
            objects.insert(name.clone(), entry.into());
        }
        for view in &self.views {
            objects.insert(view.clone(), serde_json::json!({ "partitions": {} }));
        }
        let brief = serde_json::json!({
            "name": self.name,
            "database": self.database,
            "backup_time": self.backup_time,
            "backup_objects": objects,
            "meta_version": 92,
            "starrocks_meta_version": 4,
            "backup_result": "succeed",
        });
        serde_json::to_string_pretty(&brief).expect("a JSON value can be printed")
    }
}

/// One cell of an image.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Cell {
    Null,
    Integer(i64),
    /// The bits of a double: JSON numbers do not come back exactly.
    Real {
        bits: u64,
    },
    Text(String),
}

/// Reads a physical partition into the bytes of its tablet file.
pub fn take_image(store: &Store, table: &Table, physical: u64) -> Result<Image, SqlError> {
    let rows = store.read(table, physical)?;
    let cells: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|row| row.into_iter().map(cell_of).collect())
        .collect();
    let bytes = serde_json::to_vec(&cells)
        .map_err(|fault| SqlError::plain(format!("sandbox storage: {fault}")))?;
    Ok(Image::new(bytes))
}

/// The rows of a tablet file.
pub fn read_image(bytes: &[u8]) -> Result<Vec<Vec<Value>>, serde_json::Error> {
    let cells: Vec<Vec<Cell>> = serde_json::from_slice(bytes)?;
    Ok(cells
        .into_iter()
        .map(|row| row.into_iter().map(value_of).collect())
        .collect())
}

fn cell_of(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Integer(number) => Cell::Integer(number),
        Value::Real(number) => Cell::Real {
            bits: number.to_bits(),
        },
        Value::Text(text) => Cell::Text(text),
        Value::Blob(bytes) => Cell::Text(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

fn value_of(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => Value::Integer(number),
        Cell::Real { bits } => Value::Real(f64::from_bits(bits)),
        Cell::Text(text) => Value::Text(text),
    }
}
