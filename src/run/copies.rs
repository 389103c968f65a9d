//! Tables that restores keep: what was live before, to undo to, and what stands beside the live tables. They are told by name and id, so
//! that a table of somebody's under such a name is none.

use std::collections::BTreeMap;

use super::error::RunError;
use super::left_behind::left_behind;
use crate::catalog::{DatabaseFacts, Inventory, LeftOut, LeftOutReason, TablePattern};
use crate::names::{JobId, TableName};
use crate::ops::{Ops, StepRecord};

/// With the restore that keeps each.
pub type Copies = BTreeMap<(TableName, u64), JobId>;

pub async fn read(ops: &Ops) -> Result<Copies, RunError> {
    let mut of_jobs: BTreeMap<JobId, Vec<StepRecord>> = BTreeMap::new();
    for (job, step) in ops.steps_of_kept_tables().await? {
        of_jobs.entry(job).or_default().push(step);
    }
    let mut copies = Copies::new();
    for (job, steps) in of_jobs {
        for (name, left) in left_behind(&steps) {
            let ids = left.ids.into_iter();
            copies.extend(ids.map(|id| ((name.clone(), id), job.clone())));
        }
    }
    Ok(copies)
}

/// What a wildcard meets and nobody asked for. A copy that is named in the inventory is taken.
pub fn leave_out(facts: &mut DatabaseFacts, copies: &Copies, inventory: &Inventory) {
    let named = inventory.0.get(&facts.name);
    let is_named = |table: &TableName| {
        let pattern = TablePattern::One(table.clone());
        named.is_some_and(|patterns| patterns.contains(&pattern))
    };
    let tables = std::mem::take(&mut facts.tables);
    for (name, table) in tables {
        match copies.get(&(name.clone(), table.id)) {
            Some(job) if !is_named(&name) => facts.left_out.push(LeftOut {
                table: name,
                reason: LeftOutReason::KeptCopy(job.clone()),
            }),
            _ => {
                facts.tables.insert(name, table);
            }
        }
    }
}
