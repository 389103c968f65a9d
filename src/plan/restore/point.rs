//! Which recovery point a wanted moment means: chosen by the recorded cut, never by a label.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::when::When;
use crate::catalog::{BackupRecord, Chain, ChainError};
use crate::names::{DatabaseName, GroupName, Label};

/// What a person asked for: one point for each database of the group, or of one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PointRequest {
    pub group: Option<GroupName>,
    pub database: Option<DatabaseName>,
    /// As it was written; `None`: the latest.
    pub at: Option<String>,
    /// Instead of the group's own.
    #[serde(default)]
    pub timezone: Option<String>,
}

/// The answer for one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryPoint {
    pub database: DatabaseName,
    pub label: Label,
    /// When the cluster accepted its BACKUP, or when it was verified unchanged: at this moment the data was as it will be.
    pub cut: DateTime<Utc>,
    /// `None`: the latest was wanted.
    pub wanted: Option<DateTime<Utc>>,
    /// Later ones that would have been nearer, and why they cannot be restored to.
    pub skipped: Vec<SkippedPoint>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedPoint {
    pub label: Label,
    pub cut: DateTime<Utc>,
    pub reason: String,
}

/// One that may be chosen, as far as history tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub label: Label,
    pub cut: DateTime<Utc>,
    /// From the full to this one, or why it cannot be restored to.
    pub chain: Result<Vec<BackupRecord>, String>,
}

/// Why no point can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PointError {
    #[error("no finished backup of database `{database}`{} is on record", of_group(.group.as_ref()))]
    NoBackup {
        database: DatabaseName,
        group: Option<GroupName>,
    },
    #[error(
        "database `{database}` is backed up by the groups {}, whose backups hold different tables", names(.groups)
    )]
    SeveralGroups {
        database: DatabaseName,
        groups: Vec<GroupName>,
    },
    #[error(
        "no recovery point of database `{database}` is as old as {}{}{}", seconds(*.wanted), the_oldest(.oldest.as_ref()), told(.skipped)
    )]
    NothingOldEnough {
        database: DatabaseName,
        wanted: DateTime<Utc>,
        oldest: Option<(Label, DateTime<Utc>)>,
        skipped: Vec<SkippedPoint>,
    },
    #[error("no recovery point of database `{database}` can be restored to{}", told(.skipped))]
    NoneUsable {
        database: DatabaseName,
        skipped: Vec<SkippedPoint>,
    },
}

impl PointError {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            PointError::NoBackup { group, .. } => match group {
                Some(group) => format!("`brctl backups --group {group}` lists what there is"),
                None => "`brctl backups` lists what there is".to_owned(),
            },
            PointError::SeveralGroups { .. } => "choose one with --group".to_owned(),
            PointError::NothingOldEnough {
                oldest: Some((label, _)),
                ..
            } => format!("`brctl restore --target-label {label}` restores the oldest one"),
            PointError::NothingOldEnough { .. } | PointError::NoneUsable { .. } => {
                "`brctl backups` lists what there is, `brctl show LABEL` what is wrong with one"
                    .to_owned()
            }
        }
    }
}

/// Every point of the database with a recorded cut, the newest first. `history` is every record of the database, of whatever group.
pub fn candidates(
    history: &[BackupRecord],
    database: &DatabaseName,
    group: Option<&GroupName>,
) -> Result<Vec<Candidate>, PointError> {
    let of_group = |record: &&BackupRecord| {
        record.is_finished() && group.is_none_or(|group| record.group.as_ref() == Some(group))
    };
    let by_label: BTreeMap<&Label, &BackupRecord> = history
        .iter()
        .map(|record| (&record.label, record))
        .collect();
    let finished: Vec<&BackupRecord> = history.iter().filter(of_group).collect();
    let groups: BTreeSet<&GroupName> = finished
        .iter()
        .filter_map(|record| record.group.as_ref())
        .collect();
    if group.is_none() && groups.len() > 1 {
        return Err(PointError::SeveralGroups {
            database: database.clone(),
            groups: groups.into_iter().cloned().collect(),
        });
    }
    let mut points: Vec<Candidate> = finished
        .into_iter()
        .filter_map(|record| {
            Some(Candidate {
                label: record.label.clone(),
                cut: record.verified.or(record.snapshot_created)?,
                chain: chain(record, |label| by_label.get(label).copied()),
            })
        })
        .collect();
    if points.is_empty() {
        return Err(PointError::NoBackup {
            database: database.clone(),
            group: group.cloned(),
        });
    }
    points.sort_by(|one, other| (other.cut, &other.label).cmp(&(one.cut, &one.label)));
    Ok(points)
}

fn chain<'a>(
    record: &BackupRecord,
    find: impl Fn(&Label) -> Option<&'a BackupRecord>,
) -> Result<Vec<BackupRecord>, String> {
    let links =
        Chain::resolve(&record.label, find).map_err(|error: ChainError| error.to_string())?;
    match links.iter().find(|link| link.expired.is_some()) {
        None => Ok(links.into_iter().cloned().collect()),
        Some(gone) if gone.label == record.label => Err("retention has let it go".to_owned()),
        Some(gone) => Err(format!(
            "retention has let `{}` go, which it is built on",
            gone.label
        )),
    }
}

/// Those of the candidates that fit; the first that proves usable is the one.
pub fn fitting(candidates: &[Candidate], when: When) -> impl Iterator<Item = &Candidate> {
    candidates.iter().filter(move |candidate| match when {
        When::At(wanted) => candidate.cut <= wanted,
        When::Latest => true,
    })
}

/// When nothing that fits can be restored to.
pub fn nothing(
    candidates: &[Candidate],
    database: &DatabaseName,
    when: When,
    skipped: Vec<SkippedPoint>,
) -> PointError {
    let database = database.clone();
    match when {
        When::Latest => PointError::NoneUsable { database, skipped },
        When::At(wanted) => {
            let later = candidates
                .iter()
                .rev()
                .filter(|candidate| candidate.cut > wanted && candidate.chain.is_ok());
            PointError::NothingOldEnough {
                database,
                wanted,
                oldest: later
                    .map(|candidate| (candidate.label.clone(), candidate.cut))
                    .next(),
                skipped,
            }
        }
    }
}

fn of_group(group: Option<&GroupName>) -> String {
    group.map_or_else(String::new, |group| format!(" in the group `{group}`"))
}

fn names(groups: &[GroupName]) -> String {
    let quoted: Vec<String> = groups.iter().map(|group| format!("`{group}`")).collect();
    quoted.join(", ")
}

fn the_oldest(oldest: Option<&(Label, DateTime<Utc>)>) -> String {
    oldest.map_or_else(String::new, |(label, cut)| {
        format!("; the oldest is `{label}` of {}", seconds(*cut))
    })
}

fn told(skipped: &[SkippedPoint]) -> String {
    let told: Vec<String> = skipped
        .iter()
        .map(|point| format!("`{}`: {}", point.label, point.reason))
        .collect();
    if told.is_empty() {
        String::new()
    } else {
        format!(" ({})", told.join("; "))
    }
}

/// With what is behind the second: a cut is refused for a tenth of one.
fn seconds(at: DateTime<Utc>) -> String {
    at.format("%F %T%.fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::sketch::backup;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-{text}:00Z").parse().unwrap()
    }

    fn point(label: &str, baseline: Option<&str>, cut: &str) -> BackupRecord {
        let mut record = backup(label, baseline);
        record.group = Some(GroupName::parse("daily").unwrap());
        record.snapshot_created = Some(at(cut));
        record
    }

    fn history() -> Vec<BackupRecord> {
        let mut unchanged = point("zz_not_the_newest_by_name", Some("f1"), "21T01:00");
        unchanged.verified = unchanged.snapshot_created.take();
        let mut gone = point("f0", None, "10T01:00");
        gone.expired = Some(at("20T01:00"));
        vec![
            point("a_newest", Some("f1"), "22T01:00"),
            point("orphan", Some("nowhere"), "23T01:00"),
            point("f1", None, "20T01:00"),
            point("i0", Some("f0"), "11T01:00"),
            unchanged,
            gone,
        ]
    }

    fn chosen(history: &[BackupRecord], when: When) -> Result<(String, Vec<String>), PointError> {
        let database = DatabaseName::parse("shop").unwrap();
        let candidates = candidates(history, &database, None)?;
        let mut skipped = Vec::new();
        for candidate in fitting(&candidates, when) {
            match &candidate.chain {
                Ok(_) => {
                    let reasons = skipped
                        .iter()
                        .map(|point: &SkippedPoint| point.label.to_string());
                    return Ok((candidate.label.to_string(), reasons.collect()));
                }
                Err(reason) => skipped.push(SkippedPoint {
                    label: candidate.label.clone(),
                    cut: candidate.cut,
                    reason: reason.clone(),
                }),
            }
        }
        Err(nothing(&candidates, &database, when, skipped))
    }

    #[test]
    fn the_recorded_cut_decides_and_not_the_label() {
        for (when, label, skipped) in [
            (When::Latest, "a_newest", vec!["orphan"]),
            (When::At(at("22T01:00")), "a_newest", vec![]),
            (
                When::At(at("22T00:59")),
                "zz_not_the_newest_by_name",
                vec![],
            ),
            (When::At(at("20T12:00")), "f1", vec![]),
        ] {
            let (found, passed) = chosen(&history(), when).unwrap();
            assert_eq!(
                (found.as_str(), passed),
                (label, skipped.iter().map(ToString::to_string).collect())
            );
        }
    }

    #[test]
    fn nothing_old_enough_names_the_oldest_and_what_was_passed_over() {
        let error = chosen(&history(), When::At(at("12T00:00"))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no recovery point of database `shop` is as old as 2026-11-12 00:00:00Z; the oldest is `f1` of 2026-11-20 01:00:00Z \
             (`i0`: retention has let `f0` go, which it is built on; `f0`: retention has let it go)"
        );
        assert_eq!(
            error.help(),
            "`brctl restore --target-label f1` restores the oldest one"
        );
    }

    #[test]
    fn two_groups_of_one_database_are_not_mixed() {
        let mut history = history();
        history[0].group = Some(GroupName::parse("hourly").unwrap());
        assert_eq!(
            chosen(&history, When::Latest).unwrap_err().to_string(),
            "database `shop` is backed up by the groups `daily`, `hourly`, whose backups hold different tables"
        );
    }

    #[test]
    fn what_has_no_recorded_cut_is_no_point() {
        let error = chosen(&[backup("old", None)], When::Latest).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no finished backup of database `shop` is on record"
        );
    }
}
