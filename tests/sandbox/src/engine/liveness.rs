//! Which backend holds which replica of a tablet, and which of them are behind.
//!
//! Ids grow, so a tablet's replicas follow from its id and from the backends that were alive when ids of its size were given out: nothing is
//! kept per tablet.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::engine::cluster::Cluster;
use crate::engine::partition::PhysicalPartition;

#[derive(Debug, Clone, Default)]
pub struct Liveness {
    /// The backends that were alive from that id on; empty before the first change.
    alive_from: BTreeMap<u64, Vec<u64>>,
    /// Since when a backend has missed loads. Its replicas count as repaired when it is back.
    dead_since: BTreeMap<u64, DateTime<Utc>>,
}

impl Cluster {
    pub fn set_backend_alive(&mut self, id: u64, alive: bool) {
        let now = self.now;
        let Some(backend) = self.backends.iter_mut().find(|backend| backend.id == id) else {
            return;
        };
        if backend.alive == alive {
            return;
        }
        let before: Vec<u64> = self.backends.iter().map(|backend| backend.id).collect();
        if let Some(backend) = self.backends.iter_mut().find(|backend| backend.id == id) {
            backend.alive = alive;
            if alive {
                backend.started = now;
            }
        }
        self.liveness.alive_from.entry(0).or_insert(before);
        let first = self.new_id();
        let alive_now = self.alive_backends();
        self.liveness.alive_from.insert(first, alive_now);
        if alive {
            self.liveness.dead_since.remove(&id);
        } else {
            self.liveness.dead_since.insert(id, now);
        }
    }

    /// The backends of a tablet's replicas, lowest replica id first.
    pub fn replica_backends(&self, tablet: u64, replication_num: u32) -> Vec<u64> {
        let all: Vec<u64>;
        let candidates: &[u64] = match self.liveness.alive_from.range(..=tablet).next_back() {
            Some((_, alive)) => alive,
            None => {
                all = self.backends.iter().map(|backend| backend.id).collect();
                &all
            }
        };
        let count = candidates.len();
        let Some(start) = tablet.checked_rem(count as u64) else {
            return Vec::new();
        };
        let start = usize::try_from(start).unwrap_or_default();
        (0..count.min(replication_num as usize))
            .map(|step| candidates[(start + step) % count])
            .collect()
    }

    /// The replica a BACKUP reads: the one of lowest id that has seen every load. Whether its backend is alive is not asked before 4.2
    /// (`backup/BackupJob.chooseReplica`; StarRocks/starrocks#64319).
    pub fn replica_to_read(
        &self,
        tablet: u64,
        physical: &PhysicalPartition,
        replication_num: u32,
    ) -> Option<u64> {
        let alive = self.alive_backends();
        let skips_dead = self.release.skips_dead_replicas();
        self.replica_backends(tablet, replication_num)
            .into_iter()
            .find(|backend| {
                let missed_a_load = self
                    .liveness
                    .dead_since
                    .get(backend)
                    .is_some_and(|died| physical.visible_time > *died);
                !missed_a_load && (!skips_dead || alive.contains(backend))
            })
    }
}
