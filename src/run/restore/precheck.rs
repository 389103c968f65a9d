//! Before a restore is taken on: what would let it fail after hours is refused at once, with figures.

use crate::plan::restore::{RestorePlan, Room};
use crate::run::error::{Refused, RunError};
use crate::run::preflight::{Health, backends};
use crate::starrocks::Session;

/// What a person insists on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insist {
    Nothing,
    /// The space is an estimate, and who knows better may say so.
    Space,
}

pub async fn precheck(
    session: &Session,
    plan: &RestorePlan,
    insist: Insist,
) -> Result<(), RunError> {
    let health = backends(session).await?;
    prove_replicas(plan, &health)?;
    let room = room(plan, &health);
    match room.filter(|room| room.is_short() && insist == Insist::Nothing) {
        Some(room) => Err(short(plan, room).into()),
        None => Ok(()),
    }
}

/// None where the backends do not tell their space.
pub(super) fn room(plan: &RestorePlan, health: &Health) -> Option<Room> {
    Some(Room {
        needed_bytes: plan.needed_bytes(),
        available_bytes: health.available_bytes?,
        backends: health.backends_alive,
    })
}

/// Never to be insisted on: StarRocks cannot place what it has no backends for.
fn prove_replicas(plan: &RestorePlan, health: &Health) -> Result<(), Refused> {
    let wanting = plan
        .tables
        .iter()
        .find(|table| table.replication_num > health.backends_alive);
    let Some(table) = wanting else {
        return Ok(());
    };
    Err(Refused::not_possible(
        format!(
            "table {} of the plan has {} replicas, and {} of {} backends are alive",
            table.table, table.replication_num, health.backends_alive, health.backends
        ),
        "bring the backends up, or ask for the plan again: it takes as many replicas as there are backends",
    ))
}

fn short(plan: &RestorePlan, room: Room) -> Refused {
    Refused::not_possible(
        format!(
            "the restore needs about {} on all replicas ({} to download), and {} backends have {} free",
            size(room.needed_bytes),
            size(plan.data_bytes()),
            room.backends,
            size(room.available_bytes)
        ),
        "free space, restore fewer tables with --table, or insist with --force: the figures are estimates",
    )
}

/// In GiB with one digit, cut.
fn size(bytes: u64) -> String {
    let tenths = (u128::from(bytes) * 10) >> 30;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}
