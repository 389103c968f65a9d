use crate::parser::parse;
use crate::release::Release;

/// Refused for its grammar: 1064, with the place and the detail.
#[track_caller]
fn refused(cases: &[(&str, usize, usize, &str)]) {
    for (sql, line, column, detail) in cases {
        let error = parse(sql, Release::V3_5).unwrap_err();
        let message = format!(
            "Getting syntax error at line {line}, column {column}. Detail message: {detail}."
        );
        assert_eq!(
            (error.code, error.state, error.message),
            (1064, "HY000", message),
            "{sql}"
        );
    }
}

#[test]
fn job_statements_are_refused_where_they_go_wrong() {
    refused(&[
        (
            "CREATE REPOSITORY r WITH S3 ON LOCATION 's3://x'",
            1,
            25,
            "Unexpected input 'S3', the most similar input is {'BROKER'}",
        ),
        (
            "DROP SNAPSHOT l ON r",
            1,
            5,
            "Unexpected input 'SNAPSHOT', the most similar input is {'TABLE', 'DATABASE', 'SCHEMA', 'VIEW', 'REPOSITORY', 'USER', 'ROLE'}",
        ),
        (
            "BACKUP SNAPSHOT d.l TO r ON ()",
            1,
            29,
            "Unexpected input ')', the most similar input is {a legal identifier}",
        ),
        (
            "BACKUP SNAPSHOT d.l TO r PROPERTIES (type = 'full')",
            1,
            37,
            "Unexpected input 'type', the most similar input is {SINGLE_QUOTED_TEXT, DOUBLE_QUOTED_TEXT}",
        ),
        (
            "BACKUP SNAPSHOT a-b.l TO r",
            1,
            17,
            "Unexpected input '-', the most similar input is {'TO'}",
        ),
        (
            "BACKUP SNAPSHOT d.20240101 TO r",
            1,
            18,
            "Unexpected input '20240101', the most similar input is {a legal identifier}",
        ),
        (
            "BACKUP SNAPSHOT d.l",
            1,
            19,
            "Unexpected input '<EOF>', the most similar input is {'TO'}",
        ),
        (
            "BACKUP SNAPSHOT d.l TO \"r\"",
            1,
            23,
            "Unexpected input '\"r\"', the most similar input is {a legal identifier}",
        ),
        (
            "SHOW BACKUP FROM d WHERE x = 1",
            1,
            19,
            "Unexpected input 'WHERE', the most similar input is {<EOF>, ';'}",
        ),
        (
            "SHOW SNAPSHOT ON r LIKE 'x'",
            1,
            19,
            "Unexpected input 'LIKE', the most similar input is {<EOF>, ';'}",
        ),
        (
            "SHOW PLUGINS",
            1,
            5,
            "No viable statement for input 'SHOW PLUGINS'",
        ),
    ]);
}

#[test]
fn tables_are_refused_where_they_go_wrong() {
    refused(&[
        (
            "CREATE DATABASE LIKE",
            1,
            16,
            "Unexpected input 'LIKE', the most similar input is {a legal identifier}",
        ),
        (
            "CREATE TABLE t (k INT PRIMARY KEY)",
            1,
            22,
            "Unexpected input 'PRIMARY', the most similar input is {')'}",
        ),
        (
            "CREATE TABLE t (k ARRAY<INT>)",
            1,
            23,
            "Unsupported type specification: 'ARRAY'",
        ),
        (
            "CREATE TABLE t (k INT) PROPERTIES ('a' = 'b') DISTRIBUTED BY RANDOM",
            1,
            46,
            "Unexpected input 'DISTRIBUTED', the most similar input is {<EOF>, ';'}",
        ),
        (
            "CREATE TABLE t (k INT) DISTRIBUTED BY RANDOM COMMENT 'x'",
            1,
            45,
            "Unexpected input 'COMMENT', the most similar input is {'ORDER', 'PROPERTIES'}",
        ),
    ]);
}

#[test]
fn other_statements_are_refused_where_they_go_wrong() {
    refused(&[
        (
            "INSERT INTO t VALUES (1,)",
            1,
            24,
            "No viable statement for input 'INSERT INTO t VALUES (1,)'",
        ),
        (
            "INSERT INTO t VALUES (1",
            1,
            23,
            "Unexpected input '<EOF>', the most similar input is {')'}",
        ),
        (
            "SELECT 1,\n  foo bar baz FROM x",
            2,
            10,
            "Unexpected input 'baz', the most similar input is {<EOF>, ';'}",
        ),
        (
            "SELECT a FROM t WHERE",
            1,
            21,
            "Unexpected input '<EOF>', the most similar input is {a legal identifier}",
        ),
        (
            "UPDATE t SET a = 1 b = 2",
            1,
            19,
            "Unexpected input 'b', the most similar input is {<EOF>, ';'}",
        ),
        (
            "SYNC SYNC",
            1,
            5,
            "Unexpected input 'SYNC', the most similar input is {<EOF>, ';'}",
        ),
        (
            "SYNC;\nSYNC",
            2,
            0,
            "Unexpected input 'SYNC', the most similar input is {<EOF>, ';'}",
        ),
        (
            "BACKPU x",
            1,
            0,
            "Unexpected input 'BACKPU', the most similar input is {'BACKUP', 'ADMIN', 'ALTER', 'BEGIN', 'CANCEL', '(', ';'}",
        ),
        (
            "SYNC 'open",
            1,
            5,
            "No viable statement for input 'SYNC 'open'",
        ),
    ]);
}

#[test]
fn what_other_databases_allow_is_refused() {
    let refused = [
        "SELECT a FROM t FOR UPDATE",
        "SELECT 1 INTO x",
        "INSERT INTO t SET a = 1",
        "INSERT IGNORE INTO t VALUES (1)",
        "REPLACE INTO t VALUES (1)",
        "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1",
        "UPDATE t SET a = 1 FROM u WHERE t.a = u.a",
        "UPDATE t SET a = 1 LIMIT 1",
        "DELETE FROM t USING u WHERE t.a = u.a",
        "DELETE FROM t WHERE a = 1 LIMIT 1",
        "CREATE TABLE t (a INT) ENGINE=InnoDB CHARSET=utf8",
        "CREATE TABLE t (a INT, INDEX i (a))",
        "CREATE VIEW v (a) AS SELECT 1",
        "ALTER TABLE t SWAP WITH d.u",
        "ALTER TABLE t RENAME TO u",
        "ALTER TABLE t ADD COLUMN a INT FIRST",
        "DROP TABLE a, b",
        "DROP DATABASE a CASCADE",
        "TRUNCATE t",
        "TRUNCATE TABLE t TEMPORARY PARTITION (p)",
        "SET PASSWORD = '*hash'",
        "CREATE USER u IDENTIFIED BY PASSWORD '*hash'",
        "GRANT SELECT ON TABLE t",
        "SHOW SNAPSHOT",
        "CANCEL LOAD",
        "ADMIN SET FRONTEND CONFIG ()",
        "KILL 'x'",
        "EXPLAIN SELECT 1",
        "SELECT 1 /* open",
        "",
        ";",
    ];
    for sql in refused {
        let error = parse(sql, Release::V3_5).expect_err(sql);
        assert_eq!((error.code, error.state), (1064, "HY000"), "{sql}: {error}");
    }
}

#[test]
fn refusals_with_a_code_or_words_of_their_own() {
    let syntax = |text: &str| format!("Getting syntax error. Detail message: {text}.");
    let twice = syntax(
        "Specifying dbName before snapshot name is forbidden if the DbName is specified explicitly in BACKUP/RESTORE",
    );
    let catalog_of_database =
        syntax("Can not sepcify database name for external catalog Backup/Restore");
    let cases = [
        ("BACKUP DATABASE d SNAPSHOT d.l TO r", 1064, twice.as_str()),
        ("RESTORE SNAPSHOT d.l FROM r DATABASE d", 1064, &twice),
        (
            "RESTORE SNAPSHOT l FROM r ON (t)",
            1064,
            &syntax("`ON` clause is forbidden if no Database explicitly specified in Restore stmt"),
        ),
        (
            "BACKUP SNAPSHOT d.l TO r ON (t AS u)",
            1064,
            &syntax("Specifying alias for backup object is forbidden in BACKUP stmt"),
        ),
        (
            "BACKUP ALL EXTERNAL CATALOGS DATABASE d SNAPSHOT l TO r",
            1064,
            &catalog_of_database,
        ),
        (
            "RESTORE SNAPSHOT d.l FROM r EXTERNAL CATALOG (c AS e)",
            1064,
            &catalog_of_database,
        ),
        (
            "BACKUP EXTERNAL CATALOG (c) SNAPSHOT l TO r ON (t)",
            1064,
            &syntax("Can not sepcify `ON` clause for external catalog Backup/Restore"),
        ),
        (
            "CANCEL BACKUP",
            1064,
            &syntax("No selected database for cancel BACKUP/RESTORE"),
        ),
        (
            "SET NAMES latin1",
            1115,
            "Getting analyzing error. Detail message: Unknown character set: 'latin1'.",
        ),
        (
            "DROP TABLE hive.d.t",
            1064,
            "Getting analyzing error. Detail message: Unknown catalog 'hive'.",
        ),
    ];
    for (sql, code, message) in cases {
        let error = parse(sql, Release::V3_5).unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (code, message),
            "{sql}"
        );
    }
}
