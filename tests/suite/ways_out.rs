//! Where something is in the way, what is said names the way out, and the way works.

use crate::world::World;

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
