//! A BACKUP that the cluster has, from the cut to the proof: the part of the line that adoption shares.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::line::STEPS;
use crate::catalog::{Inventory, Manifest, TableState};
use crate::names::{DatabaseName, Label, RepositoryName, TableName};
use crate::plan::backup::Forced;
use crate::plan::settle::{SecondLook, came, settle, torn};
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
    /// `None` where the look comes long after the cut, and tables with it.
    pub new_tables: Option<NewTables<'a>>,
}

/// What to do about tables that come while the backup is taken.
#[derive(Debug, Clone, Copy)]
pub struct NewTables<'a> {
    pub inventory: &'a Inventory,
    /// Of the first look.
    pub seen: &'a BTreeSet<TableName>,
    /// Where they come faster than backups are taken, they are told of in the end.
    pub take_again: bool,
}

impl NewTables<'_> {
    /// What must be forced into a new attempt, with what else must be.
    pub fn add_to(
        self,
        moved: &mut Forced,
        job: &Job,
        database: &DatabaseName,
        after: &SecondLook,
    ) {
        let is_of_group = |table: &TableName| self.inventory.names(database, table);
        let came = came(self.seen, is_of_group, after);
        if self.take_again {
            moved.extend(came.into_iter().map(|table| (table, BTreeSet::new())));
        } else if !came.is_empty() {
            let names: Vec<&str> = came.iter().map(TableName::as_str).collect();
            let text = format!(
                "tables that came to {database} while the backup was taken are not in it: {}",
                names.join(", ")
            );
            let help = "the next backup takes them; a table that is always replaced by a new one is best left out of ops.table_inventory";
            job.journal.finding(text, Some(help.to_owned()));
        }
    }
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
        let mut moved = self.moved(&after);
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
                moved = self.moved(&after);
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

    fn moved(&self, after: &SecondLook) -> Forced {
        let mut moved = torn(&self.manifest, self.baseline, after);
        if let Some(new) = self.new_tables {
            new.add_to(&mut moved, self.job, self.database, after);
        }
        moved
    }

    async fn look_again(&self) -> Result<SecondLook, RunError> {
        let look = || async {
            Ok(read_second_look(self.session, self.database, self.latest_alter).await?)
        };
        self.job.patiently(self.timeout, look).await
    }
}
