//! RESTORE: new tables, existing tables, refusals, cancellation, the live-table hazard.

use crate::harness::Cluster;

fn shop() -> Cluster {
    let mut cluster = Cluster::with_repository();
    cluster.run(
        "CREATE TABLE facts (d DATE NOT NULL, id BIGINT NOT NULL, v DECIMAL(10, 2), s STRING) PRIMARY KEY (d, id) PARTITION BY RANGE(d)
         (PARTITION p1 VALUES LESS THAN ('2026-02-01'), PARTITION p2 VALUES LESS THAN ('2026-03-01')) DISTRIBUTED BY HASH(id) BUCKETS 2",
    );
    cluster.run("CREATE TABLE dims (k INT, v DOUBLE) DISTRIBUTED BY HASH(k) BUCKETS 1");
    cluster.run("INSERT INTO facts VALUES ('2026-01-05', 1, 0.1, 'it''s'), ('2026-01-06', 2, NULL, NULL), ('2026-02-05', 3, 12345678.99, 'ü')");
    cluster.run("INSERT INTO dims VALUES (1, 0.1), (2, 1e300), (3, 3.141592653589793)");
    cluster
}

#[test]
fn an_aliased_restore_makes_a_new_table_row_for_row() {
    let mut cluster = shop();
    cluster.backup("full1", "ON (facts, dims)");
    let (rows, before) = (
        cluster.rows("SELECT * FROM facts ORDER BY id"),
        cluster.versions("facts"),
    );
    cluster.advance(3600);
    for (table, alias) in [("facts", "facts_restored"), ("dims", "dims_restored")] {
        let job = cluster.restore("shop", "full1", &format!("ON ({table} AS {alias})"));
        assert_eq!(
            (job["State"].as_str(), job["Status"].as_str()),
            ("FINISHED", "[OK]")
        );
    }
    assert_eq!(
        cluster.rows("SELECT * FROM facts_restored ORDER BY id"),
        rows
    );
    assert_eq!(
        cluster.rows("SELECT * FROM dims_restored ORDER BY k"),
        cluster.rows("SELECT * FROM dims ORDER BY k")
    );
    let after = cluster.versions("facts_restored");
    assert_eq!(after["p1"].1, before["p1"].1, "the version is the backup's");
    assert_ne!(after["p1"].0, before["p1"].0, "the id is new");
    let time = "SELECT DISTINCT VISIBLE_VERSION_TIME FROM information_schema.partitions_meta WHERE TABLE_NAME = 'facts_restored'";
    assert_eq!(
        cluster.rows(time),
        ["2026-03-10 12:00:00"],
        "so is its time"
    );
    // An unpartitioned table's partition is renamed with it.
    assert_eq!(
        cluster
            .versions("dims_restored")
            .into_keys()
            .collect::<Vec<_>>(),
        ["dims_restored"]
    );
    cluster.run("ALTER TABLE facts SWAP WITH facts_restored");
    cluster.run("INSERT INTO facts VALUES ('2026-01-07', 9, 1, 'new')");
    assert_eq!(cluster.cell("SELECT COUNT(*) FROM facts"), "4");
}

#[test]
fn the_new_table_is_visible_but_not_readable_until_the_end() {
    let mut cluster = shop();
    let timestamp = cluster.backup("full1", "ON (facts)");
    cluster.run(&format!("RESTORE SNAPSHOT shop.full1 FROM repo ON (facts AS f2) PROPERTIES ('backup_timestamp' = '{timestamp}')"));
    let submitted = cluster.record("SHOW RESTORE FROM shop");
    assert_eq!(
        (
            submitted["JobId"].as_str(),
            submitted["State"].as_str(),
            submitted["ReplicationNum"].as_str()
        ),
        ("-1", "PENDING", "3")
    );
    assert_eq!(submitted["RestoreObjs"], "facts PARTITIONS [p1, p2]");
    let mut states = Vec::new();
    for step in 0..6 {
        if step == 1 {
            assert!(cluster.rows("SHOW TABLES").contains(&"f2".to_owned()));
            let unreadable = cluster.refuse("SELECT * FROM f2");
            assert_eq!(
                (unreadable.code, unreadable.message.as_str()),
                (5014, "Table state is not NORMAL: 'RESTORING'")
            );
            assert_eq!(
                cluster
                    .refuse("INSERT INTO f2 VALUES ('2026-01-05', 1, 1, 'x')")
                    .message,
                "Cannot write RESTORE state table \"f2\""
            );
            assert!(
                cluster
                    .refuse("ALTER TABLE f2 SWAP WITH facts")
                    .message
                    .starts_with("A snapshot restore operation is in progress")
            );
        }
        cluster.advance(3);
        states.push(cluster.record("SHOW RESTORE FROM shop")["State"].clone());
    }
    assert_eq!(
        states,
        [
            "SNAPSHOTING",
            "DOWNLOAD",
            "DOWNLOADING",
            "COMMIT",
            "COMMITTING",
            "FINISHED"
        ]
    );
    assert_eq!(cluster.cell("SELECT COUNT(*) FROM f2"), "3");
}

#[test]
fn a_restore_in_place_replaces_partitions_and_adds_missing_ranges() {
    let mut cluster = shop();
    cluster.backup("full1", "ON (facts)");
    cluster.run("INSERT INTO facts VALUES ('2026-01-09', 9, 1, 'lost')");
    cluster.run("ALTER TABLE facts DROP PARTITION p2");
    cluster.advance(60);
    let before = cluster.versions("facts");
    let job = cluster.restore("shop", "full1", "ON (facts)");
    assert_eq!(job["State"], "FINISHED", "{job:?}");
    assert_eq!(
        cluster.rows("SELECT id FROM facts ORDER BY id"),
        ["1", "2", "3"]
    );
    let after = cluster.versions("facts");
    assert_eq!(
        after["p1"],
        (before["p1"].0, 2),
        "same id, the backup's version"
    );
    let times = cluster.rows("SELECT PARTITION_NAME, VISIBLE_VERSION_TIME = NOW() FROM information_schema.partitions_meta WHERE TABLE_NAME = 'facts' ORDER BY 1");
    assert_eq!(times[1], "p2|0", "an added partition keeps its old time");
    let replaced = cluster.record("SHOW PARTITIONS FROM facts WHERE PartitionName = 'p1'");
    assert_eq!(replaced["VisibleVersionTime"], job["FinishedTime"]);
}

#[test]
fn an_alias_only_ever_creates() {
    let mut cluster = shop();
    cluster.backup("full1", "ON (facts, dims)");
    cluster.restore("shop", "full1", "ON (facts AS f2)");
    let job = cluster.restore("shop", "full1", "ON (facts PARTITION (p1) AS f2)");
    assert_eq!(job["State"], "CANCELLED");
    assert_eq!(
        job["Status"],
        "[COMMON_ERROR, msg: Table f2 already exist but with different schema, errMsg: Table name is inconsistent]"
    );
    assert_eq!(
        cluster.cell("SELECT COUNT(*) FROM f2"),
        "3",
        "the table is normal again"
    );
    let timestamp = cluster.timestamp("full1");
    let error = cluster.refuse(&format!("RESTORE SNAPSHOT shop.full1 FROM repo ON (f2 PARTITION (p1)) PROPERTIES ('backup_timestamp' = '{timestamp}')"));
    assert_eq!(
        (error.code, error.message.as_str()),
        (5064, "Table f2 does not exist in snapshot full1")
    );
}

#[test]
fn refusals_at_submission() {
    let mut cluster = shop();
    let timestamp = cluster.backup("full1", "ON (facts)");
    let restore = |what: &str, more: &str| {
        format!(
            "RESTORE SNAPSHOT shop.full1 FROM repo ON ({what}) PROPERTIES ('backup_timestamp' = '{timestamp}'{more})"
        )
    };
    let location = "s3a://bucket/backups//__starrocks_repository_repo";
    let cases = [
        (
            "RESTORE SNAPSHOT shop.full1 FROM gone PROPERTIES ('backup_timestamp' = 'x')"
                .to_owned(),
            "Repository gone does not exist".to_owned(),
        ),
        (
            "RESTORE SNAPSHOT shop.full1 FROM repo".to_owned(),
            "Getting analyzing error. Detail message: Missing backup_timestamp property."
                .to_owned(),
        ),
        (
            "RESTORE SNAPSHOT shop.full1 FROM repo PROPERTIES ('backup_timestamp' = '2026-03-10')"
                .to_owned(),
            format!(
                "Failed to get info of snapshot 'full1' because: File does not exist: {location}/__ss_full1/__info_2026-03-10. Maybe specified wrong backup timestamp"
            ),
        ),
        (
            restore("facts PARTITION (p9)", ""),
            "Partition p9 of table facts does not exist in snapshot full1".to_owned(),
        ),
        (
            restore("facts", ", 'timeout' = '5'"),
            "Getting analyzing error. Detail message: timeout must be at least 10 min.".to_owned(),
        ),
        (
            restore("facts", ", 'x' = '5'"),
            "Getting analyzing error. Detail message: Unknown restore job properties: [x]."
                .to_owned(),
        ),
        (
            restore("facts AS f, facts AS g", ""),
            "Getting analyzing error from line 1, column 54 to line 1, column 63. Detail message: Duplicated table: facts.".to_owned(),
        ),
        (
            restore("facts AS facts", ""),
            "Getting analyzing error from line 1, column 42 to line 1, column 51. Detail message: Duplicated alias name: facts.".to_owned(),
        ),
    ];
    for (sql, message) in cases {
        assert_eq!(cluster.refuse(&sql).message, message, "{sql}");
    }
}

#[test]
fn existing_tables_must_match_in_replication_schema_and_range() {
    let mut cluster = shop();
    let timestamp = cluster.backup("full1", "ON (facts, dims)");
    let status = |cluster: &mut Cluster, what: &str, replication: u32| {
        cluster.run(&format!(
            "RESTORE SNAPSHOT shop.full1 FROM repo ON ({what}) PROPERTIES ('backup_timestamp' = '{timestamp}', 'replication_num' = '{replication}')"
        ));
        cluster.finish_job();
        cluster.record("SHOW RESTORE FROM shop")["Status"].clone()
    };
    assert_eq!(
        status(&mut cluster, "dims", 1),
        "[COMMON_ERROR, msg: Partition dims in table dims has different replication num '3' with partition in repository, which is 1]"
    );
    assert_eq!(
        status(&mut cluster, "dims AS d2", 4),
        "[COMMON_ERROR, msg: failed to find 4 different hosts to create table: dims]"
    );
    cluster.run("ALTER TABLE dims ADD COLUMN extra INT");
    assert_eq!(
        status(&mut cluster, "dims", 3),
        "[COMMON_ERROR, msg: Table dims already exist but with different schema, errMsg: ]"
    );
    cluster.run("ALTER TABLE facts DROP PARTITION p1");
    cluster.run("ALTER TABLE facts ADD PARTITION p1 VALUES [('2026-01-01'), ('2026-02-01'))");
    assert_eq!(
        status(&mut cluster, "facts", 3),
        "[COMMON_ERROR, msg: Partition p1 in table facts has different range with partition in repository]"
    );
    cluster.run("ALTER TABLE facts DROP PARTITION p1");
    cluster.run("ALTER TABLE facts ADD PARTITION other VALUES [('2026-01-01'), ('2026-02-01'))");
    assert_eq!(
        status(&mut cluster, "facts", 3),
        "[COMMON_ERROR, msg: Partition p1 in table facts has conflict range with existing ranges]"
    );
    assert_eq!(
        cluster.cell("SELECT COUNT(*) FROM facts"),
        "1",
        "every refusal left the table normal"
    );
}

#[test]
fn a_failing_job_of_several_aliased_tables_removes_live_ones() {
    let cases = [
        (true, vec!["dims_r", "facts"]),
        (false, vec!["dims", "dims_r", "facts"]),
    ];
    for (hazard, live) in cases {
        let mut cluster = shop();
        cluster.sandbox.set_live_table_hazard(hazard);
        let timestamp = cluster.backup("full1", "ON (facts, dims)");
        // A leftover of an earlier run: `facts AS dims_r` meets a table of another name, after `dims AS fresh` was prepared.
        cluster.run("CREATE TABLE dims_r (k INT, v DOUBLE) DISTRIBUTED BY HASH(k) BUCKETS 1");
        cluster.run(&format!(
            "RESTORE SNAPSHOT shop.full1 FROM repo ON (facts AS dims_r, dims AS fresh) PROPERTIES ('backup_timestamp' = '{timestamp}')"
        ));
        cluster.finish_job();
        assert_eq!(
            cluster.record("SHOW RESTORE FROM shop")["State"],
            "CANCELLED"
        );
        assert_eq!(cluster.rows("SHOW TABLES"), live);
    }
}

#[test]
fn cancelling_removes_what_the_job_made() {
    let mut cluster = shop();
    let timestamp = cluster.backup("full1", "ON (facts)");
    cluster.run(&format!("RESTORE SNAPSHOT shop.full1 FROM repo ON (facts AS f2) PROPERTIES ('backup_timestamp' = '{timestamp}')"));
    cluster.advance(9);
    assert_eq!(
        cluster.refuse("CANCEL BACKUP FROM shop").message,
        "No backup job is currently running"
    );
    cluster.run("CANCEL RESTORE FROM shop");
    assert_eq!(
        cluster.record("SHOW RESTORE")["Status"],
        "[COMMON_ERROR, msg: user cancelled, current state: DOWNLOADING]"
    );
    assert_eq!(cluster.rows("SHOW TABLES"), ["dims", "facts"]);
    assert_eq!(
        cluster.refuse("CANCEL RESTORE FROM shop").message,
        "Failed to cancel job: Job with label full1 can not be cancelled. state: CANCELLED"
    );
}

#[test]
fn a_missing_database_is_made_and_stays() {
    let mut cluster = shop();
    let timestamp = cluster.backup("full1", "ON (facts)");
    cluster.refuse(&format!("RESTORE SNAPSHOT scratch.full1 FROM repo ON (gone) PROPERTIES ('backup_timestamp' = '{timestamp}')"));
    assert!(
        cluster
            .rows("SHOW DATABASES")
            .contains(&"scratch".to_owned())
    );
    let job = cluster.restore("scratch", "full1", "");
    assert_eq!(job["State"], "FINISHED");
    assert_eq!(cluster.cell("SELECT COUNT(*) FROM scratch.facts"), "3");
}

#[test]
fn dropping_the_table_being_restored_cancels_the_job() {
    let mut cluster = shop();
    let timestamp = cluster.backup("full1", "ON (dims)");
    cluster.run(&format!("RESTORE SNAPSHOT shop.full1 FROM repo ON (dims AS d2) PROPERTIES ('backup_timestamp' = '{timestamp}')"));
    cluster.advance(6);
    cluster.run("DROP TABLE d2");
    cluster.advance(3);
    let job = cluster.record("SHOW RESTORE");
    assert_eq!(job["State"], "CANCELLED");
    assert!(
        job["Status"].ends_with(" has been dropped]"),
        "{}",
        job["Status"]
    );
}

#[test]
fn a_restored_table_with_dynamic_partitions_loses_old_ones_at_the_next_run() {
    let mut cluster = shop();
    cluster.run(
        "CREATE TABLE events (d DATE, n INT) PARTITION BY RANGE(d) () DISTRIBUTED BY HASH(d) BUCKETS 1
         PROPERTIES ('dynamic_partition.enable' = 'true', 'dynamic_partition.time_unit' = 'DAY', 'dynamic_partition.start' = '-1',
                     'dynamic_partition.end' = '1', 'dynamic_partition.prefix' = 'p')",
    );
    cluster.run("INSERT INTO events VALUES ('2026-03-10', 1)");
    cluster.backup("full1", "ON (events)");
    cluster.advance(5 * 86_400);
    let job = cluster.restore("shop", "full1", "ON (events AS e2)");
    assert_eq!(job["State"], "FINISHED");
    assert_eq!(cluster.cell("SELECT COUNT(*) FROM e2"), "1");
    cluster.advance(600);
    assert_eq!(cluster.cell("SELECT COUNT(*) FROM e2"), "0");
}

#[test]
fn a_spoilt_file_shows_in_task_errors_and_never_fails_the_job() {
    let mut cluster = shop();
    let timestamp = cluster.backup("full1", "ON (dims)");
    let content = cluster
        .sandbox
        .repository_directory("repo")
        .unwrap()
        .join("__ss_full1/__ss_content");
    spoil(&content);
    cluster.run(&format!("RESTORE SNAPSHOT shop.full1 FROM repo ON (dims AS d2) PROPERTIES ('backup_timestamp' = '{timestamp}')"));
    cluster.advance(120);
    let job = cluster.record("SHOW RESTORE");
    assert_eq!(
        (job["State"].as_str(), job["Status"].as_str()),
        ("DOWNLOADING", "[OK]")
    );
    assert!(
        job["TaskErrMsg"].contains("md5sum does not match"),
        "{}",
        job["TaskErrMsg"]
    );
}

fn spoil(directory: &std::path::Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            spoil(&path)
        } else {
            std::fs::write(path, "[]").unwrap()
        }
    }
}
