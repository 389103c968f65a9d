//! Whether a recovery may begin: the repository is there, and `ops` holds nothing that it would write over.

use std::path::Path;

use super::context::{RecoverContext, RecoverOrder, Source};
use crate::names::RepositoryName;
use crate::ops::{HeldSlot, Ops, SlotEnd};
use crate::run::error::{Refused, RunError};
use crate::run::mirror::Mirror;
use crate::run::preflight::{Purpose, repository};
use crate::starrocks::Session;

/// What is known of `ops` before anything is done.
#[derive(Debug)]
pub(super) enum Memory {
    /// No history: no database, no tables, or none of a finished backup or restore.
    Blank,
    /// A recovery that was not finished.
    Unfinished {
        context: RecoverContext,
        /// `None`: it is closed.
        slot: Option<Box<HeldSlot>>,
    },
    /// A recovery from this repository made it.
    Recovered(RecoverContext),
}

/// Looks, and changes nothing. `own_mirror`: where the daemon has its own.
pub async fn prove(
    session: &Session,
    order: &RecoverOrder,
    own_mirror: Option<&Path>,
) -> Result<(), RunError> {
    if let Some(path) = &order.mirror {
        open_mirror(path)?;
    }
    prove_repository(session, order, own_mirror).await?;
    let ops = Ops::open(session.clone()).await?;
    let memory = look(&ops, &order.repository).await?;
    match &order.mirror {
        None => Ok(()),
        Some(mirror) => prove_mirror_counts(&memory, mirror).map_err(RunError::from),
    }
}

/// What was brought back is never mixed with what another source knows: rows of both would stand side by side.
fn prove_mirror_counts(memory: &Memory, mirror: &Path) -> Result<(), Refused> {
    let mirror = mirror.display();
    match memory {
        Memory::Recovered(RecoverContext {
            source: source @ (Source::Snapshot(_) | Source::Details),
            ..
        }) => Err(Refused::not_possible(
            format!(
                "ops was recovered already, from {source}: the mirror {mirror} would change nothing any more"
            ),
            "if nothing that you need was recorded in ops since (`brctl backups`), DROP DATABASE `ops`, or rename it, and ask again with \
             --from-mirror; without --from-mirror its recovery points are looked at once more",
        )),
        Memory::Unfinished {
            context:
                RecoverContext {
                    source: source @ (Source::Snapshot(_) | Source::Details),
                    ..
                },
            ..
        } => Err(Refused::not_possible(
            format!(
                "a recovery of ops from {source} was begun and is not over: the mirror {mirror} cannot take its place"
            ),
            "finish it first: ask again without --from-mirror; after that, the same with --from-mirror says how the mirror can be taken instead",
        )),
        Memory::Blank | Memory::Recovered(_) | Memory::Unfinished { .. } => Ok(()),
    }
}

async fn prove_repository(
    session: &Session,
    order: &RecoverOrder,
    own_mirror: Option<&Path>,
) -> Result<(), RunError> {
    let found = repository(session, &order.repository, Purpose::Restore).await;
    let Err(RunError::Refused(missing)) = found else {
        return found.map(|_row| ());
    };
    let mirror = order.mirror.as_deref().or(own_mirror);
    let mirror = mirror.and_then(|path| Mirror::open(path).ok()); // no error: it would only have told the location
    let location = mirror.as_ref().and_then(|mirror| {
        let location = mirror.repositories.get(&order.repository)?;
        Some(location.as_str())
    });
    Err(Refused::not_found(
        missing.message,
        create_repository(&order.repository, location),
    )
    .into())
}

/// StarRocks looks below the location for a directory of the repository's own name (`backup/Repository.java`, initRepository).
pub(super) fn create_repository(name: &RepositoryName, location: Option<&str>) -> String {
    let location = location.unwrap_or("the location that it had on the old cluster");
    format!(
        "create it under the same name, with the credentials of its storage: CREATE REPOSITORY `{name}` WITH BROKER ON LOCATION \"{location}\" \
         PROPERTIES (…); then ask again"
    )
}

pub(super) fn open_mirror(path: &Path) -> Result<Mirror, RunError> {
    Mirror::open(path).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        let text = format!("{error}{}", cause.unwrap_or_default());
        Refused::not_possible(text, error.help()).into()
    })
}

pub(super) async fn look(ops: &Ops, repository: &RepositoryName) -> Result<Memory, RunError> {
    let history = ops.history_size().await?;
    let last = ops.last_recovery().await?;
    let last = last.and_then(|(slot, end)| {
        let context = RecoverContext::read(slot.context.as_deref()?)?;
        Some((context, slot, end))
    });
    let from_there = |context: &RecoverContext| history > 0 && context.repository == *repository;
    match last {
        Some((context, slot, None)) => Ok(Memory::Unfinished {
            context,
            slot: Some(Box::new(slot)),
        }),
        Some((context, _, Some(end))) if from_there(&context) => Ok(match end {
            SlotEnd::Finished => Memory::Recovered(context),
            SlotEnd::Failed | SlotEnd::Cancelled => Memory::Unfinished {
                context,
                slot: None,
            },
        }),
        _ if history == 0 => Ok(Memory::Blank),
        _ => Err(not_blank(history, repository).into()),
    }
}

fn not_blank(history: u64, repository: &RepositoryName) -> Refused {
    Refused::not_possible(
        format!(
            "the ops database of this cluster holds a history of its own, {history} finished backups and restores, and was not recovered from \
             `{repository}`"
        ),
        "recover is for a cluster whose ops is gone, and writes over nothing: `brctl backups` lists what this one knows. If that is worth \
         nothing to you, drop or rename the database `ops` yourself, and ask again",
    )
}
