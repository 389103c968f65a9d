//! From everything on record about a database, and from what the repository shows of it, to what goes and what stays.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::plan::{Deed, Going, Means, Staying, WhyGoes, WhyStays};
use super::rules::{Points, Reasons, moment, rules};
use crate::catalog::{BackupKind, BackupRecord, BackupStatus, Chain, SnapshotTimestamp};
use crate::config::{Keep, Zone};
use crate::names::{GroupName, Label, RepositoryName};

/// The rules of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    pub group: GroupName,
    pub keep: Keep,
    /// Whose weeks and months.
    pub zone: Zone,
}

impl Keeping {
    /// Lets nothing go that is not on its way already.
    pub fn everything(group: GroupName) -> Keeping {
        Keeping {
            group,
            keep: Keep::EVERYTHING,
            zone: Zone::UTC,
        }
    }
}

/// What stands in the repository under a label; one that is not there has no directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Complete. The latest, where there are several.
    Ok {
        timestamp: SnapshotTimestamp,
        /// StarRocks deletes it by itself then (since release 4.2).
        expires: Option<String>,
    },
    /// A directory without the file that is written last.
    Leftover,
}

/// All that is known of one database and one repository.
pub struct Holdings<'a> {
    pub repository: &'a RepositoryName,
    /// Every record of the database, whatever its group: a chain may go through several.
    pub records: &'a [BackupRecord],
    pub held: &'a BTreeMap<Label, Held>,
    /// By running jobs, and by which.
    pub in_use: &'a BTreeMap<Label, String>,
    pub means: Means,
}

/// A leftover, or what cannot be restored, is left alone for so long: somebody may be looking into it.
const LEFT_ALONE: TimeDelta = TimeDelta::days(7);

/// What goes, leaves first, and what stays, newest first.
pub fn plan_retention(
    holdings: &Holdings<'_>,
    keeping: &Keeping,
    now: DateTime<Utc>,
) -> (Vec<Going>, Vec<Staying>) {
    let planner = Planner {
        holdings,
        keeping,
        now,
        by_label: holdings
            .records
            .iter()
            .map(|record| (&record.label, record))
            .collect(),
    };
    planner.plan()
}

struct Planner<'a> {
    holdings: &'a Holdings<'a>,
    keeping: &'a Keeping,
    now: DateTime<Utc>,
    by_label: BTreeMap<&'a Label, &'a BackupRecord>,
}

impl<'a> Planner<'a> {
    fn plan(&self) -> (Vec<Going>, Vec<Staying>) {
        let own: Vec<&BackupRecord> = self.own().collect();
        let mut stays = Reasons::new();
        let mut goes: BTreeMap<&Label, WhyGoes> = BTreeMap::new();
        let points = self.points(&own);
        let chosen = if self.keeping.keep.is_everything() {
            Reasons::new()
        } else {
            rules(&points, self.keeping, self.now)
        };
        for record in &own {
            let mut why = chosen.get(&record.label).cloned().unwrap_or_default();
            why.extend(self.held_by_a_person_or_a_job(record));
            let judged = self.judge(record, &points);
            match judged {
                Err(reason) => why.push(reason),
                Ok(reason) if why.is_empty() => {
                    goes.insert(&record.label, reason);
                }
                Ok(_) => {}
            }
            if !why.is_empty() {
                stays.insert(record.label.clone(), why);
            }
        }
        self.keep_chains(&mut goes, &mut stays);
        let stays = self.staying(&own, stays);
        (self.in_order(goes), stays)
    }

    fn own(&self) -> impl Iterator<Item = &'a BackupRecord> + use<'a> {
        let (group, repository) = (&self.keeping.group, self.holdings.repository);
        let records = self.holdings.records.iter();
        records.filter(move |record| {
            record.group.as_ref() == Some(group) && record.repository == *repository
        })
    }

    fn points(&self, own: &[&'a BackupRecord]) -> Points<'a> {
        let mut all: Vec<&BackupRecord> = Vec::new();
        let mut root = BTreeMap::new();
        for record in own.iter().filter(|record| record.is_finished()) {
            if let Ok(full) = self.whole_chain(record) {
                root.insert(record.label.clone(), full);
                all.push(record);
            }
        }
        all.sort_by_key(|record| (moment(record, self.now), &record.label));
        let good_fulls = all
            .iter()
            .copied()
            .filter(|record| record.kind == BackupKind::Full && self.expires(record).is_none())
            .collect();
        Points {
            all,
            good_fulls,
            root,
        }
    }

    /// The root of the record's chain, or why it cannot be restored.
    fn whole_chain(&self, record: &BackupRecord) -> Result<Label, String> {
        let chain = Chain::resolve(&record.label, |label| self.by_label.get(label).copied())
            .map_err(|error| error.to_string())?;
        for link in &chain {
            if link.expired.is_some() {
                return Err(format!("`{}` is expired", link.label));
            }
            let Some(recorded) = &link.snapshot else {
                continue;
            };
            match self.holdings.held.get(&link.label) {
                Some(Held::Ok { timestamp, .. }) if timestamp == recorded => {}
                Some(Held::Ok { .. }) => {
                    return Err(format!(
                        "the snapshot of `{}` is not the recorded one",
                        link.label
                    ));
                }
                Some(Held::Leftover) | None => {
                    return Err(format!("the snapshot of `{}` is gone", link.label));
                }
            }
        }
        let root = chain.first().expect("a chain has its full");
        Ok(root.label.clone())
    }

    /// What is there of this very backup. A complete snapshot that was not recorded is somebody else's, who writes to the same repository:
    /// nothing of ours says that it may go.
    fn own_held(&self, record: &BackupRecord) -> Option<&Held> {
        let held = self.holdings.held.get(&record.label)?;
        match held {
            Held::Leftover => Some(held),
            Held::Ok { timestamp, .. } => {
                Some(held).filter(|_| record.snapshot.as_ref() == Some(timestamp))
            }
        }
    }

    fn expires(&self, record: &BackupRecord) -> Option<&str> {
        match self.holdings.held.get(&record.label) {
            Some(Held::Ok { expires, .. }) => expires.as_deref(),
            Some(Held::Leftover) | None => None,
        }
    }

    fn held_by_a_person_or_a_job(&self, record: &BackupRecord) -> Vec<WhyStays> {
        let mut why = Vec::new();
        if let Some(pin) = record.pin.as_ref().filter(|pin| pin.holds(self.now)) {
            why.push(WhyStays::Pinned {
                until: pin.end(),
                by: pin.by.clone(),
            });
        }
        if let Some(job) = self.holdings.in_use.get(&record.label) {
            why.push(WhyStays::InUse(job.clone()));
        }
        why
    }

    /// Whether it could go, where no rule keeps it.
    fn judge(&self, record: &BackupRecord, points: &Points<'_>) -> Result<WhyGoes, WhyStays> {
        if let Some(at) = record.expired {
            return Ok(WhyGoes::Expired(at));
        }
        let keep = self.keeping.keep;
        let age = self.now - moment(record, self.now);
        let status = || record.status.as_str().to_owned();
        match &record.status {
            BackupStatus::Unknown(word) => Err(WhyStays::UnknownStatus(word.clone())),
            _ if keep.is_everything() => Err(WhyStays::NoRules),
            BackupStatus::Failed | BackupStatus::Cancelled | BackupStatus::Timeout => {
                if age > LEFT_ALONE && self.own_held(record).is_some() {
                    Ok(WhyGoes::LeftBy(status()))
                } else {
                    Err(WhyStays::Failure(status()))
                }
            }
            BackupStatus::Finished => match self.whole_chain(record) {
                Ok(_) => match self.expires(record) {
                    Some(at) => Err(WhyStays::ExpiresByItself(at.to_owned())),
                    None => Ok(WhyGoes::NoRuleKeepsIt),
                },
                // It may be the look that is wrong, and not the backup: nothing of the kind goes while there is little else.
                Err(reason) if points.good_fulls.len() < keep.floor as usize => {
                    Err(WhyStays::TooFewFulls(reason))
                }
                Err(reason) => {
                    let days = TimeDelta::days(i64::from(keep.days.unwrap_or(0)));
                    if age > LEFT_ALONE.max(days) {
                        Ok(WhyGoes::Broken(reason))
                    } else {
                        Err(WhyStays::Broken(reason))
                    }
                }
            },
        }
    }

    /// Every link that one which stays was compared with stays too, also where the one that stays is another group's.
    fn keep_chains(&self, goes: &mut BTreeMap<&Label, WhyGoes>, stays: &mut Reasons) {
        let others = self.holdings.records.iter().filter(|record| {
            record.expired.is_none()
                && !goes.contains_key(&record.label)
                && !stays.contains_key(&record.label)
                && record.is_finished()
        });
        let mut look: Vec<&BackupRecord> = others.collect();
        let kept = stays.keys().filter_map(|label| self.by_label.get(label));
        // A failure's baseline is nothing that anybody restores.
        look.extend(kept.copied().filter(|record| !is_failure(record)));
        let mut seen: BTreeSet<&Label> = BTreeSet::new();
        while let Some(record) = look.pop() {
            let link = record
                .baseline
                .as_ref()
                .filter(|_| seen.insert(&record.label));
            let Some(link) = link.and_then(|link| self.by_label.get(link).copied()) else {
                continue;
            };
            let is_own = goes.remove(&link.label).is_some() || stays.contains_key(&link.label);
            if is_own {
                let needed = WhyStays::NeededBy(record.label.clone());
                stays.entry(link.label.clone()).or_default().push(needed);
            }
            look.push(link);
        }
    }

    fn staying(&self, own: &[&BackupRecord], mut stays: Reasons) -> Vec<Staying> {
        let mut staying: Vec<Staying> = own
            .iter()
            .filter_map(|record| Some(Staying::of(record, stays.remove(&record.label)?)))
            .collect();
        staying.sort_by_key(|staying| Reverse((staying.moment, staying.label.clone())));
        staying
    }

    /// What was compared with something goes before it; of equals the newest first.
    fn in_order(&self, goes: BTreeMap<&Label, WhyGoes>) -> Vec<Going> {
        let mut order: Vec<(&BackupRecord, WhyGoes)> = goes
            .into_iter()
            .map(|(label, why)| (self.by_label[label], why))
            .collect();
        order.sort_by_key(|(record, _)| {
            let at = moment(record, self.now);
            (Reverse(self.depth(record)), Reverse(at), &record.label)
        });
        // A row must stay for as long as the row of one that was compared with it.
        let mut needed: BTreeSet<&Label> = BTreeSet::new();
        order
            .into_iter()
            .map(|(record, why)| {
                let deed = self.deed(record, needed.contains(&record.label));
                if matches!(deed, Deed::Mark | Deed::Await) {
                    needed.extend(&record.baseline);
                }
                Going::of(record, why, deed)
            })
            .collect()
    }

    fn deed(&self, record: &BackupRecord, is_needed: bool) -> Deed {
        let by_hand = if record.expired.is_some() {
            Deed::Await
        } else {
            Deed::Mark
        };
        match (self.own_held(record), self.holdings.means) {
            (None, _) if is_needed => by_hand,
            (None, _) => Deed::Forget,
            (Some(_), Means::ByHand) => by_hand,
            (Some(Held::Ok { .. }), Means::Statement) => Deed::Drop,
            (Some(Held::Leftover), Means::Statement) => Deed::DropForce,
        }
    }

    /// Links below it, as far as they are on record.
    fn depth(&self, record: &BackupRecord) -> usize {
        let mut seen = BTreeSet::from([&record.label]);
        let mut next = record.baseline.as_ref();
        while let Some(label) = next.filter(|label| seen.insert(*label)) {
            next = self
                .by_label
                .get(label)
                .and_then(|record| record.baseline.as_ref());
        }
        seen.len()
    }
}

fn is_failure(record: &BackupRecord) -> bool {
    matches!(
        record.status,
        BackupStatus::Failed | BackupStatus::Cancelled | BackupStatus::Timeout
    )
}
