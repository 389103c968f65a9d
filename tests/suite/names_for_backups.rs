//! `backup --name`: what the name of a backup says must be true, for where all else is lost only the name tells a full from an incremental.

use crate::world::{Said, World};

fn named(world: &World, kind: &str, name: &str) -> Said {
    world.brctl(&["backup", kind, "--group", "daily", "--name", name])
}

#[test]
fn an_incremental_is_never_named_as_a_full_and_no_backup_as_one_of_ops() {
    let world = World::with_sales();
    world.back_up("full");
    world.sql("INSERT INTO sales.customers VALUES (9, 'x')");
    for name in ["sales_20261127_full", "sales_20261127_full_r10"] {
        let parts = [name, "the name of a full", "help: leave --name out"];
        named(&world, "incremental", name).refused(2, &parts);
    }
    for kind in ["full", "incremental"] {
        let parts = ["`brd_ops_mine`", "help: give one that does not begin with"];
        named(&world, kind, "brd_ops_mine").refused(2, &parts);
    }
    assert_eq!(world.sql("SELECT * FROM ops.backup_history").len(), 1);
    named(&world, "incremental", "before-upgrade").ok();
    // With several databases each one's own is put behind, and that counts.
    world.sql("CREATE DATABASE z_20261127_full");
    world.put_in_group("daily", "z_20261127_full", "*");
    named(&world, "incremental", "mine").refused(2, &["`mine_z_20261127_full`"]);
}

#[test]
fn a_full_whose_name_does_not_say_so_is_told_what_that_may_cost() {
    let world = World::with_sales();
    let said = named(&world, "full", "before-upgrade").ok();
    let finding = "`before-upgrade` is not the name of a full: if the cluster is lost with every backup of ops and the mirror, \
                   `brctl recover` takes it for an incremental";
    assert!(said.stderr.contains(finding), "{said:#?}");
    let said = named(&world, "full", "upgrade_20261127_full").ok();
    assert!(
        !said.stderr.contains("is not the name of a full"),
        "{said:#?}"
    );
}
