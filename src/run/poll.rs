//! Watching a job of the cluster without ever believing that silence is an answer.
//!
//! SHOW BACKUP remembers the last job of a database only, and a RESTORE pushes it out; so a row that is missing is looked for in the
//! repository, and only a job that is in neither place for a while is given up.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::confirm::{SnapshotFound, snapshot};
use super::error::RunError;
use super::job::Job;
use crate::names::{DatabaseName, Label, RepositoryName};
use crate::starrocks::{
    BackupJobRow, BackupState, ErrorClass, JobStatus, Session, StatementError, query, sql,
};

/// How long a job that was accepted may be nowhere to be seen.
pub const UNSEEN: Duration = Duration::from_secs(30);

/// The same for one whose answer was lost: it may still wait for the cluster's submission lock (10 s, `backup/BackupHandler.java`) and the
/// listing of the repository, which has no bound.
pub const UNSEEN_WHEN_LOST: Duration = Duration::from_secs(300);

/// Beyond the job's own timeout, which the cluster keeps: so that its verdict is seen rather than ours given.
const GRACE: Duration = Duration::from_secs(300);

/// So many looks in a row at a job that cannot go on: a minute at the pace of StarRocks, in which the old leader may come back.
const STRANDED_LOOKS: u32 = 20;

/// One running BACKUP of ours.
pub struct BackupWatch<'a> {
    pub job: &'a Job,
    pub session: &'a Session,
    pub database: &'a DatabaseName,
    pub repository: &'a RepositoryName,
    pub label: &'a Label,
    pub timeout: Duration,
    unseen: Duration,
    deadline: Instant,
    task_error: Option<String>,
    cut: Option<Cut>,
    stranded: u32,
}

/// Which job's snapshots were done, and when: taken again, they are another job's (`backup/BackupJob.java`, prepareAndSendSnapshotTask).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    job: String,
    finished: Option<DateTime<Utc>>,
}

/// Where the job was found.
enum Seen {
    Row(BackupJobRow),
    /// Not in SHOW BACKUP any more, and complete in the repository.
    Complete,
    Nowhere,
}

impl<'a> BackupWatch<'a> {
    pub fn new(
        job: &'a Job,
        session: &'a Session,
        database: &'a DatabaseName,
        repository: &'a RepositoryName,
        label: &'a Label,
        timeout: Duration,
        unseen: Duration,
    ) -> BackupWatch<'a> {
        let now = Instant::now();
        BackupWatch {
            job,
            session,
            database,
            repository,
            label,
            timeout,
            unseen,
            deadline: now + timeout + GRACE,
            task_error: None,
            cut: None,
            stranded: 0,
        }
    }

    /// The cut as it was last seen. A new leader takes it again, unless the old one had written down that it was done
    /// (`backup/BackupJob.java`, replayRun). `None`: the job was not there to be asked any more.
    pub fn cut(&self) -> Option<Cut> {
        self.cut.clone()
    }

    /// Until the cut is behind us: whatever loads do from now on is not in the snapshot.
    pub async fn until_cut(&mut self) -> Result<(), RunError> {
        self.until(|row| row.snapshot_finished.is_some()).await
    }

    pub async fn until_finished(&mut self) -> Result<(), RunError> {
        self.until(|row| row.state == BackupState::Finished).await
    }

    async fn until(&mut self, reached: impl Fn(&BackupJobRow) -> bool) -> Result<(), RunError> {
        let mut unseen: Option<Instant> = None;
        loop {
            match self.look().await {
                Ok(Seen::Complete) => {
                    self.cut = None;
                    return Ok(());
                }
                Ok(Seen::Row(row)) => {
                    unseen = None;
                    if row.state == BackupState::Cancelled {
                        return Err(self.cancelled(&row.status));
                    }
                    self.tell(&row);
                    self.prove_not_stranded(&row)?;
                    self.cut = Some(Cut {
                        job: row.job_id.clone(),
                        finished: row.snapshot_finished,
                    });
                    if reached(&row) || row.state == BackupState::Finished {
                        return Ok(());
                    }
                }
                Ok(Seen::Nowhere)
                    if unseen.get_or_insert_with(Instant::now).elapsed() > self.unseen =>
                {
                    return Err(self.lost());
                }
                Ok(Seen::Nowhere) => {}
                // The cluster's job goes on whether or not we can see it.
                Err(error) => self.job.journal.waiting(&error.to_string()),
            }
            if Instant::now() > self.deadline {
                return Err(RunError::TimedOut {
                    what: format!("backup `{}`", self.label),
                    limit: self.timeout,
                });
            }
            self.job.pause(self.job.tuning.poll_interval).await?;
        }
    }

    async fn look(&self) -> Result<Seen, RunError> {
        if let Some(row) = backup_row(self.session, self.database, self.label).await? {
            return Ok(Seen::Row(row));
        }
        Ok(
            match snapshot(self.session, self.repository, self.label).await? {
                SnapshotFound::Ok(_) => Seen::Complete,
                SnapshotFound::No => Seen::Nowhere,
            },
        )
    }

    fn tell(&mut self, row: &BackupJobRow) {
        let text = match &row.state {
            BackupState::Unknown(word) => word.clone(),
            state => format!("{state:?}"),
        };
        let tasks = u64::try_from(row.unfinished_tasks).unwrap_or(u64::MAX);
        self.job
            .journal
            .progress(0, 0, format!("{text}, {tasks} tasks left"));
        // A task's error never fails the job: the cluster retries it silently until the timeout.
        if row.task_error != self.task_error {
            self.task_error.clone_from(&row.task_error);
            if let Some(error) = row
                .task_error
                .as_ref()
                .filter(|_| row.state != BackupState::Finished)
            {
                self.job.journal.finding(
                    format!("a task of backup `{}` reports: {error}", self.label),
                    Some("the cluster retries it until the job's timeout; if the text stays, look at the backend it names".to_owned()),
                );
            }
        }
    }

    /// What is left to upload lies on the host that led when it was written. Another leader says so at every visit until the job's timeout,
    /// and can do nothing about it (`backup/BackupJob.java`, validateLocalFile).
    fn prove_not_stranded(&mut self, row: &BackupJobRow) -> Result<(), RunError> {
        if row.state != BackupState::UploadInfo || !row.status.is_file_missing() {
            self.stranded = 0;
            return Ok(());
        }
        self.stranded += 1;
        if self.stranded < STRANDED_LOOKS {
            return Ok(());
        }
        Err(RunError::Stranded {
            label: self.label.clone(),
            reason: row.status.message().to_owned(),
        })
    }

    fn cancelled(&self, status: &JobStatus) -> RunError {
        let reason = status.message().to_owned();
        if status.0.contains("[TIMEOUT") {
            return RunError::TimedOut {
                what: format!("backup `{}`", self.label),
                limit: self.timeout,
            };
        }
        let class = if status.is_not_found() {
            ErrorClass::Replan
        } else {
            StatementError::refused(0, &reason).class
        };
        RunError::ServerCancelled {
            what: format!("backup `{}`", self.label),
            reason,
            class,
        }
    }

    fn lost(&self) -> RunError {
        RunError::Unseen(format!(
            "neither SHOW BACKUP FROM `{}` nor repository `{}` knows backup `{}`: the statement never took effect, or another job of the \
             database replaced it before it was complete",
            self.database, self.repository, self.label
        ))
    }
}

/// Our job's row, whatever other rows there are: an external catalog's job is appended to every answer (`qe/ShowExecutor.java`).
pub async fn backup_row(
    session: &Session,
    database: &DatabaseName,
    label: &Label,
) -> Result<Option<BackupJobRow>, RunError> {
    let set = match query(session.as_ref(), &sql::show_backup(database)).await {
        Err(error) if error.is_unknown_database() => return Ok(None),
        answer => answer?,
    };
    let rows = set
        .rows()
        .map(|row| BackupJobRow::read(&row))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(rows.into_iter().find(|row| row.label == label.as_str()))
}

/// Ends our BACKUP if it still runs. Somebody else's is left alone.
pub async fn cancel_backup(
    job: &Job,
    session: &Session,
    database: &DatabaseName,
    label: &Label,
) -> Result<(), RunError> {
    let running = |row: &BackupJobRow| !row.state.is_over();
    if !backup_row(session, database, label)
        .await?
        .is_some_and(|row| running(&row))
    {
        return Ok(());
    }
    match session.execute(&sql::cancel_backup(database)).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let still = backup_row(session, database, label)
                .await?
                .is_some_and(|row| running(&row));
            let error = RunError::from(error);
            if still {
                return Err(error);
            }
            job.journal
                .waiting(&format!("cancelling backup `{label}`: {error}"));
            Ok(())
        }
    }
}
