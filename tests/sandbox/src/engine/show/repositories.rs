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

/// What the WHERE clause asks for. `NOT IN` and `<>` are read as `IN` and `=`, as nobody looks at them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    snapshot: Option<String>,
    timestamp: Option<String>,
    /// Of `IN`: those that exist are shown.
    snapshots: Vec<String>,
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
                repository.error.clone(),
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
        let repository = self.repositories.get(name).ok_or_else(|| {
            error::common_analyzing(format!("Repository [{name}] does not exist"))
        })?;
        let wanted = filter.map_or(Ok(Wanted::default()), wanted)?;
        let labels = match (wanted.snapshot, wanted.timestamp) {
            (Some(label), Some(timestamp)) => {
                let (names, mut row) = detail(repository, &label, &timestamp);
                let known = row.get(2).is_some_and(Option::is_some);
                let retention = retention_of(repository, &label).filter(|_| known);
                row.extend(self.retention_cells(session, retention));
                return Ok(with_nulls(&self.with_retention(names), vec![row]));
            }
            (Some(label), None) => vec![label],
            (None, _) => {
                let mut labels = repository.list_snapshots().map_err(|text| {
                    error::analyzing(format!(
                        "Failed to list snapshot in repo: {name}, err: {text}"
                    ))
                })?;
                labels.retain(|label| {
                    wanted.snapshots.is_empty() || wanted.snapshots.contains(label)
                });
                labels
            }
        };
        let rows = labels.iter().map(|label| {
            let entry = repository.entry(label);
            let mut row = vec![Some(entry.label), entry.timestamp, Some(entry.status)];
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
    let mut wanted = Wanted::default();
    let understood = match filter {
        sql::Expr::Nested(inner) => return self::wanted(inner),
        sql::Expr::InList { expr, list, .. } => {
            read_list(&mut wanted, expr, list)?;
            true
        }
        sql::Expr::BinaryOp { left, op, right } => match op {
            sql::BinaryOperator::And => {
                read_comparison(&mut wanted, left) && read_comparison(&mut wanted, right)
            }
            sql::BinaryOperator::Or | sql::BinaryOperator::Xor => false,
            op if is_comparison(op) => read_comparison(&mut wanted, filter),
            _ => true,
        },
        sql::Expr::UnaryOp {
            op: sql::UnaryOperator::Not,
            ..
        } => false,
        // LIKE, IS NULL and the rest are not looked at: everything is shown.
        _ => true,
    };
    if understood && !(wanted.snapshot.is_none() && wanted.timestamp.is_some()) {
        return Ok(wanted);
    }
    Err(error::analyzing(
        "Where clause should looks like: SNAPSHOT = 'your_snapshot_name' [AND TIMESTAMP = '2018-04-18-19-19-10']",
    ))
}

fn read_list(wanted: &mut Wanted, left: &sql::Expr, list: &[sql::Expr]) -> Result<(), SqlError> {
    if column(left).as_deref() != Some("snapshot") {
        return Err(error::analyzing("Left expr of should be snapshot"));
    }
    for item in list {
        let text = text_literal(item)
            .ok_or_else(|| error::analyzing("Child of in predicate should be string value"))?;
        if !text.is_empty() {
            wanted.snapshots.push(text.to_owned());
        }
    }
    Ok(())
}

/// `SNAPSHOT = 's'` or `TIMESTAMP = 't'`; the last of two counts.
fn read_comparison(wanted: &mut Wanted, filter: &sql::Expr) -> bool {
    let (left, right) = match filter {
        sql::Expr::Nested(inner) => return read_comparison(wanted, inner),
        sql::Expr::BinaryOp { left, op, right } if is_comparison(op) => (left, right),
        _ => return false,
    };
    let Some(text) = text_literal(right).filter(|text| !text.is_empty()) else {
        return false;
    };
    let target = match column(left).as_deref() {
        Some("snapshot") => &mut wanted.snapshot,
        Some("timestamp") => &mut wanted.timestamp,
        _ => return false,
    };
    *target = Some(text.to_owned());
    true
}

fn is_comparison(op: &sql::BinaryOperator) -> bool {
    matches!(
        op,
        sql::BinaryOperator::Eq
            | sql::BinaryOperator::NotEq
            | sql::BinaryOperator::Lt
            | sql::BinaryOperator::LtEq
            | sql::BinaryOperator::Gt
            | sql::BinaryOperator::GtEq
            | sql::BinaryOperator::Spaceship
    )
}

fn column(expression: &sql::Expr) -> Option<String> {
    match expression {
        sql::Expr::Nested(inner) => column(inner),
        sql::Expr::Identifier(ident) => Some(ident.value.to_ascii_lowercase()),
        sql::Expr::CompoundIdentifier(idents) => {
            idents.last().map(|ident| ident.value.to_ascii_lowercase())
        }
        _ => None,
    }
}
