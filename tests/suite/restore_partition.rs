//! Single partitions of a live table are put back, and nothing else of it is touched.

use starrocks_sandbox::answer::SqlError;
use starrocks_sandbox::engine::Effect;

use crate::world::World;

type Rows = Vec<Vec<Option<String>>>;

fn of_partition(world: &World, table: &str, partition: &str) -> Rows {
    let mut rows = world.sql(&format!("SELECT * FROM {table} PARTITION ({partition})"));
    rows.sort();
    rows
}

/// As the catalogue identifies what stands there.
fn identity(world: &World, table: &str) -> Vec<(String, String)> {
    let (database, name) = table.split_once('.').unwrap();
    let rows = world.sql(&format!(
        "SELECT PARTITION_NAME, PARTITION_ID, VISIBLE_VERSION, IS_TEMP FROM information_schema.partitions_meta \
         WHERE DB_NAME = '{database}' AND TABLE_NAME = '{name}' ORDER BY PARTITION_NAME"
    ));
    let cell = |row: &[Option<String>], at: usize| row[at].clone().unwrap();
    rows.iter()
        .map(|row| {
            assert_eq!(cell(row, 3), "0", "a temporary partition is left: {row:?}");
            (cell(row, 0), format!("{}:{}", cell(row, 1), cell(row, 2)))
        })
        .collect()
}

fn tables(world: &World) -> Vec<String> {
    let rows = world.sql("SHOW TABLES FROM sales");
    rows.into_iter()
        .map(|row| row[0].clone().unwrap())
        .collect()
}

/// A full, an incremental with another p2, and both p1 and p2 damaged after that.
fn damaged(world: &World) -> (String, Rows, Rows) {
    world.back_up("full");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-02', 22, 1, 'later')");
    let label = world.back_up("incremental");
    let (p1, p2) = (
        of_partition(world, "sales.orders", "p1"),
        of_partition(world, "sales.orders", "p2"),
    );
    world.sql("DELETE FROM sales.orders WHERE day = '2026-01-01'");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-01', 11, 1, 'wrong'), ('2026-01-02', 23, 1, 'wrong'), ('2026-01-03', 33, 1, 'right')");
    (label, p1, p2)
}

#[test]
fn partitions_go_back_together_and_the_others_stay() {
    let world = World::with_sales();
    let (label, p1, p2) = damaged(&world);
    let before = identity(&world, "sales.orders");
    let (wrong1, wrong2) = (
        of_partition(&world, "sales.orders", "p1"),
        of_partition(&world, "sales.orders", "p2"),
    );
    let both = ["--partition", "orders.p1", "--partition", "sales.orders.p2"];
    let plan = [&["restore", "--target-label", &label, "--plan"], &both[..]].concat();
    let said = world.brctl(&plan).ok();
    for part in [
        "restore 2 partitions of 1 table of sales to backup",
        "1 partition (p2)",
        "1 partition (p1)",
        "then put into the live table: 2 partitions (p1, p2); its other partitions are not touched, and the former content is kept as \
         orders_restored, orders_restored_inc",
        "2 partitions of 1 live table put back in the end, after everything is verified",
    ] {
        assert!(said.stdout.contains(part), "{part:?} is not in {said:#?}");
    }
    assert_eq!(
        identity(&world, "sales.orders"),
        before,
        "a plan only looks"
    );

    let job = world.restore(&label, &both);
    assert_eq!(of_partition(&world, "sales.orders", "p1"), p1);
    assert_eq!(of_partition(&world, "sales.orders", "p2"), p2);
    let after = identity(&world, "sales.orders");
    assert_eq!(after[2], before[2], "p3 is not touched");
    assert_eq!(
        world.cell("SELECT COUNT(*) FROM sales.orders WHERE note = 'right'"),
        "1"
    );
    assert_eq!(
        world.cell(&format!(
            "SELECT restore_type FROM ops.restore_history WHERE job_id = '{job}'"
        )),
        "partition"
    );
    let proven = world.cell(&format!(
        "SELECT verification_checksum FROM ops.restore_history WHERE job_id = '{job}'"
    ));
    assert_eq!(
        proven.matches("as backed up: rows of 1").count(),
        2,
        "{proven}"
    );

    // What is loaded after the restore is not lost by its undo: it is kept in its turn.
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-01', 12, 1, 'after')");
    world.brctl(&["undo", &job]).ok();
    assert_eq!(of_partition(&world, "sales.orders", "p1"), wrong1);
    assert_eq!(of_partition(&world, "sales.orders", "p2"), wrong2);
    assert_eq!(identity(&world, "sales.orders")[2], before[2]);
    let kept = world.sql("SELECT note FROM sales.orders_restored UNION ALL SELECT note FROM sales.orders_restored_inc");
    assert!(kept.contains(&vec![Some("after".to_owned())]), "{kept:?}");
    world.brctl(&["discard", &job, "--yes"]).ok();
    assert_eq!(tables(&world), ["customers", "orders"]);
    world.assert_nothing_open();
}

#[test]
fn the_next_incremental_and_its_restore_are_exact_after_a_partition_went_back() {
    let world = World::with_sales();
    let (label, ..) = damaged(&world);
    let job = world.restore(&label, &["--partition", "orders.p1"]);
    world.brctl(&["discard", &job, "--yes"]).ok();
    let wanted = world.rows("sales.orders");
    let next = world.back_up("incremental");
    world.sql("TRUNCATE TABLE sales.orders");
    world.restore(&next, &["--table", "orders"]);
    assert_eq!(world.rows("sales.orders"), wanted);
}

#[test]
fn a_partition_that_is_missing_is_added_and_an_undo_takes_it_away() {
    let world = World::with_sales();
    let (label, p1, _) = damaged(&world);
    world.sql("ALTER TABLE sales.orders DROP PARTITION p1 FORCE");
    let only = ["--partition", "orders.p1"];
    let plan = [&["restore", "--target-label", &label, "--plan"], &only[..]].concat();
    let said = world.brctl(&plan).ok();
    let part = "missing in the live table, and added: 1 partition (p1)";
    assert!(said.stdout.contains(part), "{said:#?}");
    let job = world.restore(&label, &only);
    assert_eq!(of_partition(&world, "sales.orders", "p1"), p1);
    world.brctl(&["undo", &job]).ok();
    let left: Vec<String> = identity(&world, "sales.orders")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(left, ["p2", "p3"]);
}

#[test]
fn a_partition_whose_place_is_taken_by_another_is_not_added_and_says_what_to_do() {
    let world = World::with_sales();
    let (label, ..) = damaged(&world);
    world.sql("ALTER TABLE sales.orders DROP PARTITION p3 FORCE");
    world.sql("ALTER TABLE sales.orders ADD PARTITION p4 VALUES LESS THAN ('2026-01-05')");
    let before = identity(&world, "sales.orders");
    let arguments = [
        "restore",
        "--target-label",
        &label,
        "--partition",
        "orders.p3",
        "--yes",
        "--json",
    ];
    let said = world.brctl(&arguments);
    assert_eq!(said.code, 1, "{said:#?}");
    let summary = &said.json()["summary"];
    let job = summary["job"].as_str().unwrap();
    let shown = world.brctl(&["show", job]).stdout;
    for part in [
        "is intersected with range",
        "drop it, or restore beside",
        "as they were",
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    assert_eq!(identity(&world, "sales.orders"), before);
    world.brctl(&["undo", job]).refused(
        5,
        &["made nothing live that could be taken back", "brctl show"],
    );
    world.assert_nothing_open();
}

#[test]
fn without_a_swap_the_live_partition_stays_until_somebody_says_so() {
    let world = World::with_sales();
    let (label, p1, _) = damaged(&world);
    let before = identity(&world, "sales.orders");
    let wrong = of_partition(&world, "sales.orders", "p1");
    let job = world.restore(&label, &["--partition", "orders.p1", "--no-swap"]);
    assert_eq!(identity(&world, "sales.orders"), before);
    assert_eq!(of_partition(&world, "sales.orders_restored", "p1"), p1);
    world.brctl(&["swap", &job, "--yes"]).ok();
    assert_eq!(of_partition(&world, "sales.orders", "p1"), p1);
    assert_eq!(of_partition(&world, "sales.orders_restored", "p1"), wrong);
    world.brctl(&["undo", &job]).ok();
    assert_eq!(of_partition(&world, "sales.orders", "p1"), wrong);
    assert_eq!(identity(&world, "sales.orders")[1..], before[1..]);
}

#[test]
fn every_kind_of_partition_goes_back() {
    let world = World::with_sales();
    let dist = "DISTRIBUTED BY HASH(id) BUCKETS 2";
    let kinds = [
        (
            "by_list",
            format!("(city VARCHAR(20) NOT NULL, id BIGINT) DUPLICATE KEY(city) PARTITION BY LIST(city) (PARTITION north VALUES IN ('it''s', 'b'), PARTITION south VALUES IN ('c')) {dist}"),
            ["('it''s', 1), ('b', 2)", "('c', 3)", "('b', 9)"],
        ),
        (
            "by_day",
            format!("(day DATETIME NOT NULL, id BIGINT) DUPLICATE KEY(day) PARTITION BY date_trunc('day', day) {dist}"),
            ["('2026-01-01 10:00:00', 1)", "('2026-01-02 10:00:00', 2)", "('2026-01-01 11:00:00', 9)"],
        ),
        (
            "by_value",
            format!("(city VARCHAR(20) NOT NULL, id BIGINT) DUPLICATE KEY(city) PARTITION BY (city) {dist}"),
            ["('a', 1)", "('b', 2)", "('a', 9)"],
        ),
        (
            "by_key",
            format!("(id BIGINT NOT NULL, v BIGINT) PRIMARY KEY(id) PARTITION BY RANGE(id) (PARTITION low VALUES LESS THAN ('10'), PARTITION high VALUES LESS THAN (MAXVALUE)) {dist}"),
            ["(1, 1)", "(11, 2)", "(1, 9)"],
        ),
        (
            "at_random",
            "(id BIGINT NOT NULL, v BIGINT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION low VALUES LESS THAN ('10'), PARTITION high VALUES LESS THAN ('20')) DISTRIBUTED BY RANDOM BUCKETS 2".to_owned(),
            ["(1, 1)", "(11, 2)", "(1, 9)"],
        ),
    ];
    for (table, columns, [one, other, _]) in &kinds {
        world.sql(&format!("CREATE TABLE sales.{table} {columns}"));
        world.sql(&format!("INSERT INTO sales.{table} VALUES {one}"));
        world.sql(&format!("INSERT INTO sales.{table} VALUES {other}"));
    }
    let label = world.back_up("full");
    for (table, _, [_, _, wrong]) in &kinds {
        let before = identity(&world, &format!("sales.{table}"));
        let table = format!("sales.{table}");
        // The one that the first rows are in.
        let rows = |world: &World| -> Vec<Rows> {
            before
                .iter()
                .filter(|(name, _)| !name.starts_with('$'))
                .map(|(name, _)| of_partition(world, &table, name))
                .collect()
        };
        let right = rows(&world);
        world.sql(&format!("INSERT INTO {table} VALUES {wrong}"));
        let damaged = rows(&world);
        let at = right
            .iter()
            .zip(&damaged)
            .position(|(one, other)| one != other)
            .unwrap();
        let named: Vec<&String> = before
            .iter()
            .map(|(name, _)| name)
            .filter(|name| !name.starts_with('$'))
            .collect();
        let partition = format!("{table}.{}", named[at]);
        let job = world.restore(&label, &["--partition", &partition]);
        assert_eq!(rows(&world), right, "{partition}");
        let still = |world: &World| {
            let now = identity(world, &table);
            let others = now.into_iter().filter(|(name, _)| name != named[at]);
            others.collect::<Vec<_>>()
        };
        let others: Vec<_> = before
            .iter()
            .filter(|(name, _)| name != named[at])
            .cloned()
            .collect();
        assert_eq!(still(&world), others, "{partition}");
        world.brctl(&["undo", &job]).ok();
        assert_eq!(rows(&world), damaged, "{partition}");
        assert_eq!(still(&world), others, "{partition}");
        // What makes its own partitions still does.
        world.sql(&format!("INSERT INTO {table} VALUES {wrong}"));
        world.brctl(&["discard", &job, "--yes"]).ok();
    }
    world.assert_nothing_open();
}

#[test]
fn what_cannot_be_put_back_is_refused_before_anything_is_downloaded() {
    let world = World::with_sales();
    world.sql("CREATE TABLE sales.weekly (day DATETIME NOT NULL, id BIGINT) DUPLICATE KEY(day) PARTITION BY time_slice(day, INTERVAL 7 day) DISTRIBUTED BY HASH(id)");
    world.sql("INSERT INTO sales.weekly VALUES ('2026-01-01 10:00:00', 1)");
    let weekly = world.cell("SELECT PARTITION_NAME FROM information_schema.partitions_meta WHERE TABLE_NAME = 'weekly' AND PARTITION_NAME NOT LIKE '$%'");
    world.sql("CREATE TABLE sales.gone (id BIGINT NOT NULL) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION low VALUES LESS THAN ('10')) DISTRIBUTED BY HASH(id)");
    world.sql("CREATE TABLE sales.other LIKE sales.gone");
    world.sql("CREATE TABLE sales.rolling (day DATE NOT NULL, id BIGINT) DUPLICATE KEY(day) PARTITION BY RANGE(day) (PARTITION p1 VALUES LESS THAN ('2026-01-02')) DISTRIBUTED BY HASH(id)");
    let label = world.back_up("full");
    world.sql("ALTER TABLE sales.orders ADD PARTITION p4 VALUES LESS THAN ('2026-01-05')");
    world.sql("DROP TABLE sales.gone FORCE");
    // Not by ALTER, which before 3.3 takes its time.
    world.sql("DROP TABLE sales.other FORCE");
    world.sql("CREATE TABLE sales.other (id BIGINT NOT NULL, more INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION low VALUES LESS THAN ('10')) DISTRIBUTED BY HASH(id)");
    world.sql("ALTER TABLE sales.rolling DROP PARTITION p1 FORCE");
    world.sql("ALTER TABLE sales.rolling SET ('dynamic_partition.enable' = 'true', 'dynamic_partition.time_unit' = 'DAY', 'dynamic_partition.end' = '3', 'dynamic_partition.prefix' = 'p', 'dynamic_partition.buckets' = '1')");
    let weekly = format!("weekly.{weekly}");
    let cases: [(&[&str], &[&str]); 8] = [
        (
            &["orders.p4"],
            &[
                "has no partition \"orders.p4\"",
                "is dropped by ALTER TABLE … DROP PARTITION",
            ],
        ),
        (
            &["orders"],
            &["has no partition \"orders\"", "named as TABLE.PARTITION"],
        ),
        (
            &["customers.customers"],
            &["table customers is not partitioned", "--table"],
        ),
        (&["gone.low"], &["sales.gone is gone", "--table"]),
        (
            &["other.low"],
            &[
                "sales.other has other columns, keys or buckets than it had in backup",
                "--no-swap",
            ],
        ),
        (
            &[&weekly],
            &[
                "table weekly makes its partitions by an expression",
                "--table weekly",
            ],
        ),
        (
            &["rolling.p1"],
            &[
                "partition p1 is not in the live table rolling, which drops partitions on its own: dynamic_partition.enable is true",
                "switch it off first: ALTER TABLE `sales`.`rolling` SET (\"dynamic_partition.enable\" = \"false\")",
            ],
        ),
        (
            &["orders.p1", "--no-swap", "--rename-suffix", "x y"],
            &["the suffix"],
        ),
    ];
    for (named, parts) in cases {
        let arguments = [
            &["restore", "--target-label", &label, "--yes", "--partition"],
            named,
        ]
        .concat();
        let code = if parts[0].contains("no partition") {
            4
        } else {
            5
        };
        world.brctl(&arguments).refused(code, parts);
    }
    let both = [
        "restore",
        "--target-label",
        &label,
        "--partition",
        "orders.p1",
        "--table",
        "orders",
    ];
    world.brctl(&both).refused(2, &["--partition", "--table"]);
    let left: Vec<String> = tables(&world)
        .into_iter()
        .filter(|name| name.contains("restored"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_partition_of_the_same_name_with_other_bounds_is_not_overwritten() {
    let world = World::with_sales();
    let label = world.back_up("full");
    world.sql("ALTER TABLE sales.orders DROP PARTITION p1 FORCE");
    world.sql("ALTER TABLE sales.orders ADD PARTITION p1 VALUES [('2026-01-01'), ('2026-01-02'))");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-01', 5, 5, 'mine')");
    let before = identity(&world, "sales.orders");
    let arguments = [
        "restore",
        "--target-label",
        &label,
        "--yes",
        "--partition",
        "orders.p1",
    ];
    let said = world.brctl(&arguments);
    assert_eq!(said.code, 1, "{said:#?}");
    let part = "partition p1 of the live table orders has other bounds than it had in the backup; the live tables are as they were";
    assert!(said.stdout.contains(part), "{said:#?}");
    assert_eq!(identity(&world, "sales.orders"), before);
    assert_eq!(tables(&world), ["customers", "orders"]);
}

#[test]
fn an_exchange_whose_answer_is_lost_is_done_once() {
    let world = World::with_sales();
    let (label, p1, _) = damaged(&world);
    world.sandbox.fail_next(
        "^ALTER TABLE `sales`.`orders` REPLACE",
        Effect::Done,
        SqlError::new(1064, "HY000", "Cannot open null host."),
    );
    let wrong = of_partition(&world, "sales.orders", "p1");
    world.restore(&label, &["--partition", "orders.p1"]);
    assert_eq!(of_partition(&world, "sales.orders", "p1"), p1);
    assert_eq!(of_partition(&world, "sales.orders_restored", "p1"), wrong);
}

#[track_caller]
fn assert_late_is_kept(world: &World) {
    let kept = of_partition(world, "sales.orders_restored", "p1");
    let is_late = |row: &Vec<Option<String>>| row[3].as_deref() == Some("late");
    assert!(kept.iter().any(is_late), "{kept:?}");
}

#[test]
fn what_is_loaded_before_an_exchange_is_tried_again_is_kept_too() {
    let world = World::with_sales();
    let (label, p1, _) = damaged(&world);
    world.sql("SANDBOX ON '^ALTER TABLE `sales`.`orders` REPLACE' BEFORE RUN 'INSERT INTO sales.orders VALUES (\"2026-01-01\", 99, 1, \"late\")'");
    world.sql("SANDBOX ON '^ALTER TABLE `sales`.`orders` REPLACE' TIMES 2 CUT");
    world.restore(&label, &["--partition", "orders.p1"]);
    assert_eq!(of_partition(&world, "sales.orders", "p1"), p1);
    assert_late_is_kept(&world);
}

#[test]
fn what_is_loaded_while_the_live_content_is_kept_is_kept_too() {
    let world = World::with_sales();
    let (label, p1, _) = damaged(&world);
    // Between the look at the live content and its copy's being held against it.
    world.sql("SANDBOX ON '^INSERT INTO `sales`.`orders_restored` TEMPORARY' AFTER RUN 'INSERT INTO sales.orders VALUES (\"2026-01-01\", 99, 1, \"late\")'");
    world.restore(&label, &["--partition", "orders.p1"]);
    assert_eq!(of_partition(&world, "sales.orders", "p1"), p1);
    assert_late_is_kept(&world);
}

#[test]
fn a_restore_killed_before_its_exchange_is_finished_by_the_next_start() {
    let mut world = World::with_sales();
    let (label, p1, _) = damaged(&world);
    let wrong = of_partition(&world, "sales.orders", "p1");
    let refused = "ALWAYS ERROR 1064 '42000' 'java.net.SocketException: Connection reset'";
    world.sql(&format!(
        "SANDBOX ON '^ALTER TABLE `sales`.`orders` REPLACE' {refused}"
    ));
    let arguments = [
        "restore",
        "--target-label",
        &label,
        "--yes",
        "--partition",
        "orders.p1",
    ];
    let mut watching = world.brctl_command(&arguments).spawn().unwrap();
    world.wait_for_log(&["waiting: ", "Connection reset"]);
    world.kill();
    watching.wait().unwrap();
    assert_eq!(of_partition(&world, "sales.orders", "p1"), wrong);
    // Comes while nobody looks: it must be in what is kept.
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-01', 13, 1, 'late')");
    world.sql("SANDBOX CLEAR FAULTS");
    world.start();
    world.wait_for_log(&["job ended", "is adopted"]);
    assert_eq!(of_partition(&world, "sales.orders", "p1"), p1);
    let kept = of_partition(&world, "sales.orders_restored", "p1");
    assert_eq!(kept.len(), wrong.len() + 1, "{kept:?}");
    identity(&world, "sales.orders");
    world.assert_nothing_open();
}

#[test]
fn an_undo_that_was_killed_is_finished_by_the_next_start() {
    let mut world = World::with_sales();
    let (label, p1, _) = damaged(&world);
    let wrong = of_partition(&world, "sales.orders", "p1");
    let job = world.restore(&label, &["--partition", "orders.p1"]);
    let refused = "ALWAYS ERROR 1064 '42000' 'java.net.SocketException: Connection reset'";
    world.sql(&format!(
        "SANDBOX ON '^ALTER TABLE `sales`.`orders` REPLACE' {refused}"
    ));
    let mut watching = world.brctl_command(&["undo", &job]).spawn().unwrap();
    world.wait_for_log(&["waiting: ", "Connection reset"]);
    world.kill();
    watching.wait().unwrap();
    assert_eq!(of_partition(&world, "sales.orders", "p1"), p1);
    world.sql("SANDBOX CLEAR FAULTS");
    world.start();
    world.wait_for_log(&["job ended", "is taken back"]);
    assert_eq!(of_partition(&world, "sales.orders", "p1"), wrong);
    assert_eq!(of_partition(&world, "sales.orders_restored", "p1"), p1);
    identity(&world, "sales.orders");
    world.assert_nothing_open();
}
