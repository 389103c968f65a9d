//! Which frontend answers a statement: the table of StarRocks' `getRedirectStatus`, class by class, as in 3.4.3's `sql/ast/*Stmt.java`;
//! later `qe/RedirectStatus.java` holds the same table in one place.

use crate::ast::{Access, Show, ShowObject, Statement};
use crate::engine::cluster::Cluster;
use crate::engine::session::Session;

/// What a frontend that is not the leader does with a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forward {
    /// NO_FORWARD: answers from what it has replayed.
    No,
    /// FORWARD_NO_SYNC: hands it to the leader.
    ToLeader,
    /// FORWARD_WITH_SYNC: hands it to the leader, then waits until it has replayed what the leader had journalled by then
    /// (`qe/LeaderOpExecutor.execute`).
    ToLeaderThenReplay,
}

/// A query is not decided here alone: see [`query_mode`].
pub fn forward(cluster: &Cluster, session: &Session, statement: &Statement) -> Forward {
    match statement {
        // QueryStatement.
        Statement::Query(_) => Forward::No,
        // UseDbStmt, SetRoleStmt and KillStmt: about this connection, about connections of this frontend.
        Statement::Use(_) | Statement::Access(Access::SetRole(_)) | Statement::Kill { .. } => {
            Forward::No
        }
        // SetStmt: only SET GLOBAL and SET PASSWORD change what others see.
        Statement::Set(assignments) if assignments.iter().any(|one| one.global) => {
            Forward::ToLeaderThenReplay
        }
        Statement::Set(_) => Forward::No,
        // ShowStmt, which leaves the choice to each of its kinds; DESCRIBE is one of them.
        Statement::Show(Show::Object(ShowObject::Proc { path })) => {
            forward_proc(cluster, session, path)
        }
        Statement::Show(show) => forward_show(show),
        // AdminShowConfigStmt is a ShowStmt: each frontend has a configuration of its own.
        Statement::AdminShowConfig { .. } => Forward::No,
        // AdminSetConfigStmt is run where it is asked in 3.4.3; RedirectStatus.java has it forwarded. Both then tell every other frontend
        // (`server/NodeMgr.setConfig`).
        Statement::AdminSetConfig { .. } if !cluster.release.forwards_set_config() => Forward::No,
        Statement::AdminSetConfig { .. } => Forward::ToLeader,
        // SyncStmt, DmlStmt (INSERT, UPDATE, DELETE), and DdlStmt, the class of all the rest: BACKUP, RESTORE, CANCEL, CREATE, DROP, ALTER,
        // TRUNCATE, RECOVER, GRANT, users, repositories; BEGIN, COMMIT and ROLLBACK are like them.
        _ => Forward::ToLeaderThenReplay,
    }
}

fn forward_show(show: &Show) -> Forward {
    match show {
        // ShowBackupStmt, ShowFrontendsStmt, ShowBackendsStmt, ShowComputeNodesStmt, ShowMaterializedViewsStmt, ShowRoutineLoadStmt,
        // ShowTransactionStmt, ShowAlterStmt.
        Show::Backup { .. }
        | Show::Frontends
        | Show::Backends
        | Show::ComputeNodes
        | Show::Object(
            ShowObject::MaterializedViews { .. }
            | ShowObject::RoutineLoad { .. }
            | ShowObject::Transaction { .. }
            | ShowObject::AlterRollup { .. },
        ) => Forward::ToLeader,
        // All others are NO_FORWARD, and ShowRestoreStmt says so itself: FINISHED shall mean that the table is NORMAL on this very
        // frontend (StarRocks/starrocks#7694).
        _ => Forward::No,
    }
}

/// ShowProcStmt: those below some roots, and all with the variable `forward_to_leader`.
fn forward_proc(cluster: &Cluster, session: &Session, path: &str) -> Forward {
    const TO_LEADER: [&str; 5] = [
        "cluster_balance",
        "routine_loads",
        "transactions",
        "compactions",
        "replications",
    ];
    let wanted = cluster.variables.of(session, "forward_to_leader");
    let root = path.split('/').nth(1).unwrap_or_default();
    if wanted.is_ok_and(|value| value == "true") || TO_LEADER.contains(&root) {
        Forward::ToLeader
    } else {
        Forward::No
    }
}

/// The variable `follower_query_forward_mode`: whether queries of this session go to the leader whatever the replay's delay, or stay whatever
/// the delay (`qe/SessionVariable.isFollowerForwardToLeaderOpt`).
pub fn query_mode(cluster: &Cluster, session: &Session, statement: &Statement) -> Option<Forward> {
    if !is_query(statement) {
        return None;
    }
    let mode = cluster.variables.of(session, "follower_query_forward_mode");
    match mode.ok()?.to_ascii_lowercase().as_str() {
        "" | "default" => None,
        "leader" => Some(Forward::ToLeader),
        _ => Some(Forward::No),
    }
}

/// Queries alone leave a frontend whose replay is too late (`qe/StmtExecutor.initForwardToLeaderState`).
pub fn is_query(statement: &Statement) -> bool {
    matches!(statement, Statement::Query(_))
}
