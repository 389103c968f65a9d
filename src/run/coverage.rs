//! What of the cluster is backed up, and what is not: looked at, nothing changed.

use std::collections::BTreeSet;

use super::error::RunError;
use crate::catalog::{Coverage, last_runs};
use crate::names::GroupName;
use crate::ops::Ops;
use crate::starrocks::{Session, read_cluster_tables};

pub async fn coverage(
    session: &Session,
    ops: &Ops,
    scheduled: &BTreeSet<GroupName>,
) -> Result<Coverage, RunError> {
    let tables = read_cluster_tables(session).await?;
    let inventories = ops.inventories().await?;
    let records = ops.backups(None).await?;
    let groups = inventories.keys().chain(scheduled).cloned().collect();
    let last = last_runs(&records, &groups);
    let labels: Vec<_> = last.iter().map(|record| record.label.clone()).collect();
    let left_out = ops.left_out(&labels).await?;
    Ok(Coverage::of(tables, &inventories, scheduled).with_last_runs(&last, &left_out))
}
