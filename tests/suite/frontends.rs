//! Several frontends: brd talks to the one that leads, whichever that is just now, and reads nothing that is out of date.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Child;
use std::time::Duration;

use starrocks_sandbox::engine::{Passage, Phase, RepositoryTrouble, Trouble};

use crate::world::{World, suite_release};

/// Less than what makes a frontend hand its queries to the leader (`meta_delay_toleration_second`, 300 s).
const LATE: Duration = Duration::from_secs(200);

/// Nobody listens there.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

impl World {
    /// Three frontends, and sales; brd is told of those with these numbers, in that order.
    fn of_three(told: &[usize]) -> World {
        let mut world = World::open(suite_release(), 3);
        world.prepare(told);
        world
    }

    fn prepare(&mut self, told: &[usize]) {
        let ports: Vec<String> = told
            .iter()
            .map(|number| format!("\"127.0.0.1:{}\"", self.ports[number - 1]))
            .collect();
        let text = self
            .settings("repository = \"nightly\"")
            .replace(&format!("\"127.0.0.1:{}\"", self.port), &ports.join(", "));
        self.write("brd.toml", &text);
        self.put_sales();
        self.start();
        self.brctl(&["init"]).ok();
        self.put_in_group("daily", "sales", "*");
    }

    /// The leader, as people are told.
    fn leader_is(&self, number: usize) {
        // Makes brd look at once.
        self.brctl(&["reload"]).ok();
        let port = self.ports[number - 1];
        self.wait_for_status(&format!("leader 127.0.0.1:{port}"));
    }

    /// The other frontends replay the journal later than anything here takes.
    fn followers_are_late(&self) {
        for number in [2, 3] {
            self.sandbox.set_replay_lag(number, LATE).unwrap();
        }
    }

    /// That one leads, and the test asks it from here on.
    fn lead(&mut self, number: usize) {
        self.sandbox.lead(number).unwrap();
        self.sandbox = self.sandbox.frontend(number).unwrap();
    }

    /// With the jobs standing still until the test ticks.
    fn begin(&mut self, arguments: &[&str], until: &str) -> Child {
        self.stop_ticking();
        let watching = self.brctl_command(arguments).spawn().unwrap();
        self.wait_for_log(&["step", until]);
        watching
    }

    fn begin_full(&mut self) -> Child {
        self.begin(&["backup", "full", "--group", "daily"], "wait for the cut")
    }

    /// Round by round, until the job of `show` stands there.
    #[track_caller]
    fn tick_until(&self, show: &str, state: &str) {
        for _ in 0..100 {
            let row = &self.sql(&format!("SHOW {show} FROM sales"))[0];
            if row.iter().any(|cell| cell.as_deref() == Some(state)) {
                return;
            }
            self.sandbox.tick();
        }
        panic!("the job does not come to {state}");
    }

    /// All that brd does with a cluster, and every row is right.
    #[track_caller]
    fn a_life_of_backups(&self) {
        let full = self.back_up("full");
        let (orders, customers) = (self.rows("sales.orders"), self.rows("sales.customers"));
        self.sql("INSERT INTO sales.customers VALUES (3, 'z')");
        let incremental = self.back_up("incremental");
        let three = self.rows("sales.customers");
        assert!(self.brctl(&["backups"]).ok().stdout.contains(&incremental));
        self.sql("TRUNCATE TABLE sales.customers");
        self.sql("TRUNCATE TABLE sales.orders");
        let restore = self.restore(&incremental, &[]);
        assert_eq!(self.rows("sales.customers"), three);
        assert_eq!(self.rows("sales.orders"), orders);
        self.brctl(&["undo", &restore]).ok();
        assert!(self.rows("sales.customers").is_empty());
        self.brctl(&["discard", &restore, "--yes"]).ok();
        self.restore(&full, &[]);
        assert_eq!(self.rows("sales.customers"), customers);
        self.assert_nothing_open();
    }
}

#[test]
fn a_late_follower_that_is_named_first_is_asked_for_the_leader_only() {
    let world = World::of_three(&[3, 2, 1]);
    world.followers_are_late();
    world.leader_is(1);
    world.a_life_of_backups();
}

#[test]
fn one_followers_address_is_enough() {
    let world = World::of_three(&[2]);
    world.followers_are_late();
    world.a_life_of_backups();
}

#[test]
fn a_leader_that_hides_is_found_all_the_same() {
    let world = World::of_three(&[2, 3]);
    world.sandbox.hide_leader(true);
    world.followers_are_late();
    world.leader_is(1);
    let said = world.brctl(&["check"]).ok();
    assert!(!said.stdout.contains("warning"), "{said:#?}");
    world.a_life_of_backups();
}

#[test]
fn where_the_leader_is_out_of_reach_a_late_follower_catches_up_before_each_read() {
    let mut world = World::open(suite_release(), 3);
    world.sandbox.listens_on(NOWHERE);
    world.prepare(&[2]);
    world.followers_are_late();
    world.wait_for_log(&["the leader cannot be reached from here", "127.0.0.1:1"]);
    world.a_life_of_backups();
}

#[test]
fn a_statement_that_a_follower_sent_twice_is_carried_out_once() {
    let mut world = World::open(suite_release(), 2);
    world.sandbox.listens_on(NOWHERE);
    world.prepare(&[2]);
    for statement in [
        "^INSERT INTO ops.run_status",
        "^INSERT INTO ops.backup_history",
        "^BACKUP SNAPSHOT",
        "^RESTORE SNAPSHOT",
        "^ALTER TABLE `sales`.`orders` SWAP WITH",
    ] {
        world.sandbox.forward_next(statement, Passage::Twice);
    }
    world.a_life_of_backups();
    let labels = world.sql("SELECT label FROM ops.backup_history");
    assert_eq!(labels.len(), 2, "{labels:?}");
}

#[test]
fn another_leader_while_nothing_runs_is_found() {
    let mut world = World::of_three(&[1, 2, 3]);
    world.back_up("full");
    world.lead(2);
    world.leader_is(2);
    world.a_life_of_backups_goes_on();
    world.lead(1);
    world.leader_is(1);
    world.a_life_of_backups_goes_on();
}

impl World {
    /// What was changed is in the next incremental.
    fn a_life_of_backups_goes_on(&self) {
        self.sql("INSERT INTO sales.customers SELECT id + 10, name FROM sales.customers");
        let customers = self.rows("sales.customers");
        let label = self.back_up("incremental");
        self.sql("TRUNCATE TABLE sales.customers");
        let restore = self.restore(&label, &["--table", "customers"]);
        assert_eq!(self.rows("sales.customers"), customers);
        self.brctl(&["discard", &restore, "--yes"]).ok();
        self.assert_nothing_open();
    }
}

#[test]
fn a_frontend_that_stops_and_starts_is_waited_for() {
    let world = World::of_three(&[1, 2, 3]);
    let full = world.back_up("full");
    world.sandbox.stop_frontend(1).unwrap();
    let mut watching = world
        .brctl_command(&["restore", "--target-label", &full, "--yes"])
        .spawn()
        .unwrap();
    let _refused = watching.wait().unwrap();
    let status = world.brctl(&["status"]).ok();
    assert!(status.stdout.contains("brd"), "{status:#?}");
    world.sandbox.start_frontend(1).unwrap();
    world.leader_is(1);
    world.restore(&full, &[]);
    world.assert_nothing_open();
}

#[test]
fn a_leader_that_goes_while_a_backup_uploads_takes_nothing_with_it() {
    let mut world = World::of_three(&[1, 2, 3]);
    let rows = world.rows("sales.customers");
    let mut watching = world.begin_full();
    world.tick_until("BACKUP", "UPLOADING");
    world.wait_for_log(&["step", "wait for the upload"]);
    world.sql("INSERT INTO sales.customers VALUES (7, 'after the cut')");
    world.lead(3);
    world.start_ticking();
    assert!(watching.wait().unwrap().success());
    let label = world.cell("SELECT label FROM ops.backup_history");
    world.restore(&label, &["--table", "customers"]);
    assert_eq!(world.rows("sales.customers"), rows, "the cut's rows");
    world.assert_nothing_open();
}

#[test]
fn a_cut_that_is_taken_again_by_another_leader_is_not_recorded_as_what_was_seen_before() {
    let mut world = World::of_three(&[1, 2, 3]);
    world.sandbox.trouble_tasks(Trouble {
        phase: Phase::Snapshot,
        text: None,
        rounds: Some(3),
        backend: None,
    });
    let mut watching = world.begin_full();
    world.tick_until("BACKUP", "SNAPSHOTING");
    world.sql("INSERT INTO sales.customers VALUES (7, 'between the cuts')");
    world.lead(2);
    let rows = world.rows("sales.customers");
    world.start_ticking();
    assert!(watching.wait().unwrap().success());
    let full = world.cell("SELECT label FROM ops.backup_history");
    // Which of the two cuts it is, nobody can tell from the versions: so it is taken again.
    let incremental = world.back_up("incremental");
    assert_eq!(
        world.cell(&format!("SELECT state FROM ops.backup_tables WHERE label = '{incremental}' AND table_name = 'customers'")),
        "INCLUDED"
    );
    for label in [&full, &incremental] {
        world.sql("TRUNCATE TABLE sales.customers");
        let restore = world.restore(label, &["--table", "customers"]);
        assert_eq!(world.rows("sales.customers"), rows, "{label}");
        world.brctl(&["discard", &restore, "--yes"]).ok();
    }
    world.assert_nothing_open();
}

#[test]
fn the_last_files_of_a_snapshot_that_stay_with_the_old_leader_end_the_backup() {
    let mut world = World::of_three(&[1, 2, 3]);
    let mut watching = world.begin_full();
    world.tick_until("BACKUP", "UPLOADING");
    world.wait_for_log(&["step", "wait for the upload"]);
    world.tick_until("BACKUP", "SAVE_META");
    world.sandbox.trouble_repository(
        "nightly",
        Some(RepositoryTrouble::Full("no space left".to_owned())),
    );
    world.tick_until("BACKUP", "UPLOAD_INFO");
    world.lead(2);
    world.sandbox.trouble_repository("nightly", None);
    world.start_ticking();
    assert_eq!(watching.wait().unwrap().code(), Some(1));
    let said = world.cell("SELECT error_message FROM ops.backup_history");
    for part in [
        "the cluster got another leader before the snapshot's last files were uploaded",
        "file is invalid",
        "take the backup again",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    world.assert_nothing_open();
    let burnt = world.cell("SELECT label FROM ops.backup_history");
    assert_eq!(world.back_up("full"), format!("{burnt}_r1"));
}

#[test]
fn a_leader_that_goes_while_a_restore_downloads_takes_nothing_with_it() {
    let mut world = World::of_three(&[1, 2, 3]);
    let full = world.back_up("full");
    let (orders, customers) = (world.rows("sales.orders"), world.rows("sales.customers"));
    world.sql("TRUNCATE TABLE sales.customers");
    world.sql("TRUNCATE TABLE sales.orders");
    let mut watching = world.begin(
        &["restore", "--target-label", &full, "--yes"],
        "download customers",
    );
    world.until_there("RESTORE");
    world.tick_until("RESTORE", "DOWNLOADING");
    world.lead(2);
    world.start_ticking();
    assert!(watching.wait().unwrap().success());
    assert_eq!(world.rows("sales.customers"), customers);
    assert_eq!(world.rows("sales.orders"), orders);
    assert_eq!(
        world.cell("SELECT status FROM ops.restore_history"),
        "FINISHED"
    );
    world.assert_nothing_open();
}

impl World {
    /// brd says what it is about to do before it does it.
    fn until_there(&self, show: &str) {
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        while self.sql(&format!("SHOW {show} FROM sales")).is_empty() {
            assert!(std::time::Instant::now() < deadline, "no {show}");
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_release_that_brd_is_not_written_for_is_said() {
    let world = World::of_three(&[1]);
    world.leader_is(1);
    world.sandbox.calls_itself("4.3.0-sandbox");
    let said = world.brctl(&["check"]).ok();
    assert!(said.stdout.contains("newer than 4.2"), "{said:#?}");
    world.brctl(&["reload"]).ok();
    world.wait_for_status("brd is degraded: release: the leader runs StarRocks 4.3.0-sandbox");
    world.sandbox.calls_itself("3.1.9-sandbox");
    let said = world.brctl(&["check"]);
    assert_ne!(said.code, 0, "{said:#?}");
    assert!(
        said.stdout.contains("brd needs 3.2 or newer")
            && said.stdout.contains("upgrade the cluster"),
        "{said:#?}"
    );
}
