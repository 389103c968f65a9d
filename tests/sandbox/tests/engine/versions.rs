//! What moves partition ids and visible versions (surface.md 4.1): the ground incremental backups stand on.

use crate::harness::Cluster;

fn facts() -> Cluster {
    let mut cluster = Cluster::with_repository();
    cluster.run(
        "CREATE TABLE facts (d DATE NOT NULL, n INT) DUPLICATE KEY (d) PARTITION BY RANGE(d)
         (PARTITION p1 VALUES LESS THAN ('2026-02-01'), PARTITION p2 VALUES LESS THAN ('2026-03-01')) DISTRIBUTED BY HASH(d) BUCKETS 1",
    );
    cluster
}

#[test]
fn a_load_moves_only_the_partitions_it_touches() {
    let mut cluster = facts();
    let before = cluster.versions("facts");
    assert_eq!((before["p1"].1, before["p2"].1), (1, 1));
    cluster.advance(60);
    cluster.run("INSERT INTO facts VALUES ('2026-01-05', 1)");
    let after = cluster.versions("facts");
    assert_eq!(
        (after["p1"], after["p2"]),
        ((before["p1"].0, 2), before["p2"])
    );
    let times = cluster.rows("SELECT VISIBLE_VERSION_TIME FROM information_schema.partitions_meta WHERE TABLE_NAME = 'facts' ORDER BY PARTITION_NAME");
    assert_eq!(times, ["2026-03-10 12:01:00", "2026-03-10 12:00:00"]);
}

#[test]
fn a_delete_that_matches_nothing_still_moves_a_duplicate_table() {
    let mut cluster = facts();
    cluster.run("DELETE FROM facts WHERE d = '2026-02-05'");
    let after = cluster.versions("facts");
    assert_eq!((after["p1"].1, after["p2"].1), (1, 2));
    cluster.run("DELETE FROM facts WHERE n = 7");
    let after = cluster.versions("facts");
    assert_eq!((after["p1"].1, after["p2"].1), (2, 3));
}

#[test]
fn truncate_and_overwrite_make_new_partitions() {
    let mut cluster = facts();
    cluster.run("INSERT INTO facts VALUES ('2026-01-05', 1), ('2026-02-05', 2)");
    let before = cluster.versions("facts");
    cluster.run("TRUNCATE TABLE facts PARTITION (p1)");
    let truncated = cluster.versions("facts");
    assert_ne!(truncated["p1"].0, before["p1"].0);
    assert_eq!((truncated["p1"].1, truncated["p2"]), (1, before["p2"]));
    cluster.run("INSERT OVERWRITE facts PARTITION (p2) VALUES ('2026-02-06', 3)");
    let overwritten = cluster.versions("facts");
    assert_ne!(overwritten["p2"].0, before["p2"].0);
    assert_eq!(overwritten["p2"].1, 2);
    assert_eq!(cluster.rows("SELECT * FROM facts"), ["2026-02-06|3"]);
    assert_eq!(
        cluster
            .refuse("INSERT OVERWRITE facts PARTITION (p2) VALUES ('2026-01-06', 3)")
            .code,
        5610
    );
}

#[test]
fn replace_partition_keeps_the_older_time_of_the_temporary_one() {
    let mut cluster = facts();
    cluster.run("INSERT INTO facts VALUES ('2026-01-05', 1)");
    cluster.run(
        "ALTER TABLE facts ADD TEMPORARY PARTITION tp1 VALUES [('0000-01-01'), ('2026-02-01'))",
    );
    cluster.run("INSERT INTO facts TEMPORARY PARTITION (tp1) VALUES ('2026-01-09', 9)");
    assert_eq!(cluster.rows("SELECT * FROM facts"), ["2026-01-05|1"]);
    let temporary = cluster.record("SHOW TEMPORARY PARTITIONS FROM facts");
    cluster.advance(3600);
    cluster.run("ALTER TABLE facts REPLACE PARTITION (p1) WITH TEMPORARY PARTITION (tp1)");
    assert_eq!(cluster.rows("SELECT * FROM facts"), ["2026-01-09|9"]);
    let replaced = cluster.record("SHOW PARTITIONS FROM facts WHERE PartitionName = 'p1'");
    assert_eq!(replaced["PartitionId"], temporary["PartitionId"]);
    assert_eq!(replaced["VisibleVersionTime"], "2026-03-10 12:00:00");
    assert_eq!(
        cluster.rows("SHOW TEMPORARY PARTITIONS FROM facts").len(),
        0
    );
}

#[test]
fn swap_and_rename_leave_ids_with_their_data() {
    let mut cluster = Cluster::with_repository();
    cluster.run("CREATE TABLE a (k INT) DISTRIBUTED BY HASH(k)");
    cluster.run("CREATE TABLE b LIKE a");
    cluster.run("INSERT INTO a VALUES (1)");
    let (a, b) = (cluster.versions("a"), cluster.versions("b"));
    let id = |cluster: &mut Cluster, name: &str| {
        cluster.cell(&format!(
            "SELECT TABLE_ID FROM information_schema.tables_config WHERE TABLE_NAME = '{name}'"
        ))
    };
    let table_id = id(&mut cluster, "a");
    cluster.run("ALTER TABLE a SWAP WITH b");
    assert_eq!(
        (cluster.versions("b")["b"], cluster.versions("a")["a"]),
        (a["a"], b["b"])
    );
    assert_eq!(id(&mut cluster, "b"), table_id);
    cluster.run("ALTER TABLE b RENAME c");
    assert_eq!(cluster.versions("c")["c"], a["a"]);
    assert_eq!(
        cluster.refuse("ALTER TABLE a SWAP WITH gone").message,
        "Table gone does not exist or is not OLAP/LAKE table"
    );
    assert_eq!(
        cluster.refuse("ALTER TABLE a RENAME c").message,
        "Table name[c] is already used"
    );
}

#[test]
fn a_schema_change_moves_neither_ids_nor_versions() {
    let mut cluster = facts();
    cluster.run("INSERT INTO facts VALUES ('2026-01-05', 1)");
    let before = cluster.versions("facts");
    cluster.run("ALTER TABLE facts ADD COLUMN note VARCHAR(10) DEFAULT 'none'");
    assert_eq!(cluster.versions("facts"), before);
    assert_eq!(cluster.rows("SELECT * FROM facts"), ["2026-01-05|1|none"]);
    cluster.run("ALTER TABLE facts DROP COLUMN n");
    assert_eq!(cluster.rows("SELECT * FROM facts"), ["2026-01-05|none"]);
}

#[test]
fn updates_of_a_primary_table_move_the_partitions_of_their_rows() {
    let mut cluster = Cluster::with_repository();
    cluster.run(
        "CREATE TABLE orders (id INT NOT NULL, v INT) PRIMARY KEY (id) PARTITION BY RANGE(id)
         (START ('0') END ('30') EVERY (10)) DISTRIBUTED BY HASH(id)",
    );
    cluster.run("INSERT INTO orders VALUES (1, 1), (11, 1)");
    cluster.run("UPDATE orders SET v = 2 WHERE id = 11");
    cluster.run("DELETE FROM orders WHERE id = 999");
    let versions: Vec<u64> = cluster
        .versions("orders")
        .values()
        .map(|(_, version)| *version)
        .collect();
    assert_eq!(versions, [2, 3, 1]);
}
