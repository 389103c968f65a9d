//! Which backups an incremental may be compared with.

use chrono::DateTime;

use super::*;
use crate::catalog::BackupStatus;
use crate::catalog::sketch::{backup, label};

/// Newest first, as ops gives them; each line began when the one below it had ended.
fn history(lines: &[(&str, Option<&str>)]) -> Vec<BackupRecord> {
    let finished =
        |place: usize| DateTime::from_timestamp(10_000 - i64::try_from(place).unwrap(), 0);
    lines
        .iter()
        .enumerate()
        .map(|(place, (name, baseline))| BackupRecord {
            group: Some(GroupName::parse("daily").unwrap()),
            finished: finished(place),
            ..backup(name, *baseline)
        })
        .collect()
}

fn candidates(records: &[BackupRecord], chaining: Chaining) -> Vec<String> {
    let group = GroupName::parse("daily").unwrap();
    let repository = RepositoryName::parse("nightly").unwrap();
    let search = BaselineSearch {
        records,
        group: &group,
        repository: &repository,
        chaining,
    };
    let shown = |candidate: Candidate<'_>| match candidate.links {
        Ok(links) => links
            .iter()
            .map(|link| link.label.to_string())
            .collect::<Vec<_>>()
            .join(" "),
        Err(promotion) => promotion.to_string(),
    };
    search.candidates().into_iter().map(shown).collect()
}

const CHAINED: Chaining = Chaining::Incremental { most_links: 4 };

#[test]
fn a_chain_is_compared_with_the_newest_backup_and_a_differential_with_the_latest_full() {
    let records = history(&[
        ("i2", Some("i1")),
        ("i1", Some("f1")),
        ("f1", None),
        ("f0", None),
    ]);
    assert_eq!(candidates(&records, Chaining::Differential), ["f1"]);
    assert_eq!(
        candidates(&records, CHAINED),
        ["f1 i1 i2", "f1 i1", "f1", "f0"]
    );
}

#[test]
fn the_order_is_that_in_which_they_were_recorded() {
    let mut records = history(&[
        ("waited", Some("f0")),
        ("overtook", Some("f0")),
        ("f0", None),
    ]);
    records.swap(0, 1);
    assert_eq!(
        candidates(&records, CHAINED),
        ["f0 waited", "f0 overtook", "f0"]
    );
}

#[test]
fn what_holds_nothing_or_is_not_the_groups_own_is_not_looked_at() {
    let mut records = history(&[
        ("verified", Some("i1")),
        ("failed", Some("i1")),
        ("others", None),
        ("elsewhere", None),
        ("expired", None),
        ("i1", Some("f0")),
        ("f0", None),
    ]);
    records[0].verified = records[0].finished;
    records[0].snapshot = None;
    records[1].status = BackupStatus::Failed;
    records[2].group = Some(GroupName::parse("other").unwrap());
    records[3].repository = RepositoryName::parse("archive").unwrap();
    records[4].expired = records[4].finished;
    assert_eq!(candidates(&records, CHAINED), ["f0 i1", "f0"]);
}

#[test]
fn one_broken_link_anywhere_speaks_against_all_that_is_built_on_it() {
    // (what breaks i1, what is said of i3)
    type Breaks = fn(&mut BackupRecord);
    let cases: [(Breaks, &str); 4] = [
        (
            |link| link.expired = link.finished,
            "backup `i1` has expired by the group's retention",
        ),
        (
            |link| link.repository = RepositoryName::parse("archive").unwrap(),
            "backup `i1` cannot be used: it is in repository `archive`, not in `nightly`",
        ),
        (
            |link| link.status = BackupStatus::Failed,
            "backup `i3` cannot be used: backup `i1` ended as FAILED; only a FINISHED one can be used",
        ),
        (
            |link| link.label = label("renamed"),
            "backup `i3` cannot be used: backup `i1`, the baseline of `i2`, is not in ops.backup_history any more",
        ),
    ];
    for (breaks, said) in cases {
        let mut records = history(&[
            ("i3", Some("i2")),
            ("i2", Some("i1")),
            ("i1", Some("f0")),
            ("f0", None),
        ]);
        breaks(&mut records[2]);
        let found = candidates(&records, CHAINED);
        assert_eq!(found[0], said);
        assert_eq!(found.last().unwrap(), "f0");
    }
}

#[test]
fn a_chain_takes_as_many_links_as_it_may() {
    for (links, full) in [(1, None), (3, None), (4, Some(4)), (9, Some(4))] {
        assert_eq!(CHAINED.is_full(links), full, "{links}");
        assert_eq!(Chaining::Differential.is_full(links), None);
    }
}

#[test]
fn why_it_is_not_the_newest_is_said_in_a_line() {
    let full = Instead::ChainIsFull {
        newest: label("i3"),
        most_links: 4,
    };
    assert_eq!(
        full.to_string(),
        "the chain of `i3` is as long as `max-chain-length` = 4 allows"
    );
    assert_eq!(
        Instead::Passed(Promotion::SnapshotGone(label("i2"))).to_string(),
        "the newest backup is passed over: the snapshot of backup `i2` is gone from the repository"
    );
}
