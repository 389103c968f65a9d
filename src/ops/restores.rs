//! `ops.restore_history` and `ops.restore_steps`: what a restore set out to do, and how far it came.
//!
//! All steps are written before the first one runs, each is marked before it runs and after; so the next life of the daemon reads its way on
//! from the rows alone.

use chrono::{DateTime, Utc};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::history::{label as label_cell, optional_name};
use super::insert::{Cell, inserts};
use super::{Ops, OpsError};
use crate::names::{GroupName, JobId, Label, RepositoryName};
use crate::starrocks::{Row, RowError, sql};

const HISTORY: &str = "ops.restore_history";
const STEPS: &str = "ops.restore_steps";

/// Longest text of a VARCHAR(1048576) column that still leaves a statement under 1 MiB.
const PLAN_LIMIT: usize = 800 << 10;

/// In `error_message`, before what a person must know where taking a restore back has failed.
pub const STUCK: &str = "STUCK: ";

/// The words of `ops.restore_history.status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreStatus {
    Finished,
    Failed,
    Cancelled,
}

impl RestoreStatus {
    pub fn as_str(&self) -> &'static str {
        match self {
            RestoreStatus::Finished => "FINISHED",
            RestoreStatus::Failed => "FAILED",
            RestoreStatus::Cancelled => "CANCELLED",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct RestoreRecord {
    pub job: JobId,
    pub label: Label,
    /// `partition`, `table` or `database`.
    pub restore_type: String,
    pub status: String,
    pub repository: RepositoryName,
    pub error: Option<String>,
    pub checksum: Option<String>,
    pub group: Option<GroupName>,
    pub plan: Option<String>,
    pub requested_by: Option<String>,
    pub undo_until: Option<DateTime<Utc>>,
    pub started: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Pending,
    Running,
    Done,
    Undone,
    /// Its undo failed: a person is needed.
    Stuck,
}

impl StepState {
    pub fn as_str(self) -> &'static str {
        match self {
            StepState::Pending => "PENDING",
            StepState::Running => "RUNNING",
            StepState::Done => "DONE",
            StepState::Undone => "UNDONE",
            StepState::Stuck => "STUCK",
        }
    }

    fn parse(word: &str) -> Option<StepState> {
        [
            StepState::Pending,
            StepState::Running,
            StepState::Done,
            StepState::Undone,
            StepState::Stuck,
        ]
        .into_iter()
        .find(|state| state.as_str() == word)
    }
}

/// One row of `restore_steps`. `statement` is for people: what is sent, or what is done where that takes more than one statement.
/// `step` is the step as JSON and `proof` what was seen right before it ran; the column `detail` holds both.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRecord {
    pub number: u32,
    pub kind: String,
    pub target: String,
    pub state: StepState,
    pub statement: String,
    pub step: String,
    pub proof: Option<String>,
}

const STEP_COLUMNS: [&str; 8] = [
    "job_id",
    "step_no",
    "kind",
    "target",
    "state",
    "statement",
    "detail",
    "at_ms",
];

impl Ops {
    pub async fn write_steps(
        &self,
        job: &JobId,
        steps: &[StepRecord],
        now: DateTime<Utc>,
    ) -> Result<(), OpsError> {
        let rows = steps.iter().map(|step| {
            vec![
                Cell::text(job),
                Cell::count(u64::from(step.number)),
                Cell::text(&step.kind),
                Cell::text(&step.target),
                Cell::text(step.state.as_str()),
                Cell::text(&step.statement),
                Cell::Text(detail(step)),
                Cell::millis(Some(now)),
            ]
        });
        for statement in inserts(STEPS, &STEP_COLUMNS, rows) {
            self.write(&statement).await?;
        }
        Ok(())
    }

    /// In order.
    pub async fn steps(&self, job: &JobId) -> Result<Vec<StepRecord>, OpsError> {
        let filter = format!("job_id = {} ORDER BY step_no", sql::text(job.as_str()));
        let steps = self.steps_where(&filter).await?.into_iter();
        Ok(steps.map(|(_, step)| step).collect())
    }

    /// What tells of tables that may stand under their suffixes: of the restores that can be undone, and of those that are not live in all.
    pub async fn steps_of_kept_tables(&self) -> Result<Vec<(JobId, StepRecord)>, OpsError> {
        let of = |jobs: &str| {
            format!(
                "kind IN ('download', 'swap', 'rename') AND job_id IN (SELECT job_id FROM {jobs})"
            )
        };
        let undoable = format!("{HISTORY} WHERE undo_until_ms IS NOT NULL");
        let not_live =
            format!("{STEPS} WHERE kind IN ('swap', 'rename', 'exchange') AND state <> 'DONE'");
        let mut steps = self.steps_where(&of(&undoable)).await?;
        steps.extend(self.steps_where(&of(&not_live)).await?);
        Ok(steps)
    }

    /// Of all restores, what made a table or a partition live and tells of this id; the latest first.
    pub async fn live_steps_about(&self, id: u64) -> Result<Vec<(JobId, StepRecord)>, OpsError> {
        self.steps_where(&format!(
            "kind IN ('swap', 'rename', 'exchange') AND detail LIKE '%{id}%' ORDER BY at_ms DESC, step_no DESC"
        ))
        .await
    }

    async fn steps_where(&self, filter: &str) -> Result<Vec<(JobId, StepRecord)>, OpsError> {
        let set = self
            .read(&format!("SELECT * FROM {STEPS} WHERE {filter}"))
            .await?;
        set.rows()
            .map(|row| Ok((row.name("job_id")?, step(&row)?)))
            .collect::<Result<_, _>>()
            .map_err(|source| OpsError::Row {
                table: STEPS,
                source,
            })
    }

    /// Idempotent.
    pub async fn record_restore(&self, record: &RestoreRecord) -> Result<(), OpsError> {
        let wall = |at: Option<_>| at.map_or(Cell::Null, |at| Cell::Literal(self.wall_clock(at)));
        let columns = [
            "job_id",
            "backup_label",
            "restore_type",
            "status",
            "repository",
            "started_at",
            "finished_at",
            "error_message",
            "verification_checksum",
            "created_at",
            "inventory_group",
            "plan",
            "requested_by",
            "undo_until_ms",
            "started_ms",
            "finished_ms",
        ];
        let row = vec![
            Cell::text(&record.job),
            Cell::text(&record.label),
            Cell::text(&record.restore_type),
            Cell::text(&record.status),
            Cell::text(&record.repository),
            wall(Some(
                record
                    .started
                    .or(record.finished)
                    .unwrap_or(DateTime::UNIX_EPOCH),
            )),
            wall(record.finished),
            Cell::prose(record.error.as_deref()),
            Cell::prose(record.checksum.as_deref()),
            wall(record.finished.or(record.started)),
            Cell::optional(record.group.as_ref()),
            // A plan too long for its column is told by its steps.
            Cell::optional(record.plan.as_ref().filter(|plan| plan.len() <= PLAN_LIMIT)),
            Cell::optional(record.requested_by.as_ref()),
            Cell::millis(record.undo_until),
            Cell::millis(record.started),
            Cell::millis(record.finished),
        ];
        for statement in inserts(HISTORY, &columns, [row]) {
            self.write(&statement).await?;
        }
        Ok(())
    }

    pub async fn restore(&self, job: &JobId) -> Result<Option<RestoreRecord>, OpsError> {
        let set = self
            .read(&format!(
                "SELECT * FROM {HISTORY} WHERE job_id = {}",
                sql::text(job.as_str())
            ))
            .await?;
        set.first()
            .map(|row| restore(&row))
            .transpose()
            .map_err(|source| OpsError::Row {
                table: HISTORY,
                source,
            })
    }
}

impl Ops {
    /// Finished ones whose tables wait under the suffix to be made live or discarded, the oldest first.
    pub async fn open_restores(&self) -> Result<Vec<RestoreRecord>, OpsError> {
        self.restores_where(&format!(
            "status = 'FINISHED' AND job_id IN (SELECT job_id FROM {STEPS} WHERE kind IN ('swap', 'rename') AND state = 'PENDING')"
        ))
        .await
    }

    /// Finished ones that an undo has left half taken back.
    pub async fn stuck_restores(&self) -> Result<Vec<RestoreRecord>, OpsError> {
        self.restores_where(&format!(
            "status = 'FINISHED' AND error_message LIKE '{STUCK}%'"
        ))
        .await
    }

    /// Finished ones whose replaced data has been kept for as long as it was promised.
    pub async fn expired_restores(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<RestoreRecord>, OpsError> {
        self.restores_where(&format!(
            "status = 'FINISHED' AND undo_until_ms <= {}",
            now.timestamp_millis()
        ))
        .await
    }

    /// Without their plans, which may be long.
    async fn restores_where(&self, filter: &str) -> Result<Vec<RestoreRecord>, OpsError> {
        let set = self
            .read(&format!(
                "SELECT job_id, backup_label, restore_type, status, repository, error_message, verification_checksum, inventory_group, \
                 NULL AS plan, requested_by, undo_until_ms, started_ms, finished_ms FROM {HISTORY} WHERE {filter} ORDER BY finished_ms"
            ))
            .await?;
        set.rows()
            .map(|row| restore(&row))
            .collect::<Result<_, _>>()
            .map_err(|source| OpsError::Row {
                table: HISTORY,
                source,
            })
    }
}

/// Both parts are JSON already, and stay as they are.
#[derive(Serialize, Deserialize)]
struct Detail<'a> {
    #[serde(borrow)]
    step: &'a RawValue,
    #[serde(borrow)]
    proof: Option<&'a RawValue>,
}

fn detail(record: &StepRecord) -> String {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("a step is JSON");
    let (step, proof) = (raw(&record.step), record.proof.as_deref().map(raw));
    let detail = Detail {
        step: &step,
        proof: proof.as_deref(),
    };
    serde_json::to_string(&detail).expect("made of JSON")
}

fn step(row: &Row<'_>) -> Result<StepRecord, RowError> {
    let word = row.text("state")?;
    let wrong = || RowError::Value {
        column: "state",
        value: word.to_owned(),
        expected: "a step's state",
    };
    let text = row.text("detail")?;
    let detail: Detail<'_> = serde_json::from_str(text).map_err(|_| RowError::Value {
        column: "detail",
        value: text.to_owned(),
        expected: "a step's JSON",
    })?;
    Ok(StepRecord {
        number: row.number("step_no")?,
        kind: row.text("kind")?.to_owned(),
        target: row.text("target")?.to_owned(),
        state: StepState::parse(word).ok_or_else(wrong)?,
        statement: row.nullable("statement")?.unwrap_or_default().to_owned(),
        step: detail.step.get().to_owned(),
        proof: detail.proof.map(|proof| proof.get().to_owned()),
    })
}

fn restore(row: &Row<'_>) -> Result<RestoreRecord, RowError> {
    Ok(RestoreRecord {
        job: row.name("job_id")?,
        label: label_cell(row, "backup_label")?.ok_or(RowError::Null {
            column: "backup_label",
        })?,
        restore_type: row.text("restore_type")?.to_owned(),
        status: row.text("status")?.to_owned(),
        repository: row.name("repository")?,
        error: row.nullable("error_message")?.map(str::to_owned),
        checksum: row.nullable("verification_checksum")?.map(str::to_owned),
        group: optional_name(row, "inventory_group")?,
        plan: row.nullable("plan")?.map(str::to_owned),
        requested_by: row.nullable("requested_by")?.map(str::to_owned),
        undo_until: row.epoch_ms("undo_until_ms")?,
        started: row.epoch_ms("started_ms")?,
        finished: row.epoch_ms("finished_ms")?,
    })
}
