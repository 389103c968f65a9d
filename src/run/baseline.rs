//! What an incremental is compared with, or why it must be a full.

use std::collections::BTreeMap;

use super::confirm::{SnapshotFound, look};
use super::error::{Refused, RunError};
use crate::catalog::{BackupKind, BackupRecord, Chain, ChainError, Link, RecordedFingerprint};
use crate::names::{DatabaseName, GroupName, Label, RepositoryName};
use crate::ops::Ops;
use crate::plan::backup::{Baseline, Promotion};
use crate::starrocks::Session;

/// Where to look, and for what.
pub struct BaselineQuery<'a> {
    pub ops: &'a Ops,
    pub session: &'a Session,
    pub group: &'a GroupName,
    pub database: &'a DatabaseName,
    pub repository: &'a RepositoryName,
    /// `--baseline-backup`.
    pub named: Option<&'a Label>,
}

impl BaselineQuery<'_> {
    /// The latest full of the group, or the backup that was named. A named one that cannot be used is refused, never replaced.
    pub async fn find(&self) -> Result<Result<Baseline, Promotion>, RunError> {
        let label = match self.named {
            Some(label) => label.clone(),
            None => match self.latest_full().await? {
                Some(label) => label,
                None => return Ok(Err(Promotion::NoFullYet)),
            },
        };
        let found = self.examine(&label).await?;
        match (found, self.named) {
            (Err(promotion), Some(label)) => Err(Refused::not_possible(
                format!("backup `{label}` cannot be the baseline of an incremental of `{}`: {promotion}", self.database),
                "name another one (`brctl backups` lists them), or leave --baseline-backup out to compare with the latest full",
            )
            .into()),
            (found, _) => Ok(found),
        }
    }

    /// Whether there is anything to compare with, at first sight.
    pub async fn has_candidate(&self) -> Result<bool, RunError> {
        Ok(self.named.is_some() || self.latest_full().await?.is_some())
    }

    async fn latest_full(&self) -> Result<Option<Label>, RunError> {
        let records = self.ops.finished_backups(self.group, self.database).await?;
        let usable = |record: &&BackupRecord| {
            record.kind == BackupKind::Full
                && record.repository == *self.repository
                && record.expired.is_none()
        };
        Ok(records
            .iter()
            .find(usable)
            .map(|record| record.label.clone()))
    }

    async fn examine(&self, label: &Label) -> Result<Result<Baseline, Promotion>, RunError> {
        let chain = match load_chain(self.ops, label, Some(self.database)).await? {
            Ok(chain) => chain,
            Err(error) => {
                let reason = error.to_string();
                return Ok(Err(Promotion::BrokenChain {
                    label: label.clone(),
                    reason,
                }));
            }
        };
        for link in chain.links() {
            if link.record.is_of_ops() {
                let label = link.record.label.clone();
                let reason = "it is a backup of brd's own memory".to_owned();
                return Ok(Err(Promotion::BrokenChain { label, reason }));
            }
            if link.record.expired.is_some() {
                return Ok(Err(Promotion::Expired(link.record.label.clone())));
            }
            if link.record.repository != *self.repository {
                let reason = format!(
                    "it is in repository `{}`, not in `{}`",
                    link.record.repository, self.repository
                );
                return Ok(Err(Promotion::BrokenChain {
                    label: link.record.label.clone(),
                    reason,
                }));
            }
            if link.record.snapshot.is_none() {
                continue;
            }
            let label = &link.record.label;
            let seen = look(self.session, self.repository, label).await?;
            if seen.found == SnapshotFound::No {
                return Ok(Err(Promotion::SnapshotGone(label.clone())));
            }
            if let Some(at) = seen.expires {
                let label = label.clone();
                return Ok(Err(Promotion::ExpiresByItself { label, at }));
            }
        }
        let state = chain.state();
        let unproven = |source: &crate::catalog::PartitionSource| {
            source.record.fingerprint == RecordedFingerprint::Absent
        };
        if state
            .values()
            .any(|table| table.table_id.is_none() || table.partitions.values().any(unproven))
        {
            return Ok(Err(Promotion::NoFingerprints(label.clone())));
        }
        Ok(Ok(Baseline {
            label: label.clone(),
            state,
        }))
    }
}

/// A Label's chain with its manifests. `database`: refuse a backup of another one.
pub async fn load_chain(
    ops: &Ops,
    label: &Label,
    database: Option<&DatabaseName>,
) -> Result<Result<Chain, ChainError>, RunError> {
    let Some(target) = ops.backup(label).await? else {
        return Ok(Err(ChainError::Unknown(label.clone())));
    };
    if let (Some(wanted), Some(found)) = (database, &target.database)
        && wanted != found
    {
        return Err(Refused::not_possible(
            format!("backup `{label}` is of database `{found}`, not of `{wanted}`"),
            "name a backup of that database",
        )
        .into());
    }
    let mut history: BTreeMap<Label, BackupRecord> = BTreeMap::new();
    if let Some(database) = &target.database {
        history.extend(
            ops.backups_of_database(database)
                .await?
                .into_iter()
                .map(|record| (record.label.clone(), record)),
        );
    }
    history.insert(label.clone(), target);
    let records: Vec<BackupRecord> = match Chain::resolve(label, |label| history.get(label)) {
        Ok(records) => records.into_iter().cloned().collect(),
        Err(error) => return Ok(Err(error)),
    };
    let labels: Vec<Label> = records.iter().map(|record| record.label.clone()).collect();
    let mut manifests = ops.manifests(&labels).await?;
    let link = |record: BackupRecord| {
        let manifest = manifests.remove(&record.label).unwrap_or_default().manifest;
        Link { record, manifest }
    };
    Ok(Ok(Chain::new(records.into_iter().map(link).collect())))
}
