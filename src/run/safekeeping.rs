//! Keeping our memory safe: after each run, the mirror of the catalogue and a backup of the `ops` database itself, in the repository of the
//! run.
//!
//! The backup goes the same straight line as any other backup, in the group [`GroupName::OPS`], which no schedule and no inventory may have: so it is
//! adopted after a kill like any other, and is no group's recovery point and nobody's baseline. Whatever becomes of it, the run stands: its
//! failure is a finding, and a reason to worry in `brctl status`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::backup::{DatabaseOrder, back_up};
use super::error::RunError;
use super::job::{Job, JobStop};
use super::labels::Naming;
use super::mirror::{self, WriteError, write};
use super::prune::after_fulls;
use crate::catalog::{BackupKind, Inventory, TablePattern, Trigger};
use crate::names::{DatabaseName, GroupName, RepositoryName, TableName};
use crate::ops::Ops;
use crate::plan::baseline::Chaining;
use crate::plan::label::ops_label;
use crate::plan::retention::Keeping;
use crate::plan::verify::Verify;

/// How long it waits for its turn, or for a cluster that does not answer: the run waits with it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one daemon knows of it. Shared by all its jobs. By default nothing is kept.
#[derive(Clone, Default)]
pub struct Safekeeping(Arc<Kept>);

#[derive(Default)]
struct Kept {
    /// Which backups of `ops` stay; `None`: none is made.
    keeping: Option<Keeping>,
    /// Where the mirror is; `None`: nowhere.
    mirror: Option<PathBuf>,
    /// Why the last mirror could not be written.
    trouble: Mutex<Option<String>>,
    /// One after another: a run that waited finds its rows in the backup of the one before.
    turn: tokio::sync::Mutex<()>,
    /// How many runs have recorded what is to be kept. A number and no time: clocks go back.
    recorded: AtomicU64,
    /// By repository, the last of them whose rows are in a backup of `ops`.
    covered: Mutex<BTreeMap<RepositoryName, u64>>,
    /// Where something was recorded that no run will come back to: what adoption finished.
    owed: Mutex<BTreeSet<RepositoryName>>,
}

impl Safekeeping {
    /// `mirror`: the directory it is in.
    pub fn new(keeping: Option<Keeping>, mirror: Option<&Path>) -> Safekeeping {
        Safekeeping(Arc::new(Kept {
            keeping,
            mirror: mirror.map(|directory| directory.join(mirror::FILE)),
            trouble: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            recorded: AtomicU64::default(),
            covered: Mutex::default(),
            owed: Mutex::default(),
        }))
    }

    /// Where the mirror is.
    pub fn mirror(&self) -> Option<&Path> {
        self.0.mirror.as_deref()
    }

    /// Why the last mirror could not be written.
    pub fn trouble(&self) -> Option<String> {
        self.trouble_now().clone()
    }

    fn trouble_now(&self) -> MutexGuard<'_, Option<String>> {
        let trouble = self.0.trouble.lock();
        trouble.expect("no code that can panic runs under this lock")
    }

    pub fn backs_up(&self) -> bool {
        self.0.keeping.is_some()
    }

    pub fn keeping(&self) -> Option<&Keeping> {
        self.0.keeping.as_ref()
    }

    fn covered(&self) -> MutexGuard<'_, BTreeMap<RepositoryName, u64>> {
        let covered = self.0.covered.lock();
        covered.expect("no code that can panic runs under this lock")
    }

    /// A backup was recorded in it, and no run is there that would end.
    pub(super) fn owe(&self, repository: &RepositoryName) {
        self.owed().insert(repository.clone());
    }

    fn owed(&self) -> MutexGuard<'_, BTreeSet<RepositoryName>> {
        self.0
            .owed
            .lock()
            .expect("no code that can panic runs under this lock")
    }
}

/// For what adoption has recorded.
pub(super) async fn after_adoption(job: &Job) {
    let owed = std::mem::take(&mut *job.safekeeping.owed());
    for repository in owed {
        after_run(
            job,
            &repository,
            Trigger::CatchUp,
            job.tuning.restore_timeout,
        )
        .await;
    }
}

/// At the end of a run that recorded something.
pub async fn after_run(
    job: &Job,
    repository: &RepositoryName,
    trigger: Trigger,
    job_timeout: Duration,
) {
    let kept = &job.safekeeping.0;
    let number = kept.recorded.fetch_add(1, Ordering::Relaxed) + 1;
    // Two runs never write one file at a time, and the second one's knows what the first recorded.
    let Ok(_turn) = turn(job).await else {
        return;
    };
    if let Some(path) = &kept.mirror {
        let written = mirror(job, path).await;
        if let Some(text) = &written {
            job.journal
                .finding(text.clone(), Some(MIRROR_HELP.to_owned()));
        }
        *job.safekeeping.trouble_now() = written;
    }
    let Some(keeping) = &kept.keeping else {
        return;
    };
    if job.safekeeping.covered().get(repository) >= Some(&number) {
        return;
    }
    let order = Order {
        repository,
        trigger,
        job_timeout,
        keeping,
    };
    if let Err(error) = order.carry_out(job).await {
        // A detach leaves it to the next life, which finds its slot.
        if !matches!(error, RunError::Stopped(JobStop::Detach)) {
            let text = format!("the ops database was not backed up: {error}");
            let help = error.help().unwrap_or_else(|| {
                "the run itself is recorded; the next run backs up ops again".to_owned()
            });
            job.journal.finding(text, Some(help));
        }
    }
}

const MIRROR_HELP: &str = "create the directory for the daemon's user, or name another as [ops] mirror-directory in brd.toml; the next run writes the mirror again";

/// What went wrong.
async fn mirror(job: &Job, path: &Path) -> Option<String> {
    let session = job.cluster.session();
    let attempt = || async {
        let ops = Ops::open(session.clone()).await?;
        match write(job, &session, &ops, path).await {
            Ok(()) => Ok(None),
            Err(WriteError::Run(error)) => Err(error),
            Err(error) => Ok(Some(error.to_string())),
        }
    };
    match job.patiently(PATIENCE, attempt).await {
        Ok(written) => written,
        // What was there before stays.
        Err(RunError::Stopped(_)) => None,
        Err(error) => Some(format!(
            "the mirror of the catalogue could not be written: {error}"
        )),
    }
}

struct Order<'a> {
    repository: &'a RepositoryName,
    trigger: Trigger,
    job_timeout: Duration,
    keeping: &'a Keeping,
}

impl Order<'_> {
    async fn carry_out(&self, job: &Job) -> Result<(), RunError> {
        let session = job.cluster.session();
        let ops = job
            .patiently(PATIENCE, || async { Ok(Ops::open(session.clone()).await?) })
            .await?;
        let place = job
            .databases
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let spoken = Job {
            journal: job.journal.of_database(&DatabaseName::ops()).unlabelled(),
            slot_lost: Arc::default(),
            ..job.clone()
        };
        let number = job.safekeeping.0.recorded.load(Ordering::Relaxed);
        back_up(&spoken, &session, &ops, &self.database(job), None).await?;
        drop(place);
        let repository = self.repository.clone();
        job.safekeeping.covered().insert(repository, number);
        let made = BTreeSet::from([DatabaseName::ops()]);
        after_fulls(&spoken, self.keeping, &made).await;
        Ok(())
    }

    fn database(&self, job: &Job) -> DatabaseOrder {
        let now = job.now();
        DatabaseOrder {
            group: GroupName::of_ops(),
            database: DatabaseName::ops(),
            inventory: inventory(),
            kind: BackupKind::Full,
            repository: self.repository.clone(),
            baseline: None,
            chaining: Chaining::Differential,
            naming: Naming::Named(ops_label(now)),
            day: now.date_naive(),
            trigger: self.trigger,
            scheduled: None,
            job_timeout: self.job_timeout,
            // Its rows are written to while they would be counted.
            verify: Verify::None,
            patience: PATIENCE,
        }
    }
}

async fn turn(job: &Job) -> Result<tokio::sync::MutexGuard<'_, ()>, RunError> {
    loop {
        if let Ok(turn) = job.safekeeping.0.turn.try_lock() {
            return Ok(turn);
        }
        job.pause(job.tuning.poll_interval).await?;
    }
}

/// Our own tables: another tool's in the same database are its own matter.
fn inventory() -> Inventory {
    let tables = Ops::tables()
        .map(|name| TablePattern::One(TableName::parse(name).expect("a fixed name is a name")));
    Inventory(BTreeMap::from([(DatabaseName::ops(), tables.collect())]))
}
