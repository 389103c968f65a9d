//! One table by one aliased RESTORE: sent once, recognised by its job id, waited for.

use tokio::time::Instant;

use super::builder::{Announced, Builder, PATIENCE, UNSEEN};
use super::proof::{Proof, lost_proof};
use crate::names::{DatabaseName, Label, TableName};
use crate::plan::restore::Step;
use crate::run::error::{Refused, RunError};
use crate::run::restore::RestoreContext;
use crate::starrocks::{ErrorClass, RestoreJobRow, RestoreState, StatementError, query, sql};

/// A RESTORE that left no trace is sent so many times.
const SUBMISSIONS: u32 = 3;

impl Builder<'_> {
    pub(super) async fn download(
        &self,
        step: &Step,
        alias: &TableName,
        proof: &Proof,
        announced: Announced,
    ) -> Result<(), RunError> {
        let Proof::LastRestore { job_id: before } = proof else {
            return Err(lost_proof(step));
        };
        let Step::Download { label, .. } = step else {
            return Err(lost_proof(step));
        };
        // The one row that would tell may be another job's by now. A table that came just now is somebody's, and no sign of ours.
        let look = || self.is_readable(alias);
        if announced == Announced::Earlier && self.job.patiently(PATIENCE, look).await? {
            return Ok(());
        }
        let ours = |row: &RestoreJobRow| {
            row.label == label.as_str() && (row.job_id != *before || !row.state.is_over())
        };
        let mut sent = 0;
        loop {
            let row = self.job.patiently(PATIENCE, || self.restore_row()).await?;
            if !row.is_some_and(|row| ours(&row)) {
                self.submit(step, &ours).await?;
                sent += 1;
            }
            match self.wait_for_restore(label, alias, &ours).await {
                Err(RunError::Unseen(reason)) if sent < SUBMISSIONS => self
                    .job
                    .journal
                    .finding(format!("{reason}: sent again"), None),
                ended => return ended,
            }
        }
    }

    async fn submit(
        &self,
        step: &Step,
        ours: &(impl Fn(&RestoreJobRow) -> bool + Sync),
    ) -> Result<(), RunError> {
        let Step::Download {
            table,
            label,
            snapshot,
            partitions,
            download_as,
            replication_num,
        } = step
        else {
            return Err(lost_proof(step));
        };
        let RestoreContext {
            database,
            repository,
            ..
        } = self.context;
        // RESTORE itself creates a missing database from 3.4 on, and fails before. Where it exists nothing is sent: even IF NOT EXISTS is
        // denied without CREATE DATABASE on the catalog (`sql/analyzer/AuthorizerStmtVisitor.java`).
        if self
            .job
            .patiently(PATIENCE, || self.is_database_missing())
            .await?
        {
            self.repeat(&sql::create_database(database)).await?;
        }
        let statement = sql::restore(&sql::RestoreTable {
            database,
            label,
            repository,
            snapshot,
            table,
            partitions: partitions.as_deref(),
            alias: download_as,
            replication_num: *replication_num,
            timeout: self.job.tuning.restore_timeout,
        });
        self.job
            .patiently(self.job.tuning.restore_timeout, || async {
                let Err(error) = self.session.execute(&statement).await else {
                    return Ok(());
                };
                // Refused or lost: it may have been sent twice on the way. Look before anything is sent again.
                if error.class == ErrorClass::Lost
                    || self.restore_row().await?.is_some_and(|row| ours(&row))
                {
                    return Ok(());
                }
                Err(error.into())
            })
            .await
    }

    async fn wait_for_restore(
        &self,
        label: &Label,
        alias: &TableName,
        ours: &(impl Fn(&RestoreJobRow) -> bool + Sync),
    ) -> Result<(), RunError> {
        let limit = self.job.tuning.restore_timeout;
        let start = Instant::now();
        let mut unseen: Option<Instant> = None;
        let mut over: Option<Instant> = None;
        loop {
            match self.restore_row().await {
                Ok(Some(row)) if ours(&row) => {
                    unseen = None;
                    if self.is_over(&row, label)? {
                        if self.is_readable(alias).await? {
                            return Ok(());
                        }
                        // Readable from the moment that the job is over; another frontend may show it a little later.
                        if over.get_or_insert_with(Instant::now).elapsed() > UNSEEN {
                            return Err(dropped(&self.context.database, alias));
                        }
                    }
                }
                Ok(_) if unseen.get_or_insert_with(Instant::now).elapsed() > UNSEEN => {
                    // Another job of the database has taken the one row there is: the table itself must tell.
                    return if self.is_readable(alias).await? {
                        Ok(())
                    } else {
                        Err(unseen_restore(label, &self.context.database))
                    };
                }
                Ok(_) => {}
                Err(error) => self.job.journal.waiting(&error.to_string()),
            }
            if start.elapsed() > limit + UNSEEN {
                return Err(RunError::TimedOut {
                    what: format!("restore of `{label}`"),
                    limit,
                });
            }
            self.job.pause(self.job.tuning.poll_interval).await?;
        }
    }

    fn is_over(&self, row: &RestoreJobRow, label: &Label) -> Result<bool, RunError> {
        let tasks = u64::try_from(row.unfinished_tasks).unwrap_or(u64::MAX);
        self.job
            .journal
            .progress(0, 0, format!("{:?}, {tasks} tasks left", row.state));
        if let Some(error) = &row.task_error {
            self.job
                .journal
                .waiting(&format!("a task of the restore reports: {error}"));
        }
        match row.state {
            RestoreState::Finished => Ok(true),
            RestoreState::Cancelled => {
                let reason = row.status.message().to_owned();
                let class = StatementError::refused(0, &reason).class;
                Err(RunError::ServerCancelled {
                    what: format!("restore of `{label}`"),
                    reason,
                    class,
                })
            }
            _ => Ok(false),
        }
    }

    /// The database's one row, if it is a RESTORE's. Rows of external catalogs have another DbName (`qe/ShowExecutor.java`).
    pub async fn restore_row(&self) -> Result<Option<RestoreJobRow>, RunError> {
        let database = &self.context.database;
        let set = match query(self.session.as_ref(), &sql::show_restore(database)).await {
            Err(error) if error.is_unknown_database() => return Ok(None),
            answer => answer?,
        };
        let row = set.rows().find(|row| {
            row.optional("DbName")
                .is_none_or(|name| name == database.as_str())
        });
        Ok(row.map(|row| RestoreJobRow::read(&row)).transpose()?)
    }

    async fn is_database_missing(&self) -> Result<bool, RunError> {
        let statement = sql::show_restore(&self.context.database);
        match query(self.session.as_ref(), &statement).await {
            Ok(_) => Ok(false),
            Err(error) if error.is_unknown_database() => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Visible but not readable (5014) until the RESTORE that makes it is over.
    async fn is_readable(&self, table: &TableName) -> Result<bool, RunError> {
        let statement = format!(
            "SELECT 1 FROM `{}`.`{table}` LIMIT 1",
            self.context.database
        );
        match query(self.session.as_ref(), &statement).await {
            Ok(_) => Ok(true),
            Err(error)
                if error.is_unknown_table()
                    || error.is_unknown_database()
                    || error.is_bad_table_state() =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn dropped(database: &DatabaseName, alias: &TableName) -> RunError {
    Refused::not_possible(
        format!("table {database}.{alias} was restored, and is gone or cannot be read: somebody dropped or renamed it"),
        "ask for the restore again",
    )
    .into()
}

fn unseen_restore(label: &Label, database: &DatabaseName) -> RunError {
    RunError::Unseen(format!(
        "SHOW RESTORE FROM `{database}` does not know the restore of `{label}`, and its table is not there"
    ))
}
