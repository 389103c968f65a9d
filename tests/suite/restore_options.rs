//! Choosing the recovery point by time, stopping beside the live tables, restoring into another database, and the end of the undo window.

use starrocks_sandbox::answer::SqlError;
use starrocks_sandbox::engine::Effect;

use crate::world::World;

fn cut(world: &World, label: &str) -> i64 {
    let column = "COALESCE(verified_ms, snapshot_created_ms)";
    let cell = world.cell(&format!(
        "SELECT {column} FROM ops.backup_history WHERE label = '{label}'"
    ));
    cell.parse().unwrap()
}

fn rfc3339(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(millis)
        .unwrap()
        .to_rfc3339()
}

fn tables(world: &World, database: &str) -> Vec<String> {
    world
        .sql(&format!("SHOW TABLES FROM {database}"))
        .into_iter()
        .map(|row| row[0].clone().unwrap())
        .collect()
}

fn backup(world: &World, kind: &str, name: &str) {
    world
        .brctl(&["backup", kind, "--group", "daily", "--name", name])
        .ok();
}

fn spoil(world: &World) {
    world.sql("UPDATE sales.customers SET name = 'oops' WHERE id > 0");
}

/// Restores `customers` and gives the job's id.
fn restore_beside(world: &World, label: &str) -> String {
    world.restore(label, &["--table", "customers", "--no-swap"])
}

#[test]
fn a_time_means_the_newest_cut_that_is_not_after_it() {
    let world = World::with_sales();
    // By name and by kind the other way round.
    backup(&world, "full", "z_first");
    let at_first = world.rows("sales.customers");
    world.sql("UPDATE sales.customers SET name = 'second' WHERE id = 1");
    backup(&world, "incremental", "a_second");
    let at_second = world.rows("sales.customers");
    let unchanged = world.back_up("incremental");
    spoil(&world);
    let first = rfc3339(cut(&world, "a_second") - 1);
    let said = world
        .brctl(&[
            "restore",
            "--at",
            &first,
            "--group",
            "daily",
            "--yes",
            "--rename-suffix",
            "_one",
        ])
        .ok();
    assert!(
        said.stderr.contains("backup z_first") && said.stderr.contains(" before "),
        "{said:#?}"
    );
    assert_eq!(world.rows("sales.customers"), at_first);
    let plan = [
        "restore",
        "--latest",
        "--database",
        "sales",
        "--plan",
        "--json",
    ];
    let planned = world.brctl(&plan).ok().json();
    assert_eq!(planned["points"][0]["label"], unchanged.as_str());
    assert_eq!(planned["plans"][0]["target"], unchanged.as_str());
    world
        .brctl(&[
            "restore",
            "--latest",
            "--group",
            "daily",
            "--table",
            "customers",
            "--yes",
        ])
        .ok();
    assert_eq!(world.rows("sales.customers"), at_second);
}

#[test]
fn nothing_old_enough_is_an_error_that_names_the_oldest() {
    let world = World::with_sales();
    backup(&world, "full", "the_oldest");
    for (at, code, parts) in [
        (
            "2020-01-01T00:00:00Z",
            5,
            &[
                "no recovery point of database `sales` is as old as 2020-01-01 00:00:00Z; the oldest is `the_oldest`",
                "--target-label the_oldest",
            ][..],
        ),
        ("yesterday", 2, &["\"yesterday\" is not a time", "2h ago"]),
        ("2999-01-01T00:00:00Z", 5, &["is still to come", "--latest"]),
    ] {
        world
            .brctl(&["restore", "--at", at, "--group", "daily", "--yes"])
            .refused(code, parts);
    }
    // The group's own zone is UTC in the schedule of these tests.
    world
        .brctl(&[
            "restore",
            "--at",
            "2020-01-01 00:00",
            "--group",
            "daily",
            "--yes",
        ])
        .refused(5, &["is as old as 2020-01-01 00:00:00Z"]);
    let berlin = ["--timezone", "Europe/Berlin", "--group", "daily", "--yes"];
    let local = [&["restore", "--at", "2020-01-01 00:00"], &berlin[..]].concat();
    world
        .brctl(&local)
        .refused(5, &["is as old as 2019-12-31 23:00:00Z"]);
    world
        .brctl(&["restore", "--latest", "--yes"])
        .refused(2, &["--group", "--database"]);
    world
        .brctl(&["restore", "--latest", "--group", "nightly", "--yes"])
        .refused(4, &["nightly"]);
}

#[test]
fn points_that_cannot_be_restored_to_are_passed_over_and_said() {
    let world = World::with_sales();
    backup(&world, "full", "good");
    let at_good = world.rows("sales.customers");
    world.sql("INSERT INTO sales.customers VALUES (7, 'later')");
    backup(&world, "full", "lost");
    world.sql("INSERT INTO sales.customers VALUES (8, 'later still')");
    backup(&world, "incremental", "built_on_lost");
    let repository = world.sandbox.repository_directory("nightly").unwrap();
    std::fs::remove_dir_all(repository.join("__ss_lost")).unwrap();
    world.sql("UPDATE ops.backup_history SET expired_ms = 1 WHERE label = 'built_on_lost'");
    let said = world
        .brctl(&[
            "restore",
            "--latest",
            "--group",
            "daily",
            "--table",
            "customers",
            "--yes",
        ])
        .ok();
    for part in [
        "passed over: built_on_lost",
        "retention has let it go",
        "passed over: lost",
        "is not in repository `nightly` any more",
        "backup good",
    ] {
        assert!(said.stderr.contains(part), "{part:?} is not in {said:#?}");
    }
    assert_eq!(world.rows("sales.customers"), at_good);
}

#[test]
fn each_database_of_the_group_gets_its_own_point_and_its_own_job() {
    let world = World::with_sales();
    world.sql("CREATE DATABASE shop");
    world.sql("CREATE TABLE shop.items (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)");
    world.sql("INSERT INTO shop.items VALUES (1)");
    world.put_in_group("daily", "shop", "*");
    world.brctl(&["backup", "full", "--group", "daily"]).ok();
    let customers = world.rows("sales.customers");
    spoil(&world);
    world.sql("INSERT INTO shop.items VALUES (2)");
    world
        .brctl(&[
            "restore", "--latest", "--group", "daily", "--into", "copy", "--yes",
        ])
        .refused(2, &["--into is for one database", "--database"]);
    let said = world
        .brctl(&["restore", "--latest", "--group", "daily", "--yes"])
        .ok();
    assert!(
        said.stderr.contains("sales as of ") && said.stderr.contains("shop as of "),
        "{said:#?}"
    );
    assert_eq!(world.rows("sales.customers"), customers);
    assert_eq!(world.rows("shop.items").len(), 1);
    let jobs = world.cell("SELECT COUNT(*) FROM ops.restore_history WHERE status = 'FINISHED'");
    assert_eq!(jobs, "2");
    world.assert_nothing_open();
    // What comes after one that fails is not begun, and said.
    let refused = || SqlError::plain("nobody knows why");
    let restore = ["restore", "--latest", "--group", "daily", "--yes"];
    let restore = || world.brctl(&[&restore[..], &["--rename-suffix", "_more"]].concat());
    world
        .sandbox
        .fail_next("^RESTORE SNAPSHOT `sales`", Effect::None, refused());
    restore().refused(1, &["not begun: the restore of shop"]);
    world
        .sandbox
        .fail_next("^RESTORE SNAPSHOT `shop`", Effect::None, refused());
    restore().refused(6, &[]);
}

#[test]
fn without_a_swap_the_live_table_stays_until_somebody_says_so() {
    let world = World::with_sales();
    let label = world.back_up("full");
    let good = world.rows("sales.customers");
    spoil(&world);
    let spoilt = world.rows("sales.customers");
    let job = restore_beside(&world, &label);
    assert_eq!(world.rows("sales.customers"), spoilt);
    assert_eq!(world.rows("sales.customers_restored"), good);
    world.wait_for_status(&format!(
        "restore {job} of {label} stands beside the live tables"
    ));
    world
        .brctl(&["undo", &job])
        .refused(5, &["replaced nothing", &format!("brctl swap {job}")]);
    world.sql("INSERT INTO sales.customers VALUES (50, 'loaded meanwhile')");
    let replaced = world.rows("sales.customers");
    world
        .brctl(&["swap", &job])
        .refused(5, &["customers", "--yes"]);
    world.brctl(&["swap", &job, "--yes"]).ok();
    assert_eq!(world.rows("sales.customers"), good);
    world
        .brctl(&["swap", &job, "--yes"])
        .refused(5, &["is live already", "brctl undo"]);
    world.brctl(&["undo", &job]).ok();
    assert_eq!(world.rows("sales.customers"), replaced);
    world
        .brctl(&["swap", &job, "--yes"])
        .refused(5, &["was taken back or discarded"]);
    world.assert_nothing_open();
}

#[test]
fn what_stands_beside_is_discarded_and_cannot_be_made_live_after_that() {
    let world = World::with_sales();
    let label = world.back_up("full");
    let job = restore_beside(&world, &label);
    world.brctl(&["discard", &job, "--yes"]).ok();
    assert_eq!(tables(&world, "sales"), ["customers", "orders"]);
    world
        .brctl(&["swap", &job, "--yes"])
        .refused(5, &["was taken back or discarded"]);
    world.sql(
        "CREATE TABLE sales.customers_restored (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)",
    );
    world.brctl(&["discard", &job, "--yes"]).ok();
    assert_eq!(
        tables(&world, "sales"),
        ["customers", "customers_restored", "orders"],
        "what somebody put there since is not ours"
    );
}

#[test]
fn a_swap_refuses_when_another_table_has_come_in_the_live_ones_place() {
    let world = World::with_sales();
    let label = world.back_up("full");
    let job = restore_beside(&world, &label);
    world.sql("DROP TABLE sales.customers FORCE");
    world.sql("CREATE TABLE sales.customers (id BIGINT NOT NULL, name STRING) PRIMARY KEY(id) DISTRIBUTED BY HASH(id)");
    world.sql("INSERT INTO sales.customers VALUES (1, 'another table')");
    let another = world.rows("sales.customers");
    let said = world.brctl(&["swap", &job, "--yes"]);
    assert_eq!(said.code, 1, "{said:#?}");
    for part in ["is not the one that was planned with", "as they were"] {
        assert!(said.stdout.contains(part), "{part:?} is not in {said:#?}");
    }
    assert_eq!(world.rows("sales.customers"), another);
    assert!(tables(&world, "sales").contains(&"customers_restored".to_owned()));
    world.assert_nothing_open();
    world.brctl(&["discard", &job, "--yes"]).ok();
}

#[test]
fn a_swap_that_fails_between_two_tables_takes_the_first_back_and_can_be_tried_again() {
    let world = World::with_sales();
    let label = world.back_up("full");
    let good = (world.rows("sales.customers"), world.rows("sales.orders"));
    spoil(&world);
    world.sql("TRUNCATE TABLE sales.orders");
    let spoilt = (world.rows("sales.customers"), world.rows("sales.orders"));
    let job = world.restore(&label, &["--no-swap"]);
    world.sandbox.fail_next(
        "^ALTER TABLE `sales`.`orders` SWAP",
        Effect::None,
        SqlError::plain("no"),
    );
    world
        .brctl(&["swap", &job, "--yes"])
        .refused(1, &["the live tables are as they were"]);
    assert_eq!(
        (world.rows("sales.customers"), world.rows("sales.orders")),
        spoilt
    );
    world.brctl(&["swap", &job, "--yes"]).ok();
    assert_eq!(
        (world.rows("sales.customers"), world.rows("sales.orders")),
        good
    );
}

#[test]
fn a_swap_that_was_killed_is_finished_by_the_next_start() {
    let mut world = World::with_sales();
    let label = world.back_up("full");
    let good = (world.rows("sales.customers"), world.rows("sales.orders"));
    spoil(&world);
    world.sql("TRUNCATE TABLE sales.orders");
    let job = world.restore(&label, &["--no-swap"]);
    world.sql("SANDBOX ON '^ALTER TABLE `sales`.`orders` SWAP' ALWAYS ERROR 1064 '42000' 'java.net.SocketException: Connection reset'");
    let mut watching = world
        .brctl_command(&["swap", &job, "--yes"])
        .spawn()
        .unwrap();
    // Between the first swap and the second, which is tried again and again.
    world.wait_for_log(&["waiting: ", "Connection reset"]);
    world.kill();
    watching.wait().unwrap();
    assert_eq!(
        (world.rows("sales.customers"), world.rows("sales.orders")),
        (good.0.clone(), Vec::new())
    );
    world.sql("SANDBOX CLEAR FAULTS");
    world.start();
    world.wait_for_log(&["job ended", "is live"]);
    assert_eq!(
        (world.rows("sales.customers"), world.rows("sales.orders")),
        good
    );
    world.assert_nothing_open();
    world.brctl(&["undo", &job]).ok();
}

#[test]
fn one_backup_goes_into_two_databases_and_neither_stands_in_the_others_way() {
    let world = World::with_sales();
    let label = world.back_up("full");
    spoil(&world);
    let live = world.rows("sales.customers");
    let job = world.restore(&label, &["--no-swap"]);
    world.restore(&label, &["--into", "copy"]);
    // All of these need the slot of the first one.
    world.brctl(&["swap", &job, "--yes"]).ok();
    assert_eq!(world.rows("sales.customers"), world.rows("copy.customers"));
    world.brctl(&["undo", &job, "--yes"]).ok();
    assert_eq!(world.rows("sales.customers"), live);
    world.brctl(&["discard", &job, "--yes"]).ok();
    world.back_up("full");
    world.assert_nothing_open();
}

#[test]
fn into_another_database_the_names_are_those_of_the_backup() {
    let world = World::with_sales();
    world.back_up("full");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-03', 9, 9, 'late')");
    world.sql("ALTER TABLE sales.orders DROP PARTITION p2");
    let label = world.back_up("incremental");
    let good = (world.rows("sales.customers"), world.rows("sales.orders"));
    spoil(&world);
    let live = world.rows("sales.customers");
    let plan = [
        "restore",
        "--target-label",
        &label,
        "--into",
        "copy",
        "--plan",
    ];
    let said = world.brctl(&plan).ok();
    for part in [
        "restore 2 tables of sales into copy",
        "database copy does not exist and is created",
        "2 tables created anew, no live table is touched",
    ] {
        assert!(said.stdout.contains(part), "{part:?} is not in {said:#?}");
    }
    let job = world.restore(&label, &["--into", "copy"]);
    assert_eq!(tables(&world, "copy"), ["customers", "orders"]);
    assert_eq!(
        (world.rows("copy.customers"), world.rows("copy.orders")),
        good
    );
    assert_eq!(world.rows("sales.customers"), live);
    assert_eq!(tables(&world, "sales"), ["customers", "orders"]);
    world.sql("INSERT INTO copy.customers VALUES (60, 'theirs')");
    let again = world.restore(&label, &["--into", "copy", "--table", "sales.customers"]);
    assert_ne!(job, again);
    assert_eq!(world.rows("copy.customers"), good.0);
    assert_eq!(
        tables(&world, "copy"),
        ["customers", "customers_restored", "orders"],
        "what stood there is kept"
    );
    world
        .brctl(&[
            "restore",
            "--target-label",
            &label,
            "--into",
            "ops",
            "--yes",
        ])
        .refused(5, &["`ops`", "--into"]);
    world.assert_nothing_open();
}

#[test]
fn brds_own_memory_is_never_restored_over() {
    let world = World::with_sales();
    world.put_in_group("memory", "ops", "*");
    world.brctl(&["backup", "full", "--group", "memory"]).ok();
    let label = world.cell("SELECT label FROM ops.backup_history");
    world
        .brctl(&["restore", "--target-label", &label, "--yes"])
        .refused(5, &["`ops`", "--into"]);
    world.restore(&label, &["--into", "copy"]);
    assert_eq!(
        world.cell("SELECT status FROM ops.restore_history"),
        "FINISHED"
    );
}

/// As a daemon that keeps what was replaced for no time at all.
fn with_no_window() -> World {
    let mut world = World::with_sales();
    world.kill();
    let settings = world.settings("repository = \"nightly\"");
    world.write("brd.toml", &format!("{settings}undo-window = \"0s\"\n"));
    world.start();
    world
}

#[test]
fn what_was_replaced_goes_when_its_window_is_over_and_nothing_else_does() {
    let mut world = with_no_window();
    let label = world.back_up("full");
    let good = world.rows("sales.customers");
    spoil(&world);
    world.restore(&label, &["--table", "customers"]);
    let undone = world.restore(&label, &["--table", "orders", "--rename-suffix", "_undone"]);
    world.brctl(&["undo", &undone]).ok();
    let beside = world.restore(&label, &["--no-swap", "--rename-suffix", "_beside"]);
    // Looked for at every start; where the first look came late, it has found the first restore already.
    world.kill();
    world.start();
    world.wait_for_status_where(|world| {
        !tables(world, "sales").contains(&"customers_restored".to_owned())
    });
    assert_eq!(
        tables(&world, "sales"),
        [
            "customers",
            "customers_beside",
            "orders",
            "orders_beside",
            "orders_undone"
        ],
        "what was undone, or never made live, waits for a person's word"
    );
    assert_eq!(world.rows("sales.customers"), good);
    world.brctl(&["discard", &beside, "--yes"]).ok();
    world.assert_nothing_open();
}

#[test]
fn a_table_that_somebody_put_back_by_hand_is_not_dropped_with_the_window() {
    let mut world = with_no_window();
    let label = world.back_up("full");
    spoil(&world);
    let spoilt = world.rows("sales.customers");
    world.restore(&label, &["--table", "customers"]);
    world.sql("ALTER TABLE sales.customers SWAP WITH customers_restored");
    world.kill();
    world.start();
    world.wait_for_log(&["job ended", "nothing of it was left"]);
    assert_eq!(world.rows("sales.customers"), spoilt);
    assert_eq!(
        tables(&world, "sales"),
        ["customers", "customers_restored", "orders"]
    );
}

#[test]
fn a_snapshot_that_is_not_needed_may_be_gone() {
    let world = World::with_sales();
    backup(&world, "full", "base");
    // An unpartitioned table that changed is taken whole.
    spoil(&world);
    backup(&world, "incremental", "later");
    let at_later = world.rows("sales.customers");
    let repository = world.sandbox.repository_directory("nightly").unwrap();
    std::fs::remove_dir_all(repository.join("__ss_base")).unwrap();
    let all = ["restore", "--target-label", "later", "--yes"];
    world.brctl(&all).refused(
        5,
        &["snapshot `base`, which the restore needs, is gone from repository `nightly`"],
    );
    world.sql("INSERT INTO sales.customers VALUES (70, 'later still')");
    world.restore("later", &["--table", "customers"]);
    assert_eq!(world.rows("sales.customers"), at_later);
}
