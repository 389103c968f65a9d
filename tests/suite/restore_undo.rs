//! Restores taken back and discarded while others have come in between: nothing is touched that another restore keeps, an undo is whole or
//! refused, and one that fails half way says what to run.

use starrocks_sandbox::answer::SqlError;
use starrocks_sandbox::engine::Effect;

use crate::world::World;

type Rows = Vec<Vec<Option<String>>>;

fn tables(world: &World) -> Vec<String> {
    let rows = world.sql("SHOW TABLES FROM sales");
    rows.into_iter()
        .map(|row| row[0].clone().unwrap())
        .collect()
}

fn both(world: &World) -> (Rows, Rows) {
    (world.rows("sales.customers"), world.rows("sales.orders"))
}

/// Loaded into both tables, so that each state differs from the others.
fn load(world: &World, id: u32) {
    world.sql(&format!(
        "INSERT INTO sales.customers VALUES ({id}, 'later')"
    ));
    world.sql(&format!(
        "INSERT INTO sales.orders VALUES ('2026-01-01', {id}, 1.00, 'later')"
    ));
}

#[test]
fn a_discard_leaves_what_a_later_restore_keeps() {
    let world = World::with_sales();
    let label = world.back_up("full");
    world.sql("DROP TABLE sales.customers FORCE");
    let first = world.restore(&label, &["--table", "customers"]);
    world.sql("INSERT INTO sales.customers VALUES (10, 'since'), (11, 'since')");
    let since = world.rows("sales.customers");
    let second = world.restore(&label, &["--table", "customers"]);
    assert_eq!(world.rows("sales.customers_restored"), since);
    let said = world.brctl(&["discard", &first, "--yes"]).ok();
    assert!(said.stdout.contains("nothing of it was left"), "{said:#?}");
    assert_eq!(world.rows("sales.customers_restored"), since);
    world.brctl(&["undo", &second]).ok();
    assert_eq!(world.rows("sales.customers"), since);
    world.assert_nothing_open();
}

#[test]
fn an_undo_below_a_later_restore_is_refused_whole_and_names_it() {
    let world = World::with_sales();
    let label = world.back_up("full");
    load(&world, 10);
    let before = both(&world);
    let first = world.restore(&label, &[]);
    load(&world, 11);
    let between = both(&world);
    let second = world.restore(&label, &["--table", "customers", "--rename-suffix", "_b"]);
    let after = both(&world);
    let standing = tables(&world);
    world.brctl(&["undo", &first]).refused(
        5,
        &[
            "nothing of it was",
            &format!("sales.customers was replaced by restore `{second}` since"),
            &format!("`brctl undo {second}` first"),
        ],
    );
    assert_eq!(both(&world), after);
    assert_eq!(tables(&world), standing);
    world.brctl(&["undo", &second]).ok();
    assert_eq!(both(&world), between);
    world.brctl(&["undo", &first]).ok();
    assert_eq!(both(&world), before);
    world.assert_nothing_open();
}

#[test]
fn an_undo_whose_kept_table_is_gone_touches_nothing() {
    let world = World::with_sales();
    let label = world.back_up("full");
    load(&world, 10);
    let job = world.restore(&label, &[]);
    let restored = both(&world);
    world.sql("ALTER TABLE sales.orders RENAME away");
    world.brctl(&["undo", &job]).refused(
        5,
        &[
            "sales.orders is gone",
            "ALTER TABLE `sales`.`orders_restored` RENAME `orders`",
        ],
    );
    world.sql("ALTER TABLE sales.away RENAME orders");
    world.sql("DROP TABLE sales.customers_restored FORCE");
    world.brctl(&["undo", &job]).refused(
        5,
        &["sales.customers_restored, which kept what was live before, is gone"],
    );
    assert_eq!(both(&world), restored);
    world.assert_nothing_open();
}

fn told(world: &World, job: &str, statement: &str) {
    let shown = world.brctl(&["show", job]).ok().stdout;
    for part in [
        "is half taken back",
        statement,
        &format!("brctl undo {job}"),
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    let discard = ["discard", job, "--yes"];
    world
        .brctl(&discard)
        .refused(5, &["is half taken back", "brctl undo"]);
}

#[test]
fn an_undo_that_fails_half_way_is_stuck_and_goes_on_when_asked_again() {
    let mut world = World::with_sales();
    let label = world.back_up("full");
    load(&world, 10);
    let before = both(&world);
    let job = world.restore(&label, &[]);
    let restored = both(&world);
    let swap = "ALTER TABLE `sales`.`customers` SWAP WITH `customers_restored`";
    world
        .sandbox
        .fail_next(&format!("^{swap}"), Effect::None, SqlError::plain("no"));
    let said = world.brctl(&["undo", &job]);
    assert_eq!(said.code, 1, "{said:#?}");
    for part in ["is half taken back", "needs a person"] {
        assert!(said.stdout.contains(part), "{part:?} is not in {said:#?}");
    }
    assert_eq!(both(&world), (restored.0, before.1.clone()));
    world.wait_for_status("needs a person");
    told(&world, &job, swap);
    world.kill();
    world.start();
    told(&world, &job, swap);
    world.wait_for_status(&format!("restore {job} is half taken back"));
    // By hand, as it was said, or not at all: the second undo goes on either way.
    world.sql(swap);
    world.brctl(&["undo", &job]).ok();
    assert_eq!(both(&world), before);
    let shown = world.brctl(&["show", &job]).ok().stdout;
    assert!(!shown.contains("half taken back"), "{shown}");
    world.brctl(&["discard", &job, "--yes"]).ok();
    assert_eq!(tables(&world), ["customers", "orders"]);
    world.assert_nothing_open();
}

#[test]
fn after_a_discard_there_is_no_undo_and_none_is_offered() {
    let world = World::with_sales();
    let label = world.back_up("full");
    load(&world, 10);
    let job = world.restore(&label, &[]);
    let shown = world.brctl(&["show", &job]).ok().stdout;
    assert!(shown.contains(&format!("`brctl undo {job}`")), "{shown}");
    world.brctl(&["discard", &job, "--yes"]).ok();
    world
        .brctl(&["undo", &job])
        .refused(5, &["was discarded", "brctl backups"]);
    let shown = world.brctl(&["show", &job]).ok().stdout;
    assert!(
        !shown.contains("brctl undo") && !shown.contains("brctl discard"),
        "{shown}"
    );
    let undone = world.restore(&label, &["--table", "customers"]);
    world.brctl(&["undo", &undone]).ok();
    let shown = world.brctl(&["show", &undone]).ok().stdout;
    assert!(
        !shown.contains("brctl undo") && shown.contains("brctl discard"),
        "{shown}"
    );
}

#[test]
fn partitions_are_not_put_back_into_another_table_than_they_were_taken_from() {
    let world = World::with_sales();
    let label = world.back_up("full");
    load(&world, 10);
    let parts = world.restore(&label, &["--partition", "orders.p1"]);
    load(&world, 11);
    let whole = world.restore(&label, &["--table", "orders", "--rename-suffix", "_whole"]);
    let after = both(&world);
    world.brctl(&["undo", &parts]).refused(
        5,
        &[
            &format!("sales.orders was replaced by restore `{whole}` since"),
            &format!("`brctl undo {whole}` first"),
        ],
    );
    assert_eq!(both(&world), after);
    world.brctl(&["undo", &whole]).ok();
    world.brctl(&["undo", &parts]).ok();
    world.assert_nothing_open();
}

#[test]
fn of_two_restores_of_one_partition_the_later_is_taken_back_first() {
    let world = World::with_sales();
    let label = world.back_up("full");
    load(&world, 10);
    let before = both(&world);
    let first = world.restore(&label, &["--partition", "orders.p1"]);
    load(&world, 11);
    let second = world.restore(
        &label,
        &["--partition", "orders.p1", "--rename-suffix", "_second"],
    );
    world.brctl(&["undo", &first]).refused(
        5,
        &[&format!(
            "partition p1 of sales.orders was put back again by restore `{second}` since"
        )],
    );
    world.brctl(&["undo", &second]).ok();
    world.brctl(&["undo", &first]).ok();
    assert_eq!(world.rows("sales.orders"), before.1);
}

#[test]
fn an_undo_that_was_killed_between_two_tables_is_finished_by_the_next_start() {
    let mut world = World::with_sales();
    let label = world.back_up("full");
    load(&world, 10);
    let before = both(&world);
    let job = world.restore(&label, &[]);
    let restored = both(&world);
    world.sql("SANDBOX ON '^ALTER TABLE `sales`.`customers` SWAP' ALWAYS ERROR 1064 '42000' 'java.net.SocketException: Connection reset'");
    let mut watching = world.brctl_command(&["undo", &job]).spawn().unwrap();
    world.wait_for_log(&["waiting: ", "Connection reset"]);
    world.kill();
    watching.wait().unwrap();
    assert_eq!(both(&world), (restored.0, before.1.clone()));
    world.sql("SANDBOX CLEAR FAULTS");
    world.start();
    world.wait_for_log(&["job ended", "is taken back"]);
    assert_eq!(both(&world), before);
    world.assert_nothing_open();
}
