//! The cluster in this process: brd's one seam to it, a clock that follows tokio's, and somebody else's statements in between.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use brd::run::JobStop;
use brd::starrocks::{Answer, Frontend, ResultSet, StatementError};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use starrocks_sandbox::answer;
use starrocks_sandbox::engine::{Clock, Options, Sandbox, Session};
use tempfile::TempDir;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, interval, sleep};

use super::change::{NAMES, statements};
use super::history::{Anchor, Change, Event, Happening};
use super::state::{self, State, cell};
use crate::world::suite_release;

/// Between two steps of a job (`backup/BackupHandler.java`).
const TICK: Duration = Duration::from_secs(3);

/// Shared by brd's sessions, the ticker and the player.
pub struct Laboratory {
    pub sandbox: Sandbox,
    pub latency: Duration,
    base: DateTime<Utc>,
    started: Instant,
    /// brd was killed.
    pub crash: Notify,
    /// What the running job is told.
    pub stop: watch::Sender<JobStop>,
    book: Mutex<Book>,
    _data: TempDir,
}

/// Whether a statement leaves something behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    None,
    Durable,
}

/// What the model knows.
#[derive(Default)]
struct Book {
    /// What every cut of the running job held, by label.
    cuts: BTreeMap<String, State>,
    /// What the tables held at one moment or another of the running job.
    moments: Vec<State>,
    /// A BACKUP was sent, and its cut has not been seen yet.
    awaiting_cut: bool,
    events: Vec<Event>,
    /// Statements since each anchor of the running job.
    since: BTreeMap<Anchor, u16>,
    script: Vec<String>,
    /// What the live tables held before each statement of the running job; kept while somebody wants to know.
    witnessed: Option<Vec<State>>,
    /// Something has happened to tables since they were looked at.
    touched: bool,
    /// Of the running job, whether each of its statements changes something.
    statements: Vec<Effect>,
    /// Counted from 1.
    leader: usize,
}

/// What one job left in the book.
pub struct Observed {
    pub cuts: BTreeMap<String, State>,
    pub moments: Vec<State>,
}

impl Laboratory {
    /// Two frontends. Ten minutes to midnight, so that some labels are of the next day.
    pub fn new(latency: Duration) -> Arc<Laboratory> {
        let base = Utc.with_ymd_and_hms(2026, 3, 10, 23, 50, 0).unwrap();
        let data = tempfile::tempdir().unwrap();
        let options = Options {
            clock: Clock::Manual(base),
            tick: TICK,
            frontends: 2,
            release: suite_release(),
            ..Options::new(data.path())
        };
        let laboratory = Arc::new(Laboratory {
            sandbox: Sandbox::open(options).unwrap(),
            latency,
            base,
            started: Instant::now(),
            crash: Notify::new(),
            stop: watch::Sender::new(JobStop::GoOn),
            book: Mutex::new(Book {
                leader: 1,
                ..Book::default()
            }),
            _data: data,
        });
        // Ends with the runtime of the history.
        tokio::spawn(tick(Arc::clone(&laboratory)));
        laboratory
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    pub fn note(&self, line: impl Into<String>) {
        self.book().script.push(line.into());
    }

    pub fn script(&self) -> String {
        self.book().script.join("\n")
    }

    /// From here on, `events` happen at their moments.
    pub fn begin(&self, events: &[Event]) {
        let mut book = self.book();
        book.events = events.to_vec();
        book.since = BTreeMap::from([(Anchor::Start, 0)]);
        book.statements.clear();
        book.awaiting_cut = false;
    }

    /// As [`Laboratory::begin`], with an eye on the live tables before every statement.
    pub fn begin_witnessed(&self, events: &[Event]) {
        self.begin(events);
        let mut book = self.book();
        book.witnessed = Some(Vec::new());
        book.touched = true;
    }

    /// What the statements of the job that ended last were, over all lives of brd.
    pub fn statements(&self) -> Vec<Effect> {
        self.book().statements.clone()
    }

    pub fn witnessed(&self) -> Vec<State> {
        self.book().witnessed.take().unwrap_or_default()
    }

    /// As [`Laboratory::begin`], with an eye on what the tables hold.
    pub fn begin_watched(&self, events: &[Event]) {
        let now = state::read(&self.sandbox);
        self.book().moments.push(now);
        self.begin(events);
    }

    pub fn end(&self) -> Observed {
        let mut book = self.book();
        book.events.clear();
        book.since.clear();
        Observed {
            cuts: std::mem::take(&mut book.cuts),
            moments: std::mem::take(&mut book.moments),
        }
    }

    /// Brings the cluster's clock to tokio's. A cut is taken at the first tick of a BACKUP, so the rows just before it are the cut's.
    fn catch_up(&self) {
        let target = self.base + TimeDelta::from_std(self.started.elapsed()).unwrap();
        loop {
            let now = self.sandbox.now();
            if now >= target {
                return;
            }
            let tick = self.next_tick(now);
            let next = tick.min(target);
            let pending = self
                .book()
                .awaiting_cut
                .then(|| self.backup_in("PENDING"))
                .flatten()
                .map(|label| (label, state::read(&self.sandbox)));
            self.sandbox.advance((next - now).to_std().unwrap());
            // Jobs of the cluster take their steps then.
            self.book().touched |= next == tick;
            if let Some((label, before)) = pending
                && self.backup_in("SNAPSHOTING").as_ref() == Some(&label)
            {
                let mut book = self.book();
                book.script.push(format!("-- {label}: the cut"));
                book.cuts.insert(label, before);
                book.since.entry(Anchor::Cut).or_insert(0);
                book.awaiting_cut = false;
            }
        }
    }

    fn next_tick(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let tick = TimeDelta::from_std(TICK).unwrap();
        let passed = (now - self.base).num_milliseconds() / tick.num_milliseconds();
        self.base + tick * i32::try_from(passed + 1).unwrap()
    }

    fn backup_in(&self, wanted: &str) -> Option<String> {
        let set = state::run(&self.sandbox, "SHOW BACKUP FROM shop").unwrap();
        (cell(&set, 0, "State") == Some(wanted))
            .then(|| cell(&set, 0, "SnapshotName").unwrap().to_owned())
    }

    /// A change as people and loads make it, statement by statement. `Err`: the cluster does not allow it now.
    pub fn change(&self, change: &Change) -> Result<(), String> {
        for sql in statements(&self.sandbox, change) {
            if self.leaves_no_trace(&sql) {
                return Ok(());
            }
            if let Err(error) = state::run(&self.sandbox, &sql) {
                self.note(format!("-- refused: {sql}: {error}"));
                return Err(format!("{sql}: {error}"));
            }
            self.note(format!("{sql};"));
        }
        Ok(())
    }

    /// A partition that comes after a backup's first look and is dropped before its second is in no catalogue: README.md says so.
    fn leaves_no_trace(&self, sql: &str) -> bool {
        let book = self.book();
        let Some(before) = book.moments.first() else {
            return false;
        };
        let dropped = sql.strip_prefix("ALTER TABLE shop.");
        let Some((table, partition)) = dropped.and_then(|sql| sql.split_once(" DROP PARTITION "))
        else {
            return false;
        };
        let known = before.get(table).map(|table| &table.partitions);
        known.is_some_and(|known| !known.contains_key(partition))
    }

    /// What happens before this statement of brd. Returned: the trouble that it is to have.
    fn happen(&self) -> Option<Happening> {
        let due = {
            let mut book = self.book();
            let since = book.since.clone();
            let is_due =
                |event: &Event| since.get(&event.moment.anchor) == Some(&event.moment.after);
            let (due, later) = std::mem::take(&mut book.events)
                .into_iter()
                .partition(is_due);
            book.events = later;
            let due: Vec<Event> = due;
            due
        };
        let mut trouble = None;
        for Event { what, .. } in due {
            match what {
                // Not everything can be done to a table while a job holds it.
                Happening::Change(change) => drop(self.change(&change)),
                Happening::Cancel => self.tell(JobStop::Cancel),
                Happening::Detach => self.tell(JobStop::Detach),
                Happening::LeaderSwitch => {
                    self.switch_leader();
                    trouble = Some(Happening::LeaderSwitch);
                }
                lost => trouble = Some(lost),
            }
            if !self.book().moments.is_empty() {
                let now = state::read(&self.sandbox);
                self.book().moments.push(now);
            }
        }
        trouble
    }

    fn witness(&self) {
        let mut book = self.book();
        if book.witnessed.is_none() || !std::mem::take(&mut book.touched) {
            return;
        }
        drop(book);
        let now = state::read_readable(&self.sandbox, &NAMES);
        let mut book = self.book();
        if let Some(states) = &mut book.witnessed
            && states.last() != Some(&now)
        {
            states.push(now);
        }
    }

    /// The process of the leader exits, and the other one leads: a job goes on from its last journalled state, its cut taken again where
    /// that was before the upload.
    fn switch_leader(&self) {
        let mut book = self.book();
        book.leader = 3 - book.leader;
        book.awaiting_cut = true;
        let leader = book.leader;
        drop(book);
        self.sandbox.lead(leader).unwrap();
    }

    /// The frontend that leads, as SHOW FRONTENDS tells a client.
    fn leader(&self) -> Sandbox {
        self.sandbox.frontend(self.book().leader).unwrap()
    }

    /// A job that has ended meanwhile does not hear it.
    fn tell(&self, word: JobStop) {
        self.note(format!("-- told to {word:?}"));
        // As the engine does: the higher word wins.
        self.stop.send_modify(|told| *told = word.max(*told));
    }

    fn count(&self, statement: &str) {
        let mut book = self.book();
        if book.since.is_empty() {
            return;
        }
        let reads = ["SELECT", "SHOW", "ADMIN SHOW", "SYNC"];
        book.statements
            .push(if reads.iter().any(|word| statement.starts_with(word)) {
                Effect::None
            } else {
                Effect::Durable
            });
        // What brd reads, and what it writes about itself, touches no table of anybody's.
        let words = ["ALTER", "CREATE", "DROP", "INSERT INTO `shop`", "TRUNCATE"];
        book.touched |= words.iter().any(|word| statement.starts_with(word));
        for passed in book.since.values_mut() {
            *passed = passed.saturating_add(1);
        }
        if statement.contains("information_schema.tables") {
            book.since.entry(Anchor::Look).or_insert(0);
        }
        // What is loaded from here on is loaded into what was restored.
        if statement.contains("SWAP WITH") || statement.contains("RENAME") {
            book.events
                .retain(|event| !matches!(event.what, Happening::Change(_)));
        }
        if statement.starts_with("BACKUP") || statement.starts_with("RESTORE") {
            book.since.insert(Anchor::Submit, 0);
            book.awaiting_cut |= statement.starts_with("BACKUP");
        }
    }
}

async fn tick(laboratory: Arc<Laboratory>) {
    let mut ticks = interval(TICK);
    loop {
        ticks.tick().await;
        laboratory.catch_up();
    }
}

fn log_in(frontend: &Sandbox) -> Session {
    let mut session = frontend.session("root");
    frontend
        .execute(&mut session, "SET time_zone = '+00:00'")
        .unwrap();
    session
}

/// What a client makes of a connection that broke (CR_SERVER_LOST).
const CONNECTION_LOST: u16 = 2013;

/// One session of brd.
pub struct InProcess {
    laboratory: Arc<Laboratory>,
    session: Mutex<Session>,
}

impl InProcess {
    pub fn open(laboratory: &Arc<Laboratory>) -> InProcess {
        InProcess {
            laboratory: Arc::clone(laboratory),
            session: Mutex::new(log_in(&laboratory.leader())),
        }
    }

    /// At the frontend that it is connected to; a connection that broke is opened again for the next statement.
    fn answer(&self, statement: &str) -> Result<answer::Answer, StatementError> {
        let mut session = self.session.lock().unwrap();
        match self.laboratory.sandbox.execute(&mut session, statement) {
            Ok(answer) => Ok(answer),
            Err(error) if error.code == CONNECTION_LOST => {
                *session = log_in(&self.laboratory.leader());
                Err(StatementError::lost("the connection was lost"))
            }
            Err(error) => Err(StatementError::refused(error.code, &error.message)),
        }
    }

    /// Whoever plays lets go of the job, this future with it.
    async fn crash(&self) -> Result<ResultSet, StatementError> {
        self.laboratory.crash.notify_one();
        pending().await
    }

    async fn run(&self, statement: &str) -> Result<ResultSet, StatementError> {
        sleep(self.laboratory.latency).await;
        self.laboratory.catch_up();
        self.laboratory.witness();
        let trouble = self.laboratory.happen();
        if let Some(trouble) = &trouble {
            let first: String = statement.chars().take(100).collect();
            self.laboratory.note(format!("-- {trouble:?}: {first}"));
        }
        match trouble {
            Some(Happening::StatementLost) => {
                self.laboratory.count("");
                return Err(StatementError::lost("the connection was lost"));
            }
            Some(Happening::CrashBefore) => return self.crash().await,
            Some(Happening::Refused) => {
                self.laboratory.count("");
                return Err(StatementError::refused(1064, "no statement is taken today"));
            }
            _ => {}
        }
        let answer = self.answer(statement);
        if statement.starts_with("BACKUP") || statement.starts_with("RESTORE") {
            let verdict = answer
                .as_ref()
                .map_or_else(ToString::to_string, |_| "accepted".to_owned());
            self.laboratory.note(format!("-- {statement}: {verdict}"));
        }
        self.laboratory.count(statement);
        match trouble {
            Some(Happening::AnswerLost) => {
                return Err(StatementError::lost("the connection was lost"));
            }
            Some(Happening::CrashAfter) => return self.crash().await,
            _ => {}
        }
        match answer? {
            answer::Answer::Done(done) => Ok(ResultSet::of_change(done.affected_rows)),
            answer::Answer::Rows(set) => {
                let columns = set.columns.into_iter().map(|column| column.name);
                let mut rows = ResultSet::new(columns.collect());
                set.rows.into_iter().for_each(|row| rows.push(row));
                Ok(rows)
            }
        }
    }
}

impl Frontend for InProcess {
    fn execute<'a>(&'a self, statement: &'a str) -> Answer<'a> {
        Box::pin(self.run(statement))
    }
}
