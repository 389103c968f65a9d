//! A recovery, from top to bottom, and how it goes on after a kill.

use std::time::Duration;

use super::check::{Report, check};
use super::context::{RecoverContext, RecoverOrder, Source};
use super::prove::{Memory, look, open_mirror, prove};
use super::snapshot::{self, Found};
use super::{details, mirror};
use crate::names::DatabaseName;
use crate::ops::{HeldSlot, Ops, Reservation, Scope, SlotClaim, SlotEnd};
use crate::plan::label::recover_label;
use crate::run::error::{Refused, RunError};
use crate::run::group::Outcome;
use crate::run::job::{Job, JobStop};
use crate::run::preflight::backends;
use crate::run::slots::{Heartbeat, beat, hold};
use crate::starrocks::Session;

/// How long a step waits for a cluster that does not answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How long is insisted on what must not stay half done.
const INSISTING: Duration = Duration::from_secs(600);

/// Steps that a person sees.
pub(super) const STEPS: u32 = 5;

/// One recovery, and what it works with.
pub(super) struct Recovery<'a> {
    pub job: &'a Job,
    pub session: &'a Session,
    pub ops: &'a Ops,
    pub order: &'a RecoverOrder,
}

pub async fn recover(job: &Job, order: &RecoverOrder) -> Outcome {
    let session = job.cluster.session();
    let recovered = async {
        let open = || async { Ok(Ops::open(session.clone()).await?) };
        let ops = job.patiently(PATIENCE, open).await?;
        let recovery = Recovery {
            job,
            session: &session,
            ops: &ops,
            order,
        };
        recovery.run().await
    };
    match recovered.await {
        Ok((source, report)) => report.outcome(&source),
        Err(error) => Outcome::of(&error),
    }
}

impl Recovery<'_> {
    async fn run(&self) -> Result<(Source, Report), RunError> {
        let Recovery {
            job,
            session,
            ops,
            order,
        } = self;
        job.journal
            .step(1, STEPS, "look for what this cluster knows");
        let own_mirror = job.safekeeping.mirror();
        job.patiently(PATIENCE, || prove(session, order, own_mirror))
            .await?;
        let memory = job
            .patiently(PATIENCE, || look(ops, &order.repository))
            .await?;
        match memory {
            Memory::Recovered(context) => {
                job.journal.finding(
                    format!(
                        "ops was recovered already, from {}: only looked at once more",
                        context.source
                    ),
                    None,
                );
                Ok((context.source, self.check().await?))
            }
            Memory::Unfinished { mut context, slot } => {
                // The one that it was begun from may be gone, or cut off.
                if let (Source::Mirror(path), Some(other)) = (&mut context.source, &order.mirror) {
                    path.clone_from(other);
                }
                job.journal
                    .finding("a recovery that was begun before is gone on with", None);
                let (reservation, _beating) = match slot {
                    Some(slot) => self.take_over(&slot).await?,
                    None => self.hold(&context).await?,
                };
                self.finish(&context, &reservation).await
            }
            Memory::Blank => self.begin().await,
        }
    }

    /// From the best source that can be used.
    async fn begin(&self) -> Result<(Source, Report), RunError> {
        let Recovery { job, order, .. } = self;
        let source = match &order.mirror {
            Some(path) => Source::Mirror(path.clone()),
            None => match snapshot::restore_newest(self).await? {
                Found::Restored(label) => Source::Snapshot(label),
                other => match (self.own_mirror(), other) {
                    (Some(mirror), _) => mirror,
                    (None, Found::NoneRestorable) => return Err(none_restorable().into()),
                    (None, _) => self.details_as_source().await?,
                },
            },
        };
        job.journal
            .step(3, STEPS, format!("bring ops back from {source}"));
        let context = RecoverContext {
            recover: job.id.clone(),
            repository: order.repository.clone(),
            source,
        };
        // The slots first: from here on there is a place to say that the rest is still to come.
        let (slot, _beating) = match &context.source {
            Source::Snapshot(_) => {
                job.insist(INSISTING, || self.place_slots()).await?;
                self.hold(&context).await?
            }
            Source::Mirror(_) | Source::Details => {
                job.patiently(PATIENCE, || self.initialise()).await?;
                self.hold(&context).await?
            }
        };
        self.finish(&context, &slot).await
    }

    /// What may run any number of times, until it is through.
    async fn finish(
        &self,
        context: &RecoverContext,
        slot: &Reservation,
    ) -> Result<(Source, Report), RunError> {
        let Recovery { job, ops, .. } = self;
        let done = self.bring(context).await;
        let end = match &done {
            Ok(_) => SlotEnd::Finished,
            // Its slot stays open for the next life.
            Err(RunError::Stopped(JobStop::Detach)) => {
                return Err(RunError::Stopped(JobStop::Detach));
            }
            Err(RunError::Stopped(_)) => SlotEnd::Cancelled,
            Err(_) => SlotEnd::Failed,
        };
        job.insist(INSISTING, || async {
            Ok(ops.release(slot, end, job.now()).await?)
        })
        .await?;
        done?;
        Ok((context.source.clone(), self.check().await?))
    }

    async fn bring(&self, context: &RecoverContext) -> Result<(), RunError> {
        let Recovery { job, .. } = self;
        match &context.source {
            Source::Snapshot(_) => job.insist(INSISTING, || self.place_all()).await?,
            Source::Mirror(path) => {
                let found = open_mirror(path)?;
                mirror::bring(self, &found).await?;
            }
            Source::Details => details::bring(self, &context.repository).await?,
        }
        job.insist(INSISTING, || self.initialise()).await?;
        if let Source::Snapshot(_) = &context.source {
            mirror::add_later(self).await?;
        }
        Ok(())
    }

    pub(super) async fn initialise(&self) -> Result<(), RunError> {
        let health = backends(self.session).await?;
        self.ops.initialise(health.backends_alive).await?;
        Ok(())
    }

    async fn place_slots(&self) -> Result<(), RunError> {
        self.prove_blank().await?;
        let [slots, ..] = Ops::in_order_of_recovery()[..] else {
            return Ok(());
        };
        self.ops.put_in_place(slots).await?;
        self.initialise().await
    }

    /// Nobody has written history meanwhile.
    async fn prove_blank(&self) -> Result<(), RunError> {
        if self.ops.history_size().await? == 0 {
            return Ok(());
        }
        Err(Refused::not_possible(
            "a backup or restore was recorded in ops while its tables were restored beside it",
            "pause what runs on this cluster, drop or rename the database `ops` if its history is worth nothing to you, and ask again",
        )
        .into())
    }

    async fn place_all(&self) -> Result<(), RunError> {
        for table in Ops::in_order_of_recovery() {
            self.ops.put_in_place(table).await?;
        }
        Ok(())
    }

    async fn hold(&self, context: &RecoverContext) -> Result<(Reservation, Heartbeat), RunError> {
        let Recovery {
            job, session, ops, ..
        } = self;
        let claim = SlotClaim {
            scope: Scope::Restore,
            label: &recover_label(&job.id),
            database: &DatabaseName::ops(),
            owner: &job.owner,
            job: &job.id,
            context: serde_json::to_string(context).expect("a context is JSON"),
        };
        hold(job, session, ops, &claim, PATIENCE).await
    }

    async fn take_over(&self, slot: &HeldSlot) -> Result<(Reservation, Heartbeat), RunError> {
        let Recovery { job, ops, .. } = self;
        if !job.slots.is_abandoned(slot, &job.owner) {
            let owner = slot.owner.as_deref().unwrap_or_default();
            return Err(Refused::not_possible(
                format!("a recovery of ops is under way, by {owner}"),
                "wait for it; if its daemon is gone for good, ask again in two minutes",
            )
            .into());
        }
        let taken = match slot.ours(&job.owner) {
            Some(ours) => Some(ours),
            None => ops.take_over(slot, &job.owner, job.now()).await?,
        };
        let taken = taken.ok_or_else(|| {
            Refused::not_possible(
                "a recovery of ops was taken over by somebody else",
                "`brctl jobs` there tells how it goes",
            )
        })?;
        let beating = beat(job, ops, &taken);
        Ok((taken, beating))
    }

    async fn check(&self) -> Result<Report, RunError> {
        let Recovery {
            job,
            session,
            ops,
            order,
        } = self;
        job.journal.step(
            5,
            STEPS,
            "hold every recovery point against the repositories",
        );
        let report = job
            .patiently(PATIENCE, || check(session, ops, &order.repository))
            .await?;
        report.tell(job);
        Ok(report)
    }
}

/// What the snapshots tell of themselves is much less: it is for where there is nothing better, not for where something is in the way.
fn none_restorable() -> Refused {
    Refused::not_possible(
        "the repository has whole backups of ops, and the cluster could restore none of them",
        "the findings above say why: see to that and ask again, give a mirror with --from-mirror, or delete the directories of these \
         snapshots if they are damaged",
    )
}

/// One that an earlier life left, with its slot taken over: the rest of it. Says in a line what came of it.
pub async fn resume(
    job: &Job,
    session: &Session,
    ops: &Ops,
    context: &RecoverContext,
    slot: &Reservation,
) -> Result<String, RunError> {
    let order = RecoverOrder {
        repository: context.repository.clone(),
        mirror: None,
    };
    let recovery = Recovery {
        job,
        session,
        ops,
        order: &order,
    };
    let (source, report) = recovery.finish(context, slot).await?;
    Ok(format!(
        "recovery is gone on with: {}",
        report.outcome(&source).message
    ))
}

impl Recovery<'_> {
    fn own_mirror(&self) -> Option<Source> {
        let path = self.job.safekeeping.mirror().filter(|path| path.exists())?;
        match open_mirror(path) {
            Ok(found) if mirror::knows(&found, &self.order.repository) => {
                Some(Source::Mirror(path.to_owned()))
            }
            Ok(_) => None,
            Err(error) => {
                self.job
                    .journal
                    .finding(format!("the mirror of this host is no help: {error}"), None);
                None
            }
        }
    }

    async fn details_as_source(&self) -> Result<Source, RunError> {
        let Recovery {
            job,
            session,
            order,
            ..
        } = self;
        let every = job
            .patiently(PATIENCE, || snapshot::every(session, &order.repository))
            .await?;
        if every.is_empty() {
            return Err(Refused::not_found(
                format!("repository `{}` holds no snapshot", order.repository),
                "see that its location is the one that was backed up to: SHOW REPOSITORIES tells it",
            )
            .into());
        }
        job.journal.finding(
            "there is neither a backup of ops nor a mirror that can be used: only what the snapshots tell of themselves comes back",
            Some(
                "if there is a mirror elsewhere: when this is over, DROP DATABASE `ops`, which it makes, and ask again with --from-mirror"
                    .to_owned(),
            ),
        );
        Ok(Source::Details)
    }
}
