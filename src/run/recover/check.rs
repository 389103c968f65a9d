//! Every recovery point that is on record, held against what the repositories show.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::context::Source;
use super::prove::create_repository;
use super::snapshot::every;
use crate::catalog::{BackupRecord, JobState, count};
use crate::names::{Label, RepositoryName};
use crate::ops::Ops;
use crate::plan::label::OPS_LABEL;
use crate::plan::recovery::{Seen, judge};
use crate::run::error::RunError;
use crate::run::group::Outcome;
use crate::run::job::Job;
use crate::run::preflight::{Purpose, repository};
use crate::run::prune::held;
use crate::starrocks::Session;

/// So many broken points are named; more are counted.
const SHOWN: usize = 100;

/// What became of the recovery points.
pub(super) struct Report {
    /// Database by database.
    whole: BTreeMap<String, Points>,
    broken: Vec<(Label, String)>,
    missing: BTreeSet<RepositoryName>,
    /// In the repository and not on record.
    unknown: Vec<Label>,
    /// Rows of another tool.
    not_ours: usize,
}

#[derive(Default)]
struct Points {
    whole: usize,
    all: usize,
    /// Of the whole ones, with its moment where that is on record.
    newest: Option<(Option<DateTime<Utc>>, Label)>,
}

pub(super) async fn check(
    session: &Session,
    ops: &Ops,
    asked: &RepositoryName,
) -> Result<Report, RunError> {
    let records = ops.backups(None).await?;
    let mut seen = Seen {
        manifests: ops.labels_with_manifest().await?,
        ..Seen::default()
    };
    let needed: BTreeSet<&RepositoryName> = records
        .iter()
        .filter(|record| record.is_finished() && record.expired.is_none())
        .map(|record| &record.repository)
        .collect();
    for name in needed {
        match repository(session, name, Purpose::Restore).await {
            Ok(_) => {
                let here = records.iter().filter(|record| record.repository == *name);
                let found = held(session, name, here).await?.into_iter();
                seen.held
                    .extend(found.map(|(label, held)| ((name.clone(), label), held)));
            }
            Err(RunError::Refused(_)) => {
                seen.missing.insert(name.clone());
            }
            Err(error) => return Err(error),
        }
    }
    let known: BTreeSet<&Label> = records.iter().map(|record| &record.label).collect();
    let mut unknown = every(session, asked).await?;
    unknown.retain(|(label, whole)| {
        *whole && !known.contains(label) && !label.as_str().starts_with(OPS_LABEL)
    });
    let unknown = unknown.into_iter().map(|(label, _)| label).collect();
    Ok(report(&records, seen, unknown))
}

fn report(records: &[BackupRecord], seen: Seen, unknown: Vec<Label>) -> Report {
    let mut report = Report {
        whole: BTreeMap::new(),
        broken: Vec::new(),
        missing: BTreeSet::new(),
        unknown,
        not_ours: records
            .iter()
            .filter(|record| record.is_of_another_tool() && record.is_finished())
            .count(),
    };
    for judged in judge(records, &seen) {
        let record = judged.record;
        let database = record.database.as_ref();
        let points = report
            .whole
            .entry(database.map(ToString::to_string).unwrap_or_default())
            .or_default();
        points.all += 1;
        match judged.verdict {
            Ok(()) => {
                points.whole += 1;
                let newest = (record.moment(), record.label.clone());
                points.newest = points.newest.take().max(Some(newest));
            }
            Err(reason) => report.broken.push((record.label.clone(), reason)),
        }
    }
    report.missing = seen.missing;
    report
}

impl Report {
    pub fn tell(&self, job: &Job) {
        for (database, points) in &self.whole {
            let newest = points.newest.as_ref().map(|(moment, label)| {
                let of = moment.map(|moment| format!(" of {}", moment.format("%F %TZ")));
                format!(", the newest `{label}`{}", of.unwrap_or_default())
            });
            job.journal.step(
                5,
                super::execute::STEPS,
                format!(
                    "{database}: {} of {} recovery points are whole{}",
                    points.whole,
                    points.all,
                    newest.unwrap_or_default()
                ),
            );
        }
        for name in &self.missing {
            job.journal.finding(
                format!("repository `{name}` does not exist on this cluster"),
                Some(create_repository(name, None)),
            );
        }
        for (label, reason) in self.broken.iter().take(SHOWN) {
            let text = format!("recovery point `{label}` is broken: {reason}");
            job.journal.finding(text, None);
        }
        if self.broken.len() > SHOWN {
            let more = self.broken.len() - SHOWN;
            let text = format!("{more} more recovery points are broken");
            job.journal.finding(text, None);
        }
        if self.not_ours > 0 {
            let rows = count(self.not_ours, "row");
            let text = format!(
                "{rows} of starrocks-br on record, of which nothing is promised, and which count as no recovery points"
            );
            let help = "`brctl backups` lists them; `brctl restore --target-label LABEL --plan` tells whether one can be restored";
            job.journal.finding(text, Some(help.to_owned()));
        }
        if !self.unknown.is_empty() {
            let shown: Vec<&str> = self.unknown.iter().take(10).map(Label::as_str).collect();
            let text = format!(
                "{} in the repository and not on record: {}{}",
                count(self.unknown.len(), "snapshot"),
                shown.join(", "),
                if self.unknown.len() > 10 { ", …" } else { "" }
            );
            let help = "they came after what was recovered, failed, or are another cluster's; SHOW SNAPSHOT tells what they hold";
            job.journal.finding(text, Some(help.to_owned()));
        }
    }

    pub fn outcome(&self, source: &Source) -> Outcome {
        let all: usize = self.whole.values().map(|points| points.all).sum();
        let whole: usize = self.whole.values().map(|points| points.whole).sum();
        Outcome {
            state: if whole == all && all > 0 {
                JobState::Done
            } else {
                JobState::Partly
            },
            message: format!(
                "ops is recovered from {source}: {whole} of {all} recovery points are whole"
            ),
            help: (whole < all).then(|| {
                "the job's findings name each that is broken, and why; `brctl backups` lists them all".to_owned()
            }),
        }
    }
}
