//! SHOW REPOSITORIES and SHOW SNAPSHOT (`sql/analyzer/ShowSnapshotAnalyzer.java`, `backup/Repository.getSnapshotInfos`).

use sqlparser::ast as sql;

use crate::answer::{ResultSet, SqlError};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::repository::Repository;
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
        name: &str,
        filter: Option<&sql::Expr>,
    ) -> Result<ResultSet, SqlError> {
        let wanted = filter.map_or(Ok(Wanted::Everything), wanted)?;
        let repository = self.repositories.get(name).ok_or_else(|| {
            error::common_analyzing(format!("Repository [{name}] does not exist"))
        })?;
        let labels = match wanted {
            Wanted::One { label, timestamp } => return Ok(detail(repository, &label, &timestamp)),
            Wanted::Labels(labels) => labels,
            Wanted::Everything => repository.labels(),
        };
        let rows = labels.iter().map(|label| {
            let entry = repository.entry(label);
            vec![
                Some(entry.label),
                Some(entry.timestamp),
                Some(entry.status.to_owned()),
            ]
        });
        Ok(with_nulls(
            &["Snapshot", "Timestamp", "Status"],
            rows.collect(),
        ))
    }
}

fn detail(repository: &Repository, label: &str, timestamp: &str) -> ResultSet {
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
    with_nulls(
        &["Snapshot", "Timestamp", "Database", "Details", "Status"],
        vec![row],
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
