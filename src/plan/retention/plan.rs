//! The plan's values: what goes, what stays, and every reason.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::catalog::{BackupKind, BackupRecord};
use crate::config::{Keep, Zone};
use crate::names::{DatabaseName, GroupName, Label, RepositoryName};

/// What `brctl prune` shows, and runs as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrunePlan {
    pub at: DateTime<Utc>,
    pub groups: Vec<GroupRetention>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRetention {
    pub group: GroupName,
    /// The rules, and whose days, weeks and months they count.
    pub keep: Keep,
    pub zone: Zone,
    pub databases: Vec<DatabaseRetention>,
    /// Recorded by another tool, for whatever group: never touched.
    pub not_ours: Vec<Label>,
}

/// The backups of one group, of one database, in one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseRetention {
    pub database: DatabaseName,
    pub repository: RepositoryName,
    pub means: Means,
    /// In the order in which it is done: none of them is needed by one that comes after it.
    pub goes: Vec<Going>,
    /// Newest first.
    pub stays: Vec<Staying>,
    /// Why nothing is touched here, whatever the rules say.
    pub untouched: Option<String>,
}

/// How a snapshot leaves the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// DROP SNAPSHOT, since release 4.2.
    Statement,
    /// No statement deletes it: a person deletes its directory, and brd looks whether it is gone.
    ByHand,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Going {
    pub label: Label,
    pub kind: BackupKind,
    pub moment: Option<DateTime<Utc>>,
    pub data_bytes: Option<u64>,
    pub why: WhyGoes,
    pub deed: Deed,
    /// The snapshot's directory in the repository, while it is there.
    pub directory: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyGoes {
    NoRuleKeepsIt,
    /// An earlier prune let it go.
    Expired(DateTime<Utc>),
    /// Of a backup that ended so.
    LeftBy(String),
    /// Cannot be restored any more.
    Broken(String),
}

/// What is done about one label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// DROP SNAPSHOT, then its rows.
    Drop,
    /// As above, with FORCE: a directory without the file that makes it a snapshot.
    DropForce,
    /// Marked as expired; its directory is for a person to delete.
    Mark,
    /// Marked already; its directory is still there.
    Await,
    /// Nothing of it is in the repository: its rows go.
    Forget,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staying {
    pub label: Label,
    pub kind: BackupKind,
    pub moment: Option<DateTime<Utc>>,
    pub data_bytes: Option<u64>,
    /// Every rule that keeps it; never empty.
    pub why: Vec<WhyStays>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyStays {
    /// The group has no keep key.
    NoRules,
    /// The so-manieth newest full.
    Full(u32),
    /// Built on a full that stays with all that is built on it.
    BuiltOn(Label),
    /// Within the last days.
    Days(u32),
    /// The state that held when the window of days began.
    WindowStart(DateTime<Utc>),
    /// The newest full of the week.
    Week(String),
    Month(String),
    Pinned {
        until: Option<DateTime<Utc>>,
        by: String,
    },
    /// One of the newest good fulls, of which so many always stay.
    Floor(u32),
    /// A link of the chain of another one that stays.
    NeededBy(Label),
    NewestPoint,
    InUse(String),
    /// Recorded with a status that brd does not write.
    UnknownStatus(String),
    /// Cannot be restored, and waits for its days to be over.
    Broken(String),
    /// As above, and nothing of the kind goes while there are not enough good fulls.
    TooFewFulls(String),
    /// Of a backup that ended so: there is nothing of it in the repository, or it is not old enough.
    Failure(String),
    /// StarRocks deletes it by itself at this time.
    ExpiresByItself(String),
}

impl PrunePlan {
    /// Whether running it would change anything.
    pub fn is_nothing(&self) -> bool {
        self.databases()
            .flat_map(|database| &database.goes)
            .all(|going| going.deed == Deed::Await)
    }

    pub fn databases(&self) -> impl Iterator<Item = &DatabaseRetention> {
        self.groups.iter().flat_map(|group| &group.databases)
    }
}

impl DatabaseRetention {
    pub fn data_bytes(&self) -> u64 {
        self.goes
            .iter()
            .filter(|going| going.directory.is_some())
            .filter_map(|going| going.data_bytes)
            .sum()
    }

    /// What is left for a person to delete once this has run.
    pub fn directories(&self) -> impl Iterator<Item = &str> {
        self.goes
            .iter()
            .filter(|going| matches!(going.deed, Deed::Mark | Deed::Await))
            .filter_map(|going| going.directory.as_deref())
    }

    /// Whether both let the same go, in the same order and by the same means.
    pub fn does_the_same(&self, other: &DatabaseRetention) -> bool {
        let deeds = |plan: &DatabaseRetention| -> Vec<(Label, Deed)> {
            let going = plan.goes.iter();
            going
                .map(|going| (going.label.clone(), going.deed))
                .collect()
        };
        self.means == other.means && deeds(self) == deeds(other)
    }
}

impl Going {
    pub(super) fn of(record: &BackupRecord, why: WhyGoes, deed: Deed) -> Going {
        Going {
            label: record.label.clone(),
            kind: record.kind,
            moment: record.moment(),
            data_bytes: record.data_bytes,
            why,
            deed,
            directory: None,
        }
    }
}

impl Staying {
    pub(super) fn of(record: &BackupRecord, why: Vec<WhyStays>) -> Staying {
        Staying {
            label: record.label.clone(),
            kind: record.kind,
            moment: record.moment(),
            data_bytes: record.data_bytes,
            why,
        }
    }
}

impl fmt::Display for WhyGoes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WhyGoes::NoRuleKeepsIt => out.write_str("no rule keeps it"),
            WhyGoes::Expired(at) => write!(out, "expired {}", at.format("%F")),
            WhyGoes::LeftBy(status) => write!(out, "left by a backup that ended as {status}"),
            WhyGoes::Broken(reason) => write!(out, "cannot be restored: {reason}"),
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Deed::Drop => "drop",
            Deed::DropForce => "drop, forced",
            Deed::Mark => "mark",
            Deed::Await => "marked already",
            Deed::Forget => "forget",
        })
    }
}

impl fmt::Display for WhyStays {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WhyStays::NoRules => out.write_str("the group has no keep key"),
            WhyStays::Full(place) => write!(out, "keep-fulls: number {place}"),
            WhyStays::BuiltOn(full) => write!(out, "built on {full}"),
            WhyStays::Days(days) => write!(out, "keep-days: within {days} days"),
            WhyStays::WindowStart(at) => {
                write!(out, "keep-days: the state at {}", at.format("%F %T"))
            }
            WhyStays::Week(week) => write!(out, "keep-weekly: {week}"),
            WhyStays::Month(month) => write!(out, "keep-monthly: {month}"),
            WhyStays::Pinned { until: None, by } => write!(out, "pinned by {by}"),
            WhyStays::Pinned {
                until: Some(until),
                by,
            } => {
                write!(out, "pinned until {} by {by}", until.format("%F %TZ"))
            }
            WhyStays::Floor(floor) => write!(out, "keep-floor: one of {floor}"),
            WhyStays::NeededBy(label) => write!(out, "needed by {label}"),
            WhyStays::NewestPoint => out.write_str("the newest recovery point"),
            WhyStays::InUse(by) => write!(out, "in use by {by}"),
            WhyStays::UnknownStatus(word) => {
                write!(out, "not ours: brd does not know the status {word}")
            }
            WhyStays::Broken(reason) => {
                write!(out, "cannot be restored, and is not old enough: {reason}")
            }
            WhyStays::TooFewFulls(reason) => {
                write!(
                    out,
                    "cannot be restored, but there are fewer good fulls than keep-floor: {reason}"
                )
            }
            WhyStays::Failure(status) => write!(out, "record of a backup that ended as {status}"),
            WhyStays::ExpiresByItself(at) => {
                write!(out, "StarRocks deletes it by itself at {at}")
            }
        }
    }
}
