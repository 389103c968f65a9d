//! What a look at the catalogue takes for a table, where names there mean more than one thing.

use starrocks_sandbox::release::Release;

use crate::world::{World, suite_release};

fn backed_up(world: &World, label: &str) -> Vec<(String, String)> {
    let rows = world.sql(&format!(
        "SELECT table_name, state FROM ops.backup_tables WHERE label = '{label}' ORDER BY table_name"
    ));
    rows.into_iter()
        .map(|row| (row[0].clone().unwrap(), row[1].clone().unwrap()))
        .collect()
}

fn pair(table: &str, state: &str) -> (String, String) {
    (table.to_owned(), state.to_owned())
}

#[test]
fn a_table_named_like_another_tables_rollup_is_backed_up() {
    let world = World::with_sales();
    world.sql("ALTER TABLE sales.orders ADD ROLLUP customers (day, id)");
    let listed = "SELECT REFRESH_TYPE FROM information_schema.materialized_views WHERE TABLE_NAME = 'customers'";
    assert_eq!(world.cell(listed), "ROLLUP");
    let label = world.back_up("full");
    assert_eq!(
        backed_up(&world, &label),
        [pair("customers", "INCLUDED"), pair("orders", "INCLUDED")]
    );
}

#[test]
fn partitions_of_a_table_and_of_a_sessions_temporary_one_are_never_taken_for_one() {
    // A session has temporary tables of its own since 3.3 (StarRocks.g4, createTemporaryTableStatement).
    if suite_release() < Release::V3_3 {
        return;
    }
    let world = World::with_sales();
    let full = world.back_up("full");
    let rows = world.rows("sales.customers");
    let mut session = world.sandbox.session("root");
    let temporary =
        "CREATE TEMPORARY TABLE sales.customers (id BIGINT NOT NULL) DISTRIBUTED BY HASH(id)";
    world.sandbox.execute(&mut session, temporary).unwrap();
    let label = world.back_up("incremental");
    let said = world.brctl(&["show", &label]).ok();
    assert!(
        said.stdout
            .contains("shares its name with a session's temporary table"),
        "{said:#?}"
    );
    assert_eq!(
        backed_up(&world, &label),
        [pair("customers", "LEFT_OUT"), pair("orders", "UNCHANGED")]
    );
    world
        .sandbox
        .execute(&mut session, "DROP TABLE sales.customers")
        .unwrap();
    world.sql("TRUNCATE TABLE sales.customers");
    world.restore(&full, &["--table", "customers"]);
    assert_eq!(world.rows("sales.customers"), rows);
}
