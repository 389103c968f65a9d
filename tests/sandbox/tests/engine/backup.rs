//! BACKUP: submission, the cut, states, the repository.

use std::fs;

use crate::harness::{Cluster, open};

fn shop() -> Cluster {
    let mut cluster = Cluster::with_repository();
    cluster.run("CREATE TABLE a (k INT, v STRING) DISTRIBUTED BY HASH(k) BUCKETS 1");
    cluster.run("CREATE TABLE b (k INT NOT NULL, v STRING) PRIMARY KEY (k)");
    cluster.run("INSERT INTO a VALUES (1, 'one')");
    cluster.run("INSERT INTO b VALUES (1, 'uno')");
    cluster
}

#[test]
fn a_job_takes_six_visits_and_shows_each_state() {
    let mut cluster = shop();
    cluster.run("SET time_zone = '+01:00'");
    cluster.run("BACKUP SNAPSHOT shop.full1 TO repo ON (a, b)");
    let submitted = cluster.record("SHOW BACKUP FROM shop");
    assert_eq!(
        (
            submitted["JobId"].as_str(),
            submitted["State"].as_str(),
            submitted["Status"].as_str()
        ),
        ("-1", "PENDING", "[OK]")
    );
    assert_eq!(
        (
            submitted["CreateTime"].as_str(),
            submitted["Timeout"].as_str()
        ),
        ("2026-03-10 13:00:00", "86400")
    );
    assert!(
        !submitted.contains_key("SnapshotFinishedTime") && !submitted.contains_key("FinishedTime")
    );
    let mut states = Vec::new();
    for _ in 0..6 {
        cluster.advance(3);
        states.push(cluster.record("SHOW BACKUP")["State"].clone());
    }
    assert_eq!(
        states,
        [
            "SNAPSHOTING",
            "UPLOAD_SNAPSHOT",
            "UPLOADING",
            "SAVE_META",
            "UPLOAD_INFO",
            "FINISHED"
        ]
    );
    let finished = cluster.record("SHOW BACKUP FROM shop");
    assert_ne!(finished["JobId"], "-1");
    assert_eq!(finished["SnapshotFinishedTime"], "2026-03-10 13:00:06");
    assert_eq!(finished["FinishedTime"], "2026-03-10 13:00:18");
    // The timestamp is the creation time in the frontend's zone, not the session's.
    assert_eq!(cluster.timestamp("full1"), "2026-03-10-12-00-00-000");
    cluster.advance(8 * 86_400);
    assert!(cluster.rows("SHOW BACKUP FROM shop").is_empty());
}

#[test]
fn the_cut_is_the_first_tick_and_not_the_statement() {
    let mut cluster = shop();
    cluster.run("BACKUP SNAPSHOT shop.full1 TO repo ON (a, b)");
    cluster.run("INSERT INTO a VALUES (2, 'before the tick')");
    cluster.advance(3);
    cluster.run("INSERT INTO a VALUES (3, 'after the tick')");
    cluster.advance(18);
    cluster.restore("copy", "full1", "ON (a)");
    assert_eq!(cluster.rows("SELECT k FROM copy.a ORDER BY k"), ["1", "2"]);
}

#[test]
fn one_unfinished_job_per_database_backup_and_restore_together() {
    let mut cluster = shop();
    let timestamp = cluster.backup("full1", "ON (a)");
    cluster.run("BACKUP SNAPSHOT shop.full2 TO repo");
    let busy = "Can only run one backup or restore job of a database at same time";
    for statement in [
        "BACKUP SNAPSHOT shop.full3 TO repo".to_owned(),
        format!(
            "RESTORE SNAPSHOT shop.full1 FROM repo ON (a AS a2) PROPERTIES ('backup_timestamp' = '{timestamp}')"
        ),
    ] {
        let error = cluster.refuse(&statement);
        assert_eq!(
            (error.code, error.state, error.message.as_str()),
            (5064, "42000", busy)
        );
    }
    // Another database has its own slot.
    cluster.run(&format!(
        "RESTORE SNAPSHOT other.full1 FROM repo PROPERTIES ('backup_timestamp' = '{timestamp}')"
    ));
    cluster.finish_job();
    cluster.run(&format!("RESTORE SNAPSHOT shop.full1 FROM repo ON (a AS a2) PROPERTIES ('backup_timestamp' = '{timestamp}')"));
    assert!(
        cluster.rows("SHOW BACKUP FROM shop").is_empty(),
        "the RESTORE has taken the slot"
    );
    assert_eq!(cluster.rows("SHOW RESTORE").len(), 2);
}

#[test]
fn a_label_is_burnt_by_its_directory() {
    let mut cluster = shop();
    cluster.run("BACKUP SNAPSHOT shop.early TO repo");
    cluster.advance(6);
    cluster.run("CANCEL BACKUP FROM shop");
    let cancelled = cluster.record("SHOW BACKUP FROM shop");
    assert_eq!(
        (cancelled["State"].as_str(), cancelled["Status"].as_str()),
        ("CANCELLED", "[COMMON_ERROR, msg: user cancelled]")
    );
    cluster.run("BACKUP SNAPSHOT shop.early TO repo");
    cluster.advance(9);
    cluster.run("CANCEL BACKUP FROM shop");
    let burnt = cluster.refuse("BACKUP SNAPSHOT shop.early TO repo");
    assert_eq!(
        (burnt.code, burnt.message.as_str()),
        (
            5064,
            "Snapshot with name 'early' already exist in repository"
        )
    );
    assert_eq!(
        cluster.rows("SHOW SNAPSHOT ON repo"),
        ["early||ERROR: no snapshot"]
    );
    assert_eq!(
        cluster.rows("SHOW SNAPSHOT ON repo WHERE SNAPSHOT = 'never'"),
        ["never||ERROR: no snapshot"]
    );
    // A list is looked for among what the repository holds, where one name is looked for by itself.
    assert_eq!(
        cluster.rows("SHOW SNAPSHOT ON repo WHERE SNAPSHOT IN ('never', 'early')"),
        ["early||ERROR: no snapshot"]
    );
    let again = cluster.refuse("CANCEL BACKUP FROM shop");
    assert_eq!(
        again.message,
        "Failed to cancel job: Job with label early can not be cancelled. state: CANCELLED"
    );
}

#[test]
fn submissions_are_checked_in_order_with_starrocks_texts() {
    let mut cluster = shop();
    cluster.run("CREATE DATABASE empty");
    cluster.backup("taken", "ON (a)");
    let analyzing = |text: &str| format!("Getting analyzing error. Detail message: {text}.");
    let cases = [
        (
            "BACKUP SNAPSHOT gone.x TO repo",
            5501,
            analyzing("Unknown database 'gone'"),
        ),
        (
            "BACKUP SNAPSHOT shop.x TO nowhere",
            5064,
            analyzing("Repository [nowhere] does not exist"),
        ),
        (
            "BACKUP SNAPSHOT shop.x TO repo ON (gone)",
            1064,
            analyzing("Incorrect table name 'gone'"),
        ),
        (
            "BACKUP SNAPSHOT shop.x TO repo ON (a PARTITION (zz))",
            1064,
            "Getting analyzing error from line 1, column 37 to line 1, column 50. Detail message: partition[zz] does not exist  in tablea."
                .to_owned(),
        ),
        (
            "BACKUP SNAPSHOT shop.x TO repo ON (a, a)",
            1064,
            "Getting analyzing error at line 1, column 38. Detail message: Duplicated table: a."
                .to_owned(),
        ),
        (
            "BACKUP SNAPSHOT shop.x TO repo PROPERTIES ('timeout' = '10')",
            5064,
            analyzing("timeout must be at least 10 min"),
        ),
        (
            "BACKUP SNAPSHOT shop.x TO repo PROPERTIES ('ttl' = '1 DAY')",
            5064,
            analyzing("Unknown backup job properties: [ttl]"),
        ),
        (
            "BACKUP SNAPSHOT empty.x TO repo",
            1064,
            analyzing("Database: empty is empty"),
        ),
        (
            "BACKUP SNAPSHOT shop.taken TO repo",
            5064,
            "Snapshot with name 'taken' already exist in repository".to_owned(),
        ),
        (
            "BACKUP SNAPSHOT shop.taken TO repo PROPERTIES ('type' = 'incremental')",
            5064,
            "Currently does not support incremental backup".to_owned(),
        ),
    ];
    for (sql, code, message) in cases {
        let error = cluster.refuse(sql);
        assert_eq!((error.code, error.message), (code, message), "{sql}");
    }
    cluster.sandbox.set_repository_read_only("repo", true);
    assert_eq!(
        cluster.refuse("BACKUP SNAPSHOT shop.x TO repo").message,
        "Repository repo is read only"
    );
    cluster.sandbox.set_repository_read_only("repo", false);
    cluster.run("BACKUP DATABASE shop SNAPSHOT x TO repo ON (TABLE a, TABLE b)");
}

#[test]
fn a_table_dropped_before_the_tick_cancels_the_job() {
    let mut cluster = shop();
    cluster.run("BACKUP SNAPSHOT shop.x TO repo ON (a, b)");
    cluster.run("DROP TABLE b");
    cluster.advance(3);
    let job = cluster.record("SHOW BACKUP");
    assert_eq!(
        (job["State"].as_str(), job["Status"].as_str()),
        ("CANCELLED", "[NOT_FOUND, msg: table b does not exist]")
    );
}

#[test]
fn a_stalled_upload_shows_in_task_errors_until_the_timeout() {
    let mut cluster = shop();
    cluster.sandbox.stall_transfers(Some("no route to host"));
    cluster.run("BACKUP SNAPSHOT shop.x TO repo ON (a) PROPERTIES ('timeout' = '600')");
    cluster.advance(300);
    let job = cluster.record("SHOW BACKUP");
    assert_eq!(
        (job["State"].as_str(), job["Status"].as_str()),
        ("UPLOADING", "[OK]")
    );
    assert!(job["TaskErrMsg"].contains("no route to host"));
    cluster.advance(303);
    let job = cluster.record("SHOW BACKUP");
    assert_eq!(
        (job["State"].as_str(), job["Status"].as_str()),
        ("CANCELLED", "[TIMEOUT, msg: ]")
    );
}

#[test]
fn snapshots_are_files_that_another_cluster_sees() {
    let mut cluster = shop();
    cluster.run("CREATE VIEW v AS SELECT k FROM a");
    cluster.backup("full1", "");
    let root = cluster
        .data
        .path()
        .join("s3a/bucket/backups/__starrocks_repository_repo");
    assert!(root.join("__repo_info").is_file());
    let mut names: Vec<String> = fs::read_dir(root.join("__ss_full1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(
        names[0].starts_with("__info_2026-03-10-12-00-00-000.")
            && names[1].starts_with("__meta.")
            && names[2] == "__ss_content",
        "{names:?}"
    );
    let details = cluster.record(
        "SHOW SNAPSHOT ON repo WHERE SNAPSHOT = 'full1' AND TIMESTAMP = '2026-03-10-12-00-00-000'",
    );
    let json: serde_json::Value = serde_json::from_str(&details["Details"]).unwrap();
    assert_eq!(
        (&json["database"], &json["backup_time"]),
        (&"shop".into(), &1_773_144_000_000_u64.into())
    );
    assert_eq!(
        json["backup_objects"]["a"]["partitions"],
        serde_json::json!({ "a": {} })
    );

    let other = open(cluster.data.path(), |_| {});
    let session = other.session("root");
    let mut second = Cluster {
        sandbox: other,
        session,
        data: tempfile::tempdir().unwrap(),
    };
    second.run("CREATE READ ONLY REPOSITORY repo WITH BROKER ON LOCATION 's3a://bucket/backups'");
    let job = second.restore("shop", "full1", "");
    assert_eq!(job["State"], "FINISHED", "{job:?}");
    assert_eq!(second.rows("SELECT * FROM shop.a"), ["1|one"]);
    assert_eq!(second.rows("SELECT * FROM shop.v"), ["1"]);
}

#[test]
fn a_repository_in_use_cannot_be_dropped() {
    let mut cluster = shop();
    cluster.run("BACKUP SNAPSHOT shop.x TO repo");
    assert_eq!(
        cluster.refuse("DROP REPOSITORY repo").message,
        "Backup or restore job is running on this repository. Can not drop it"
    );
    cluster.finish_job();
    cluster.run("DROP REPOSITORY repo");
    assert!(cluster.rows("SHOW REPOSITORIES").is_empty());
}

/// A file for every partition is what makes a BACKUP of a thousand of them slow.
#[test]
fn what_a_backup_writes_does_not_grow_with_the_partitions() {
    let mut cluster = shop();
    let mut written = Vec::new();
    for (table, end) in [("few", "2026-01-04"), ("many", "2026-04-11")] {
        cluster.run(&format!(
            "CREATE TABLE {table} (day DATE, n INT) DUPLICATE KEY (day) PARTITION BY RANGE (day) \
             (START ('2026-01-01') END ('{end}') EVERY (INTERVAL 1 DAY)) DISTRIBUTED BY HASH (day)"
        ));
        cluster.run(&format!("INSERT INTO {table} VALUES ('2026-01-02', 1)"));
        cluster.backup(table, &format!("ON ({table})"));
        let root = cluster.sandbox.repository_directory("repo").unwrap();
        written.push(entries_below(&root.join(format!("__ss_{table}"))));
    }
    assert_eq!(written[0], written[1], "3 and 100 partitions");
    assert!(written[0] <= 6, "{written:?}");
}

fn entries_below(directory: &std::path::Path) -> usize {
    let entries = fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            1 + if path.is_dir() {
                entries_below(&path)
            } else {
                0
            }
        })
        .sum()
}
