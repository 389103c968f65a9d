//! What a plan takes from which link, under which names, and why there may be none.

use std::collections::BTreeMap;

use super::*;
use crate::catalog::sketch::{chain, table, table_facts};
use crate::catalog::{Chain, LeftOutReason};
use crate::names::{DatabaseName, GroupName, JobId, RepositoryName};

fn live(tables: &[&str], others: &[&str]) -> LiveDatabase {
    let tables: BTreeMap<_, _> = tables
        .iter()
        .map(|line| table_facts(line))
        .map(|facts| (facts.name.clone(), facts))
        .collect();
    LiveDatabase {
        others: others
            .iter()
            .map(|name| (table(name), LeftOutReason::View))
            .collect(),
        tables,
        alive_backends: 3,
        absent: false,
        surroundings: Default::default(),
    }
}

fn plan_of(
    chain: &Chain,
    live: &LiveDatabase,
    selection: Selection,
    suffix: &str,
) -> Result<RestorePlan, RestorePlanError> {
    RestorePlanner {
        job: JobId::parse("job").unwrap(),
        chain,
        repository: RepositoryName::parse("nightly").unwrap(),
        database: DatabaseName::parse("shop").unwrap(),
        source: DatabaseName::parse("shop").unwrap(),
        selection,
        suffix: suffix.to_owned(),
        finish: Finish::Live,
        live,
    }
    .plan()
}

fn plan(manifests: &[&[&str]], live: &LiveDatabase) -> Result<RestorePlan, RestorePlanError> {
    plan_of(&chain(manifests), live, Selection::Everything, "_r")
}

fn steps(plan: &RestorePlan) -> Vec<String> {
    plan.steps()
        .iter()
        .map(Step::describe)
        .filter(|text| !text.starts_with("switch"))
        .collect()
}

/// Links, the full first; indented, the steps.
const PLANS: &str = "\
t#1 s partitioned whole p1=11:2 p2=12:2
  download t (whole) from f0 as t_r
  verify t_r
  rename t_r to t

t#1 s unpartitioned whole t=11:2
t#1 s unpartitioned unchanged
  download t (whole) from f0 as t_r
  verify t_r
  rename t_r to t

t#1 s partitioned whole p1=11:2/9 p2=12:2
t#1 s partitioned part p2=12:3
  download t (1 partition) from f0 as t_r
  download t (1 partition) from i1 as t_r_inc
  copy partition p2 from t_r_inc into t_r
  drop the helper t_r_inc
  verify t_r
  rename t_r to t

# The link that holds most is downloaded under the final name, whatever its place.
t#1 s partitioned whole p1=11:2/9 p2=12:2/90
t#1 s partitioned part p2=12:3/90
  download t (1 partition) from i1 as t_r
  download t (1 partition) from f0 as t_r_inc
  copy partition p1 from t_r_inc into t_r
  drop the helper t_r_inc
  verify t_r
  rename t_r to t

# Taken whole by the last link: no other is needed.
t#1 s partitioned whole p1=11:2/9 p2=12:2
t#1 s partitioned whole p1=11:3 p2=12:3
  download t (whole) from i1 as t_r
  verify t_r
  rename t_r to t

# What was dropped in between is not asked for.
t#1 s partitioned whole p1=11:2/9 p2=12:2 p3=13:2
t#1 s partitioned part p2=12:3 -p3
t#1 s partitioned part p4=14:1
  download t (1 partition) from f0 as t_r
  download t (1 partition) from i1 as t_r_inc
  download t (1 partition) from i2 as t_r_inc2
  copy partition p2 from t_r_inc into t_r
  drop the helper t_r_inc
  copy partition p4 from t_r_inc2 into t_r
  drop the helper t_r_inc2
  verify t_r
  rename t_r to t

# An automatic table's hidden partition travels with a whole download only.
t#1 s automatic whole p1=11:2 p2=12:2 p3=13:2
t#1 s automatic part p2=12:3/90 -p3
  download t (whole) from f0 as t_r
  download t (1 partition) from i1 as t_r_inc
  drop partition p3 of t_r, gone at the recovery point
  copy partition p2 from t_r_inc into t_r
  drop the helper t_r_inc
  verify t_r
  rename t_r to t

# Nothing of the whole link counts any more, and it is needed all the same.
t#1 s automatic whole p1=11:2
t#1 s automatic part p2=12:3/90 -p1
  download t (whole) from f0 as t_r
  download t (1 partition) from i1 as t_r_inc
  drop partition p1 of t_r, gone at the recovery point
  copy partition p2 from t_r_inc into t_r
  drop the helper t_r_inc
  verify t_r
  rename t_r to t

# All partitions dropped: the empty table is what there was.
t#1 s partitioned whole p1=11:2
t#1 s partitioned unchanged -p1
  download t (whole) from f0 as t_r
  drop partition p1 of t_r, gone at the recovery point
  verify t_r
  rename t_r to t";

#[test]
fn every_partition_comes_from_the_latest_link_that_holds_it() {
    for case in PLANS.split("\n\n") {
        let lines = || case.lines().filter(|line| !line.starts_with('#'));
        let links: Vec<[&str; 1]> = lines()
            .filter(|line| !line.starts_with(' '))
            .map(|line| [line])
            .collect();
        let links: Vec<&[&str]> = links.iter().map(<[&str; 1]>::as_slice).collect();
        let expected: Vec<&str> = lines().filter_map(|line| line.strip_prefix("  ")).collect();
        assert_eq!(
            steps(&plan(&links, &live(&[], &[])).unwrap()),
            expected,
            "{case}"
        );
    }
}

#[test]
fn everything_is_built_before_anything_becomes_live() {
    let manifests: [&[&str]; 1] = [&[
        "gone#1 s unpartitioned whole gone=11:2",
        "there#2 s unpartitioned whole there=12:2",
    ]];
    let plan = plan(
        &manifests,
        &live(&["there#7 s unpartitioned there=70:1"], &[]),
    )
    .unwrap();
    let expected = [
        "download gone (whole) from f0 as gone_r",
        "verify gone_r",
        "download there (whole) from f0 as there_r",
        "verify there_r",
        "rename gone_r to gone",
        "give the grants on there on there_r too",
        "swap there with there_r",
    ];
    assert_eq!(steps(&plan), expected);
    // The old data keeps its own dynamic partitioning under the suffix until it is told not to.
    let quiet: Vec<Step> = plan
        .steps()
        .into_iter()
        .filter(|step| step.kind() == "quiet")
        .collect();
    assert_eq!(quiet.len(), 3);
    assert_eq!(plan.steps().last(), quiet.last());
}

#[test]
fn the_plan_tells_what_the_live_table_loses() {
    let manifests: [&[&str]; 1] = [&["t#1 s partitioned whole p1=11:2 p2=12:2 p3=unsettled"]];
    let cases = [
        (
            "t#1 s partitioned p1=11:2 p2=12:3 p3=13:2 p4=14:1",
            2,
            vec!["p4"],
        ),
        ("t#9 s partitioned p1=91:2", 3, vec![]),
    ];
    for (now, expected, added) in cases {
        let plan = plan(&manifests, &live(&[now], &[])).unwrap();
        let LiveTable::Replaced {
            differing, newer, ..
        } = &plan.tables[0].live
        else {
            panic!("{now}: the live table is replaced");
        };
        assert_eq!(
            (*differing, newer.iter().map(|name| name.as_str()).collect()),
            (expected, added),
            "{now}"
        );
    }
}

#[test]
fn replicas_are_those_of_the_live_table_and_never_more_than_backends() {
    let manifests: [&[&str]; 1] = [&["t#1 s unpartitioned whole t=11:2"]];
    // (replicas of the live table, live backends, replicas of the restored one)
    for (replicas, backends, expected) in [
        (Some(1), 3, 1),
        (Some(3), 2, 2),
        (None, 5, 3),
        (None, 1, 1),
        (None, 0, 1),
    ] {
        let mut live = live(&["t#1 s unpartitioned t=11:2"], &[]);
        live.alive_backends = backends;
        match replicas {
            Some(replicas) => live
                .tables
                .values_mut()
                .for_each(|facts| facts.replication_num = replicas),
            None => {
                live = LiveDatabase {
                    alive_backends: backends,
                    ..LiveDatabase::default()
                }
            }
        }
        assert_eq!(
            plan(&manifests, &live).unwrap().tables[0].replication_num,
            expected,
            "{replicas:?} {backends}"
        );
    }
}

#[test]
fn an_unpartitioned_table_is_known_even_where_history_does_not_say_so() {
    // Its only partition is named like the table and renamed with it: there is no list to hold it to.
    for (line, listed) in [
        ("t#1 s unpartitioned whole t=11:2", false),
        ("t#1 ? ? whole t=11:2", false),
        ("t#1 ? ? whole p=11:2", true),
    ] {
        let plan = plan(&[&[line]], &live(&[], &[])).unwrap();
        assert_eq!(plan.tables[0].partitions.is_some(), listed, "{line}");
    }
}

#[test]
fn what_cannot_be_planned_is_refused_with_the_reason() {
    const T: &str = "t#1 s partitioned whole p1=11:2/9 p2=12:2";
    let long = "x".repeat(65);
    // (the chain, what is there now, the suffix, the reason)
    let cases: [(&[&[&str]], LiveDatabase, &str, &str); 10] = [
        (
            &[&[]],
            live(&[], &[]),
            "_r",
            "backup `f0` holds no table at all",
        ),
        (
            &[&[T]],
            live(&[], &[]),
            "",
            "the suffix \"\" cannot go behind a table's name; it takes 1 to 64 letters, digits or `_`",
        ),
        (
            &[&[T]],
            live(&[], &[]),
            "-r",
            "the suffix \"-r\" cannot go behind a table's name; it takes 1 to 64 letters, digits or `_`",
        ),
        (
            &[&[T]],
            live(&[], &[]),
            &long,
            "cannot go behind a table's name",
        ),
        (
            &[&[T]],
            live(&[], &["t_r"]),
            "_r",
            "table shop.t_r exists already, and the restore would build under that name",
        ),
        (
            &[&[T], &["t#1 s partitioned part p2=12:3"]],
            live(&[], &["t_r_inc"]),
            "_r",
            "table shop.t_r_inc exists already, and the restore would build under that name",
        ),
        // Of two tables of the same point, one would be built under the other's name.
        (
            &[&[T, "t_r#2 s unpartitioned whole t_r=20:2"]],
            live(&[], &[]),
            "_r",
            "table shop.t_r exists already, and the restore would build under that name",
        ),
        (
            &[&[T]],
            live(&[], &["t"]),
            "_r",
            "shop.t is a view now, and cannot be swapped with the restored table",
        ),
        (
            &[&[T], &["t#1 other partitioned part p2=12:3"]],
            live(&[], &[]),
            "_r",
            "table t: the links of the chain disagree on its schema, though none took it whole",
        ),
        (
            &[&[], &["t#1 s partitioned unchanged"]],
            live(&[], &[]),
            "_r",
            "table t of backup `i1` is recorded without any partition, so nothing says where its data is",
        ),
    ];
    for (manifests, live, suffix, expected) in cases {
        let error = plan_of(&chain(manifests), &live, Selection::Everything, suffix).unwrap_err();
        assert!(
            error.to_string().contains(expected),
            "{error}, not {expected}"
        );
        assert!(!error.help().is_empty());
    }
}

#[test]
fn a_live_table_that_cannot_be_replaced_is_said_with_its_own_way_out() {
    const T: &str = "t#1 s partitioned whole p1=11:2";
    let refused = |reason| {
        let mut live = live(&[], &[]);
        live.others.insert(table("t"), reason);
        let error = plan_of(&chain(&[&[T]]), &live, Selection::Everything, "_r").unwrap_err();
        format!("{error}; {}", error.help())
    };
    assert_eq!(
        refused(LeftOutReason::TemporaryPartitions),
        "shop.t has temporary partitions, and cannot be swapped with the restored table; \
         replace or drop them first; SHOW TEMPORARY PARTITIONS FROM `shop`.`t` lists them"
    );
    assert_eq!(
        refused(LeftOutReason::NotOlap("MYSQL".to_owned())),
        "shop.t is a table of engine MYSQL now, and cannot be swapped with the restored table; rename or drop it first"
    );
}

#[test]
fn a_link_without_a_snapshot_cannot_be_taken_from() {
    let mut links = chain(&[&["t#1 s partitioned whole p1=11:2"]])
        .links()
        .to_vec();
    links[0].record.snapshot = None;
    let error = plan_of(
        &Chain::new(links),
        &live(&[], &[]),
        Selection::Everything,
        "_r",
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "backup `f0` is recorded without a snapshot, and table t needs it"
    );
}

#[test]
fn tables_are_chosen_by_name_or_by_group() {
    let manifests: [&[&str]; 1] = [&[
        "a#1 s unpartitioned whole a=1:1",
        "b#2 s unpartitioned whole b=2:1",
    ]];
    let group = |names: &[&str]| Selection::Group {
        group: GroupName::parse("daily").unwrap(),
        tables: names.iter().map(|name| table(name)).collect(),
    };
    let cases: [(Selection, Result<&[&str], &str>); 5] = [
        (Selection::Everything, Ok(&["a", "b"])),
        (Selection::Tables(vec![table("b")]), Ok(&["b"])),
        (
            Selection::Tables(vec![table("c")]),
            Err("backup `f0` holds no table c; it holds a, b"),
        ),
        (group(&["a", "c"]), Ok(&["a"])),
        (
            group(&["c"]),
            Err("backup `f0` holds no table of the inventory group `daily`; it holds a, b"),
        ),
    ];
    for (selection, expected) in cases {
        let planned = plan_of(&chain(&manifests), &live(&[], &[]), selection, "_r")
            .map(|plan| {
                plan.tables
                    .iter()
                    .map(|table| table.table.to_string())
                    .collect::<Vec<_>>()
            })
            .map_err(|error| error.to_string());
        assert_eq!(
            planned,
            expected
                .map(|names| names.iter().map(ToString::to_string).collect())
                .map_err(str::to_owned)
        );
    }
}
