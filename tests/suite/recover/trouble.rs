//! A recovery that is killed, refused or cancelled: asked for again, it ends well.

use starrocks_sandbox::answer::SqlError;
use starrocks_sandbox::ast::{Consequence, StatementFault};
use starrocks_sandbox::engine::Effect;

use super::{Lost, Rows, recover, said, sales};
use crate::world::World;

/// Durable steps of a recovery, in order, by how their statements begin.
const STEPS: [&str; 9] = [
    "^RESTORE SNAPSHOT `ops`",
    "^UPDATE ops.run_status_recovered",
    "^DROP TABLE IF EXISTS `ops`.`run_status`",
    "^ALTER TABLE `ops`.`run_status_recovered` RENAME",
    "^INSERT INTO ops.run_status",
    "^ALTER TABLE `ops`.`backup_partitions_recovered` RENAME",
    "^DROP TABLE IF EXISTS `ops`.`backup_history`",
    "^ALTER TABLE `ops`.`backup_history_recovered` RENAME",
    "^UPDATE ops.run_status SET state = 'FINISHED'",
];

/// Which brd takes for trouble that may pass: it waits, and tries again.
const PASSING: &str = "Reach limit of connections";

/// What happens to the first statement that begins so; `times`: and to so many.
fn fault(
    step: &str,
    times: Option<u32>,
    effect: Effect,
    consequence: Consequence,
) -> StatementFault {
    StatementFault {
        pattern: step.to_owned(),
        nth: 1,
        times,
        chance: None,
        effect,
        consequence,
    }
}

/// At the first statement that begins so: tried again and again, so that the kill finds the daemon there. Then the next life begins.
fn kill_recovery_at(world: &mut World, step: &str, effect: Effect) {
    let passing = Consequence::Error(SqlError::plain(PASSING));
    world
        .sandbox
        .order_statement_fault(fault(step, None, effect, passing));
    let mut watching = world
        .brctl_command(&["recover", "--repository", "nightly"])
        .spawn()
        .unwrap();
    world.wait_for_log(&[PASSING]);
    world.kill();
    watching.wait().unwrap();
    world.sql("SANDBOX CLEAR FAULTS");
    world.start();
}

#[test]
fn a_recovery_that_is_killed_between_any_two_steps_is_finished_by_asking_again() {
    let lost = Lost::with_ops_backups();
    for step in STEPS {
        let mut world = lost.new_cluster();
        kill_recovery_at(&mut world, step, Effect::None);
        let again = recover(&world).ok();
        said(&again, &["2 of 2 recovery points are whole"]);
        world.assert_nothing_open();
        world
            .brctl(&["restore", "--target-label", &lost.incremental, "--yes"])
            .ok();
        assert_eq!(sales(&world), lost.at_incremental, "{step}");
    }
}

#[test]
fn an_answer_that_is_lost_changes_nothing() {
    let lost = Lost::with_ops_backups();
    let world = lost.new_cluster();
    for step in STEPS {
        world
            .sandbox
            .order_statement_fault(fault(step, Some(1), Effect::Done, Consequence::Cut));
    }
    said(&recover(&world).ok(), &["2 of 2 recovery points are whole"]);
    world.assert_nothing_open();
    lost.prove_restorable(&world);
}

/// A recovery whose RESTORE the cluster has and does not get on with.
fn held_in_its_first_restore(world: &mut World) -> std::process::Child {
    world.sandbox.hold_jobs(true);
    let watching = world
        .brctl_command(&["recover", "--repository", "nightly"])
        .spawn()
        .unwrap();
    world.wait_for_log(&["restore ops.table_inventory from"]);
    world.wait_for_status_where(|world| !world.sql("SHOW RESTORE FROM ops").is_empty());
    watching
}

#[test]
fn a_restore_of_ops_that_runs_on_after_the_kill_is_ended_first() {
    let lost = Lost::with_ops_backups();
    let mut world = lost.new_cluster();
    let mut watching = held_in_its_first_restore(&mut world);
    world.kill();
    watching.wait().unwrap();
    world.start();
    let mut again = world
        .brctl_command(&["recover", "--repository", "nightly"])
        .spawn()
        .unwrap();
    world.wait_for_log(&["a RESTORE of `brd_ops_"]);
    world.sandbox.hold_jobs(false);
    assert_eq!(again.wait().unwrap().code(), Some(0));
    lost.prove_restorable(&world);
}

#[test]
fn a_recovery_from_the_mirror_is_finished_by_the_next_life() {
    let lost = Lost::without_ops_backups();
    for step in [
        "^INSERT INTO ops.backup_partitions",
        "^INSERT INTO ops.backup_history",
    ] {
        let mut world = lost.new_cluster();
        std::fs::copy(lost.mirror(), world.folder.path().join("catalogue.jsonl")).unwrap();
        kill_recovery_at(&mut world, step, Effect::Done);
        world.wait_for_log(&[
            "job ended",
            "recovery is gone on with",
            "2 of 2 recovery points are whole",
        ]);
        world.assert_nothing_open();
        lost.prove_restorable(&world);
    }
}

#[test]
fn a_mirror_that_comes_too_late_is_refused_with_the_way_to_take_it() {
    let lost = Lost::without_ops_backups();
    let world = lost.new_cluster();
    let first = recover(&world);
    assert_eq!(first.code, 6, "{first:#?}");
    said(&first, &["when this is over, DROP DATABASE `ops`"]);
    let mirror = lost.mirror().display().to_string();
    let from_mirror = [
        "recover",
        "--repository",
        "nightly",
        "--from-mirror",
        &mirror,
    ];
    let parts = [
        "ops was recovered already, from what the repository's snapshots tell",
        &mirror,
        "DROP DATABASE `ops`",
    ];
    world.brctl(&from_mirror).refused(5, &parts);
    // As it says.
    world.sql("DROP DATABASE `ops`");
    let parts = [
        "ops is recovered from the mirror",
        "2 of 2 recovery points are whole",
    ];
    said(&world.brctl(&from_mirror).ok(), &parts);
    lost.prove_restorable(&world);
    // The same once more only looks.
    said(
        &world.brctl(&from_mirror).ok(),
        &["ops was recovered already"],
    );
}

#[test]
fn a_recovery_that_fails_is_taken_up_where_it_stands() {
    let lost = Lost::with_ops_backups();
    let world = lost.new_cluster();
    for step in STEPS {
        let refused = SqlError::plain("nobody knows why");
        world.sandbox.fail_next(step, Effect::None, refused);
        let said = recover(&world);
        assert_ne!(said.code, 2, "{said:#?}");
    }
    recover(&world).ok();
    world.assert_nothing_open();
    lost.prove_restorable(&world);
}

#[test]
fn a_recovery_that_is_cancelled_leaves_nothing_behind() {
    let lost = Lost::with_ops_backups();
    let mut world = lost.new_cluster();
    let mut watching = held_in_its_first_restore(&mut world);
    let jobs = world.brctl(&["jobs", "--json"]).ok().json();
    let jobs = jobs["jobs"].as_array().unwrap();
    let job = jobs.iter().find(|job| job["kind"] == "recover").unwrap();
    world.brctl(&["cancel", job["job"].as_str().unwrap()]).ok();
    assert_eq!(watching.wait().unwrap().code(), Some(1));
    world.sandbox.hold_jobs(false);
    assert_eq!(world.sql("SHOW TABLES FROM ops"), Rows::new());
    recover(&world).ok();
    lost.prove_restorable(&world);
}

#[test]
fn what_was_under_way_when_the_backup_of_ops_was_cut_is_closed_with_the_reason() {
    let lost = Lost::after(World::with_sales(), |world| {
        // Two slots and a due moment, as a daemon leaves them that is killed together with its cluster, in a backup of ops made by hand.
        world.sql(
            "INSERT INTO ops.run_status (scope, label, state, database_name, fence, owner, job_id, heartbeat_ms, context) VALUES \
             ('backup', 'sales_20990101_full', 'ACTIVE', 'sales', 99, 'gone', 'j1', 1, \
              '{\"run\":\"j1\",\"group\":\"daily\",\"kind\":\"full\",\"repository\":\"nightly\",\"baseline\":null,\"trigger\":\"request\",\"scheduled\":null,\"started\":\"2099-01-01T00:00:00Z\",\"job-timeout-secs\":600,\"note\":null}'), \
             ('restore', 'sales_20990101_inc', 'ACTIVE', 'other', 3, 'gone', 'j2', 1, '{}')",
        );
        world.sql(
            "INSERT INTO ops.schedule_fires (fire_key, inventory_group, kind, scheduled_ms, claimed_by, claimed_ms, run_id) \
             VALUES ('k', 'daily', 'full', 1, 'gone', 1, 'j1')",
        );
        world.sql("BACKUP SNAPSHOT ops.brd_ops_20990101_000000 TO nightly");
        world.wait_for_status_where(|world| {
            let shown = world.sql("SHOW BACKUP FROM ops");
            shown[0]
                .iter()
                .any(|cell| cell.as_deref() == Some("FINISHED"))
        });
    });
    let world = lost.new_cluster();
    let recovered = recover(&world).ok();
    said(
        &recovered,
        &[
            "slot of backup `sales_20990101_full` is closed: it was under way when `brd_ops_20990101_000000` was cut",
            "slot of restore `sales_20990101_inc` is closed",
        ],
    );
    world.assert_nothing_open();
    let row = world.sql(
        "SELECT status, error_message FROM ops.backup_history WHERE label = 'sales_20990101_full'",
    );
    assert_eq!(row[0][0].as_deref(), Some("CANCELLED"));
    assert!(
        row[0][1].as_ref().unwrap().contains("its cluster is gone"),
        "{row:?}"
    );
    lost.prove_restorable(&world);
}
