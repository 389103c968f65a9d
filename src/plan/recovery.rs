//! Which recovery points are whole: what is on record, held against what the repositories show.

use std::collections::{BTreeMap, BTreeSet};

use super::retention::Held;
use crate::catalog::{BackupRecord, Chain};
use crate::names::{Label, RepositoryName};

/// What was looked at. A repository that is in `missing` has nothing in `held`.
#[derive(Debug, Default)]
pub struct Seen {
    pub held: BTreeMap<(RepositoryName, Label), Held>,
    /// Not on this cluster.
    pub missing: BTreeSet<RepositoryName>,
    /// Labels whose manifest is on record.
    pub manifests: BTreeSet<Label>,
}

/// One recovery point, or why it is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged<'a> {
    pub record: &'a BackupRecord,
    pub verdict: Result<(), String>,
}

/// Every backup that is on record as one that may be restored to, in the order given. Not those of `ops` itself, nor what starrocks-br has
/// recorded: brd has never promised to restore that, and no look makes it better or worse.
pub fn judge<'a>(records: &'a [BackupRecord], seen: &Seen) -> Vec<Judged<'a>> {
    let by_label: BTreeMap<&Label, &BackupRecord> = records
        .iter()
        .map(|record| (&record.label, record))
        .collect();
    let points = records.iter().filter(|record| {
        let counts = !record.is_of_ops() && !record.is_of_another_tool();
        record.is_finished() && record.expired.is_none() && counts
    });
    points
        .map(|record| Judged {
            record,
            verdict: verdict(record, &by_label, seen),
        })
        .collect()
}

fn verdict(
    record: &BackupRecord,
    by_label: &BTreeMap<&Label, &BackupRecord>,
    seen: &Seen,
) -> Result<(), String> {
    let chain = Chain::resolve(&record.label, |label| by_label.get(label).copied())
        .map_err(|error| error.to_string())?;
    chain.into_iter().try_for_each(|link| whole(link, seen))
}

fn whole(link: &BackupRecord, seen: &Seen) -> Result<(), String> {
    let (label, repository) = (&link.label, &link.repository);
    // A moment that was verified unchanged has no snapshot of its own; its manifest says what was there.
    if link.verified.is_none() {
        if seen.missing.contains(repository) {
            return Err(format!(
                "repository `{repository}`, which holds `{label}`, does not exist on this cluster"
            ));
        }
        match seen.held.get(&(repository.clone(), label.clone())) {
            None => {
                return Err(format!(
                    "snapshot `{label}` is not in repository `{repository}`"
                ));
            }
            Some(Held::Leftover) => {
                return Err(format!(
                    "snapshot `{label}` in repository `{repository}` is not whole"
                ));
            }
            Some(Held::Ok { timestamp, .. })
                if link
                    .snapshot
                    .as_ref()
                    .is_some_and(|recorded| recorded != timestamp) =>
            {
                return Err(format!(
                    "repository `{repository}` holds another snapshot `{label}`, of {timestamp}"
                ));
            }
            Some(Held::Ok { .. }) => {}
        }
    }
    if link.partition_count.unwrap_or(0) > 0 && !seen.manifests.contains(label) {
        return Err(format!("what `{label}` holds is not on record"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::sketch::backup;
    use crate::catalog::{BackupKind, BackupStatus, SnapshotTimestamp};
    use crate::names::{DatabaseName, GroupName};

    fn repository() -> RepositoryName {
        RepositoryName::parse("nightly").unwrap()
    }

    fn full(label: &str) -> BackupRecord {
        BackupRecord {
            snapshot: Some(SnapshotTimestamp("t1".into())),
            partition_count: Some(2),
            database: Some(DatabaseName::parse("sales").unwrap()),
            ..backup(label, None)
        }
    }

    fn on(label: &str, baseline: &BackupRecord) -> BackupRecord {
        BackupRecord {
            kind: BackupKind::Incremental,
            baseline: Some(baseline.label.clone()),
            ..full(label)
        }
    }

    fn seen(records: &[BackupRecord]) -> Seen {
        let held = Held::Ok {
            timestamp: SnapshotTimestamp("t1".into()),
            expires: None,
        };
        Seen {
            held: records
                .iter()
                .map(|record| ((repository(), record.label.clone()), held.clone()))
                .collect(),
            missing: BTreeSet::new(),
            manifests: records.iter().map(|record| record.label.clone()).collect(),
        }
    }

    /// Label, and why it is broken.
    fn broken(records: &[BackupRecord], seen: &Seen) -> Vec<(String, String)> {
        let judged = judge(records, seen).into_iter();
        judged
            .filter_map(|judged| {
                let reason = judged.verdict.err()?;
                Some((judged.record.label.to_string(), reason))
            })
            .collect()
    }

    #[test]
    fn a_point_is_whole_when_every_link_of_its_chain_is() {
        let first = full("full");
        let records = [on("inc", &first), first.clone(), full("other")];
        assert_eq!(judge(&records, &seen(&records)).len(), 3);
        assert_eq!(broken(&records, &seen(&records)), []);

        let mut gone = seen(&records);
        gone.held.remove(&(repository(), first.label.clone()));
        let reason = "snapshot `full` is not in repository `nightly`".to_owned();
        let both = [
            ("inc".to_owned(), reason.clone()),
            ("full".to_owned(), reason),
        ];
        assert_eq!(broken(&records, &gone), both);
    }

    #[test]
    fn each_way_of_being_broken_has_its_reason() {
        let records = [full("full")];
        let key = (repository(), records[0].label.clone());
        let mut leftover = seen(&records);
        leftover.held.insert(key.clone(), Held::Leftover);
        let mut other = seen(&records);
        let timestamp = SnapshotTimestamp("t2".into());
        let expires = None;
        other.held.insert(key, Held::Ok { timestamp, expires });
        let mut unknown = seen(&records);
        unknown.manifests.clear();
        let mut nowhere = seen(&records);
        nowhere.missing.insert(repository());
        for (seen, part) in [
            (leftover, "is not whole"),
            (other, "holds another snapshot `full`, of t2"),
            (unknown, "what `full` holds is not on record"),
            (nowhere, "does not exist on this cluster"),
        ] {
            let found = broken(&records, &seen);
            assert!(found[0].1.contains(part), "{found:?}");
        }
        let lost = [on("inc", &records[0])];
        let found = broken(&lost, &seen(&lost));
        assert!(
            found[0]
                .1
                .contains("`full`, the baseline of `inc`, is not in"),
            "{found:?}"
        );
    }

    #[test]
    fn what_is_no_point_is_not_judged() {
        let expired = BackupRecord {
            expired: Some(chrono::DateTime::UNIX_EPOCH),
            ..full("expired")
        };
        let failed = BackupRecord {
            status: BackupStatus::Failed,
            ..full("failed")
        };
        let of_ops = BackupRecord {
            group: Some(GroupName::of_ops()),
            ..full("brd_ops_1")
        };
        let of_starrocks_br = BackupRecord {
            database: None,
            ..full("theirs")
        };
        let records = [expired, failed, of_ops, of_starrocks_br];
        assert_eq!(judge(&records, &Seen::default()), []);
        let verified = BackupRecord {
            snapshot: None,
            verified: Some(chrono::DateTime::UNIX_EPOCH),
            partition_count: Some(0),
            ..full("verified")
        };
        assert_eq!(broken(&[verified], &Seen::default()), []);
    }
}
