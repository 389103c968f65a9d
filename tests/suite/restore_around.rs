//! What stands around a table: found before a restore, given again where brd may, and said afterwards.

use starrocks_sandbox::answer::SqlError;
use starrocks_sandbox::engine::Effect;

use crate::world::World;

fn may_read(world: &World, table: &str) -> Vec<String> {
    let rows = world.sql(&format!(
        "SELECT GRANTEE FROM sys.grants_to_roles WHERE OBJECT_DATABASE = 'sales' AND OBJECT_NAME = '{table}'"
    ));
    rows.into_iter()
        .map(|row| row[0].clone().unwrap())
        .collect()
}

/// A backup of tables with a grant on one of them and another on all.
fn with_grants() -> (World, String) {
    let world = World::with_sales();
    world.sql("CREATE ROLE analyst");
    world.sql("CREATE USER bob");
    world.sql("GRANT SELECT ON TABLE sales.customers TO ROLE analyst");
    world.sql("GRANT SELECT ON ALL TABLES IN DATABASE sales TO USER bob");
    let label = world.back_up("full");
    world.sql("UPDATE sales.customers SET name = 'oops' WHERE id > 0");
    (world, label)
}

#[test]
fn grants_on_the_live_table_hold_for_the_restored_one() {
    let (world, label) = with_grants();
    let plan = ["restore", "--target-label", &label, "--plan"];
    let said = world.brctl(&plan).ok();
    assert!(
        said.stdout.contains(
            "grants are given again where they do not hold for all tables: role analyst (SELECT), user 'bob'@'%' (SELECT)"
        ),
        "{said:#?}"
    );
    let for_bob = world.sql("SHOW GRANTS FOR bob");
    let job = world.restore(&label, &[]);
    assert_eq!(may_read(&world, "customers"), ["analyst"]);
    assert_eq!(
        world.sql("SHOW GRANTS FOR bob"),
        for_bob,
        "what holds for all tables is not given once more"
    );
    world.brctl(&["undo", &job]).ok();
    assert_eq!(may_read(&world, "customers"), ["analyst"]);
    world.assert_nothing_open();
}

#[test]
fn a_grant_that_comes_after_the_plan_holds_for_the_restored_table_too() {
    let world = World::with_sales();
    world.sql("CREATE ROLE analyst");
    let label = world.back_up("full");
    let job = world.restore(&label, &["--no-swap"]);
    world.sql("GRANT SELECT ON TABLE sales.customers TO ROLE analyst");
    world.brctl(&["swap", &job, "--yes"]).ok();
    assert_eq!(may_read(&world, "customers"), ["analyst"]);
}

#[test]
fn a_grant_that_brd_may_not_give_is_said_with_its_statement_and_stops_nothing() {
    let (world, label) = with_grants();
    let denied = "Access denied; you need (at least one of) the GRANT privilege(s) on SYSTEM for this operation.";
    world.sandbox.fail_next(
        "^GRANT SELECT",
        Effect::None,
        SqlError::new(5203, "42000", denied),
    );
    let job = world.restore(&label, &["--table", "customers"]);
    assert_eq!(world.rows("sales.customers")[0][1].as_deref(), Some("x"));
    let said = world.brctl(&["show", &job]).ok();
    for part in [
        "SELECT of role analyst on customers could not be given again",
        "GRANT SELECT ON TABLE `sales`.`customers` TO ROLE `analyst`",
    ] {
        assert!(said.stdout.contains(part), "{part:?} is not in {said:#?}");
    }
}

#[test]
fn what_goes_on_loading_into_the_old_data_is_said_before_and_after() {
    let world = World::with_sales();
    let label = world.back_up("full");
    world.sql("CREATE ROUTINE LOAD sales.feed ON customers FROM KAFKA ('kafka_broker_list' = 'h:9092', 'kafka_topic' = 'x')");
    world.sql("CREATE MATERIALIZED VIEW sales.names REFRESH MANUAL AS SELECT id, name FROM sales.customers");
    world.sql(
        "SANDBOX HOLD LOAD INSERT INTO sales.customers WITH LABEL held VALUES (70, 'on its way')",
    );
    let only = ["--table", "customers"];
    let plan = [&["restore", "--target-label", &label, "--plan"], &only[..]].concat();
    let said = world.brctl(&plan).ok();
    for part in [
        "routine load feed (",
        "refreshed as a whole afterwards: materialized views that name it (names)",
        "running now: 1 load (held); what they bring into a replaced table goes to its old data",
    ] {
        assert!(said.stdout.contains(part), "{part:?} is not in {said:#?}");
    }
    let job = world.restore(&label, &only);
    let said = world.brctl(&["show", &job]).ok();
    for part in [
        "loads are running in sales while customers is swapped: held",
        "routine load feed (",
        "loads into the old data, which is customers_restored now, and not into customers",
        "STOP ROUTINE LOAD FOR `sales`.`feed`, and create it again for customers",
    ] {
        assert!(said.stdout.contains(part), "{part:?} is not in {said:#?}");
    }
}

#[test]
fn what_a_swap_needs_of_both_tables_is_said_before() {
    let world = World::with_sales();
    world.sql("CREATE TABLE sales.parts (id BIGINT NOT NULL, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('colocate_with' = 'together', 'unique_constraints' = 'id')");
    let label = world.back_up("full");
    let only = ["restore", "--target-label", &label, "--table", "parts"];
    let said = world.brctl(&[&only[..], &["--plan"]].concat()).ok();
    for part in [
        "leaves the colocate group together, unless the cluster has enable_colocate_restore: afterwards ALTER TABLE `sales`.`parts` SET \
         (\"colocate_with\" = \"together\")",
        "constraint unique_constraints = id: from 3.4 on the swap is refused, and all of it taken back, if the backup has another one",
    ] {
        assert!(said.stdout.contains(part), "{part:?} is not in {said:#?}");
    }
    world.brctl(&[&only[..], &["--yes"]].concat()).ok();
    // The name of an index of a table is as good as taken: a swap would be refused after all was downloaded.
    world.sql("CREATE MATERIALIZED VIEW sales.customers_restored AS SELECT id, COUNT(v) FROM sales.parts GROUP BY id");
    world.brctl(&["restore", "--target-label", &label, "--table", "customers", "--plan"]).refused(
        5,
        &["table sales.customers_restored exists already, and the restore would build under that name"],
    );
}
