//! Which changes of the cluster an incremental takes, one case for each way in which content moves.

use super::*;
use crate::catalog::sketch::{facts, label, partition, show, state, table};

const BASELINE: [&str; 3] = [
    "few#1 s unpartitioned few=10:2",
    "gone#2 s partitioned p1=20:2",
    "many#3 s partitioned p1=31:2@50 p2=32:2@50 p3=33:2@50",
];

fn incremental(now: &[&str], left_out: &[&str], forced: &Forced) -> BackupPlan {
    let baseline = Baseline {
        label: label("f0"),
        state: state(&BASELINE),
        changes: ColumnChanges::default(),
        instead: Vec::new(),
    };
    plan_incremental(&facts(now, left_out), &baseline, forced)
}

/// What happened to `many`, what is there now, what the manifest says.
const CHANGES: &str = "\
nothing, or a compaction | #3 s partitioned p1=31:2@50 p2=32:2@50 p3=33:2@50 | unchanged
a load | #3 s partitioned p1=31:2@50 p2=32:3@60 p3=33:2@50 | p2
TRUNCATE PARTITION | #3 s partitioned p1=34:1@60 p2=32:2@50 p3=33:2@50 | p1
truncated, and loaded up to the old version | #3 s partitioned p1=34:2@60 p2=32:2@50 p3=33:2@50 | p1
INSERT OVERWRITE | #3 s partitioned p1=31:2@50 p2=32:2@50 p3=34:2@60 | p3
REPLACE PARTITION with rows older than the baseline | #3 s partitioned p1=34:2@10 p2=32:2@50 p3=33:2@50 | p1
RESTORE over it, then loads up to the old version | #3 s partitioned p1=31:2@60 p2=32:2@50 p3=33:2@50 | p1
a second physical partition | #3 s partitioned p1=31:2@50,34:1@60 p2=32:2@50 p3=33:2@50 | p1
a partition more | #3 s partitioned p1=31:2@50 p2=32:2@50 p3=33:2@50 p4=34:1@60 | p4
a partition less | #3 s partitioned p1=31:2@50 p2=32:2@50 | unchanged -p3
one less, one loaded | #3 s partitioned p1=31:3@60 p2=32:2@50 | p1 -p3
one dropped, the rest loaded | #3 s partitioned p1=31:3@60 p2=32:3@60 | whole
all partitions dropped | #3 s partitioned | unchanged -p1 -p2 -p3
RENAME PARTITION | #3 s partitioned q1=31:2@50 p2=32:2@50 p3=33:2@50 | q1 -p1
replaced under the temporary name | #3 s partitioned q1=34:2@10 p2=32:2@50 p3=33:2@50 | q1 -p1
loads into every partition | #3 s partitioned p1=31:3@60 p2=32:3@60 p3=33:3@60 | whole
TRUNCATE TABLE | #3 s partitioned p1=34:1@60 p2=35:1@60 p3=36:1@60 | whole
DROP and CREATE | #4 s partitioned p1=41:2@50 p2=42:2@50 | whole
SWAP with another table | #9 s partitioned p1=31:2@50 p2=32:2@50 p3=33:2@50 | whole
ADD COLUMN, which moves no version | #3 t partitioned p1=31:2@50 p2=32:2@50 p3=33:2@50 | whole";

#[test]
fn an_incremental_takes_what_differs_from_its_baseline() {
    for case in CHANGES.lines() {
        let [what, now, expected] = columns(case);
        let now = format!("many{now}");
        let plan = incremental(&[BASELINE[0], BASELINE[1], &now], &[], &Forced::new());
        let many = format!("many: {expected}");
        assert_eq!(
            show(&plan.manifest),
            ["few: unchanged", "gone: unchanged", &many],
            "{what}"
        );
        assert_eq!(plan.baseline, Some(label("f0")));
        assert_eq!(
            plan.items.is_empty(),
            expected.starts_with("unchanged"),
            "{what}"
        );
    }
}

fn columns<const N: usize>(case: &str) -> [&str; N] {
    let columns: Vec<&str> = case.split('|').map(str::trim).collect();
    columns.try_into().expect(case)
}

/// What happened, the tables there now, those that cannot be taken, what the manifest says.
const COMINGS_AND_GOINGS: &str = "\
DROP TABLE | few#1 s unpartitioned few=10:2; many#3 s partitioned p1=31:2@50 | | few: unchanged; gone: dropped; many: unchanged -p2 -p3
RENAME | few#1 s unpartitioned few=10:2; now#2 s partitioned p1=20:2 | many | few: unchanged; gone: dropped; now: whole
a load into an unpartitioned table | few#1 s unpartitioned few=10:3 | gone; many | few: whole
a new table | new#5 s partitioned p1=50:1 p2=51:1 | few; gone; many | new: whole
neither dropped nor unchanged: no part of this point | few#1 s unpartitioned few=10:2 | gone; many | few: unchanged";

#[test]
fn tables_come_and_go() {
    for case in COMINGS_AND_GOINGS.lines() {
        let [what, now, left_out, expected] = columns(case);
        let list = |text: &'static str| -> Vec<&str> {
            text.split(';')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .collect()
        };
        let plan = incremental(&list(now), &list(left_out), &Forced::new());
        assert_eq!(show(&plan.manifest), list(expected), "{what}");
        assert_eq!(plan.left_out.len(), list(left_out).len(), "{what}");
    }
}

#[test]
fn items_name_partitions_unless_the_table_is_taken_whole() {
    let now = [
        "few#1 s unpartitioned few=10:3",
        "gone#2 s partitioned p1=20:2",
        "many#3 s partitioned p1=31:3 p2=32:2@50 p3=33:3",
    ];
    let items = incremental(&now, &[], &Forced::new()).items;
    let expected = [
        BackupItem {
            table: table("few"),
            partitions: None,
        },
        BackupItem {
            table: table("many"),
            partitions: Some(vec![partition("p1"), partition("p3")]),
        },
    ];
    assert_eq!(items, expected);
}

#[test]
fn what_moved_under_an_earlier_attempt_is_taken_whether_it_looks_changed_or_not() {
    // (forced partitions of `many`, what the manifest says)
    let cases: [(&[&str], &str); 4] = [
        (&[], "many: unchanged"),
        (&["p2"], "many: p2"),
        (&["p1", "p2", "p3"], "many: whole"),
        (&["dropped-meanwhile"], "many: unchanged"),
    ];
    for (partitions, expected) in cases {
        let forced = Forced::from([(
            table("many"),
            partitions.iter().map(|name| partition(name)).collect(),
        )]);
        let plan = incremental(&BASELINE, &[], &forced);
        assert_eq!(show(&plan.manifest)[2], expected);
    }
}

#[test]
fn what_the_baseline_cannot_prove_is_taken_again() {
    let now = facts(&["t#1 s partitioned p1=11:2 p2=12:2"], &[]);
    // (the baseline's state, what the manifest says)
    let cases = [
        ("t#1 s partitioned p1=11:2 p2=12:2", "t: unchanged"),
        ("t#1 s partitioned p1=unsettled p2=12:2", "t: p1"),
        ("t#1 ? partitioned p1=11:2 p2=12:2", "t: whole"),
        ("t#? s partitioned p1=11:2 p2=12:2", "t: whole"),
    ];
    for (known, expected) in cases {
        let baseline = Baseline {
            label: label("f0"),
            state: state(&[known]),
            changes: ColumnChanges::default(),
            instead: Vec::new(),
        };
        let plan = plan_incremental(&now, &baseline, &Forced::new());
        assert_eq!(show(&plan.manifest), [expected], "{known}");
    }
}

#[test]
fn a_full_takes_every_table_whole_and_keeps_the_reason_for_it() {
    let promotion = Promotion::SnapshotGone(label("f0"));
    let plan = plan_full(&facts(&BASELINE, &["view"]), Some(promotion.clone()));
    assert_eq!(
        show(&plan.manifest),
        ["few: whole", "gone: whole", "many: whole"]
    );
    assert!(plan.items.iter().all(|item| item.partitions.is_none()));
    assert_eq!((plan.kind, plan.baseline), (BackupKind::Full, None));
    assert_eq!(plan.promotion, Some(promotion));
    assert_eq!(plan.manifest.partition_count(), 5);
}

#[test]
fn a_table_that_counts_is_taken_whole_once_it_changed() {
    let baseline = Baseline {
        label: label("f0"),
        state: state(&BASELINE),
        changes: ColumnChanges::default(),
        instead: Vec::new(),
    };
    let plan = |partitions: &str, counts: bool| {
        let many = format!("many#3 s partitioned {partitions}");
        let mut facts = facts(&[&many], &[]);
        facts.tables.get_mut(&table("many")).unwrap().counts = counts;
        show(&plan_incremental(&facts, &baseline, &Forced::new()).manifest)
            .pop()
            .unwrap()
    };
    let moved = "p1=31:3@60 p2=32:2@50 p3=33:2@50";
    assert_eq!(plan(moved, false), "many: p1");
    assert_eq!(plan(moved, true), "many: whole");
    assert_eq!(
        plan("p1=31:2@50 p2=32:2@50 p3=33:2@50", true),
        "many: unchanged"
    );
}
