//! Why a job could not go on.

use crate::catalog::ChainError;
use crate::names::Label;
use crate::ops::{OpsError, SchemaError};
use crate::plan::restore::RestorePlanError;
use crate::plan::settle::MissingFromSnapshot;
use crate::starrocks::{ErrorClass, FactsError, FrontendsError, RowError, StatementError};

use super::job::JobStop;

/// A condition that is not met, with what to do about it. Nothing was begun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    pub kind: RefusedKind,
    pub message: String,
    pub help: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedKind {
    /// What was named does not exist.
    NotFound,
    /// It exists, and cannot be done.
    NotPossible,
    /// The request itself is wrong.
    Usage,
}

impl Refused {
    pub fn not_found(message: impl Into<String>, help: impl Into<String>) -> Refused {
        Refused {
            kind: RefusedKind::NotFound,
            message: message.into(),
            help: help.into(),
        }
    }

    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Refused {
        Refused {
            kind: RefusedKind::Usage,
            message: message.into(),
            help: help.into(),
        }
    }

    pub fn not_possible(message: impl Into<String>, help: impl Into<String>) -> Refused {
        Refused {
            kind: RefusedKind::NotPossible,
            message: message.into(),
            help: help.into(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error(transparent)]
    Ops(#[from] OpsError),
    #[error(transparent)]
    Schema(#[from] SchemaError),
    #[error("the cluster's answer cannot be read: {0}")]
    Row(#[from] RowError),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    RestorePlan(#[from] RestorePlanError),
    #[error(transparent)]
    Missing(#[from] MissingFromSnapshot),
    /// The cluster's job ended in another way than FINISHED.
    #[error("{what} was cancelled by the cluster: {reason}")]
    ServerCancelled {
        what: String,
        reason: String,
        class: ErrorClass,
    },
    /// Sent, and neither refused nor to be found: it may be sent again under another name.
    #[error("{0}")]
    Unseen(String),
    #[error("{what} was not over within its timeout of {}", humantime::format_duration(*.limit))]
    TimedOut {
        what: String,
        limit: std::time::Duration,
    },
    /// The last files of a snapshot are on the host of a leader that leads no more.
    #[error(
        "backup `{label}` cannot be completed: the cluster got another leader before the snapshot's last files were uploaded, and they lie on \
         the host of the old one ({reason})"
    )]
    Stranded { label: Label, reason: String },
    #[error("{0}")]
    Failed(String),
    #[error("stopped on request")]
    Stopped(JobStop),
}

impl From<FactsError> for RunError {
    fn from(error: FactsError) -> RunError {
        match error {
            FactsError::Statement(error) => RunError::Statement(error),
            FactsError::Row(error) => RunError::Row(error),
            FactsError::NoDatabase(name) => RunError::Refused(Refused::not_found(
                format!("database `{name}` does not exist"),
                "create it, or delete its rows from ops.table_inventory",
            )),
        }
    }
}

impl From<FrontendsError> for RunError {
    fn from(error: FrontendsError) -> RunError {
        match error {
            FrontendsError::Statement(error) => RunError::Statement(error),
            FrontendsError::Row(error) => RunError::Row(error),
        }
    }
}

/// Whether the same thing may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// After a pause: nothing is wrong with what was asked.
    Later,
    Never,
}

impl RunError {
    fn class(&self) -> Option<ErrorClass> {
        match self {
            RunError::Statement(error)
            | RunError::Ops(OpsError::Statement(error))
            | RunError::Schema(crate::ops::SchemaError::Ops(OpsError::Statement(error))) => {
                Some(error.class)
            }
            RunError::ServerCancelled { class, .. } => Some(*class),
            _ => None,
        }
    }

    pub fn retry(&self) -> Retry {
        match self.class() {
            Some(ErrorClass::Lost | ErrorClass::Transient | ErrorClass::SlotBusy) => Retry::Later,
            _ => Retry::Never,
        }
    }

    /// Worth a new attempt from the first look on, under a new label.
    pub fn wants_new_attempt(&self) -> bool {
        let class = self.class();
        matches!(self, RunError::Unseen(_))
            || matches!(class, Some(ErrorClass::NewLabel | ErrorClass::Replan))
    }

    /// What to do next, where there is something to say.
    pub fn help(&self) -> Option<String> {
        match self {
            RunError::Refused(refused) => Some(refused.help.clone()),
            RunError::Statement(error)
            | RunError::Ops(OpsError::Statement(error))
            | RunError::Schema(SchemaError::Ops(OpsError::Statement(error))) => {
                error.help.map(str::to_owned)
            }
            RunError::RestorePlan(error) => Some(error.help()),
            RunError::Stranded { .. } => Some(
                "take the backup again: it gets a label of its own; the scheduled runs go on by themselves".to_owned(),
            ),
            RunError::Chain(_) => Some("`brctl backups` lists the recovery points".to_owned()),
            RunError::Schema(SchemaError::NoBackend) => {
                Some("bring a backend up, then run `brctl init`".to_owned())
            }
            RunError::Schema(SchemaError::Foreign { .. }) => {
                Some("rename that table, then run `brctl init`".to_owned())
            }
            _ => None,
        }
    }

    /// For one row or one line: the message, then the help.
    pub fn full_text(&self) -> String {
        match self.help() {
            Some(help) => format!("{self}; {help}"),
            None => self.to_string(),
        }
    }
}
