//! Every due moment has an outcome on record.

use crate::world::World;

const EVERY_SECOND: &str = "version = 1\n[group.daily]\nincremental = \"* * * * * *\"\n";

#[test]
fn the_schedule_fires_and_its_moments_are_on_record() {
    let mut world = World::with_sales();
    world.write("schedule.toml", EVERY_SECOND);
    world.signal("HUP");
    world.wait_for_log(&["schedule reloaded", "group daily has changed"]);
    world.wait_for_log(&["job ended", "partitions"]);
    world.write(
        "schedule.toml",
        "version = 1\n[group.daily]\nfull = \"0 1 1 1 *\"\n",
    );
    world.brctl(&["reload"]).ok();
    assert_eq!(
        world.cell("SELECT status FROM ops.backup_history ORDER BY started_ms LIMIT 1"),
        "FINISHED"
    );
    assert_eq!(
        world.cell("SELECT `trigger` FROM ops.backup_history ORDER BY started_ms LIMIT 1"),
        "schedule"
    );
    world.signal("TERM");
    assert_eq!(world.wait_for_end(), 0);
    let fires = world.sql("SELECT outcome, run_id FROM ops.schedule_fires ORDER BY scheduled_ms");
    assert!(!fires.is_empty());
    assert_eq!(fires[0][0].as_deref(), Some("FINISHED"), "{fires:?}");
    world.assert_nothing_open();
}

#[test]
fn a_bad_schedule_changes_nothing_and_is_said() {
    let mut world = World::with_sales();
    world.write(
        "schedule.toml",
        "version = 1\n[group.daily]\nfull = \"61 1 * * *\"\n",
    );
    world
        .brctl(&["reload"])
        .refused(78, &["schedule.toml:3:", "stays in force"]);
    let status = world.brctl(&["status"]).ok();
    assert!(status.stdout.starts_with("brd is degraded"), "{status:#?}");
    assert!(
        status.stdout.contains("0 1 1 1 *") || status.stdout.contains("daily"),
        "{status:#?}"
    );
    world.signal("HUP");
    world.wait_for_log(&["the schedule was not reloaded"]);
    world.write(
        "schedule.toml",
        "version = 1\n[group.daily]\nfull = \"1 1 * * *\"\n",
    );
    world.brctl(&["reload"]).ok();
    assert!(
        world
            .brctl(&["status"])
            .ok()
            .stdout
            .starts_with("brd is well")
    );
}

#[test]
fn a_moment_missed_while_nobody_ran_is_caught_up_once() {
    let mut world = World::with_sales();
    world.signal("TERM");
    assert_eq!(world.wait_for_end(), 0);
    // The last moment on record lies three hours back; the group is due every hour.
    let then = chrono::Utc::now() - chrono::TimeDelta::hours(3);
    world.sql(&format!(
        "INSERT INTO ops.schedule_fires (fire_key, inventory_group, kind, scheduled_ms, claimed_by, claimed_ms, outcome) \
         VALUES ('old', 'daily', 'full', {0}, 'x', {0}, 'FINISHED')",
        then.timestamp_millis()
    ));
    world.write(
        "schedule.toml",
        "version = 1\n[group.daily]\nfull = \"0 * * * *\"\n",
    );
    world.start();
    world.wait_for_log(&["job ended", "sales_", "partitions"]);
    let fires = world.sql("SELECT outcome, reason FROM ops.schedule_fires WHERE fire_key <> 'old' ORDER BY scheduled_ms");
    let finished = fires
        .iter()
        .filter(|fire| fire[0].as_deref() == Some("FINISHED"))
        .count();
    assert_eq!(finished, 1, "{fires:?}");
    assert_eq!(
        world.cell("SELECT `trigger` FROM ops.backup_history"),
        "catch-up"
    );
    world.signal("TERM");
    assert_eq!(world.wait_for_end(), 0);
    let fires = world.sql("SELECT outcome, reason FROM ops.schedule_fires WHERE fire_key <> 'old' ORDER BY scheduled_ms");
    assert!((2..=4).contains(&fires.len()), "{fires:?}");
    for fire in &fires[..fires.len() - 1] {
        assert_eq!(fire[0].as_deref(), Some("SKIPPED"));
        assert!(
            fire[1].as_deref().unwrap().contains("covered by"),
            "{fire:?}"
        );
    }
}

#[test]
fn sigterm_lets_a_running_backup_finish() {
    let mut world = World::with_sales();
    let mut watching = world.begin_held_backup();
    world.signal("TERM");
    world.wait_for_log(&["asked to stop"]);
    world
        .brctl(&["backup", "full", "--group", "daily"])
        .refused(5, &["stopping"]);
    world.sandbox.hold_jobs(false);
    assert_eq!(world.wait_for_end(), 0);
    assert!(
        watching.wait().unwrap().success(),
        "whoever watched saw it end"
    );
    assert_eq!(
        world.cell("SELECT status FROM ops.backup_history"),
        "FINISHED"
    );
    world.assert_nothing_open();
}

#[test]
fn a_second_sigterm_leaves_the_job_to_the_cluster() {
    let mut world = World::with_sales();
    let mut watching = world.begin_held_backup();
    world.signal("TERM");
    world.wait_for_log(&["asked to stop"]);
    world.signal("TERM");
    assert_eq!(world.wait_for_end(), 0);
    watching.wait().unwrap();
    assert_eq!(world.cell("SELECT state FROM ops.run_status"), "ACTIVE");
    world.sandbox.hold_jobs(false);
    world.start();
    world.wait_for_log(&["is adopted and recorded as finished"]);
}

#[test]
fn a_cluster_that_is_down_at_the_start_is_waited_for() {
    let mut world = World::new();
    let port = world.port;
    // A port that nobody listens on.
    let text = world
        .settings("repository = \"nightly\"")
        .replace(&port.to_string(), "1");
    world.write("brd.toml", &text);
    world.start();
    world.wait_for_log(&["waiting", "no frontend answers"]);
    let status = world.brctl(&["status"]).ok();
    assert!(status.stdout.contains("brd"), "{status:#?}");
    world
        .brctl(&["backup", "full", "--group", "daily"])
        .refused(1, &["no frontend answers", "help:"]);
    world.signal("TERM");
    assert_eq!(world.wait_for_end(), 0);
}

#[test]
fn a_due_group_that_is_not_in_the_inventory_fails_on_record() {
    let mut world = World::with_sales();
    world.write(
        "schedule.toml",
        "version = 1\n[group.nobody]\nfull = \"* * * * * *\"\n",
    );
    world.brctl(&["reload"]).ok();
    world.wait_for_log(&["job ended", "failed", "`nobody`"]);
    world.signal("TERM");
    assert_eq!(world.wait_for_end(), 0);
    let row = &world.sql("SELECT label, status, error_message, database_name FROM ops.backup_history ORDER BY started_ms LIMIT 1")[0];
    assert!(row[0].as_deref().unwrap().starts_with("nobody_"), "{row:?}");
    assert_eq!(row[1].as_deref(), Some("FAILED"));
    assert!(
        row[2].as_deref().unwrap().contains("ops.table_inventory"),
        "{row:?}"
    );
    assert_eq!(row[3], None);
    let fire = &world
        .sql("SELECT outcome, reason FROM ops.schedule_fires ORDER BY scheduled_ms LIMIT 1")[0];
    assert_eq!(fire[0].as_deref(), Some("FAILED"));
}

#[test]
fn a_schedule_of_every_second_is_looked_ahead_as_far_as_anybody_reads() {
    let world = World::with_sales();
    world.write("schedule.toml", EVERY_SECOND);
    world.brctl(&["reload"]).ok();
    let next = world
        .brctl(&["next", "--days", "366", "--json"])
        .ok()
        .json();
    let fires = next["fires"].as_array().unwrap();
    assert_eq!(fires.len(), 2_000, "and the daemon was not held up by it");
    world.write("schedule.toml", "version = 1\n");
    world.brctl(&["reload"]).ok();
}

#[test]
fn what_would_keep_backups_from_running_is_in_the_verdict() {
    let mut world = World::new();
    world.start();
    world.wait_for_status("the ops tables are not complete");
    world.brctl(&["init"]).ok();
    world.wait_for_status("names the inventory group `daily`");
    world.sql("CREATE DATABASE sales");
    world.put_in_group("daily", "sales", "*");
    world.brctl(&["reload"]).ok();
    world.wait_for_status("brd is well");
}
