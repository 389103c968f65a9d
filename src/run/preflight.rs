//! Before anything is begun: is the cluster well enough, is the repository there, are the ops tables.

use std::time::Duration;

use super::error::{Refused, RunError};
use super::job::Job;
use crate::catalog::count;
use crate::names::RepositoryName;
use crate::ops::Ops;
use crate::starrocks::{BackendRow, RepositoryRow, Session, query};

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub backends: u32,
    pub backends_alive: u32,
    /// On the disks of the usable ones; `None` where one does not tell.
    pub available_bytes: Option<u64>,
}

/// Ready for a job: the ops tables stand, and the backends are counted.
pub async fn prepare(
    job: &Job,
    session: &Session,
    patience: Duration,
) -> Result<(Ops, Health), RunError> {
    let health = job.patiently(patience, || backends(session)).await?;
    if health.backends_alive == 0 {
        return Err(none_alive(&health).into());
    }
    if let Some((text, help)) = some_dead(&health) {
        job.journal.finding(text, Some(help.to_owned()));
    }
    let ops = job
        .patiently(patience, || async { Ok(Ops::open(session.clone()).await?) })
        .await?;
    let done = job
        .patiently(patience, || async {
            Ok(ops.initialise(health.backends_alive).await?)
        })
        .await?;
    if !done.is_nothing() {
        job.journal.finding(
            format!(
                "the ops tables were not complete and have been: created {:?}, extended {:?}",
                done.created, done.extended
            ),
            Some("run `brctl init` once to have this behind you".to_owned()),
        );
    }
    Ok((ops, health))
}

pub(super) fn none_alive(health: &Health) -> Refused {
    let text = match health.backends {
        0 => "the cluster has no backend".to_owned(),
        1 => "the cluster's only backend is not alive".to_owned(),
        all => format!("none of the cluster's {all} backends is alive"),
    };
    Refused::not_possible(
        text,
        "bring the backends up; SHOW BACKENDS names the reason in ErrMsg",
    )
}

/// With what to do.
pub(super) fn some_dead(health: &Health) -> Option<(String, &'static str)> {
    let dead = health.backends.saturating_sub(health.backends_alive);
    let verb = if dead == 1 { "is" } else { "are" };
    (dead > 0).then(|| {
        (
            format!(
                "{dead} of {} {verb} not alive",
                count(health.backends, "backend")
            ),
            "a job may wait for a dead backend until its timeout; SHOW BACKENDS names it",
        )
    })
}

pub async fn backends(session: &Session) -> Result<Health, RunError> {
    let set = query(session.as_ref(), "SHOW BACKENDS").await?;
    let rows = set
        .rows()
        .map(|row| BackendRow::read(&row))
        .collect::<Result<Vec<_>, _>>()?;
    let count = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
    let usable = rows.iter().filter(|row| row.is_usable());
    Ok(Health {
        available_bytes: usable.map(|row| row.available_bytes).sum(),
        backends: count(rows.len()),
        backends_alive: count(rows.iter().filter(|row| row.is_usable()).count()),
    })
}

/// What a repository is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Backup,
    Restore,
}

/// The repository exists, and can be written to where that is needed.
pub async fn repository(
    session: &Session,
    name: &RepositoryName,
    purpose: Purpose,
) -> Result<RepositoryRow, RunError> {
    let set = query(session.as_ref(), "SHOW REPOSITORIES").await?;
    let rows = set
        .rows()
        .map(|row| RepositoryRow::read(&row))
        .collect::<Result<Vec<_>, _>>()?;
    let known = rows
        .iter()
        .map(|row| row.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let Some(found) = rows.iter().find(|row| row.name == name.as_str()) else {
        let known = if known.is_empty() {
            "the cluster has none".to_owned()
        } else {
            format!("the cluster has {known}")
        };
        return Err(Refused::not_found(
            format!("repository `{name}` does not exist ({known})"),
            "create it with CREATE REPOSITORY … WITH BROKER ON LOCATION …, or name another in the schedule or under [cluster]",
        )
        .into());
    };
    if found.read_only && purpose == Purpose::Backup {
        return Err(Refused::not_possible(
            format!("repository `{name}` is read only"),
            "name a writable repository in the schedule, or create it again without READ ONLY",
        )
        .into());
    }
    Ok(found.clone())
}
