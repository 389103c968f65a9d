//! What is asked of a recovery, and what must outlive this process to finish it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::names::{JobId, Label, RepositoryName};

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverOrder {
    pub repository: RepositoryName,
    /// Taken instead of looking for a backup of `ops`.
    pub mirror: Option<PathBuf>,
}

/// Kept in the slot's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RecoverContext {
    /// The job; also what tells this from the context of a restore, whose scope and word in `ops.run_status` it shares.
    pub recover: JobId,
    pub repository: RepositoryName,
    pub source: Source,
}

/// Where the memory comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A backup of `ops`.
    Snapshot(Label),
    Mirror(PathBuf),
    /// What the snapshots of the repository tell of themselves.
    Details,
}

impl RecoverContext {
    /// `None`: the slot is a restore's.
    pub fn read(context: &str) -> Option<RecoverContext> {
        serde_json::from_str(context).ok() // no error: the context of another kind of job
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Snapshot(label) => write!(out, "the backup `{label}`"),
            Source::Mirror(path) => write!(out, "the mirror {}", path.display()),
            Source::Details => write!(out, "what the repository's snapshots tell"),
        }
    }
}
