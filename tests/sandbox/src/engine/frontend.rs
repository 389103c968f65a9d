//! A frontend of the cluster: its name and address, its role, whether its process runs, and how far it has replayed the leader's journal.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{DateTime, Duration, Utc};

use crate::engine::cluster::{Cluster, SessionInfo, default_config};

/// The edit log port of the first frontend. Those of one address have ports of their own, as their names are made of them.
const EDIT_LOG_PORT: usize = 9010;

#[derive(Debug, Clone)]
pub struct Frontend {
    pub id: u64,
    pub name: String,
    pub address: IpAddr,
    pub query_port: u16,
    pub edit_log_port: usize,
    /// Never elected, otherwise a follower.
    pub observer: bool,
    /// Its process runs.
    pub alive: bool,
    /// It serves: a frontend that starts waits for a leader before it opens its port (`StarRocksFE.java` waitForReady).
    pub ready: bool,
    pub started: DateTime<Utc>,
    /// When the leader last heard of it, for one that has stopped.
    pub stopped: DateTime<Utc>,
    /// By how much its replay is late.
    pub lag: Duration,
    /// The journal entry it has replayed at least, and when it took that over.
    pub replayed: u64,
    pub replayed_at: DateTime<Utc>,
    /// What it calls itself, where that is not the release.
    pub version: Option<String>,
}

/// What a frontend's process has of its own, which ends with it.
#[derive(Debug)]
pub struct Local {
    pub config: BTreeMap<String, String>,
    pub sessions: BTreeMap<u32, SessionInfo>,
}

impl Local {
    /// As a process starts with.
    pub fn new(cluster: &Cluster) -> Local {
        Local {
            config: default_config(cluster.release),
            sessions: BTreeMap::new(),
        }
    }

    pub fn exchange(&mut self, cluster: &mut Cluster) {
        std::mem::swap(&mut self.config, &mut cluster.config);
        std::mem::swap(&mut self.sessions, &mut cluster.sessions);
    }
}

impl Frontend {
    pub fn new(index: usize, address: IpAddr, query_port: u16, now: DateTime<Utc>) -> Frontend {
        let edit_log_port = EDIT_LOG_PORT + index;
        Frontend {
            id: index as u64 + 1,
            name: format!("{address}_{edit_log_port}_{}", now.timestamp_millis()),
            address,
            query_port,
            edit_log_port,
            observer: false,
            alive: true,
            ready: true,
            started: now,
            stopped: now,
            lag: Duration::zero(),
            replayed: 0,
            replayed_at: now,
            version: None,
        }
    }
}

impl Cluster {
    pub fn any_lag(&self) -> bool {
        self.frontends
            .iter()
            .any(|frontend| !frontend.lag.is_zero())
    }
}
