//! SHOW FRONTENDS and SHOW PROC '/frontends' (`common/proc/FrontendsProcNode.java`).

use crate::answer::ResultSet;
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::frontend::Frontend;
use crate::engine::session::Session;
use crate::engine::show::table;

/// Id came later.
const FRONTENDS: [&str; 17] = [
    "Id",
    "Name",
    "IP",
    "EditLogPort",
    "HttpPort",
    "QueryPort",
    "RpcPort",
    "Role",
    "ClusterId",
    "Join",
    "Alive",
    "ReplayedJournalId",
    "LastHeartbeat",
    "IsHelper",
    "ErrMsg",
    "StartTime",
    "Version",
];

impl Cluster {
    pub(super) fn show_frontends(&self, session: &Session) -> ResultSet {
        self.all_frontends(session, !self.leader_hidden)
    }

    /// The same rows; where SHOW FRONTENDS lacks the leader, these have it (StarRocks/starrocks#50999).
    pub(in crate::engine) fn show_proc_frontends(&self, session: &Session) -> ResultSet {
        self.all_frontends(session, true)
    }

    fn all_frontends(&self, session: &Session, leader: bool) -> ResultSet {
        let skip = usize::from(!self.release.numbers_frontends());
        let rows = self.frontends.iter().enumerate().map(|(index, frontend)| {
            let row = self.frontend_row(session, index, frontend, leader);
            row[skip..].to_vec()
        });
        table(&FRONTENDS[skip..], rows.collect())
    }

    fn frontend_row(
        &self,
        session: &Session,
        index: usize,
        frontend: &Frontend,
        leader: bool,
    ) -> Vec<String> {
        let leads = self.leader == Some(index);
        let role = match (leads && leader, frontend.observer) {
            (true, _) => "LEADER",
            (false, true) => "OBSERVER",
            (false, false) => "FOLLOWER",
        };
        // One that waits for a leader has no HTTP server yet either: it does not answer heartbeats.
        let alive = leads || frontend.ready;
        let heartbeat = if alive { self.now } else { frontend.stopped };
        let started = if alive {
            session.zone.show(frontend.started)
        } else {
            "NULL".to_owned()
        };
        let refused = error::connection_refused(self.release).message;
        let error = refused
            .strip_prefix("java.net.ConnectException: ")
            .unwrap_or_default();
        let id = frontend.id.to_string();
        let cells = [
            id.as_str(),
            &frontend.name,
            &frontend.address.to_string(),
            &frontend.edit_log_port.to_string(),
            "8030",
            &frontend.query_port.to_string(),
            "9020",
            role,
            &self.cluster_id.to_string(),
            "true",
            if alive { "true" } else { "false" },
            &frontend.replayed.to_string(),
            &session.zone.show(heartbeat),
            // The one that the others were pointed to when they were added.
            if index == 0 { "true" } else { "false" },
            if alive { "" } else { error },
            &started,
            frontend
                .version
                .as_deref()
                .unwrap_or_else(|| self.release.version()),
        ];
        cells.map(str::to_owned).to_vec()
    }
}
