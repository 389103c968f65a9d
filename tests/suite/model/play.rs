//! Plays one history through brd's own code, and compares.

use std::collections::BTreeSet;
use std::fs::remove_dir_all;
use std::sync::Arc;
use std::time::Duration;

use brd::catalog::{BackupKind, JobState, Trigger};
use brd::config::Chaining;
use brd::names::{GroupName, JobId, Label, RepositoryName};
use brd::ops::Ops;
use brd::plan::restore::{RestorePlanError, RestoreRequest};
use brd::run::group::{self, GroupOrder, Outcome};
use brd::run::journal::{Journal, Note};
use brd::run::{
    Clock, Cluster, FireLog, Job, JobStop, RunError, Safekeeping, SlotWatch, Tuning, adopt,
    restore, undo,
};
use brd::starrocks::Session;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;

use super::change::{NAMES, create};
use super::cluster::{InProcess, Laboratory};
use super::history::{Ending, Event, Happening, History, Shape, Step};
use super::state::{self, State, TableState, cell};

/// `Err`: what is wrong, with the script that led there.
pub fn play(history: &History) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut player = Player::new(Duration::from_millis(history.latency_ms));
        player.play(history).await.map_err(|wrong| {
            format!(
                "{wrong}\n--- script ---\n{}\n--- end ---",
                player.laboratory.script()
            )
        })
    })
}

/// A backup that is on record.
pub(super) struct Point {
    pub label: Label,
    /// What it must bring back: one of these, whole.
    pub states: Vec<State>,
    /// Tables that stood there from the beginning of the run to its end. One that appears meanwhile may be left to the next backup.
    steady: BTreeSet<String>,
}

pub(super) struct Player {
    pub laboratory: Arc<Laboratory>,
    pub cluster: Cluster,
    notes: mpsc::UnboundedReceiver<Note>,
    noted: mpsc::UnboundedSender<Note>,
    pub points: Vec<Point>,
    jobs: u32,
    pub chaining: Chaining,
    /// Labels whose snapshots are no more.
    lost: BTreeSet<String>,
    /// Of every BACKUP and RESTORE.
    pub job_timeout: Duration,
    /// Whether a job may end in failure, and be on record so.
    pub failure: Failure,
}

/// What a job's failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Wrong,
    /// The cluster has refused something, so that there may be nothing else to do.
    Allowed,
}

impl Player {
    pub fn new(latency: Duration) -> Player {
        let laboratory = Laboratory::new(latency);
        let opened = Arc::clone(&laboratory);
        let (noted, notes) = mpsc::unbounded_channel();
        Player {
            laboratory,
            cluster: Cluster::new(move |_| Arc::new(InProcess::open(&opened)) as Session),
            notes,
            noted,
            points: Vec::new(),
            jobs: 0,
            chaining: Chaining::Differential,
            lost: BTreeSet::new(),
            job_timeout: Duration::from_secs(86_400),
            failure: Failure::Wrong,
        }
    }

    async fn play(&mut self, history: &History) -> Result<(), String> {
        self.chaining = history.chaining;
        self.set_up(history).await;
        for step in &history.steps {
            self.step(step).await?;
        }
        let mut order: Vec<usize> = (0..self.points.len()).collect();
        let ending = |point: usize| history.endings[point % history.endings.len()];
        order.sort_by_key(|&point| (ending(point).0, point));
        for point in order {
            self.restore(point, None, ending(point).1, &[]).await?;
        }
        Ok(())
    }

    pub async fn set_up(&mut self, history: &History) {
        self.sql("CREATE REPOSITORY repo WITH BROKER ON LOCATION 's3a://bucket/backups'");
        self.sql("CREATE DATABASE shop");
        for (table, shape) in ["a", "b", "c"].into_iter().zip(&history.shapes) {
            self.sql(&create(table, *shape));
            self.laboratory.note(format!("{};", create(table, *shape)));
        }
        self.sql(&create("z", Shape::PLAIN));
        let ops = Ops::open(self.cluster.session()).await.unwrap();
        ops.initialise(3).await.unwrap();
        self.sql("INSERT INTO ops.table_inventory (inventory_group, database_name, table_name) VALUES ('g', 'shop', '*')");
    }

    pub fn sql(&self, sql: &str) -> starrocks_sandbox::answer::ResultSet {
        state::run(&self.laboratory.sandbox, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub fn job(&mut self) -> Job {
        self.laboratory.stop.send_replace(JobStop::GoOn);
        self.jobs += 1;
        let id = JobId::parse(format!("job-{}", self.jobs)).unwrap();
        let sandbox = self.laboratory.sandbox.clone();
        let clock = Clock::new(move || sandbox.now());
        Job {
            journal: Journal::new(id.clone(), clock.clone(), self.noted.clone()),
            id,
            cluster: self.cluster.clone(),
            clock,
            owner: "model".into(),
            host: "model".into(),
            stop: self.laboratory.stop.subscribe(),
            tuning: Tuning {
                poll_interval: Duration::from_secs(1),
                undo_window: Duration::from_secs(86_400),
                restore_timeout: self.job_timeout,
            },
            databases: Arc::new(Semaphore::new(1)),
            slots: SlotWatch::default(),
            safekeeping: Safekeeping::default(),
            slot_lost: Arc::default(),
        }
    }

    /// What jobs said goes into the script as comments.
    fn hear(&mut self) {
        while let Ok(note) = self.notes.try_recv() {
            if let Note::Event(event) = note
                && let brd::catalog::JobEventKind::Finding { text, .. } = event.what
            {
                self.laboratory.note(format!("-- finding: {text}"));
            }
        }
    }

    pub async fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Change(change) => match self.laboratory.change(change) {
                // Nothing but loads goes on beside a job that rewrites the table.
                Err(refused) if refused.contains("A schema change operation is in progress") => {
                    Ok(())
                }
                changed => changed,
            },
            Step::Full(events) => self.back_up(BackupKind::Full, None, events).await,
            Step::Incremental { chained, events } => {
                let baseline = self
                    .points
                    .last()
                    .filter(|point| *chained && !self.is_broken(&point.label))
                    .map(|point| point.label.clone());
                self.back_up(BackupKind::Incremental, baseline, events)
                    .await
            }
            Step::Restore {
                point,
                only,
                ending,
                events,
            } if !self.points.is_empty() => {
                let only = only.map(|table| NAMES[usize::from(table)]);
                self.restore(
                    usize::from(*point) % self.points.len(),
                    only,
                    *ending,
                    events,
                )
                .await
            }
            Step::Restore { .. } => Ok(()),
            Step::ByHand { point, table } if !self.points.is_empty() => {
                let point = usize::from(*point) % self.points.len();
                self.restore_by_hand(point, NAMES[usize::from(*table)])
                    .await;
                Ok(())
            }
            Step::ByHand { .. } => Ok(()),
            Step::Lose { point } => {
                self.lose(usize::from(*point));
                Ok(())
            }
            Step::Wait { seconds } => {
                self.laboratory.note(format!("-- wait {seconds} s"));
                sleep(Duration::from_secs(u64::from(*seconds))).await;
                Ok(())
            }
        }
    }

    pub async fn back_up(
        &mut self,
        kind: BackupKind,
        baseline: Option<Label>,
        events: &[Event],
    ) -> Result<(), String> {
        self.laboratory.note(match &baseline {
            None => format!("-- BACKUP {kind}"),
            Some(label) => format!("-- BACKUP {kind}, compared with {label}"),
        });
        let named = baseline.is_some();
        let job = self.job();
        let order = GroupOrder {
            group: GroupName::parse("g").unwrap(),
            kind,
            repository: RepositoryName::parse("repo").unwrap(),
            baseline,
            chaining: self.chaining,
            name: None,
            day: job.now().date_naive(),
            trigger: Trigger::Request,
            scheduled: None,
            job_timeout: self.job_timeout,
            patience: Duration::from_secs(600),
            only: None,
            keeping: None,
            verify: brd::config::Verify::Counts,
        };
        self.laboratory.begin_watched(events);
        let fires = FireLog::default();
        let outcome = self
            .unless_killed(&job, group::run(&job, &order, &fires))
            .await;
        let end = self.end_of(outcome).await?;
        let observed = self.laboratory.end();
        let row = self.sql(&format!(
            "SELECT label, snapshot_timestamp FROM ops.backup_history WHERE run_id = '{}' AND status = 'FINISHED'",
            job.id
        ));
        let label = match (cell(&row, 0, "label"), end) {
            (Some(_), End::Cancelled) => {
                return Err("the backup is cancelled, and on record as finished".to_owned());
            }
            (Some(label), _) => label.to_owned(),
            (None, End::Done) => return Err("the backup is done, and not on record".to_owned()),
            // Interrupted before it could be proven.
            (None, End::Interrupted | End::Cancelled | End::Failed) => return Ok(()),
        };
        self.prove_short(&label, named)?;
        let label = Label::parse(label).unwrap();
        if self.is_broken(&label) {
            return Err(format!("{label} is built on a snapshot that is lost"));
        }
        let there = |name: &&String| {
            observed
                .moments
                .iter()
                .all(|state| state.contains_key(*name))
        };
        let steady = observed.moments[0].keys().filter(there).cloned().collect();
        let states = match cell(&row, 0, "snapshot_timestamp") {
            // Nothing changed: the moment is not known, so it must be one that there was.
            None => observed.moments,
            Some(_) => vec![
                observed
                    .cuts
                    .get(label.as_str())
                    .ok_or(format!("no cut of {label} was seen"))?
                    .clone(),
            ],
        };
        self.points.push(Point {
            label,
            states,
            steady,
        });
        Ok(())
    }

    /// The recorded baselines, the backup's own label first.
    fn chain(&self, label: &str) -> Vec<String> {
        let baselines = self.sql("SELECT label, baseline_label FROM ops.backup_history");
        let baseline_of = |label: &&str| {
            let row = (0..baselines.rows.len())
                .find(|row| cell(&baselines, *row, "label") == Some(label))?;
            cell(&baselines, row, "baseline_label")
        };
        let links = std::iter::successors(Some(label), baseline_of);
        links.map(str::to_owned).collect()
    }

    fn is_broken(&self, label: &Label) -> bool {
        let chain = self.chain(label.as_str());
        chain.iter().any(|link| self.lost.contains(link))
    }

    /// A moment that was verified unchanged has no snapshot to lose.
    fn lose(&mut self, point: usize) {
        let Some(point) = self.points.get(point % self.points.len().max(1)) else {
            return;
        };
        let repository = self
            .laboratory
            .sandbox
            .repository_directory("repo")
            .unwrap();
        let label = point.label.to_string();
        if remove_dir_all(repository.join(format!("__ss_{label}"))).is_ok() {
            self.laboratory
                .note(format!("-- the snapshot {label} is lost"));
            self.lost.insert(label);
        }
    }

    /// Only what a person names makes a chain longer than it may be.
    fn prove_short(&self, label: &str, named: bool) -> Result<(), String> {
        let most_links = match self.chaining {
            _ if named => return Ok(()),
            Chaining::Differential => 2,
            Chaining::Incremental { most_links } => most_links,
        };
        let links = self.chain(label).len();
        if links <= most_links as usize {
            return Ok(());
        }
        Err(format!("the chain of {label} has {links} links"))
    }

    pub fn ended(&mut self, outcome: &Outcome, expected: JobState) -> Result<(), String> {
        self.hear();
        self.laboratory.note(format!(
            "-- {}: {}",
            outcome.state.as_str(),
            outcome.message
        ));
        if outcome.state != expected {
            return Err(format!(
                "the job ended as {}: {}",
                outcome.state.as_str(),
                outcome.message
            ));
        }
        let open = self.sql("SELECT label FROM ops.run_status WHERE state = 'ACTIVE'");
        match open.rows.as_slice() {
            [] => Ok(()),
            rows => Err(format!("slots are still open: {rows:?}")),
        }
    }

    /// `None`: killed on the way.
    pub async fn unless_killed<T>(&self, job: &Job, life: impl Future<Output = T>) -> Option<T> {
        let _alive = job.slots.enter(&job.id);
        tokio::select! {
            ended = Box::pin(life) => Some(ended),
            () = self.laboratory.crash.notified() => None,
        }
    }

    /// Through as many lives of brd as it takes.
    pub async fn end_of(&mut self, outcome: Option<Outcome>) -> Result<End, String> {
        let mut failed = false;
        match outcome.map(|outcome| (outcome.state, outcome)) {
            None | Some((JobState::Detached, _)) => {}
            Some((JobState::Cancelled, outcome))
                if *self.laboratory.stop.borrow() == JobStop::Cancel =>
            {
                return self
                    .ended(&outcome, JobState::Cancelled)
                    .map(|()| End::Cancelled);
            }
            Some((JobState::Failed, _)) if self.failure == Failure::Allowed => failed = true,
            Some((_, outcome)) => return self.ended(&outcome, JobState::Done).map(|()| End::Done),
        }
        loop {
            let job = self.job();
            self.laboratory.note("-- brd starts again");
            match self
                .unless_killed(&job, adopt::run(&job))
                .await
                .map(|adoption| adoption.outcome)
            {
                None => {}
                Some(outcome) if matches!(outcome.state, JobState::Detached) => {}
                Some(outcome) if outcome.state == JobState::Cancelled => {}
                Some(outcome) => {
                    return self.ended(&outcome, JobState::Done).map(|()| {
                        if failed {
                            End::Failed
                        } else {
                            End::Interrupted
                        }
                    });
                }
            }
        }
    }

    pub async fn restore(
        &mut self,
        point: usize,
        only: Option<&str>,
        ending: Ending,
        events: &[Event],
    ) -> Result<(), String> {
        let label = self.points[point].label.clone();
        self.no_schema_change().await;
        self.laboratory.note(format!(
            "-- RESTORE {label} ({}), then {ending:?}",
            only.unwrap_or("all tables")
        ));
        let job = self.job();
        let session = self.cluster.session();
        let ops = Ops::open(session.clone())
            .await
            .map_err(|error| error.to_string())?;
        let request = RestoreRequest {
            target_label: label.clone(),
            group: None,
            tables: only.map(str::to_owned).into_iter().collect(),
            ..RestoreRequest::of(label.clone())
        };
        let plan = match (
            restore::plan(&session, &ops, job.id.clone(), &request).await,
            only,
        ) {
            (Ok(plan), _) => plan,
            (
                Err(RunError::RestorePlan(RestorePlanError::TableNotInBackup { .. })),
                Some(table),
            ) if !self.points[point].steady.contains(table) => {
                return Ok(());
            }
            (Err(error), _) => {
                let refused = format!("restore of {label} is refused: {error}");
                let rightly = self.is_broken(&label) && refused.contains("is gone from repository");
                return rightly.then_some(()).ok_or(refused);
            }
        };
        let before = state::read(&self.laboratory.sandbox);
        self.laboratory
            .begin_witnessed(&without_loads_where_taken_back(events));
        let outcome = self
            .unless_killed(&job, restore::run(&job, &plan, None, "model"))
            .await;
        let end = self.end_of(outcome).await?;
        let witnessed = self.laboratory.witnessed();
        self.laboratory.end();
        let live = state::read(&self.laboratory.sandbox);
        let is_load = |event: &Event| matches!(event.what, Happening::Change(_));
        if !events.iter().any(is_load) {
            let tables = plan.tables.iter().map(|table| table.table.as_str());
            let mut ends = vec![before.clone(), live.clone()];
            // Live for a while where a restore is taken back after its first swap.
            ends.extend(self.points[point].states.iter().cloned());
            always_complete(tables, &ends, &witnessed)?;
        }
        let done = format!(
            "SELECT 1 FROM ops.restore_history WHERE job_id = '{}' AND status = 'FINISHED'",
            job.id
        );
        if end != End::Done && self.sql(&done).rows.is_empty() {
            let taken_back = before == live;
            return taken_back.then_some(()).ok_or(format!(
                "taken back, and the tables are not as before:\n{before:?}\n{live:?}"
            ));
        }
        let tables: BTreeSet<String> = plan
            .tables
            .iter()
            .map(|table| table.table.to_string())
            .collect();
        let point = &self.points[point];
        let all = &tables | &point.steady;
        point.compare(only.map_or(&all, |_| &tables), &tables, &live)?;
        if ending == Ending::Undo {
            self.undo(&job.id, &live).await?;
        }
        self.end(&job.id, undo::Ending::Discard).await
    }

    /// What was kept under the suffix is live again, and what was restored is kept.
    async fn undo(&mut self, restored: &JobId, live: &State) -> Result<(), String> {
        self.end(restored, undo::Ending::Undo).await?;
        let now = state::read(&self.laboratory.sandbox);
        for (kept, before) in live.iter().filter(|(name, _)| name.ends_with("_restored")) {
            let table = kept.trim_end_matches("_restored");
            if now.get(table).map(|now| &now.rows) != Some(&before.rows) {
                return Err(format!(
                    "undo did not bring {table} back: {:?}, not {before:?}",
                    now.get(table)
                ));
            }
        }
        Ok(())
    }

    pub async fn end(&mut self, restored: &JobId, ending: undo::Ending) -> Result<(), String> {
        let job = self.job();
        let outcome = undo::run(&job, restored, ending).await;
        self.laboratory.note(format!("-- {ending:?}"));
        self.ended(&outcome, JobState::Done)
    }
}

/// A live table is one of those, whole, at every moment: never a part, never nothing.
fn always_complete<'t>(
    tables: impl Iterator<Item = &'t str>,
    ends: &[State],
    witnessed: &[State],
) -> Result<(), String> {
    for table in tables {
        let whole = |state: &&State| ends.iter().any(|end| end.get(table) == state.get(table));
        if let Some(state) = witnessed.iter().find(|state| !whole(state)) {
            let ends: Vec<String> = ends.iter().map(|end| show(end.get(table))).collect();
            return Err(format!(
                "while the restore ran, {table} was {}\nand neither of\n{}",
                show(state.get(table)),
                ends.join("\n")
            ));
        }
    }
    Ok(())
}

/// So that what is taken back is what there was.
fn without_loads_where_taken_back(events: &[Event]) -> Vec<Event> {
    let is_load = |event: &&Event| matches!(event.what, Happening::Change(_));
    let lost =
        |event: &&Event| matches!(event.what, Happening::AnswerLost | Happening::StatementLost);
    let goes_through = events.iter().all(|event| is_load(&event) || lost(&event));
    let kept = |event: &&Event| goes_through || !is_load(event);
    events.iter().filter(kept).cloned().collect()
}

/// How a job ended, over all lives of brd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Done,
    /// Killed or let go, and then finished or given up: the rows tell.
    Interrupted,
    Cancelled,
    Failed,
}

impl Point {
    /// Every one of `tables` is restored, and of one and the same of the states.
    fn compare(
        &self,
        tables: &BTreeSet<String>,
        restored: &BTreeSet<String>,
        live: &State,
    ) -> Result<(), String> {
        let restored: State = live
            .iter()
            .filter(|(name, _)| restored.contains(*name))
            .map(|(name, table)| (name.clone(), table.clone()))
            .collect();
        let differences: Vec<String> = self
            .states
            .iter()
            .map(|state| difference(tables, state, &restored))
            .collect();
        if differences.iter().any(String::is_empty) {
            return Ok(());
        }
        Err(format!(
            "restored {}, and it is not what it was at the recovery point:\n{}",
            self.label,
            differences.join("or\n")
        ))
    }
}

fn difference(tables: &BTreeSet<String>, state: &State, restored: &State) -> String {
    tables
        .iter()
        .map(|name| (name, state.get(name), restored.get(name)))
        .filter(|(_, was, is)| was != is)
        .map(|(name, was, is)| format!("{name} was {}\n{name} is  {}\n", show(was), show(is)))
        .collect()
}

fn show(table: Option<&TableState>) -> String {
    table.map_or_else(
        || "no part of it".to_owned(),
        |table| format!("{:?} {:?} {:?}", table.kinds, table.partitions, table.rows),
    )
}
