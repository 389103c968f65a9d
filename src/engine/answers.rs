//! What a request that asks the cluster is answered, by a task beside the main loop.

use crate::catalog::{BackupKind, Inventory, PartitionRecord, RecordedFingerprint};
use crate::control::protocol::{
    BackupDetail, BackupList, BackupPartition, BackupTable, PointList, PointRequest, Report,
    ReportLine, Response, Verdict,
};
use crate::names::{DatabaseName, GroupName, Label, PartitionName, RepositoryName};
use crate::ops::Ops;
use crate::plan::label::{OPS_LABEL, is_labelled_full};
use crate::plan::restore::{GroupZones, WhenError};
use crate::run::group::{GroupOrder, labels_by_name, unknown_group};
use crate::run::look::{self, Checked, LookedAt};
use crate::run::preflight::{Purpose, backends, repository as prove_repository};
use crate::run::restore::points;
use crate::run::{Cluster, Refused, RunError};
use chrono::{DateTime, Utc};

pub(super) async fn list_backups(
    cluster: &Cluster,
    group: Option<&GroupName>,
) -> Result<Response, RunError> {
    let ops = Ops::open(cluster.session()).await?;
    let backups = look::backups(&ops, group).await?;
    if let Some(group) = group.filter(|group| backups.is_empty() && !group.is_of_ops())
        && ops.inventory(group).await?.0.is_empty()
    {
        return Err(unknown_group(&ops, group).await?.into());
    }
    Ok(Response::Backups(BackupList { backups }))
}

pub(super) async fn show_backup(cluster: &Cluster, label: &Label) -> Result<Response, RunError> {
    let ops = Ops::open(cluster.session()).await?;
    let LookedAt {
        record,
        content,
        chain,
    } = look::backup(&ops, label).await?;
    let tables = content
        .manifest
        .tables
        .into_iter()
        .map(|(table, record)| BackupTable {
            table,
            state: record.state,
            whole_table: record.whole_table,
            partitioning: record.partitioning,
            dropped_partitions: record.dropped_partitions.into_iter().collect(),
            partitions: record
                .partitions
                .into_iter()
                .map(backup_partition)
                .collect(),
        });
    let (chain, chain_error) = match chain {
        Ok(labels) => (labels, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let detail = BackupDetail {
        record,
        chain,
        chain_error,
        tables: tables.collect(),
        left_out: content.left_out,
    };
    Ok(Response::Backup(Box::new(detail)))
}

fn backup_partition((partition, record): (PartitionName, PartitionRecord)) -> BackupPartition {
    BackupPartition {
        partition,
        visible_version: record.visible_version,
        rows: record.rows,
        data_bytes: record.data_bytes,
        settled: record.fingerprint != RecordedFingerprint::Unsettled,
    }
}

pub(super) async fn look_into(cluster: &Cluster, order: &GroupOrder) -> Result<(), RunError> {
    let GroupOrder {
        group, repository, ..
    } = order;
    let session = cluster.session();
    let ops = Ops::open(session.clone()).await?;
    if group.is_of_ops() {
        return Err(Refused::not_possible(
            format!("`{group}` is brd's own group, of the backups of the ops database"),
            "brd backs up ops after each run; `[ops] backup` in brd.toml says whether",
        )
        .into());
    }
    let inventory = ops.inventory(group).await?;
    if inventory.0.is_empty() {
        return Err(unknown_group(&ops, group).await?.into());
    }
    prove_names(order, &inventory)?;
    if let Some(label) = &order.baseline {
        let found = look::backup(&ops, label).await?.record;
        let of_group = |database: &DatabaseName| inventory.0.contains_key(database);
        if found
            .database
            .as_ref()
            .is_some_and(|database| !of_group(database))
        {
            let database = found.database.map(String::from).unwrap_or_default();
            return Err(Refused::not_possible(
                format!("backup `{label}` is of database `{database}`, of which the inventory group `{group}` names nothing"),
                "name a backup of the group, or leave --baseline-backup out",
            )
            .into());
        }
    }
    prove_repository(&session, repository, Purpose::Backup).await?;
    Ok(())
}

/// One for each database, or none at all.
pub(super) async fn choose_points(
    cluster: &Cluster,
    wanted: &PointRequest,
    zones: &GroupZones,
    now: DateTime<Utc>,
) -> Result<Response, RunError> {
    if let Err(error @ WhenError::NotATime(_)) = zones.when(wanted, wanted.group.as_ref(), now) {
        return Err(Refused::usage(error.to_string(), error.help()).into());
    }
    let session = cluster.session();
    let ops = Ops::open(session.clone()).await?;
    match points(&session, &ops, wanted, zones, now).await {
        Ok(points) => Ok(Response::Points(PointList { points })),
        Err(RunError::Refused(refused)) => {
            Err(with_the_others(&ops, wanted, refused).await?.into())
        }
        Err(error) => Err(error),
    }
}

/// One database that has no point holds up all of its group: how the others are restored all the same.
async fn with_the_others(
    ops: &Ops,
    wanted: &PointRequest,
    mut refused: Refused,
) -> Result<Refused, RunError> {
    let Some(group) = wanted.group.as_ref().filter(|_| wanted.database.is_none()) else {
        return Ok(refused);
    };
    if ops.inventory(group).await?.0.len() > 1 {
        refused
            .help
            .push_str("; `--database NAME` restores the group's other databases, one at a time");
    }
    Ok(refused)
}

/// Where all else is lost, the label is what tells a full from an incremental, and a backup of ops from others.
fn prove_names(order: &GroupOrder, inventory: &Inventory) -> Result<(), Refused> {
    for label in labels_by_name(order, inventory.0.keys()) {
        if order.kind == BackupKind::Incremental && is_labelled_full(&label) {
            return Err(Refused::usage(
                format!("`{label}` is the name of a full, and an incremental was asked for"),
                "leave --name out, or give one that does not end in a day and `full`: if this cluster and ops are lost, `brctl recover` can only \
                 go by the name",
            ));
        }
        if label.as_str().starts_with(OPS_LABEL) {
            return Err(Refused::usage(
                format!("`{label}` is the name of a backup of brd's own ops database"),
                format!("give one that does not begin with `{OPS_LABEL}`"),
            ));
        }
    }
    Ok(())
}

pub(super) async fn init(cluster: &Cluster) -> Result<Response, RunError> {
    let session = cluster.session();
    let ops = Ops::open(session.clone()).await?;
    let health = backends(&session).await?;
    let done = ops.initialise(health.backends_alive).await?;
    let created = done
        .created
        .iter()
        .map(|table| format!("created ops.{table}"));
    let extended = done
        .extended
        .iter()
        .map(|(table, columns)| format!("added {} to ops.{table}", columns.join(", ")));
    let mut lines: Vec<String> = created.chain(extended).collect();
    if lines.is_empty() {
        lines.push("the ops tables are complete; nothing was changed".to_owned());
    }
    let line = |text| ReportLine {
        verdict: Verdict::Ok,
        text,
        help: None,
    };
    Ok(Response::Report(Report {
        lines: lines.into_iter().map(line).collect(),
    }))
}

pub(super) async fn check(
    cluster: &Cluster,
    groups: &[(GroupName, Option<RepositoryName>)],
) -> Report {
    let mut lines: Vec<ReportLine> = groups
        .iter()
        .filter(|(_, repository)| repository.is_none())
        .map(no_repository)
        .collect();
    lines.extend(
        look::check(&cluster.session(), groups)
            .await
            .into_iter()
            .map(report_line),
    );
    lines.extend(
        look::backends_answer(&cluster.session())
            .await
            .map(report_line),
    );
    let answers = look::repositories_answer(&cluster.session(), groups).await;
    lines.extend(answers.into_iter().map(report_line));
    Report { lines }
}

fn no_repository((group, _): &(GroupName, Option<RepositoryName>)) -> ReportLine {
    ReportLine {
        verdict: Verdict::Bad,
        text: format!("group {group}: no repository is named for it"),
        help: Some("name one in the schedule, or as [cluster] repository in brd.toml".to_owned()),
    }
}

fn report_line(checked: Checked) -> ReportLine {
    match checked.wrong {
        None => ReportLine {
            verdict: Verdict::Ok,
            text: checked.what,
            help: None,
        },
        Some((wrong, help)) => {
            let verdict = if checked.warning {
                Verdict::Warning
            } else {
                Verdict::Bad
            };
            ReportLine {
                verdict,
                text: format!("{}: {wrong}", checked.what),
                help,
            }
        }
    }
}
