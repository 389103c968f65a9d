//! Which restore has to do with a table that stands somewhere by now: told by the table's id, in the steps of all restores.

use super::error::RunError;
use super::steps::{Proof, parse, proof};
use crate::names::{JobId, TableName};
use crate::ops::{Ops, StepState};
use crate::plan::restore::Step;

/// The restore that has swapped the table out of use last, and keeps it under this name to undo to.
pub async fn keeper(ops: &Ops, id: u64, name: &TableName) -> Result<Option<JobId>, RunError> {
    find(ops, id, |step, proof| {
        matches!(step, Step::Swap { restored, .. } if restored == name)
            && matches!(proof, Proof::Ids { live: Some(live), .. } if *live == id)
    })
    .await
}

/// The restore that has put the table under this live name.
pub async fn made_live_by(ops: &Ops, id: u64, name: &TableName) -> Result<Option<JobId>, RunError> {
    find(ops, id, |step, proof| {
        matches!(step, Step::Swap { table, .. } | Step::Rename { table, .. } if table == name)
            && matches!(proof, Proof::Ids { restored, .. } if *restored == id)
    })
    .await
}

/// The restore that has replaced the partition with this id.
pub async fn partition_replaced_by(ops: &Ops, id: u64) -> Result<Option<JobId>, RunError> {
    find(ops, id, |_, proof| {
        matches!(proof, Proof::Partitions { before, .. } if before.values().flatten().any(|part| *part == id))
    })
    .await
}

/// The latest that has not been taken back.
async fn find(
    ops: &Ops,
    id: u64,
    fits: impl Fn(&Step, &Proof) -> bool,
) -> Result<Option<JobId>, RunError> {
    let steps = ops.live_steps_about(id).await?;
    let found = steps.into_iter().find(|(_, record)| {
        record.state == StepState::Done
            && parse(record).is_ok_and(|step| fits(&step, &proof(record)))
    });
    Ok(found.map(|(job, _)| job))
}
