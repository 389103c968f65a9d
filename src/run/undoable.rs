//! Whether a restore can be ended as a person wants it: looked at before it becomes a job.

use super::error::{Refused, RunError};
use super::steps::parse;
use super::undo::Ending;
use crate::names::JobId;
use crate::ops::{RestoreRecord, RestoreStatus, StepRecord, StepState};

pub fn prove_fit(
    record: &RestoreRecord,
    steps: &[StepRecord],
    ending: Ending,
) -> Result<(), RunError> {
    let restore = &record.job;
    match ending {
        Ending::Discard | Ending::Expire => Ok(()),
        Ending::MakeLive => prove_open(restore, record, steps),
        Ending::Undo if steps.iter().any(|step| is_live_step(step, StepState::Done)) => Ok(()),
        Ending::Undo => Err(nothing_to_undo(restore, steps).into()),
    }
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

pub(super) fn nothing_to_undo(restore: &JobId, steps: &[StepRecord]) -> Refused {
    if steps
        .iter()
        .any(|step| is_live_step(step, StepState::Pending))
    {
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
