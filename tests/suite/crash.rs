//! kill -9 at any moment is safe: the next start finishes the record.

use crate::world::World;

#[test]
fn a_backup_survives_the_daemon_that_started_it() {
    let mut world = World::with_sales();
    let mut watching = world.begin_held_backup();
    world.kill();
    // Whoever watched is told that the daemon went; the cluster's job goes on.
    assert_eq!(watching.wait().unwrap().code(), Some(7));
    assert_eq!(world.cell("SELECT state FROM ops.run_status"), "ACTIVE");
    world.sandbox.hold_jobs(false);
    world.start();
    world.wait_for_log(&["job ended", "is adopted and recorded as finished"]);
    assert_eq!(
        world.cell("SELECT status FROM ops.backup_history"),
        "FINISHED"
    );
    world.assert_nothing_open();
    let label = world.cell("SELECT label FROM ops.backup_history");
    let rows = world.rows("sales.orders");
    world.sql("TRUNCATE TABLE sales.orders");
    world.restore(&label, &[]);
    assert_eq!(world.rows("sales.orders"), rows);
}

#[test]
fn a_backup_that_ended_while_nobody_watched_is_found_in_the_repository() {
    let mut world = World::with_sales();
    let mut watching = world.begin_held_backup();
    world.kill();
    watching.wait().unwrap();
    world.sandbox.hold_jobs(false);
    for _ in 0..10 {
        world.sandbox.tick();
    }
    // A RESTORE pushes the BACKUP out of the one row that the cluster remembers.
    let label = world.cell("SELECT label FROM ops.run_status");
    let timestamp = world.sql(&format!(
        "SHOW SNAPSHOT ON nightly WHERE SNAPSHOT = '{label}'"
    ))[0][1]
        .clone()
        .unwrap();
    world.sql(&format!(
        "RESTORE SNAPSHOT sales.`{label}` FROM nightly ON (customers AS theirs) PROPERTIES ('backup_timestamp' = '{timestamp}')"
    ));
    world.start();
    world.wait_for_log(&["job ended", "is adopted and recorded as finished"]);
    assert_eq!(
        world.cell("SELECT status FROM ops.backup_history"),
        "FINISHED"
    );
    world.assert_nothing_open();
}

#[test]
fn a_backup_that_the_cluster_cancelled_meanwhile_is_recorded_as_failed() {
    let mut world = World::with_sales();
    let mut watching = world.begin_held_backup();
    world.kill();
    watching.wait().unwrap();
    world.sql("CANCEL BACKUP FROM sales");
    world.sandbox.hold_jobs(false);
    world.start();
    world.wait_for_log(&["job ended", "is recorded as failed"]);
    assert_eq!(
        world.cell("SELECT status FROM ops.backup_history"),
        "FAILED"
    );
    assert!(
        world
            .cell("SELECT error_message FROM ops.backup_history")
            .contains("user cancelled")
    );
    world.assert_nothing_open();
}

#[test]
fn a_restore_is_finished_by_the_next_life() {
    let mut world = World::with_sales();
    let label = world.back_up("full");
    let (orders, customers) = (world.rows("sales.orders"), world.rows("sales.customers"));
    world.sql("UPDATE sales.customers SET name = 'oops' WHERE id > 0");
    world.sql("DROP TABLE sales.orders FORCE");
    world.sandbox.stall_transfers(Some("slow"));
    let mut watching = world
        .brctl_command(&["restore", "--target-label", &label, "--yes"])
        .spawn()
        .unwrap();
    world.wait_for_log(&["step", "download customers"]);
    world.kill();
    watching.wait().unwrap();
    world.sandbox.stall_transfers(None);
    world.start();
    world.wait_for_log(&["job ended", "restored, verified and live"]);
    assert_eq!(
        (world.rows("sales.orders"), world.rows("sales.customers")),
        (orders, customers)
    );
    assert_eq!(
        world.cell("SELECT status FROM ops.restore_history"),
        "FINISHED"
    );
    world.assert_nothing_open();
}

#[test]
fn two_restores_of_one_backup_are_both_finished_by_the_next_life() {
    let mut world = World::with_sales();
    let label = world.back_up("full");
    let customers = world.rows("sales.customers");
    world.sql("UPDATE sales.customers SET name = 'oops' WHERE id > 0");
    world.sandbox.stall_transfers(Some("slow"));
    for into in ["sales", "copy"] {
        let restore = ["restore", "--target-label", &label, "--yes", "--no-wait"];
        let mut restore = restore.to_vec();
        restore.extend(["--into", into, "--table", "customers"]);
        world.brctl(&restore).ok();
        world.wait_for_log(&["step", "download customers"]);
    }
    world.kill();
    world.sandbox.stall_transfers(None);
    world.start();
    for _ in 0..2 {
        world.wait_for_log(&["is adopted: restored, verified and live"]);
    }
    for database in ["sales", "copy"] {
        assert_eq!(world.rows(&format!("{database}.customers")), customers);
    }
    world.assert_nothing_open();
}

#[test]
fn two_daemons_on_one_socket_are_one_too_many() {
    let mut world = World::with_sales();
    let mut second = World::new();
    let text = world.settings("repository = \"nightly\"");
    second.write("brd.toml", &text);
    let said = second.try_start().expect("it does not start");
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(
        said.stderr.contains(&world.socket().display().to_string()),
        "{said:#?}"
    );
    world.brctl(&["status"]).ok();
    world.signal("TERM");
    assert_eq!(world.wait_for_end(), 0);
}

#[test]
fn a_restore_that_was_being_taken_back_is_never_taken_up_again() {
    let mut world = World::with_sales();
    let label = world.back_up("full");
    world.sql("UPDATE sales.customers SET name = 'newer' WHERE id = 1");
    let customers = world.rows("sales.customers");
    world.sandbox.stall_transfers(Some("slow"));
    let mut watching = world
        .brctl_command(&["restore", "--target-label", &label, "--yes"])
        .spawn()
        .unwrap();
    world.wait_for_log(&["step", "download customers"]);
    world.kill();
    watching.wait().unwrap();
    // As a daemon leaves it that was told to cancel, and was killed right after it had decided to.
    world.sql("UPDATE ops.restore_steps SET state = 'UNDONE' WHERE step_no = 0");
    world.sandbox.stall_transfers(None);
    world.start();
    world.wait_for_log(&["job ended", "the live tables are as they were"]);
    assert_eq!(world.rows("sales.customers"), customers);
    assert_eq!(world.sql("SHOW TABLES FROM sales").len(), 2);
    assert_eq!(
        world.cell("SELECT status FROM ops.restore_history"),
        "FAILED"
    );
    world.assert_nothing_open();
}

#[test]
fn a_run_that_waited_for_its_turn_gets_it_in_the_next_life() {
    let mut world = World::with_sales();
    let mut watching = world.begin_held_backup();
    let due = chrono::Utc::now() + chrono::TimeDelta::seconds(2);
    let cron = due.format("%S %M %H %d %m *");
    world.write(
        "schedule.toml",
        &format!("version = 1\n[group.daily]\nincremental = \"{cron}\"\ncatch-up = \"none\"\n"),
    );
    world.brctl(&["reload"]).ok();
    world.wait_for_log(&["a waiting due moment is claimed"]);
    world.kill();
    watching.wait().unwrap();
    world.sandbox.hold_jobs(false);
    world.start();
    world.wait_for_log(&["job ended", "nothing changed since"]);
    world.signal("TERM");
    assert_eq!(world.wait_for_end(), 0);
    let fires = world.sql("SELECT outcome FROM ops.schedule_fires");
    assert_eq!(fires, [[Some("FINISHED".to_owned())]]);
    world.assert_nothing_open();
}

#[test]
fn a_job_of_an_earlier_life_is_still_known_by_its_id() {
    let mut world = World::with_sales();
    let label = world.back_up("full");
    let job = world.restore(&label, &["--table", "customers"]);
    let run = world.cell("SELECT run_id FROM ops.backup_history");
    world.kill();
    world.start();
    assert!(world.brctl(&["show", &job]).ok().stdout.contains(&label));
    assert!(world.brctl(&["show", &run]).ok().stdout.contains(&label));
    world.brctl(&["undo", &job]).ok();
}

#[test]
fn a_due_moment_whose_backup_was_never_sent_gets_its_run() {
    let mut world = World::with_sales();
    // The owner is told by a moment of this daemon's own.
    world.write(
        "schedule.toml",
        "version = 1\n[group.nobody]\nfull = \"* * * * * *\"\n",
    );
    world.brctl(&["reload"]).ok();
    world.wait_for_log(&["job ended", "failed", "`nobody`"]);
    world.write("schedule.toml", "version = 1\n");
    world.brctl(&["reload"]).ok();
    world.signal("TERM");
    assert_eq!(world.wait_for_end(), 0);
    let owner = world.cell("SELECT claimed_by FROM ops.schedule_fires LIMIT 1");
    world.sql("DELETE FROM ops.schedule_fires WHERE fire_key <> ''");
    // As a daemon leaves it that was killed between winning the slot and writing the manifest.
    let (due, ms) = ("2026-01-01T01:00:00Z", 1_767_229_200_000_i64);
    world.sql(&format!(
        "INSERT INTO ops.schedule_fires (fire_key, inventory_group, kind, scheduled_ms, claimed_by, claimed_ms, run_id) \
         VALUES (MD5('daily|full|{ms}'), 'daily', 'full', {ms}, '{owner}', {ms}, 'run-1')"
    ));
    let context = format!(
        "{{\"run\":\"run-1\",\"group\":\"daily\",\"kind\":\"full\",\"repository\":\"nightly\",\"baseline\":null,\
         \"trigger\":\"schedule\",\"scheduled\":\"{due}\",\"started\":\"{due}\",\"job-timeout-secs\":86400,\"note\":null}}"
    );
    world.sql(&format!(
        "INSERT INTO ops.run_status (scope, label, state, started_at, database_name, fence, owner, job_id, heartbeat_ms, context) \
         VALUES ('backup', 'sales_20260101_full', 'ACTIVE', '2026-01-01 01:00:00', 'sales', 1, '{owner}', 'run-1', {ms}, '{context}')"
    ));
    world.start();
    world.wait_for_log(&["its due moment gets its run"]);
    world.wait_for_log(&["job ended", "4 partitions"]);
    world.signal("TERM");
    assert_eq!(world.wait_for_end(), 0);
    let fires = world.sql("SELECT outcome FROM ops.schedule_fires");
    assert_eq!(fires, [[Some("FINISHED".to_owned())]]);
    world.assert_nothing_open();
}
