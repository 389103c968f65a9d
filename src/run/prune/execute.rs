//! A plan, carried out under the database's slot: mark, drop, forget.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::Place;
use crate::catalog::{BackupRecord, count};
use crate::names::{DatabaseName, GroupName, JobId, Label, RepositoryName};
use crate::ops::{Ops, Reservation, Scope, SlotClaim, SlotEnd};
use crate::plan::label::prune_label;
use crate::plan::retention::{DatabaseRetention, Deed, Going, Keeping, WhyGoes, WhyStays};
use crate::run::error::{Refused, Retry, RunError};
use crate::run::job::{Job, JobStop};
use crate::run::slots::hold;
use crate::starrocks::Session;
use crate::starrocks::sql::{self, DropSnapshot};

/// What the next life of the daemon must know to finish a prune: kept in the slot's row. Which labels had been let go is written in their
/// own rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PruneContext {
    /// The job; also what tells this from the context of a backup, whose scope and word in `ops.run_status` it shares.
    pub prune: JobId,
    pub group: GroupName,
    pub database: DatabaseName,
    pub repository: RepositoryName,
}

impl PruneContext {
    /// `None`: the slot is a backup's.
    pub fn read(context: &str) -> Option<PruneContext> {
        serde_json::from_str(context).ok() // no error: the context of another kind of job
    }
}

/// How long a prune waits for the database's slot, or for a cluster that does not answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How long the end of a prune is insisted on being written.
const RECORDING: Duration = Duration::from_secs(600);

/// What came of one database.
#[derive(Debug, Default)]
pub(super) struct Done {
    dropped: usize,
    forgotten: usize,
    /// Expired, and still in the repository.
    waiting: usize,
    stays: usize,
    untouched: Option<String>,
}

impl std::fmt::Display for Done {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(reason) = &self.untouched {
            return write!(out, "nothing is touched: {reason}");
        }
        write!(
            out,
            "{} dropped, {} forgotten, {} stay",
            self.dropped, self.forgotten, self.stays
        )?;
        match self.waiting {
            0 => Ok(()),
            waiting => write!(out, ", {waiting} expired and still in the repository"),
        }
    }
}

/// One database's backups in one repository, by one group's rules.
pub(super) struct Prune<'a> {
    pub session: &'a Session,
    pub ops: &'a Ops,
    pub keeping: &'a Keeping,
    pub database: &'a DatabaseName,
    pub repository: &'a RepositoryName,
}

impl Prune<'_> {
    pub async fn run(
        &self,
        job: &Job,
        shown: Option<&DatabaseRetention>,
    ) -> Result<Done, RunError> {
        let _place = job
            .databases
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let job = &Job {
            journal: job.journal.of_database(self.database),
            slot_lost: Arc::default(),
            ..job.clone()
        };
        let context = PruneContext {
            prune: job.id.clone(),
            group: self.keeping.group.clone(),
            database: self.database.clone(),
            repository: self.repository.clone(),
        };
        let claim = SlotClaim {
            scope: Scope::Backup,
            label: &prune_label(&job.id, self.database),
            database: self.database,
            owner: &job.owner,
            job: &job.id,
            context: serde_json::to_string(&context).expect("a context is JSON"),
        };
        let (slot, _beating) = hold(job, self.session, self.ops, &claim, PATIENCE).await?;
        self.under(&slot, job, shown).await
    }

    /// With the slot, which is released in the end; only a detach leaves it to the next life.
    pub async fn under(
        &self,
        slot: &Reservation,
        job: &Job,
        shown: Option<&DatabaseRetention>,
    ) -> Result<Done, RunError> {
        let done = self.plan_and_carry_out(job, shown).await;
        let end = match &done {
            Ok(_) => SlotEnd::Finished,
            Err(RunError::Stopped(JobStop::Detach)) => return done,
            Err(RunError::Stopped(_)) => SlotEnd::Cancelled,
            Err(_) => SlotEnd::Failed,
        };
        job.insist(RECORDING, || async {
            Ok(self.ops.release(slot, end, job.now()).await?)
        })
        .await?;
        done
    }

    async fn plan_and_carry_out(
        &self,
        job: &Job,
        shown: Option<&DatabaseRetention>,
    ) -> Result<Done, RunError> {
        let place = Place {
            session: self.session,
            ops: self.ops,
            database: self.database,
            repository: self.repository,
        };
        let plan = job
            .patiently(PATIENCE, || place.plan(self.keeping, job.now()))
            .await?;
        if shown.is_some_and(|shown| !shown.does_the_same(&plan)) {
            return Err(self
                .moved("since the plan was shown, what may go is not the same any more")
                .into());
        }
        self.tell_of_time_to_live(job, &plan);
        self.mark(job, &plan).await?;
        let mut done = Done {
            stays: plan.stays.len(),
            untouched: plan.untouched.clone(),
            ..Done::default()
        };
        let asked = if shown.is_some() {
            Asked::ByAPerson
        } else {
            Asked::ByARun
        };
        self.carry_out(job, &place, &plan, asked, &mut done).await?;
        if !plan.goes.is_empty() || plan.untouched.is_some() {
            job.journal.step(1, 0, format!("retention: {done}"));
        }
        Ok(done)
    }

    /// A pin that came meanwhile wins: it is written before its writer looks for marks, and marks are written before pins are looked for.
    async fn mark(&self, job: &Job, plan: &DatabaseRetention) -> Result<(), RunError> {
        let new = new_marks(&plan.goes);
        if new.is_empty() {
            return Ok(());
        }
        let now = job.now();
        job.patiently(PATIENCE, || async {
            Ok(self.ops.mark_expired(&new, now).await?)
        })
        .await?;
        let look = || async {
            // Counts the slots, and with it waits until what other frontends wrote is seen.
            self.ops.held_slots().await?;
            Ok(self.ops.backups_of_database(self.database).await?)
        };
        let records = job.patiently(PATIENCE, look).await?;
        let marked: BTreeSet<&Label> = new.iter().collect();
        let pinned = records.iter().find(|record| {
            record.pin.as_ref().is_some_and(|pin| pin.holds(now))
                && chain_of(record, &records).any(|link| marked.contains(&link.label))
        });
        let Some(pinned) = pinned else {
            return Ok(());
        };
        let label = pinned.label.clone();
        job.insist(RECORDING, || async {
            Ok(self.ops.unmark_expired(&new).await?)
        })
        .await?;
        Err(self
            .moved(&format!("`{label}` was pinned meanwhile"))
            .into())
    }

    fn moved(&self, what: &str) -> Refused {
        Refused::not_possible(
            format!("nothing of {} was let go: {what}", self.database),
            format!(
                "look at a new plan: `brctl prune --group {} --plan`",
                self.keeping.group
            ),
        )
    }

    async fn carry_out(
        &self,
        job: &Job,
        place: &Place<'_>,
        plan: &DatabaseRetention,
        asked: Asked,
        done: &mut Done,
    ) -> Result<(), RunError> {
        let records = job
            .patiently(PATIENCE, || async {
                Ok(self.ops.backups_of_database(self.database).await?)
            })
            .await?;
        // What is still on record was compared with these: they stay on record as well.
        let mut needed: BTreeSet<&Label> = BTreeSet::new();
        let mut by_hand: Vec<String> = Vec::new();
        for (at, going) in plan.goes.iter().enumerate() {
            let removed = match job.check_stop() {
                Ok(()) if needed.contains(&going.label) => Ok(false),
                Ok(()) => self.remove(job, place, going).await,
                Err(stopped) => {
                    self.take_back(job, &stopped, &plan.goes[at..]).await?;
                    return Err(stopped);
                }
            };
            match removed {
                Ok(true) if going.deed == Deed::Forget => done.forgotten += 1,
                Ok(true) => done.dropped += 1,
                Ok(false) => {
                    done.waiting += 1;
                    by_hand.extend(going.directory.clone());
                    let record = records.iter().find(|record| record.label == going.label);
                    needed.extend(record.and_then(|record| record.baseline.as_ref()));
                }
                Err(error) => {
                    self.take_back(job, &error, &plan.goes[at + 1..]).await?;
                    return Err(error);
                }
            }
        }
        if !by_hand.is_empty() {
            match asked {
                Asked::ByAPerson => self.name_directories(job, &by_hand),
                Asked::ByARun => self.count_directories(job, by_hand.len()),
            }
        }
        Ok(())
    }

    /// True: nothing of it is left, in the repository or on record.
    async fn remove(&self, job: &Job, place: &Place<'_>, going: &Going) -> Result<bool, RunError> {
        let gone = match going.deed {
            Deed::Mark | Deed::Await => false,
            Deed::Forget => true,
            Deed::Drop => self.drop(job, place, going, DropSnapshot::Whole).await?,
            Deed::DropForce => self.drop(job, place, going, DropSnapshot::Leftover).await?,
        };
        if gone {
            job.insist(RECORDING, || async {
                Ok(self.ops.forget_backup(&going.label).await?)
            })
            .await?;
        }
        Ok(gone)
    }

    /// True: it is gone from the repository, whoever deleted it.
    async fn drop(
        &self,
        job: &Job,
        place: &Place<'_>,
        going: &Going,
        what: DropSnapshot,
    ) -> Result<bool, RunError> {
        let statement = sql::drop_snapshot(self.repository, &going.label, what);
        let attempt = || async {
            let dropped = self.session.execute(&statement).await;
            // The repository decides, whatever the statement answered: its answer may be lost, or it may have been sent before.
            if !place.is_there(&going.label).await? {
                return Ok(None);
            }
            match dropped {
                Err(error) if RunError::from(error.clone()).retry() == Retry::Later => {
                    Err(error.into())
                }
                Err(error) => Ok(Some(error.to_string())),
                Ok(_) => Ok(Some(
                    "DROP SNAPSHOT was accepted, and its directory is still there".to_owned(),
                )),
            }
        };
        let refused = job.patiently(PATIENCE, attempt).await?;
        if let Some(reason) = &refused {
            let text = format!("snapshot {} was not dropped: {reason}", going.label);
            job.journal.finding(text, None);
        }
        Ok(refused.is_none())
    }

    /// After a cancel, what was marked by this run and not begun is a recovery point again. After anything else it goes with the next prune.
    async fn take_back(&self, job: &Job, why: &RunError, rest: &[Going]) -> Result<(), RunError> {
        if !matches!(why, RunError::Stopped(JobStop::Cancel)) {
            return Ok(());
        }
        let labels = new_marks(rest);
        job.insist(RECORDING, || async {
            Ok(self.ops.unmark_expired(&labels).await?)
        })
        .await
    }

    fn tell_of_time_to_live(&self, job: &Job, plan: &DatabaseRetention) {
        for staying in &plan.stays {
            let expires = |why: &&WhyStays| matches!(why, WhyStays::ExpiresByItself(_));
            if let Some(why) = staying.why.iter().find(expires) {
                let text = format!("backup {} is no baseline: {why}", staying.label);
                let help = "make backups without a `ttl`; retention by keep keys never takes a link from a chain";
                job.journal.finding(text, Some(help.to_owned()));
            }
        }
    }

    fn name_directories(&self, job: &Job, directories: &[String]) {
        let text = format!(
            "{}; delete in its storage: {}",
            self.still_there(directories.len()),
            directories.join(" ")
        );
        let help = format!(
            "then run `brctl prune --group {} --yes`, which sees that they are gone and forgets them",
            self.keeping.group
        );
        job.journal.finding(text, Some(help));
    }

    /// After each run anew, and more each time: who reads it wants to know where they are listed.
    fn count_directories(&self, job: &Job, number: usize) {
        let group = &self.keeping.group;
        let help = format!(
            "`brctl prune --group {group} --plan` lists the directories; once they are deleted, `brctl prune --group {group} --yes` forgets them"
        );
        job.journal.finding(self.still_there(number), Some(help));
    }

    fn still_there(&self, number: usize) -> String {
        let verb = if number == 1 { "is" } else { "are" };
        format!(
            "{} of {} {verb} still in the repository",
            count(number, "expired snapshot"),
            self.database
        )
    }
}

/// Who began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    ByAPerson,
    ByARun,
}

fn new_marks(goes: &[Going]) -> Vec<Label> {
    goes.iter()
        .filter(|going| !matches!(going.why, WhyGoes::Expired(_)))
        .map(|going| going.label.clone())
        .collect()
}

/// The record and every link below it that is on record.
fn chain_of<'a>(
    record: &'a BackupRecord,
    records: &'a [BackupRecord],
) -> impl Iterator<Item = &'a BackupRecord> {
    let below = |link: &&'a BackupRecord| {
        let baseline = link.baseline.as_ref()?;
        records.iter().find(|record| record.label == *baseline)
    };
    // No chain is longer than all there is, whatever circle was written into it.
    std::iter::successors(Some(record), below).take(records.len())
}
