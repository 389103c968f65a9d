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

/// Our proof that we hold the slot, until [`Ops::release`]. Whatever is written with it takes effect only while the row is still ours: a
/// daemon that was cut off and replaced cannot disturb the one that took over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a slot that is not released blocks the database until it is adopted"]
pub struct Reservation {
    pub scope: Scope,
    pub label: Label,
    pub fence: u64,
    pub owner: String,
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

impl SlotEnd {
    /// `None`: it has not ended.
    pub(super) fn parse(word: &str) -> Option<SlotEnd> {
        [SlotEnd::Finished, SlotEnd::Failed, SlotEnd::Cancelled]
            .into_iter()
            .find(|end| end.as_str() == word)
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
        // The number first: whoever comes in between has it too, and then the label decides.
        let fence = self.next_fence(claim.database).await?;
        let rows = self.slots_of(claim.database).await?;
        if let Some(ours) = rows.iter().find(|row| row.is_of(claim)) {
            // An earlier try took effect after all.
            return Ok(ours
                .ours(claim.owner)
                .map_or(Reserved::Raced, Reserved::Ours));
        }
        if let Some(other) = rows.into_iter().next() {
            return Ok(Reserved::Held(Box::new(other)));
        }
        self.insert_slot(claim, fence, now).await?;
        self.prove(claim, fence, now).await
    }

    /// The slot of a daemon that is gone, under a new number: from here on its own writes come to nothing. `None`: somebody was faster.
    pub async fn take_over(
        &self,
        slot: &HeldSlot,
        owner: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Reservation>, OpsError> {
        let (Some(database), Some(job)) = (&slot.database, &slot.job) else {
            return Ok(None);
        };
        let claim = SlotClaim {
            scope: slot.scope,
            label: &slot.label,
            database,
            owner,
            job,
            context: slot.context.clone().unwrap_or_default(),
        };
        self.write("SYNC").await?;
        let fence = self.next_fence(database).await?;
        let still_there = self.slots_of(database).await?.contains(slot);
        if !still_there {
            return Ok(None);
        }
        self.insert_slot(&claim, fence, now).await?;
        let rows = self.slots_of(database).await?;
        let ours = rows
            .iter()
            .find(|row| row.fence == Some(fence) && row.is_of(&claim));
        Ok(ours.and_then(|row| row.ours(owner)))
    }

    async fn slots_of(&self, database: &DatabaseName) -> Result<Vec<HeldSlot>, OpsError> {
        let database = sql::text(database.as_str());
        self.slots_where(&format!("database_name = {database} AND state = 'ACTIVE'"))
            .await
    }

    async fn insert_slot(
        &self,
        claim: &SlotClaim<'_>,
        fence: u64,
        now: DateTime<Utc>,
    ) -> Result<(), OpsError> {
        let label = slot_label(claim.database, fence);
        let row = self.slot_row(claim, fence, now);
        let insert = claiming_insert(TABLE, &label, &COLUMNS, &row);
        match self.session.execute(&insert).await {
            Ok(_) => Ok(()),
            // The rows decide, whatever the insert answered.
            Err(error) if error.is_label_used() || error.is_lost() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Of two that came in with different numbers, the lower one holds.
    async fn prove(
        &self,
        claim: &SlotClaim<'_>,
        fence: u64,
        now: DateTime<Utc>,
    ) -> Result<Reserved, OpsError> {
        let rows = self.slots_of(claim.database).await?;
        let ours = |row: &&HeldSlot| row.fence == Some(fence) && row.is_of(claim);
        let mine = rows.iter().find(ours).and_then(|row| row.ours(claim.owner));
        let other = rows
            .iter()
            .filter(|row| !ours(row))
            .min_by_key(|row| row.fence);
        match (mine, other) {
            (Some(mine), Some(other)) if other.fence < Some(fence) => {
                self.release(&mine, SlotEnd::Cancelled, now).await?;
                Ok(Reserved::Held(Box::new(other.clone())))
            }
            (Some(mine), _) => Ok(Reserved::Ours(mine)),
            (None, Some(other)) => Ok(Reserved::Held(Box::new(other.clone()))),
            (None, None) => Ok(Reserved::Raced),
        }
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

    /// What the next life must know, once it is known.
    pub async fn describe_slot(
        &self,
        reservation: &Reservation,
        context: &str,
    ) -> Result<(), OpsError> {
        let (context, key) = (sql::text(context), key(reservation));
        self.write(&format!(
            "UPDATE {TABLE} SET context = {context} WHERE {key}"
        ))
        .await
    }

    /// We are alive. Never more often than every 30 s: each beat is a transaction and a version. False: the slot is not ours any more.
    pub async fn beat(
        &self,
        reservation: &Reservation,
        now: DateTime<Utc>,
    ) -> Result<bool, OpsError> {
        let key = key(reservation);
        let beat = format!(
            "UPDATE {TABLE} SET heartbeat_ms = {} WHERE {key}",
            now.timestamp_millis()
        );
        self.write(&beat).await?;
        let rows = self
            .slots_where(&format!("{key} AND state = 'ACTIVE'"))
            .await?;
        Ok(!rows.is_empty())
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
    fn is_of(&self, claim: &SlotClaim<'_>) -> bool {
        self.owner.as_deref() == Some(claim.owner)
            && self.job.as_ref() == Some(claim.job)
            && self.label == *claim.label
            && self.scope == claim.scope
    }

    /// `None`: it belongs to somebody else.
    pub fn ours(&self, owner: &str) -> Option<Reservation> {
        let fence = self
            .fence
            .filter(|_| self.owner.as_deref() == Some(owner))?;
        Some(Reservation {
            scope: self.scope,
            label: self.label.clone(),
            fence,
            owner: owner.to_owned(),
        })
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
        "scope = '{}' AND label = {} AND fence = {} AND owner = {}",
        reservation.scope.as_str(),
        sql::text(reservation.label.as_str()),
        reservation.fence,
        sql::text(&reservation.owner)
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

pub(super) fn held(row: &Row<'_>) -> Result<HeldSlot, RowError> {
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

impl Ops {
    /// Labels that stand on a slot, whatever became of its job: a label that came to nothing may be burnt all the same.
    pub async fn slot_labels_starting_with(
        &self,
        first: &Label,
    ) -> Result<std::collections::BTreeSet<Label>, OpsError> {
        let pattern = sql::text(&format!("{first}%"));
        let filter = format!("scope = 'backup' AND label LIKE {pattern}");
        let rows = self.slots_where(&filter).await?;
        Ok(rows.into_iter().map(|row| row.label).collect())
    }
}
