//! A frontend that is the sandbox called directly, and counts what is asked of it.
//!
//! The cluster's clock follows tokio's: every statement first brings it up to date. Under paused time hours of a cluster pass in moments, and
//! the same on every machine.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use brd::starrocks::{Answer, Frontend, ResultSet, StatementError};
use chrono::{DateTime, Utc};
use starrocks_sandbox::answer::Answer as Reply;
use starrocks_sandbox::engine::{Sandbox, Session};
use tokio::time::Instant;

/// What a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The catalogue: tables, columns, partitions.
    Catalogue,
    OpsRead,
    OpsWrite,
    /// SHOW BACKUP and SHOW RESTORE: as many as the job takes polls.
    Poll,
    /// Cluster, repository, snapshot, and BACKUP itself.
    Job,
}

impl Purpose {
    pub const ALL: [Purpose; 5] = [
        Purpose::Catalogue,
        Purpose::OpsRead,
        Purpose::OpsWrite,
        Purpose::Poll,
        Purpose::Job,
    ];

    fn of(statement: &str) -> Purpose {
        let word = |word: &str| {
            statement
                .get(..word.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(word))
        };
        let ops = statement.contains("`ops`")
            || statement.contains("ops.")
            || statement.contains("'ops'");
        if word("SHOW BACKUP") || word("SHOW RESTORE") {
            Purpose::Poll
        } else if word("INSERT") || word("UPDATE") || word("DELETE") {
            Purpose::OpsWrite
        } else if ops {
            Purpose::OpsRead
        } else if statement.contains("information_schema")
            || word("SHOW CREATE")
            || word("SHOW TABLES")
            || word("SHOW PARTITIONS")
        {
            Purpose::Catalogue
        } else {
            Purpose::Job
        }
    }
}

#[derive(Debug, Clone)]
pub struct Statement {
    pub purpose: Purpose,
    pub text: String,
    pub bytes: usize,
    pub rows: usize,
    pub at: DateTime<Utc>,
}

/// What one or more sessions were asked, in order.
#[derive(Clone, Default)]
pub struct Tally(Arc<Mutex<Record>>);

#[derive(Default)]
pub struct Record {
    pub statements: Vec<Statement>,
    /// Real time that went by inside the sandbox.
    pub inside: Duration,
}

impl Tally {
    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn take(&self) -> Record {
        std::mem::take(&mut *self.record())
    }
}

/// A cluster whose time is tokio's.
#[derive(Clone)]
pub struct Timed {
    pub sandbox: Sandbox,
    pub begun: DateTime<Utc>,
    pub zero: Instant,
}

impl Timed {
    pub fn now(&self) -> DateTime<Utc> {
        self.begun + self.zero.elapsed()
    }

    pub fn catch_up(&self) {
        if let Ok(behind) = (self.now() - self.sandbox.now()).to_std() {
            self.sandbox.advance(behind);
        }
    }
}

pub struct Counting {
    cluster: Timed,
    session: Mutex<Session>,
    tally: Tally,
}

impl Counting {
    pub fn open(cluster: &Timed, tally: &Tally) -> Counting {
        let mut session = cluster.sandbox.session("root");
        // What every connection of brd begins with; a few statements per session are not counted.
        cluster
            .sandbox
            .execute(&mut session, "SET time_zone = '+00:00'")
            .expect("a variable that every release has");
        Counting {
            cluster: cluster.clone(),
            session: Mutex::new(session),
            tally: tally.clone(),
        }
    }

    fn run(&self, statement: &str) -> Result<ResultSet, StatementError> {
        let entered = std::time::Instant::now();
        self.cluster.catch_up();
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = self.cluster.sandbox.execute(&mut session, statement);
        let mut record = self.tally.record();
        record.statements.push(Statement {
            purpose: Purpose::of(statement),
            text: statement.chars().take(200).collect(),
            bytes: statement.len(),
            rows: match &answer {
                Ok(Reply::Rows(set)) => set.rows.len(),
                Ok(Reply::Done(_)) | Err(_) => 0,
            },
            at: self.cluster.now(),
        });
        record.inside += entered.elapsed();
        match answer {
            Ok(Reply::Rows(set)) => {
                let columns = set.columns.into_iter().map(|column| column.name);
                let mut rows = ResultSet::new(columns.collect());
                set.rows.into_iter().for_each(|row| rows.push(row));
                Ok(rows)
            }
            Ok(Reply::Done(done)) => Ok(ResultSet::of_change(done.affected_rows)),
            Err(error) => Err(StatementError::refused(error.code, &error.message)),
        }
    }
}

impl Frontend for Counting {
    fn execute<'a>(&'a self, statement: &'a str) -> Answer<'a> {
        Box::pin(async move { self.run(statement) })
    }
}
