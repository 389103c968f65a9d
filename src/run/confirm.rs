//! What the repository itself says of a snapshot: the only proof of success, whatever SHOW BACKUP remembers.

use chrono::{DateTime, Utc};

use super::error::RunError;
use crate::catalog::SnapshotTimestamp;
use crate::names::{DatabaseName, Label, RepositoryName};
use crate::plan::settle::SnapshotContent;
use crate::starrocks::{
    RowError, Session, SnapshotDetailRow, SnapshotRow, SnapshotStatus, query, snapshot_content, sql,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotFound {
    /// Complete: its info file, which is written last, is there.
    Ok(SnapshotTimestamp),
    /// No directory, or one without an info file.
    No,
}

/// With what only some releases tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotSeen {
    pub found: SnapshotFound,
    /// When StarRocks deletes it by itself (since release 4.2).
    pub expires: Option<String>,
}

pub async fn snapshot(
    session: &Session,
    repository: &RepositoryName,
    label: &Label,
) -> Result<SnapshotFound, RunError> {
    Ok(look(session, repository, label).await?.found)
}

/// An unreadable repository is an error, never a "no".
pub async fn look(
    session: &Session,
    repository: &RepositoryName,
    label: &Label,
) -> Result<SnapshotSeen, RunError> {
    let set = query(session.as_ref(), &sql::show_snapshot(repository, label)).await?;
    let rows = set
        .rows()
        .map(|row| SnapshotRow::read(&row))
        .collect::<Result<Vec<_>, _>>()?;
    let row = rows.into_iter().find(|row| row.label == label.as_str());
    let no = SnapshotSeen {
        found: SnapshotFound::No,
        expires: None,
    };
    match row {
        None => Ok(no),
        Some(row) => match row.status {
            SnapshotStatus::NoSnapshot => Ok(no),
            // Several info files under one label: the latest is the one that a restore would be asked for.
            SnapshotStatus::Ok => {
                Ok(row
                    .timestamps
                    .into_iter()
                    .max()
                    .map_or(no, |timestamp| SnapshotSeen {
                        found: SnapshotFound::Ok(timestamp),
                        expires: row.expires,
                    }))
            }
            SnapshotStatus::Unreadable(reason) => Err(unreadable(repository, &reason)),
        },
    }
}

pub(super) const REPOSITORY_HELP: &str = "check the repository's storage and credentials; SHOW REPOSITORIES shows the last error of its ping";

pub(super) fn unreadable(repository: &RepositoryName, reason: &str) -> RunError {
    let mut error = crate::starrocks::StatementError::unreachable(format!(
        "repository `{repository}` cannot be read: {reason}"
    ));
    error.help = Some(REPOSITORY_HELP);
    error.into()
}

/// What a complete snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedSnapshot {
    pub timestamp: SnapshotTimestamp,
    /// When the cluster accepted the BACKUP.
    pub created: Option<DateTime<Utc>>,
    /// Whose tables they are; `None` where its name cannot be written in a statement.
    pub database: Option<DatabaseName>,
    pub content: SnapshotContent,
}

pub async fn confirm(
    session: &Session,
    repository: &RepositoryName,
    label: &Label,
) -> Result<ConfirmedSnapshot, RunError> {
    let SnapshotFound::Ok(timestamp) = snapshot(session, repository, label).await? else {
        return Err(RunError::Failed(format!(
            "repository `{repository}` has no complete snapshot `{label}`, though its job is over"
        )));
    };
    let set = query(
        session.as_ref(),
        &sql::show_snapshot_details(repository, label, &timestamp),
    )
    .await?;
    let row = set.first().ok_or(RowError::Null { column: "Details" })?;
    let row = SnapshotDetailRow::read(&row)?;
    let details = match (row.status, row.details) {
        (SnapshotStatus::Ok, Some(details)) => details,
        (SnapshotStatus::Unreadable(reason), _) => return Err(unreadable(repository, &reason)),
        (_, _) => {
            return Err(RunError::Failed(format!(
                "repository `{repository}` tells no details of snapshot `{label}`"
            )));
        }
    };
    let content = snapshot_content(details)?;
    Ok(ConfirmedSnapshot {
        timestamp,
        created: content.created,
        database: content.database,
        content: content.tables,
    })
}
