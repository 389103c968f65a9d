//! Reading for people: backups, one backup's content, a live check of the cluster. Changes nothing.

use chrono::{DateTime, Utc};

use std::collections::BTreeSet;
use std::time::Duration;

use super::baseline::load_chain;
use super::confirm::snapshot;
use super::error::{Refused, RunError};
use super::job::Cluster;
use super::preflight::{Purpose, backends, none_alive, repository, some_dead};
use super::release::{ReleaseProblem, problems};
use super::safekeeping::Safekeeping;
use crate::catalog::{BackupRecord, Link};
use crate::names::{GroupName, JobId, Label, RepositoryName};
use crate::ops::{Ops, RecordedManifest, RestoreRecord};
use crate::starrocks::{Session, leader_of, query, read_frontends};

/// Those of `ops` itself only where they are asked for by their group: they are no recovery points.
pub async fn backups(ops: &Ops, group: Option<&GroupName>) -> Result<Vec<BackupRecord>, RunError> {
    let mut backups = ops.backups(group).await?;
    if group.is_none_or(|group| !group.is_of_ops()) {
        backups.retain(|record| !record.is_of_ops());
    } else {
        backups.retain(BackupRecord::is_of_ops);
    }
    Ok(backups)
}

/// One backup with its content and its chain.
pub struct LookedAt {
    pub record: BackupRecord,
    pub content: RecordedManifest,
    pub chain: Result<Vec<Label>, String>,
}

pub async fn backup(ops: &Ops, label: &Label) -> Result<LookedAt, RunError> {
    let record = ops.backup(label).await?.ok_or_else(|| {
        Refused::not_found(
            format!("no backup with the label `{label}` is in ops.backup_history"),
            "`brctl backups` lists them",
        )
    })?;
    let content = ops
        .manifests(std::slice::from_ref(label))
        .await?
        .remove(label)
        .unwrap_or_default();
    let labels = |links: &[Link]| links.iter().map(|link| link.record.label.clone()).collect();
    let chain = load_chain(ops, label)
        .await?
        .map(|chain| labels(chain.links()))
        .map_err(|error| error.to_string());
    Ok(LookedAt {
        record,
        content,
        chain,
    })
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub what: String,
    /// What is wrong, and what to do about it.
    pub wrong: Option<(String, Option<String>)>,
    /// Stops no job.
    pub warning: bool,
}

impl Checked {
    fn fine(what: impl Into<String>) -> Checked {
        Checked {
            what: what.into(),
            wrong: None,
            warning: false,
        }
    }

    fn of<T>(what: &str, result: Result<T, RunError>, fine: impl FnOnce(T) -> String) -> Checked {
        match result {
            Ok(value) => Checked::fine(fine(value)),
            Err(error) => Checked {
                what: what.to_owned(),
                wrong: Some((error.to_string(), error.help())),
                warning: false,
            },
        }
    }
}

/// What the cluster tells of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterView {
    pub leader: String,
    pub version: String,
    pub backends_alive: u32,
    pub backends: u32,
    /// With the frontends' releases.
    releases: Vec<ReleaseProblem>,
    /// What would keep the scheduled backups from running.
    pub problems: Vec<String>,
    /// Restores that stopped beside the live tables.
    pub open_restores: Vec<RestoreRecord>,
}

/// Looks at the cluster again and again through one session.
#[derive(Clone)]
pub struct Probe(Session, Safekeeping);

impl Probe {
    pub fn new(cluster: &Cluster, safekeeping: Safekeeping) -> Probe {
        Probe(cluster.session(), safekeeping)
    }

    /// With all that a backup of these groups would need.
    pub async fn look(
        &self,
        groups: &[(GroupName, Option<RepositoryName>)],
    ) -> Result<ClusterView, RunError> {
        let mut view = cluster(&self.0).await?;
        let wrong = check(&self.0, groups)
            .await
            .into_iter()
            .filter_map(|checked| {
                let (wrong, _) = checked.wrong?;
                Some(format!(
                    "{}: {wrong}; `brctl check` tells what to do",
                    checked.what
                ))
            });
        view.problems = wrong.collect();
        if self.1.backs_up() {
            view.problems.extend(ops_unsafe(&self.0).await?);
        }
        view.problems.extend(half_taken_back(&self.0).await?);
        view.open_restores = open_restores(&self.0).await?;
        Ok(view)
    }
}

pub async fn cluster(session: &Session) -> Result<ClusterView, RunError> {
    let frontends = read_frontends(session.as_ref()).await?;
    let leader = leader_of(&frontends);
    let health = backends(session).await?;
    Ok(ClusterView {
        leader: leader.map_or_else(
            || "unknown".to_owned(),
            |frontend| format!("{}:{}", frontend.ip, frontend.query_port),
        ),
        version: leader
            .or(frontends.first())
            .map(|frontend| frontend.version.clone())
            .unwrap_or_default(),
        backends_alive: health.backends_alive,
        backends: health.backends,
        releases: problems(&frontends),
        problems: Vec::new(),
        open_restores: Vec::new(),
    })
}

/// Whether the last attempt at a backup of `ops` went wrong.
async fn ops_unsafe(session: &Session) -> Result<Option<String>, RunError> {
    let ops = Ops::open(session.clone()).await?;
    if !ops.is_complete().await? {
        return Ok(None);
    }
    let last = ops.last_ops_backup().await?;
    Ok(last.filter(|last| !last.is_finished()).map(|last| {
        let why = last.error.unwrap_or_default();
        format!(
            "the ops database was not backed up after the last run, {}: {why}; `brctl backups --group {}` lists its backups",
            last.label,
            GroupName::OPS
        )
    }))
}

async fn half_taken_back(session: &Session) -> Result<Vec<String>, RunError> {
    let ops = Ops::open(session.clone()).await?;
    if !ops.is_complete().await? {
        return Ok(Vec::new());
    }
    let stuck = ops.stuck_restores().await?.into_iter();
    let told = stuck.map(|record| {
        format!(
            "restore {} is half taken back: `brctl show {}` tells what to run",
            record.job, record.job
        )
    });
    Ok(told.collect())
}

async fn open_restores(session: &Session) -> Result<Vec<RestoreRecord>, RunError> {
    let ops = Ops::open(session.clone()).await?;
    if !ops.is_complete().await? {
        return Ok(Vec::new());
    }
    Ok(ops.open_restores().await?)
}

/// What is kept to undo to and whose window is over.
pub async fn expired_restores(
    cluster: &Cluster,
    now: DateTime<Utc>,
) -> Result<Vec<JobId>, RunError> {
    let ops = Ops::open(cluster.session()).await?;
    if !ops.is_complete().await? {
        return Ok(Vec::new());
    }
    let expired = ops.expired_restores(now).await?;
    Ok(expired.into_iter().map(|record| record.job).collect())
}

/// `brctl check`: everything that a backup of these groups would need, before it needs it.
pub async fn check(
    session: &Session,
    groups: &[(GroupName, Option<RepositoryName>)],
) -> Vec<Checked> {
    let mut checked = Vec::new();
    let cluster = cluster(session).await;
    let releases = cluster.as_ref().ok().map(|view| view.releases.clone());
    checked.push(Checked::of("cluster", cluster, |view| {
        format!(
            "cluster: leader {}, release {}, {} of {} backends alive",
            view.leader, view.version, view.backends_alive, view.backends
        )
    }));
    let Some(releases) = releases else {
        return checked;
    };
    checked.extend(releases.into_iter().map(|problem| Checked {
        what: "release".to_owned(),
        wrong: Some((problem.wrong, Some(problem.help))),
        warning: problem.warning,
    }));
    checked.push(run_mode(session).await);
    let mut repositories: Vec<&RepositoryName> = groups
        .iter()
        .filter_map(|(_, repository)| repository.as_ref())
        .collect();
    repositories.sort_unstable();
    repositories.dedup();
    for name in repositories {
        let found = repository(session, name, Purpose::Backup).await;
        checked.push(Checked::of(&format!("repository {name}"), found, |row| {
            format!("repository {name}: at {}", row.location)
        }));
    }
    checked.extend(inventory(session, groups).await);
    checked
}

/// What a backup that begins now would be refused for, or wait for. Not part of [`check`], which is made every minute: `brctl status` counts
/// the backends itself. A cluster that does not answer has its line already.
pub async fn backends_answer(session: &Session) -> Option<Checked> {
    let health = backends(session).await.ok()?; // no error: see above
    if health.backends_alive == 0 {
        let none = none_alive(&health);
        return Some(Checked {
            what: "backends".to_owned(),
            wrong: Some((none.message, Some(none.help))),
            warning: false,
        });
    }
    let (wrong, help) = some_dead(&health)?;
    Some(Checked {
        what: "backends".to_owned(),
        wrong: Some((wrong, Some(help.to_owned()))),
        warning: true,
    })
}

/// How long a repository may take to answer `brctl check`.
const REPOSITORY_LIMIT: Duration = Duration::from_secs(15);

/// Asks each repository for a snapshot that there is not: the answer shows that its storage can be read. Not part of [`check`], which is
/// made every minute.
pub async fn repositories_answer(
    session: &Session,
    groups: &[(GroupName, Option<RepositoryName>)],
) -> Vec<Checked> {
    let names: BTreeSet<&RepositoryName> = groups
        .iter()
        .filter_map(|(_, repository)| repository.as_ref())
        .collect();
    let nobody = Label::parse("brd_check").expect("a label");
    let mut checked = Vec::new();
    for name in names {
        // One that does not exist has its line already.
        if repository(session, name, Purpose::Restore).await.is_err() {
            continue;
        }
        let asked = tokio::time::timeout(REPOSITORY_LIMIT, snapshot(session, name, &nobody)).await;
        let answer = asked.unwrap_or_else(|_| {
            let limit = REPOSITORY_LIMIT.as_secs();
            Err(RunError::Failed(format!(
                "it does not answer within {limit} s"
            )))
        });
        checked.push(Checked::of(&format!("repository {name}"), answer, |_| {
            format!("repository {name}: its storage answers")
        }));
    }
    checked
}

/// BACKUP exists for shared-nothing clusters only.
async fn run_mode(session: &Session) -> Checked {
    match query(session.as_ref(), "ADMIN SHOW FRONTEND CONFIG LIKE 'run_mode'").await {
        Ok(set) if set.first().and_then(|row| row.optional("Value")) == Some("shared_data") => Checked {
            what: "run mode".to_owned(),
            wrong: Some((
                "the cluster is shared-data, which BACKUP does not support".to_owned(),
                Some("use automated cluster snapshots instead (ADMIN SET AUTOMATED CLUSTER SNAPSHOT ON)".to_owned()),
            )),
            warning: false,
        },
        Ok(_) => Checked::fine("run mode: shared-nothing"),
        Err(error) => Checked {
            what: "run mode".to_owned(),
            wrong: Some((format!("it cannot be told: {error}"), error.help.map(str::to_owned))),
            warning: true,
        },
    }
}

async fn inventory(
    session: &Session,
    groups: &[(GroupName, Option<RepositoryName>)],
) -> Vec<Checked> {
    let ops = match Ops::open(session.clone()).await {
        Ok(ops) => ops,
        Err(error) => {
            return vec![Checked::of::<()>("ops tables", Err(error.into()), |()| {
                String::new()
            })];
        }
    };
    match ops.is_complete().await {
        Ok(true) => {}
        Ok(false) => {
            let help = Some("run `brctl init`; on a new cluster in the place of one that is gone, `brctl recover`".to_owned());
            return vec![Checked {
                what: "ops tables".to_owned(),
                wrong: Some(("the ops tables are not complete".to_owned(), help)),
                warning: true,
            }];
        }
        Err(error) => {
            return vec![Checked::of::<()>("ops tables", Err(error.into()), |()| {
                String::new()
            })];
        }
    }
    let mut checked = vec![Checked::fine("ops tables: complete")];
    for (group, _) in groups {
        let named = async {
            let inventory = ops.inventory(group).await?;
            if inventory.0.is_empty() {
                return Err(super::group::unknown_group(&ops, group).await?.into());
            }
            Ok(inventory)
        };
        let what = format!("group {group}");
        checked.push(Checked::of(&what, named.await, |inventory| {
            let rows: usize = inventory
                .0
                .values()
                .map(std::collections::BTreeSet::len)
                .sum();
            format!(
                "group {group}: {rows} inventory rows in {} databases",
                inventory.0.len()
            )
        }));
    }
    checked
}
