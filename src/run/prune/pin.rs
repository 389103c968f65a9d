//! Holding a label against retention, with its whole chain.

use chrono::{DateTime, Utc};

use super::execute::PruneContext;
use super::look::held;
use crate::catalog::{BackupRecord, Chain, Pin};
use crate::names::{DatabaseName, Label};
use crate::ops::Ops;
use crate::plan::retention::Held;
use crate::run::error::{Refused, RunError};
use crate::starrocks::Session;

/// The chain that is held now. A label that retention has let go is a recovery point again, if its snapshots are all still there.
pub async fn pin(
    session: &Session,
    ops: &Ops,
    label: &Label,
    pin: &Pin,
    now: DateTime<Utc>,
) -> Result<Vec<Label>, RunError> {
    if !pin.holds(now) {
        return Err(Refused::not_possible(
            format!(
                "the end of the pin, {}, is over already",
                pin.until.format("%F %T")
            ),
            "give a day to come with --until, or leave it out to pin the backup for good",
        )
        .into());
    }
    let record = recorded(ops, label).await?;
    let database = record.database.ok_or_else(|| not_ours(label))?;
    prove_nothing_prunes(ops, &database).await?;
    let chain = chain(ops, label, &database).await?;
    prove_whole(session, &chain).await?;
    let labels: Vec<Label> = chain.iter().map(|link| link.label.clone()).collect();
    ops.unmark_expired(&labels).await?;
    ops.pin_backup(label, pin).await?;
    // A prune that began meanwhile and has not seen the pin goes on; one that comes later will see it.
    let held = async {
        prove_nothing_prunes(ops, &database).await?;
        let chain = self::chain(ops, label, &database).await?;
        match chain.iter().find(|link| link.expired.is_some()) {
            Some(link) => Err(pruned_meanwhile(&link.label).into()),
            None => Ok(()),
        }
    };
    if let Err(error) = held.await {
        ops.unpin_backup(label).await?;
        return Err(error);
    }
    Ok(labels)
}

/// False: it was not pinned.
pub async fn unpin(ops: &Ops, label: &Label) -> Result<bool, RunError> {
    let was = recorded(ops, label).await?.pin.is_some();
    if was {
        ops.unpin_backup(label).await?;
    }
    Ok(was)
}

async fn recorded(ops: &Ops, label: &Label) -> Result<BackupRecord, RunError> {
    let found = ops.backup(label).await?.ok_or_else(|| {
        Refused::not_found(
            format!("no backup with the label `{label}` is in ops.backup_history"),
            "`brctl backups` lists them",
        )
    })?;
    Ok(found)
}

fn not_ours(label: &Label) -> Refused {
    Refused::not_possible(
        format!("backup `{label}` was not made by brd, whose retention never touches it"),
        "there is nothing to hold it against",
    )
}

async fn chain(
    ops: &Ops,
    label: &Label,
    database: &DatabaseName,
) -> Result<Vec<BackupRecord>, RunError> {
    let records = ops.backups_of_database(database).await?;
    let find = |label: &Label| records.iter().find(|record| record.label == *label);
    Ok(Chain::resolve(label, find)?.into_iter().cloned().collect())
}

/// A pin must hold what can be restored: one on something else would only look safe.
async fn prove_whole(session: &Session, chain: &[BackupRecord]) -> Result<(), RunError> {
    let Some(target) = chain.last() else {
        return Ok(());
    };
    let there = held(session, &target.repository, chain.iter()).await?;
    let is_there = |link: &&BackupRecord| {
        link.snapshot.is_none() || matches!(there.get(&link.label), Some(Held::Ok { .. }))
    };
    match chain.iter().find(|link| !is_there(link)) {
        None => Ok(()),
        Some(link) => Err(Refused::not_possible(
            format!(
                "backup `{}` cannot be restored any more: the snapshot of `{}` is gone from repository `{}`",
                target.label, link.label, link.repository
            ),
            "pin another recovery point from `brctl backups`",
        )
        .into()),
    }
}

async fn prove_nothing_prunes(ops: &Ops, database: &DatabaseName) -> Result<(), RunError> {
    let prunes = |context: &str| {
        PruneContext::read(context).is_some_and(|context| context.database == *database)
    };
    let slots = ops.held_slots().await?;
    let Some(slot) = slots
        .iter()
        .find(|slot| slot.context.as_deref().is_some_and(prunes))
    else {
        return Ok(());
    };
    let job = slot.job.as_ref().map_or("another", |job| job.as_str());
    Err(Refused::not_possible(
        format!("the backups of {database} are being pruned right now, by job `{job}`"),
        "pin it when that job is over (`brctl jobs`), if it is still there",
    )
    .into())
}

fn pruned_meanwhile(label: &Label) -> Refused {
    Refused::not_possible(
        format!("backup `{label}` was let go by a prune that ran meanwhile"),
        "`brctl backups` lists what is still there",
    )
}
