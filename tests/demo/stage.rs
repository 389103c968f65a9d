//! Everything the story needs, in the order in which it must go: the daemon before its cluster, the directory last.

use std::path::Path;
use std::time::Duration;

use brd::catalog::{BackupKind, BackupRecord, BackupStatus};
use brd::control::protocol::{BackupList, JobList};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::Failure;
use crate::binaries::Binaries;
use crate::client::Client;
use crate::cluster::Cluster;
use crate::daemon::{Daemon, LOOK};
use crate::sales::{GROUP, REPOSITORY};

/// How long after its due moment a backup may take to be on record.
const BACKUP: Duration = Duration::from_secs(20);

pub struct Stage {
    pub daemon: Daemon,
    pub client: Client,
    _cluster: Cluster,
    _directory: TempDir,
}

/// When the schedule's two jobs are due.
pub struct Due {
    pub full: DateTime<Utc>,
    pub incremental: DateTime<Utc>,
}

impl Due {
    /// The full so that the daemon is up by then, the incremental so that a day's business fits in between.
    pub fn after(now: DateTime<Utc>, between: Duration) -> Result<Due, Failure> {
        let full = now.trunc_subsecs(0) + TimeDelta::seconds(5);
        let between = TimeDelta::from_std(between)?.num_seconds();
        Ok(Due {
            full,
            incremental: full + TimeDelta::seconds(between),
        })
    }
}

/// Six fields, the first of which is the second: this moment of this day, once a year.
fn cron(at: DateTime<Utc>) -> String {
    at.format("%-S %-M %-H %-d %-m *").to_string()
}

fn settings(cluster: &Cluster, socket: &Path) -> String {
    let folder = socket.parent().unwrap_or(Path::new("/"));
    format!(
        "version = 1\n\n[cluster]\nfrontends = [\"{}\"]\nuser = \"root\"\nrepository = \"{REPOSITORY}\"\n\n\
         [control]\nsocket = {socket:?}\n\n[ops]\nmirror-directory = {folder:?}\n\n[jobs]\npoll-interval = \"100ms\"\n",
        cluster.address
    )
}

pub fn schedule(due: &Due) -> String {
    format!(
        "version = 1\n\n[group.{GROUP}]\ntimezone    = \"UTC\"\nfull        = \"{}\"\nincremental = \"{}\"\n",
        cron(due.full),
        cron(due.incremental)
    )
}

impl Stage {
    /// Writes the two files and starts the daemon.
    pub async fn set(
        binaries: &Binaries,
        directory: TempDir,
        cluster: Cluster,
        client: Client,
        due: &Due,
    ) -> Result<Stage, Failure> {
        let socket = directory.path().join("brd.sock");
        std::fs::write(
            directory.path().join("brd.toml"),
            settings(&cluster, &socket),
        )?;
        std::fs::write(directory.path().join("schedule.toml"), schedule(due))?;
        let daemon = Daemon::start(binaries, directory.path()).await?;
        Ok(Stage {
            daemon,
            client,
            _cluster: cluster,
            _directory: directory,
        })
    }

    /// The backup that the schedule made at `due`, once it is on record.
    pub async fn backup_due(
        &self,
        kind: BackupKind,
        due: DateTime<Utc>,
    ) -> Result<BackupRecord, Failure> {
        let until_due = (due - Utc::now()).to_std().unwrap_or_default();
        let deadline = Instant::now() + until_due + BACKUP;
        loop {
            let list: BackupList = self.daemon.ask(&["backups"]).await?;
            let found = list
                .backups
                .into_iter()
                .find(|record| record.kind == kind && record.scheduled == Some(due));
            match found {
                Some(record) if record.status == BackupStatus::Finished => return Ok(record),
                Some(record) => {
                    let status = record.status.as_str();
                    let error = record.error.unwrap_or_default();
                    return Err(self
                        .daemon
                        .with_log(&format!("{} {status}: {error}", record.label)));
                }
                None if Instant::now() > deadline => return Err(self.never_came(kind, due).await),
                None => sleep(LOOK).await,
            }
        }
    }

    async fn never_came(&self, kind: BackupKind, due: DateTime<Utc>) -> Failure {
        let jobs = self.daemon.ask::<JobList>(&["jobs"]).await;
        let jobs = jobs.map_or_else(|error| error.to_string(), |list| format!("{:?}", list.jobs));
        self.daemon.with_log(&format!(
            "the {} due at {due} was not on record 20 s later; jobs: {jobs}",
            kind.as_str()
        ))
    }
}
