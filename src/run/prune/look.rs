//! What the cluster, the repository and ops say, and what follows from it. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::catalog::BackupRecord;
use crate::names::{DatabaseName, Label, RepositoryName};
use crate::ops::{HeldSlot, Ops, Scope};
use crate::plan::retention::{
    DatabaseRetention, Deed, GroupRetention, Held, Holdings, Keeping, Means, PrunePlan,
    plan_retention,
};
use crate::run::backup::BackupContext;
use crate::run::confirm::{REPOSITORY_HELP, unreadable};
use crate::run::error::RunError;
use crate::run::preflight::{Purpose, repository};
use crate::run::restore::RestoreContext;
use crate::starrocks::{
    Session, SnapshotRow, SnapshotStatus, leader_of, query, read_frontends, sql,
};

/// Labels of one SHOW SNAPSHOT: StarRocks lists the storage once for each.
const LABELS: usize = 200;

/// `brctl prune --plan`: every database that has a backup of these groups.
pub async fn plan(
    session: &Session,
    ops: &Ops,
    groups: &[Keeping],
    now: DateTime<Utc>,
) -> Result<PrunePlan, RunError> {
    let mut planned = Vec::new();
    for keeping in groups {
        let (databases, not_ours) = databases(ops, keeping).await?;
        let mut retentions = Vec::new();
        for (database, repository) in databases {
            let place = Place {
                session,
                ops,
                database: &database,
                repository: &repository,
            };
            retentions.push(place.plan(keeping, now).await?);
        }
        planned.push(GroupRetention {
            group: keeping.group.clone(),
            keep: keeping.keep,
            zone: keeping.zone,
            databases: retentions,
            not_ours,
        });
    }
    Ok(PrunePlan {
        at: now,
        groups: planned,
    })
}

type Pair = (DatabaseName, RepositoryName);

/// Where the group has backups, and the labels of other tools, which name no group.
pub(super) async fn databases(
    ops: &Ops,
    keeping: &Keeping,
) -> Result<(BTreeSet<Pair>, Vec<Label>), RunError> {
    let mut databases = BTreeSet::new();
    let mut not_ours = Vec::new();
    for record in ops.backups(Some(&keeping.group)).await? {
        match (record.group, record.database) {
            (None, _) => not_ours.push(record.label),
            (Some(_), Some(database)) => {
                databases.insert((database, record.repository));
            }
            // A run that failed as a whole came to no database, and left nothing.
            (Some(_), None) => {}
        }
    }
    Ok((databases, not_ours))
}

/// One database's backups in one repository.
pub(super) struct Place<'a> {
    pub session: &'a Session,
    pub ops: &'a Ops,
    pub database: &'a DatabaseName,
    pub repository: &'a RepositoryName,
}

impl Place<'_> {
    pub async fn plan(
        &self,
        keeping: &Keeping,
        now: DateTime<Utc>,
    ) -> Result<DatabaseRetention, RunError> {
        let means = means(self.session).await?;
        let mut retention = DatabaseRetention {
            database: self.database.clone(),
            repository: self.repository.clone(),
            means,
            goes: Vec::new(),
            stays: Vec::new(),
            untouched: None,
        };
        // Whatever is written to a read-only repository, or deleted from it, is another cluster's matter.
        let location = match repository(self.session, self.repository, Purpose::Backup).await {
            Ok(found) => found.location,
            Err(RunError::Refused(refused)) => {
                retention.untouched = Some(refused.message);
                return Ok(retention);
            }
            Err(error) => return Err(error),
        };
        let records = self.ops.backups_of_database(self.database).await?;
        let here = records
            .iter()
            .filter(|record| record.repository == *self.repository);
        let held = held(self.session, self.repository, here).await?;
        let holdings = Holdings {
            repository: self.repository,
            records: &records,
            held: &held,
            in_use: &in_use(self.ops.held_slots().await?),
            means,
        };
        (retention.goes, retention.stays) = plan_retention(&holdings, keeping, now);
        for going in &mut retention.goes {
            if held.contains_key(&going.label) && going.deed != Deed::Forget {
                going.directory = Some(directory(&location, self.repository, &going.label));
            }
        }
        Ok(retention)
    }

    /// What the repository shows of one label now.
    pub async fn is_there(&self, label: &Label) -> Result<bool, RunError> {
        Ok(snapshots(self.session, self.repository, &[label])
            .await?
            .contains_key(label))
    }
}

/// `<location>/__starrocks_repository_<repository>/__ss_<label>` (`backup/Repository.java`, assembleJobInfoFilePath).
fn directory(location: &str, repository: &RepositoryName, label: &Label) -> String {
    format!(
        "{}/__starrocks_repository_{repository}/__ss_{label}",
        location.trim_end_matches('/')
    )
}

/// By the release of the leader, which is the one that carries statements out.
async fn means(session: &Session) -> Result<Means, RunError> {
    let frontends = read_frontends(session.as_ref()).await?;
    if leader_of(&frontends).is_some_and(|leader| leader.is_release(4, 2)) {
        return Ok(Means::Statement);
    }
    Ok(Means::ByHand)
}

/// A moment that was verified unchanged has nothing in the repository, whatever stands there under its label.
pub(in crate::run) async fn held<'a>(
    session: &Session,
    repository: &RepositoryName,
    records: impl Iterator<Item = &'a BackupRecord>,
) -> Result<BTreeMap<Label, Held>, RunError> {
    let labels: Vec<&Label> = records
        .filter(|record| record.verified.is_none())
        .map(|record| &record.label)
        .collect();
    snapshots(session, repository, &labels).await
}

async fn snapshots(
    session: &Session,
    repository: &RepositoryName,
    labels: &[&Label],
) -> Result<BTreeMap<Label, Held>, RunError> {
    let mut found = BTreeMap::new();
    for labels in labels.chunks(LABELS) {
        let statement = sql::show_snapshots(repository, labels.iter().copied());
        let set = query(session.as_ref(), &statement)
            .await
            .map_err(|mut error| {
                error.help = error.help.or(Some(REPOSITORY_HELP));
                error
            })?;
        for row in set.rows() {
            let row = SnapshotRow::read(&row)?;
            if let Some(label) = labels.iter().find(|label| label.as_str() == row.label) {
                found.insert((*label).clone(), shown(repository, row)?);
            }
        }
    }
    Ok(found)
}

fn shown(repository: &RepositoryName, row: SnapshotRow) -> Result<Held, RunError> {
    match row.status {
        SnapshotStatus::NoSnapshot => Ok(Held::Leftover),
        SnapshotStatus::Ok => {
            Ok(row
                .timestamps
                .into_iter()
                .max()
                .map_or(Held::Leftover, |timestamp| Held::Ok {
                    timestamp,
                    expires: row.expires,
                }))
        }
        // It proves nothing about any of them: nobody decides on such a look.
        SnapshotStatus::Unreadable(reason) => Err(unreadable(repository, &reason)),
    }
}

/// Labels that jobs under way rely on, in whatever database they work.
fn in_use(slots: Vec<HeldSlot>) -> BTreeMap<Label, String> {
    let mut used = BTreeMap::new();
    for slot in slots {
        let job = slot.job.as_ref().map_or("another tool", |job| job.as_str());
        let context = slot.context.as_deref().unwrap_or_default();
        let baseline = serde_json::from_str::<BackupContext>(context)
            .ok() // no error: the context of another kind of job
            .and_then(|context| context.baseline);
        let target = serde_json::from_str::<RestoreContext>(context)
            .ok() // as above
            .map(|context| context.target);
        let by = match slot.scope {
            Scope::Backup => format!("backup {job}"),
            Scope::Restore => format!("restore {job}"),
        };
        for label in baseline.into_iter().chain(target).chain([slot.label]) {
            used.insert(label, by.clone());
        }
    }
    used
}
