//! The cluster is gone, and `ops` with it: on a new one `brctl recover` brings brd's memory back, and restores give exactly the rows.

use std::path::PathBuf;

use tempfile::TempDir;

mod trouble;

use crate::world::{Said, World, suite_release};

type Rows = Vec<Vec<Option<String>>>;

/// What a cluster held at its last recovery point.
struct Lost {
    folder: TempDir,
    full: String,
    incremental: String,
    at_full: [Rows; 2],
    at_incremental: [Rows; 2],
    of_ops: Vec<String>,
}

fn sales(world: &World) -> [Rows; 2] {
    ["sales.orders", "sales.customers"].map(|table| world.rows(table))
}

impl Lost {
    /// A full and an incremental, then more rows, then the end. `spoil` is the last that happens.
    fn after(world: World, spoil: impl FnOnce(&World)) -> Lost {
        let full = world.back_up("full");
        let at_full = sales(&world);
        world.sql("INSERT INTO sales.customers VALUES (3, 'z')");
        world.sql("ALTER TABLE sales.orders DROP PARTITION p1 FORCE");
        let incremental = world.back_up("incremental");
        let at_incremental = sales(&world);
        world.sql("INSERT INTO sales.customers VALUES (4, 'after the last backup')");
        let of_ops = world.ops_labels();
        spoil(&world);
        Lost {
            folder: world.lose(),
            full,
            incremental,
            at_full,
            at_incremental,
            of_ops,
        }
    }

    fn with_ops_backups() -> Lost {
        Lost::after(World::with_safe_ops(suite_release(), ""), |_| {})
    }

    /// With rows that starrocks-br has left, of which one has no chain.
    fn with_rows_of_starrocks_br() -> Lost {
        let world = World::with_safe_ops(suite_release(), "");
        for (label, kind) in [
            ("old_20250101_full", "full"),
            ("old_20250102_inc", "incremental"),
        ] {
            world.sql(&format!(
                "INSERT INTO ops.backup_history (label, backup_type, status, repository, started_at) \
                 VALUES ('{label}', '{kind}', 'FINISHED', 'nightly', '2025-01-01 01:00:00')"
            ));
        }
        Lost::after(world, |_| {})
    }

    fn without_ops_backups() -> Lost {
        Lost::after(World::with_sales(), |_| {})
    }

    fn mirror(&self) -> PathBuf {
        self.folder.path().join("catalogue.jsonl")
    }

    fn snapshot_directory(&self, label: &str) -> PathBuf {
        let repository = "cluster/s3a/bucket/backups/__starrocks_repository_nightly";
        let directory = self.folder.path().join(repository);
        assert!(directory.is_dir(), "{directory:?}");
        directory.join(format!("__ss_{label}"))
    }

    /// With a daemon.
    fn new_cluster(&self) -> World {
        let mut world = World::after(&self.folder, suite_release());
        world.start();
        world
    }

    /// Both points, each exactly.
    #[track_caller]
    fn prove_restorable(&self, world: &World) {
        world.restore(&self.incremental, &[]);
        assert_eq!(sales(world), self.at_incremental);
        world.restore(&self.full, &["--rename-suffix", "_full"]);
        assert_eq!(sales(world), self.at_full);
    }
}

fn recover(world: &World) -> Said {
    world.brctl(&["recover", "--repository", "nightly"])
}

#[track_caller]
fn said(said: &Said, parts: &[&str]) {
    let all = format!("{}{}", said.stdout, said.stderr);
    for part in parts {
        assert!(all.contains(part), "{part:?} is not in {said:#?}");
    }
}

#[test]
fn the_newest_backup_of_ops_brings_the_memory_back_and_restores_are_exact() {
    let lost = Lost::with_ops_backups();
    let world = lost.new_cluster();
    let recovered = recover(&world).ok();
    said(
        &recovered,
        &[
            "restore ops.backup_history from",
            &format!(
                "ops is recovered from the backup `{}`: 2 of 2 recovery points are whole",
                lost.of_ops[1]
            ),
            &format!(
                "sales: 2 of 2 recovery points are whole, the newest `{}`",
                lost.incremental
            ),
        ],
    );
    world.assert_nothing_open();
    // The backup of ops was itself under way when it was cut, and is on record as what it is.
    assert_eq!(world.ops_labels(), lost.of_ops);
    let left: Vec<_> = world
        .sql("SHOW TABLES FROM ops")
        .into_iter()
        .filter(|row| {
            row[0]
                .as_deref()
                .is_some_and(|name| name.ends_with("_recovered"))
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
    lost.prove_restorable(&world);

    // The group goes on, with what there is.
    world.sql("INSERT INTO sales.customers VALUES (7, 'new')");
    let next = world.back_up("incremental");
    let rows = sales(&world);
    world.sql("TRUNCATE TABLE sales.customers");
    world.restore(&next, &["--rename-suffix", "_next"]);
    assert_eq!(sales(&world), rows);

    // Once more changes nothing, and says so.
    let again = recover(&world).ok();
    said(
        &again,
        &[
            "ops was recovered already",
            "3 of 3 recovery points are whole",
        ],
    );
    world.assert_nothing_open();
}

#[test]
fn rows_of_starrocks_br_are_no_broken_points() {
    let lost = Lost::with_rows_of_starrocks_br();
    let world = lost.new_cluster();
    let recovered = recover(&world).ok();
    let parts = [
        "2 of 2 recovery points are whole",
        "2 rows of starrocks-br on record",
    ];
    said(&recovered, &parts);
    let all = format!("{}{}", recovered.stdout, recovered.stderr);
    assert!(!all.contains("1970") && !all.contains("is broken"), "{all}");
}

#[test]
fn an_ops_database_without_history_counts_as_empty() {
    let lost = Lost::with_ops_backups();
    let world = lost.new_cluster();
    world.brctl(&["init"]).ok();
    world.put_in_group("reports", "reports", "*");
    // It fails, and is on record: that is no history that anybody would miss.
    world.sql("CREATE DATABASE reports");
    assert_eq!(
        world.brctl(&["backup", "full", "--group", "reports"]).code,
        1
    );
    let recovered = recover(&world).ok();
    said(
        &recovered,
        &["1 rows of ops.table_inventory that were here already stay"],
    );
    let groups =
        world.sql("SELECT inventory_group FROM ops.table_inventory ORDER BY inventory_group");
    assert_eq!(
        groups,
        [[Some("daily".to_owned())], [Some("reports".to_owned())]]
    );
    lost.prove_restorable(&world);
    world.assert_nothing_open();
}

#[test]
fn a_history_is_never_written_over() {
    let lost = Lost::with_ops_backups();
    let world = lost.new_cluster();
    world.put_sales();
    world.brctl(&["init"]).ok();
    world.put_in_group("daily", "sales", "*");
    let own = world.back_up("full");
    let before = world.rows("ops.backup_history");
    recover(&world).refused(
        5,
        &[
            "holds a history of its own, 1 finished",
            "drop or rename the database `ops` yourself",
        ],
    );
    assert_eq!(world.rows("ops.backup_history"), before);
    assert!(before.iter().any(|row| row[0].as_ref() == Some(&own)));
}

#[test]
fn a_backup_of_ops_that_cannot_be_used_gives_way_to_the_one_before() {
    let lost = Lost::with_ops_backups();
    // Whole to look at, and broken inside.
    let last = lost.snapshot_directory(&lost.of_ops[1]);
    let broken: Vec<PathBuf> = std::fs::read_dir(&last)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("__meta")
        })
        .collect();
    assert_eq!(broken.len(), 1, "{broken:?}");
    std::fs::remove_file(&broken[0]).unwrap();
    // And one without its last file.
    std::fs::create_dir(lost.snapshot_directory("brd_ops_29991231_000000")).unwrap();
    let world = lost.new_cluster();
    let recovered = recover(&world).ok();
    said(
        &recovered,
        &[
            "the backup of ops `brd_ops_29991231_000000` cannot be used: its snapshot is not whole",
            &format!("the backup of ops `{}` cannot be used", lost.of_ops[1]),
            &format!(
                "ops is recovered from the backup `{}`: 1 of 1",
                lost.of_ops[0]
            ),
            &format!(
                "1 snapshot in the repository and not on record: {}",
                lost.incremental
            ),
        ],
    );
    world.restore(&lost.full, &[]);
    assert_eq!(sales(&world), lost.at_full);
    world.assert_nothing_open();
}

#[test]
fn the_mirror_adds_what_came_after_the_backup_of_ops() {
    let lost = Lost::with_ops_backups();
    std::fs::remove_dir_all(lost.snapshot_directory(&lost.of_ops[1])).unwrap();
    let world = lost.new_cluster();
    std::fs::copy(lost.mirror(), world.folder.path().join("catalogue.jsonl")).unwrap();
    let recovered = recover(&world).ok();
    said(
        &recovered,
        &[
            &format!("they are taken from it: {}", lost.incremental),
            &format!(
                "ops is recovered from the backup `{}`: 2 of 2",
                lost.of_ops[0]
            ),
        ],
    );
    lost.prove_restorable(&world);
}

#[test]
fn without_a_backup_of_ops_the_mirror_does() {
    for given in [false, true] {
        let lost = Lost::without_ops_backups();
        let world = lost.new_cluster();
        let recovered = if given {
            let mirror = lost.mirror().display().to_string();
            let arguments = [
                "recover",
                "--repository",
                "nightly",
                "--from-mirror",
                &mirror,
            ];
            world.brctl(&arguments).ok()
        } else {
            std::fs::copy(lost.mirror(), world.folder.path().join("catalogue.jsonl")).unwrap();
            recover(&world).ok()
        };
        said(
            &recovered,
            &[
                "ops is recovered from the mirror",
                "2 of 2 recovery points are whole",
            ],
        );
        assert_eq!(
            world.cell("SELECT inventory_group FROM ops.table_inventory"),
            "daily"
        );
        lost.prove_restorable(&world);
        world.assert_nothing_open();
        said(&recover(&world).ok(), &["ops was recovered already"]);
    }
}

#[test]
fn without_either_the_snapshots_tell_what_they_can() {
    let lost = Lost::without_ops_backups();
    let world = lost.new_cluster();
    let recovered = recover(&world);
    assert_eq!(recovered.code, 6, "{recovered:#?}");
    said(
        &recovered,
        &[
            "neither a backup of ops nor a mirror",
            "ops is recovered from what the repository's snapshots tell: 1 of 2 recovery points are whole",
            &format!(
                "recovery point `{}` is broken: incremental `{}` was recorded without its baseline",
                lost.incremental, lost.incremental
            ),
            "fill ops.table_inventory again",
        ],
    );
    world.restore(&lost.full, &[]);
    assert_eq!(sales(&world), lost.at_full);
    world
        .brctl(&["restore", "--target-label", &lost.incremental, "--plan"])
        .refused(5, &["without its baseline"]);
    // Nothing is compared with what tells no versions.
    world.put_in_group("daily", "sales", "*");
    let next = world.back_up("incremental");
    assert_eq!(
        world.cell(&format!(
            "SELECT backup_type FROM ops.backup_history WHERE label = '{next}'"
        )),
        "full"
    );
    world.assert_nothing_open();
}

#[test]
fn nothing_less_is_taken_where_backups_of_ops_are_there_and_something_is_in_the_way() {
    let lost = Lost::with_ops_backups();
    for label in &lost.of_ops {
        for entry in std::fs::read_dir(lost.snapshot_directory(label)).unwrap() {
            let path = entry.unwrap().path();
            if path
                .file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("__meta")
            {
                std::fs::remove_file(path).unwrap();
            }
        }
    }
    let world = lost.new_cluster();
    let refused = recover(&world);
    assert_eq!(refused.code, 1, "{refused:#?}");
    said(
        &refused,
        &["the cluster could restore none of them", "--from-mirror"],
    );
    let mirror = lost.mirror().display().to_string();
    world
        .brctl(&[
            "recover",
            "--repository",
            "nightly",
            "--from-mirror",
            &mirror,
        ])
        .ok();
    lost.prove_restorable(&world);
}

#[test]
fn a_point_that_is_broken_is_named_with_its_reason() {
    let lost = Lost::with_ops_backups();
    std::fs::remove_dir_all(lost.snapshot_directory(&lost.full)).unwrap();
    let world = lost.new_cluster();
    let recovered = recover(&world);
    assert_eq!(recovered.code, 6, "{recovered:#?}");
    said(
        &recovered,
        &[
            "0 of 2 recovery points are whole",
            &format!(
                "recovery point `{}` is broken: snapshot `{}` is not in repository `nightly`",
                lost.incremental, lost.full
            ),
        ],
    );
    world.assert_nothing_open();
}

#[test]
fn a_repository_that_is_not_there_is_asked_for_with_its_location() {
    let lost = Lost::with_ops_backups();
    let world = lost.new_cluster();
    world.sql("DROP REPOSITORY nightly");
    recover(&world).refused(
        4,
        &[
            "repository `nightly` does not exist",
            "CREATE REPOSITORY `nightly` WITH BROKER ON LOCATION \"the location",
        ],
    );
    let mirror = lost.mirror().display().to_string();
    let create =
        "CREATE REPOSITORY `nightly` WITH BROKER ON LOCATION \"s3a://bucket/backups\" PROPERTIES";
    world
        .brctl(&[
            "recover",
            "--repository",
            "nightly",
            "--from-mirror",
            &mirror,
        ])
        .refused(4, &[create]);
    world.sql("CREATE REPOSITORY nightly WITH BROKER ON LOCATION 's3a://bucket/backups'");
    recover(&world).ok();
    lost.prove_restorable(&world);
}

#[test]
fn a_mirror_that_is_none_is_refused() {
    let lost = Lost::without_ops_backups();
    let world = lost.new_cluster();
    let whole = std::fs::read_to_string(lost.mirror()).unwrap();
    let cut = whole[..whole.len() - 5].to_owned();
    let newer = whole.replacen("\"format\":1", "\"format\":2", 1);
    for (name, text, part) in [
        ("cut", cut, "it was cut off"),
        ("newer", newer, "is of format 2, and this brd reads 1"),
        ("other", "root:x:0:0\n".to_owned(), "line 1 of the mirror"),
    ] {
        let path = world.write(name, &text);
        let said = world.brctl(&[
            "recover",
            "--repository",
            "nightly",
            "--from-mirror",
            path.to_str().unwrap(),
        ]);
        assert!(!said.stderr.contains("root:"), "{said:#?}");
        said.refused(5, &[part]);
    }
    world
        .brctl(&[
            "recover",
            "--repository",
            "nightly",
            "--from-mirror",
            "/nowhere/at/all",
        ])
        .refused(
            5,
            &["/nowhere/at/all cannot be read", "on the daemon's host"],
        );
}
