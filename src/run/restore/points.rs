//! From a wanted moment to a recovery point of each database: history says which there are, the repository whether they are still whole.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::catalog::BackupRecord;
use crate::names::{DatabaseName, Label, RepositoryName};
use crate::ops::Ops;
use crate::plan::restore::{
    GroupZones, PointError, PointRequest, RecoveryPoint, SkippedPoint, When, candidates, fitting,
    nothing,
};
use crate::run::confirm::{SnapshotFound, snapshot};
use crate::run::error::{Refused, RunError};
use crate::run::group::unknown_group;
use crate::starrocks::Session;

/// One for each database that was asked for, in order of their names; all or none.
pub async fn points(
    session: &Session,
    ops: &Ops,
    request: &PointRequest,
    zones: &GroupZones,
    now: DateTime<Utc>,
) -> Result<Vec<RecoveryPoint>, RunError> {
    let mut points = Vec::new();
    let mut seen = Seen::default();
    for database in databases(ops, request).await? {
        let mut history = ops.backups_of_database(&database).await?;
        history.retain(|record| !record.is_of_ops());
        let candidates =
            candidates(&history, &database, request.group.as_ref()).map_err(refused)?;
        let when = when(request, &history, zones, now)?;
        let mut skipped = Vec::new();
        let mut chosen = None;
        for candidate in fitting(&candidates, when) {
            let wrong = match &candidate.chain {
                Ok(links) => seen.first_gone(session, links).await?,
                Err(reason) => Some(reason.clone()),
            };
            let (label, cut) = (candidate.label.clone(), candidate.cut);
            match wrong {
                None => {
                    chosen = Some((label, cut));
                    break;
                }
                Some(reason) => skipped.push(SkippedPoint { label, cut, reason }),
            }
        }
        let Some((label, cut)) = chosen else {
            return Err(refused(nothing(&candidates, &database, when, skipped)));
        };
        points.push(RecoveryPoint {
            database,
            label,
            cut,
            wanted: match when {
                When::At(wanted) => Some(wanted),
                When::Latest => None,
            },
            skipped,
        });
    }
    Ok(points)
}

async fn databases(ops: &Ops, request: &PointRequest) -> Result<Vec<DatabaseName>, RunError> {
    let Some(group) = &request.group else {
        return request
            .database
            .clone()
            .map(|one| vec![one])
            .ok_or_else(|| {
                Refused::not_possible(
                    "neither a group nor a database is named",
                    "give --group or --database",
                )
                .into()
            });
    };
    let named: Vec<DatabaseName> = ops.inventory(group).await?.0.into_keys().collect();
    match &request.database {
        _ if named.is_empty() => Err(unknown_group(ops, group).await?.into()),
        None => Ok(named),
        Some(one) if named.contains(one) => Ok(vec![one.clone()]),
        Some(one) => Err(Refused::not_found(
            format!("the inventory group `{group}` names nothing of database `{one}`"),
            "leave --group out, or name a database of the group",
        )
        .into()),
    }
}

fn when(
    request: &PointRequest,
    history: &[BackupRecord],
    zones: &GroupZones,
    now: DateTime<Utc>,
) -> Result<When, RunError> {
    let group = request.group.as_ref();
    let group = group.or_else(|| history.iter().find_map(|record| record.group.as_ref()));
    let when = zones.when(request, group, now);
    Ok(when.map_err(|error| Refused::not_possible(error.to_string(), error.help()))?)
}

fn refused(error: PointError) -> RunError {
    let help = error.help();
    match error {
        PointError::NoBackup { .. } => Refused::not_found(error.to_string(), help),
        _ => Refused::not_possible(error.to_string(), help),
    }
    .into()
}

/// What the repository said, each label asked for once.
#[derive(Default)]
struct Seen(BTreeMap<(RepositoryName, Label), SnapshotFound>);

impl Seen {
    async fn first_gone(
        &mut self,
        session: &Session,
        links: &[BackupRecord],
    ) -> Result<Option<String>, RunError> {
        for link in links {
            // A moment that was verified unchanged has no snapshot of its own.
            if link.snapshot.is_none() && link.verified.is_some() {
                continue;
            }
            let key = (link.repository.clone(), link.label.clone());
            if !self.0.contains_key(&key) {
                let found = snapshot(session, &link.repository, &link.label).await?;
                self.0.insert(key.clone(), found);
            }
            if self.0.get(&key) == Some(&SnapshotFound::No) {
                return Ok(Some(format!(
                    "snapshot `{}` is not in repository `{}` any more, or not whole",
                    link.label, link.repository
                )));
            }
        }
        Ok(None)
    }
}
