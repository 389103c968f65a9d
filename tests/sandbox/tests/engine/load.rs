//! INSERT, UPDATE, DELETE: labels, keys, types, strict mode.

use crate::harness::Cluster;

fn ops() -> Cluster {
    let mut cluster = Cluster::with_repository();
    cluster.run(
        "CREATE TABLE run_status (scope STRING NOT NULL, label STRING NOT NULL, state STRING NOT NULL DEFAULT 'ACTIVE',
         started_at DATETIME DEFAULT CURRENT_TIMESTAMP, finished_at DATETIME) PRIMARY KEY (scope, label)",
    );
    cluster
}

#[test]
fn an_insert_answers_label_status_and_transaction() {
    let mut cluster = ops();
    let done = cluster.done("INSERT INTO run_status WITH LABEL slot_1 (scope, label) VALUES ('backup', 'a'), ('backup', 'b')");
    assert_eq!((done.affected_rows, done.warnings), (2, 0));
    assert_eq!(
        done.info,
        "{'label':'slot_1', 'status':'VISIBLE', 'txnId':'1'}"
    );
    let unnamed = cluster.done("INSERT INTO run_status (scope, label) VALUES ('backup', 'c')");
    assert!(
        unnamed.info.starts_with("{'label':'insert_")
            && unnamed
                .info
                .ends_with("', 'status':'VISIBLE', 'txnId':'2'}"),
        "{}",
        unnamed.info
    );
    assert_eq!(
        cluster.cell("SELECT state, started_at, finished_at FROM run_status WHERE label = 'a'"),
        "ACTIVE|2026-03-10 12:00:00|NULL"
    );
}

#[test]
fn a_label_is_used_once_per_database_until_it_is_forgotten() {
    let mut cluster = ops();
    let insert = "INSERT INTO run_status WITH LABEL slot (scope, label) VALUES ('backup', 'a')";
    cluster.run(insert);
    let error = cluster.refuse(insert);
    assert_eq!(
        (error.code, error.message.as_str()),
        (1064, "Label [slot] has already been used.")
    );
    cluster.run("CREATE DATABASE other");
    cluster.run("CREATE TABLE other.t (k INT) DISTRIBUTED BY HASH(k)");
    cluster.run("INSERT INTO other.t WITH LABEL slot VALUES (1)");
    cluster.advance(3 * 86_400 + 1);
    cluster.run(insert);
    for number in 0..1000 {
        cluster.run(&format!(
            "INSERT INTO run_status (scope, label) VALUES ('backup', 'x{number}')"
        ));
    }
    cluster.run(insert);
}

#[test]
fn an_aborted_load_leaves_its_label_free_and_no_row() {
    let mut cluster = ops();
    let error = cluster.refuse("INSERT INTO run_status WITH LABEL slot (scope, label) VALUES ('backup', 'a'), ('backup', NULL)");
    assert_eq!((error.code, error.state), (5610, "22000"));
    assert!(
        error
            .message
            .starts_with("Insert has filtered data in strict mode, txn_id = "),
        "{}",
        error.message
    );
    assert_eq!(cluster.cell("SELECT COUNT(*) FROM run_status"), "0");
    cluster.run("INSERT INTO run_status WITH LABEL slot (scope, label) VALUES ('backup', 'a')");
}

#[test]
fn the_same_key_replaces_the_row_of_a_primary_or_unique_table() {
    let mut cluster = ops();
    cluster.run("CREATE TABLE inventory (g STRING, t STRING, note STRING) UNIQUE KEY (g, t) DISTRIBUTED BY HASH(g)");
    cluster.run("INSERT INTO inventory VALUES ('daily', 'a', 'one'), ('daily', 'b', 'two'), ('daily', 'a', 'three')");
    assert_eq!(
        cluster.rows("SELECT * FROM inventory ORDER BY t"),
        ["daily|a|three", "daily|b|two"]
    );
    cluster.run("INSERT INTO run_status (scope, label, state) VALUES ('backup', 'a', 'ACTIVE')");
    cluster.run("INSERT INTO run_status (scope, label, state) VALUES ('backup', 'a', 'FINISHED')");
    assert_eq!(
        cluster.rows("SELECT label, state FROM run_status"),
        ["a|FINISHED"]
    );
    let error = cluster.refuse("UPDATE inventory SET note = 'x' WHERE g = 'daily'");
    assert_eq!(
        error.message,
        "Getting analyzing error. Detail message: table inventory does not support update."
    );
}

#[test]
fn updates_and_deletes_follow_the_table_type() {
    let mut cluster = ops();
    cluster.run("INSERT INTO run_status (scope, label) VALUES ('backup', 'a'), ('backup', 'b')");
    let done = cluster.done("UPDATE run_status SET state = CONCAT(state, '_OLD'), finished_at = NOW() WHERE label = 'a'");
    assert_eq!(done.affected_rows, 1);
    assert_eq!(
        cluster.cell("SELECT state, finished_at FROM run_status WHERE label = 'a'"),
        "ACTIVE_OLD|2026-03-10 12:00:00"
    );
    assert_eq!(
        cluster
            .done("DELETE FROM run_status WHERE label = 'a' OR state = 'x'")
            .affected_rows,
        1
    );
    assert_eq!(cluster.rows("SELECT label FROM run_status"), ["b"]);
    cluster.run("CREATE TABLE log (k INT, v STRING) DUPLICATE KEY (k) DISTRIBUTED BY HASH(k)");
    let cases = [
        (
            "UPDATE run_status SET label = 'z' WHERE label = 'b'",
            "primary key column cannot be updated: label",
        ),
        (
            "UPDATE run_status SET state = 'z'",
            "must specify where clause to prevent full table update",
        ),
        (
            "DELETE FROM run_status",
            "Delete must specify where clause to prevent full table delete",
        ),
        (
            "UPDATE log SET v = 'z' WHERE k = 1",
            "table log does not support update",
        ),
        (
            "DELETE FROM log WHERE k = 1 OR k = 2",
            "Compound predicate's op should be AND",
        ),
        (
            "DELETE FROM log WHERE k IN (SELECT 1)",
            "Where clause only supports compound predicate",
        ),
    ];
    for (sql, message) in cases {
        let error = cluster.refuse(sql);
        assert!(error.message.contains(message), "{sql}: {}", error.message);
    }
    cluster.run("INSERT INTO log VALUES (1, 'a'), (2, 'b'), (1, 'c')");
    cluster.run("DELETE FROM log WHERE k = 1 AND v IN ('a', 'z')");
    assert_eq!(cluster.rows("SELECT * FROM log ORDER BY v"), ["2|b", "1|c"]);
}

#[test]
fn primary_keys_are_at_most_128_encoded_bytes() {
    let mut cluster = ops();
    cluster.run("CREATE TABLE history (label STRING NOT NULL, v INT) PRIMARY KEY (label)");
    let insert =
        |length: usize| format!("INSERT INTO history VALUES ('{}', 1)", "x".repeat(length));
    cluster.run(&insert(128));
    assert_eq!(
        cluster.refuse(&insert(129)).message,
        "primary key size exceed the limit."
    );
    let reserve = |length: usize| {
        format!(
            "INSERT INTO run_status (scope, label) VALUES ('backup', '{}')",
            "x".repeat(length)
        )
    };
    cluster.run(&reserve(120));
    assert_eq!(
        cluster.refuse(&reserve(121)).message,
        "primary key size exceed the limit."
    );
}

#[test]
fn column_counts_types_and_ranges_are_checked() {
    let mut cluster = ops();
    cluster.run(
        "CREATE TABLE facts (d DATE NOT NULL, n TINYINT, s VARCHAR(3)) PARTITION BY RANGE(d)
         (PARTITION p1 VALUES [('2026-01-01'), ('2026-02-01'))) DISTRIBUTED BY HASH(d)",
    );
    let count = cluster.refuse("INSERT INTO facts VALUES ('2026-01-01', 1)");
    assert_eq!((count.code, count.state), (5604, "42601"));
    for values in [
        "('2026-01-01', 200, 'a')",
        "('2026-01-01', 1, 'abcd')",
        "('soon', 1, 'a')",
        "('2026-02-01', 1, 'a')",
    ] {
        assert_eq!(
            cluster
                .refuse(&format!("INSERT INTO facts VALUES {values}"))
                .code,
            5610,
            "{values}"
        );
    }
    assert!(
        cluster
            .refuse("INSERT INTO facts (n) VALUES (1)")
            .message
            .contains("'d' must be explicitly mentioned")
    );
    assert!(
        cluster
            .refuse("INSERT INTO facts (d, x) VALUES ('2026-01-01', 1)")
            .message
            .contains("Unknown column 'x' in 'facts'")
    );
    cluster.run("SET enable_insert_strict = false");
    assert_eq!(
        cluster
            .done("INSERT INTO facts VALUES ('2026-01-05', 1, 'a'), ('2026-03-01', 2, 'b')")
            .affected_rows,
        1
    );
}

#[test]
fn insert_select_auto_increment_and_default() {
    let mut cluster = ops();
    cluster.run("CREATE TABLE numbered (id BIGINT NOT NULL AUTO_INCREMENT, v STRING DEFAULT 'x') PRIMARY KEY (id)");
    cluster.run("INSERT INTO numbered (v) VALUES ('a'), (DEFAULT)");
    cluster.run("INSERT INTO numbered (v) SELECT CONCAT(v, v) FROM numbered ORDER BY id");
    assert_eq!(
        cluster.rows("SELECT * FROM numbered ORDER BY id"),
        ["1|a", "2|x", "3|aa", "4|xx"]
    );
    let nothing = cluster.done("INSERT INTO numbered (v) SELECT v FROM numbered WHERE id > 99");
    assert_eq!(nothing.affected_rows, 0);
}

#[test]
fn ten_thousand_rows_go_in_at_once_and_not_one_more() {
    let mut cluster = ops();
    cluster.run("CREATE TABLE many (k INT, v STRING) DISTRIBUTED BY HASH(k)");
    let statement = |rows: usize| {
        let rows: Vec<String> = (0..rows).map(|row| format!("({row}, 'v{row}')")).collect();
        format!("INSERT INTO many VALUES {}", rows.join(", "))
    };
    assert_eq!(cluster.done(&statement(10_000)).affected_rows, 10_000);
    let error = cluster.refuse(&statement(10_001));
    assert!(
        error
            .message
            .contains("10001 exceeded the maximum limit 10000"),
        "{}",
        error.message
    );
    assert_eq!(
        cluster.cell("SELECT COUNT(*), SUM(k) FROM many"),
        "10000|49995000"
    );
}

#[test]
fn what_cannot_be_held_exactly_is_refused_loudly() {
    let mut cluster = ops();
    cluster.run("CREATE TABLE wide (a LARGEINT, d DECIMAL(38, 4)) DISTRIBUTED BY HASH(a)");
    for values in [
        "(170141183460469231731687303715884105727, 1)",
        "(1, '123456789012345678.1')",
    ] {
        let error = cluster.refuse(&format!("INSERT INTO wide VALUES {values}"));
        assert!(
            error.message.starts_with("not modelled by this sandbox"),
            "{}",
            error.message
        );
    }
    cluster.run("INSERT INTO wide VALUES (9223372036854775807, '12345678901.2345')");
    assert_eq!(
        cluster.rows("SELECT * FROM wide"),
        ["9223372036854775807|12345678901.2345"]
    );
}
