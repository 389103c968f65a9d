//! The space that a restore needs while it runs, by the frontend's statistics at backup time: an estimate.

use serde::{Deserialize, Serialize};

use super::plan::{RestorePlan, TablePlan};

/// Needed, and there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Room {
    pub needed_bytes: u64,
    /// Over the backends that are alive and stay.
    pub available_bytes: u64,
    pub backends: u32,
}

impl Room {
    pub fn is_short(&self) -> bool {
        self.needed_bytes > self.available_bytes
    }
}

impl RestorePlan {
    /// Every table is built before the first one goes live, and nothing of the live ones goes before `discard`. While a table is put
    /// together from several links, what comes from the later ones is there twice.
    pub fn needed_bytes(&self) -> u64 {
        let mut built = 0_u64;
        let mut most = 0;
        for table in &self.tables {
            // Downloaded, staged, and the live content kept: about as much again.
            if !table.exchanges.is_empty() {
                built = built.saturating_add(on_all_replicas(table, 0).saturating_mul(3));
                most = most.max(built);
                continue;
            }
            built = built.saturating_add(on_all_replicas(table, 0));
            most = most.max(built.saturating_add(on_all_replicas(table, 1)));
        }
        most
    }
}

/// From the source of that place on.
fn on_all_replicas(table: &TablePlan, place: usize) -> u64 {
    let sources = table.sources.iter().skip(place);
    let bytes = sources.map(|source| source.data_bytes).sum::<u64>();
    bytes.saturating_mul(u64::from(table.replication_num))
}
