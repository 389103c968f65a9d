//! [`Schedule`]: which inventory group is backed up when, and what happens when that moment was missed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cron::Cron;
use super::zone::Zone;
use crate::names::{GroupName, RepositoryName};

/// The schedule file, as the daemon uses it. Two are equal when nothing would change between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schedule {
    pub groups: BTreeMap<GroupName, GroupSchedule>,
}

/// The schedule of one inventory group; at least one of the two expressions is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSchedule {
    pub full: Option<Cron>,
    pub incremental: Option<Cron>,
    /// Whose clock the expressions are read on.
    pub zone: Zone,
    /// `None` for the repository of `brd.toml`.
    pub repository: Option<RepositoryName>,
    pub catch_up: CatchUp,
    /// A fire older than this is not caught up.
    pub catch_up_limit: Duration,
    pub on_overlap: Overlap,
    /// How long a fire waits for the run before it, with [`Overlap::Wait`].
    pub wait_limit: Duration,
    /// The group's fires come late by a fixed part of this.
    pub jitter: Duration,
    /// `None` for the job timeout of `brd.toml`.
    pub job_timeout: Option<Duration>,
    pub keep: Keep,
    /// `None` for that of `brd.toml`.
    pub verify: Option<Verify>,
    pub chaining: Chaining,
}

/// What the group's incrementals are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chaining {
    /// The latest full: a chain has two links.
    Differential,
    /// The newest backup that can be used, whatever its kind.
    Incremental {
        /// Of a chain, the full among them; at least 2.
        most_links: u32,
    },
}

/// What a group's retention keeps; what no rule keeps expires. Without any rule everything is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Keep {
    /// The newest fulls, with all that is built on them.
    pub fulls: Option<u32>,
    /// Days every moment of which can be restored.
    pub days: Option<u32>,
    /// The newest full of each of so many weeks.
    pub weekly: Option<u32>,
    pub monthly: Option<u32>,
    /// So many good fulls that no rule crosses; at least 1.
    pub floor: u32,
}

impl Keep {
    pub const EVERYTHING: Keep = Keep {
        fulls: None,
        days: None,
        weekly: None,
        monthly: None,
        floor: 2,
    };

    /// No rule: nothing ever expires.
    pub fn is_everything(&self) -> bool {
        [self.fulls, self.days, self.weekly, self.monthly]
            .iter()
            .all(Option::is_none)
    }
}

/// What happens to the fires that came due while no daemon was running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CatchUp {
    /// One run: the newest full, or the newest incremental where no full was missed.
    One,
    /// Nothing is run.
    None,
    /// The newest full; missed incrementals are not run.
    FullOnly,
}

/// What happens to a fire while the group's last run still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    Wait,
    Skip,
}

/// What is measured of a backup's partitions once it is made, for its restore to be held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verify {
    /// Rows.
    Counts,
    /// Rows and content: reads all that was taken once more.
    Checksum,
    None,
}
