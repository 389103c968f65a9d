//! What is refused before a restore begins, and with which figures.

use brd::ctl::render::plan;
use brd::plan::restore::Room;

use crate::ctl_samples as samples;
use crate::world::World;

#[test]
fn a_plan_says_how_much_space_it_needs_and_whether_it_is_there() {
    let mut sample = samples::plan();
    let room = |available| Room {
        needed_bytes: sample.needed_bytes(),
        available_bytes: available,
        backends: 3,
    };
    let (wide, narrow) = (room(100 * samples::GIB), room(samples::GIB));
    assert!(!wide.is_short() && narrow.is_short());
    let line = |text: String| {
        let found = text.lines().find(|line| line.contains("space"));
        found.unwrap().trim().to_owned()
    };
    sample.room = Some(wide);
    insta::assert_snapshot!(line(plan::plan(&sample)), @"space       about 42.5 GiB on all replicas, of 100.0 GiB free on 3 backends");
    sample.room = Some(narrow);
    insta::assert_snapshot!(line(plan::plan(&sample)), @"space       about 42.5 GiB on all replicas, of 1.0 GiB free on 3 backends; that is not enough");
}

#[test]
fn a_restore_that_does_not_fit_is_refused_with_figures_unless_somebody_insists() {
    let world = World::with_sales();
    let label = world.back_up("full");
    // 2 TiB, of which three replicas are to be made on three disks of 1 TiB.
    world.sql(&format!(
        "UPDATE ops.backup_partitions SET data_bytes = 2199023255552 WHERE label = '{label}' AND table_name = 'customers'"
    ));
    let rows = world.rows("sales.customers");
    world.sql("TRUNCATE TABLE sales.customers");
    let arguments = ["restore", "--target-label", &label, "--yes"];
    world.brctl(&arguments).refused(
        5,
        &["the restore needs about ", "3 backends have 30", "--force"],
    );
    assert!(world.sql("SELECT * FROM ops.restore_history").is_empty());
    let said = world
        .brctl(&["restore", "--target-label", &label, "--plan"])
        .ok();
    assert!(said.stdout.contains("not enough"), "{said:#?}");
    world.restore(&label, &["--force"]);
    assert_eq!(world.rows("sales.customers"), rows);
}

#[test]
fn more_replicas_than_backends_are_refused_whoever_insists() {
    let world = World::with_sales();
    let label = world.back_up("full");
    let arguments = ["restore", "--target-label", &label, "--plan", "--json"];
    let mut plan = world.brctl(&arguments).ok().json();
    for table in plan["tables"].as_array_mut().unwrap() {
        table["replication_num"] = 4.into();
    }
    let said = run_plan(&world, &plan);
    assert!(
        said.contains("of the plan has 4 replicas, and 3 of 3 backends are alive"),
        "{said}"
    );
}

/// As somebody who kept it: what the daemon answers.
fn run_plan(world: &World, plan: &serde_json::Value) -> String {
    let body = format!("{{\"plan\": {plan}, \"force\": true}}");
    let output = std::process::Command::new("curl")
        .args(["--silent", "--show-error", "--unix-socket"])
        .arg(world.socket())
        .args(["--data-binary", &body, "http://brd/v1/restores"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_came_since_the_plan_and_goes_with_the_live_table_is_told() {
    let mut world = World::with_sales();
    let label = world.back_up("full");
    let arguments = ["restore", "--target-label", &label, "--plan", "--json"];
    let plan = world.brctl(&arguments).ok().json();
    world.sql("ALTER TABLE sales.orders ADD PARTITION late VALUES LESS THAN ('2027-01-01')");
    world.sql("INSERT INTO sales.customers VALUES (99, 'late')");
    let rows = world.rows("sales.customers");
    run_plan(&world, &plan);
    world.wait_for_log(&["1 partition more of customers changed or came since the plan was made"]);
    world.wait_for_log(&["1 partition more of orders changed or came since the plan was made"]);
    world.wait_for_log(&["job ended", "restored, verified and live"]);
    assert_eq!(world.rows("sales.customers_restored"), rows);
}
