//! Which recovery points each keep key holds. What these need besides is the planner's.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, TimeDelta, Utc};

use super::plan::WhyStays;
use super::planner::Keeping;
use crate::catalog::BackupRecord;
use crate::names::Label;

/// Reasons, by label.
pub(super) type Reasons = BTreeMap<Label, Vec<WhyStays>>;

/// Recovery points of one database that can be restored.
pub(super) struct Points<'a> {
    /// Oldest first.
    pub all: Vec<&'a BackupRecord>,
    /// The fulls among them that stay in the repository until somebody deletes them, oldest first.
    pub good_fulls: Vec<&'a BackupRecord>,
    /// The full at the root of each one's chain.
    pub root: BTreeMap<Label, Label>,
}

/// Every rule that keeps a point, rule by rule.
pub(super) fn rules(points: &Points<'_>, keeping: &Keeping, now: DateTime<Utc>) -> Reasons {
    let mut kept = Reasons::new();
    let keep = keeping.keep;
    let mut add =
        |record: &BackupRecord, why| kept.entry(record.label.clone()).or_default().push(why);
    // Without incrementals the newest full's chain would end at every prune: what is built on it is what the next restore will ask for.
    for (place, full) in (1..).zip(points.good_fulls.iter().rev()) {
        if keep.fulls.is_some_and(|fulls| place <= fulls) {
            add(full, WhyStays::Full(place));
        }
        if place <= keep.floor {
            add(full, WhyStays::Floor(keep.floor));
        }
        if place <= keep.fulls.unwrap_or(0).max(1) {
            for built in points
                .all
                .iter()
                .filter(|point| points.is_built_on(point, full))
            {
                add(built, WhyStays::BuiltOn(full.label.clone()));
            }
        }
    }
    if let Some(days) = keep.days {
        let start = now - TimeDelta::days(i64::from(days));
        let within = |point: &&&BackupRecord| moment(point, now) >= start;
        for point in points.all.iter().filter(within) {
            add(point, WhyStays::Days(days));
        }
        // What held when the window began came before it: without this one its first hours could not be restored.
        if let Some(point) = points.all.iter().rfind(|point| !within(point)) {
            add(point, WhyStays::WindowStart(start));
        }
    }
    let local = |full: &BackupRecord| keeping.zone.local(moment(full, now)).date_naive();
    if let Some(weeks) = keep.weekly {
        let week = |full: &BackupRecord| local(full).format("%G-W%V").to_string();
        for (full, week) in newest_of_each(&points.good_fulls, weeks, week) {
            add(full, WhyStays::Week(week));
        }
    }
    if let Some(months) = keep.monthly {
        let month = |full: &BackupRecord| {
            let day = local(full);
            format!("{}-{:02}", day.year(), day.month())
        };
        for (full, month) in newest_of_each(&points.good_fulls, months, month) {
            add(full, WhyStays::Month(month));
        }
    }
    if let Some(newest) = points.all.last() {
        add(newest, WhyStays::NewestPoint);
    }
    kept
}

/// A record without any time is of now: it is never too old.
pub(super) fn moment(record: &BackupRecord, now: DateTime<Utc>) -> DateTime<Utc> {
    record.moment().unwrap_or(now)
}

impl Points<'_> {
    fn is_built_on(&self, point: &BackupRecord, full: &BackupRecord) -> bool {
        point.label != full.label && self.root.get(&point.label) == Some(&full.label)
    }
}

/// The newest full of each of the latest periods that have one. Periods without a full do not count: retention must not go on eating
/// what is there while no backup succeeds.
fn newest_of_each<'a>(
    fulls: &[&'a BackupRecord],
    periods: u32,
    period: impl Fn(&BackupRecord) -> String,
) -> Vec<(&'a BackupRecord, String)> {
    let mut found: Vec<(&BackupRecord, String)> = Vec::new();
    for full in fulls.iter().rev() {
        let period = period(full);
        if found.iter().all(|(_, known)| *known != period) {
            found.push((full, period));
        }
    }
    found.truncate(periods as usize);
    found
}
