//! SHOW BACKENDS, COMPUTE NODES and PROCESSLIST (`common/proc/*`, `qe/ShowResultMetaFactory.java`).

use crate::answer::ResultSet;
use crate::engine::access::{Need, Privilege};
use crate::engine::cluster::{Backend, Cluster};
use crate::engine::session::Session;
use crate::engine::show::{keeping, table, with_nulls};
use crate::release::Release;

const BACKENDS: [&str; 30] = [
    "BackendId",
    "IP",
    "HeartbeatPort",
    "BePort",
    "HttpPort",
    "BrpcPort",
    "LastStartTime",
    "LastHeartbeat",
    "Alive",
    "SystemDecommissioned",
    "ClusterDecommissioned",
    "TabletNum",
    "DataUsedCapacity",
    "AvailCapacity",
    "TotalCapacity",
    "UsedPct",
    "MaxDiskUsedPct",
    "ErrMsg",
    "Version",
    "Status",
    "DataTotalCapacity",
    "DataUsedPct",
    "CpuCores",
    "MemLimit",
    "NumRunningQueries",
    "MemUsedPct",
    "CpuUsedPct",
    "DataCacheMetrics",
    "Location",
    "StatusCode",
];

const COMPUTE_NODES: [&str; 21] = [
    "ComputeNodeId",
    "IP",
    "HeartbeatPort",
    "BePort",
    "HttpPort",
    "BrpcPort",
    "LastStartTime",
    "LastHeartbeat",
    "Alive",
    "SystemDecommissioned",
    "ClusterDecommissioned",
    "ErrMsg",
    "Version",
    "CpuCores",
    "MemLimit",
    "NumRunningQueries",
    "MemUsedPct",
    "CpuUsedPct",
    "DataCacheMetrics",
    "HasStoragePath",
    "StatusCode",
];

const PROCESSES: [&str; 15] = [
    "ServerName",
    "Id",
    "User",
    "Host",
    "Db",
    "Command",
    "ConnectionStartTime",
    "Time",
    "State",
    "Info",
    "IsPending",
    "Warehouse",
    "CNGroup",
    "Catalog",
    "QueryId",
];

/// Capacity that every backend reports.
const DISK_BYTES: u64 = 1 << 40;

/// Nodes without storage, of which this cluster has none.
pub fn compute_nodes(release: Release) -> ResultSet {
    keeping(table(&COMPUTE_NODES, Vec::new()), |column| match column {
        "MemLimit" | "DataCacheMetrics" | "StatusCode" => release.shows_status_code(),
        _ => true,
    })
}

impl Cluster {
    pub(super) fn show_backends(&self, session: &Session) -> ResultSet {
        let tablets: usize = self
            .databases
            .values()
            .flat_map(|database| database.tables())
            .flat_map(|found| {
                found
                    .partitions
                    .iter()
                    .chain(found.temporary_partitions.iter())
            })
            .map(|partition| partition.buckets as usize * partition.physical.len())
            .sum();
        let rows = self
            .backends
            .iter()
            .enumerate()
            .map(|(index, backend)| self.backend_row(session, backend, index, tablets));
        keeping(table(&BACKENDS, rows.collect()), |column| match column {
            "MemLimit" => self.release.shows_memory_limit(),
            "StatusCode" => self.release.shows_status_code(),
            _ => true,
        })
    }

    fn backend_row(
        &self,
        session: &Session,
        backend: &Backend,
        index: usize,
        tablets: usize,
    ) -> Vec<String> {
        let report = session.zone.show(self.now);
        let status = format!("{{\"lastSuccessReportTabletsTime\":\"{report}\"}}");
        let id = backend.id.to_string();
        let cells = [
            id.as_str(),
            &format!("127.0.0.{}", index + 2),
            "9050",
            "9060",
            "8040",
            "8060",
            &session.zone.show(backend.started),
            &report,
            if backend.alive { "true" } else { "false" },
            "false",
            "false",
            &tablets.to_string(),
            "1.000 GB",
            &capacity(DISK_BYTES - (1 << 30)),
            &capacity(DISK_BYTES),
            "0.10 %",
            "0.10 %",
            if backend.alive {
                ""
            } else {
                "connection refused"
            },
            self.release.version(),
            &status,
            &capacity(DISK_BYTES - (1 << 30)),
            "0.10 %",
            "8",
            "28.800GB",
            "0",
            "1.00 %",
            "0.0 %",
            "N/A",
            "",
            if backend.alive { "OK" } else { "CONNECTING" },
        ];
        cells.map(str::to_owned).to_vec()
    }

    pub(super) fn show_processes(&self, session: &Session) -> ResultSet {
        let name = self
            .frontends
            .get(session.frontend)
            .map_or("", |frontend| frontend.name.as_str())
            .to_owned();
        // Those of others need OPERATE (`qe/ConnectScheduler.getAllConnThreadInfoByUser`).
        let all = self
            .need(session, Need::System(&[Privilege::Operate]))
            .is_ok();
        let shown = self
            .sessions
            .iter()
            .filter(|(_, info)| all || info.user == session.user);
        let rows = shown.map(|(id, info)| {
            let seconds = (self.now - info.last).num_seconds().to_string();
            let running = *id == session.id;
            vec![
                Some(name.clone()),
                Some(id.to_string()),
                Some(info.user.clone()),
                Some(info.host.clone()),
                Some(info.database.clone().unwrap_or_default()),
                Some(if running { "Query" } else { "Sleep" }.to_owned()),
                Some(session.zone.show(info.opened)),
                Some(seconds),
                Some(if running { "OK" } else { "" }.to_owned()),
                Some(info.statement.clone()),
                Some("false".to_owned()),
                Some("default_warehouse".to_owned()),
                Some(String::new()),
                Some("default_catalog".to_owned()),
                Some(String::new()),
            ]
        });
        let all = with_nulls(&PROCESSES, rows.collect());
        keeping(all, |column| match column {
            "ServerName" => self.release.names_server_of_process(),
            "Warehouse" | "CNGroup" | "Catalog" | "QueryId" => {
                self.release.tells_query_of_process()
            }
            _ => true,
        })
    }
}

/// `123.456 GB`: three decimals, a blank, binary units (`common/util/DebugUtil.getByteUint`).
pub fn capacity(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    #[expect(clippy::cast_precision_loss, reason = "three decimals are printed")]
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.3} {}", UNITS[unit])
}
