//! A plan, run as it was shown.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ending::{Carried, conclude};
use super::resolve::{PlanOrder, Wanted, plan_wanted};
use crate::catalog::{TableSurroundings, count};
use crate::names::{
    DatabaseName, GroupName, JobId, Label, PartitionName, RepositoryName, TableName,
};
use crate::ops::{Ops, Reservation, Scope, SlotClaim, StepRecord, StepState};
use crate::plan::label::restore_slot_label;
use crate::plan::restore::{Finish, LiveTable, PartitionNow, RestorePlan, Step, TablePlan};
use crate::run::error::{Refused, RunError};
use crate::run::group::Outcome;
use crate::run::job::{Job, JobStop};
use crate::run::preflight::prepare;
use crate::run::slots::{Heartbeat, hold};
use crate::run::steps::{Builder, Proof};
use crate::run::take_back::take_back;
use crate::starrocks::{Session, sql};

/// What the next life must know to finish a restore: kept in the slot's row. The steps themselves are in `ops.restore_steps`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RestoreContext {
    pub job: JobId,
    pub target: Label,
    pub database: DatabaseName,
    pub repository: RepositoryName,
    pub group: Option<GroupName>,
    pub requested_by: String,
    pub started: DateTime<Utc>,
    pub whole_database: bool,
    /// Single partitions of live tables.
    #[serde(default)]
    pub partitions: bool,
    #[serde(default)]
    pub finish: Finish,
    /// Of the slot's own job: what the next life is to go on with.
    #[serde(default)]
    pub phase: Phase,
}

/// Which half of a restore is run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// From the first step, as far as the plan goes.
    #[default]
    Plan,
    /// The steps that make it live, after it stopped beside the live tables.
    MakeLive,
    /// The same steps, taken back on request.
    Undo,
}

impl RestoreContext {
    /// Whether it ends before the first step that makes anything live.
    pub fn stops_beside(&self) -> bool {
        self.finish == Finish::Beside && self.phase == Phase::Plan
    }
}

/// How long a restore waits for the database's slot, or for a cluster that does not answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a plan that a person has seen.
pub async fn run(
    job: &Job,
    plan: &RestorePlan,
    request_group: Option<&GroupName>,
    requested_by: &str,
) -> Outcome {
    match begin(job, plan, request_group, requested_by).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::of(&error),
    }
}

async fn begin(
    job: &Job,
    plan: &RestorePlan,
    group: Option<&GroupName>,
    requested_by: &str,
) -> Result<Outcome, RunError> {
    let session = job.cluster.long_session(job.tuning.restore_timeout);
    let (ops, _) = prepare(job, &session, PATIENCE).await?;
    let mut context = RestoreContext {
        job: plan.job.clone(),
        target: plan.target.clone(),
        database: plan.database.clone(),
        repository: plan.repository.clone(),
        group: group.cloned(),
        requested_by: requested_by.to_owned(),
        started: job.now(),
        whole_database: plan.group.is_none(),
        partitions: exchanged(plan).next().is_some(),
        finish: plan.finish,
        phase: Phase::Plan,
    };
    let (slot, _beating) = hold_database(job, &session, &ops, &context).await?;
    let carried = match write_plan(job, &session, &ops, plan, &mut context).await {
        Ok(steps) => carry_on(job, &session, &ops, &context, steps).await,
        Err(RunError::Stopped(JobStop::Detach)) => Carried::Detached,
        Err(error) => Carried::TakenBack(error),
    };
    conclude(job, &ops, &context, &slot, &carried, Some(plan)).await?;
    Ok(carried.outcome())
}

async fn write_plan(
    job: &Job,
    session: &Session,
    ops: &Ops,
    plan: &RestorePlan,
    context: &mut RestoreContext,
) -> Result<Vec<StepRecord>, RunError> {
    context.whole_database = prove_unmoved(job, session, ops, plan).await?;
    let steps = records(plan, context, job.tuning.restore_timeout);
    let write = || async { Ok(ops.write_steps(&plan.job, &steps, job.now()).await?) };
    job.insist(PATIENCE, write).await?;
    Ok(steps)
}

/// The slot of the restore's database.
pub async fn hold_database(
    job: &Job,
    session: &Session,
    ops: &Ops,
    context: &RestoreContext,
) -> Result<(Reservation, Heartbeat), RunError> {
    let claim = SlotClaim {
        scope: Scope::Restore,
        label: &restore_slot_label(&job.id, &context.database),
        database: &context.database,
        owner: &job.owner,
        job: &job.id,
        context: serde_json::to_string(context).expect("a context is JSON"),
    };
    hold(job, session, ops, &claim, PATIENCE).await
}

/// The plan is run as it was shown, or not at all. Tells whether it restores all that the recovery point has.
async fn prove_unmoved(
    job: &Job,
    session: &Session,
    ops: &Ops,
    plan: &RestorePlan,
) -> Result<bool, RunError> {
    let tables: Vec<TableName> = plan
        .tables
        .iter()
        .map(|table| table.table.clone())
        .collect();
    let mut partitions: BTreeMap<TableName, BTreeSet<PartitionName>> = BTreeMap::new();
    for (table, partition) in exchanged(plan) {
        let chosen = partitions.entry(table.clone()).or_default();
        chosen.insert(partition.clone());
    }
    let wanted = if partitions.is_empty() {
        Wanted::Tables(tables)
    } else {
        Wanted::Partitions(partitions)
    };
    let suffix = plan.tables.first().and_then(suffix_of);
    let Some(suffix) = suffix else {
        return Err(Refused::not_possible(
            "the plan names no table",
            "ask for a plan with `brctl restore … --plan`",
        )
        .into());
    };
    let order = PlanOrder {
        job: plan.job.clone(),
        target: &plan.target,
        wanted,
        suffix,
        finish: plan.finish,
        into: plan.source.is_some().then(|| plan.database.clone()),
    };
    let (mut fresh, whole) = plan_wanted(session, ops, order).await?;
    fresh.group.clone_from(&plan.group);
    let (now, shown) = (shape(&fresh), shape(plan));
    if now == shown {
        tell_newer(job, plan, &fresh);
        return Ok(whole);
    }
    let changed = shown.tables.iter().filter(|table| {
        let mut now = now.tables.iter();
        now.all(|other| other != *table)
    });
    let changed: Vec<&str> = changed.map(|table| table.table.as_str()).collect();
    let which = match changed.len() {
        0 => String::new(),
        _ => format!(" ({})", changed.join(", ")),
    };
    Err(Refused::not_possible(
        format!(
            "the tables of `{}` changed since the plan was shown{which}",
            plan.database
        ),
        "ask for the plan again (`brctl restore … --plan`), and confirm it",
    )
    .into())
}

fn exchanged(plan: &RestorePlan) -> impl Iterator<Item = (&TableName, &PartitionName)> {
    plan.tables.iter().flat_map(|table| {
        let exchanges = table.exchanges.iter();
        exchanges.map(|exchange| (&table.table, &exchange.partition))
    })
}

/// What stands behind the table's name where it is built.
fn suffix_of(table: &TablePlan) -> Option<String> {
    let suffix = table.restored.as_str().strip_prefix(table.table.as_str())?;
    Some(suffix.to_owned())
}

/// Loads go on between a plan and its yes, and make partitions where those come by themselves: they stop no restore, or a table that is
/// loaded all the time could never be restored. But what they brought goes out of the live table too.
fn tell_newer(job: &Job, plan: &RestorePlan, fresh: &RestorePlan) {
    if plan.finish == Finish::Beside {
        return;
    }
    for (shown, now) in plan.tables.iter().zip(&fresh.tables) {
        let (
            LiveTable::Replaced {
                differing, newer, ..
            },
            LiveTable::Replaced {
                differing: differing_now,
                newer: newer_now,
                ..
            },
        ) = (&shown.live, &now.live)
        else {
            continue;
        };
        let came = newer_now.iter().filter(|name| !newer.contains(name));
        let moved = differing_now.saturating_sub(*differing) + came.count();
        if moved > 0 {
            let text = format!(
                "{} more of {} changed or came since the plan was made; what they got goes out of the live table too",
                count(moved, "partition"),
                shown.table
            );
            let help = format!(
                "`brctl undo {}` brings them back; they stand in {} until its window is over",
                plan.job, shown.restored
            );
            job.journal.finding(text, Some(help));
        }
    }
}

/// The plan without the figures that loads change by the minute.
fn shape(plan: &RestorePlan) -> RestorePlan {
    let mut plan = plan.clone();
    plan.room = None;
    plan.running_loads.clear();
    plan.unseen.clear();
    for table in &mut plan.tables {
        table.around = TableSurroundings::default();
        for exchange in &mut table.exchanges {
            if exchange.now == PartitionNow::Same {
                exchange.now = PartitionNow::Other;
            }
        }
        if let LiveTable::Replaced {
            differing, newer, ..
        } = &mut table.live
        {
            *differing = 0;
            newer.clear();
        }
    }
    plan
}

/// Step 0 is the context: what undoing needs is found even where the plan was too long for its column. It is written last, and proves that
/// the plan is whole.
fn records(plan: &RestorePlan, context: &RestoreContext, timeout: Duration) -> Vec<StepRecord> {
    let head = StepRecord {
        number: 0,
        kind: "context".to_owned(),
        target: plan.database.to_string(),
        state: StepState::Done,
        statement: format!("restore {} into {}", plan.target, plan.database),
        step: serde_json::to_string(context).expect("a context is JSON"),
        proof: None,
    };
    let steps = (1..).zip(plan.steps());
    steps
        .map(|(number, step)| record(number, &step, plan, timeout))
        .chain(std::iter::once(head))
        .collect()
}

fn record(number: u32, step: &Step, plan: &RestorePlan, timeout: Duration) -> StepRecord {
    StepRecord {
        number,
        kind: step.kind().to_owned(),
        target: step.target().to_string(),
        state: StepState::Pending,
        statement: statement(step, plan, timeout),
        step: serde_json::to_string(step).expect("a step is JSON"),
        proof: planned(step, plan)
            .map(|proof| serde_json::to_string(&proof).expect("a proof is JSON")),
    }
}

/// Whose place the step takes, as the plan said it.
fn planned(step: &Step, plan: &RestorePlan) -> Option<Proof> {
    let (Step::Swap { table, .. }
    | Step::Rename { table, .. }
    | Step::Add { table, .. }
    | Step::Stage { table, .. }) = step
    else {
        return None;
    };
    let live = plan.tables.iter().find(|planned| planned.table == *table)?;
    Some(Proof::Planned {
        live: match live.live {
            LiveTable::Replaced { table_id, .. } => Some(table_id),
            LiveTable::Gone => None,
        },
    })
}

/// What a person could send; where it takes more than one statement, what they do.
fn statement(step: &Step, plan: &RestorePlan, timeout: Duration) -> String {
    let RestorePlan {
        database,
        repository,
        ..
    } = plan;
    match step {
        Step::DropPartition { table, partition } => sql::drop_partition(database, table, partition),
        Step::DropHelper { table } => sql::drop_table(database, table),
        Step::Swap { table, restored } => sql::swap(database, table, restored),
        Step::Rename { restored, table } => sql::rename(database, restored, table),
        Step::Download {
            table,
            label,
            snapshot,
            partitions,
            download_as,
            replication_num,
        } => sql::restore(&sql::RestoreTable {
            database,
            label,
            repository,
            snapshot,
            table,
            partitions: partitions.as_deref(),
            alias: download_as,
            replication_num: *replication_num,
            timeout,
        }),
        Step::Exchange {
            table: holder,
            partitions,
        }
        | Step::Settle { holder, partitions } => {
            let pairs = partitions
                .iter()
                .map(|part| (&part.partition, &part.staged));
            sql::replace_partitions(database, holder, pairs)
        }
        Step::Quiet { .. }
        | Step::Copy { .. }
        | Step::Verify { .. }
        | Step::Regrant { .. }
        | Step::Add { .. }
        | Step::Stage { .. }
        | Step::Keep { .. } => step.describe(),
    }
}

/// From the first step that is not done. A restore that was being taken back is taken back, and never taken up again.
pub async fn carry_on(
    job: &Job,
    session: &Session,
    ops: &Ops,
    context: &RestoreContext,
    steps: Vec<StepRecord>,
) -> Carried {
    let turned = steps
        .iter()
        .any(|step| matches!(step.state, StepState::Undone | StepState::Stuck));
    let mut builder = Builder::new(job, session, ops, context, steps);
    let error = if turned {
        RunError::Failed("it was being taken back when the daemon stopped".to_owned())
    } else {
        match builder.run().await {
            Ok(checksum) if context.stops_beside() => return Carried::Beside { checksum },
            Ok(checksum) => return Carried::Done { checksum },
            Err(RunError::Stopped(JobStop::Detach)) => return Carried::Detached,
            Err(error) => error,
        }
    };
    job.journal.finding(
        format!("the restore cannot go on and is taken back: {error}"),
        error.help(),
    );
    // The decision first: from here on no life of the daemon goes forward again.
    if let Err(unwritten) = builder.turn_back().await {
        let text = format!("that the restore is taken back could not be written: {unwritten}");
        job.journal.finding(text, None);
        return Carried::Detached;
    }
    match take_back(&mut builder, 0).await {
        Ok(()) => Carried::TakenBack(error),
        Err(statements) => Carried::Stuck { error, statements },
    }
}
