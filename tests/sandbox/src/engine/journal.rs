//! The leader's journal as its followers replay it. While none of them is late, it is a number; while one is, it keeps the cluster as it was
//! after each entry.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use crate::engine::cluster::Cluster;
use crate::engine::frontend::Frontend;

pub struct Journal {
    /// Of the last entry.
    pub id: u64,
    moments: VecDeque<Moment>,
}

/// The cluster after one entry, without what the leader has in memory only.
struct Moment {
    id: u64,
    at: DateTime<Utc>,
    cluster: Box<Cluster>,
}

impl Default for Journal {
    /// A cluster's start has entries of its own.
    fn default() -> Journal {
        Journal {
            id: 1000,
            moments: VecDeque::new(),
        }
    }
}

impl Journal {
    /// Keeps the cluster as it is now.
    pub fn remember(&mut self, cluster: &mut Cluster) {
        let ahead = cluster.hide_unjournalled();
        let copy = Box::new(cluster.clone());
        cluster.show_again(ahead);
        self.moments.push_back(Moment {
            id: self.id,
            at: cluster.now,
            cluster: copy,
        });
    }

    pub fn forget_all(&mut self) {
        self.moments.clear();
    }

    /// When the last entry was written, if it was kept.
    pub fn last_at(&self) -> Option<DateTime<Utc>> {
        self.moments.back().map(|moment| moment.at)
    }

    /// The moment a frontend has got to; `None` for one that has replayed everything.
    pub fn moment_of(&self, frontend: &Frontend, now: DateTime<Utc>) -> Option<usize> {
        if frontend.lag.is_zero() || frontend.replayed >= self.id {
            return None;
        }
        let reached =
            |moment: &Moment| moment.at <= now - frontend.lag || moment.id <= frontend.replayed;
        let index = self.moments.iter().rposition(reached)?;
        (self.moments[index].id != self.id).then_some(index)
    }

    pub fn replayed_by(&self, frontend: &Frontend, now: DateTime<Utc>) -> u64 {
        self.moment_of(frontend, now)
            .map_or(self.id, |index| self.moments[index].id)
    }

    /// Drops what lies behind every frontend.
    pub fn prune(&mut self, frontends: &[Frontend], now: DateTime<Utc>) {
        let last = self.moments.len().saturating_sub(1);
        let late = frontends.iter().filter(|frontend| !frontend.lag.is_zero());
        let needed = late.map(|frontend| self.moment_of(frontend, now).unwrap_or(last));
        let first = needed.min().unwrap_or(last);
        self.moments.drain(..first);
    }

    /// Puts the moment in the cluster's place, or back. What belongs to processes and not to the journal stays where it is.
    pub fn exchange(&mut self, index: usize, cluster: &mut Cluster) {
        let then = &mut *self.moments[index].cluster;
        std::mem::swap(then, cluster);
        std::mem::swap(&mut then.sessions, &mut cluster.sessions);
        std::mem::swap(&mut then.killed, &mut cluster.killed);
        std::mem::swap(&mut then.denial, &mut cluster.denial);
        std::mem::swap(&mut then.config, &mut cluster.config);
        std::mem::swap(&mut then.frontends, &mut cluster.frontends);
        std::mem::swap(&mut then.backends, &mut cluster.backends);
        std::mem::swap(&mut then.leader, &mut cluster.leader);
        cluster.now = then.now;
    }
}
