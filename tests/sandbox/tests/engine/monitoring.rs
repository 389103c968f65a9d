//! The queries people run over the ops tables, verbatim from the guide of the Python tool, on tables of its types.

use crate::harness::Cluster;

fn ops() -> Cluster {
    let mut cluster = Cluster::new();
    cluster
        .sandbox
        .run_script(
            "CREATE DATABASE IF NOT EXISTS ops;
             CREATE TABLE IF NOT EXISTS ops.table_inventory (inventory_group STRING NOT NULL COMMENT 'Group', database_name STRING NOT NULL,
                table_name STRING NOT NULL, created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP)
                UNIQUE KEY (inventory_group, database_name, table_name) DISTRIBUTED BY HASH(inventory_group);
             CREATE TABLE IF NOT EXISTS ops.backup_history (label STRING NOT NULL, backup_type STRING NOT NULL, status STRING NOT NULL,
                repository STRING NOT NULL, started_at DATETIME NOT NULL, finished_at DATETIME, error_message STRING,
                created_at DATETIME DEFAULT CURRENT_TIMESTAMP) PRIMARY KEY (label);
             CREATE TABLE IF NOT EXISTS ops.restore_history (job_id STRING NOT NULL, backup_label STRING NOT NULL, restore_type STRING NOT NULL,
                status STRING NOT NULL, repository STRING NOT NULL, started_at DATETIME NOT NULL, finished_at DATETIME, error_message STRING,
                verification_checksum STRING, created_at DATETIME DEFAULT CURRENT_TIMESTAMP) PRIMARY KEY (job_id);
             CREATE TABLE IF NOT EXISTS ops.run_status (scope STRING NOT NULL, label STRING NOT NULL, state STRING NOT NULL DEFAULT \"ACTIVE\",
                started_at DATETIME DEFAULT CURRENT_TIMESTAMP, finished_at DATETIME) PRIMARY KEY (scope, label);
             CREATE TABLE IF NOT EXISTS ops.backup_partitions (key_hash STRING NOT NULL, label STRING NOT NULL, database_name STRING NOT NULL,
                table_name STRING NOT NULL, partition_name STRING NOT NULL, created_at DATETIME DEFAULT CURRENT_TIMESTAMP)
                PRIMARY KEY (key_hash);
             INSERT INTO ops.table_inventory (inventory_group, database_name, table_name)
             VALUES
               ('daily_facts', 'your_db', 'fact_sales'),
               ('weekly_dims', 'your_db', 'dim_users'),
               ('weekly_dims', 'your_db', 'dim_products'),
               ('full_db_backup', 'your_db', '*'); -- Wildcard for all tables
             INSERT INTO ops.backup_history (label, backup_type, status, repository, started_at, finished_at, error_message) VALUES
               ('a', 'full', 'FINISHED', 'repo', '2026-03-08 01:00:00', '2026-03-08 01:10:00', NULL),
               ('b', 'incremental', 'FAILED', 'repo', '2026-03-09 01:00:00', '2026-03-09 01:01:00', 'no space'),
               ('c', 'incremental', 'FINISHED', 'repo', '2026-03-10 01:00:00', '2026-03-10 01:02:00', NULL);
             INSERT INTO ops.run_status (scope, label) VALUES ('backup', 'd');",
        )
        .unwrap();
    cluster.run("USE ops");
    cluster
}

#[test]
fn the_queries_of_the_guide_work_verbatim() {
    let mut cluster = ops();
    let recent = cluster.rows(
        "SELECT label, backup_type, status, started_at, finished_at\nFROM ops.backup_history\nORDER BY started_at DESC\nLIMIT 10;",
    );
    assert_eq!(
        recent[0],
        "c|incremental|FINISHED|2026-03-10 01:00:00|2026-03-10 01:02:00"
    );
    assert_eq!(recent.len(), 3);
    let failed = cluster.rows(
        "SELECT label, backup_type, error_message, started_at\nFROM ops.backup_history\nWHERE status = 'FAILED'\nORDER BY started_at DESC;",
    );
    assert_eq!(failed, ["b|incremental|no space|2026-03-09 01:00:00"]);
    let active = cluster.rows(
        "SELECT scope, label, state, started_at\nFROM ops.run_status\nWHERE state = 'ACTIVE';",
    );
    assert_eq!(active, ["backup|d|ACTIVE|2026-03-10 12:00:00"]);
    assert_eq!(
        cluster
            .cell("SELECT COUNT(*) FROM ops.table_inventory WHERE inventory_group = 'weekly_dims'"),
        "2"
    );
}

#[test]
fn ages_and_totals_can_be_watched() {
    let mut cluster = ops();
    let rows = cluster.rows(
        "SELECT backup_type, COUNT(*) AS runs, SUM(CASE WHEN status = 'FINISHED' THEN 1 ELSE 0 END) AS good,
                MAX(UNIX_TIMESTAMP(finished_at) - UNIX_TIMESTAMP(started_at)) AS longest
         FROM backup_history WHERE started_at >= DATE_SUB(NOW(), INTERVAL 7 DAY) GROUP BY backup_type ORDER BY backup_type",
    );
    assert_eq!(rows, ["full|1|1|600", "incremental|2|1|120"]);
    let stale = cluster.rows("SELECT label FROM run_status WHERE state = 'ACTIVE' AND started_at < NOW() - INTERVAL 1 HOUR");
    assert!(stale.is_empty());
    cluster.advance(3601);
    assert_eq!(cluster.rows("SELECT label FROM run_status WHERE state = 'ACTIVE' AND started_at < NOW() - INTERVAL 1 HOUR"), ["d"]);
}
