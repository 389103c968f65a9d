//! Chains of more than two links: what an incremental is compared with where the group's `chain` is "incremental", and that every point
//! of such a chain comes back exactly.

use std::fs::remove_dir_all;

use starrocks_sandbox::answer::SqlError;
use starrocks_sandbox::engine::Effect;
use starrocks_sandbox::release::Release;

use crate::world::{World, suite_release};

type Rows = Vec<Vec<Option<String>>>;

/// A recovery point, and what the two tables held then.
struct Point {
    label: String,
    orders: Rows,
    customers: Rows,
}

#[test]
fn a_column_that_goes_and_comes_again_as_it_was_is_a_change() {
    // Before, a column comes and goes by a job that takes its time.
    if suite_release() < Release::V3_3 {
        return;
    }
    let world = World::with_sales();
    world.sql("CREATE TABLE sales.grades (id INT NOT NULL, w INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)");
    world.sql("ALTER TABLE sales.grades ADD COLUMN x INT DEFAULT '5'");
    world.sql("INSERT INTO sales.grades VALUES (1, 1, 11), (2, 2, 22)");
    world.back_up("full");
    world.sql("ALTER TABLE sales.grades DROP COLUMN x");
    world.sql("ALTER TABLE sales.grades ADD COLUMN x INT DEFAULT '5'");
    let renewed = world.rows("sales.grades");
    let first = world.back_up("incremental");
    // It differs from the full for as long as that is the baseline.
    let second = world.back_up("incremental");
    world.sql("TRUNCATE TABLE sales.grades");
    for label in [first, second] {
        let job = world.restore(&label, &["--table", "grades"]);
        assert_eq!(world.rows("sales.grades"), renewed, "{label}");
        world.brctl(&["discard", &job, "--yes"]).ok();
    }
}

impl World {
    /// The group `daily` with these keys.
    fn chained(&self, keys: &str) {
        let text = format!(
            "version = 1\n[group.daily]\nfull = \"0 1 1 1 *\"\nincremental = \"0 1 2 1 *\"\nchain = \"incremental\"\n{keys}"
        );
        self.write("schedule.toml", &text);
        self.brctl(&["reload"]).ok();
    }

    fn point(&self, kind: &str) -> Point {
        Point {
            label: self.back_up(kind),
            orders: self.rows("sales.orders"),
            customers: self.rows("sales.customers"),
        }
    }

    /// The next load, and an incremental of it.
    fn load(&self, id: u32) -> Point {
        self.sql(&format!(
            "INSERT INTO sales.orders VALUES ('2026-01-0{}', {id}, 1.00, 'load')",
            id % 3 + 1
        ));
        self.point("incremental")
    }

    fn of_history(&self, label: &str, column: &str) -> Option<String> {
        let cell = format!("SELECT {column} FROM ops.backup_history WHERE label = '{label}'");
        self.sql(&cell)[0][0].clone()
    }

    #[track_caller]
    fn assert_compared(&self, point: &Point, with: &Point) {
        let baseline = self.of_history(&point.label, "baseline_label");
        assert_eq!(baseline.as_deref(), Some(&*with.label), "{}", point.label);
    }

    #[track_caller]
    fn assert_restores(&self, point: &Point) {
        self.sql("TRUNCATE TABLE sales.orders");
        self.sql("DELETE FROM sales.customers WHERE id > 0");
        let job = self.restore(&point.label, &[]);
        assert_eq!(self.rows("sales.orders"), point.orders, "{}", point.label);
        let customers = self.rows("sales.customers");
        assert_eq!(customers, point.customers, "{}", point.label);
        self.brctl(&["discard", &job, "--yes"]).ok();
    }

    fn lose_snapshot(&self, point: &Point) {
        let repository = self.sandbox.repository_directory("nightly").unwrap();
        remove_dir_all(repository.join(format!("__ss_{}", point.label))).unwrap();
    }
}

#[test]
fn every_point_of_a_chain_comes_back_exactly() {
    let world = World::with_sales();
    world.chained("");
    let full = world.point("full");
    world.sql("ALTER TABLE sales.orders DROP PARTITION p2 FORCE");
    world.sql("INSERT INTO sales.customers VALUES (3, 'z')");
    let first = world.point("incremental");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-03', 9, 9, 'late')");
    let second = world.point("incremental");
    // Another table under the name, and the partition again, with other rows.
    world.sql("DROP TABLE sales.customers FORCE");
    world.sql("CREATE TABLE sales.customers (id BIGINT NOT NULL, name STRING) PRIMARY KEY(id) DISTRIBUTED BY HASH(id)");
    world.sql("INSERT INTO sales.customers VALUES (7, 'new')");
    world.sql("ALTER TABLE sales.orders ADD PARTITION p2 VALUES [('2026-01-02'), ('2026-01-03'))");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-02', 22, 2, 'again')");
    let third = world.point("incremental");
    world.sql("TRUNCATE TABLE sales.orders PARTITION (p1)");
    let fourth = world.point("incremental");

    let chain = [&full, &first, &second, &third, &fourth];
    for pair in chain.windows(2) {
        world.assert_compared(pair[1], pair[0]);
    }
    // Of the four only what changed since the one before.
    let held = |point: &Point| world.of_history(&point.label, "partition_count").unwrap();
    let counts = chain.map(held);
    assert_eq!(counts, ["4", "1", "1", "2", "1"]);
    let labels = chain.map(|point| point.label.as_str());
    let shown = world.brctl(&["show", &fourth.label]).ok();
    assert!(shown.stdout.contains(&labels.join(" -> ")), "{shown:#?}");
    for point in [&second, &fourth, &full, &third, &first] {
        world.assert_restores(point);
    }
    world.assert_nothing_open();
}

#[test]
fn a_chain_that_is_as_long_as_it_may_be_begins_again_at_the_full() {
    let world = World::with_sales();
    world.chained("max-chain-length = 3\n");
    let full = world.point("full");
    let first = world.load(10);
    let second = world.load(11);
    let third = world.load(12);
    let fourth = world.load(13);
    world.assert_compared(&second, &first);
    world.assert_compared(&third, &full);
    world.assert_compared(&fourth, &third);
    let said = format!(
        "compared with `{}`: the chain of `{}` is as long as `max-chain-length` = 3 allows",
        full.label, second.label
    );
    assert_eq!(
        world.of_history(&third.label, "error_message"),
        Some(said.clone())
    );
    assert_eq!(world.of_history(&fourth.label, "error_message"), None);
    let shown = world.brctl(&["show", &third.label]).ok();
    assert!(shown.stdout.contains(&said), "{shown:#?}");
    for point in [&fourth, &second] {
        world.assert_restores(point);
    }
}

#[test]
fn a_link_that_broke_is_passed_over_with_all_that_is_built_on_it() {
    let world = World::with_sales();
    world.chained("");
    let full = world.point("full");
    let first = world.load(10);
    let second = world.load(11);
    let third = world.load(12);
    world.lose_snapshot(&second);
    let fourth = world.load(13);
    world.assert_compared(&third, &second);
    world.assert_compared(&fourth, &first);
    assert_eq!(
        world.of_history(&fourth.label, "error_message"),
        Some(format!(
            "compared with `{}`: the newest backup is passed over: the snapshot of backup `{}` is gone from the repository",
            first.label, second.label
        ))
    );
    world.assert_restores(&fourth);
    let fifth = world.load(14);
    world.assert_compared(&fifth, &fourth);

    // Without the full nothing of it can be used.
    world.lose_snapshot(&full);
    let sixth = world.load(15);
    assert_eq!(
        world.of_history(&sixth.label, "backup_type").unwrap(),
        "full"
    );
    assert_eq!(
        world.of_history(&sixth.label, "error_message"),
        Some(format!(
            "taken as a full: the snapshot of backup `{}` is gone from the repository",
            full.label
        ))
    );
    let seventh = world.load(16);
    world.assert_compared(&seventh, &sixth);
    world.assert_restores(&seventh);
}

#[test]
fn a_snapshot_that_was_written_anew_is_no_link() {
    let world = World::with_sales();
    world.chained("");
    let full = world.point("full");
    let first = world.load(10);
    world.sql(&format!(
        "UPDATE ops.backup_history SET snapshot_timestamp = '2020-01-01-00-00-00-000' WHERE label = '{}'",
        first.label
    ));
    let second = world.load(11);
    world.assert_compared(&second, &full);
    let note = world.of_history(&second.label, "error_message").unwrap();
    assert!(
        note.contains("2020-01-01-00-00-00-000 was recorded"),
        "{note}"
    );
}

#[test]
fn a_moment_verified_unchanged_makes_no_chain_longer() {
    let world = World::with_sales();
    world.chained("max-chain-length = 3\n");
    world.point("full");
    let first = world.load(10);
    let quiet = [
        world.point("incremental"),
        world.point("incremental"),
        world.point("incremental"),
    ];
    for point in &quiet {
        world.assert_compared(point, &first);
        assert_eq!(world.of_history(&point.label, "snapshot_timestamp"), None);
    }
    let second = world.load(11);
    world.assert_compared(&second, &first);

    // One may be named all the same, and stands in the middle of a chain then, however long that gets.
    let [_, verified, _] = &quiet;
    world.sql("ALTER TABLE sales.orders DROP PARTITION p3 FORCE");
    let arguments = [
        "backup",
        "incremental",
        "--group",
        "daily",
        "--baseline-backup",
    ];
    world
        .brctl(&[&arguments[..], &[&verified.label, "--name", "by_name"]].concat())
        .ok();
    let named = Point {
        label: "by_name".to_owned(),
        orders: world.rows("sales.orders"),
        customers: world.rows("sales.customers"),
    };
    world.assert_compared(&named, verified);
    for point in [&quiet[2], &named, &second] {
        world.assert_restores(point);
    }
}

#[test]
fn a_link_is_adopted_after_a_kill_and_the_next_one_is_compared_with_it() {
    let mut world = World::with_sales();
    world.chained("");
    world.point("full");
    let first = world.load(10);
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-02', 50, 1.00, 'held')");
    world.sandbox.hold_jobs(true);
    let mut watching = world
        .brctl_command(&["backup", "incremental", "--group", "daily"])
        .spawn()
        .unwrap();
    world.wait_for_log(&["submit BACKUP", "_inc_r1"]);
    world.wait_for_log(&["wait for the cut"]);
    world.kill();
    watching.wait().unwrap();
    world.sandbox.hold_jobs(false);
    world.start();
    world.wait_for_log(&["job ended", "is adopted and recorded as finished"]);
    let label =
        world.cell("SELECT label FROM ops.backup_history ORDER BY finished_ms DESC LIMIT 1");
    let adopted = Point {
        label,
        orders: world.rows("sales.orders"),
        customers: world.rows("sales.customers"),
    };
    world.assert_compared(&adopted, &first);
    let last = world.load(11);
    world.assert_compared(&last, &adopted);
    for point in [&adopted, &last] {
        world.assert_restores(point);
    }
}

#[test]
fn a_prune_keeps_every_link_of_what_stays_and_drops_the_last_link_first() {
    let world = World::with_sales_of(Release::V4_2);
    world.chained("");
    let full = world.point("full");
    let first = world.load(10);
    let second = world.load(11);
    let third = world.load(12);
    let newer = world.point("full");
    world.chained("keep-fulls = 1\nkeep-floor = 1\n");
    world.brctl(&["pin", &second.label]).ok();
    let on_record = || {
        let rows = world.sql("SELECT label FROM ops.backup_history ORDER BY finished_ms");
        rows.into_iter()
            .map(|row| row[0].clone().unwrap())
            .collect::<Vec<_>>()
    };

    let said = world.brctl(&["prune", "--yes"]).ok();
    assert!(
        said.stdout.contains("1 dropped, 0 forgotten, 4 stay"),
        "{said:#?}"
    );
    assert_eq!(
        on_record(),
        [&full, &first, &second, &newer].map(|point| point.label.clone())
    );
    let shown = world.brctl(&["prune", "--plan"]).ok();
    for needs in [&first, &second] {
        assert!(
            shown.stdout.contains(&format!("needed by {}", needs.label)),
            "{shown:#?}"
        );
    }
    assert!(!world.brctl(&["backups"]).ok().stdout.contains(&third.label));
    world.assert_restores(&second);

    // What is not dropped keeps all that is below it, through every link.
    world.brctl(&["unpin", &second.label]).ok();
    let refused = SqlError::plain("the repository says no");
    world
        .sandbox
        .fail_next("^DROP SNAPSHOT", Effect::None, refused);
    world.brctl(&["prune", "--yes"]).ok();
    assert_eq!(
        on_record(),
        [&full, &first, &second, &newer].map(|point| point.label.clone())
    );
    world.brctl(&["prune", "--yes"]).ok();
    assert_eq!(on_record(), std::slice::from_ref(&newer.label));
}

#[test]
fn a_schedule_names_the_chain_for_its_fires_too() {
    let mut world = World::new();
    world.put_sales();
    world.write(
        "schedule.toml",
        "version = 1\n[defaults]\nchain = \"incremental\"\nmax-chain-length = 2\n[group.daily]\nincremental = \"* * * * * *\"\n",
    );
    world.start();
    world.brctl(&["init"]).ok();
    world.put_in_group("daily", "sales", "*");
    world.wait_for_log(&["job ended", "partitions"]);
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-01', 50, 1.00, 'fired')");
    let labels = "SELECT label FROM ops.backup_history WHERE backup_type = 'incremental' AND snapshot_timestamp IS NOT NULL";
    world.wait_for_status_where(|world| world.sql(labels).len() == 1);
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-02', 51, 1.00, 'fired')");
    world.wait_for_status_where(|world| world.sql(labels).len() == 2);
    let notes = world
        .sql("SELECT label FROM ops.backup_history WHERE error_message LIKE '%max-chain-length%'");
    assert!(!notes.is_empty());
}
