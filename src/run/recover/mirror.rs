//! `ops` from a mirror of its catalogue, or what a mirror knows beyond a backup of `ops`.

use std::collections::BTreeSet;

use super::execute::{PATIENCE, Recovery};
use super::prove::open_mirror;
use crate::names::{Label, RepositoryName};
use crate::ops::{Cells, Mirrored};
use crate::run::error::{Refused, RunError};
use crate::run::mirror::Mirror;

/// Whether it has any backup in the repository.
pub(super) fn knows(mirror: &Mirror, repository: &RepositoryName) -> bool {
    let of = |row: &Cells| text(row, "repository") == Some(repository.as_str());
    mirror.backups.iter().any(of)
}

fn text<'a>(row: &'a Cells, column: &str) -> Option<&'a str> {
    row.get(column)?.as_deref()
}

fn label(row: &Cells) -> Option<Label> {
    Label::recorded(text(row, "label")?).ok() // no error: a name that no statement can hold
}

/// All of it; the history last, because its rows make the backups exist.
pub(super) async fn bring(recovery: &Recovery<'_>, mirror: &Mirror) -> Result<(), RunError> {
    let Recovery { job, ops, .. } = recovery;
    if mirror.left_out > 0 {
        let text = format!(
            "the mirror is without {} older recovery points, which did not fit into it",
            mirror.left_out
        );
        job.journal.finding(text, None);
    }
    let inventory = || async {
        let rows = mirror.inventory.clone();
        Ok(ops.put_rows(Mirrored::Inventory, rows).await?)
    };
    job.patiently(PATIENCE, inventory).await?;
    let all = mirror.backups.iter().filter_map(label).collect();
    put(recovery, mirror, &all).await
}

/// Later backups than a backup of `ops` holds: the last one of `ops` may have failed where the mirror was written. Only of a mirror that
/// tells of the same history.
pub(super) async fn add_later(recovery: &Recovery<'_>) -> Result<(), RunError> {
    let Recovery { job, ops, .. } = recovery;
    let Some(mirror) = job
        .safekeeping
        .mirror()
        .and_then(|path| open_mirror(path).ok())
    else {
        return Ok(());
    };
    let look = || async { Ok((ops.backups(None).await?, ops.last_recorded().await?)) };
    let (records, last) = job.patiently(PATIENCE, look).await?;
    let known: BTreeSet<&Label> = records.iter().map(|record| &record.label).collect();
    let last = last.map_or(0, |last| last.timestamp_millis());
    let is_later = |row: &&Cells| {
        let finished = text(row, "finished_ms").and_then(|text| text.parse::<i64>().ok());
        finished.is_some_and(|finished| finished > last)
    };
    let labels: BTreeSet<Label> = mirror.backups.iter().filter_map(label).collect();
    let later: BTreeSet<Label> = mirror
        .backups
        .iter()
        .filter(is_later)
        .filter_map(label)
        .filter(|label| !known.contains(label))
        .collect();
    if later.is_empty() || !labels.iter().any(|label| known.contains(label)) {
        return Ok(());
    }
    let names: Vec<&str> = later.iter().map(Label::as_str).collect();
    job.journal.finding(
        format!(
            "the mirror of this host knows backups that came after the backup of ops, and they are taken from it: {}",
            names.join(", ")
        ),
        None,
    );
    put(recovery, &mirror, &later).await
}

async fn put(
    recovery: &Recovery<'_>,
    mirror: &Mirror,
    labels: &BTreeSet<Label>,
) -> Result<(), RunError> {
    let Recovery { job, ops, .. } = recovery;
    let unreadable = |error: crate::run::mirror::MirrorError| -> RunError {
        Refused::not_possible(error.to_string(), error.help()).into()
    };
    for manifest in mirror.manifests().map_err(unreadable)? {
        let (label, rows) = manifest.map_err(unreadable)?;
        if !labels.contains(&label) {
            continue;
        }
        let write = || async {
            ops.put_rows(Mirrored::Tables, rows.tables.clone()).await?;
            let partitions = rows.partitions.clone();
            Ok(ops.put_rows(Mirrored::Partitions, partitions).await?)
        };
        job.patiently(PATIENCE, write).await?;
    }
    let history: Vec<Cells> = mirror
        .backups
        .iter()
        .filter(|row| label(row).is_some_and(|label| labels.contains(&label)))
        .cloned()
        .collect();
    let write = || async { Ok(ops.put_rows(Mirrored::History, history.clone()).await?) };
    job.patiently(PATIENCE, write).await
}
