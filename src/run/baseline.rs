//! What an incremental is compared with, or why it must be a full.

use std::collections::BTreeMap;

use super::confirm::{SnapshotFound, look};
use super::error::{Refused, RunError};
use crate::catalog::{
    BackupKind, BackupRecord, Chain, ChainError, Link, PartitionSource, RecordedFingerprint,
};
use crate::names::{DatabaseName, GroupName, Label, RepositoryName};
use crate::ops::Ops;
use crate::plan::backup::{Baseline, Promotion};
use crate::plan::baseline::{BaselineSearch, Chaining, Instead, prove_on_record};
use crate::starrocks::Session;

/// Where to look, and for what.
pub struct BaselineQuery<'a> {
    pub ops: &'a Ops,
    pub session: &'a Session,
    pub group: &'a GroupName,
    pub database: &'a DatabaseName,
    pub repository: &'a RepositoryName,
    pub chaining: Chaining,
    /// `--baseline-backup`.
    pub named: Option<&'a Label>,
}

/// What the repository said of each snapshot, asked once: chains share their links.
type Seen = BTreeMap<Label, Result<(), Promotion>>;

impl BaselineQuery<'_> {
    /// A named one that cannot be used is refused, never replaced. `history`: every record of the database.
    pub async fn find(
        &self,
        history: &[BackupRecord],
    ) -> Result<Result<Baseline, Promotion>, RunError> {
        match self.named {
            None => self.best(history).await,
            Some(label) => match self.named(label).await? {
                Ok(baseline) => Ok(Ok(baseline)),
                Err(promotion) => Err(Refused::not_possible(
                    format!("backup `{label}` cannot be the baseline of an incremental of `{}`: {promotion}", self.database),
                    "name another one (`brctl backups` lists them), or leave --baseline-backup out",
                )
                .into()),
            },
        }
    }

    /// Whether there is anything to compare with, at first sight.
    pub async fn has_candidate(&self) -> Result<bool, RunError> {
        if self.named.is_some() {
            return Ok(true);
        }
        let records = self.ops.backups_of_database(self.database).await?;
        Ok(!self.search(&records).candidates().is_empty())
    }

    fn search<'r>(&'r self, records: &'r [BackupRecord]) -> BaselineSearch<'r> {
        BaselineSearch {
            records,
            group: self.group,
            repository: self.repository,
            chaining: self.chaining,
        }
    }

    /// The best one that can be used. Once the chain of that is full, the latest full that can.
    async fn best(
        &self,
        history: &[BackupRecord],
    ) -> Result<Result<Baseline, Promotion>, RunError> {
        let mut seen = Seen::new();
        let mut passed = None;
        let mut full_chain = None;
        for candidate in self.search(history).candidates() {
            if full_chain.is_some() && candidate.record.kind != BackupKind::Full {
                continue;
            }
            let usable = match candidate.links {
                Ok(links) => self.usable(&links, &mut seen).await?.map(|()| links),
                Err(promotion) => Err(promotion),
            };
            let usable = match usable {
                Ok(links) => match self.chaining.is_full(links.len()) {
                    Some(most_links) => {
                        let newest = candidate.record.label.clone();
                        full_chain = Some(Instead::ChainIsFull { newest, most_links });
                        continue;
                    }
                    None => self.compared_with(links).await?,
                },
                Err(promotion) => Err(promotion),
            };
            match usable {
                Ok(baseline) => {
                    let passed = passed.map(Instead::Passed);
                    return Ok(Ok(Baseline {
                        instead: passed.into_iter().chain(full_chain).collect(),
                        ..baseline
                    }));
                }
                Err(promotion) => passed = passed.or(Some(promotion)),
            }
        }
        Ok(Err(passed.unwrap_or(Promotion::NoFullYet)))
    }

    async fn named(&self, label: &Label) -> Result<Result<Baseline, Promotion>, RunError> {
        let records = match chain_of(self.ops, label, Some(self.database)).await? {
            Ok(records) => records,
            Err(error) => {
                let (label, reason) = (label.clone(), error.to_string());
                return Ok(Err(Promotion::BrokenChain { label, reason }));
            }
        };
        let links: Vec<&BackupRecord> = records.iter().collect();
        for link in &links {
            if let Err(promotion) = prove_on_record(link, self.repository) {
                return Ok(Err(promotion));
            }
        }
        match self.usable(&links, &mut Seen::new()).await? {
            Ok(()) => self.compared_with(links).await,
            Err(promotion) => Ok(Err(promotion)),
        }
    }

    /// The full is asked for first: without it nothing built on it is asked for.
    async fn usable(
        &self,
        links: &[&BackupRecord],
        seen: &mut Seen,
    ) -> Result<Result<(), Promotion>, RunError> {
        for link in links {
            if !seen.contains_key(&link.label) {
                seen.insert(link.label.clone(), self.snapshot_of(link).await?);
            }
            if let Err(promotion) = &seen[&link.label] {
                return Ok(Err(promotion.clone()));
            }
        }
        Ok(Ok(()))
    }

    async fn snapshot_of(&self, link: &BackupRecord) -> Result<Result<(), Promotion>, RunError> {
        let Some(recorded) = &link.snapshot else {
            return Ok(Ok(()));
        };
        let label = link.label.clone();
        let found = look(self.session, self.repository, &label).await?;
        Ok(match (found.found, found.expires) {
            (SnapshotFound::No, _) => Err(Promotion::SnapshotGone(label)),
            // A restore would refuse it.
            (SnapshotFound::Ok(other), _) if other != *recorded => Err(Promotion::BrokenChain {
                label,
                reason: format!("its snapshot is of {other}, and {recorded} was recorded"),
            }),
            (SnapshotFound::Ok(_), Some(at)) => Err(Promotion::ExpiresByItself { label, at }),
            (SnapshotFound::Ok(_), None) => Ok(()),
        })
    }

    async fn compared_with(
        &self,
        links: Vec<&BackupRecord>,
    ) -> Result<Result<Baseline, Promotion>, RunError> {
        let label = links
            .last()
            .map(|link| link.label.clone())
            .expect("a chain has its target");
        let changes = links
            .last()
            .map(|link| link.changes.clone())
            .unwrap_or_default();
        let records = links.into_iter().cloned().collect();
        let state = with_manifests(self.ops, records).await?.state();
        let unproven =
            |source: &PartitionSource| source.record.fingerprint == RecordedFingerprint::Absent;
        if state
            .values()
            .any(|table| table.table_id.is_none() || table.partitions.values().any(unproven))
        {
            return Ok(Err(Promotion::NoFingerprints(label)));
        }
        Ok(Ok(Baseline {
            label,
            state,
            changes,
            instead: Vec::new(),
        }))
    }
}

/// A Label's chain with its manifests.
pub async fn load_chain(ops: &Ops, label: &Label) -> Result<Result<Chain, ChainError>, RunError> {
    match chain_of(ops, label, None).await? {
        Ok(records) => Ok(Ok(with_manifests(ops, records).await?)),
        Err(error) => Ok(Err(error)),
    }
}

/// The records from the full to `label`. `database`: refuse a backup of another one.
async fn chain_of(
    ops: &Ops,
    label: &Label,
    database: Option<&DatabaseName>,
) -> Result<Result<Vec<BackupRecord>, ChainError>, RunError> {
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
    Ok(Chain::resolve(label, |label| history.get(label))
        .map(|records| records.into_iter().cloned().collect()))
}

async fn with_manifests(ops: &Ops, records: Vec<BackupRecord>) -> Result<Chain, RunError> {
    let labels: Vec<Label> = records.iter().map(|record| record.label.clone()).collect();
    let mut manifests = ops.manifests(&labels).await?;
    let link = |record: BackupRecord| {
        let manifest = manifests.remove(&record.label).unwrap_or_default().manifest;
        Link { record, manifest }
    };
    Ok(Chain::new(records.into_iter().map(link).collect()))
}
