//! What a backup holds, and what is recorded about it.

use crate::world::World;

fn history(world: &World, label: &str, column: &str) -> Option<String> {
    world.sql(&format!(
        "SELECT {column} FROM ops.backup_history WHERE label = '{label}'"
    ))[0][0]
        .clone()
}

fn partitions(world: &World, label: &str) -> Vec<String> {
    let rows = world.sql(&format!(
        "SELECT table_name, partition_name FROM ops.backup_partitions WHERE label = '{label}' ORDER BY table_name, partition_name"
    ));
    rows.into_iter()
        .map(|row| format!("{}.{}", row[0].clone().unwrap(), row[1].clone().unwrap()))
        .collect()
}

#[test]
fn a_full_holds_every_partition_and_leaves_nothing_open() {
    let world = World::with_sales();
    let label = world.back_up("full");
    assert_eq!(history(&world, &label, "status").unwrap(), "FINISHED");
    assert_eq!(history(&world, &label, "partition_count").unwrap(), "4");
    assert_eq!(
        partitions(&world, &label),
        ["customers.customers", "orders.p1", "orders.p2", "orders.p3"]
    );
    let snapshot = &world.sql(&format!(
        "SHOW SNAPSHOT ON nightly WHERE SNAPSHOT = '{label}'"
    ))[0];
    assert_eq!(snapshot[1], history(&world, &label, "snapshot_timestamp"));
    assert_eq!(snapshot[2].as_deref(), Some("OK"));
    assert_eq!(world.cell("SELECT state FROM ops.run_status"), "FINISHED");
    world.assert_nothing_open();
}

#[test]
fn an_incremental_holds_what_differs_from_the_full_and_nothing_else() {
    let world = World::with_sales();
    let full = world.back_up("full");
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-03', 9, 9, 'late')");
    world.sql("ALTER TABLE sales.orders ADD PARTITION p4 VALUES LESS THAN ('2026-01-05')");
    world.sql("TRUNCATE TABLE sales.orders PARTITION (p1)");
    let incremental = world.back_up("incremental");
    assert_eq!(
        partitions(&world, &incremental),
        ["orders.p1", "orders.p3", "orders.p4"]
    );
    assert_eq!(history(&world, &incremental, "baseline_label"), Some(full));
    let unchanged = format!(
        "SELECT state FROM ops.backup_tables WHERE label = '{incremental}' AND table_name = 'customers'"
    );
    assert_eq!(world.cell(&unchanged), "UNCHANGED");
}

#[test]
fn nothing_changed_is_a_recovery_point_without_a_backup() {
    let world = World::with_sales();
    world.back_up("full");
    let snapshots = world.sql("SHOW SNAPSHOT ON nightly").len();
    let label = world.back_up("incremental");
    assert_eq!(
        world.sql("SHOW SNAPSHOT ON nightly").len(),
        snapshots,
        "no BACKUP was sent"
    );
    assert_eq!(history(&world, &label, "status").unwrap(), "FINISHED");
    assert!(history(&world, &label, "verified_ms").is_some());
    let rows = world.rows("sales.orders");
    world.sql("TRUNCATE TABLE sales.orders");
    world.restore(&label, &[]);
    assert_eq!(world.rows("sales.orders"), rows);
}

#[test]
fn an_incremental_without_a_full_becomes_one_and_says_why() {
    let world = World::with_sales();
    let label = world.back_up("incremental");
    assert_eq!(history(&world, &label, "backup_type").unwrap(), "full");
    assert!(
        history(&world, &label, "error_message")
            .unwrap()
            .contains("no finished full backup"),
        "the reason is on record"
    );
}

#[test]
fn a_full_whose_snapshot_is_gone_is_no_baseline() {
    let world = World::with_sales();
    let full = world.back_up("full");
    let repository = world.folder.path().join("cluster");
    let gone = find(&repository, &format!("__ss_{full}")).expect("the snapshot has a folder");
    std::fs::remove_dir_all(gone).unwrap();
    let label = world.back_up("incremental");
    assert_eq!(history(&world, &label, "backup_type").unwrap(), "full");
    assert!(
        history(&world, &label, "error_message")
            .unwrap()
            .contains("is gone from the repository")
    );
}

fn find(folder: &std::path::Path, name: &str) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(folder).ok()? {
        let path = entry.ok()?.path();
        if path.file_name().is_some_and(|found| found == name) {
            return Some(path);
        }
        if let Some(found) = path.is_dir().then(|| find(&path, name)).flatten() {
            return Some(found);
        }
    }
    None
}

#[test]
fn a_group_of_several_databases_is_one_run_with_a_label_each() {
    let world = World::with_sales();
    world.sql("CREATE DATABASE stock");
    world.sql("CREATE TABLE stock.items (id BIGINT NOT NULL, n INT) PRIMARY KEY(id) DISTRIBUTED BY HASH(id)");
    world.put_in_group("daily", "stock", "items");
    world
        .brctl(&[
            "backup",
            "full",
            "--group",
            "daily",
            "--name",
            "before-upgrade",
        ])
        .ok();
    let rows =
        world.sql("SELECT label, database_name, run_id FROM ops.backup_history ORDER BY label");
    let labels: Vec<&str> = rows.iter().map(|row| row[0].as_deref().unwrap()).collect();
    assert_eq!(labels, ["before-upgrade_sales", "before-upgrade_stock"]);
    assert_eq!(rows[0][2], rows[1][2], "one run");
}

#[test]
fn what_cannot_be_backed_up_is_left_out_and_said() {
    let world = World::with_sales();
    world.sql(
        "CREATE VIEW sales.totals AS SELECT day, COUNT(*) AS n FROM sales.orders GROUP BY day",
    );
    world.put_in_group("daily", "sales", "forgotten");
    let said = world.brctl(&["backup", "full", "--group", "daily"]).ok();
    assert!(
        said.stderr
            .contains("sales.totals is not in the backup: it is a view"),
        "{said:#?}"
    );
    assert!(
        said.stderr
            .contains("sales.forgotten is not in the backup: it does not exist"),
        "{said:#?}"
    );
    let label = world.cell("SELECT label FROM ops.backup_history");
    let shown = world.brctl(&["show", &label]).ok();
    assert!(
        shown.stdout.contains("totals") && shown.stdout.contains("forgotten"),
        "{shown:#?}"
    );
}

#[test]
fn a_taken_label_gets_a_number_wherever_it_is_taken() {
    let world = World::with_sales();
    let first = world.back_up("full");
    // Taken in the repository only, as after another cluster's backup.
    world.sql(&format!(
        "DELETE FROM ops.backup_history WHERE label = '{first}'"
    ));
    assert_eq!(world.back_up("full"), format!("{first}_r1"));
    assert_eq!(world.back_up("full"), format!("{first}_r2"));
}

#[test]
fn names_with_quotes_unicode_and_reserved_words_are_backed_up_and_restored() {
    let world = World::with_sales();
    let odd = [
        "select",
        "Größe",
        "it's",
        "a b",
        "日本",
        "a\"b",
        "back\\slash",
    ];
    for name in odd {
        world.sql(&format!("CREATE TABLE sales.`{name}` (id BIGINT NOT NULL, v STRING) PRIMARY KEY(id) DISTRIBUTED BY HASH(id)"));
        world.sql(&format!("INSERT INTO sales.`{name}` VALUES (1, 'v')"));
    }
    let label = world.back_up("full");
    for name in odd {
        world.sql(&format!("INSERT INTO sales.`{name}` VALUES (2, 'w')"));
    }
    world.restore(&label, &[]);
    for name in odd {
        assert_eq!(world.rows(&format!("sales.`{name}`")).len(), 1, "{name}");
    }
}

#[test]
fn somebody_elses_backup_is_waited_for() {
    let mut world = World::with_sales();
    world.sandbox.hold_jobs(true);
    world.sql("BACKUP SNAPSHOT sales.theirs TO nightly");
    let mut ours = world
        .brctl_command(&["backup", "full", "--group", "daily"])
        .spawn()
        .unwrap();
    world.wait_for_log(&["waiting", "Can only run one backup or restore job"]);
    world.sandbox.hold_jobs(false);
    assert!(ours.wait().unwrap().success());
    assert_eq!(
        world
            .sql("SELECT label FROM ops.backup_history WHERE status = 'FINISHED'")
            .len(),
        1
    );
}

#[test]
fn loads_during_the_upload_are_in_the_next_incremental() {
    let mut world = World::with_sales();
    world.sandbox.stall_transfers(Some("slow storage"));
    let mut full = world
        .brctl_command(&["backup", "full", "--group", "daily"])
        .spawn()
        .unwrap();
    world.wait_for_log(&["wait for the upload"]);
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-01', 77, 7, 'during')");
    world.sandbox.stall_transfers(None);
    assert!(full.wait().unwrap().success());
    let incremental = world.back_up("incremental");
    assert_eq!(partitions(&world, &incremental), ["orders.p1"]);
}

#[test]
fn a_lost_answer_to_backup_is_looked_for_and_never_sent_again() {
    use starrocks_sandbox::answer::SqlError;
    use starrocks_sandbox::engine::Effect;
    let world = World::with_sales();
    let lost = SqlError::plain("java.net.SocketTimeoutException: Read timed out");
    world
        .sandbox
        .fail_next("BACKUP SNAPSHOT", Effect::Done, lost);
    let label = world.back_up("full");
    assert_eq!(history(&world, &label, "status").unwrap(), "FINISHED");
    assert_eq!(world.sql("SHOW SNAPSHOT ON nightly").len(), 1);
}

#[test]
fn a_cancelled_backup_is_recorded_and_its_slot_released() {
    let mut world = World::with_sales();
    let mut waiting = world.begin_held_backup();
    let jobs = world.brctl(&["jobs", "--json"]).ok().json();
    let job = jobs["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|job| job["kind"] == "full")
        .unwrap()["job"]
        .as_str()
        .unwrap()
        .to_owned();
    world.brctl(&["cancel", &job]).ok();
    assert_eq!(waiting.wait().unwrap().code(), Some(1));
    world.sandbox.hold_jobs(false);
    assert_eq!(
        world.cell("SELECT status FROM ops.backup_history"),
        "CANCELLED"
    );
    assert_eq!(
        world.sql("SHOW BACKUP FROM sales")[0][3].as_deref(),
        Some("CANCELLED")
    );
    world.assert_nothing_open();
    world.back_up("full");
}

#[test]
fn two_groups_of_one_database_follow_one_another_under_labels_of_their_own() {
    let mut world = World::with_sales();
    world.put_in_group("dims", "sales", "customers");
    let mut first = world.begin_held_backup();
    let mut second = world
        .brctl_command(&["backup", "full", "--group", "dims"])
        .spawn()
        .unwrap();
    world.wait_for_log(&["waiting", "database `sales` is taken by backup"]);
    world.sandbox.hold_jobs(false);
    assert!(first.wait().unwrap().success());
    assert!(second.wait().unwrap().success());
    let rows =
        world.sql("SELECT inventory_group, status FROM ops.backup_history ORDER BY started_ms");
    let rows: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| (row[0].as_deref().unwrap(), row[1].as_deref().unwrap()))
        .collect();
    assert_eq!(rows, [("daily", "FINISHED"), ("dims", "FINISHED")]);
    let labels = world.sql("SELECT DISTINCT label FROM ops.backup_history");
    assert_eq!(labels.len(), 2);
    world.assert_nothing_open();
}

#[test]
fn rows_that_move_into_a_table_that_comes_before_the_cut_are_in_the_point() {
    let world = World::with_sales();
    let customers = world.rows("sales.customers");
    for moved in [
        "CREATE TABLE sales.moved LIKE sales.customers",
        "INSERT INTO sales.moved SELECT * FROM sales.customers",
        "DELETE FROM sales.customers WHERE id > 0",
    ] {
        world.sql(&format!(
            "SANDBOX ON '^BACKUP SNAPSHOT `sales`' BEFORE RUN '{moved}'"
        ));
    }
    let label = world.back_up("full");
    assert!(world.rows("sales.customers").is_empty());
    for table in ["customers", "moved"] {
        world.sql(&format!("DROP TABLE sales.{table} FORCE"));
    }
    world.restore(&label, &[]);
    assert_eq!(world.rows("sales.moved"), customers);
    assert!(world.rows("sales.customers").is_empty());
}

#[test]
fn where_new_tables_never_end_the_backup_does_and_names_them() {
    let world = World::with_sales();
    for attempt in ["full", "full_r1", "full_r2"] {
        world.sql(&format!(
            "SANDBOX ON '_{attempt}` TO `nightly`' AFTER RUN 'CREATE TABLE sales.staged_{attempt} LIKE sales.customers'"
        ));
    }
    let said = world.brctl(&["backup", "full", "--group", "daily"]).ok();
    let text = "tables that came to sales while the backup was taken are not in it: staged_full_r2";
    assert!(
        format!("{}{}", said.stdout, said.stderr).contains(text),
        "{said:#?}"
    );
}

#[test]
fn what_a_restore_keeps_is_in_no_backup_unless_it_is_named() {
    let world = World::with_sales();
    let label = world.back_up("full");
    world.sql("INSERT INTO sales.customers VALUES (9, 'late')");
    world.restore(&label, &[]);
    let held = |label: &str| {
        let held = format!(
            "SELECT table_name FROM ops.backup_tables WHERE label = '{label}' AND state = 'INCLUDED' ORDER BY table_name"
        );
        let rows = world.sql(&held).into_iter();
        rows.map(|mut row| row.remove(0).unwrap())
            .collect::<Vec<_>>()
    };
    let second = world.back_up("full");
    assert_eq!(held(&second), ["customers", "orders"]);
    // Under the same name, but somebody's.
    world.sql("DROP TABLE sales.orders_restored FORCE");
    world.sql("CREATE TABLE sales.orders_restored LIKE sales.customers");
    world.put_in_group("daily", "sales", "customers_restored");
    let third = world.back_up("full");
    assert_eq!(
        held(&third),
        [
            "customers",
            "customers_restored",
            "orders",
            "orders_restored"
        ]
    );
    world.restore(&second, &["--rename-suffix", "_again"]);
}

#[test]
fn a_row_with_a_label_that_nothing_can_name_hides_no_other() {
    let world = World::with_sales();
    let label = world.back_up("full");
    let odd = "x".repeat(124);
    world.sql(&format!(
        "INSERT INTO ops.backup_history (label, backup_type, status, repository, started_at) VALUES ('{odd}', 'full', 'FINISHED', 'nightly', '2026-01-01 00:00:00')"
    ));
    let said = world.brctl(&["backups"]).ok();
    assert!(said.stdout.contains(&label), "{said:#?}");
    world.restore(&label, &[]);
}
