//! Which backups an incremental may be compared with, best first, by what is on record. Whether their snapshots are still there is for the
//! caller to ask.
//!
//! A point that was verified unchanged holds nothing: what it was compared with stands for it, so that a chain does not grow while nothing
//! changes.

use std::cmp::Reverse;
use std::fmt;

use super::backup::Promotion;
use crate::catalog::{BackupKind, BackupRecord, Chain};
use crate::names::{GroupName, Label, RepositoryName};

pub use crate::config::Chaining;

/// Where to look, and for what.
pub struct BaselineSearch<'a> {
    /// Every record of the database, newest first: a chain may go through several groups.
    pub records: &'a [BackupRecord],
    pub group: &'a GroupName,
    pub repository: &'a RepositoryName,
    pub chaining: Chaining,
}

/// One backup that the incremental may be compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate<'a> {
    pub record: &'a BackupRecord,
    /// The full first; or what history alone says against it.
    pub links: Result<Vec<&'a BackupRecord>, Promotion>,
}

/// Why an incremental is not compared with the newest backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instead {
    /// What the newest one lacks.
    Passed(Promotion),
    /// One link more would be too many: a new chain begins at the full.
    ChainIsFull { newest: Label, most_links: u32 },
}

impl fmt::Display for Instead {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Instead::Passed(promotion) => {
                write!(out, "the newest backup is passed over: {promotion}")
            }
            Instead::ChainIsFull { newest, most_links } => write!(
                out,
                "the chain of `{newest}` is as long as `max-chain-length` = {most_links} allows"
            ),
        }
    }
}

impl Chaining {
    /// Whether a chain of so many links takes no more.
    pub fn is_full(self, links: usize) -> Option<u32> {
        match self {
            Chaining::Differential => None,
            Chaining::Incremental { most_links } => {
                Some(most_links).filter(|most| links >= *most as usize)
            }
        }
    }
}

impl<'a> BaselineSearch<'a> {
    /// Differential: the latest full alone. Where that cannot be used the next backup is to be a full, for there is none.
    pub fn candidates(&self) -> Vec<Candidate<'a>> {
        let mut own: Vec<&BackupRecord> = self
            .records
            .iter()
            .filter(|record| self.is_own(record))
            .collect();
        // Written under the database's slot, so that this is the order of the cuts, whenever each began to wait for it.
        own.sort_by_key(|record| Reverse(record.finished));
        if self.chaining == Chaining::Differential {
            own.retain(|record| record.kind == BackupKind::Full);
            own.truncate(1);
        }
        own.into_iter()
            .map(|record| Candidate {
                record,
                links: self.links(record),
            })
            .collect()
    }

    fn is_own(&self, record: &BackupRecord) -> bool {
        record.is_finished()
            && record.group.as_ref() == Some(self.group)
            && record.repository == *self.repository
            && record.verified.is_none()
            && record.expired.is_none()
    }

    fn links(&self, record: &'a BackupRecord) -> Result<Vec<&'a BackupRecord>, Promotion> {
        let find = |label: &Label| self.records.iter().find(|record| record.label == *label);
        let links =
            Chain::resolve(&record.label, find).map_err(|error| Promotion::BrokenChain {
                label: record.label.clone(),
                reason: error.to_string(),
            })?;
        for link in &links {
            prove_on_record(link, self.repository)?;
        }
        Ok(links)
    }
}

/// That nothing in history speaks against a link of a baseline's chain.
pub fn prove_on_record(link: &BackupRecord, repository: &RepositoryName) -> Result<(), Promotion> {
    let broken = |reason: String| Promotion::BrokenChain {
        label: link.label.clone(),
        reason,
    };
    if link.is_of_ops() {
        return Err(broken("it is a backup of brd's own memory".to_owned()));
    }
    if link.expired.is_some() {
        return Err(Promotion::Expired(link.label.clone()));
    }
    if link.repository != *repository {
        let text = format!(
            "it is in repository `{}`, not in `{repository}`",
            link.repository
        );
        return Err(broken(text));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
