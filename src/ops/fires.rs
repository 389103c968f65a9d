//! `ops.schedule_fires`: every due moment and what became of it.

use chrono::{DateTime, Utc};

use super::history::optional_name;
use super::insert::{Cell, claiming_insert, inserts};
use super::{Ops, OpsError, key_hash};
use crate::catalog::BackupKind;
use crate::names::{GroupName, JobId};
use crate::starrocks::{Row, RowError, sql};

const TABLE: &str = "ops.schedule_fires";

const COLUMNS: [&str; 9] = [
    "fire_key",
    "inventory_group",
    "kind",
    "scheduled_ms",
    "claimed_by",
    "claimed_ms",
    "outcome",
    "reason",
    "run_id",
];

/// One due moment's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FireKey {
    pub group: GroupName,
    pub kind: BackupKind,
    pub scheduled: DateTime<Utc>,
}

impl FireKey {
    /// Names are of any length and a primary key is not.
    fn hash(&self) -> String {
        key_hash(&[
            self.group.as_str(),
            self.kind.as_str(),
            &self.scheduled.timestamp_millis().to_string(),
        ])
    }
}

/// `outcome` in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FireOutcome {
    Finished,
    Partly,
    Failed,
    Cancelled,
    Skipped,
}

impl FireOutcome {
    fn as_str(self) -> &'static str {
        match self {
            FireOutcome::Finished => "FINISHED",
            FireOutcome::Partly => "PARTLY",
            FireOutcome::Failed => "FAILED",
            FireOutcome::Cancelled => "CANCELLED",
            FireOutcome::Skipped => "SKIPPED",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct FireRecord {
    pub key: FireKey,
    pub claimed_by: Option<String>,
    pub outcome: Option<String>,
    pub run: Option<JobId>,
}

/// Whose a due moment is.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    Ours,
    /// Another daemon took it, or it is settled already.
    Taken(Box<FireRecord>),
}

impl Ops {
    /// Exactly one daemon wins. The row is read first, because labels are forgotten, and read back, because it decides.
    pub async fn claim_fire(
        &self,
        key: &FireKey,
        owner: &str,
        run: &JobId,
        now: DateTime<Utc>,
    ) -> Result<Claim, OpsError> {
        self.write("SYNC").await?;
        if let Some(record) = self.fire(key).await? {
            return Ok(whose(record, owner, run));
        }
        let row = row(key, owner, now, None, None, Some(run));
        let label = format!("brd_fire_{}", key.hash());
        match self
            .session
            .execute(&claiming_insert(TABLE, &label, &COLUMNS, &row))
            .await
        {
            Ok(_) => {}
            Err(error) if error.is_label_used() || error.is_lost() => {}
            Err(error) => return Err(error.into()),
        }
        match self.fire(key).await? {
            Some(record) => Ok(whose(record, owner, run)),
            None => Err(crate::starrocks::StatementError::lost(
                "the claim of a due moment left no row in ops.schedule_fires",
            )
            .into()),
        }
    }

    /// What became of it. A moment that another daemon took, or that has its outcome already, is left as it is; one that nobody took is
    /// taken by this very statement. May run twice.
    pub async fn settle_fire(
        &self,
        key: &FireKey,
        owner: &str,
        outcome: FireOutcome,
        reason: &str,
        run: Option<&JobId>,
        now: DateTime<Utc>,
    ) -> Result<(), OpsError> {
        self.write("SYNC").await?;
        let row = row(key, owner, now, Some(outcome), Some(reason), run);
        match self.fire(key).await? {
            None => {
                let label = format!("brd_fire_{}", key.hash());
                match self
                    .session
                    .execute(&claiming_insert(TABLE, &label, &COLUMNS, &row))
                    .await
                {
                    // Whoever was faster has it.
                    Err(error) if error.is_label_used() => Ok(()),
                    answer => Ok(answer.map(|_done| ())?),
                }
            }
            Some(record) if record.outcome.is_some() => Ok(()),
            Some(record) if record.claimed_by.as_deref() != Some(owner) => Ok(()),
            Some(_) => {
                for statement in inserts(TABLE, &COLUMNS, [row.into()]) {
                    self.write(&statement).await?;
                }
                Ok(())
            }
        }
    }

    async fn fire(&self, key: &FireKey) -> Result<Option<FireRecord>, OpsError> {
        Ok(self
            .fires_where(&format!("fire_key = '{}'", key.hash()))
            .await?
            .pop())
    }

    /// Claimed by `owner` and without an outcome: an earlier life took them on and did not see their end.
    pub async fn open_fires(&self, owner: &str) -> Result<Vec<FireRecord>, OpsError> {
        self.fires_where(&format!(
            "claimed_by = {} AND outcome IS NULL",
            sql::text(owner)
        ))
        .await
    }

    /// The latest due moment on record of each group and kind.
    pub async fn last_fires(
        &self,
    ) -> Result<Vec<(GroupName, BackupKind, DateTime<Utc>)>, OpsError> {
        let statement = format!(
            "SELECT inventory_group, kind, MAX(scheduled_ms) AS scheduled_ms FROM {TABLE} GROUP BY inventory_group, kind"
        );
        let set = self.read(&statement).await?;
        let read = |row: Row<'_>| -> Result<_, RowError> {
            let at = row.epoch_ms("scheduled_ms")?.ok_or(RowError::Null {
                column: "scheduled_ms",
            })?;
            Ok((row.name("inventory_group")?, kind(&row)?, at))
        };
        set.rows()
            .map(read)
            .collect::<Result<_, _>>()
            .map_err(|source| OpsError::Row {
                table: TABLE,
                source,
            })
    }

    async fn fires_where(&self, filter: &str) -> Result<Vec<FireRecord>, OpsError> {
        let set = self
            .read(&format!(
                "SELECT * FROM {TABLE} WHERE {filter} ORDER BY scheduled_ms"
            ))
            .await?;
        set.rows()
            .map(|row| record(&row))
            .collect::<Result<_, _>>()
            .map_err(|source| OpsError::Row {
                table: TABLE,
                source,
            })
    }
}

/// A fire that we claimed under another run is an earlier life's, and is taken on by whoever adopts it.
fn whose(record: FireRecord, owner: &str, run: &JobId) -> Claim {
    let ours = record.claimed_by.as_deref() == Some(owner) && record.outcome.is_none();
    if ours && record.run.as_ref() == Some(run) {
        Claim::Ours
    } else {
        Claim::Taken(Box::new(record))
    }
}

fn row(
    key: &FireKey,
    owner: &str,
    now: DateTime<Utc>,
    outcome: Option<FireOutcome>,
    reason: Option<&str>,
    run: Option<&JobId>,
) -> [Cell; 9] {
    [
        Cell::Text(key.hash()),
        Cell::text(&key.group),
        Cell::text(key.kind),
        Cell::millis(Some(key.scheduled)),
        Cell::text(owner),
        Cell::millis(Some(now)),
        Cell::optional(outcome.map(FireOutcome::as_str)),
        Cell::prose(reason),
        Cell::optional(run),
    ]
}

fn kind(row: &Row<'_>) -> Result<BackupKind, RowError> {
    match row.text("kind")? {
        "full" => Ok(BackupKind::Full),
        "incremental" => Ok(BackupKind::Incremental),
        other => Err(RowError::Value {
            column: "kind",
            value: other.to_owned(),
            expected: "full or incremental",
        }),
    }
}

fn record(row: &Row<'_>) -> Result<FireRecord, RowError> {
    Ok(FireRecord {
        key: FireKey {
            group: row.name("inventory_group")?,
            kind: kind(row)?,
            scheduled: row.epoch_ms("scheduled_ms")?.ok_or(RowError::Null {
                column: "scheduled_ms",
            })?,
        },
        claimed_by: row.nullable("claimed_by")?.map(str::to_owned),
        outcome: row.nullable("outcome")?.map(str::to_owned),
        run: optional_name(row, "run_id")?,
    })
}
