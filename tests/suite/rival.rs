//! What StarRocks makes easy to lose: one test for each way in which comparing times, parsing labels, or restoring an incremental over a renamed
//! base goes wrong on a real cluster.

use crate::world::World;

type Rows = Vec<Vec<Option<String>>>;

fn both(world: &World) -> (Rows, Rows) {
    (world.rows("sales.orders"), world.rows("sales.customers"))
}

/// Way 1: a baseline's end is not its cut. What is loaded between the two is in neither backup when times are compared.
#[test]
fn a_load_between_the_cut_and_the_end_of_the_upload_is_restored() {
    let mut world = World::with_sales();
    world.sandbox.stall_transfers(Some("slow storage"));
    let mut full = world
        .brctl_command(&["backup", "full", "--group", "daily"])
        .spawn()
        .unwrap();
    world.wait_for_log(&["wait for the upload"]);
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-01', 77, 7, 'during')");
    world.sql("INSERT INTO sales.customers VALUES (77, 'during')");
    world.sandbox.stall_transfers(None);
    assert!(full.wait().unwrap().success());
    let incremental = world.back_up("incremental");
    let there = both(&world);
    world.sql("TRUNCATE TABLE sales.orders");
    world.sql("TRUNCATE TABLE sales.customers");
    world.restore(&incremental, &[]);
    assert_eq!(both(&world), there);
}

/// Way 2: no form of RESTORE applies an incremental to a base that was restored under another name.
#[test]
fn base_and_incremental_are_restored_beside_a_live_table() {
    let world = World::with_sales();
    world.back_up("full");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-02', 8, 8, 'second')");
    let incremental = world.back_up("incremental");
    let there = both(&world);
    world.sql("DELETE FROM sales.orders WHERE id > 0");
    world.restore(&incremental, &[]);
    assert_eq!(both(&world), there);
}

/// Way 3: a RESTORE of several aliased tables that fails removes the live tables. A leftover of an earlier restore is enough.
#[test]
fn a_leftover_under_the_suffix_costs_no_live_table() {
    let world = World::with_sales();
    let full = world.back_up("full");
    let there = both(&world);
    world.sql("CREATE TABLE sales.customers_restored (x INT) DUPLICATE KEY(x)");
    let restore = ["restore", "--target-label", &full, "--yes"];
    world
        .brctl(&restore)
        .refused(5, &["sales.customers_restored exists already"]);
    assert_eq!(both(&world), there);
    world.restore(&full, &["--rename-suffix", "_second"]);
    assert_eq!(both(&world), there);
}

/// Way 3, late: the leftover appears after the plan, before the RESTORE. It is somebody's, and stays.
#[test]
fn a_table_that_appears_under_the_suffix_meanwhile_is_nobodys_to_drop() {
    use starrocks_sandbox::answer::SqlError;
    use starrocks_sandbox::engine::Effect;
    let mut world = World::with_sales();
    let full = world.back_up("full");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-02', 8, 8, 'newer')");
    let there = both(&world);
    let busy = SqlError::new(
        5064,
        "42000",
        "Can only run one backup or restore job of a database at same time",
    );
    for _ in 0..5 {
        world
            .sandbox
            .fail_next("^restore snapshot", Effect::None, busy.clone());
    }
    let mut restore = world
        .brctl_command(&[
            "restore",
            "--target-label",
            &full,
            "--table",
            "orders",
            "--yes",
        ])
        .spawn()
        .unwrap();
    world.wait_for_log(&["Can only run one backup or restore job"]);
    world.sql("CREATE TABLE sales.orders_restored (x INT) DUPLICATE KEY(x)");
    world.sql("INSERT INTO sales.orders_restored VALUES (1)");
    assert!(!restore.wait().unwrap().success());
    assert_eq!(both(&world), there);
    assert_eq!(world.cell("SELECT x FROM sales.orders_restored"), "1");
    world.assert_nothing_open();
}

/// Way 4: a label is a name. `sales_eu` is no backup of `sales`, whatever its label begins with.
#[test]
fn chains_are_what_was_recorded_and_not_what_labels_look_like() {
    let world = World::with_sales();
    world.sql("CREATE DATABASE sales_eu");
    world.sql("CREATE TABLE sales_eu.orders (id BIGINT NOT NULL) PRIMARY KEY(id)");
    world.put_in_group("europe", "sales_eu", "*");
    let named = ["backup", "full", "--group", "daily", "--name", "spring"];
    world.brctl(&named).ok();
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-01', 70, 7, 'between')");
    // A newer full of another database and group.
    world.brctl(&["backup", "full", "--group", "europe"]).ok();
    let incremental = world.back_up("incremental");
    let baseline = world.cell(&format!(
        "SELECT baseline_label FROM ops.backup_history WHERE label = '{incremental}'"
    ));
    assert_eq!(baseline, "spring");
    let there = both(&world);
    world.sql("DROP TABLE sales.orders FORCE");
    world.restore(&incremental, &[]);
    assert_eq!(both(&world), there);
}

/// Way 5: a table that the base does not hold must not become what the incremental holds of it.
#[test]
fn a_table_that_came_after_the_full_is_restored_whole() {
    let world = World::with_sales();
    world.back_up("full");
    world.sql(
        "CREATE TABLE sales.events (day DATE NOT NULL, id BIGINT NOT NULL) DUPLICATE KEY(day) PARTITION BY RANGE(day) \
         (PARTITION p1 VALUES LESS THAN ('2026-01-02'), PARTITION p2 VALUES LESS THAN ('2026-01-03')) DISTRIBUTED BY HASH(id) BUCKETS 1",
    );
    world.sql("INSERT INTO sales.events VALUES ('2026-01-01', 1), ('2026-01-02', 2)");
    let first = world.back_up("incremental");
    let after_first = world.rows("sales.events");
    world.sql("INSERT INTO sales.events VALUES ('2026-01-02', 3)");
    let second = world.back_up("incremental");
    let after_second = world.rows("sales.events");
    world.sql("DROP TABLE sales.events FORCE");
    world.restore(&second, &["--table", "events"]);
    assert_eq!(world.rows("sales.events"), after_second);
    world.restore(&first, &["--table", "events", "--rename-suffix", "_first"]);
    assert_eq!(world.rows("sales.events"), after_first);
}

/// Way 6: after a restore, versions and times are those of the old backup. By time, nothing would look changed.
#[test]
fn after_an_older_point_is_restored_the_next_incremental_holds_it() {
    let world = World::with_sales();
    let old = world.back_up("full");
    let before = both(&world);
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-03', 50, 5, 'newer')");
    world.sql("UPDATE sales.customers SET name = 'newer' WHERE id = 1");
    world.back_up("full");
    world.restore(&old, &[]);
    assert_eq!(both(&world), before);
    let incremental = world.back_up("incremental");
    world.sql("TRUNCATE TABLE sales.orders");
    world.sql("TRUNCATE TABLE sales.customers");
    world.restore(&incremental, &["--rename-suffix", "_again"]);
    assert_eq!(both(&world), before);
}

/// And by identity, not by time: a partition loaded before the full, put in place after it.
#[test]
fn a_replaced_partition_with_older_data_is_taken() {
    let world = World::with_sales();
    world.sql(
        "ALTER TABLE sales.orders ADD TEMPORARY PARTITION tp1 VALUES LESS THAN ('2026-01-02')",
    );
    world.sql(
        "INSERT INTO sales.orders TEMPORARY PARTITION (tp1) VALUES ('2026-01-01', 5, 5, 'staged')",
    );
    world.sql("CREATE TABLE sales.staging LIKE sales.orders");
    world.sql("ALTER TABLE sales.orders DROP TEMPORARY PARTITION tp1");
    world.sql(
        "ALTER TABLE sales.staging ADD TEMPORARY PARTITION tp1 VALUES LESS THAN ('2026-01-02')",
    );
    world.sql(
        "INSERT INTO sales.staging TEMPORARY PARTITION (tp1) VALUES ('2026-01-01', 6, 6, 'staged')",
    );
    // A table with a temporary partition cannot be backed up: the group names the others.
    world.sql("DELETE FROM ops.table_inventory WHERE inventory_group = 'daily'");
    world.put_in_group("daily", "sales", "orders");
    world.put_in_group("daily", "sales", "customers");
    world.back_up("full");
    world.sql("ALTER TABLE sales.staging REPLACE PARTITION (p1) WITH TEMPORARY PARTITION (tp1)");
    world.sql("ALTER TABLE sales.orders SWAP WITH staging");
    let incremental = world.back_up("incremental");
    let there = both(&world);
    world.sql("TRUNCATE TABLE sales.orders");
    world.restore(&incremental, &[]);
    assert_eq!(both(&world), there);
}

/// A partition that was dropped stays dropped, although the full still has it.
#[test]
fn a_partition_dropped_since_the_full_stays_dropped() {
    let world = World::with_sales();
    world.back_up("full");
    world.sql("ALTER TABLE sales.orders DROP PARTITION p2");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-01', 4, 4, 'kept')");
    let incremental = world.back_up("incremental");
    let there = both(&world);
    world.sql("DROP TABLE sales.orders FORCE");
    world.restore(&incremental, &[]);
    assert_eq!(both(&world), there);
    let partitions = world.sql("SHOW PARTITIONS FROM sales.orders");
    assert!(
        partitions.iter().all(|row| row[1].as_deref() != Some("p2")),
        "{partitions:?}"
    );
}
