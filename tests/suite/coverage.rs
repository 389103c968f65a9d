//! Which tables are backed up, which are not, and whether anybody is told.

use brd::catalog::{
    Coverage, FailedDatabase, LeftOutReason, LeftOutTable, UnfitTable, Unmatched, UnmatchedRow,
};
use brd::ctl::render::coverage;

use crate::ctl_samples as samples;
use crate::world::World;

fn sample() -> Coverage {
    Coverage {
        tables: 14,
        uncovered: vec!["sales.tmp".parse().unwrap(), "stock.bins".parse().unwrap()],
        unfit: vec![UnfitTable {
            table: "sales.totals".parse().unwrap(),
            reason: LeftOutReason::View,
        }],
        unmatched: vec![UnmatchedRow {
            group: samples::group("daily"),
            database: samples::database("gone"),
            table: None,
            why: Unmatched::NoDatabase,
        }],
        left_out: vec![LeftOutTable {
            group: samples::group("daily"),
            label: samples::label("sales_20261122_inc"),
            table: "sales.orders".parse().unwrap(),
            reason: LeftOutReason::TemporaryPartitions,
        }],
        failed: vec![FailedDatabase {
            group: samples::group("daily"),
            label: samples::label("stock_20261122_inc"),
            database: Some(samples::database("stock")),
            status: "FAILED".to_owned(),
            error: Some("no backend is alive".to_owned()),
        }],
        unscheduled: vec![samples::group("adhoc")],
        unlisted: vec![samples::group("nobody")],
    }
}

#[test]
fn it_says_what_is_missing_and_why() {
    insta::assert_snapshot!(coverage::coverage(&sample()), @r#"
    2 of 14 tables that can be backed up are in no inventory group

    in no inventory group:
      sales.tmp
      stock.bins

    inventory rows that match nothing:
      GROUP  DATABASE  TABLE  WHY
      daily  gone      *      there is no such database, or it has no table

    not in the last run, because its backup did not end well:
      GROUP  DATABASE  LABEL               STATUS  WHY
      daily  stock     stock_20261122_inc  FAILED  no backend is alive

    left out of the last run:
      GROUP  LABEL               TABLE         WHY
      daily  sales_20261122_inc  sales.orders  has temporary partitions, which BACKUP refuses; replace or drop them

    cannot be backed up:
      TABLE         WHY
      sales.totals  is a view, which holds no rows

    in the inventory, without a schedule: adhoc

    in the schedule, without a row in the inventory: nobody

    help: add a table with INSERT INTO ops.table_inventory (inventory_group, database_name, table_name) VALUES ('GROUP', 'sales', 'tmp')
    "#);
    let whole = Coverage {
        tables: 1,
        ..Coverage::default()
    };
    insta::assert_snapshot!(coverage::coverage(&whole), @r#"
    1 table can be backed up, and each is in an inventory group
    "#);
    assert!(coverage::is_whole(&whole) && !coverage::is_whole(&sample()));
}

#[test]
fn a_table_in_no_group_is_listed_and_check_warns() {
    let world = World::with_sales();
    let said = world.brctl(&["coverage"]).ok();
    assert!(
        said.stdout
            .starts_with("2 tables can be backed up, and each is in an inventory group\n"),
        "{said:#?}"
    );
    let said = world.brctl(&["check"]).ok();
    let fine = "ok       coverage: every table that can be backed up is in a group (2)";
    assert!(said.stdout.contains(fine), "{said:#?}");

    world.sql("CREATE DATABASE stock");
    world.sql(
        "CREATE TABLE stock.items (id BIGINT NOT NULL) PRIMARY KEY(id) DISTRIBUTED BY HASH(id)",
    );
    world.sql("CREATE VIEW sales.totals AS SELECT COUNT(*) AS n FROM sales.orders");
    world
        .sql("ALTER TABLE sales.orders ADD TEMPORARY PARTITION tp VALUES LESS THAN ('2026-01-02')");
    world.put_in_group("adhoc", "sales", "forgotten");
    world.back_up("full");

    let said = world.brctl(&["coverage", "--json"]).ok().json();
    assert_eq!(said["tables"], 2);
    assert_eq!(said["uncovered"][0]["database"], "stock");
    let unfit: Vec<_> = said["unfit"].as_array().unwrap().iter().collect();
    assert_eq!(unfit.len(), 2, "{said:#}");
    assert_eq!(unfit[0]["table"]["table"], "orders");
    assert_eq!(unfit[0]["reason"], "temporary-partitions");
    assert_eq!(said["unmatched"][0]["why"], "no-table");
    assert_eq!(said["unscheduled"][0], "adhoc");
    let left_out: Vec<_> = said["left_out"].as_array().unwrap().iter().collect();
    assert_eq!(left_out.len(), 2, "{said:#}");
    assert_eq!(left_out[0]["group"], "daily");

    let said = world.brctl(&["check"]).ok();
    let warned = "warning  coverage: 1 of 2 tables that can be backed up are in no group; 1 inventory rows match nothing";
    assert!(said.stdout.contains(warned), "{said:#?}");
}

#[test]
fn a_database_whose_backup_failed_is_not_covered_by_its_group() {
    let world = World::with_sales();
    world.put_in_group("daily", "missing", "*");
    assert_eq!(world.brctl(&["backup", "full", "--group", "daily"]).code, 6);
    let said = world.brctl(&["coverage", "--json"]).ok().json();
    assert_eq!(said["failed"][0]["database"], "missing");
    assert_eq!(said["unmatched"][0]["why"], "no-database");
}
