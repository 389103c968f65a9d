//! RANGE partitions, dynamic partitions, partition time to live.

use crate::harness::Cluster;

#[test]
fn ranges_are_shown_and_may_not_overlap() {
    let mut cluster = Cluster::with_repository();
    cluster.run(
        "CREATE TABLE facts (d DATE, n INT) PARTITION BY RANGE(d)
         (START ('2026-01-01') END ('2026-04-01') EVERY (INTERVAL 1 MONTH)) DISTRIBUTED BY HASH(d)",
    );
    let rows = cluster.rows("SELECT PARTITION_NAME, PARTITION_VALUE FROM information_schema.partitions_meta WHERE TABLE_NAME = 'facts' ORDER BY 1 LIMIT 1");
    assert_eq!(
        rows,
        ["p202601|[types: [DATE]; keys: [2026-01-01]; ..types: [DATE]; keys: [2026-02-01]; )"]
    );
    cluster.run("ALTER TABLE facts ADD PARTITION p202604 VALUES LESS THAN ('2026-05-01')");
    assert_eq!(
        cluster.record("SHOW PARTITIONS FROM facts WHERE PartitionName = 'p202604'")["Range"],
        "[types: [DATE]; keys: [2026-04-01]; ..types: [DATE]; keys: [2026-05-01]; )"
    );
    let error =
        cluster.refuse("ALTER TABLE facts ADD PARTITION x VALUES [('2026-03-15'), ('2026-06-01'))");
    assert!(
        error.message.contains("is intersected with range"),
        "{}",
        error.message
    );
    assert_eq!(
        cluster
            .refuse("ALTER TABLE facts ADD PARTITION p202601 VALUES LESS THAN ('2027-01-01')")
            .code,
        1517
    );
    cluster.run("INSERT INTO facts VALUES ('2026-01-15', 1), ('2026-04-15', 2)");
    assert_eq!(
        cluster.rows("SELECT n FROM facts PARTITION (p202604)"),
        ["2"]
    );
    cluster.run("ALTER TABLE facts DROP PARTITION p202604");
    assert_eq!(cluster.rows("SELECT n FROM facts"), ["1"]);
    assert!(
        cluster
            .rows("SELECT * FROM information_schema.partitions")
            .is_empty()
    );
}

#[test]
fn null_goes_into_the_lowest_partition_and_maxvalue_takes_the_rest() {
    let mut cluster = Cluster::with_repository();
    cluster.run(
        "CREATE TABLE t (k INT, v INT) PARTITION BY RANGE(k)
         (PARTITION low VALUES LESS THAN ('10'), PARTITION high VALUES LESS THAN MAXVALUE) DISTRIBUTED BY HASH(k)",
    );
    cluster.run("INSERT INTO t VALUES (NULL, 1), (-5, 2), (10, 3), (2147483647, 4)");
    assert_eq!(
        cluster.rows("SELECT v FROM t PARTITION (low) ORDER BY v"),
        ["1", "2"]
    );
    assert_eq!(
        cluster.rows("SELECT v FROM t PARTITION (high) ORDER BY v"),
        ["3", "4"]
    );
}

#[test]
fn the_scheduler_drops_and_adds_dynamic_partitions_every_ten_minutes() {
    let mut cluster = Cluster::with_repository();
    cluster.run(
        "CREATE TABLE facts (d DATE, n INT) PARTITION BY RANGE(d) () DISTRIBUTED BY HASH(d)
         PROPERTIES ('dynamic_partition.enable' = 'true', 'dynamic_partition.time_unit' = 'DAY', 'dynamic_partition.start' = '-2',
                     'dynamic_partition.end' = '1', 'dynamic_partition.prefix' = 'p')",
    );
    let names = |cluster: &mut Cluster| cluster.versions("facts").into_keys().collect::<Vec<_>>();
    assert_eq!(names(&mut cluster), ["p20260310", "p20260311"]);
    let refusal =
        cluster.refuse("ALTER TABLE facts ADD PARTITION x VALUES LESS THAN ('2030-01-01')");
    assert!(
        refusal
            .message
            .starts_with("Cannot add/drop partition on a Dynamic Partition Table"),
        "{}",
        refusal.message
    );
    cluster.advance(3 * 86_400);
    assert_eq!(
        names(&mut cluster),
        ["p20260311", "p20260312", "p20260313", "p20260314"]
    );
    cluster.run("ALTER TABLE facts SET ('dynamic_partition.enable' = 'false')");
    cluster.advance(10 * 86_400);
    assert_eq!(names(&mut cluster).len(), 4);
    cluster.run("ALTER TABLE facts ADD PARTITION x VALUES LESS THAN ('2030-01-01')");
}

#[test]
fn partition_time_to_live_drops_old_partitions() {
    let mut cluster = Cluster::with_repository();
    cluster.run(
        "CREATE TABLE facts (d DATE, n INT) PARTITION BY RANGE(d) (START ('2026-03-01') END ('2026-03-12') EVERY (INTERVAL 1 DAY))
         DISTRIBUTED BY HASH(d) PROPERTIES ('partition_live_number' = '3')",
    );
    cluster.run("INSERT INTO facts VALUES ('2026-03-01', 1), ('2026-03-10', 2)");
    cluster.advance(600);
    assert_eq!(
        cluster.versions("facts").into_keys().collect::<Vec<_>>(),
        ["p20260308", "p20260309", "p20260310", "p20260311"]
    );
    assert_eq!(cluster.rows("SELECT n FROM facts"), ["2"]);
}

#[test]
fn ten_thousand_partitions_are_listed_quickly() {
    let mut cluster = Cluster::with_repository();
    cluster.run("CREATE TABLE big (k INT, v INT) PARTITION BY RANGE(k) (START ('0') END ('10000') EVERY (1)) DISTRIBUTED BY HASH(k) BUCKETS 1");
    assert_eq!(cluster.cell("SELECT COUNT(*), MAX(VISIBLE_VERSION) FROM information_schema.partitions_meta WHERE DB_NAME = 'shop'"), "10000|1");
}
