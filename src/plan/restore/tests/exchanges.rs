//! Single partitions, put back.

use super::*;

fn exchange(live: &LiveDatabase, named: &[&str]) -> Result<RestorePlan, RestorePlanError> {
    let chain = chain(&[
        &[
            "t#1 s partitioned whole p1=11:2/9 p2=12:2",
            "u#2 s unpartitioned whole u=20:2",
            "gone#3 s partitioned whole p1=31:2",
        ],
        &[
            "t#1 s partitioned part p2=12:3",
            "u#2 s unpartitioned unchanged",
            "gone#3 s partitioned unchanged",
        ],
    ]);
    let (database, label) = (
        DatabaseName::parse("shop").unwrap(),
        chain.links()[1].record.label.clone(),
    );
    let mut chosen: BTreeMap<_, std::collections::BTreeSet<_>> = BTreeMap::new();
    for text in named {
        let (table, partition) = named_partition(text, &database, &chain.state(), &label)?;
        chosen.entry(table).or_default().insert(partition);
    }
    plan_of(&chain, live, Selection::Partitions(chosen), "_r")
}

#[test]
fn partitions_are_exchanged_at_once_and_each_from_the_link_that_holds_it() {
    let live = live(&["t#1 s partitioned tp1=10:2 p2=12:4"], &[]);
    let plan = exchange(&live, &["t.p1", "shop.t.p2"]).unwrap();
    let expected = [
        "download t (1 partition) from f0 as t_r",
        "download t (1 partition) from i1 as t_r_inc",
        "verify t_r",
        "verify t_r_inc",
        "add partition p1 to t",
        "copy partition p1 from t_r beside that of t",
        "copy partition p2 from t_r_inc beside that of t",
        "keep partition p1 of t in t_r",
        "keep partition p2 of t in t_r_inc",
        "exchange partitions p1, p2 of t",
        "let t_r have the former partition p1",
        "let t_r_inc have the former partition p2",
    ];
    assert_eq!(steps(&plan), expected);
    let exchanges = &plan.tables[0].exchanges;
    let staged: Vec<&str> = exchanges
        .iter()
        .map(|exchange| exchange.staged.as_str())
        .collect();
    assert_eq!(staged, ["ttp1", "tp2"], "a name that is taken is not used");
    let now: Vec<PartitionNow> = exchanges.iter().map(|exchange| exchange.now).collect();
    assert_eq!(now, [PartitionNow::Missing, PartitionNow::Other]);
    assert_eq!(
        plan.needed_bytes(),
        plan.data_bytes() * 3 * 3,
        "three replicas of three copies"
    );
}

#[test]
fn partitions_that_cannot_be_exchanged_are_refused_with_the_reason() {
    let same = [
        "t#1 s partitioned p1=11:2 p2=12:3",
        "u#2 s unpartitioned u=20:2",
    ];
    let altered = ["t#1 other partitioned p1=11:2 p2=12:3"];
    let cases: [(&[&str], &str, &str); 7] = [
        (&same, "t.p3", "backup `i1` has no partition \"t.p3\""),
        (&same, "p1", "backup `i1` has no partition \"p1\""),
        (
            &same,
            "other.t.p1",
            "backup `i1` has no partition \"other.t.p1\"",
        ),
        (&same, "u.u", "table u is not partitioned"),
        (
            &same,
            "gone.p1",
            "shop.gone is gone, and a partition is put back into a live table only",
        ),
        (
            &altered,
            "t.p1",
            "shop.t has other columns, keys or buckets than it had in backup `f0`",
        ),
        (
            &altered,
            "t.p2",
            "shop.t has other columns, keys or buckets than it had in backup `i1`",
        ),
    ];
    for (tables, named, expected) in cases {
        let error = exchange(&live(tables, &[]), &[named]).unwrap_err();
        assert!(
            error.to_string().contains(expected),
            "{error}, not {expected}"
        );
        assert!(!error.help().is_empty());
    }
}
