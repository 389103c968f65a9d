//! Frontends that stop, start and lead. Nothing of this happens by itself: whoever drives the sandbox says which frontend leads.

use std::net::SocketAddr;
use std::time::Duration;

use crate::engine::cluster::default_config;
use crate::engine::rounds::in_chrono;
use crate::engine::sandbox::Sandbox;
use crate::engine::session::Session;
use crate::engine::state::State;

/// Why a frontend cannot do what it was told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrontendError {
    #[error("there is no frontend {0}")]
    Unknown(usize),
    #[error("frontend {0} is down")]
    Down(usize),
    #[error("frontend {0} is running")]
    Running(usize),
    #[error("frontend {0} is an observer, which is never elected")]
    Observer(usize),
}

/// Frontends are counted from 1, as in the statements `SANDBOX …`.
impl Sandbox {
    /// Another frontend of the same cluster.
    pub fn frontend(&self, number: usize) -> Result<Sandbox, FrontendError> {
        self.index_of(number).map(|index| self.at(index))
    }

    /// What SHOW FRONTENDS prints of this one, for whom there is a port of its own.
    pub fn listens_on(&self, address: SocketAddr) {
        let mut state = self.lock();
        let frontend = &mut state.cluster.frontends[self.index()];
        frontend.address = address.ip();
        frontend.query_port = address.port();
        frontend.name = format!(
            "{}_{}_{}",
            frontend.address,
            frontend.edit_log_port,
            frontend.started.timestamp_millis()
        );
    }

    /// What SHOW FRONTENDS prints as the version of this one: a patch of its own, or in the middle of an upgrade. It changes nothing else.
    pub fn calls_itself(&self, version: &str) {
        let mut state = self.lock();
        state.cluster.frontends[self.index()].version = Some(version.to_owned());
    }

    /// Makes a follower an observer: it replays and answers, and is never elected.
    pub fn make_observer(&self, number: usize) -> Result<(), FrontendError> {
        let index = self.index_of(number)?;
        self.lock().cluster.frontends[index].observer = true;
        Ok(())
    }

    /// The process exits, and with it its connections and all it had in memory. Nobody leads in place of a leader until [`Sandbox::lead`].
    pub fn stop_frontend(&self, number: usize) -> Result<(), FrontendError> {
        self.stop_for(number, None)
    }

    pub(super) fn stop_for(
        &self,
        number: usize,
        asking: Option<&Session>,
    ) -> Result<(), FrontendError> {
        let index = self.running(number)?;
        self.lock().stop(index);
        self.connections().cut_all(index, asking);
        Ok(())
    }

    /// The process starts. Without a leader it waits for one, unless it was the last: then it leads again.
    pub fn start_frontend(&self, number: usize) -> Result<(), FrontendError> {
        let index = self.index_of(number)?;
        let mut state = self.lock();
        if state.cluster.frontends[index].alive {
            return Err(FrontendError::Running(number));
        }
        state.start(index);
        Ok(())
    }

    /// Down and up again: a leader leads again, on the same host.
    pub fn restart_frontend(&self, number: usize) -> Result<(), FrontendError> {
        self.stop_frontend(number)?;
        self.start_frontend(number)
    }

    /// That frontend leads from now on. The process of the one that led exits (`ha/StateChangeExecutor.java`: a leader never becomes
    /// anything else) and comes back as a follower.
    pub fn lead(&self, number: usize) -> Result<(), FrontendError> {
        self.lead_for(number, None)
    }

    pub(super) fn lead_for(
        &self,
        number: usize,
        asking: Option<&Session>,
    ) -> Result<(), FrontendError> {
        let index = self.running(number)?;
        let mut state = self.lock();
        if state.cluster.frontends[index].observer {
            return Err(FrontendError::Observer(number));
        }
        let old = state.cluster.leader;
        if old == Some(index) {
            return Ok(());
        }
        if let Some(old) = old {
            state.stop(old);
        }
        state.elect(index);
        if let Some(old) = old {
            state.start(old);
            self.connections().cut_all(old, asking);
        }
        Ok(())
    }

    /// That frontend replays the journal so much later than it is written.
    pub fn set_replay_lag(&self, number: usize, lag: Duration) -> Result<(), FrontendError> {
        let index = self.index_of(number)?;
        let mut state = self.lock();
        state.look_at_clock();
        state.set_lag(index, in_chrono(lag));
        Ok(())
    }

    /// StarRocks 3.3.0 to 3.3.3 with names instead of addresses: no row of SHOW FRONTENDS says LEADER (StarRocks/starrocks#50999).
    pub fn hide_leader(&self, hidden: bool) {
        self.lock().cluster.leader_hidden = hidden;
    }

    fn index_of(&self, number: usize) -> Result<usize, FrontendError> {
        let count = self.lock().cluster.frontends.len();
        number
            .checked_sub(1)
            .filter(|index| *index < count)
            .ok_or(FrontendError::Unknown(number))
    }

    fn running(&self, number: usize) -> Result<usize, FrontendError> {
        let index = self.index_of(number)?;
        if self.lock().cluster.frontends[index].alive {
            Ok(index)
        } else {
            Err(FrontendError::Down(number))
        }
    }
}

impl State {
    fn stop(&mut self, index: usize) {
        self.look_at_clock();
        let now = self.cluster.now;
        // Its memory: whatever is loaded goes back first.
        self.serve_as(index);
        self.cluster.sessions.clear();
        self.cluster.config = default_config(self.cluster.release);
        let frontend = &mut self.cluster.frontends[index];
        frontend.alive = false;
        frontend.ready = false;
        frontend.stopped = now;
        if self.cluster.leader == Some(index) {
            self.cluster.leader = None;
            self.cluster.leaderless_since = Some(now);
            self.cluster.forget_unjournalled();
            self.last_leader = index;
        }
    }

    fn start(&mut self, index: usize) {
        self.look_at_clock();
        let (now, led) = (self.cluster.now, self.cluster.leader.is_some());
        let id = self.journal.id;
        let frontend = &mut self.cluster.frontends[index];
        frontend.alive = true;
        frontend.started = now;
        // It replays everything before it serves.
        frontend.replayed = id;
        frontend.replayed_at = now;
        frontend.ready = led;
        if !led && self.last_leader == index {
            self.elect(index);
        }
    }

    fn elect(&mut self, index: usize) {
        self.look_at_clock();
        self.cluster.leader = Some(index);
        self.cluster.leaderless_since = None;
        for frontend in &mut self.cluster.frontends {
            frontend.ready = frontend.alive;
        }
    }

    pub(super) fn set_lag(&mut self, index: usize, lag: chrono::Duration) {
        self.note_replay();
        let was_kept = self.cluster.any_lag();
        self.cluster.frontends[index].lag = lag;
        let keeps = self.cluster.any_lag();
        if keeps && !was_kept {
            self.journal.remember(&mut self.cluster);
        } else if !keeps {
            self.journal.forget_all();
        }
    }
}
