//! A cluster with tables and partitions, and runs of a group on it, under paused time.

use std::sync::Arc;
use std::time::Duration;

use brd::catalog::{BackupKind, JobState, Trigger};
use brd::names::{GroupName, JobId, Label, RepositoryName};
use brd::plan::restore::RestoreRequest;
use brd::run::group::{GroupOrder, run};
use brd::run::journal::Journal;
use brd::run::{Clock, Cluster, FireLog, Job, JobStop, Safekeeping, SlotWatch, Tuning, restore};
use chrono::{DateTime, Days, NaiveDate, TimeZone, Utc};
use starrocks_sandbox::answer::Answer as Reply;
use starrocks_sandbox::engine::{Clock as SandboxClock, Options, Sandbox};
use tempfile::TempDir;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;

use crate::Failure;
use crate::counting::{Counting, Record, Tally, Timed};

/// Between two steps of a job, as in StarRocks (`backup/BackupHandler.java`).
pub const TICK: Duration = Duration::from_secs(3);

const GROUP: &str = "bench";

pub struct Scene {
    pub cluster: Timed,
    pub tally: Tally,
    tables: usize,
    /// Of each table.
    partitions: usize,
    runs: u32,
    /// Never said; a job whose engine is gone would detach.
    word: watch::Sender<JobStop>,
    _data: TempDir,
}

/// Runs a measurement in a runtime whose time is paused and moves only while everything waits.
pub fn in_paused_time<T>(measurement: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    Ok(runtime.block_on(measurement))
}

impl Scene {
    /// `tables` tables with `partitions` daily partitions each.
    pub fn set(tables: usize, partitions: usize) -> Result<Scene, Failure> {
        let data = tempfile::tempdir()?;
        let begun = Utc
            .with_ymd_and_hms(2026, 3, 10, 1, 0, 0)
            .single()
            .ok_or("no such moment")?;
        let sandbox = Sandbox::open(Options {
            tick: TICK,
            clock: SandboxClock::Manual(begun),
            ..Options::new(data.path())
        })?;
        let scene = Scene {
            cluster: Timed {
                sandbox,
                begun,
                zero: Instant::now(),
            },
            tally: Tally::default(),
            tables,
            partitions,
            runs: 0,
            word: watch::Sender::new(JobStop::GoOn),
            _data: data,
        };
        scene.script("CREATE DATABASE shop; CREATE REPOSITORY nightly WITH BROKER ON LOCATION 's3://bucket/nightly' PROPERTIES ('aws.s3.region' = 'x');")?;
        for table in 0..tables {
            scene.script(&format!(
                "CREATE TABLE shop.t{table} (d DATE NOT NULL, v BIGINT NULL) DUPLICATE KEY(d) PARTITION BY RANGE(d) \
                 (START ('{}') END ('{}') EVERY (INTERVAL 1 DAY)) DISTRIBUTED BY HASH(d) BUCKETS 1 PROPERTIES ('replication_num' = '1');",
                day(0),
                day(partitions)
            ))?;
        }
        Ok(scene)
    }

    fn script(&self, sql: &str) -> Result<(), Failure> {
        Ok(self.cluster.sandbox.run_script(sql)?)
    }

    /// The ops tables and the group's one row of the inventory, as `brctl init` and an operator make them.
    pub async fn prepare(&mut self) -> Result<(), Failure> {
        let session: brd::starrocks::Session = Arc::new(Counting::open(&self.cluster, &self.tally));
        brd::ops::Ops::open(session).await?.initialise(3).await?;
        self.script(&format!(
            "INSERT INTO ops.table_inventory (inventory_group, database_name, table_name) VALUES ('{GROUP}', 'shop', '*');"
        ))?;
        self.tally.take();
        Ok(())
    }

    /// A row into the first `count` partitions, the same number in each table.
    pub fn load_into(&self, count: usize) -> Result<(), Failure> {
        let per_table = count.div_ceil(self.tables).min(self.partitions);
        for table in 0..self.tables {
            let rows: Vec<String> = (0..per_table)
                .map(|at| format!("('{}', 1)", day(at)))
                .collect();
            self.script(&format!(
                "INSERT INTO shop.t{table} VALUES {};",
                rows.join(", ")
            ))?;
        }
        Ok(())
    }

    /// One scheduled run of the group, from its claim to its outcome, and what it asked of the cluster.
    pub async fn back_up(&mut self, kind: BackupKind) -> Result<(Record, Duration), Failure> {
        self.runs += 1;
        let job = self.job()?;
        let order = self.order(kind)?;
        let begun = std::time::Instant::now();
        let outcome = Box::pin(run(&job, &order, &FireLog::default())).await;
        let took = begun.elapsed();
        if outcome.state != JobState::Done {
            return Err(
                format!("the run ended as {:?}: {}", outcome.state, outcome.message).into(),
            );
        }
        Ok((self.tally.take(), took))
    }

    /// Of all tables of the database, as the catalogue tells it, which for one replica of each is what a snapshot holds.
    pub fn data_bytes(&self) -> Result<u64, Failure> {
        let sandbox = &self.cluster.sandbox;
        let mut session = sandbox.session("root");
        let sum =
            "SELECT SUM(DATA_LENGTH) FROM information_schema.tables WHERE TABLE_SCHEMA = 'shop'";
        match sandbox.execute(&mut session, sum)? {
            Reply::Rows(set) => Ok(set.rows[0][0].as_deref().unwrap_or("0").parse()?),
            Reply::Done(_) => Err("SELECT has no rows".into()),
        }
    }

    /// All tables to the newest recovery point: how many RESTORE jobs that took, and how many bytes of snapshots they were about. What was
    /// replaced is dropped.
    pub async fn restore_latest(&mut self) -> Result<(Record, u64), Failure> {
        self.runs += 1;
        let job = self.job()?;
        let session = job.cluster.session();
        let ops = brd::ops::Ops::open(session.clone()).await?;
        let newest = "SELECT label FROM ops.backup_history WHERE status = 'FINISHED' ORDER BY snapshot_timestamp DESC LIMIT 1";
        let set = session.execute(newest).await?;
        let label = Label::parse(set.first().ok_or("no label")?.text("label")?)?;
        let request = RestoreRequest::of(label);
        let plan = restore::plan(&session, &ops, job.id.clone(), &request).await?;
        self.tally.take();
        let outcome = Box::pin(restore::run(&job, &plan, None, "bench")).await;
        if outcome.state != JobState::Done {
            return Err(format!(
                "the restore ended as {:?}: {}",
                outcome.state, outcome.message
            )
            .into());
        }
        let record = self.tally.take();
        for table in 0..self.tables {
            self.script(&format!("DROP TABLE shop.t{table}_restored;"))?;
        }
        Ok((record, plan.data_bytes()))
    }

    fn job(&self) -> Result<Job, Failure> {
        let id = JobId::parse(format!("bench-{}", self.runs))?;
        let time = self.cluster.clone();
        let clock = Clock::new(move || time.now());
        let (notes, _unread) = mpsc::unbounded_channel();
        let (cluster, tally) = (self.cluster.clone(), self.tally.clone());
        Ok(Job {
            journal: Journal::new(id.clone(), clock.clone(), notes),
            id,
            cluster: Cluster::new(move |_limit| -> brd::starrocks::Session {
                Arc::new(Counting::open(&cluster, &tally))
            }),
            clock,
            owner: "bench".into(),
            host: "bench".into(),
            stop: self.word.subscribe(),
            tuning: Tuning {
                poll_interval: TICK,
                undo_window: Duration::from_secs(3600),
                restore_timeout: Duration::from_secs(86_400),
            },
            databases: Arc::new(Semaphore::new(2)),
            slots: SlotWatch::default(),
            safekeeping: Safekeeping::default(),
            slot_lost: Arc::default(),
        })
    }

    fn order(&self, kind: BackupKind) -> Result<GroupOrder, Failure> {
        let now: DateTime<Utc> = self.cluster.now();
        Ok(GroupOrder {
            group: GroupName::parse(GROUP)?,
            kind,
            repository: RepositoryName::parse("nightly")?,
            baseline: None,
            chaining: brd::config::Chaining::Differential,
            name: None,
            day: now.date_naive(),
            trigger: Trigger::Schedule,
            scheduled: Some(now),
            job_timeout: Duration::from_secs(86_400),
            patience: Duration::from_secs(60),
            only: None,
            keeping: None,
            verify: brd::config::Verify::None,
        })
    }
}

pub fn day(number: usize) -> NaiveDate {
    let number = u64::try_from(number).unwrap_or(u64::MAX);
    NaiveDate::from_ymd_opt(2000, 1, 1)
        .and_then(|first| first.checked_add_days(Days::new(number)))
        .expect("a few ten thousand days after 2000 is a date")
}
