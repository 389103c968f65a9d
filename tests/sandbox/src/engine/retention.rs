//! How long a snapshot is kept, whose it is, and its end by DROP SNAPSHOT or by the cleaner: all of 4.2 (StarRocks/starrocks#78092).
//!
//! The checks and their texts are those of `backup/BackupHandler.dropSnapshot` and `cleanExpiredSnapshots`. What the cleaner may delete is
//! decided from the repository alone: own, expired, and not being written or read. It runs here with the other schedulers, every ten minutes;
//! StarRocks' own interval and the limit of its retries (`backup_clean_retry_limit`) could not be read.

use chrono::{DateTime, Duration, Months, Utc};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, SqlError};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::jobs::Job;
use crate::engine::repository::Repository;
use crate::engine::snapshot::SnapshotInfo;
use crate::release::Release;

/// `ttl` of BACKUP: a text such as `7 DAY`, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ttl {
    text: String,
    months: u32,
    rest: Duration,
}

/// What `__info` says of a snapshot since 4.2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    pub cluster_id: u32,
    pub finished: DateTime<Utc>,
    /// None: for ever.
    pub ttl: Option<String>,
    pub expires: Option<DateTime<Utc>>,
}

impl Ttl {
    /// `TimeUtils.parseHumanReadablePeriodOrDuration`: all units of a calendar, or all up to days. Must be positive.
    pub fn parse(text: &str) -> Option<Ttl> {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        if words.is_empty() || !words.len().is_multiple_of(2) {
            return None;
        }
        let parts: Vec<(i64, &str)> = words
            .chunks(2)
            .map(|pair| {
                Some((
                    pair[0].parse().ok()?,
                    pair[1].strip_suffix('s').unwrap_or(&pair[1]),
                ))
            })
            .collect::<Option<_>>()?;
        let (months, seconds) = in_calendar(&parts).or_else(|| in_clock(&parts))?;
        let ttl = Ttl {
            text: text.to_owned(),
            months: u32::try_from(months).ok()?,
            rest: Duration::try_seconds(seconds)?,
        };
        (months > 0 || seconds > 0).then_some(ttl)
    }

    fn after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        moment
            .checked_add_months(Months::new(self.months))?
            .checked_add_signed(self.rest)
    }
}

/// Names and values as they were written.
type Properties = Vec<(String, String)>;

const DAY: i64 = 86_400;

/// `PeriodStyle`: (months, seconds).
fn in_calendar(parts: &[(i64, &str)]) -> Option<(i64, i64)> {
    let mut sum = (0_i64, 0_i64);
    for (number, unit) in parts {
        match *unit {
            "day" => sum.1 = sum.1.checked_add(number.checked_mul(DAY)?)?,
            "week" => sum.1 = sum.1.checked_add(number.checked_mul(7 * DAY)?)?,
            "month" => sum.0 = sum.0.checked_add(*number)?,
            "year" => sum.0 = sum.0.checked_add(number.checked_mul(12)?)?,
            _ => return None,
        }
    }
    Some(sum)
}

/// `DurationStyle`.
fn in_clock(parts: &[(i64, &str)]) -> Option<(i64, i64)> {
    let mut seconds = 0_i64;
    for (number, unit) in parts {
        let length = match *unit {
            "second" => 1,
            "minute" => 60,
            "hour" => 3600,
            "day" => DAY,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(length)?)?;
    }
    Some((0, seconds))
}

/// Takes `ttl` from the properties of a BACKUP where the release knows it; elsewhere it stays, and is an unknown property.
pub fn split_ttl(
    release: Release,
    properties: &[(String, String)],
) -> Result<(Option<Ttl>, Properties), SqlError> {
    let (found, rest): (Vec<_>, Vec<_>) = properties
        .iter()
        .cloned()
        .partition(|(key, _)| key == "ttl" && release.drops_snapshots());
    let Some((_, text)) = found
        .into_iter()
        .next()
        .filter(|(_, text)| !text.is_empty())
    else {
        return Ok((None, rest));
    };
    match Ttl::parse(&text) {
        Some(ttl) => Ok((Some(ttl), rest)),
        // That it is refused is in the pull request; the words are not.
        None => Err(error::common_analyzing(format!("Invalid ttl: {text}"))),
    }
}

impl Cluster {
    /// What a snapshot that is finished now records of itself.
    pub fn retention(&self, ttl: Option<&Ttl>) -> Option<Retention> {
        self.release.drops_snapshots().then(|| Retention {
            cluster_id: self.cluster_id,
            finished: self.now,
            ttl: ttl.map(|ttl| ttl.text.clone()),
            expires: ttl.and_then(|ttl| ttl.after(self.now)),
        })
    }

    pub fn drop_snapshot(
        &self,
        label: &str,
        repository: &str,
        force: bool,
    ) -> Result<Answer, SqlError> {
        let found = self
            .repositories
            .get(repository)
            .ok_or_else(|| error::common(format!("Repository does not exist: {repository}")))?;
        if found.read_only {
            return Err(error::common(format!(
                "Repository {repository} is read only"
            )));
        }
        // The directory decides: what an interrupted BACKUP left can be dropped too.
        if !found.has_label(label) {
            return Err(error::common(format!(
                "Snapshot does not exist in repository {repository}: {label}"
            )));
        }
        if let Some(use_of) = self.use_of_snapshot(label, repository) {
            return Err(error::common(format!(
                "Can not drop snapshot {label}: {use_of}"
            )));
        }
        if !force {
            self.check_owner(found, label)?;
        }
        found.delete_snapshot(label).map_err(|fault| {
            error::common(format!(
                "Failed to delete snapshot {label} in repository {repository}: {fault}"
            ))
        })?;
        Ok(done())
    }

    fn check_owner(&self, repository: &Repository, label: &str) -> Result<(), SqlError> {
        let owner = retention_of(repository, label).map(|retention| retention.cluster_id);
        let whose = match owner {
            Some(owner) if owner == self.cluster_id => return Ok(()),
            Some(owner) => format!("was created by cluster {owner}"),
            None => "does not record which cluster created it".to_owned(),
        };
        Err(error::common(format!(
            "Snapshot {label} in repository {} {whose}, and this cluster is {}. Use DROP SNAPSHOT ... FORCE to drop it anyway",
            repository.name, self.cluster_id
        )))
    }

    fn use_of_snapshot(&self, label: &str, repository: &str) -> Option<&'static str> {
        let mut running = self.jobs.slots.values().filter(|job| {
            let head = job.head();
            !job.is_done() && head.label == label && head.repository == repository
        });
        running.next().map(|job| match job {
            Job::Backup(_) => "a backup is writing it",
            Job::Restore(_) => "a restore is reading it",
        })
    }

    pub fn clean_expired_snapshots(&self) {
        if !self.release.drops_snapshots() {
            return;
        }
        for repository in self.repositories.values().filter(|found| !found.read_only) {
            for label in repository.list_snapshots().unwrap_or_default() {
                let expired = retention_of(repository, &label).is_some_and(|retention| {
                    retention.cluster_id == self.cluster_id
                        && retention.expires.is_some_and(|expires| expires <= self.now)
                });
                if expired
                    && self.use_of_snapshot(&label, &repository.name).is_none()
                    && let Err(fault) = repository.delete_snapshot(&label)
                {
                    tracing::warn!(%fault, label, "an expired snapshot stays");
                }
            }
        }
    }
}

/// None: written by an older release, unfinished, or unreadable.
pub fn retention_of(repository: &Repository, label: &str) -> Option<Retention> {
    let timestamp = repository.entry(label).timestamp?;
    let bytes = repository
        .read_verified(label, &format!("__info_{timestamp}"))
        .ok()?;
    serde_json::from_slice::<SnapshotInfo>(&bytes)
        .ok()?
        .retention
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_live_are_read_as_periods_or_as_durations() {
        let start: DateTime<Utc> = "2026-01-31T12:00:00Z".parse().unwrap();
        for (text, end) in [
            ("7 DAY", "2026-02-07T12:00:00Z"),
            ("1 month", "2026-02-28T12:00:00Z"),
            ("1 year 1 week", "2027-02-07T12:00:00Z"),
            ("12 HOURS", "2026-02-01T00:00:00Z"),
            ("1 day 30 minutes", "2026-02-01T12:30:00Z"),
        ] {
            let end: DateTime<Utc> = end.parse().unwrap();
            let ttl = Ttl::parse(text).unwrap();
            assert_eq!(ttl.after(start), Some(end), "{text}");
        }
        for text in [
            "",
            "7",
            "7DAY",
            "0 DAY",
            "-1 DAY",
            "1 month 3 hours",
            "x DAY",
            "1 moon",
        ] {
            assert_eq!(Ttl::parse(text), None, "{text}");
        }
    }
}
