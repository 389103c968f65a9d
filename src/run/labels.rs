//! A label that nothing and nobody has used: not in ops, not in the repository.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::confirm::{SnapshotFound, snapshot};
use super::error::{Refused, RunError};
use crate::catalog::BackupKind;
use crate::names::{DatabaseName, Label, RepositoryName};
use crate::ops::Ops;
use crate::plan::label;
use crate::starrocks::Session;

/// How a label is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Naming {
    /// `{subject}_{day}_{kind}`; the day in the group's zone.
    Dated(NaiveDate),
    /// As a person asked.
    Named(Label),
}

/// So many backups of one database and kind on one day are a mistake somewhere: one every ten seconds.
const ATTEMPTS: u32 = 10_000;

/// The first free variant, with its number. `skip`: variants below it were found burnt by this very run.
///
/// Three statements, however many variants are taken in ops, and one more for each that is taken in the repository only.
pub async fn free_label(
    ops: &Ops,
    session: &Session,
    repository: &RepositoryName,
    database: &DatabaseName,
    kind: BackupKind,
    naming: &Naming,
    skip: u32,
) -> Result<(Label, u32), RunError> {
    let taken = taken(ops, database.as_str(), kind, naming).await?;
    for attempt in skip..ATTEMPTS {
        let Some(label) = variant(database.as_str(), kind, naming, attempt) else {
            break;
        };
        if !taken.contains(&label)
            && snapshot(session, repository, &label).await? == SnapshotFound::No
        {
            return Ok((label, attempt));
        }
    }
    Err(Refused::not_possible(
        format!("no label is free for a {kind} backup of `{database}`: every variant is taken"),
        "give one with --name",
    )
    .into())
}

/// A label for the record of a failure that came before there was a slot: free in ops is enough.
pub async fn label_for_failure(
    ops: &Ops,
    subject: &str,
    kind: BackupKind,
    day: NaiveDate,
) -> Result<Option<Label>, RunError> {
    let variant = |attempt| label::failure_label(subject, day, kind, attempt);
    let taken = ops.labels_starting_with(&variant(0)).await?;
    Ok((0..ATTEMPTS)
        .map(variant)
        .find(|label| !taken.contains(label)))
}

/// In history, or on a slot: a label whose job came to nothing may be burnt in the repository without showing there.
async fn taken(
    ops: &Ops,
    subject: &str,
    kind: BackupKind,
    naming: &Naming,
) -> Result<BTreeSet<Label>, RunError> {
    let Some(first) = variant(subject, kind, naming, 0) else {
        return Ok(BTreeSet::new());
    };
    let mut taken = ops.labels_starting_with(&first).await?;
    taken.extend(ops.slot_labels_starting_with(&first).await?);
    Ok(taken)
}

fn variant(subject: &str, kind: BackupKind, naming: &Naming, attempt: u32) -> Option<Label> {
    match naming {
        Naming::Dated(day) => Some(label::label(subject, *day, kind, attempt)),
        Naming::Named(wanted) => label::variant(wanted, attempt),
    }
}
