//! Our memory: the tables of the `ops` database, and the only place that names them.
//!
//! The five tables of starrocks-br keep their names, keys and columns; brd adds columns to them and three tables of its own. Everything that
//! brd itself relies on stands in its own columns, in epoch milliseconds; the DATETIMEs are for people and hold the cluster's global zone.

mod catalogue;
mod fires;
mod history;
mod insert;
mod inventory;
mod manifest;
mod recovered;
mod restores;
mod retention;
mod schema;
mod slot;

use chrono::{DateTime, Utc};

use crate::starrocks::{ClusterZone, ResultSet, RowError, Session, StatementError, query};

pub use catalogue::{Cells, ManifestRows, Mirrored};
pub use fires::{Claim, FireKey, FireOutcome, FireRecord};
pub use manifest::RecordedManifest;
pub use restores::{RestoreRecord, RestoreStatus, STUCK, StepRecord, StepState};
pub use schema::{Initialised, SchemaError};
pub use slot::{HeldSlot, Reservation, Reserved, Scope, SlotClaim, SlotEnd};

/// The ops tables through one session.
#[derive(Clone)]
pub struct Ops {
    session: Session,
    zone: ClusterZone,
}

#[derive(Debug, thiserror::Error)]
pub enum OpsError {
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error("a row of {table} cannot be read: {source}")]
    Row {
        table: &'static str,
        source: RowError,
    },
}

impl Ops {
    pub async fn open(session: Session) -> Result<Ops, StatementError> {
        let zone = ClusterZone::read(&session).await?;
        Ok(Ops { session, zone })
    }

    async fn read(&self, statement: &str) -> Result<ResultSet, OpsError> {
        Ok(query(self.session.as_ref(), statement).await?)
    }

    /// For statements that may run twice: upserts of whole rows, updates to constants, deletes. Sent once more when the answer was lost.
    async fn write(&self, statement: &str) -> Result<(), OpsError> {
        query(self.session.as_ref(), statement).await?;
        Ok(())
    }

    /// A DATETIME literal for people.
    fn wall_clock(&self, at: DateTime<Utc>) -> String {
        format!("'{}'", self.zone.render(at))
    }
}

/// `label|database|table|partition`, hashed: the key of `ops.backup_partitions`, as starrocks-br computes it. A `|` within a name is escaped,
/// so that two different rows never share a key.
fn key_hash(parts: &[&str]) -> String {
    use md5::{Digest, Md5};
    let joined = parts
        .iter()
        .map(|part| part.replace('|', "\\|"))
        .collect::<Vec<_>>()
        .join("|");
    Md5::digest(joined.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::key_hash;

    #[test]
    fn the_key_of_a_manifest_row_is_the_one_starrocks_br_computes() {
        // printf 'l|sales|orders|p1' | md5sum
        assert_eq!(
            key_hash(&["l", "sales", "orders", "p1"]),
            "fb15a95d42c4f6dfdcabf163655f1dad"
        );
        assert_ne!(
            key_hash(&["l", "d", "a|b", "c"]),
            key_hash(&["l", "d", "a", "b|c"])
        );
    }
}
