//! SHOW REPOSITORIES and SHOW SNAPSHOT (`sql/analyzer/ShowSnapshotAnalyzer.java`, `backup/Repository.getSnapshotInfos`).

use sqlparser::ast as sql;

use crate::answer::{ResultSet, SqlError};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::repository::Repository;
use crate::engine::retention::{Retention, retention_of};
use crate::engine::session::Session;
use crate::engine::show::{Row, with_nulls};
use crate::engine::snapshot::SnapshotInfo;
use crate::engine::translate::text_literal;

/// What the WHERE clause asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Everything,
    Labels(Vec<String>),
    One { label: String, timestamp: String },
}

impl Cluster {
    pub(super) fn show_repositories(&self, session: &Session) -> ResultSet {
        let rows = self.repositories.values().map(|repository| {
            vec![
                Some(repository.id.to_string()),
                Some(repository.name.clone()),
                Some(session.zone.show(repository.created)),
                Some(repository.read_only.to_string()),
                Some(repository.location.clone()),
                Some(repository.broker.clone()),
                None,
            ]
        });
        with_nulls(
            &[
                "RepoId",
                "RepoName",
                "CreateTime",
                "IsReadOnly",
                "Location",
                "Broker",
                "ErrMsg",
            ],
            rows.collect(),
        )
    }

    pub(super) fn show_snapshot(
        &self,
        session: &Session,
        name: &str,
        filter: Option<&sql::Expr>,
    ) -> Result<ResultSet, SqlError> {
        let wanted = filter.map_or(Ok(Wanted::Everything), wanted)?;
        let repository = self.repositories.get(name).ok_or_else(|| {
            error::common_analyzing(format!("Repository [{name}] does not exist"))
        })?;
        let labels = match wanted {
            Wanted::One { label, timestamp } => {
                let (names, mut row) = detail(repository, &label, &timestamp);
                let known = row.get(2).is_some_and(Option::is_some);
                let retention = retention_of(repository, &label).filter(|_| known);
                row.extend(self.retention_cells(session, retention));
                return Ok(with_nulls(&self.with_retention(names), vec![row]));
            }
            Wanted::Labels(labels) => labels,
            Wanted::Everything => repository.labels(),
        };
        let rows = labels.iter().map(|label| {
            let entry = repository.entry(label);
            let mut row = vec![
                Some(entry.label),
                Some(entry.timestamp),
                Some(entry.status.to_owned()),
            ];
            row.extend(self.retention_cells(session, retention_of(repository, label)));
            row
        });
        let names = self.with_retention(&["Snapshot", "Timestamp", "Status"]);
        Ok(with_nulls(&names, rows.collect()))
    }

    /// The columns of 4.2. That they come last is unverified.
    fn with_retention<'n>(&self, names: &[&'n str]) -> Vec<&'n str> {
        let added: &[&str] = if self.release.drops_snapshots() {
            &["ClusterId", "FinishTime", "TTL", "ExpireTime"]
        } else {
            &[]
        };
        [names, added].concat()
    }

    /// NULL for what a snapshot does not say of itself.
    fn retention_cells(&self, session: &Session, retention: Option<Retention>) -> Row {
        if !self.release.drops_snapshots() {
            return Vec::new();
        }
        let Some(retention) = retention else {
            return vec![None; 4];
        };
        vec![
            Some(retention.cluster_id.to_string()),
            Some(session.zone.show(retention.finished)),
            retention.ttl,
            retention.expires.map(|expires| session.zone.show(expires)),
        ]
    }
}

fn detail(repository: &Repository, label: &str, timestamp: &str) -> (&'static [&'static str], Row) {
    let info = repository
        .read_verified(label, &format!("__info_{timestamp}"))
        .and_then(|bytes| {
            serde_json::from_slice::<SnapshotInfo>(&bytes).map_err(|fault| fault.to_string())
        });
    let row: Row = match info {
        Ok(info) => vec![
            Some(label.to_owned()),
            Some(timestamp.to_owned()),
            Some(info.database.clone()),
            Some(info.details()),
            Some("OK".to_owned()),
        ],
        Err(reason) => {
            vec![
                Some(label.to_owned()),
                Some(timestamp.to_owned()),
                None,
                None,
                Some(format!("Failed to get info: {reason}")),
            ]
        }
    };
    (
        &["Snapshot", "Timestamp", "Database", "Details", "Status"],
        row,
    )
}

fn wanted(filter: &sql::Expr) -> Result<Wanted, SqlError> {
    let invalid = || {
        error::analyzing(
            "Where clause should looks like: SNAPSHOT = 'your_snapshot_name' [AND TIMESTAMP = '2018-04-18-19-19-10']",
        )
    };
    let text = |expression: &sql::Expr| {
        text_literal(expression)
            .map(str::to_owned)
            .ok_or_else(invalid)
    };
    match filter {
        sql::Expr::Nested(inner) => wanted(inner),
        sql::Expr::InList {
            expr,
            list,
            negated: false,
        } if is_column(expr, "snapshot") => Ok(Wanted::Labels(
            list.iter().map(text).collect::<Result<_, _>>()?,
        )),
        sql::Expr::BinaryOp {
            left,
            op: sql::BinaryOperator::Eq,
            right,
        } if is_column(left, "snapshot") => Ok(Wanted::Labels(vec![text(right)?])),
        sql::Expr::BinaryOp {
            left,
            op: sql::BinaryOperator::And,
            right,
        } => {
            let (first, second) = (
                equality(left).ok_or_else(invalid)?,
                equality(right).ok_or_else(invalid)?,
            );
            match (first.0.as_str(), second.0.as_str()) {
                ("snapshot", "timestamp") => Ok(Wanted::One {
                    label: first.1,
                    timestamp: second.1,
                }),
                ("timestamp", "snapshot") => Ok(Wanted::One {
                    label: second.1,
                    timestamp: first.1,
                }),
                _ => Err(invalid()),
            }
        }
        _ => Err(invalid()),
    }
}

fn is_column(expression: &sql::Expr, name: &str) -> bool {
    matches!(expression, sql::Expr::Identifier(ident) if ident.value.eq_ignore_ascii_case(name))
}

fn equality(expression: &sql::Expr) -> Option<(String, String)> {
    match expression {
        sql::Expr::Nested(inner) => equality(inner),
        sql::Expr::BinaryOp {
            left,
            op: sql::BinaryOperator::Eq,
            right,
        } => match left.as_ref() {
            sql::Expr::Identifier(ident) => Some((
                ident.value.to_ascii_lowercase(),
                text_literal(right)?.to_owned(),
            )),
            _ => None,
        },
        _ => None,
    }
}
