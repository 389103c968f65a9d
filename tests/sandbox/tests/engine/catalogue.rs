//! SHOW statements, information_schema, DDL, users, faults.

use starrocks_sandbox::answer::SqlError;
use starrocks_sandbox::engine::Effect;

use crate::harness::Cluster;

fn header(cluster: &mut Cluster, sql: &str) -> Vec<String> {
    cluster
        .result(sql)
        .columns
        .into_iter()
        .map(|column| column.name)
        .collect()
}

#[test]
fn nodes_are_listed_with_the_columns_of_3_5() {
    let mut cluster = Cluster::new();
    let frontends = header(&mut cluster, "SHOW FRONTENDS");
    assert_eq!(
        (
            frontends.len(),
            frontends[0].as_str(),
            frontends[9].as_str(),
            frontends[10].as_str()
        ),
        (17, "Id", "Join", "Alive")
    );
    let leader = cluster.record("SHOW FRONTENDS");
    assert_eq!(
        (
            leader["Role"].as_str(),
            leader["Alive"].as_str(),
            leader["QueryPort"].as_str()
        ),
        ("LEADER", "true", "9030")
    );
    assert_eq!(header(&mut cluster, "SHOW BACKENDS").len(), 30);
    cluster.sandbox.set_backend_alive(1, false);
    let alive: Vec<String> = cluster
        .result("SHOW BACKENDS")
        .rows
        .into_iter()
        .filter_map(|row| row[8].clone())
        .collect();
    assert_eq!(alive, ["true", "false", "true"]);
    assert_eq!(header(&mut cluster, "SHOW PROCESSLIST").len(), 11);
    assert_eq!(
        cluster.record("ADMIN SHOW FRONTEND CONFIG LIKE 'run_mode'")["Value"],
        "shared_nothing"
    );
}

#[test]
fn too_few_backends_refuse_a_table_of_three_replicas() {
    let mut cluster = Cluster::with(|options| options.backends = 1);
    cluster.run("CREATE DATABASE shop");
    let error = cluster.refuse("CREATE TABLE shop.t (k INT) DISTRIBUTED BY HASH(k)");
    assert_eq!(error.code, 1064);
    assert!(
        error
            .message
            .contains("replication num should be less than"),
        "{}",
        error.message
    );
    cluster.run(
        "CREATE TABLE shop.t (k INT) DISTRIBUTED BY HASH(k) PROPERTIES ('replication_num' = '1')",
    );
}

#[test]
fn databases_and_tables_refuse_doubles_and_absence_by_code() {
    let mut cluster = Cluster::with_repository();
    cluster.run("CREATE TABLE t (k INT) DISTRIBUTED BY HASH(k)");
    let cases = [
        ("CREATE DATABASE shop", 1007),
        ("DROP DATABASE gone", 1008),
        ("USE gone", 5501),
        ("CREATE TABLE t (k INT) DISTRIBUTED BY HASH(k)", 1050),
        ("DROP TABLE gone", 5502),
        ("SHOW BACKUP FROM gone", 5501),
        ("CREATE TABLE p (v STRING, k INT) PRIMARY KEY (k)", 1064),
        ("CREATE TABLE u (k INT) UNIQUE KEY (k)", 1064),
    ];
    for (sql, code) in cases {
        assert_eq!(cluster.refuse(sql).code, code, "{sql}");
    }
    for accepted in [
        "CREATE TABLE IF NOT EXISTS t (k INT)",
        "DROP TABLE IF EXISTS gone",
        "COMMIT",
        "SYNC",
        "SET NAMES utf8mb4",
    ] {
        cluster.run(accepted);
    }
}

#[test]
fn a_dropped_table_can_be_recovered_for_a_day() {
    let mut cluster = Cluster::with_repository();
    cluster.run("CREATE TABLE t (k INT) DISTRIBUTED BY HASH(k)");
    cluster.run("INSERT INTO t VALUES (7)");
    cluster.run("DROP TABLE t");
    assert_eq!(cluster.refuse("SELECT * FROM t").code, 5502);
    cluster.run("RECOVER TABLE t");
    assert_eq!(cluster.rows("SELECT * FROM t"), ["7"]);
    cluster.run("DROP TABLE t");
    cluster.advance(86_400 + 601);
    assert_eq!(cluster.refuse("RECOVER TABLE t").code, 5502);
}

#[test]
fn show_create_table_can_be_run_again() {
    let mut cluster = Cluster::with_repository();
    cluster.run(
        "CREATE TABLE t (d DATE NOT NULL COMMENT 'day', id BIGINT NOT NULL, s STRING DEFAULT 'a\"b', at DATETIME DEFAULT CURRENT_TIMESTAMP)
         PRIMARY KEY (d, id) COMMENT 'facts' PARTITION BY RANGE(d) (PARTITION p1 VALUES LESS THAN ('2026-02-01'),
         PARTITION pmax VALUES LESS THAN MAXVALUE) DISTRIBUTED BY HASH(id) BUCKETS 4 PROPERTIES ('replication_num' = '1')",
    );
    let first = cluster.record("SHOW CREATE TABLE t")["Create Table"].clone();
    assert!(first.contains("PARTITION p1 VALUES [(\"0000-01-01\"), (\"2026-02-01\")),\nPARTITION pmax VALUES [(\"2026-02-01\"), (MAXVALUE)))"), "{first}");
    assert!(
        first.contains("`s` varchar(65533) NULL DEFAULT \"a\\\"b\" COMMENT \"\""),
        "{first}"
    );
    cluster.run("DROP TABLE t FORCE");
    cluster.run(&first);
    assert_eq!(cluster.record("SHOW CREATE TABLE t")["Create Table"], first);
}

#[test]
fn information_schema_describes_tables_and_columns() {
    let mut cluster = Cluster::with_repository();
    cluster.run("CREATE TABLE t (k INT NOT NULL, v DECIMAL(10, 2)) PRIMARY KEY (k) PROPERTIES ('replication_num' = '2')");
    cluster.run("INSERT INTO t VALUES (1, 2.5)");
    assert_eq!(cluster.cell("SELECT TABLE_TYPE, ENGINE, TABLE_ROWS FROM information_schema.tables WHERE TABLE_SCHEMA = 'shop'"), "BASE TABLE|StarRocks|1");
    assert_eq!(cluster.cell("SELECT TABLE_MODEL, PRIMARY_KEY, DISTRIBUTE_TYPE, PROPERTIES FROM information_schema.tables_config"), "PRI_KEYS|`k`|HASH|{\"replication_num\":\"2\"}");
    assert_eq!(
        cluster.rows("SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE FROM information_schema.columns WHERE TABLE_SCHEMA = 'shop' ORDER BY ORDINAL_POSITION"),
        ["k|int|NO", "v|decimal|YES"]
    );
    assert_eq!(
        cluster.rows("SELECT SCHEMA_NAME FROM information_schema.schemata ORDER BY 1"),
        ["information_schema", "shop", "sys"]
    );
    assert!(
        cluster
            .rows("SELECT * FROM information_schema.materialized_views")
            .is_empty()
    );
    assert_eq!(
        cluster.rows("SHOW DATABASES"),
        ["information_schema", "shop", "sys"]
    );
    assert_eq!(cluster.rows("SHOW TABLES LIKE 't%'"), ["t"]);
    assert_eq!(
        cluster.rows("DESC t"),
        [
            "k|int(11)|NO|true|NULL|",
            "v|decimal(10, 2)|YES|false|NULL|"
        ]
    );
    assert_eq!(
        cluster
            .refuse("SELECT 1 FROM information_schema.nothing")
            .code,
        5502
    );
}

#[test]
fn users_exist_once_they_are_created() {
    use starrocks_sandbox::wire::Service;
    let mut cluster = Cluster::new();
    assert_eq!(cluster.sandbox.credentials("root", "h"), Some(Vec::new()));
    assert_eq!(cluster.sandbox.credentials("brd", "h"), None);
    cluster.run("CREATE USER 'brd'@'%' IDENTIFIED BY 'secret'");
    cluster.run("GRANT ALL ON ALL TABLES IN ALL DATABASES TO USER 'brd'@'%'");
    let hash = cluster.sandbox.credentials("brd", "h").unwrap();
    assert_eq!(hash.len(), 20);
    cluster.run("SET PASSWORD FOR 'brd'@'%' = PASSWORD('other')");
    assert_ne!(cluster.sandbox.credentials("brd", "h").unwrap(), hash);
    cluster.run("DROP USER 'brd'@'%'");
    assert_eq!(cluster.sandbox.credentials("brd", "h"), None);
}

#[test]
fn an_ordered_fault_hits_once_before_or_after_the_effect() {
    let mut cluster = Cluster::with_repository();
    cluster.run("CREATE TABLE t (k INT) DISTRIBUTED BY HASH(k)");
    let lost = || SqlError::plain("connection lost");
    cluster
        .sandbox
        .fail_next("insert into t", Effect::Done, lost());
    assert_eq!(cluster.refuse("INSERT INTO t VALUES (1)"), lost());
    cluster
        .sandbox
        .fail_next("INSERT INTO T", Effect::None, lost());
    assert_eq!(cluster.refuse("INSERT INTO t VALUES (2)"), lost());
    cluster.run("INSERT INTO t VALUES (3)");
    assert_eq!(cluster.rows("SELECT k FROM t ORDER BY k"), ["1", "3"]);
}

#[test]
fn a_script_stops_at_the_statement_that_fails() {
    let cluster = Cluster::new();
    cluster
        .sandbox
        .run_script(
            "CREATE DATABASE a; -- first\nUSE a; CREATE TABLE t (k INT) DISTRIBUTED BY HASH(k);",
        )
        .unwrap();
    let error = cluster
        .sandbox
        .run_script("USE a; DROP TABLE gone; CREATE DATABASE b")
        .unwrap_err();
    assert_eq!((error.number, error.source.code), (2, 5502));
}
