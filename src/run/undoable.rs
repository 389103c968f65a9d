//! Whether a restore can be ended as a person wants it: looked at before it becomes a job.

use super::error::{Refused, RunError};
use super::steps::{Proof, parse, proof, prove_undoable};
use super::undo::{Ending, context, find};
use crate::catalog::Standing;
use crate::names::JobId;
use crate::ops::{Ops, RestoreRecord, RestoreStatus, STUCK, StepRecord, StepState};
use crate::starrocks::Session;

/// With a look at the tables, where their ids decide.
pub async fn prove_possible(
    session: &Session,
    restore: &JobId,
    ending: Ending,
) -> Result<(), RunError> {
    let ops = Ops::open(session.clone()).await?;
    let (record, steps) = find(&ops, restore).await?;
    prove_fit(&record, &steps, ending)?;
    if ending == Ending::Undo {
        let database = context(&record, &steps)?.database;
        prove_undoable(session, &ops, &database, restore, &steps).await?;
    }
    Ok(())
}

pub fn prove_fit(
    record: &RestoreRecord,
    steps: &[StepRecord],
    ending: Ending,
) -> Result<(), RunError> {
    let restore = &record.job;
    let any = |state| steps.iter().any(|step| is_live_step(step, state));
    let live = any(StepState::Done) || any(StepState::Stuck);
    match ending {
        Ending::Discard if is_half_taken_back(record, steps) => {
            Err(half_taken_back(restore).into())
        }
        Ending::Discard | Ending::Expire => Ok(()),
        Ending::MakeLive => prove_open(restore, record, steps),
        Ending::Undo if any(StepState::Done) && is_discarded(record) => {
            Err(discarded(restore).into())
        }
        Ending::Undo if live || is_told(record) => Ok(()),
        Ending::Undo => Err(nothing_to_undo(restore, record, steps).into()),
    }
}

/// `None` for one that did not finish: nothing of it is left but what its message says.
pub fn standing(record: &RestoreRecord, steps: &[StepRecord]) -> Option<Standing> {
    if !is_finished(record) {
        return None;
    }
    let any = |state| steps.iter().any(|step| is_live_step(step, state));
    let was_live = |step: &&StepRecord| !matches!(proof(step), Proof::None | Proof::Planned { .. });
    Some(if is_half_taken_back(record, steps) {
        Standing::HalfTakenBack
    } else if any(StepState::Done) && is_discarded(record) {
        Standing::Discarded
    } else if any(StepState::Done) {
        Standing::Live
    } else if any(StepState::Pending) {
        Standing::Beside
    } else if steps
        .iter()
        .filter(was_live)
        .any(|step| is_live_step(step, StepState::Undone))
    {
        Standing::TakenBack
    } else {
        Standing::Discarded
    })
}

/// Whether an undo began and failed: what stands where differs from table to table.
pub(super) fn is_half_taken_back(record: &RestoreRecord, steps: &[StepRecord]) -> bool {
    let any_stuck = || {
        steps
            .iter()
            .any(|step| is_live_step(step, StepState::Stuck))
    };
    is_finished(record) && (is_told(record) || any_stuck())
}

/// Whether what a person must do is on record.
pub(super) fn is_told(record: &RestoreRecord) -> bool {
    let error = record.error.as_ref();
    error.is_some_and(|error| error.starts_with(STUCK))
}

fn is_finished(record: &RestoreRecord) -> bool {
    record.status == RestoreStatus::Finished.as_str()
}

/// A restore that is live keeps what it replaced until that is dropped, on a person's word or when its window is over.
fn is_discarded(record: &RestoreRecord) -> bool {
    is_finished(record) && record.undo_until.is_none()
}

fn discarded(restore: &JobId) -> Refused {
    Refused::not_possible(
        format!(
            "restore `{restore}` was discarded, or its undo window is over: what it replaced is dropped"
        ),
        "`brctl backups` lists the recovery points that can be restored",
    )
}

fn half_taken_back(restore: &JobId) -> Refused {
    Refused::not_possible(
        format!(
            "restore `{restore}` is half taken back, and what stands under its suffix is partly what was live"
        ),
        format!(
            "`brctl show {restore}` tells what is left to do, and `brctl undo {restore}` goes on with it"
        ),
    )
}

/// Verified, under the suffix, and waiting to be made live.
pub fn prove_open(
    restore: &JobId,
    record: &RestoreRecord,
    steps: &[StepRecord],
) -> Result<(), RunError> {
    let any = |state| steps.iter().any(|step| is_live_step(step, state));
    let refused = if any(StepState::Done) {
        Refused::not_possible(
            format!("restore `{restore}` is live already"),
            format!("`brctl undo {restore}` swaps it back"),
        )
    } else if any(StepState::Undone) {
        Refused::not_possible(
            format!("restore `{restore}` was taken back or discarded"),
            "ask for the restore again",
        )
    } else if record.status != RestoreStatus::Finished.as_str() || !any(StepState::Pending) {
        Refused::not_possible(
            format!("restore `{restore}` has nothing that waits to be made live"),
            format!("`brctl show {restore}` tells how it ended"),
        )
    } else {
        return Ok(());
    };
    Err(refused.into())
}

fn nothing_to_undo(restore: &JobId, record: &RestoreRecord, steps: &[StepRecord]) -> Refused {
    if prove_open(restore, record, steps).is_ok() {
        return Refused::not_possible(
            format!("restore `{restore}` stands beside the live tables and replaced nothing"),
            format!("`brctl swap {restore}` makes it live, `brctl discard {restore}` drops it"),
        );
    }
    if steps
        .iter()
        .any(|step| is_live_step(step, StepState::Undone))
    {
        return Refused::not_possible(
            format!("restore `{restore}` is taken back already"),
            format!("`brctl discard {restore}` drops what it restored"),
        );
    }
    Refused::not_possible(
        format!("restore `{restore}` made nothing live that could be taken back"),
        format!("`brctl show {restore}` tells how it ended"),
    )
}

pub(super) fn is_live_step(record: &StepRecord, state: StepState) -> bool {
    record.state == state && parse(record).is_ok_and(|step| step.makes_live())
}
