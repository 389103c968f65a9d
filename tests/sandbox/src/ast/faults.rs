//! What `SANDBOX …` orders beside the clock: faults of statements, jobs, tasks, repositories and nodes.

use std::time::Duration;

use crate::answer::SqlError;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultControl {
    On(StatementFault),
    Jobs(JobsControl),
    Job(JobOrder),
    /// `None` of the trouble takes those of the phase away.
    Tasks(Phase, Option<TaskTrouble>),
    Repository(String, RepositoryControl),
    /// Backends are counted from 0.
    Backend {
        index: usize,
        alive: bool,
    },
    /// Milliseconds by which the frontend's clock jumps.
    Clock(i64),
    Hazard(bool),
    /// A statement of somebody else, now.
    Intrude(String),
    Show,
    Clear,
    Help,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobsControl {
    Hold,
    Release,
    /// Jobs that are done are forgotten at once.
    Purge,
    Lock,
    Unlock,
    /// So many SHOW BACKUP and SHOW RESTORE meet a job while it changes.
    Changing(u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepositoryControl {
    ReadOnly,
    ReadWrite,
    Trouble(RepositoryTrouble),
    Well,
}

/// With the text that the storage gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepositoryTrouble {
    Unreachable(String),
    /// Reads work, writes do not.
    Full(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Snapshot,
    Upload,
    Download,
    Move,
}

impl Phase {
    pub const ALL: [Phase; 4] = [Phase::Snapshot, Phase::Upload, Phase::Download, Phase::Move];

    pub fn name(self) -> &'static str {
        match self {
            Phase::Snapshot => "SNAPSHOT",
            Phase::Upload => "UPLOAD",
            Phase::Download => "DOWNLOAD",
            Phase::Move => "MOVE",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskTrouble {
    /// What the backend reports; without it, nothing is heard of the task.
    pub text: Option<String>,
    /// How many rounds; without it, until it is taken away.
    pub rounds: Option<u32>,
    /// Only tasks of this backend, counted from 0.
    pub backend: Option<usize>,
}

/// What a job meets, once, at the step where it can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOrder {
    /// BACKUP, SNAPSHOTING: compaction has overtaken the version (`backup/BackupJob.finishTabletSnapshotTask`).
    VersionMerged,
    /// BACKUP, PENDING: no replica has seen every load.
    NoReplica,
    /// RESTORE, PENDING: backends do not answer CREATE REPLICA.
    ReplicasNotCreated,
    /// RESTORE, PENDING: a disk is full.
    DiskFull,
    /// Either, at any visit: its time is up.
    Timeout,
    /// Either, at any visit: a Java exception with this text.
    Exception(String),
}

impl JobOrder {
    pub fn name(&self) -> &'static str {
        match self {
            JobOrder::VersionMerged => "VERSION MERGED",
            JobOrder::NoReplica => "NO REPLICA",
            JobOrder::ReplicasNotCreated => "REPLICAS NOT CREATED",
            JobOrder::DiskFull => "DISK FULL",
            JobOrder::Timeout => "TIMEOUT",
            JobOrder::Exception(_) => "EXCEPTION",
        }
    }
}

/// Whether the statement that fails has been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Refused: nothing happened.
    None,
    /// Done, and then the client is told that it failed.
    Done,
}

/// Something that happens to statements whose text contains `pattern` in any case of letters, or begins with what stands behind a `^`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementFault {
    pub pattern: String,
    /// The first that is hit, counted from 1 among those that fit.
    pub nth: u32,
    /// How many are hit; without it, all that follow.
    pub times: Option<u32>,
    pub chance: Option<Chance>,
    pub effect: Effect,
    pub consequence: Consequence,
}

/// So many of a hundred statements that fit are hit, the same ones for the same seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chance {
    pub percent: u32,
    pub seed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consequence {
    /// The TCP connection ends without an answer.
    Cut,
    /// The statement takes so long: a manual clock is moved, with the system's one waits.
    Delay(Duration),
    Error(SqlError),
    /// A statement of another session, root's.
    Run(String),
    /// What a backend says that has `tablet_max_versions` of a tablet.
    TooManyVersions,
    /// What a statement says that has passed `query_timeout` or `insert_timeout`.
    QueryTimeout,
    /// A load that is committed and not visible in time; it is no error. The rows are visible here at once, though.
    PublishTimeout,
}
