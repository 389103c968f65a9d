//! Values as a daemon with some history would answer them, for the tests of what `brctl` prints.

use std::collections::BTreeSet;

use brd::catalog::{
    BackupKind, BackupRecord, BackupStatus, JobEvent, JobEventKind, JobKind, JobState, JobSummary,
    LeftOut, LeftOutReason, Partitioning, SnapshotTimestamp, TableRecordState, TableSurroundings,
    Trigger,
};
use brd::control::protocol::{
    BackupDetail, BackupPartition, BackupTable, ClusterStatus, GroupStatus, JobDetail, NextFire,
    PROTOCOL_VERSION, Status,
};
use brd::names::{DatabaseName, GroupName, JobId, Label, PartitionName, RepositoryName, TableName};
use brd::plan::restore::{Finish, LiveTable, PlannedLink, RestorePlan, SourcePlan, TablePlan};
use chrono::{DateTime, Utc};

pub const GIB: u64 = 1 << 30;

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn job(text: &str) -> JobId {
    JobId::parse(text).unwrap()
}

pub fn label(text: &str) -> Label {
    Label::recorded(text).unwrap()
}

pub fn group(text: &str) -> GroupName {
    GroupName::parse(text).unwrap()
}

pub fn table(text: &str) -> TableName {
    TableName::parse(text).unwrap()
}

pub fn database(text: &str) -> DatabaseName {
    DatabaseName::parse(text).unwrap()
}

pub fn partition(text: &str) -> PartitionName {
    PartitionName::parse(text).unwrap()
}

pub fn summary(id: &str, kind: JobKind, state: JobState, message: &str) -> JobSummary {
    JobSummary {
        job: job(id),
        kind,
        group: Some(group("nightly")),
        labels: vec![label("sales_20261122_inc")],
        state,
        trigger: "schedule".to_owned(),
        scheduled: Some(at("2026-11-22T01:00:00Z")),
        started: Some(at("2026-11-22T01:00:01Z")),
        finished: state.is_over().then(|| at("2026-11-22T01:12:32Z")),
        message: message.to_owned(),
    }
}

pub fn group_status(name: &str, last: Option<JobSummary>) -> GroupStatus {
    GroupStatus {
        group: group(name),
        timezone: "Europe/Berlin".to_owned(),
        full: Some("0 2 * * 0".to_owned()),
        incremental: Some("0 2 * * 1-6".to_owned()),
        next_full: Some(at("2026-11-29T01:00:00Z")),
        next_incremental: Some(at("2026-11-23T01:00:00Z")),
        last,
    }
}

pub fn status() -> Status {
    Status {
        protocol: PROTOCOL_VERSION,
        version: "0.1.0".to_owned(),
        pid: 4711,
        host: "db-7".to_owned(),
        started: at("2026-11-19T20:46:00Z"),
        now: at("2026-11-22T22:47:00Z"),
        config: "/etc/brd/brd.toml".to_owned(),
        schedule: "/etc/brd/schedule.toml".to_owned(),
        schedule_loaded: at("2026-11-20T08:00:00Z"),
        degraded: Vec::new(),
        stopping: None,
        cluster: Some(ClusterStatus {
            leader: "fe1:9030".to_owned(),
            version: "3.3.7".to_owned(),
            backends_alive: 3,
            backends: 3,
        }),
        groups: vec![
            group_status(
                "nightly",
                Some(summary(
                    "j7",
                    JobKind::Incremental,
                    JobState::Done,
                    "2 databases",
                )),
            ),
            GroupStatus {
                incremental: None,
                next_incremental: None,
                ..group_status("weekly", None)
            },
        ],
        running: Vec::new(),
        waiting: Vec::new(),
        open_restores: Vec::new(),
    }
}

pub fn fires() -> Vec<NextFire> {
    let fire = |kind, at_text, local: &str, note: Option<&str>| NextFire {
        group: group("nightly"),
        kind,
        at: at(at_text),
        local: local.to_owned(),
        note: note.map(str::to_owned),
    };
    vec![
        fire(
            BackupKind::Incremental,
            "2027-03-27T01:30:00Z",
            "2027-03-27 02:30 +01:00",
            None,
        ),
        fire(
            BackupKind::Full,
            "2027-03-28T01:00:00Z",
            "2027-03-28 03:00 +02:00",
            Some("02:30 does not exist on this day; runs at the first moment after the gap"),
        ),
    ]
}

pub fn event(at_text: &str, database_name: Option<&str>, what: JobEventKind) -> JobEvent {
    JobEvent {
        at: at(at_text),
        job: job("j7"),
        database: database_name.map(database),
        what,
    }
}

pub fn events() -> Vec<JobEvent> {
    let state = |state, message: &str| JobEventKind::State {
        state,
        message: message.to_owned(),
    };
    vec![
        event("2026-11-22T01:00:01Z", None, state(JobState::Running, "")),
        event(
            "2026-11-22T01:00:02Z",
            Some("sales"),
            JobEventKind::Step {
                number: 1,
                of: 3,
                text: "gather facts".to_owned(),
            },
        ),
        event(
            "2026-11-22T01:00:03Z",
            Some("sales"),
            JobEventKind::Finding {
                text: "table v_orders is left out: it is a view, which holds no rows".to_owned(),
                help: Some("name the tables instead of `*` to be rid of this line".to_owned()),
            },
        ),
        event(
            "2026-11-22T01:00:04Z",
            Some("sales"),
            JobEventKind::Step {
                number: 2,
                of: 0,
                text: "BACKUP".to_owned(),
            },
        ),
        event(
            "2026-11-22T01:05:00Z",
            Some("sales"),
            JobEventKind::Progress {
                done: 450,
                total: 1000,
                text: "UPLOADING".to_owned(),
            },
        ),
        event(
            "2026-11-22T01:06:00Z",
            Some("sales"),
            JobEventKind::Progress {
                done: 0,
                total: 0,
                text: "SAVE_META".to_owned(),
            },
        ),
        event(
            "2026-11-22T01:12:32Z",
            None,
            state(JobState::Done, "2 databases"),
        ),
    ]
}

pub fn record(name: &str, kind: BackupKind) -> BackupRecord {
    BackupRecord {
        label: label(name),
        kind,
        status: BackupStatus::Finished,
        repository: RepositoryName::parse("s3_repo").unwrap(),
        error: None,
        run: Some(job("j7")),
        group: Some(group("nightly")),
        database: Some(database("sales")),
        baseline: (kind == BackupKind::Incremental).then(|| label("sales_20261121_full")),
        snapshot: Some(SnapshotTimestamp("2026-11-22-02-00-05-123".to_owned())),
        snapshot_created: Some(at("2026-11-22T01:00:05Z")),
        started: Some(at("2026-11-22T01:00:01Z")),
        finished: Some(at("2026-11-22T01:12:32Z")),
        trigger: Some(Trigger::Schedule),
        scheduled: Some(at("2026-11-22T01:00:00Z")),
        host: Some("db-7".to_owned()),
        partition_count: Some(3),
        data_bytes: Some(GIB + GIB / 2),
        verified: None,
        pin: None,
        expired: None,
        changes: brd::catalog::ColumnChanges::default(),
    }
}

/// Recorded by starrocks-br: none of brd's own columns.
pub fn foreign_record() -> BackupRecord {
    BackupRecord {
        run: None,
        group: None,
        database: None,
        baseline: None,
        snapshot: None,
        snapshot_created: None,
        trigger: None,
        scheduled: None,
        host: None,
        partition_count: None,
        data_bytes: None,
        ..record("old_20250101_full", BackupKind::Full)
    }
}

pub fn failed_record() -> BackupRecord {
    BackupRecord {
        status: BackupStatus::Failed,
        error: Some("BACKUP was refused:\nrepository s3_repo is read only".to_owned()),
        snapshot: None,
        snapshot_created: None,
        partition_count: None,
        data_bytes: None,
        ..record("sales_20261122_inc_r1", BackupKind::Incremental)
    }
}

pub fn unchanged_record() -> BackupRecord {
    BackupRecord {
        snapshot: None,
        snapshot_created: None,
        partition_count: Some(0),
        data_bytes: Some(0),
        verified: Some(at("2026-11-22T13:00:02Z")),
        ..record("sales_20261122_inc_r2", BackupKind::Incremental)
    }
}

pub fn backup_detail() -> BackupDetail {
    let part = |name, visible_version, settled| BackupPartition {
        partition: partition(name),
        visible_version,
        rows: 1000,
        data_bytes: GIB / 2,
        settled,
    };
    let unchanged = BackupTable {
        table: table("customers"),
        state: TableRecordState::Unchanged,
        whole_table: false,
        partitioning: Some(Partitioning::Unpartitioned),
        partitions: Vec::new(),
        dropped_partitions: Vec::new(),
    };
    let orders = BackupTable {
        table: table("orders"),
        state: TableRecordState::Included,
        partitioning: Some(Partitioning::Partitioned),
        partitions: vec![part("p20261121", 12, true), part("p20261122", 3, false)],
        dropped_partitions: vec![partition("p20251121")],
        ..unchanged.clone()
    };
    let items = BackupTable {
        table: table("items"),
        whole_table: true,
        partitions: vec![part("items", 7, true)],
        dropped_partitions: Vec::new(),
        ..orders.clone()
    };
    let gone = BackupTable {
        table: table("drafts"),
        state: TableRecordState::Dropped,
        ..unchanged.clone()
    };
    BackupDetail {
        record: record("sales_20261122_inc", BackupKind::Incremental),
        chain: vec![label("sales_20261121_full"), label("sales_20261122_inc")],
        chain_error: None,
        tables: vec![unchanged, gone, items, orders],
        left_out: vec![LeftOut {
            table: table("v_orders"),
            reason: LeftOutReason::View,
        }],
    }
}

pub fn plan() -> RestorePlan {
    let link = |name, kind, snapshot: Option<&str>| PlannedLink {
        label: label(name),
        kind,
        snapshot: snapshot.map(|text| SnapshotTimestamp(text.to_owned())),
    };
    RestorePlan {
        room: None,
        job: job("r9"),
        target: label("sales_20261122_inc"),
        recovery_point: Some(at("2026-11-22T01:00:05Z")),
        expired: None,
        repository: RepositoryName::parse("s3_repo").unwrap(),
        database: database("sales"),
        source: None,
        creates_database: false,
        finish: Finish::Live,
        group: Some(group("nightly")),
        links: vec![
            link(
                "sales_20261121_full",
                BackupKind::Full,
                Some("2026-11-21-02-00-05-001"),
            ),
            link(
                "sales_20261122_inc",
                BackupKind::Incremental,
                Some("2026-11-22-02-00-05-123"),
            ),
        ],
        tables: vec![items_plan(), orders_plan()],
        running_loads: Vec::new(),
        unseen: Vec::new(),
    }
}

fn items_plan() -> TablePlan {
    TablePlan {
        table: table("items"),
        live: LiveTable::Gone,
        restored: table("items_restored"),
        replication_num: 1,
        sources: vec![SourcePlan {
            link: 1,
            download_as: table("items_restored"),
            partitions: None,
            used: vec![partition("items")],
            data_bytes: GIB / 2,
        }],
        surplus: Vec::new(),
        partitions: None,
        around: TableSurroundings::default(),
        exchanges: Vec::new(),
    }
}

fn orders_plan() -> TablePlan {
    let days = |days: &[&str]| days.iter().map(|day| partition(day)).collect::<Vec<_>>();
    TablePlan {
        table: table("orders"),
        live: LiveTable::Replaced {
            table_id: 10_123,
            differing: 2,
            newer: days(&["p20261123", "p20261124"]),
        },
        restored: table("orders_restored"),
        replication_num: 3,
        sources: vec![
            SourcePlan {
                link: 0,
                download_as: table("orders_restored"),
                partitions: None,
                used: days(&["p20261119", "p20261120"]),
                data_bytes: 12 * GIB,
            },
            SourcePlan {
                link: 1,
                download_as: table("orders_restored_inc"),
                partitions: Some(days(&["p20261121", "p20261122"])),
                used: days(&["p20261121", "p20261122"]),
                data_bytes: GIB,
            },
        ],
        surplus: days(&["p20251121"]),
        partitions: Some(
            days(&["p20261119", "p20261120", "p20261121", "p20261122"])
                .into_iter()
                .collect::<BTreeSet<_>>(),
        ),
        around: TableSurroundings::default(),
        exchanges: Vec::new(),
    }
}

pub fn restore_detail(state: JobState, message: &str) -> JobDetail {
    let summary = JobSummary {
        trigger: "uid 1000 (pid 815)".to_owned(),
        scheduled: None,
        ..summary("r9", JobKind::Restore, state, message)
    };
    JobDetail {
        summary,
        events: Vec::new(),
        plan: Some(plan()),
        standing: None,
    }
}
