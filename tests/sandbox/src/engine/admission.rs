//! How many connections there may be, and for how long one may be idle (`qe/ConnectScheduler.java`, `qe/ConnectContext.checkTimeout`).
//!
//! Sessions that a test opens in process are counted nowhere and never ended.

use chrono::Duration;

use crate::answer::SqlError;
use crate::engine::cluster::{Cluster, SessionInfo};
use crate::engine::sandbox::Sandbox;
use crate::engine::session::Session;
use crate::engine::state::State;
use crate::release::Release;

/// `authentication/UserProperty.MAX_CONN_DEFAULT_VALUE`. SET PROPERTY, which changes it, is not modelled.
const CONNECTIONS_OF_A_USER: usize = 1024;

/// Host and edit log port of this frontend (`server/NodeMgr.getSelfNode`).
const NODE: &str = "127.0.0.1:9010";

impl Cluster {
    /// Makes a session a connection, if there is room for it.
    pub fn admit(&mut self, session: &Session) -> Result<(), SqlError> {
        let connections = |user: Option<&str>| {
            let counted = |info: &&SessionInfo| {
                info.wait_timeout.is_some() && user.is_none_or(|user| info.user == user)
            };
            self.sessions.values().filter(counted).count()
        };
        let (all, own) = (connections(None), connections(Some(&session.user)));
        let limit = usize::try_from(self.config_number("qe_max_connection")).unwrap_or(0);
        if all >= limit {
            return Err(SqlError::plain(format!(
                "Reach cluster-wide connection limit, qe_max_connection={limit}, connectionMap.size={all}, node={NODE}"
            )));
        }
        if own >= CONNECTIONS_OF_A_USER {
            return Err(user_limit(&session.user, self.release, (all, own)));
        }
        let wait_timeout = self.wait_timeout(session);
        if let Some(info) = self.sessions.get_mut(&session.id) {
            info.wait_timeout = Some(wait_timeout);
        }
        Ok(())
    }

    pub fn wait_timeout(&self, session: &Session) -> Duration {
        let text = self.variables.of(session, "wait_timeout");
        let seconds = text.ok().and_then(|text| text.parse().ok());
        seconds
            .and_then(Duration::try_seconds)
            .unwrap_or(Duration::MAX)
    }

    /// Forgets every connection of the serving frontend that has been idle for longer than its `wait_timeout`; their ids.
    fn forget_idle(&mut self) -> Vec<u32> {
        let now = self.now;
        let idle = |info: &SessionInfo| {
            info.wait_timeout
                .is_some_and(|allowed| now - info.last > allowed)
        };
        let ids: Vec<u32> = self
            .sessions
            .iter()
            .filter(|(_, info)| idle(info))
            .map(|(id, _)| *id)
            .collect();
        for id in &ids {
            self.sessions.remove(id);
        }
        ids
    }
}

impl Sandbox {
    /// Ends idle connections of every frontend, without a word to the client.
    pub(super) fn end_idle(&self, state: &mut State) {
        state.look_at_clock();
        let serving = state.serving;
        for frontend in 0..state.locals.len() {
            state.serve_as(frontend);
            for id in state.cluster.forget_idle() {
                self.connections().cut(frontend, id);
            }
        }
        state.serve_as(serving);
    }
}

/// The identity is named by 3.4.3 and no more by a copy of early 2026.
fn user_limit(user: &str, release: Release, (all, own): (usize, usize)) -> SqlError {
    let identity = if release.names_identity_at_user_limit() {
        format!(", currUserIdentity: '{user}'@'%'")
    } else {
        String::new()
    };
    SqlError::plain(format!(
        "Reach user-level(qualifiedUser: {user}{identity}) connection limit, currentUserMaxConn={CONNECTIONS_OF_A_USER}, \
         connectionMap.size={all}, connByUser.totConn={all}, user.currConn={own}, node={NODE}"
    ))
}
