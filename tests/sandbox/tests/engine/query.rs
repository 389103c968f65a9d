//! SELECT: types, functions, joins, grouping.

use starrocks_sandbox::answer::ColumnKind;

use crate::harness::Cluster;

fn people() -> Cluster {
    let mut cluster = Cluster::with_repository();
    cluster.run(
        "CREATE TABLE people (id BIGINT NOT NULL, name VARCHAR(20), born DATE, seen DATETIME, money DECIMAL(10, 2), share DOUBLE, ok BOOLEAN)
         DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2",
    );
    cluster.run(
        "INSERT INTO people VALUES (1, 'Ann', '2000-01-31', '2026-03-10 11:00:00', 12.5, 0.25, true),
         (2, 'Bob', '1999-12-01', '2026-03-09 00:00:00', 7, 1, false), (3, NULL, NULL, NULL, NULL, NULL, NULL)",
    );
    cluster
}

#[test]
fn values_print_in_their_declared_types() {
    let mut cluster = people();
    let rows = cluster.rows("SELECT * FROM people ORDER BY id");
    assert_eq!(
        rows,
        [
            "1|Ann|2000-01-31|2026-03-10 11:00:00|12.50|0.25|1",
            "2|Bob|1999-12-01|2026-03-09 00:00:00|7.00|1|0",
            "3|NULL|NULL|NULL|NULL|NULL|NULL"
        ]
    );
    let kinds: Vec<ColumnKind> = cluster
        .result("SELECT * FROM people")
        .columns
        .iter()
        .map(|column| column.kind)
        .collect();
    use ColumnKind::{Boolean, Date, DateTime, Decimal, Double, Integer, Text};
    assert_eq!(
        kinds,
        [Integer, Text, Date, DateTime, Decimal, Double, Boolean]
    );
}

#[test]
fn functions_answer_as_starrocks_does() {
    let mut cluster = people();
    let cases = [
        (
            "SELECT COUNT(*), SUM(money), MAX(name), MIN(born), AVG(id) FROM people",
            "3|19.50|Bob|1999-12-01|2",
        ),
        (
            "SELECT NOW(), CURDATE(), UNIX_TIMESTAMP()",
            "2026-03-10 12:00:00|2026-03-10|1773144000",
        ),
        (
            "SELECT DATE_SUB(NOW(), INTERVAL 7 DAY), DATE_ADD('2026-01-31', INTERVAL 1 MONTH)",
            "2026-03-03 12:00:00|2026-02-28 00:00:00",
        ),
        ("SELECT NOW() - INTERVAL 1 HOUR", "2026-03-10 11:00:00"),
        (
            "SELECT DATE_FORMAT('2026-03-10 04:05:06', '%Y%m%d %H:%i:%s')",
            "20260310 04:05:06",
        ),
        (
            "SELECT FROM_UNIXTIME(0), UNIX_TIMESTAMP('1970-01-02')",
            "1970-01-01 00:00:00|86400",
        ),
        (
            "SELECT CONCAT('a', 1, 2.50), CONCAT_WS('-', 'a', NULL, 'b'), CONCAT('a', NULL)",
            "a12.50|a-b|NULL",
        ),
        (
            "SELECT IF(1 > 2, 'x', 'y'), IFNULL(NULL, 3), COALESCE(NULL, NULL, 'z'), NULLIF(1, 1)",
            "y|3|z|NULL",
        ),
        (
            "SELECT UPPER('aé'), LOWER('AB'), SUBSTR('hello', 2, 3), SUBSTRING('hello', -3), LENGTH('é'), CHAR_LENGTH('é')",
            "AÉ|ab|ell|llo|2|1",
        ),
        (
            "SELECT ROUND(2.567, 2), ABS(-5), MOD(7, 3), 7 % 4, 7 / 2, 7 DIV 2, 1 / 0",
            "2.57|5|1|3|3.5|3|NULL",
        ),
        (
            "SELECT CAST('12' AS INT), CAST(3 AS CHAR), CAST('2026-03-10 01:02:03' AS DATE), CAST('x' AS INT), CAST(1.239 AS DECIMAL(5,2))",
            "12|3|2026-03-10|NULL|1.24",
        ),
        (
            "SELECT VERSION(), CURRENT_VERSION(), DATABASE(), @@version",
            "8.0.33|3.5.2-sandbox|shop|8.0.33",
        ),
        (
            "SELECT 5 ^ 3, BITXOR(5, 3), HEX(255), HEX('ab')",
            "6|6|FF|6162",
        ),
        (
            "SELECT MD5('abc'), CRC32('123456789')",
            "900150983cd24fb0d6963f7d28e17f72|3421780262",
        ),
        (
            "SELECT MD5SUM('a', NULL, 'bc')",
            "900150983cd24fb0d6963f7d28e17f72",
        ),
        (
            "SELECT SHA2('abc', 256)",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            "SELECT MURMUR_HASH3_32('hello'), MURMUR_HASH3_32('hello', 'world')",
            "1321743225|984713481",
        ),
        (
            "SELECT XX_HASH3_64('') IS NOT NULL, XX_HASH3_64(NULL)",
            "1|NULL",
        ),
        (
            "SELECT CASE WHEN 1 = 2 THEN 'a' WHEN 'x' LIKE 'X' THEN 'b' ELSE 'c' END, 'abc' LIKE 'a%', 'a_c' LIKE 'a\\\\_c'",
            "c|1|1",
        ),
        (
            "SELECT TIMESTAMPDIFF(MINUTE, '2026-03-10 10:00:00', NOW()), DATEDIFF('2026-03-10', '2026-03-01')",
            "120|9",
        ),
        (
            "SELECT GROUP_CONCAT(name), COUNT(DISTINCT ok) FROM people",
            "Ann, Bob|2",
        ),
        (
            "SELECT DATE_TRUNC('month', NOW()), YEAR(NOW()), HOUR(NOW())",
            "2026-03-01 00:00:00|2026|12",
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(cluster.cell(sql), expected, "{sql}");
    }
}

#[test]
fn dates_compare_as_dates_and_not_as_text() {
    let mut cluster = people();
    let cases = [
        ("seen > '2026-03-09'", "1"),
        ("seen >= '2026-03-09'", "2"),
        ("seen = '2026-03-09'", "1"),
        ("born < '2000-1-1'", "1"),
        ("born = '2000-01-31 00:00:00'", "1"),
        ("seen > DATE_SUB(NOW(), INTERVAL 1 DAY)", "1"),
        ("born < NOW()", "2"),
        ("seen BETWEEN '2026-03-09' AND '2026-03-10'", "1"),
        ("born IN ('2000-01-31', '1980-01-01')", "1"),
    ];
    for (condition, count) in cases {
        assert_eq!(
            cluster.cell(&format!("SELECT COUNT(*) FROM people WHERE {condition}")),
            count,
            "{condition}"
        );
    }
}

#[test]
fn joins_subqueries_unions_and_common_tables() {
    let mut cluster = people();
    cluster.run("CREATE TABLE pets (owner BIGINT, pet STRING) DISTRIBUTED BY HASH(owner)");
    cluster.run("INSERT INTO pets VALUES (1, 'cat'), (1, 'dog'), (9, 'owl')");
    let cases: [(&str, &[&str]); 8] = [
        (
            "SELECT p.name, t.pet FROM people p JOIN pets t ON p.id = t.owner ORDER BY t.pet",
            &["Ann|cat", "Ann|dog"],
        ),
        (
            "SELECT p.id, COUNT(t.pet) AS n FROM people p LEFT JOIN shop.pets t ON t.owner = p.id GROUP BY p.id ORDER BY n DESC, 1",
            &["1|2", "2|0", "3|0"],
        ),
        (
            "SELECT name FROM people WHERE id IN (SELECT owner FROM pets)",
            &["Ann"],
        ),
        (
            "SELECT name FROM people p WHERE NOT EXISTS (SELECT 1 FROM pets WHERE owner = p.id) AND name IS NOT NULL",
            &["Bob"],
        ),
        (
            "WITH c AS (SELECT owner, COUNT(*) AS n FROM pets GROUP BY owner) SELECT MAX(n) FROM c",
            &["2"],
        ),
        (
            "SELECT id FROM people WHERE id = 1 UNION ALL SELECT owner FROM pets ORDER BY id DESC LIMIT 2",
            &["9", "1"],
        ),
        (
            "SELECT owner, COUNT(*) c FROM pets GROUP BY owner HAVING c > 1",
            &["1|2"],
        ),
        (
            "SELECT owner, ROW_NUMBER() OVER (PARTITION BY owner ORDER BY pet) r FROM pets ORDER BY owner, r",
            &["1|1", "1|2", "9|1"],
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(cluster.rows(sql), expected, "{sql}");
    }
}

#[test]
fn names_that_do_not_resolve_are_refused_in_starrocks_words() {
    let mut cluster = people();
    let cases = [
        (
            "SELECT nothing FROM people",
            1064,
            "Getting analyzing error. Detail message: Column 'nothing' cannot be resolved.",
        ),
        (
            "SELECT __physical FROM people",
            1064,
            "Getting analyzing error. Detail message: Column '__physical' cannot be resolved.",
        ),
        (
            "SELECT 1 FROM gone",
            5502,
            "Getting analyzing error. Detail message: Unknown table 'shop.gone'.",
        ),
        (
            "SELECT 1 FROM gone.t",
            5501,
            "Getting analyzing error. Detail message: Unknown database 'gone'.",
        ),
        (
            "SELECT FROBNICATE(1)",
            1064,
            "Getting analyzing error. Detail message: No matching function with signature: frobnicate(bigint(20)).",
        ),
        (
            "SELECT name, COUNT(*) FROM people",
            1064,
            "Getting analyzing error. Detail message: 'name' must be an aggregate expression or appear in GROUP BY clause.",
        ),
    ];
    for (sql, code, message) in cases {
        let error = cluster.refuse(sql);
        assert_eq!(
            (error.code, error.message.as_str()),
            (code, message),
            "{sql}"
        );
    }
    let socket = cluster.refuse("SELECT @@max_allowed_packet, @@wait_timeout, @@socket");
    assert_eq!((socket.code, socket.state), (1193, "HY000"));
    assert!(
        socket
            .message
            .contains("Unknown system variable 'socket', the most similar variables are {'"),
        "{}",
        socket.message
    );
}

#[test]
fn the_session_zone_governs_now_and_show_times() {
    let mut cluster = people();
    cluster.run("SET time_zone = '+08:00'");
    assert_eq!(cluster.cell("SELECT NOW()"), "2026-03-10 20:00:00");
    assert_eq!(
        cluster.record("SHOW PARTITIONS FROM people")["VisibleVersionTime"],
        "2026-03-10 20:00:00"
    );
    cluster.run("SET time_zone = 'CST'");
    assert_eq!(
        cluster.cell("SELECT FROM_UNIXTIME(0)"),
        "1970-01-01 08:00:00"
    );
    assert_eq!(cluster.refuse("SET time_zone = 'Mars/Olympus'").code, 1298);
    cluster.run("SET GLOBAL time_zone = '+01:00'");
    cluster.session = cluster.sandbox.session("root");
    assert_eq!(cluster.cell("SELECT NOW()"), "2026-03-10 13:00:00");
    assert_eq!(
        cluster.rows("SHOW VARIABLES LIKE 'time_zone'"),
        ["time_zone|+01:00"]
    );
}

#[test]
fn sums_of_hashes_wrap_around_and_do_not_depend_on_order() {
    let mut cluster = people();
    cluster.run("CREATE TABLE big (k BIGINT) DISTRIBUTED BY HASH(k)");
    cluster.run("INSERT INTO big VALUES (9223372036854775807), (1), (NULL)");
    assert_eq!(cluster.cell("SELECT SUM(k) FROM big"), i64::MIN.to_string());
    assert_eq!(
        cluster.cell("SELECT SUM(k) FROM big WHERE k IS NULL"),
        "NULL"
    );
    let checksum = "SELECT SUM(XX_HASH3_64(CONCAT_WS('|', id, name, money))) FROM people";
    let before = cluster.cell(checksum);
    cluster.run("CREATE TABLE again LIKE people");
    cluster.run("INSERT INTO again SELECT * FROM people ORDER BY id DESC");
    assert_eq!(cluster.cell(&checksum.replace("people", "again")), before);
}

#[test]
fn a_view_of_itself_is_refused_and_not_a_crash() {
    let mut cluster = people();
    cluster.run("CREATE VIEW v AS SELECT id FROM people");
    cluster.run("CREATE OR REPLACE VIEW v AS SELECT id FROM v");
    let error = cluster.refuse("SELECT * FROM v");
    assert!(
        error.message.contains("nested too deep"),
        "{}",
        error.message
    );
}

#[test]
fn views_are_their_text_in_their_own_database() {
    let mut cluster = people();
    cluster.run("CREATE VIEW rich AS SELECT name, money FROM people WHERE money > 10");
    cluster.run("CREATE DATABASE other");
    cluster.run("USE other");
    assert_eq!(cluster.rows("SELECT * FROM shop.rich"), ["Ann|12.50"]);
    assert_eq!(
        cluster.rows("SHOW FULL TABLES FROM shop"),
        ["people|BASE TABLE", "rich|VIEW"]
    );
}
