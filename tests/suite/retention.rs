//! What no keep key keeps goes, chain by chain, and what stays can be restored; whoever kills it meanwhile loses nothing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use starrocks_sandbox::answer::SqlError;
use starrocks_sandbox::engine::Effect;
use starrocks_sandbox::release::Release;

use crate::world::{World, release_without_drop};

const GROUP: &str =
    "version = 1\n[group.daily]\nfull = \"0 1 1 1 *\"\nincremental = \"0 1 2 1 *\"\n";

/// The newest full and what is built on it.
const ONE_FULL: &str = "keep-fulls = 1\nkeep-floor = 1\n";

impl World {
    fn keep(&self, keys: &str) {
        self.write("schedule.toml", &format!("{GROUP}{keys}"));
        self.brctl(&["reload"]).ok();
    }

    /// A full, an incremental, a moment verified unchanged, and another full with an incremental.
    fn two_chains(&self) -> [String; 5] {
        let first = self.back_up("full");
        self.sql("INSERT INTO sales.customers VALUES (3, 'z')");
        let changed = self.back_up("incremental");
        self.sql("TRUNCATE TABLE sales.customers");
        self.sql("INSERT INTO sales.customers VALUES (1, 'x')");
        let more = self.back_up("incremental");
        let second = self.back_up("full");
        let unchanged = self.back_up("incremental");
        [first, changed, more, second, unchanged]
    }

    fn directory_of(&self, label: &str) -> PathBuf {
        let repository = self.sandbox.repository_directory("nightly").unwrap();
        repository.join(format!("__ss_{label}"))
    }

    fn in_repository(&self) -> BTreeSet<String> {
        let shown = self.sql("SHOW SNAPSHOT ON nightly");
        shown
            .into_iter()
            .map(|row| row[0].clone().unwrap())
            .collect()
    }

    /// Labels in any of the tables that a backup writes.
    fn on_record(&self) -> BTreeSet<String> {
        let tables = ["backup_history", "backup_tables", "backup_partitions"];
        let labels = tables
            .into_iter()
            .flat_map(|table| self.sql(&format!("SELECT DISTINCT label FROM ops.{table}")));
        labels.map(|row| row[0].clone().unwrap()).collect()
    }

    fn marked(&self) -> BTreeSet<String> {
        let rows = self.sql("SELECT label FROM ops.backup_history WHERE expired_ms IS NOT NULL");
        rows.into_iter()
            .map(|row| row[0].clone().unwrap())
            .collect()
    }

    /// Restores a backup into the damaged database and compares.
    fn prove_restorable(&self, label: &str) {
        let rows = self.rows("sales.orders");
        self.sql("TRUNCATE TABLE sales.orders");
        let job = self.restore(label, &["--table", "orders"]);
        assert_eq!(self.rows("sales.orders"), rows);
        self.brctl(&["discard", &job, "--yes"]).ok();
    }
}

fn set(labels: &[&String]) -> BTreeSet<String> {
    labels.iter().map(|label| (*label).clone()).collect()
}

#[test]
fn before_4_2_what_expires_is_marked_and_forgotten_once_its_directory_is_gone() {
    let world = World::with_sales_of(release_without_drop());
    let [first, changed, more, second, unchanged] = world.two_chains();
    world.keep(ONE_FULL);
    let everything = world.on_record();

    let planned = world.brctl(&["prune", "--plan"]).ok();
    for line in [
        format!("  {more} "),
        format!("  {first} "),
        format!("  {second} "),
        format!("s3a://bucket/backups/__starrocks_repository_nightly/__ss_{changed}"),
    ] {
        assert!(planned.stdout.contains(&line), "{line:?}: {planned:#?}");
    }
    assert!(world.marked().is_empty());

    // Nothing goes without a word of a person.
    world
        .brctl(&["prune"])
        .refused(5, &["must be confirmed", "--yes"]);
    let said = world.brctl(&["prune", "--yes"]).ok();
    assert!(
        said.stdout
            .contains("0 dropped, 0 forgotten, 2 stay, 3 expired"),
        "{said:#?}"
    );
    for label in [&first, &changed, &more] {
        let directory = format!("__starrocks_repository_nightly/__ss_{label}");
        assert!(said.stderr.contains(&directory), "{said:#?}");
        assert!(world.directory_of(label).is_dir());
    }
    assert_eq!(world.marked(), set(&[&first, &changed, &more]));
    assert_eq!(world.on_record(), everything);
    assert!(world.brctl(&["backups"]).ok().stdout.contains("expired 20"));
    world.assert_nothing_open();

    // A marked backup is no baseline.
    let refused = world.brctl(&[
        "backup",
        "incremental",
        "--group",
        "daily",
        "--baseline-backup",
        &first,
    ]);
    assert_eq!(refused.code, 1, "{refused:#?}");
    assert!(
        refused
            .stdout
            .contains("has expired by the group's retention"),
        "{refused:#?}"
    );
    world.sql("DELETE FROM ops.backup_history WHERE status = 'FAILED'");

    // In whatever order a person deletes them; what is still there keeps the others on record.
    std::fs::remove_dir_all(world.directory_of(&first)).unwrap();
    let said = world.brctl(&["prune", "--group", "daily", "--yes"]).ok();
    assert!(
        said.stdout
            .contains("nothing for brd to do until directories above are deleted"),
        "{said:#?}"
    );
    std::fs::remove_dir_all(world.directory_of(&more)).unwrap();
    std::fs::remove_dir_all(world.directory_of(&changed)).unwrap();
    let said = world.brctl(&["prune", "--group", "daily", "--yes"]).ok();
    assert!(
        said.stdout.contains("0 dropped, 3 forgotten, 2 stay"),
        "{said:#?}"
    );
    assert_eq!(world.on_record(), set(&[&second, &unchanged]));
    let said = world.brctl(&["prune", "--yes"]).ok();
    assert!(said.stdout.contains("there is nothing to do"), "{said:#?}");
    world.assert_nothing_open();
    world.prove_restorable(&unchanged);
}

#[test]
fn retention_runs_by_itself_after_each_full() {
    let mut world = World::with_sales_of(release_without_drop());
    let first = world.back_up("full");
    world.keep(ONE_FULL);
    world.sql("INSERT INTO sales.customers VALUES (3, 'z')");
    let changed = world.back_up("incremental");
    assert!(world.marked().is_empty(), "an incremental lets nothing go");
    let second = world.back_up("full");
    world.wait_for_log(&[
        "finding",
        "2 expired snapshots of sales",
        "`brctl prune --group daily --plan` lists",
    ]);
    let listed = world.brctl(&["prune", "--group", "daily", "--plan"]).ok();
    assert!(
        listed.stdout.contains(&format!("__ss_{first}\n")),
        "{listed:#?}"
    );
    assert_eq!(world.marked(), set(&[&first, &changed]));
    world.prove_restorable(&second);
    world.assert_nothing_open();
}

#[test]
fn a_backup_stands_though_its_retention_fails() {
    let mut world = World::with_sales();
    world.back_up("full");
    world.keep(ONE_FULL);
    let refused = SqlError::plain("the repository is on fire");
    world
        .sandbox
        .fail_next("WHERE SNAPSHOT IN", Effect::None, refused);
    let second = world.back_up("full");
    world.wait_for_log(&["retention of sales is left to the next full", "on fire"]);
    assert_eq!(
        world.cell(&format!(
            "SELECT status FROM ops.backup_history WHERE label = '{second}'"
        )),
        "FINISHED"
    );
    assert!(world.marked().is_empty());
    world.assert_nothing_open();
}

#[test]
fn a_pin_holds_its_chain_and_takes_a_mark_back() {
    let world = World::with_sales_of(release_without_drop());
    let [first, changed, more, ..] = world.two_chains();
    world.keep(ONE_FULL);
    let said = world
        .brctl(&["pin", &changed, "--until", "2999-12-31"])
        .ok();
    assert!(
        said.stdout.contains("is pinned until 3000-01-01 00:00:00Z"),
        "{said:#?}"
    );
    assert!(said.stdout.contains(&first), "{said:#?}");
    world.brctl(&["prune", "--yes"]).ok();
    assert_eq!(world.marked(), set(&[&more]));
    assert!(
        world
            .brctl(&["show", &changed])
            .ok()
            .stdout
            .contains("until 3000-01-01")
    );

    world.brctl(&["unpin", &changed]).ok();
    let said = world.brctl(&["unpin", &changed]).ok();
    assert!(said.stdout.contains("was not pinned"), "{said:#?}");
    world.brctl(&["prune", "--yes"]).ok();
    assert_eq!(world.marked(), set(&[&first, &changed, &more]));

    // Second thoughts, while the snapshots are still there.
    world.brctl(&["pin", &changed]).ok();
    assert_eq!(world.marked(), set(&[&more]));
    world.brctl(&["prune", "--yes"]).ok();
    assert_eq!(world.marked(), set(&[&more]));
    world.prove_restorable(&changed);

    std::fs::remove_dir_all(world.directory_of(&more)).unwrap();
    world
        .brctl(&["pin", &more])
        .refused(5, &[&format!("the snapshot of `{more}` is gone")]);
    world
        .brctl(&["pin", "nobody"])
        .refused(4, &["no backup with the label `nobody`"]);
    world
        .brctl(&["pin", &first, "--until", "2001-01-01"])
        .refused(5, &["is over already"]);
}

#[test]
fn a_plan_is_run_as_it_was_shown_or_not_at_all() {
    let world = World::with_sales();
    let [_, changed, ..] = world.two_chains();
    world.keep(ONE_FULL);
    // Something happens between the plan and its run: here, while the person is being asked, a pin.
    let plan = world.brctl(&["prune", "--plan", "--json"]).ok().stdout;
    world.brctl(&["pin", &changed]).ok();
    let said = world.start_prune(&plan);
    let job = said["job"].as_str().unwrap().to_owned();
    let ended = world.brctl(&["follow", &job]);
    assert_eq!(ended.code, 1, "{ended:#?}");
    assert!(
        ended.stdout.contains("since the plan was shown"),
        "{ended:#?}"
    );
    assert!(world.marked().is_empty());

    // Or the rules change.
    world.brctl(&["unpin", &changed]).ok();
    world.keep("keep-fulls = 2\n");
    let said = world.start_prune(&plan);
    let message = said["message"].as_str().unwrap();
    assert!(
        message.contains("the schedule's rules for `daily` have changed"),
        "{message}"
    );
    world.assert_nothing_open();
}

impl World {
    /// As a client does that has shown the plan to somebody.
    fn start_prune(&self, plan: &str) -> serde_json::Value {
        let body = format!("{{\"plan\": {plan}}}");
        let output = std::process::Command::new("curl")
            .args(["--silent", "--show-error", "--unix-socket"])
            .arg(self.socket())
            .args(["--data-binary", &body, "http://brd/v1/prunes"])
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }
}

#[test]
fn what_is_not_ours_or_has_no_rules_is_never_touched() {
    let world = World::with_sales();
    let [first, ..] = world.two_chains();
    world.sql(
        "INSERT INTO ops.backup_history (label, backup_type, status, repository, started_at) \
         VALUES ('theirs_20200101_full', 'full', 'FINISHED', 'nightly', '2020-01-01 00:00:00')",
    );
    let before = world.on_record();
    let said = world.brctl(&["prune", "--yes"]).ok();
    assert!(
        said.stdout.contains("no keep key, so nothing ever expires"),
        "{said:#?}"
    );
    world.keep(ONE_FULL);
    let said = world.brctl(&["prune", "--plan"]).ok();
    assert!(
        said.stdout
            .contains("not ours, and never touched: theirs_20200101_full"),
        "{said:#?}"
    );
    world
        .brctl(&["pin", "theirs_20200101_full"])
        .refused(5, &["was not made by brd"]);
    world
        .brctl(&["prune", "--group", "nobody", "--plan"])
        .refused(4, &["names the inventory group `nobody`"]);

    // A repository that only reads is not this cluster's to delete from.
    world.sandbox.set_repository_read_only("nightly", true);
    let said = world.brctl(&["prune", "--yes"]).ok();
    assert!(
        said.stdout
            .contains("nothing is touched: repository `nightly` is read only"),
        "{said:#?}"
    );
    assert_eq!(world.on_record(), before);
    assert!(world.marked().is_empty() && world.in_repository().contains(&first));
}

#[test]
fn what_a_failed_backup_left_goes_after_a_week() {
    let mut world = World::with_sales_of(release_without_drop());
    let mut watching = world.begin_held_backup();
    let failed = world.cell("SELECT label FROM ops.run_status WHERE state = 'ACTIVE'");
    world.sql("CANCEL BACKUP FROM sales");
    world.sandbox.hold_jobs(false);
    watching.wait().unwrap();
    // As an upload leaves it that was interrupted.
    std::fs::create_dir_all(world.directory_of(&failed)).unwrap();
    let full = world.back_up("full");
    world.keep(ONE_FULL);
    let said = world.brctl(&["prune", "--yes"]).ok();
    assert!(said.stdout.contains("there is nothing to do"), "{said:#?}");
    world.sql(&format!(
        "UPDATE ops.backup_history SET started_ms = started_ms - 8 * 86400000 WHERE label = '{failed}'"
    ));
    world.brctl(&["prune", "--yes"]).ok();
    assert_eq!(world.marked(), set(&[&failed]));
    std::fs::remove_dir_all(world.directory_of(&failed)).unwrap();
    world.brctl(&["prune", "--yes"]).ok();
    assert_eq!(world.on_record(), set(&[&full]));
}

#[test]
fn a_prune_that_was_killed_is_finished_by_the_next_start() {
    let mut world = World::with_sales_of(release_without_drop());
    let [first, changed, more, second, unchanged] = world.two_chains();
    world.keep(ONE_FULL);
    world.brctl(&["prune", "--yes"]).ok();
    for label in [&first, &changed, &more] {
        std::fs::remove_dir_all(world.directory_of(label)).unwrap();
    }
    // Its first label is half forgotten when the cluster refuses for a while; then the daemon is killed.
    for _ in 0..4 {
        let busy = SqlError::plain("Too many versions");
        world
            .sandbox
            .fail_next("DELETE FROM ops.backup_history", Effect::None, busy);
    }
    let mut watching = world.brctl_command(&["prune", "--yes"]).spawn().unwrap();
    world.wait_for_log(&["waiting", "Too many versions"]);
    world.kill();
    watching.wait().unwrap();
    assert_eq!(
        world.cell("SELECT scope FROM ops.run_status WHERE state = 'ACTIVE'"),
        "backup"
    );
    world.start();
    world.wait_for_log(&["job ended", "the prune of sales is finished"]);
    assert_eq!(world.on_record(), set(&[&second, &unchanged]));
    world.assert_nothing_open();
    world.prove_restorable(&unchanged);
}

/// What a daemon leaves that is killed between any two statements of a prune, before 4.2.
#[test]
fn whatever_a_killed_prune_left_the_next_start_and_the_next_prune_put_right() {
    for stage in ["slot", "marked", "manifest"] {
        let mut world = World::with_sales_of(release_without_drop());
        let [first, changed, more, second, unchanged] = world.two_chains();
        world.keep(ONE_FULL);
        world.brctl(&["prune", "--yes"]).ok();
        let owner = world.cell("SELECT MAX(owner) FROM ops.run_status");
        let slot = world.cell("SELECT label FROM ops.run_status WHERE label LIKE 'brd_prune_%'");
        world.kill();
        world.sql(&format!(
            "UPDATE ops.run_status SET state = 'ACTIVE', owner = '{owner}' WHERE label = '{slot}'"
        ));
        match stage {
            "slot" => {
                world.sql("UPDATE ops.backup_history SET expired_ms = NULL WHERE label <> ''");
            }
            "manifest" => {
                std::fs::remove_dir_all(world.directory_of(&more)).unwrap();
                world.sql(&format!(
                    "DELETE FROM ops.backup_partitions WHERE label = '{more}'"
                ));
            }
            _ => {}
        }
        world.start();
        world.wait_for_log(&["job ended", "the prune of sales is finished"]);
        world.assert_nothing_open();
        let marked = match stage {
            "slot" => BTreeSet::new(),
            "manifest" => set(&[&first, &changed]),
            _ => set(&[&first, &changed, &more]),
        };
        assert_eq!(world.marked(), marked, "{stage}");
        world.brctl(&["prune", "--yes"]).ok();
        for label in [&first, &changed, &more] {
            // Gone already, in one of the stages.
            let _gone = std::fs::remove_dir_all(world.directory_of(label));
        }
        world.brctl(&["prune", "--yes"]).ok();
        assert_eq!(world.on_record(), set(&[&second, &unchanged]), "{stage}");
        world.prove_restorable(&unchanged);
    }
}

#[test]
fn since_4_2_what_expires_is_dropped() {
    let world = World::with_sales_of(Release::V4_2);
    let [first, changed, more, second, unchanged] = world.two_chains();
    world.keep(ONE_FULL);
    // Both chains are kept by this pin, until it ends.
    world.brctl(&["pin", &more]).ok();
    let said = world.brctl(&["prune", "--yes"]).ok();
    assert!(
        said.stdout.contains("1 dropped, 0 forgotten, 4 stay"),
        "{said:#?}"
    );
    assert_eq!(world.in_repository(), set(&[&first, &more, &second]));
    world.prove_restorable(&unchanged);
    world.brctl(&["unpin", &more]).ok();

    // The answer to a DROP that took effect is lost: the repository tells.
    let lost = SqlError::plain("java.net.SocketException: Connection reset");
    world
        .sandbox
        .fail_next("^DROP SNAPSHOT", Effect::Done, lost);
    let said = world.brctl(&["prune", "--yes"]).ok();
    assert!(
        said.stdout.contains("2 dropped, 0 forgotten, 2 stay"),
        "{said:#?}"
    );
    assert_eq!(world.in_repository(), set(&[&second]));
    assert_eq!(world.on_record(), set(&[&second, &unchanged]));
    assert!(!world.on_record().contains(&changed));
    world.prove_restorable(&unchanged);
    world.assert_nothing_open();
}

#[test]
fn since_4_2_what_is_not_dropped_keeps_its_chain_on_record() {
    let mut world = World::with_sales_of(Release::V4_2);
    let [first, changed, more, second, unchanged] = world.two_chains();
    // As the cluster answers about a snapshot that an older release made.
    let refused = SqlError::plain(format!(
        "Snapshot {more} in repository nightly does not record which cluster created it"
    ));
    world
        .sandbox
        .fail_next("^DROP SNAPSHOT", Effect::None, refused);
    world.keep(ONE_FULL);
    let said = world.brctl(&["prune", "--yes"]).ok();
    assert!(
        said.stdout
            .contains("1 dropped, 0 forgotten, 2 stay, 2 expired and still in the repository"),
        "{said:#?}"
    );
    world.wait_for_log(&["finding", &more, "does not record which cluster"]);
    world.wait_for_log(&["finding", &format!("__ss_{first}")]);
    assert_eq!(world.marked(), set(&[&first, &more]));
    assert!(!world.in_repository().contains(&changed));
    world.brctl(&["prune", "--yes"]).ok();
    assert_eq!(world.on_record(), set(&[&second, &unchanged]));
}

#[test]
fn since_4_2_a_killed_prune_is_finished_wherever_it_stood() {
    for stage in ["slot", "marked", "dropped", "manifest"] {
        let mut world = World::with_sales_of(Release::V4_2);
        let [first, _, more, second, unchanged] = world.two_chains();
        world.keep(ONE_FULL);
        // Nothing is dropped by this one, whose slot and marks are those of the one that is killed.
        for _ in 0..2 {
            let refused = SqlError::plain("not now");
            world
                .sandbox
                .fail_next("^DROP SNAPSHOT", Effect::None, refused);
        }
        world.brctl(&["prune", "--yes"]).ok();
        world.kill();
        world.sql("UPDATE ops.run_status SET state = 'ACTIVE' WHERE label LIKE 'brd_prune_%'");
        if stage == "slot" {
            world.sql("UPDATE ops.backup_history SET expired_ms = NULL WHERE label <> ''");
        }
        if ["dropped", "manifest"].contains(&stage) {
            world.sql(&format!("DROP SNAPSHOT `{more}` ON nightly"));
        }
        if stage == "manifest" {
            world.sql(&format!(
                "DELETE FROM ops.backup_partitions WHERE label = '{more}'"
            ));
        }
        world.start();
        world.wait_for_log(&["job ended", "the prune of sales is finished"]);
        world.assert_nothing_open();
        if stage == "slot" {
            assert!(world.in_repository().contains(&first), "nothing was begun");
            world.brctl(&["prune", "--yes"]).ok();
        }
        assert_eq!(world.on_record(), set(&[&second, &unchanged]), "{stage}");
        assert_eq!(world.in_repository(), set(&[&second]), "{stage}");
        world.prove_restorable(&unchanged);
    }
}

#[test]
fn a_snapshot_with_a_time_to_live_is_no_baseline() {
    let mut world = World::with_sales_of(Release::V4_2);
    let first = world.back_up("full");
    // Somebody made it again with a ttl, and wrote the new one down.
    world.sql(&format!("DROP SNAPSHOT `{first}` ON nightly"));
    world.sql(&format!(
        "BACKUP SNAPSHOT sales.`{first}` TO nightly PROPERTIES ('ttl' = '30 DAY')"
    ));
    for _ in 0..10 {
        world.sandbox.tick();
    }
    let timestamp = world.sql(&format!(
        "SHOW SNAPSHOT ON nightly WHERE SNAPSHOT = '{first}'"
    ))[0][1]
        .clone()
        .unwrap();
    world.sql(&format!(
        "UPDATE ops.backup_history SET snapshot_timestamp = '{timestamp}' WHERE label = '{first}'"
    ));
    world.keep(ONE_FULL);
    let second = world.back_up("incremental");
    let note = world.cell(&format!(
        "SELECT error_message FROM ops.backup_history WHERE label = '{second}' AND backup_type = 'full'"
    ));
    assert!(note.contains("has a time to live"), "{note}");
    world.wait_for_log(&["finding", &first, "StarRocks deletes it by itself at"]);
    let said = world.brctl(&["prune", "--plan"]).ok();
    assert!(
        said.stdout.contains("StarRocks deletes it by itself at"),
        "{said:#?}"
    );
    assert_eq!(world.in_repository(), set(&[&first, &second]));
}

#[test]
fn since_4_2_what_a_failed_backup_left_is_dropped_with_force() {
    let mut world = World::with_sales_of(Release::V4_2);
    let mut watching = world.begin_held_backup();
    let failed = world.cell("SELECT label FROM ops.run_status WHERE state = 'ACTIVE'");
    world.sql("CANCEL BACKUP FROM sales");
    world.sandbox.hold_jobs(false);
    watching.wait().unwrap();
    std::fs::create_dir_all(world.directory_of(&failed)).unwrap();
    world.sql(&format!(
        "UPDATE ops.backup_history SET started_ms = started_ms - 8 * 86400000 WHERE label = '{failed}'"
    ));
    let full = world.back_up("full");
    world.keep(ONE_FULL);
    world.brctl(&["prune", "--yes"]).ok();
    assert_eq!(world.in_repository(), set(&[&full]));
    assert_eq!(world.on_record(), set(&[&full]));
}
