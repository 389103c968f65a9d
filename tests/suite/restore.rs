//! A restore gives exactly the recovery point, with the live table there all the time.

use crate::world::World;

type Rows = Vec<Vec<Option<String>>>;

/// Full, changes, incremental: the label of the incremental, and both tables as they were then.
fn two_points(world: &World) -> (String, String, Rows, Rows) {
    let full = world.back_up("full");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-03', 9, 9, 'late')");
    world.sql("ALTER TABLE sales.orders ADD PARTITION p4 VALUES LESS THAN ('2026-01-05')");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-04', 10, 10, 'new')");
    world.sql("ALTER TABLE sales.orders DROP PARTITION p2");
    world.sql("UPDATE sales.customers SET name = 'z' WHERE id = 2");
    let incremental = world.back_up("incremental");
    (
        full,
        incremental,
        world.rows("sales.orders"),
        world.rows("sales.customers"),
    )
}

fn damage(world: &World) {
    world.sql("UPDATE sales.customers SET name = 'oops' WHERE id > 0");
    world.sql("INSERT INTO sales.customers VALUES (99, 'after')");
    world.sql("DROP TABLE sales.orders FORCE");
}

fn tables(world: &World) -> Vec<String> {
    world
        .sql("SHOW TABLES FROM sales")
        .into_iter()
        .map(|row| row[0].clone().unwrap())
        .collect()
}

#[test]
fn full_and_incremental_restore_to_the_row() {
    let world = World::with_sales();
    let orders_at_full = world.rows("sales.orders");
    let customers_at_full = world.rows("sales.customers");
    let (full, incremental, orders, customers) = two_points(&world);
    damage(&world);
    world.restore(&incremental, &[]);
    assert_eq!(world.rows("sales.orders"), orders);
    assert_eq!(world.rows("sales.customers"), customers);
    assert_eq!(
        tables(&world),
        ["customers", "customers_restored", "orders"],
        "the old data is kept, the helper is not"
    );
    world.restore(&full, &["--rename-suffix", "_again"]);
    assert_eq!(world.rows("sales.orders"), orders_at_full);
    assert_eq!(world.rows("sales.customers"), customers_at_full);
    world.assert_nothing_open();
}

#[test]
fn undo_swaps_back_and_discard_clears_the_way() {
    let world = World::with_sales();
    let (_, incremental, _, customers) = two_points(&world);
    world.sql("UPDATE sales.customers SET name = 'oops' WHERE id > 0");
    let damaged = world.rows("sales.customers");
    let job = world.restore(&incremental, &["--table", "customers"]);
    assert_eq!(world.rows("sales.customers"), customers);
    world.brctl(&["undo", &job]).ok();
    assert_eq!(world.rows("sales.customers"), damaged);
    let again = [
        "restore",
        "--target-label",
        &incremental,
        "--table",
        "sales.customers",
        "--yes",
    ];
    world.brctl(&again).refused(
        5,
        &["sales.customers_restored exists already", "brctl discard"],
    );
    world.brctl(&["discard", &job, "--yes"]).ok();
    assert_eq!(tables(&world), ["customers", "orders"]);
    world.restore(&incremental, &["--table", "sales.customers"]);
    assert_eq!(world.rows("sales.customers"), customers);
}

#[test]
fn undo_of_a_table_that_was_gone_takes_it_away_again() {
    let world = World::with_sales();
    let label = world.back_up("full");
    world.sql("DROP TABLE sales.orders FORCE");
    let job = world.restore(&label, &["--table", "orders"]);
    world.brctl(&["undo", &job]).ok();
    assert_eq!(tables(&world), ["customers", "orders_restored"]);
    world
        .brctl(&["undo", &job])
        .refused(5, &["is taken back already", "brctl discard"]);
}

#[test]
fn a_lost_database_comes_back() {
    let world = World::with_sales();
    let (_, incremental, orders, customers) = two_points(&world);
    world.sql("DROP DATABASE sales FORCE");
    world.restore(&incremental, &[]);
    assert_eq!(world.rows("sales.orders"), orders);
    assert_eq!(world.rows("sales.customers"), customers);
}

#[test]
fn the_plan_changes_nothing_and_says_everything() {
    let world = World::with_sales();
    let (full, incremental, ..) = two_points(&world);
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-04', 11, 11, 'newer')");
    let before = (world.rows("sales.orders"), tables(&world));
    let said = world
        .brctl(&["restore", "--target-label", &incremental, "--plan"])
        .ok();
    for part in [
        full.as_str(),
        &incremental,
        "orders_restored",
        "customers",
        "p4",
    ] {
        assert!(said.stdout.contains(part), "{part} is not in {said:#?}");
    }
    assert_eq!((world.rows("sales.orders"), tables(&world)), before);
    assert!(world.sql("SELECT * FROM ops.restore_history").is_empty());
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_done() {
    let world = World::with_sales();
    let label = world.back_up("full");
    world
        .brctl(&["restore", "--target-label", &label])
        .refused(5, &["--yes"]);
    assert!(world.sql("SELECT * FROM ops.restore_history").is_empty());
}

#[test]
fn the_group_chooses_the_tables() {
    let world = World::with_sales();
    let label = world.back_up("full");
    world.put_in_group("dims", "sales", "customers");
    world.sql("UPDATE sales.customers SET name = 'oops' WHERE id > 0");
    world.sql("TRUNCATE TABLE sales.orders");
    world.restore(&label, &["--group", "dims"]);
    assert_eq!(world.rows("sales.customers")[0][1].as_deref(), Some("x"));
    assert!(world.rows("sales.orders").is_empty());
}

#[test]
fn dynamic_partitioning_does_not_eat_what_was_restored() {
    let world = World::with_sales();
    world.sql(
        "CREATE TABLE sales.log (day DATE NOT NULL, n INT) DUPLICATE KEY(day) PARTITION BY RANGE(day) \
         (PARTITION p20200101 VALUES [('2020-01-01'), ('2020-01-02'))) DISTRIBUTED BY HASH(day) \
         PROPERTIES ('dynamic_partition.enable' = 'false', 'dynamic_partition.time_unit' = 'DAY', 'dynamic_partition.start' = '-3', \
         'dynamic_partition.end' = '3', 'dynamic_partition.prefix' = 'p', 'dynamic_partition.buckets' = '1')",
    );
    world.sql("INSERT INTO sales.log VALUES ('2020-01-01', 1)");
    world.sql("ALTER TABLE sales.log SET ('dynamic_partition.enable' = 'true')");
    let label = world.back_up("full");
    world.sql("ALTER TABLE sales.log SET ('dynamic_partition.enable' = 'false')");
    world.sql("TRUNCATE TABLE sales.log");
    world.restore(&label, &["--table", "log"]);
    world.sandbox.run_schedulers();
    assert_eq!(world.rows("sales.log").len(), 1);
}

#[test]
fn a_restore_that_fails_leaves_the_live_tables_and_nothing_of_its_own() {
    use starrocks_sandbox::answer::SqlError;
    use starrocks_sandbox::engine::Effect;
    let world = World::with_sales();
    let (_, incremental, orders, customers) = two_points(&world);
    world.sandbox.fail_next(
        "INSERT INTO `sales`.`orders_restored`",
        Effect::None,
        SqlError::plain("Insert has filtered data in strict mode"),
    );
    let said = world.brctl(&["restore", "--target-label", &incremental, "--yes"]);
    said.refused(
        1,
        &[
            "Insert has filtered data",
            "the live tables are as they were",
        ],
    );
    assert_eq!(
        (world.rows("sales.orders"), world.rows("sales.customers")),
        (orders, customers)
    );
    assert_eq!(tables(&world), ["customers", "orders"]);
    assert_eq!(
        world.cell("SELECT status FROM ops.restore_history"),
        "FAILED"
    );
    world.assert_nothing_open();
}

#[test]
fn a_failure_between_two_swaps_takes_the_first_one_back() {
    use starrocks_sandbox::answer::SqlError;
    use starrocks_sandbox::engine::Effect;
    let world = World::with_sales();
    let label = world.back_up("full");
    world.sql("UPDATE sales.customers SET name = 'newer' WHERE id = 1");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-03', 50, 5, 'newer')");
    let before = (world.rows("sales.orders"), world.rows("sales.customers"));
    world.sandbox.fail_next(
        "^ALTER TABLE `sales`.`orders` SWAP",
        Effect::None,
        SqlError::plain("no"),
    );
    world
        .brctl(&["restore", "--target-label", &label, "--yes"])
        .refused(1, &["as they were"]);
    assert_eq!(
        (world.rows("sales.orders"), world.rows("sales.customers")),
        before
    );
    assert_eq!(tables(&world), ["customers", "orders"]);
}

#[test]
fn a_swap_whose_answer_is_lost_is_done_once() {
    use starrocks_sandbox::answer::SqlError;
    use starrocks_sandbox::engine::Effect;
    let world = World::with_sales();
    let label = world.back_up("full");
    let customers = world.rows("sales.customers");
    world.sql("UPDATE sales.customers SET name = 'newer' WHERE id = 1");
    let lost = SqlError::plain("java.net.SocketException: Connection reset");
    world
        .sandbox
        .fail_next("^ALTER TABLE `sales`.`customers` SWAP", Effect::Done, lost);
    world.restore(&label, &["--table", "customers"]);
    assert_eq!(world.rows("sales.customers"), customers);
}

#[test]
fn what_stands_in_restore_history_is_the_truth() {
    let world = World::with_sales();
    let label = world.back_up("full");
    let one = world.restore(&label, &["--table", "orders", "--rename-suffix", "_one"]);
    let restore_type =
        format!("SELECT restore_type FROM ops.restore_history WHERE job_id = '{one}'");
    assert_eq!(world.cell(&restore_type), "table");
    let job = world.restore(&label, &[]);
    let row = &world.sql(&format!(
        "SELECT backup_label, restore_type, status, repository, verification_checksum FROM ops.restore_history WHERE job_id = '{job}'"
    ))[0];
    let texts: Vec<&str> = row.iter().map(|cell| cell.as_deref().unwrap()).collect();
    assert_eq!(
        texts[..4],
        [label.as_str(), "database", "FINISHED", "nightly"]
    );
    assert!(
        texts[4].contains("customers: rows=2, sum=") && texts[4].contains("orders: rows=4, sum="),
        "{}",
        texts[4]
    );
}
