//! `ops.run_status`: what only one job may hold per database.
//!
//! StarRocks has no compare-and-set on rows: two racing upserts both succeed. The one atomic claim is a load label, of which only one
//! transaction may exist (`transaction/DatabaseTransactionMgr.java`). So a claim reads the rows, takes the next fence number of the database,
//! inserts with the label `brd_slot_<database>_<fence>`, and reads back. Labels are forgotten after some days, which is why the fence only
//! grows and is derived from the rows. StarRocks' own rule, one unfinished job per database, stands behind all of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::history::{label as label_cell, optional_name};
use super::insert::{Cell, claiming_insert};
use super::{Ops, OpsError, key_hash};
use crate::names::{DatabaseName, JobId, Label};
use crate::starrocks::{Row, RowError, sql};

const TABLE: &str = "ops.run_status";

/// `ops.run_status.scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    Backup,
    Restore,
}

impl Scope {
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Backup => "backup",
            Scope::Restore => "restore",
        }
    }
}

/// What a job wants to hold.
#[derive(Debug, Clone)]
pub struct SlotClaim<'a> {
    pub scope: Scope,
    pub label: &'a Label,
    pub database: &'a DatabaseName,
    /// Stays the same over restarts of one daemon.
    pub owner: &'a str,
    pub job: &'a JobId,
    /// What the next life of the daemon must know to finish the job; JSON.
    pub context: String,
}

/// An ACTIVE row.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldSlot {
    pub scope: Scope,
    pub label: Label,
    /// `None` in rows of starrocks-br.
    pub database: Option<DatabaseName>,
    pub fence: Option<u64>,
    pub owner: Option<String>,
    pub job: Option<JobId>,
    pub heartbeat: Option<DateTime<Utc>>,
    pub context: Option<String>,
}

/// Our proof that we hold the slot, until [`Ops::release`].
#[derive(Debug)]
#[must_use = "a slot that is not released blocks the database until it is adopted"]
pub struct Reservation {
    pub scope: Scope,
    pub label: Label,
}

/// How the job ended; the words of `ops.run_status.state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotEnd {
    Finished,
    Failed,
    Cancelled,
}

impl SlotEnd {
    fn as_str(self) -> &'static str {
        match self {
            SlotEnd::Finished => "FINISHED",
            SlotEnd::Failed => "FAILED",
            SlotEnd::Cancelled => "CANCELLED",
        }
    }
}

/// Answer to a claim.
#[derive(Debug)]
pub enum Reserved {
    Ours(Reservation),
    /// Somebody holds the database.
    Held(Box<HeldSlot>),
    /// Another claim won this very moment: try again.
    Raced,
}

impl Ops {
    /// Every ACTIVE row.
    pub async fn held_slots(&self) -> Result<Vec<HeldSlot>, OpsError> {
        // SYNC: rows that another daemon wrote through another frontend must be seen (surface: followers lag).
        self.write("SYNC").await?;
        self.slots_where("state = 'ACTIVE'").await
    }

    async fn slots_where(&self, filter: &str) -> Result<Vec<HeldSlot>, OpsError> {
        let set = self
            .read(&format!("SELECT * FROM {TABLE} WHERE {filter}"))
            .await?;
        set.rows()
            .map(|row| held(&row))
            .collect::<Result<_, _>>()
            .map_err(|source| OpsError::Row {
                table: TABLE,
                source,
            })
    }

    pub async fn reserve(
        &self,
        claim: &SlotClaim<'_>,
        now: DateTime<Utc>,
    ) -> Result<Reserved, OpsError> {
        self.write("SYNC").await?;
        let rows = self
            .slots_where(&format!(
                "database_name = {} AND state = 'ACTIVE'",
                sql::text(claim.database.as_str())
            ))
            .await?;
        if let Some(other) = rows.into_iter().next() {
            return Ok(Reserved::Held(Box::new(other)));
        }
        let fence = self.next_fence(claim.database).await?;
        let insert = claiming_insert(
            TABLE,
            &slot_label(claim.database, fence),
            &COLUMNS,
            &self.slot_row(claim, fence, now),
        );
        match self.session.execute(&insert).await {
            Ok(_) => {}
            Err(error) if error.is_label_used() || error.is_lost() => {}
            Err(error) => return Err(error.into()),
        }
        self.prove(claim, fence).await
    }

    /// Whatever the insert answered, the row decides.
    async fn prove(&self, claim: &SlotClaim<'_>, fence: u64) -> Result<Reserved, OpsError> {
        let rows = self
            .slots_where(&format!(
                "database_name = {} AND state = 'ACTIVE'",
                sql::text(claim.database.as_str())
            ))
            .await?;
        let ours = |row: &HeldSlot| {
            row.fence == Some(fence)
                && row.owner.as_deref() == Some(claim.owner)
                && row.job.as_ref() == Some(claim.job)
        };
        if rows.iter().any(ours) {
            return Ok(Reserved::Ours(Reservation {
                scope: claim.scope,
                label: claim.label.clone(),
            }));
        }
        Ok(rows
            .into_iter()
            .next()
            .map_or(Reserved::Raced, |other| Reserved::Held(Box::new(other))))
    }

    async fn next_fence(&self, database: &DatabaseName) -> Result<u64, OpsError> {
        let statement = format!(
            "SELECT MAX(fence) AS fence FROM {TABLE} WHERE database_name = {}",
            sql::text(database.as_str())
        );
        let set = self.read(&statement).await?;
        let fence = set
            .first()
            .map(|row| row.optional_number::<u64>("fence"))
            .transpose();
        Ok(fence
            .map_err(|source| OpsError::Row {
                table: TABLE,
                source,
            })?
            .flatten()
            .unwrap_or(0)
            + 1)
    }

    fn slot_row(&self, claim: &SlotClaim<'_>, fence: u64, now: DateTime<Utc>) -> [Cell; 10] {
        [
            Cell::text(claim.scope.as_str()),
            Cell::text(claim.label),
            Cell::text("ACTIVE"),
            Cell::Literal(self.wall_clock(now)),
            Cell::text(claim.database),
            Cell::count(fence),
            Cell::text(claim.owner),
            Cell::text(claim.job),
            Cell::millis(Some(now)),
            Cell::Text(claim.context.clone()),
        ]
    }

    /// We are alive. Never more often than every 30 s: each beat is a transaction and a version.
    pub async fn beat(
        &self,
        reservation: &Reservation,
        now: DateTime<Utc>,
    ) -> Result<(), OpsError> {
        self.write(&format!(
            "UPDATE {TABLE} SET heartbeat_ms = {} WHERE {}",
            now.timestamp_millis(),
            key(reservation)
        ))
        .await
    }

    /// May run twice.
    pub async fn release(
        &self,
        reservation: &Reservation,
        end: SlotEnd,
        now: DateTime<Utc>,
    ) -> Result<(), OpsError> {
        self.write(&format!(
            "UPDATE {TABLE} SET state = '{}', finished_at = {}, heartbeat_ms = {} WHERE {}",
            end.as_str(),
            self.wall_clock(now),
            now.timestamp_millis(),
            key(reservation)
        ))
        .await
    }
}

impl HeldSlot {
    /// Only for a slot whose job is proven to be ours, or over.
    pub fn adopt(&self) -> Reservation {
        Reservation {
            scope: self.scope,
            label: self.label.clone(),
        }
    }
}

const COLUMNS: [&str; 10] = [
    "scope",
    "label",
    "state",
    "started_at",
    "database_name",
    "fence",
    "owner",
    "job_id",
    "heartbeat_ms",
    "context",
];

fn key(reservation: &Reservation) -> String {
    format!(
        "scope = '{}' AND label = {}",
        reservation.scope.as_str(),
        sql::text(reservation.label.as_str())
    )
}

/// Load labels match `[-\w]{1,128}` (`common/FeNameFormat.java`): a name that does not is hashed.
fn slot_label(database: &DatabaseName, fence: u64) -> String {
    let name = database.as_str();
    let plain = name.len() <= 64
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let name = if plain {
        name.to_owned()
    } else {
        key_hash(&[name])
    };
    format!("brd_slot_{name}_{fence}")
}

fn held(row: &Row<'_>) -> Result<HeldSlot, RowError> {
    Ok(HeldSlot {
        scope: if row.text("scope")? == "restore" {
            Scope::Restore
        } else {
            Scope::Backup
        },
        label: label_cell(row, "label")?.ok_or(RowError::Null { column: "label" })?,
        database: optional_name(row, "database_name")?,
        fence: row.optional_number("fence")?,
        owner: row.nullable("owner")?.map(str::to_owned),
        job: optional_name(row, "job_id")?,
        heartbeat: row.epoch_ms("heartbeat_ms")?,
        context: row.nullable("context")?.map(str::to_owned),
    })
}
