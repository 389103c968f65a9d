//! The user that README.md tells operators to create for brd: with exactly those statements, it can do everything.

use crate::world::{World, suite_release};

const README: &str = include_str!("../../README.md");

/// As README.md has it, for the database `sales`.
const PASSWORD: &str = "a long password";

/// The block that creates the role and the user.
fn grants() -> Vec<&'static str> {
    let block = README
        .split("```sql\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .find(|block| block.contains("CREATE ROLE backup_operator"))
        .expect("README.md creates the role");
    block
        .split(';')
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .collect()
}

/// Those of them that are about the database `sales`: privileges go with a database that is dropped.
fn grants_of_sales() -> Vec<&'static str> {
    let found: Vec<&str> = grants()
        .into_iter()
        .filter(|statement| statement.contains("DATABASE sales"))
        .collect();
    assert_eq!(found.len(), 2, "README.md speaks of two lines");
    found
}

impl World {
    /// The documented user `brd`, with that password.
    pub fn create_operator(&self, password: &str) {
        self.sql("CREATE DATABASE IF NOT EXISTS sales");
        for statement in grants() {
            self.sql(&statement.replace(PASSWORD, password));
        }
    }

    /// As `settings`, for that user.
    pub fn operator_settings(&self, cluster: &str) -> String {
        self.settings(cluster)
            .replace("user = \"root\"", "user = \"brd\"")
    }

    /// The daemon is that user.
    fn be_operator(&mut self) {
        self.create_operator("right");
        let settings = self.operator_settings("repository = \"nightly\"");
        self.write(
            "brd.toml",
            &settings.replace("\"never\"", "\"after-each-run\""),
        );
        self.environment
            .push(("STARROCKS_PASSWORD", "right".into()));
    }
}

#[test]
fn with_the_documented_grants_all_of_it_works() {
    let mut world = World::new();
    world.put_sales();
    world.be_operator();
    world.start();
    world.brctl(&["init"]).ok();
    world.put_in_group("daily", "sales", "*");
    world.brctl(&["reload"]).ok();
    let checked = world.brctl(&["check"]).ok();
    assert!(!checked.stdout.contains("warning"), "{checked:#?}");
    // A backup that is cancelled is cancelled in the cluster too.
    let mut watching = world.begin_held_backup();
    let jobs = world.brctl(&["jobs", "--json"]).ok().json();
    let job = jobs["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|job| job["state"] == "running")
        .and_then(|job| job["job"].as_str())
        .unwrap()
        .to_owned();
    world.brctl(&["cancel", &job]).ok();
    watching.wait().unwrap();
    world.sandbox.hold_jobs(false);
    let state = world.sql("SHOW BACKUP FROM sales")[0][3].clone();
    assert_eq!(state.as_deref(), Some("CANCELLED"));
    let full = world.back_up("full");
    let (orders, customers) = (world.rows("sales.orders"), world.rows("sales.customers"));
    world.sql("INSERT INTO sales.orders VALUES ('2026-01-03', 9, 9.00, 'later')");
    let changed = world.rows("sales.orders");
    let incremental = world.back_up("incremental");
    world.brctl(&["pin", &full, "--until", "2999-12-31"]).ok();
    world.brctl(&["unpin", &full]).ok();
    world.brctl(&["prune", "--plan"]).ok();
    world.sql("TRUNCATE TABLE sales.orders");
    world.sql("DROP TABLE sales.customers FORCE");
    let of_ops =
        world.sql("SELECT status FROM ops.backup_history WHERE inventory_group = 'brd_ops'");
    assert_eq!(
        of_ops,
        [[Some("FINISHED".to_owned())], [Some("FINISHED".to_owned())]]
    );
    let restore = world.restore(&incremental, &[]);
    assert_eq!(world.rows("sales.orders"), changed);
    assert_eq!(world.rows("sales.customers"), customers);
    world.brctl(&["undo", &restore]).ok();
    assert!(world.rows("sales.orders").is_empty());
    world.brctl(&["discard", &restore, "--yes"]).ok();
    world.restore(&full, &[]);
    assert_eq!(world.rows("sales.orders"), orders);
    world.assert_nothing_open();
}

#[test]
fn a_database_that_is_gone_is_made_and_granted_again_before_it_is_restored() {
    let mut world = World::new();
    world.put_sales();
    world.be_operator();
    world.start();
    world.brctl(&["init"]).ok();
    world.put_in_group("daily", "sales", "*");
    let full = world.back_up("full");
    let orders = world.rows("sales.orders");
    world.sql("DROP DATABASE sales FORCE");
    world
        .brctl(&["restore", "--target-label", &full, "--yes"])
        .refused(
            1,
            &["CREATE DATABASE privilege", "help: grant it to the user"],
        );
    world.sql("CREATE DATABASE sales");
    for statement in grants_of_sales() {
        world.sql(statement);
    }
    world.restore(&full, &[]);
    assert_eq!(world.rows("sales.orders"), orders);
    world.assert_nothing_open();
}

#[test]
fn with_the_documented_grants_a_new_cluster_is_recovered() {
    let mut old = World::new();
    old.put_sales();
    old.be_operator();
    old.start();
    old.brctl(&["init"]).ok();
    old.put_in_group("daily", "sales", "*");
    let full = old.back_up("full");
    let orders = old.rows("sales.orders");
    let lost = old.lose();
    let mut world = World::after(&lost, suite_release());
    world.be_operator();
    world.start();
    world.brctl(&["recover", "--repository", "nightly"]).ok();
    world.restore(&full, &[]);
    assert_eq!(world.rows("sales.orders"), orders);
    world.back_up("full");
    world.assert_nothing_open();
}
