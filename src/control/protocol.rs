//! What goes over the control socket: one request, one answer, as JSON bodies of HTTP/1.1.
//!
//! | method and path | body | answer |
//! |---|---|---|
//! | GET /v1/status | | [`Status`] |
//! | GET /v1/next?days=N | | [`NextFires`] |
//! | GET /v1/jobs | | [`JobList`] |
//! | GET /v1/jobs/{job} | | [`JobDetail`] |
//! | GET /v1/jobs/{job}/events | | [`JobEvent`]s, one JSON object a line, until the job ends |
//! | GET /v1/backups?group=G | | [`BackupList`] |
//! | GET /v1/backups/{label} | | [`BackupDetail`] |
//! | GET /v1/coverage | | [`Coverage`] |
//! | POST /v1/backups | [`BackupRequest`] | [`Accepted`] |
//! | POST /v1/restores/points | `PointRequest` | [`PointList`] |
//! | POST /v1/restores/plan | `RestoreRequest` | `RestorePlan` |
//! | POST /v1/restores | [`RestoreStart`] | [`Accepted`] |
//! | POST /v1/backups/{label}/pin | [`PinRequest`] | [`Report`] |
//! | POST /v1/backups/{label}/unpin | | [`Report`] |
//! | POST /v1/prunes/plan | [`PruneRequest`] | `PrunePlan` |
//! | POST /v1/prunes | [`PruneStart`] | [`Accepted`] |
//! | POST /v1/recoveries | [`RecoverRequest`] | [`Accepted`] |
//! | POST /v1/jobs/{job}/cancel, /undo, /swap, /discard | | [`Accepted`] |
//! | POST /v1/init, /v1/check, /v1/reload | | [`Report`] |
//!
//! A refusal is an HTTP status of 4xx or 5xx with a [`Refusal`] as its body. A client that goes away cancels nothing.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::catalog::{
    BackupKind, BackupRecord, JobSummary, LeftOut, Partitioning, Standing, TableRecordState,
};
use crate::names::{PartitionName, RepositoryName, TableName};

// What both sides speak of, so that neither needs to know where it is defined.
pub use crate::catalog::{Coverage, JobEvent};
pub use crate::names::{GroupName, JobId, Label};
pub use crate::plan::restore::{PointRequest, RecoveryPoint, RestorePlan, RestoreRequest};
pub use crate::plan::retention::PrunePlan;

/// Raised when an answer changes its shape; both sides print it when they disagree.
pub const PROTOCOL_VERSION: u32 = 1;

/// Carries [`PROTOCOL_VERSION`] on every answer of the daemon and on every request of `brctl`; other clients may leave it out.
pub const PROTOCOL_HEADER: &str = "brd-protocol";

/// The longest request body, in bytes. The longest is a [`RestoreStart`]: a plan of 1,000 tables with 500 partitions each fits.
pub const BODY_LIMIT: usize = 16 << 20;

/// The most days that [`Request::Next`] looks ahead.
pub const NEXT_DAYS_LIMIT: u32 = 366;

/// What a client may ask. The server turns method and path into one of these.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    Status,
    Next {
        days: u32,
    },
    Jobs,
    Job(JobId),
    Backups {
        group: Option<GroupName>,
    },
    Backup(Label),
    Coverage,
    StartBackup(BackupRequest),
    /// Which backups a wanted moment means.
    ChoosePoints(PointRequest),
    PlanRestore(RestoreRequest),
    StartRestore(Box<RestoreStart>),
    Pin {
        label: Label,
        pin: PinRequest,
    },
    Unpin(Label),
    PlanPrune(PruneRequest),
    StartPrune(PruneStart),
    StartRecovery(RecoverRequest),
    Cancel(JobId),
    Undo(JobId),
    Swap(JobId),
    Discard(JobId),
    Init,
    Check,
    Reload,
}

/// An answer, by the request it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Response {
    Status(Box<Status>),
    Next(NextFires),
    Jobs(JobList),
    Job(Box<JobDetail>),
    Backups(BackupList),
    Backup(Box<BackupDetail>),
    Coverage(Box<Coverage>),
    Points(PointList),
    Plan(Box<RestorePlan>),
    PrunePlan(Box<PrunePlan>),
    Accepted(Accepted),
    Report(Report),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BackupRequest {
    pub kind: BackupKind,
    pub group: GroupName,
    pub baseline_backup: Option<Label>,
    pub name: Option<Label>,
}

/// One for each database that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointList {
    pub points: Vec<RecoveryPoint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RestoreStart {
    /// The plan that was shown. It is run as it stands, or refused because the cluster has moved on since.
    pub plan: RestorePlan,
    /// Although the space does not seem to be there.
    #[serde(default)]
    pub force: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PinRequest {
    /// `None`: for good.
    pub until: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PruneRequest {
    /// `None`: every group of the schedule.
    pub group: Option<GroupName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PruneStart {
    /// The plan that was shown. It is run as it stands, or refused because something has changed since.
    pub plan: PrunePlan,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RecoverRequest {
    pub repository: RepositoryName,
    /// On the daemon's host. Taken instead of looking for a backup of `ops`.
    #[serde(default)]
    pub from_mirror: Option<PathBuf>,
}

/// The work was taken on; it goes on whether or not anybody watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    pub job: JobId,
}

/// Findings of `init`, `check` or `reload`, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub lines: Vec<ReportLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportLine {
    pub verdict: Verdict,
    pub text: String,
    /// What to do next.
    pub help: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Ok,
    Warning,
    Bad,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub protocol: u32,
    pub version: String,
    pub pid: u32,
    pub host: String,
    pub started: DateTime<Utc>,
    pub now: DateTime<Utc>,
    pub config: String,
    pub schedule: String,
    pub schedule_loaded: DateTime<Utc>,
    /// Why the daemon is not as it should be: a schedule that could not be loaded, a cluster that does not answer.
    pub degraded: Vec<String>,
    /// Set while stopping: `draining`, `detaching`.
    pub stopping: Option<String>,
    pub cluster: Option<ClusterStatus>,
    pub groups: Vec<GroupStatus>,
    pub running: Vec<JobSummary>,
    pub waiting: Vec<JobSummary>,
    /// Restored and verified, and neither made live nor discarded yet; as of the last look at the cluster.
    #[serde(default)]
    pub open_restores: Vec<OpenRestore>,
}

/// A restore that stopped beside the live tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRestore {
    pub job: JobId,
    pub label: Label,
    pub finished: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterStatus {
    pub leader: String,
    pub version: String,
    pub backends_alive: u32,
    pub backends: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupStatus {
    pub group: GroupName,
    pub timezone: String,
    pub full: Option<String>,
    pub incremental: Option<String>,
    pub next_full: Option<DateTime<Utc>>,
    pub next_incremental: Option<DateTime<Utc>>,
    /// The latest run of the group since the daemon started.
    pub last: Option<JobSummary>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextFires {
    pub fires: Vec<NextFire>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextFire {
    pub group: GroupName,
    pub kind: BackupKind,
    pub at: DateTime<Utc>,
    /// In the group's zone, with its offset.
    pub local: String,
    /// Said on the days around a change of the clocks.
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobList {
    pub jobs: Vec<JobSummary>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobDetail {
    pub summary: JobSummary,
    pub events: Vec<JobEvent>,
    /// For a restore.
    pub plan: Option<RestorePlan>,
    /// For a restore that is done; `None` where `ops` could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupList {
    pub backups: Vec<BackupRecord>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupDetail {
    pub record: BackupRecord,
    /// From the full to this one; empty when it cannot be restored to, and `chain_error` says why.
    pub chain: Vec<Label>,
    pub chain_error: Option<String>,
    pub tables: Vec<BackupTable>,
    pub left_out: Vec<LeftOut>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupTable {
    pub table: TableName,
    pub state: TableRecordState,
    pub whole_table: bool,
    pub partitioning: Option<Partitioning>,
    pub partitions: Vec<BackupPartition>,
    pub dropped_partitions: Vec<PartitionName>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackupPartition {
    pub partition: PartitionName,
    pub visible_version: u64,
    pub rows: u64,
    pub data_bytes: u64,
    /// False: loaded into while the snapshot was taken; the next incremental takes it again.
    pub settled: bool,
}

/// Why the daemon will not, in the words a person reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: RefusalCode,
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
}

/// Each has its HTTP status and, in `brctl`, its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCode {
    /// 400: the request itself is wrong.
    Usage,
    /// 404: no such group, label, job, table.
    NotFound,
    /// 409: it is there, and cannot be done now or with this.
    Refused,
    /// 403: the peer may not.
    Forbidden,
    /// 422: the schedule or configuration file is wrong.
    Configuration,
    /// 502: the cluster said no, or nothing.
    Cluster,
    /// 500: brd's own fault.
    Internal,
}

impl RefusalCode {
    pub fn http_status(self) -> u16 {
        match self {
            RefusalCode::Usage => 400,
            RefusalCode::Forbidden => 403,
            RefusalCode::NotFound => 404,
            RefusalCode::Refused => 409,
            RefusalCode::Configuration => 422,
            RefusalCode::Internal => 500,
            RefusalCode::Cluster => 502,
        }
    }
}

impl Refusal {
    pub fn new(code: RefusalCode, message: impl Into<String>, help: impl Into<String>) -> Refusal {
        Refusal {
            code,
            message: message.into(),
            help: Some(help.into()),
        }
    }
}
