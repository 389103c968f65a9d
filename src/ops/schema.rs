//! Creates and upgrades the ops tables; running it again changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Ops, OpsError};
use crate::names::DatabaseName;
use crate::starrocks::{RowError, database_exists, sql};

/// One table as it should be. Seed columns first: their order and types are those of starrocks-br.
struct OpsTable {
    name: &'static str,
    /// Name and type with its constraints.
    columns: &'static [(&'static str, &'static str)],
    /// Nullable; added to tables that starrocks-br created.
    added: &'static [(&'static str, &'static str)],
    key: &'static str,
    buckets: u8,
}

const TABLES: &[OpsTable] = &[
    OpsTable {
        name: "table_inventory",
        columns: &[
            ("inventory_group", "STRING NOT NULL"),
            ("database_name", "STRING NOT NULL"),
            ("table_name", "STRING NOT NULL"),
            ("created_at", "DATETIME DEFAULT CURRENT_TIMESTAMP"),
            ("updated_at", "DATETIME DEFAULT CURRENT_TIMESTAMP"),
        ],
        added: &[],
        key: "UNIQUE KEY(inventory_group, database_name, table_name) DISTRIBUTED BY HASH(inventory_group)",
        buckets: 1,
    },
    OpsTable {
        name: "backup_history",
        columns: &[
            ("label", "STRING NOT NULL"),
            ("backup_type", "STRING NOT NULL"),
            ("status", "STRING NOT NULL"),
            ("repository", "STRING NOT NULL"),
            ("started_at", "DATETIME NOT NULL"),
            ("finished_at", "DATETIME NULL"),
            ("error_message", "STRING NULL"),
            ("created_at", "DATETIME DEFAULT CURRENT_TIMESTAMP"),
        ],
        added: &[
            ("run_id", "STRING"),
            ("inventory_group", "STRING"),
            ("database_name", "STRING"),
            ("baseline_label", "STRING"),
            ("snapshot_timestamp", "STRING"),
            ("snapshot_created_ms", "BIGINT"),
            ("started_ms", "BIGINT"),
            ("finished_ms", "BIGINT"),
            ("trigger", "STRING"),
            ("scheduled_ms", "BIGINT"),
            ("host", "STRING"),
            ("partition_count", "BIGINT"),
            ("data_bytes", "BIGINT"),
            ("verified_ms", "BIGINT"),
            ("column_changes", "VARCHAR(1048576)"),
            ("pinned_until_ms", "BIGINT"),
            ("pinned_by", "STRING"),
            ("expired_ms", "BIGINT"),
        ],
        key: "PRIMARY KEY(label) DISTRIBUTED BY HASH(label)",
        buckets: 1,
    },
    OpsTable {
        name: "backup_partitions",
        columns: &[
            ("key_hash", "STRING NOT NULL"),
            ("label", "STRING NOT NULL"),
            ("database_name", "STRING NOT NULL"),
            ("table_name", "STRING NOT NULL"),
            ("partition_name", "STRING NOT NULL"),
            ("created_at", "DATETIME DEFAULT CURRENT_TIMESTAMP"),
        ],
        added: &[
            ("fingerprint", "STRING"),
            ("visible_version", "BIGINT"),
            ("row_count", "BIGINT"),
            ("data_bytes", "BIGINT"),
            ("counted_rows", "BIGINT"),
            ("checksum", "STRING"),
        ],
        key: "PRIMARY KEY(key_hash) DISTRIBUTED BY HASH(key_hash)",
        buckets: 4,
    },
    OpsTable {
        name: "backup_tables",
        columns: &[("key_hash", "STRING NOT NULL")],
        added: &[
            ("label", "STRING"),
            ("database_name", "STRING"),
            ("table_name", "STRING"),
            ("table_id", "BIGINT"),
            ("schema_fingerprint", "STRING"),
            ("partitioning", "STRING"),
            ("whole_table", "BOOLEAN"),
            ("dropped_partitions", "VARCHAR(1048576)"),
            ("state", "STRING"),
            ("reason", "STRING"),
        ],
        key: "PRIMARY KEY(key_hash) DISTRIBUTED BY HASH(key_hash)",
        buckets: 1,
    },
    OpsTable {
        name: "restore_history",
        columns: &[
            ("job_id", "STRING NOT NULL"),
            ("backup_label", "STRING NOT NULL"),
            ("restore_type", "STRING NOT NULL"),
            ("status", "STRING NOT NULL"),
            ("repository", "STRING NOT NULL"),
            ("started_at", "DATETIME NOT NULL"),
            ("finished_at", "DATETIME NULL"),
            ("error_message", "STRING NULL"),
            ("verification_checksum", "STRING NULL"),
            ("created_at", "DATETIME DEFAULT CURRENT_TIMESTAMP"),
        ],
        added: &[
            ("inventory_group", "STRING"),
            ("plan", "VARCHAR(1048576)"),
            ("requested_by", "STRING"),
            ("undo_until_ms", "BIGINT"),
            ("started_ms", "BIGINT"),
            ("finished_ms", "BIGINT"),
        ],
        key: "PRIMARY KEY(job_id) DISTRIBUTED BY HASH(job_id)",
        buckets: 1,
    },
    OpsTable {
        name: "restore_steps",
        columns: &[("job_id", "STRING NOT NULL"), ("step_no", "INT NOT NULL")],
        added: &[
            ("kind", "STRING"),
            ("target", "STRING"),
            ("state", "STRING"),
            ("statement", "VARCHAR(1048576)"),
            ("detail", "VARCHAR(1048576)"),
            ("at_ms", "BIGINT"),
        ],
        key: "PRIMARY KEY(job_id, step_no) DISTRIBUTED BY HASH(job_id)",
        buckets: 1,
    },
    OpsTable {
        name: "run_status",
        columns: &[
            ("scope", "STRING NOT NULL"),
            ("label", "STRING NOT NULL"),
            ("state", "STRING NOT NULL DEFAULT \"ACTIVE\""),
            ("started_at", "DATETIME DEFAULT CURRENT_TIMESTAMP"),
            ("finished_at", "DATETIME NULL"),
        ],
        added: &[
            ("database_name", "STRING"),
            ("fence", "BIGINT"),
            ("owner", "STRING"),
            ("job_id", "STRING"),
            ("heartbeat_ms", "BIGINT"),
            ("context", "STRING"),
        ],
        key: "PRIMARY KEY(scope, label) DISTRIBUTED BY HASH(scope, label)",
        buckets: 1,
    },
    OpsTable {
        name: "schedule_fires",
        columns: &[("fire_key", "STRING NOT NULL")],
        added: &[
            ("inventory_group", "STRING"),
            ("kind", "STRING"),
            ("scheduled_ms", "BIGINT"),
            ("claimed_by", "STRING"),
            ("claimed_ms", "BIGINT"),
            ("outcome", "STRING"),
            ("reason", "STRING"),
            ("run_id", "STRING"),
        ],
        key: "PRIMARY KEY(fire_key) DISTRIBUTED BY HASH(fire_key)",
        buckets: 1,
    },
];

/// Five minutes.
const COLUMN_LOOKS: u32 = 300;
const COLUMN_PAUSE: Duration = Duration::from_secs(1);

/// What `init` had to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Initialised {
    pub created: Vec<&'static str>,
    /// Table, and the columns it was missing.
    pub extended: Vec<(&'static str, Vec<&'static str>)>,
}

impl Initialised {
    pub fn is_nothing(&self) -> bool {
        self.created.is_empty() && self.extended.is_empty()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error(transparent)]
    Ops(#[from] OpsError),
    #[error("no backend is alive, so the ops tables cannot be created")]
    NoBackend,
    #[error(
        "the new columns of the ops tables are still not there; SHOW ALTER TABLE COLUMN FROM ops tells how far they are"
    )]
    Slow,
    #[error("ops.{table} lacks its column {column}: another tool made it")]
    Foreign {
        table: &'static str,
        column: &'static str,
    },
}

impl Ops {
    /// The names of all of them.
    pub fn tables() -> impl Iterator<Item = &'static str> {
        TABLES.iter().map(|table| table.name)
    }

    /// Creates what is missing. `backends`: those that can take replicas; three copies, or as many as there can be.
    pub async fn initialise(&self, backends: u32) -> Result<Initialised, SchemaError> {
        let present = self.present_columns().await?;
        let mut done = Initialised::default();
        for table in TABLES {
            match present.get(table.name) {
                None if backends == 0 => return Err(SchemaError::NoBackend),
                None => {
                    if done.created.is_empty() {
                        self.create_database().await?;
                    }
                    self.write(&create(table, backends.min(3))).await?;
                    done.created.push(table.name);
                }
                Some(columns) => {
                    let missing = missing(table, columns)?;
                    if !missing.is_empty() {
                        self.write(&extend(table, &missing)).await?;
                        done.extended.push((table.name, missing));
                    }
                }
            }
        }
        self.wait_for_columns(&done).await?;
        Ok(done)
    }

    async fn create_database(&self) -> Result<(), OpsError> {
        let ops = DatabaseName::parse("ops").expect("a fixed name is a name");
        if !database_exists(self.session.as_ref(), &ops).await? {
            self.write(&sql::create_database(&ops)).await?;
        }
        Ok(())
    }

    /// ADD COLUMN is a job of its own where the cluster does not evolve schemas fast (`alter/SchemaChangeHandler.java`): the columns come when it
    /// is over.
    async fn wait_for_columns(&self, done: &Initialised) -> Result<(), SchemaError> {
        if done.extended.is_empty() {
            return Ok(());
        }
        for _ in 0..COLUMN_LOOKS {
            if self.is_complete().await? {
                return Ok(());
            }
            tokio::time::sleep(COLUMN_PAUSE).await;
        }
        Err(SchemaError::Slow)
    }

    /// Whether brd has been here before, in whatever release.
    pub async fn is_ours(&self) -> Result<bool, OpsError> {
        let present = self.present_columns().await?;
        let slots = present.get("run_status");
        // A recovery that was killed may have come no farther than to the slots.
        Ok(present.contains_key("schedule_fires")
            || slots.is_some_and(|columns| columns.contains("fence")))
    }

    /// Whether `initialise` would find nothing to do.
    pub async fn is_complete(&self) -> Result<bool, OpsError> {
        let present = self.present_columns().await?;
        let complete = |table: &OpsTable| {
            let columns = present.get(table.name);
            columns
                .is_some_and(|columns| table.added.iter().all(|(name, _)| columns.contains(*name)))
        };
        Ok(TABLES.iter().all(complete))
    }

    pub(super) async fn present_columns(
        &self,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, OpsError> {
        let set = self.read("SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.columns WHERE TABLE_SCHEMA = 'ops'").await?;
        let unreadable = |source: RowError| OpsError::Row {
            table: "information_schema.columns",
            source,
        };
        let mut present: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in set.rows() {
            let table = row.text("TABLE_NAME").map_err(unreadable)?.to_owned();
            present.entry(table).or_default().insert(
                row.text("COLUMN_NAME")
                    .map_err(unreadable)?
                    .to_ascii_lowercase(),
            );
        }
        Ok(present)
    }
}

/// Each with its type, in order.
pub(super) fn columns_of(table: &str) -> Vec<(&'static str, &'static str)> {
    let found = TABLES.iter().filter(|known| known.name == table);
    found
        .flat_map(|known| known.columns.iter().chain(known.added))
        .copied()
        .collect()
}

fn create(table: &OpsTable, replicas: u32) -> String {
    let seed = table
        .columns
        .iter()
        .map(|(name, kind)| format!("`{name}` {kind}"));
    let added = table
        .added
        .iter()
        .map(|(name, kind)| format!("`{name}` {kind} NULL"));
    let columns = seed.chain(added).collect::<Vec<_>>().join(", ");
    format!(
        "CREATE TABLE IF NOT EXISTS `ops`.`{}` ({columns}) {} BUCKETS {} PROPERTIES (\"replication_num\" = \"{replicas}\")",
        table.name, table.key, table.buckets
    )
}

fn missing(table: &OpsTable, present: &BTreeSet<String>) -> Result<Vec<&'static str>, SchemaError> {
    // Without the columns of the seed it is not the table we know; inventing them would hide that.
    if let Some((column, _)) = table
        .columns
        .iter()
        .find(|(name, _)| !present.contains(*name) && !name.ends_with("_at"))
    {
        return Err(SchemaError::Foreign {
            table: table.name,
            column,
        });
    }
    Ok(table
        .added
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !present.contains(*name))
        .collect())
}

fn extend(table: &OpsTable, missing: &[&str]) -> String {
    let clauses = table
        .added
        .iter()
        .filter(|(name, _)| missing.contains(name))
        .map(|(name, kind)| format!("ADD COLUMN `{name}` {kind} NULL"))
        .collect::<Vec<_>>()
        .join(", ");
    format!("ALTER TABLE `ops`.`{}` {clauses}", table.name)
}
