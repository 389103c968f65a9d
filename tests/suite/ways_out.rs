//! Where something is in the way, what is said names the way out, and the way works.

use crate::world::{World, release_without_drop};

#[test]
fn one_database_without_a_backup_keeps_no_other_of_its_group_from_being_restored() {
    let world = World::with_sales();
    world.back_up("full");
    world.sql("CREATE DATABASE newcomer");
    world.put_in_group("daily", "newcomer", "*");
    let wanted = ["restore", "--latest", "--group", "daily", "--plan"];
    let parts = [
        "no finished backup of database `newcomer`",
        "`--database NAME` restores the group's other databases",
    ];
    world.brctl(&wanted).refused(4, &parts);
    let one = [&wanted[..], &["--database", "sales"]].concat();
    world.brctl(&one).ok();
    // Of one database there are no others to speak of.
    let none = [&wanted[..], &["--database", "newcomer"]].concat();
    let said = world.brctl(&none).refused(4, &["`newcomer`"]);
    assert!(!said.stderr.contains("other databases"), "{said:#?}");
}

#[test]
fn a_check_tells_of_backends_that_are_not_alive() {
    let world = World::with_sales();
    world.brctl(&["check"]).ok();
    world.sandbox.set_backend_alive(0, false);
    let said = world.brctl(&["check"]).ok();
    assert!(
        said.stdout
            .contains("backends: 1 of 3 backends is not alive"),
        "{said:#?}"
    );
    for index in 1..3 {
        world.sandbox.set_backend_alive(index, false);
    }
    let said = world.brctl(&["check"]);
    assert_eq!(said.code, 1, "{said:#?}");
    for part in [
        "none of the cluster's 3 backends is alive",
        "bring the backends up",
    ] {
        assert!(said.stdout.contains(part), "{part:?} is not in {said:#?}");
    }
}

#[test]
fn a_restore_that_names_no_point_is_told_all_the_ways_to_name_one() {
    let world = World::new();
    let parts = ["--target-label <LABEL>", "--at <TIME>", "--latest"];
    world.brctl(&["restore"]).refused(2, &parts);
}

#[test]
fn a_partition_that_a_backup_does_not_hold_is_not_found() {
    let world = World::with_sales();
    let label = world.back_up("full");
    let wanted = [
        "restore",
        "--target-label",
        &label,
        "--partition",
        "orders.p99",
        "--plan",
    ];
    world
        .brctl(&wanted)
        .refused(4, &["orders.p99", "--partitions` lists what it holds"]);
}

#[test]
fn what_has_expired_says_so_in_each_plan_until_it_is_gone() {
    let world = World::with_sales_of(release_without_drop());
    let first = world.back_up("full");
    world.write(
        "schedule.toml",
        &format!(
            "{}keep-fulls = 1\nkeep-floor = 1\n",
            std::fs::read_to_string(world.folder.path().join("schedule.toml")).unwrap()
        ),
    );
    world.brctl(&["reload"]).ok();
    let current = ["restore", "--target-label", &first, "--plan"];
    assert!(!world.brctl(&current).ok().stdout.contains("expired"));
    world.back_up("full");
    let plan = world.brctl(&current).ok().stdout;
    assert!(
        plan.contains("expired") && plan.contains("retention lets it go"),
        "{plan}"
    );
    let plan = world.brctl(&["prune", "--plan"]).ok().stdout;
    assert!(
        plan.contains("nothing for brd to do until the directory above is deleted"),
        "{plan}"
    );
}

#[test]
fn the_last_run_of_a_group_is_a_backup_whatever_was_restored_since() {
    let world = World::with_sales();
    let label = world.back_up("full");
    world.restore(&label, &["--group", "daily"]);
    let status = world.brctl(&["status", "--json"]).ok().json();
    let last = &status["groups"][0]["last"];
    assert_eq!(
        (last["kind"].as_str(), last["labels"][0].as_str()),
        (Some("full"), Some(&*label))
    );
}

#[test]
fn whoever_looks_at_a_failed_job_is_not_sent_to_look_at_it() {
    let world = World::with_sales();
    world.put_in_group("empty", "nowhere", "*");
    let said = world.brctl(&["backup", "full", "--group", "empty"]);
    assert_eq!(said.code, 1, "{said:#?}");
    let jobs = world.brctl(&["jobs", "--json"]).ok().json();
    let all = jobs["jobs"].as_array().unwrap();
    let failed = all.iter().find(|job| job["state"] == "failed").unwrap();
    let shown = world.brctl(&["show", failed["job"].as_str().unwrap()]).ok();
    assert!(!shown.stdout.contains("tells what happened"), "{shown:#?}");
    assert!(
        shown.stdout.contains("`nowhere` does not exist"),
        "{shown:#?}"
    );
}
