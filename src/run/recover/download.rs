//! One ops table by one aliased RESTORE: sent once, recognised by its job id, waited for.

use std::time::Duration;

use tokio::time::Instant;

use super::execute::{PATIENCE, Recovery};
use crate::catalog::SnapshotTimestamp;
use crate::names::{DatabaseName, Label, TableName};
use crate::ops::Ops;
use crate::run::error::RunError;
use crate::run::poll::{UNSEEN, UNSEEN_WHEN_LOST};
use crate::starrocks::{
    ErrorClass, RestoreJobRow, RestoreState, Session, StatementError, query, sql,
};

/// A RESTORE that left no trace is sent so many times.
const SUBMISSIONS: u32 = 3;

pub(super) async fn restore_row(session: &Session) -> Result<Option<RestoreJobRow>, RunError> {
    let set = match query(session.as_ref(), &sql::show_restore(&DatabaseName::ops())).await {
        Err(error) if error.is_unknown_database() => return Ok(None),
        answer => answer?,
    };
    // Rows of external catalogs have another DbName (`qe/ShowExecutor.java`).
    let row = set
        .rows()
        .find(|row| row.optional("DbName").is_none_or(|name| name == "ops"));
    Ok(row.map(|row| RestoreJobRow::read(&row)).transpose()?)
}

pub(super) struct Download<'a> {
    pub recovery: &'a Recovery<'a>,
    pub label: &'a Label,
    pub timestamp: &'a SnapshotTimestamp,
    pub replicas: u32,
}

impl Download<'_> {
    /// One table by one aliased RESTORE: a failing job with several of them can remove live tables.
    pub async fn table(&self, table: &str) -> Result<(), RunError> {
        let Recovery { job, session, .. } = self.recovery;
        let before = job.patiently(PATIENCE, || restore_row(session)).await?;
        let before = before.map(|row| row.job_id);
        let ours = |row: &RestoreJobRow| {
            row.label == self.label.as_str() && Some(&row.job_id) != before.as_ref()
        };
        let mut sent = 0;
        loop {
            let unseen = self.submit(table, &ours).await?;
            sent += 1;
            match self.wait(table, &ours, unseen).await {
                Err(RunError::Unseen(reason)) if sent < SUBMISSIONS => {
                    job.journal.finding(format!("{reason}: sent again"), None)
                }
                ended => return ended,
            }
        }
    }

    /// Whatever comes back other than OK, the job is looked for before anything is sent again. Tells how long it may be nowhere to be seen.
    async fn submit(
        &self,
        table: &str,
        ours: &(impl Fn(&RestoreJobRow) -> bool + Sync),
    ) -> Result<Duration, RunError> {
        let Recovery {
            job,
            session,
            order,
            ..
        } = self.recovery;
        let (ops, alias) = (DatabaseName::ops(), Ops::recovered_name(table));
        let name = TableName::parse(table).expect("a fixed name is a name");
        let statement = sql::restore(&sql::RestoreTable {
            database: &ops,
            label: self.label,
            repository: &order.repository,
            snapshot: self.timestamp,
            table: &name,
            partitions: None,
            alias: &alias,
            replication_num: self.replicas,
            timeout: job.tuning.restore_timeout,
        });
        let send = || async {
            let Err(error) = session.execute(&statement).await else {
                return Ok(UNSEEN);
            };
            if error.class == ErrorClass::Lost {
                return Ok(UNSEEN_WHEN_LOST);
            }
            if restore_row(session).await?.is_some_and(|row| ours(&row)) {
                return Ok(UNSEEN);
            }
            Err(error.into())
        };
        job.patiently(PATIENCE, send).await
    }

    async fn wait(
        &self,
        table: &str,
        ours: &(impl Fn(&RestoreJobRow) -> bool + Sync),
        unseen: Duration,
    ) -> Result<(), RunError> {
        let Recovery { job, session, .. } = self.recovery;
        let limit = job.tuning.restore_timeout;
        let start = Instant::now();
        let mut missed: Option<Instant> = None;
        let what = || format!("restore of ops.{table} from `{}`", self.label);
        loop {
            match restore_row(session).await {
                Ok(Some(row)) if ours(&row) => {
                    missed = None;
                    match row.state {
                        RestoreState::Finished => return Ok(()),
                        RestoreState::Cancelled => {
                            let reason = row.status.message().to_owned();
                            let class = StatementError::refused(0, &reason).class;
                            return Err(RunError::ServerCancelled {
                                what: what(),
                                reason,
                                class,
                            });
                        }
                        state => job.journal.progress(0, 0, format!("{state:?}")),
                    }
                }
                Ok(_) if missed.get_or_insert_with(Instant::now).elapsed() > unseen => {
                    return Err(RunError::Unseen(format!(
                        "SHOW RESTORE FROM `ops` does not know the {}",
                        what()
                    )));
                }
                Ok(_) => {}
                Err(error) => job.journal.waiting(&error.to_string()),
            }
            if start.elapsed() > limit + UNSEEN {
                return Err(RunError::TimedOut {
                    what: what(),
                    limit,
                });
            }
            job.pause(job.tuning.poll_interval).await?;
        }
    }
}
