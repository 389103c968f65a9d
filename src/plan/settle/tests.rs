//! The second look and the repository's list, held against the plan.

use super::*;
use crate::catalog::sketch::{looks, manifest, partition, record, state, table};

const KNOWN: &str = "t#1 s partitioned p1=11:2 p2=12:2 p3=13:2";

#[test]
fn a_point_is_torn_when_something_moved_that_was_not_selected() {
    // (what the run selected, what the second look shows, what must be forced into the next attempt)
    let cases: [(&str, &str, Option<&[&str]>); 15] = [
        (
            "t#1 s partitioned unchanged",
            "t#1 s partitioned p1=11:2 p2=12:2 p3=13:2",
            None,
        ),
        (
            "t#1 s partitioned unchanged",
            "t#1 s partitioned p1=11:3 p2=12:2 p3=13:2",
            Some(&["p1"]),
        ),
        (
            "t#1 s partitioned part p1=11:3",
            "t#1 s partitioned p1=11:3 p2=12:2 p3=13:2",
            None,
        ),
        // The selected one moved: it is in the snapshot at one version or the other, and settle() says so.
        (
            "t#1 s partitioned part p1=11:3",
            "t#1 s partitioned p1=11:4 p2=12:2 p3=13:2",
            None,
        ),
        (
            "t#1 s partitioned part p1=11:3",
            "t#1 s partitioned p1=11:3 p2=12:3 p3=13:3",
            Some(&["p2", "p3"]),
        ),
        (
            "t#1 s partitioned part p1=11:3",
            "t#1 s partitioned p1=11:3 p2=12:2",
            Some(&["p3"]),
        ),
        (
            "t#1 s partitioned part p1=11:3",
            "t#1 s partitioned p1=11:3 p2=12:2 p3=13:2 p4=14:1",
            Some(&["p4"]),
        ),
        (
            "t#1 s partitioned part p1=11:3 -p3",
            "t#1 s partitioned p1=11:3 p2=12:2",
            None,
        ),
        (
            "t#1 s partitioned part p1=11:3 -p3",
            "t#1 s partitioned p1=11:3 p2=12:2 p3=15:1",
            Some(&["p3"]),
        ),
        // Another table under the name, or other columns: what was selected is stale.
        (
            "t#1 s partitioned unchanged",
            "t#9 s partitioned p1=11:2 p2=12:2 p3=13:2",
            Some(&["p1", "p2", "p3"]),
        ),
        (
            "t#1 s partitioned part p1=11:3",
            "t#9 s partitioned p1=91:2",
            Some(&["p2", "p3"]),
        ),
        (
            "t#1 s partitioned part p1=11:3 p2=12:3 p3=13:3",
            "t#9 s partitioned p1=91:2",
            Some(&[]),
        ),
        (
            "t#1 s partitioned unchanged",
            "t#1 t partitioned p1=11:2 p2=12:2 p3=13:2",
            Some(&["p1", "p2", "p3"]),
        ),
        // Whole is one cut whatever moves.
        (
            "t#1 s partitioned whole p1=11:3",
            "t#1 s partitioned p1=11:4 p2=12:9",
            None,
        ),
        (
            "t#1 s partitioned dropped",
            "t#1 s partitioned p1=11:4",
            None,
        ),
    ];
    for (selected, after, forced) in cases {
        let forced: Forced = forced
            .map(|names| {
                (
                    table("t"),
                    names.iter().map(|name| partition(name)).collect(),
                )
            })
            .into_iter()
            .collect();
        let found = torn(&manifest(&[selected]), &state(&[KNOWN]), &looks(&[after]));
        assert_eq!(found, forced, "{selected} | {after}");
    }
}

#[test]
fn a_table_that_is_gone_after_the_cut_tears_the_point() {
    let found = torn(
        &manifest(&["t#1 s partitioned unchanged"]),
        &state(&[KNOWN]),
        &looks(&[]),
    );
    assert_eq!(found[&table("t")].len(), 3);
    assert!(
        torn(
            &manifest(&["t#1 s partitioned whole p1=11:3"]),
            &state(&[KNOWN]),
            &looks(&[])
        )
        .is_empty()
    );
}

fn content(tables: &[(&str, &[&str])]) -> SnapshotContent {
    let names = |list: &[&str]| list.iter().map(|name| partition(name)).collect();
    tables
        .iter()
        .map(|(name, list)| (table(name), names(list)))
        .collect()
}

#[test]
fn the_manifest_says_what_the_snapshot_holds() {
    // (planned, the second look, what SHOW SNAPSHOT lists, recorded)
    let cases: [(&str, &str, &[&str], &str); 8] = [
        (
            "t#1 s partitioned whole p1=11:2 p2=12:2",
            "t#1 s partitioned p1=11:2 p2=12:2",
            &["p1", "p2"],
            "t#1 s partitioned whole p1=11:2 p2=12:2",
        ),
        (
            "t#1 s partitioned part p1=11:2",
            "t#1 s partitioned p1=11:2 p2=12:9",
            &["p1"],
            "t#1 s partitioned part p1=11:2",
        ),
        (
            "t#1 s partitioned part p1=11:2",
            "t#1 s partitioned p1=11:3 p2=12:2",
            &["p1"],
            "t#1 s partitioned part p1=unsettled",
        ),
        (
            "t#1 s partitioned whole p1=11:2 p2=12:2",
            "t#1 s partitioned p1=11:2 p3=13:1",
            &["p1", "p3"],
            "t#1 s partitioned whole p1=11:2 p3=unsettled/0",
        ),
        (
            "t#1 s partitioned whole p1=11:2 p2=12:2",
            "t#1 s partitioned p1=11:2",
            &["p1", "p2"],
            "t#1 s partitioned whole p1=11:2 p2=unsettled",
        ),
        // Nobody can tell which columns the snapshot has.
        (
            "t#1 s partitioned whole p1=11:2",
            "t#1 t partitioned p1=11:2",
            &["p1"],
            "t#1 ? partitioned whole p1=unsettled",
        ),
        // Nor, where it was exchanged, whether it has partitions.
        (
            "t#1 s partitioned whole p1=11:2",
            "t#9 s unpartitioned t=91:2",
            &["t"],
            "t#1 ? ? whole t=unsettled/0",
        ),
        (
            "t#1 s partitioned unchanged -p1",
            "t#1 s partitioned p2=12:3",
            &[],
            "t#1 s partitioned unchanged -p1",
        ),
    ];
    for (planned, after, listed, expected) in cases {
        let settled = settle(
            &manifest(&[planned]),
            &looks(&[after]),
            &content(&[("t", listed)]),
        )
        .unwrap();
        let (name, expected) = record(expected);
        assert_eq!(settled.tables[&name], expected, "{planned} | {after}");
    }
}

#[test]
fn a_snapshot_that_lacks_what_was_asked_for_is_refused() {
    // (planned, what SHOW SNAPSHOT lists, the message)
    let cases: [(&str, SnapshotContent, &str); 3] = [
        (
            "t#1 s partitioned whole p1=11:2",
            content(&[]),
            "the snapshot lacks table t",
        ),
        (
            "t#1 s partitioned part p1=11:2",
            content(&[]),
            "the snapshot lacks table t",
        ),
        (
            "t#1 s partitioned part p1=11:2 p2=12:2",
            content(&[("t", &["p1"])]),
            "the snapshot lacks partition p2 of table t",
        ),
    ];
    for (planned, listed, expected) in cases {
        let after = looks(&["t#1 s partitioned p1=11:2 p2=12:2"]);
        let missing = settle(&manifest(&[planned]), &after, &listed).unwrap_err();
        assert_eq!(missing.to_string(), expected);
    }
}
