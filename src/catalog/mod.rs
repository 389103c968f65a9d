//! What exists, as values without IO: what the inventory names, what the cluster holds, what a backup covers, which backups belong together.

mod amount;
mod around;
mod backup;
mod backup_kind;
mod chain;
mod column_changes;
mod coverage;
mod facts;
mod fingerprint;
mod inventory;
mod job;
mod manifest;
#[cfg(test)]
pub mod sketch;

pub use amount::count;
pub use around::{Grantee, RoutineLoad, Surroundings, TableGrant, TableSurroundings};
pub use backup::{BackupRecord, BackupStatus, Pin, SnapshotTimestamp, Trigger};
pub use backup_kind::BackupKind;
pub use chain::{Chain, ChainError, Link, PartitionSource, TableState};
pub use column_changes::ColumnChanges;
pub use coverage::{
    ClusterTable, Coverage, FailedDatabase, LeftOutTable, UnfitTable, Unmatched, UnmatchedRow,
    last_runs,
};
pub use facts::{
    ColumnFacts, DatabaseFacts, LeftOut, LeftOutReason, PartitionFacts, Partitioning, TableFacts,
    TableLook,
};
pub use fingerprint::{Fingerprint, PhysicalPartition, RecordedFingerprint, SchemaFingerprint};
pub use inventory::{Inventory, TablePattern};
pub use job::{JobEvent, JobEventKind, JobKind, JobState, JobSummary, Standing};
pub use manifest::{Manifest, Measured, PartitionRecord, TableRecord, TableRecordState};
