//! The lines of the file, in order: one header, the repositories, the inventory, then backups, each with its manifest behind it, and an end.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::names::{Label, RepositoryName};
use crate::ops::{Cells, ManifestRows};

/// Raised when a line changes its meaning. Lines that are not known are an error: what they say would be lost.
pub const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    Header(MirrorHeader),
    Repository(MirroredRepository),
    /// A row of `ops.table_inventory`.
    Inventory(Cells),
    /// A row of `ops.backup_history`.
    Backup(Cells),
    Manifest {
        label: Label,
        #[serde(flatten)]
        rows: ManifestRows,
    },
    End {
        /// Before this one. A file that is cut off has no end, or another number.
        lines: u64,
        /// Older recovery points that would have made it too long.
        left_out: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorHeader {
    pub format: u32,
    /// The release of brd that wrote it.
    pub brd: String,
    pub written: DateTime<Utc>,
    pub host: String,
    /// The cluster's own id; empty where it does not tell.
    pub cluster: String,
}

/// As SHOW REPOSITORIES told. Credentials are never shown, and so not mirrored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirroredRepository {
    pub name: RepositoryName,
    pub location: String,
}
