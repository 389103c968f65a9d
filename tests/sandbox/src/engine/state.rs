//! What the lock guards, and which frontend it serves just now.

use std::sync::PoisonError;

use crate::engine::clock::Timer;
use crate::engine::cluster::Cluster;
use crate::engine::faults::Faults;
use crate::engine::forward_faults::Passages;
use crate::engine::frontend::Local;
use crate::engine::functions::Surroundings;
use crate::engine::journal::Journal;
use crate::engine::session::Session;

pub struct State {
    /// With the configuration and the sessions of the serving frontend.
    pub cluster: Cluster,
    pub timer: Timer,
    pub faults: Faults,
    /// What statements meet on their way to the leader.
    pub passages: Passages,
    pub journal: Journal,
    /// Which frontend the cluster serves as just now.
    pub serving: usize,
    /// Which led last.
    pub last_leader: usize,
    /// Of each frontend; that of the serving one is in `cluster`.
    pub locals: Vec<Local>,
}

impl State {
    pub fn look_at_clock(&mut self) {
        self.cluster.now = self.timer.now();
    }

    /// Loads the configuration and the sessions of that frontend.
    pub fn serve_as(&mut self, frontend: usize) {
        if self.serving == frontend {
            return;
        }
        self.locals[self.serving].exchange(&mut self.cluster);
        self.locals[frontend].exchange(&mut self.cluster);
        self.serving = frontend;
    }

    /// False after KILL and after the end of the frontend's process.
    pub fn is_connected(&self, session: &Session) -> bool {
        !session.killed && self.cluster.sessions.contains_key(&session.id)
    }

    pub fn begin(&mut self, session: &Session, sql: &str) {
        self.look_at_clock();
        let now = self.cluster.now;
        *self
            .cluster
            .surroundings
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Surroundings {
            now,
            zone: session.zone,
        };
        if let Some(info) = self.cluster.sessions.get_mut(&session.id) {
            info.last = now;
            info.statement.clear();
            info.statement.extend(sql.chars().take(200));
        }
    }

    pub fn finish(&mut self, session: &Session) {
        let wait_timeout = self.cluster.wait_timeout(session);
        if let Some(info) = self.cluster.sessions.get_mut(&session.id) {
            info.database.clone_from(&session.database);
            if let Some(known) = &mut info.wait_timeout {
                *known = wait_timeout;
            }
        }
    }
}
