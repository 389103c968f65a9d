//! A BACKUP that the cluster has, from the cut to the proof: the part of the line that adoption shares.

use std::collections::BTreeMap;
use std::time::Duration;

use super::line::STEPS;
use crate::catalog::{Manifest, TableState};
use crate::names::{DatabaseName, Label, RepositoryName, TableName};
use crate::plan::backup::Forced;
use crate::plan::settle::{SecondLook, settle, torn};
use crate::run::confirm::{ConfirmedSnapshot, confirm};
use crate::run::error::RunError;
use crate::run::job::Job;
use crate::run::poll::BackupWatch;
use crate::starrocks::{Session, read_second_look};

/// What came of a submitted BACKUP.
pub enum Taken {
    Whole(Box<Whole>),
    Torn(Forced),
}

pub struct Whole {
    pub planned: Manifest,
    pub settled: Manifest,
    pub snapshot: ConfirmedSnapshot,
}

/// One submitted BACKUP, and what its content is held against.
pub struct UnderWay<'a> {
    pub job: &'a Job,
    pub session: &'a Session,
    pub database: &'a DatabaseName,
    pub repository: &'a RepositoryName,
    pub label: &'a Label,
    pub timeout: Duration,
    /// How long the job may be nowhere to be seen.
    pub unseen: Duration,
    pub manifest: Manifest,
    pub latest_alter: u64,
    pub baseline: &'a BTreeMap<TableName, TableState>,
}

impl UnderWay<'_> {
    pub async fn see_through(self) -> Result<Taken, RunError> {
        let UnderWay {
            job,
            session,
            database,
            repository,
            label,
            timeout,
            unseen,
            ..
        } = self;
        let mut watch =
            BackupWatch::new(job, session, database, repository, label, timeout, unseen);
        job.journal.step(5, STEPS, "wait for the cut");
        watch.until_cut().await?;
        let cut = watch.cut();
        let mut after = self.look_again().await?;
        let mut moved = torn(&self.manifest, self.baseline, &after);
        if moved.is_empty() {
            job.journal.step(6, STEPS, "wait for the upload");
            watch.until_finished().await?;
            // A new leader has taken the cut again: what was looked at lies before it.
            if cut != watch.cut() {
                let text = format!(
                    "backup `{label}` may have got another cut than the one that was seen: looked at the tables again"
                );
                job.journal.finding(text, None);
                after = self.look_again().await?;
                moved = torn(&self.manifest, self.baseline, &after);
            }
        }
        if !moved.is_empty() {
            return Ok(Taken::Torn(moved));
        }
        job.journal.step(7, STEPS, "confirm and record");
        let snapshot = job
            .patiently(timeout, || confirm(session, repository, label))
            .await?;
        let settled = settle(&self.manifest, &after, &snapshot.content)?;
        Ok(Taken::Whole(Box::new(Whole {
            planned: self.manifest,
            settled,
            snapshot,
        })))
    }

    async fn look_again(&self) -> Result<SecondLook, RunError> {
        let look = || async {
            Ok(read_second_look(self.session, self.database, self.latest_alter).await?)
        };
        self.job.patiently(self.timeout, look).await
    }
}
