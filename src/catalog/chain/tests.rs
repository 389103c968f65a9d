//! Which backups one restore needs, and what they hold together.

use super::*;
use crate::catalog::BackupStatus;
use crate::catalog::sketch::{backup, chain, label};

fn history(backups: &[(&str, Option<&str>)]) -> Vec<BackupRecord> {
    backups
        .iter()
        .map(|(name, baseline)| backup(name, *baseline))
        .collect()
}

fn resolve(target: &str, history: &[BackupRecord]) -> Result<Vec<String>, String> {
    let find = |wanted: &Label| history.iter().find(|record| record.label == *wanted);
    let labels = |records: Vec<&BackupRecord>| {
        records
            .iter()
            .map(|record| record.label.to_string())
            .collect()
    };
    Chain::resolve(&label(target), find)
        .map(labels)
        .map_err(|error| error.to_string())
}

#[test]
fn a_chain_follows_the_recorded_baselines_and_nothing_else() {
    let history = history(&[
        ("full", None),
        ("later_full", None),
        ("differential", Some("full")),
        ("chained", Some("differential")),
        ("inc_of_nothing", Some("swept")),
        ("after_that", Some("inc_of_nothing")),
        ("egg", Some("hen")),
        ("hen", Some("egg")),
        ("itself", Some("itself")),
    ]);
    let cases: [(&str, Result<&[&str], &str>); 8] = [
        ("full", Ok(&["full"])),
        ("differential", Ok(&["full", "differential"])),
        ("chained", Ok(&["full", "differential", "chained"])),
        (
            "never_taken",
            Err("no backup with the label `never_taken` is in ops.backup_history"),
        ),
        (
            "inc_of_nothing",
            Err(
                "backup `swept`, the baseline of `inc_of_nothing`, is not in ops.backup_history any more",
            ),
        ),
        (
            "after_that",
            Err(
                "backup `swept`, the baseline of `inc_of_nothing`, is not in ops.backup_history any more",
            ),
        ),
        ("egg", Err("the baselines of `egg` run in a circle")),
        ("itself", Err("the baselines of `itself` run in a circle")),
    ];
    for (target, expected) in cases {
        let expected = expected
            .map(|labels| labels.iter().map(|name| (*name).to_owned()).collect())
            .map_err(str::to_owned);
        assert_eq!(resolve(target, &history), expected, "{target}");
    }
}

#[test]
fn only_finished_backups_with_a_recorded_baseline_make_a_chain() {
    let mut history = history(&[
        ("full", None),
        ("middle", Some("full")),
        ("last", Some("middle")),
        ("foreign", Some("full")),
    ]);
    history[1].status = BackupStatus::Failed;
    history[3].baseline = None;
    let not_finished =
        Err("backup `middle` ended as FAILED; only a FINISHED one can be used".to_owned());
    assert_eq!(resolve("last", &history), not_finished);
    assert_eq!(resolve("middle", &history), not_finished);
    assert_eq!(
        resolve("foreign", &history),
        Err("incremental `foreign` was recorded without its baseline, so nothing proves which full it belongs to".to_owned())
    );
}

/// `table(whole in): partition@link …`
fn held(chain: &Chain) -> Vec<String> {
    let line = |(name, table): (TableName, TableState)| {
        let whole = table
            .whole_in
            .map_or_else(|| "-".to_owned(), |link| link.to_string());
        let sources = table
            .partitions
            .iter()
            .map(|(name, source)| format!(" {name}@{}", source.link));
        format!("{name}({whole}):{}", sources.collect::<String>())
    };
    chain.state().into_iter().map(line).collect()
}

#[test]
fn a_recovery_point_holds_the_latest_of_every_partition() {
    const FULL: &[&str] = &[
        "t#1 s partitioned whole p1=11:2 p2=12:2",
        "u#2 s unpartitioned whole u=20:2",
    ];
    // (what the later links say, what the last one's point holds)
    let cases: [(&[&[&str]], &[&str]); 9] = [
        (&[], &["t(0): p1@0 p2@0", "u(0): u@0"]),
        (
            &[&[
                "t#1 s partitioned unchanged",
                "u#2 s unpartitioned unchanged",
            ]],
            &["t(0): p1@0 p2@0", "u(0): u@0"],
        ),
        (
            &[&[
                "t#1 s partitioned part p2=12:3",
                "u#2 s unpartitioned unchanged",
            ]],
            &["t(0): p1@0 p2@1", "u(0): u@0"],
        ),
        (
            &[&[
                "t#1 s partitioned part p2=12:3 p3=13:1 -p1",
                "u#2 s unpartitioned whole u=20:3",
            ]],
            &["t(0): p2@1 p3@1", "u(1): u@1"],
        ),
        // Dropped and come back: the link that dropped it does not hold it.
        (
            &[
                &[
                    "t#1 s partitioned unchanged -p1",
                    "u#2 s unpartitioned dropped",
                ],
                &[
                    "t#1 s partitioned part p1=15:1",
                    "u#9 s unpartitioned whole u=90:1",
                ],
            ],
            &["t(0): p1@2 p2@0", "u(2): u@2"],
        ),
        (
            &[&["t#1 s partitioned dropped", "u#2 s unpartitioned unchanged"]],
            &["u(0): u@0"],
        ),
        (
            &[&[
                "t#9 s partitioned whole q1=91:1",
                "u#2 s unpartitioned unchanged",
            ]],
            &["t(1): q1@1", "u(0): u@0"],
        ),
        // Nobody looked at `u` then: it is no part of the point, and stays none.
        (&[&["t#1 s partitioned unchanged"]], &["t(0): p1@0 p2@0"]),
        (
            &[
                &["t#1 s partitioned unchanged"],
                &[
                    "t#1 s partitioned unchanged",
                    "u#2 s unpartitioned unchanged",
                ],
            ],
            &["t(0): p1@0 p2@0", "u(-):"],
        ),
    ];
    for (later, expected) in cases {
        let manifests: Vec<&[&str]> = std::iter::once(FULL).chain(later.iter().copied()).collect();
        assert_eq!(held(&chain(&manifests)), expected, "{later:?}");
    }
}
