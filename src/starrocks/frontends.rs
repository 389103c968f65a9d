//! Who leads: the one frontend that knows how running jobs stand, and that has no replay to wait for.

use super::{Frontend, FrontendRow, ResultSet, RowError, StatementError, query};

/// Forwarded to the leader (`qe/RedirectStatus.java`): without one it is refused.
pub const SHOW_FRONTENDS: &str = "SHOW FRONTENDS";

/// The same rows from another source, answered by whom one is connected to (`common/proc/ProcService.java`). In 3.3.0 to 3.3.3, where
/// frontends are known by names, it has the row LEADER that SHOW FRONTENDS then lacks (StarRocks/starrocks#50999).
pub const SHOW_PROC_FRONTENDS: &str = "SHOW PROC '/frontends'";

/// Every frontend of the cluster, with the leader among them where any of the two answers names it.
pub async fn read_frontends(session: &dyn Frontend) -> Result<Vec<FrontendRow>, FrontendsError> {
    let frontends = frontend_rows(&query(session, SHOW_FRONTENDS).await?)?;
    if leader_of(&frontends).is_some() {
        return Ok(frontends);
    }
    let second = query(session, SHOW_PROC_FRONTENDS).await.ok(); // no error: refused, then nobody knows better than the first answer
    let second = second.and_then(|set| frontend_rows(&set).ok()); // no error: the same
    Ok(second
        .filter(|rows| leader_of(rows).is_some())
        .unwrap_or(frontends))
}

#[derive(Debug, thiserror::Error)]
pub enum FrontendsError {
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error(transparent)]
    Row(#[from] RowError),
}

/// What tells one cluster from another; the same on all its frontends (`common/proc/FrontendsProcNode.java`).
pub async fn cluster_id(session: &dyn Frontend) -> Result<Option<String>, StatementError> {
    let set = query(session, SHOW_FRONTENDS).await?;
    let row = set.first();
    Ok(row.and_then(|row| row.optional("ClusterId").map(str::to_owned)))
}

pub(super) fn frontend_rows(set: &ResultSet) -> Result<Vec<FrontendRow>, RowError> {
    set.rows().map(|row| FrontendRow::read(&row)).collect()
}

pub fn leader_of(frontends: &[FrontendRow]) -> Option<&FrontendRow> {
    frontends.iter().find(|frontend| frontend.leader)
}
