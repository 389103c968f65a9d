//! After each run brd backs up its own memory too, and nobody takes that for anything else.

use std::collections::BTreeSet;
use std::path::PathBuf;

use starrocks_sandbox::answer::SqlError;
use starrocks_sandbox::engine::Effect;
use starrocks_sandbox::release::Release;

use crate::world::{World, release_without_drop, suite_release};

impl World {
    /// Of the backups of `ops`, oldest first.
    pub fn ops_labels(&self) -> Vec<String> {
        self.sql("SELECT label FROM ops.backup_history WHERE inventory_group = 'brd_ops' ORDER BY started_ms")
            .into_iter()
            .map(|row| row[0].clone().unwrap())
            .collect()
    }

    /// The same, of those that have not ended yet too.
    fn ops_labels_of_slots(&self) -> Vec<String> {
        self.sql("SELECT label FROM ops.run_status WHERE label LIKE 'brd_ops_%' ORDER BY fence")
            .into_iter()
            .map(|row| row[0].clone().unwrap())
            .collect()
    }

    fn snapshot_directory(&self, label: &str) -> PathBuf {
        let repository = self.sandbox.repository_directory("nightly").unwrap();
        repository.join(format!("__ss_{label}"))
    }
}

#[test]
fn each_run_leaves_a_backup_of_ops_that_holds_its_record() {
    let world = World::with_safe_ops(suite_release(), "");
    let full = world.back_up("full");
    let [first] = world.ops_labels().try_into().unwrap();
    assert!(first.starts_with("brd_ops_20"), "{first}");
    world.sql("INSERT INTO sales.customers VALUES (3, 'z')");
    let incremental = world.back_up("incremental");
    let [_, second] = world.ops_labels().try_into().unwrap();
    world.assert_nothing_open();

    // What it holds, seen from beside.
    let timestamp = world.sql(&format!(
        "SHOW SNAPSHOT ON nightly WHERE SNAPSHOT = '{second}'"
    ))[0][1]
        .clone()
        .unwrap();
    for table in ["backup_history", "backup_partitions"] {
        world.sql(&format!(
            "RESTORE SNAPSHOT ops.`{second}` FROM nightly ON ({table} AS {table}_then) PROPERTIES ('backup_timestamp' = '{timestamp}')"
        ));
        world.wait_for_status_where(|world| {
            world.sql("SHOW RESTORE FROM ops")[0]
                .iter()
                .any(|cell| cell.as_deref() == Some("FINISHED"))
        });
    }
    let recorded = world.sql(
        "SELECT label FROM ops.backup_history_then WHERE status = 'FINISHED' ORDER BY started_ms",
    );
    let recorded: Vec<String> = recorded
        .into_iter()
        .map(|row| row[0].clone().unwrap())
        .collect();
    assert_eq!(recorded, [full.clone(), first.clone(), incremental.clone()]);
    let manifest = world.cell(&format!(
        "SELECT COUNT(*) FROM ops.backup_partitions_then WHERE label = '{incremental}'"
    ));
    assert_eq!(manifest, "1");
}

#[test]
fn a_backup_of_ops_is_nobodys_recovery_point_and_nobodys_baseline() {
    let world = World::with_safe_ops(suite_release(), "");
    let full = world.back_up("full");
    let [of_ops] = world.ops_labels().try_into().unwrap();
    let listed = world.brctl(&["backups"]).ok().stdout;
    assert!(
        listed.contains(&full) && !listed.contains(&of_ops),
        "{listed}"
    );
    let listed = world.brctl(&["backups", "--group", "brd_ops"]).ok().stdout;
    assert!(
        !listed.contains(&full) && listed.contains(&of_ops),
        "{listed}"
    );
    let jobs = world.brctl(&["jobs"]).ok().stdout;
    assert!(jobs.contains(&full) && !jobs.contains(&of_ops), "{jobs}");
    world
        .brctl(&["restore", "--target-label", &of_ops, "--plan"])
        .refused(
            5,
            &["brd's own memory", "brctl recover --repository nightly"],
        );
    world
        .brctl(&["restore", "--latest", "--database", "ops", "--plan"])
        .refused(4, &["no finished backup of database `ops`"]);
    world
        .brctl(&["backup", "full", "--group", "brd_ops"])
        .refused(5, &["brd's own group"]);
    world
        .brctl(&[
            "backup",
            "incremental",
            "--group",
            "daily",
            "--baseline-backup",
            &of_ops,
        ])
        .refused(5, &["is of database `ops`"]);
    let coverage = world.brctl(&["coverage"]).ok().stdout;
    assert!(!coverage.contains("ops"), "{coverage}");

    // Also where a group of the operator's own takes ops.
    world.put_in_group("memory", "ops", "table_inventory");
    let said = world.brctl(&[
        "backup",
        "incremental",
        "--group",
        "memory",
        "--baseline-backup",
        &of_ops,
    ]);
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(
        said.stdout.contains("it is a backup of brd's own memory"),
        "{said:#?}"
    );
}

#[test]
fn the_run_stands_though_ops_cannot_be_backed_up() {
    let mut world = World::with_safe_ops(suite_release(), "");
    let refused = SqlError::plain("the repository is on fire");
    world
        .sandbox
        .fail_next("BACKUP SNAPSHOT `ops`", Effect::None, refused);
    world.back_up("full");
    world.wait_for_log(&["the ops database was not backed up", "on fire"]);
    world.wait_for_status("the ops database was not backed up after the last run");
    world.assert_nothing_open();
    assert_eq!(
        world.cell("SELECT status FROM ops.backup_history WHERE inventory_group = 'brd_ops'"),
        "FAILED"
    );
    world.back_up("full");
    world.wait_for_status("brd is well");
}

#[test]
fn ops_is_left_alone_where_the_operator_wants_it_so() {
    let world = World::with_sales();
    world.back_up("full");
    assert!(world.ops_labels().is_empty());
}

#[test]
fn a_backup_of_ops_survives_the_daemon() {
    for cancelled in [false, true] {
        let mut world = World::with_safe_ops(suite_release(), "");
        world.back_up("full");
        world.wait_for_log(&["job ended", "sales_"]);
        world.sandbox.hold_jobs(true);
        let mut watching = world
            .brctl_command(&["backup", "incremental", "--group", "daily"])
            .spawn()
            .unwrap();
        // Nothing changed: the run itself needs no BACKUP, that of ops does.
        world.wait_for_log(&["wait for the cut", "database=\"ops\""]);
        world.kill();
        watching.wait().unwrap();
        if cancelled {
            world.sql("CANCEL BACKUP FROM ops");
        }
        world.sandbox.hold_jobs(false);
        world.start();
        let [_, second] = world.ops_labels_of_slots().try_into().unwrap();
        let end = if cancelled { "failed" } else { "finished" };
        world.wait_for_log(&["job ended", &second, &format!("recorded as {end}")]);
        world.assert_nothing_open();
        assert_eq!(
            world.cell(&format!(
                "SELECT status FROM ops.backup_history WHERE label = '{second}'"
            )),
            end.to_uppercase()
        );
        world.back_up("incremental");
        world.wait_for_status("brd is well");
    }
}

#[test]
fn what_adoption_finishes_is_in_a_backup_of_ops_too() {
    let mut world = World::with_safe_ops(suite_release(), "");
    let mut watching = world.begin_held_backup();
    world.kill();
    watching.wait().unwrap();
    world.sandbox.hold_jobs(false);
    world.start();
    world.wait_for_log(&["job ended", "is adopted and recorded as finished"]);
    world.assert_nothing_open();
    assert_eq!(world.ops_labels().len(), 1);
}

#[test]
fn backups_of_ops_are_kept_by_their_number() {
    let world = World::with_safe_ops(Release::V4_2, "keep-backups = 2");
    for _ in 0..4 {
        world.back_up("full");
    }
    let kept = world.ops_labels();
    assert_eq!(kept.len(), 2, "{kept:?}");
    let shown: BTreeSet<String> = world
        .sql("SHOW SNAPSHOT ON nightly")
        .into_iter()
        .filter_map(|row| row[0].clone().filter(|label| label.starts_with("brd_ops_")))
        .collect();
    assert_eq!(shown, kept.into_iter().collect());
    assert_eq!(
        world.brctl(&["backups", "--json"]).ok().json()["backups"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    world.assert_nothing_open();
}

#[test]
fn before_4_2_a_person_deletes_the_backups_of_ops_that_have_expired() {
    let mut world = World::with_safe_ops(release_without_drop(), "keep-backups = 1");
    world.back_up("full");
    world.back_up("full");
    let [first, second] = world.ops_labels().try_into().unwrap();
    // With every run there is one more: what is said of them does not grow, and the list is where it says.
    let finding = world.wait_for_log(&[
        "finding",
        "1 expired snapshot of ops is still in the repository",
        "`brctl prune --group brd_ops --plan` lists the directories",
        "`brctl prune --group brd_ops --yes` forgets them",
    ]);
    assert!(!finding.contains("__ss_"), "{finding}");
    let plan = ["prune", "--group", "brd_ops", "--plan"];
    let listed = world.brctl(&plan).ok().stdout;
    assert!(listed.contains(&format!("__ss_{first}\n")), "{listed}");
    std::fs::remove_dir_all(world.snapshot_directory(&first)).unwrap();
    let said = world.brctl(&["prune", "--group", "brd_ops", "--yes"]).ok();
    assert!(said.stdout.contains("1 forgotten, 1 stay"), "{said:#?}");
    assert_eq!(world.ops_labels(), [second]);
    world.assert_nothing_open();
}

#[test]
fn runs_that_end_together_share_a_backup_of_ops() {
    let mut world = World::with_safe_ops(suite_release(), "");
    world.sql("CREATE DATABASE other");
    world
        .sql("CREATE TABLE other.t (id BIGINT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id)");
    world.put_in_group("second", "other", "*");
    world.sandbox.hold_jobs(true);
    let mut watching = Vec::new();
    for group in ["daily", "second"] {
        let watched = world
            .brctl_command(&["backup", "full", "--group", group])
            .spawn()
            .unwrap();
        watching.push(watched);
        world.wait_for_log(&["wait for the cut"]);
    }
    world.sandbox.hold_jobs(false);
    for mut watched in watching {
        assert_eq!(watched.wait().unwrap().code(), Some(0));
    }
    let made = world.ops_labels().len();
    assert!((1..=2).contains(&made), "{made}");
    // Whatever the order, the last one holds both.
    let last = world
        .cell("SELECT MAX(started_ms) FROM ops.backup_history WHERE inventory_group = 'brd_ops'");
    let recorded = world
        .cell("SELECT MAX(finished_ms) FROM ops.backup_history WHERE inventory_group <> 'brd_ops'");
    assert!(last >= recorded, "{last} {recorded}");
}

impl World {
    fn mirror(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("catalogue.jsonl")).unwrap()
    }
}

/// What follows a key in each line that begins with it.
fn lines<'a>(mirror: &'a str, key: &str) -> Vec<&'a str> {
    let head = format!("{{\"{key}\":");
    mirror
        .lines()
        .filter(|line| line.starts_with(&head))
        .collect()
}

#[test]
fn each_run_leaves_a_mirror_of_the_catalogue() {
    let world = World::with_sales();
    let full = world.back_up("full");
    let first = world.mirror();
    world.sql("INSERT INTO sales.customers VALUES (3, 'z')");
    let incremental = world.back_up("incremental");
    let second = world.mirror();
    for (mirror, labels) in [(&first, vec![&full]), (&second, vec![&incremental, &full])] {
        assert!(
            lines(mirror, "header")[0].contains("\"format\":1"),
            "{mirror}"
        );
        assert!(
            lines(mirror, "repository")[0].contains("s3a://bucket/backups"),
            "{mirror}"
        );
        assert!(
            lines(mirror, "inventory")[0].contains("\"sales\""),
            "{mirror}"
        );
        for key in ["backup", "manifest"] {
            let found = lines(mirror, key);
            assert_eq!(found.len(), labels.len(), "{mirror}");
            for (line, label) in found.iter().zip(&labels) {
                assert!(line.contains(&format!("\"label\":\"{label}\"")), "{line}");
            }
        }
        assert_eq!(lines(mirror, "end").len(), 1, "{mirror}");
    }
    // What was in it is not asked for again.
    assert_eq!(lines(&first, "manifest")[0], lines(&second, "manifest")[1]);
    assert!(!world.folder.path().join("catalogue.part").exists());
    // The backup that goes is in the next mirror no more.
    world.sql(&format!(
        "UPDATE ops.backup_history SET expired_ms = 1 WHERE label = '{incremental}'"
    ));
    let third = world.back_up("full");
    let mirror = world.mirror();
    assert!(
        !mirror.contains(&incremental) && mirror.contains(&third),
        "{mirror}"
    );
}

#[test]
fn a_mirror_that_cannot_be_written_is_said_and_stops_nothing() {
    let mut world = World::with_sales();
    let settings = world.settings("repository = \"nightly\"");
    let folder = world.folder.path().display().to_string();
    let missing = format!("mirror-directory = \"{folder}/missing\"");
    world.write(
        "brd.toml",
        &settings.replace(&format!("mirror-directory = \"{folder}\""), &missing),
    );
    world.kill();
    world.start();
    let full = world.back_up("full");
    world.wait_for_log(&[
        "finding",
        "the mirror of the catalogue could not be written to",
        "missing/catalogue.jsonl",
    ]);
    let said = world.brctl(&["status"]).ok();
    assert!(
        said.stdout
            .contains("brd is degraded: the mirror of the catalogue could not be written"),
        "{said:#?}"
    );
    std::fs::create_dir(world.folder.path().join("missing")).unwrap();
    world.back_up("incremental");
    let said = world.brctl(&["status"]).ok();
    assert!(said.stdout.contains("brd is well"), "{said:#?}");
    let mirror =
        std::fs::read_to_string(world.folder.path().join("missing/catalogue.jsonl")).unwrap();
    assert!(mirror.contains(&full));
}

#[test]
fn the_mirror_of_another_cluster_is_set_aside_and_so_is_one_that_nobody_can_read() {
    let world = World::with_sales();
    world.back_up("full");
    let path = world.folder.path().join("catalogue.jsonl");
    let other = world.mirror().replace("\"cluster\":\"", "\"cluster\":\"9");
    std::fs::write(&path, &other).unwrap();
    world.back_up("incremental");
    let id = other
        .split("\"cluster\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let aside = world.folder.path().join(format!("catalogue.{id}.jsonl"));
    assert_eq!(std::fs::read_to_string(aside).unwrap(), other);
    std::fs::write(&path, "nonsense\n").unwrap();
    world.back_up("incremental");
    let aside = world.folder.path().join("catalogue.unreadable.jsonl");
    assert_eq!(std::fs::read_to_string(aside).unwrap(), "nonsense\n");
    assert_eq!(lines(&world.mirror(), "manifest").len(), 3);
}
