//! One run: the backups of all databases that an inventory group names, side by side.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::join_all;

use super::backup::{BackupContext, DatabaseOrder, back_up, record_failure};
use super::error::{Refused, RunError};
use super::fires::{FireLog, Settlement};
use super::job::{Job, JobStop};
use super::labels::{Naming, label_for_failure};
use super::preflight::{Purpose, prepare, repository};
use super::prune::after_fulls;
use super::safekeeping::after_run;
use crate::catalog::{
    BackupKind, BackupRecord, ColumnChanges, Inventory, JobState, Trigger, count,
};
use crate::names::{DatabaseName, GroupName, Label, RepositoryName};
use crate::ops::{Claim, FireKey, FireOutcome, Ops};
use crate::plan::baseline::Chaining;
use crate::plan::label::directory_safe;
use crate::plan::retention::Keeping;
use crate::plan::verify::Verify;

/// What was due, or asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupOrder {
    pub group: GroupName,
    pub kind: BackupKind,
    pub repository: RepositoryName,
    pub baseline: Option<Label>,
    /// What an incremental is compared with where `baseline` names nothing.
    pub chaining: Chaining,
    pub name: Option<Label>,
    /// Today, in the group's zone: part of the labels.
    pub day: NaiveDate,
    pub trigger: Trigger,
    /// `None` for a request.
    pub scheduled: Option<DateTime<Utc>>,
    pub job_timeout: Duration,
    pub verify: Verify,
    pub patience: Duration,
    /// Of a run that an earlier life began: the databases that it did not come to.
    pub only: Option<BTreeSet<DatabaseName>>,
    /// What may go once a full of the group is made; `None`: nothing, ever.
    pub keeping: Option<Keeping>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub state: JobState,
    pub message: String,
    pub help: Option<String>,
}

impl Outcome {
    pub fn of(error: &RunError) -> Outcome {
        let state = match error {
            RunError::Stopped(JobStop::Detach) => JobState::Detached,
            RunError::Stopped(_) => JobState::Cancelled,
            _ => JobState::Failed,
        };
        Outcome {
            state,
            message: error.to_string(),
            help: error.help(),
        }
    }
}

impl GroupOrder {
    fn fire(&self) -> Option<FireKey> {
        let scheduled = self.scheduled?;
        Some(FireKey {
            group: self.group.clone(),
            kind: self.kind,
            scheduled,
        })
    }
}

/// Claims the due moment, runs, and writes down what came of it.
pub async fn run(job: &Job, order: &GroupOrder, fires: &FireLog) -> Outcome {
    let session = job.cluster.session();
    let ready = prepare(job, &session, order.patience).await;
    let ops = ready.as_ref().ok().map(|(ops, _)| ops.clone());
    let claimed = match (&ops, order.fire()) {
        // A run taken over from an earlier life holds its claim already.
        (Some(ops), Some(key)) if order.only.is_none() => {
            fires.claim(job, ops, &key, order.patience).await
        }
        _ => Ok(Claim::Ours),
    };
    let mut fulls = BTreeSet::new();
    let outcome = match (ready, claimed) {
        (_, Ok(Claim::Taken(other))) => return taken(&other),
        (Err(error), _) | (_, Err(error)) => Outcome::of(&error),
        (Ok((ops, _)), Ok(Claim::Ours)) => match back_up_group(job, &ops, order).await {
            Ok(results) => {
                fulls = made_full(&results);
                summary(&results)
            }
            Err(error) => {
                record_failed_run(job, &ops, order, &error).await;
                Outcome::of(&error)
            }
        },
    };
    if let (Some(key), Some(settled)) = (order.fire(), settled_as(outcome.state)) {
        let settlement = Settlement {
            key,
            outcome: settled,
            reason: outcome.message.clone(),
            run: Some(job.id.clone()),
        };
        fires.settle(job, ops.as_ref(), settlement).await;
    }
    // Last: whatever becomes of it, the due moment has its outcome. Where no full was made nothing takes the place of what would go.
    if let Some(keeping) = order.keeping.as_ref().filter(|_| !fulls.is_empty()) {
        after_fulls(job, keeping, &fulls).await;
    }
    // After all that it should hold.
    if matches!(outcome.state, JobState::Done | JobState::Partly) {
        after_run(job, &order.repository, order.trigger, order.job_timeout).await;
    }
    outcome
}

fn made_full(results: &[DatabaseResult]) -> BTreeSet<DatabaseName> {
    let made = results
        .iter()
        .filter(|(_, result)| matches!(result, Ok(record) if record.kind == BackupKind::Full));
    made.map(|(database, _)| database.clone()).collect()
}

/// A run that came to no database has a row of its own, under the group's name.
async fn record_failed_run(job: &Job, ops: &Ops, order: &GroupOrder, error: &RunError) {
    if matches!(error, RunError::Stopped(JobStop::Detach)) {
        return;
    }
    let context = BackupContext {
        run: job.id.clone(),
        group: order.group.clone(),
        kind: order.kind,
        repository: order.repository.clone(),
        baseline: order.baseline.clone(),
        trigger: order.trigger,
        scheduled: order.scheduled,
        started: job.now(),
        job_timeout_secs: order.job_timeout.as_secs(),
        changes: ColumnChanges::default(),
        note: None,
    };
    let recorded = async {
        let label = label_for_failure(ops, order.group.as_str(), order.kind, order.day).await?;
        let Some(label) = label else { return Ok(()) };
        job.journal.labelled(&label);
        record_failure(job, ops, &context, None, &label, error, None).await
    };
    if let Err(unrecorded) = recorded.await {
        let text = format!("the failure could not be recorded in ops.backup_history: {unrecorded}");
        job.journal.finding(text, None);
    }
}

fn taken(other: &crate::ops::FireRecord) -> Outcome {
    let by = other.claimed_by.as_deref().unwrap_or("another daemon");
    Outcome {
        state: JobState::Skipped,
        message: format!("this due moment was taken by {by}"),
        help: None,
    }
}

/// A detached run has no outcome yet: the next start gives it one.
fn settled_as(state: JobState) -> Option<FireOutcome> {
    match state {
        JobState::Done => Some(FireOutcome::Finished),
        JobState::Partly => Some(FireOutcome::Partly),
        JobState::Failed | JobState::Stuck => Some(FireOutcome::Failed),
        JobState::Cancelled => Some(FireOutcome::Cancelled),
        JobState::Skipped => Some(FireOutcome::Skipped),
        JobState::Waiting | JobState::Running | JobState::Detached => None,
    }
}

type DatabaseResult = (DatabaseName, Result<BackupRecord, RunError>);

async fn back_up_group(
    job: &Job,
    ops: &Ops,
    order: &GroupOrder,
) -> Result<Vec<DatabaseResult>, RunError> {
    let inventory = inventory(job, ops, order).await?;
    let databases: Vec<DatabaseName> = inventory
        .0
        .keys()
        .filter(|name| order.only.as_ref().is_none_or(|only| only.contains(*name)))
        .cloned()
        .collect();
    let session = job.cluster.session();
    let usable = job
        .patiently(order.patience, || {
            repository(&session, &order.repository, Purpose::Backup)
        })
        .await;
    let one = databases.len() == 1;
    let runs = databases.iter().map(|database| {
        let order = database_order(order, database, inventory.clone(), one);
        let refused = usable.as_ref().err().map(refusal);
        async move {
            (
                database.clone(),
                back_up_database(job, ops, order, refused).await,
            )
        }
    });
    Ok(join_all(runs).await)
}

async fn inventory(job: &Job, ops: &Ops, order: &GroupOrder) -> Result<Inventory, RunError> {
    let inventory = job
        .patiently(order.patience, || async {
            Ok(ops.inventory(&order.group).await?)
        })
        .await?;
    if inventory.0.is_empty() {
        return Err(unknown_group(ops, &order.group).await?.into());
    }
    Ok(inventory)
}

/// For a group that no row of the inventory names.
pub async fn unknown_group(ops: &Ops, group: &GroupName) -> Result<Refused, RunError> {
    let known = ops.inventory_groups().await?;
    let known = if known.is_empty() {
        "the inventory is empty".to_owned()
    } else {
        format!("the inventory has {}", known.join(", "))
    };
    Ok(Refused::not_found(
        format!("no row of ops.table_inventory names the inventory group `{group}` ({known})"),
        format!(
            "add its tables: INSERT INTO ops.table_inventory (inventory_group, database_name, table_name) VALUES ('{group}', 'your_db', '*')"
        ),
    ))
}

/// A condition that every database of the run fails alike, to be recorded for each.
fn refusal(error: &RunError) -> RunError {
    match error {
        RunError::Refused(refused) => refused.clone().into(),
        RunError::Statement(error) => error.clone().into(),
        RunError::Stopped(word) => RunError::Stopped(*word),
        other => RunError::Failed(other.full_text()),
    }
}

/// The labels that a run of these databases asks for; none where no name was given.
pub fn labels_by_name<'a>(
    order: &GroupOrder,
    databases: impl ExactSizeIterator<Item = &'a DatabaseName>,
) -> Vec<Label> {
    match &order.name {
        None => Vec::new(),
        Some(name) if databases.len() == 1 => vec![name.clone()],
        Some(name) => databases
            .filter_map(|database| name_with(name, database))
            .collect(),
    }
}

/// A label names one snapshot: with several databases, each gets the name with its own behind. `None`: too long.
fn name_with(name: &Label, database: &DatabaseName) -> Option<Label> {
    let safe = directory_safe(database.as_str());
    Label::parse(format!("{name}_{safe}")).ok()
}

fn database_order(
    order: &GroupOrder,
    database: &DatabaseName,
    inventory: Inventory,
    one: bool,
) -> DatabaseOrder {
    let naming = match &order.name {
        None => Naming::Dated(order.day),
        Some(name) if one => Naming::Named(name.clone()),
        Some(name) => name_with(name, database).map_or(Naming::Dated(order.day), Naming::Named),
    };
    DatabaseOrder {
        group: order.group.clone(),
        database: database.clone(),
        inventory,
        kind: order.kind,
        repository: order.repository.clone(),
        baseline: order.baseline.clone(),
        chaining: order.chaining,
        naming,
        day: order.day,
        trigger: order.trigger,
        scheduled: order.scheduled,
        job_timeout: order.job_timeout,
        verify: order.verify,
        patience: order.patience,
    }
}

async fn back_up_database(
    job: &Job,
    ops: &Ops,
    order: DatabaseOrder,
    refused: Option<RunError>,
) -> Result<BackupRecord, RunError> {
    let _place = job
        .databases
        .acquire()
        .await
        .expect("the semaphore is never closed");
    let job = Job {
        journal: job.journal.of_database(&order.database),
        slot_lost: Arc::default(),
        ..job.clone()
    };
    // A session of its own: one database's long answer keeps no other waiting.
    let session = job.cluster.session();
    back_up(&job, &session, ops, &order, refused)
        .await
        .inspect_err(|error| {
            if !matches!(error, RunError::Stopped(_)) {
                job.journal.finding(
                    format!("backup of {} failed: {error}", order.database),
                    error.help(),
                );
            }
        })
}

fn summary(results: &[DatabaseResult]) -> Outcome {
    let lines: Vec<String> = results
        .iter()
        .map(|(database, result)| line(database, result))
        .collect();
    let message = lines.join("; ");
    let done = results.iter().filter(|(_, result)| result.is_ok()).count();
    let first_error = results.iter().find_map(|(_, result)| result.as_ref().err());
    let state = match first_error {
        None => JobState::Done,
        Some(RunError::Stopped(JobStop::Detach)) => JobState::Detached,
        Some(_) if done > 0 => JobState::Partly,
        Some(error) => Outcome::of(error).state,
    };
    Outcome {
        state,
        message,
        help: first_error.and_then(RunError::help),
    }
}

fn line(database: &DatabaseName, result: &Result<BackupRecord, RunError>) -> String {
    match result {
        Ok(record) if record.snapshot.is_none() => format!(
            "{}: nothing changed since {}",
            record.label,
            baseline(record)
        ),
        Ok(record) => format!(
            "{}: {}",
            record.label,
            count(record.partition_count.unwrap_or(0), "partition")
        ),
        Err(error) => format!("{database}: {error}"),
    }
}

fn baseline(record: &BackupRecord) -> &str {
    record
        .baseline
        .as_ref()
        .map_or("its baseline", Label::as_str)
}
