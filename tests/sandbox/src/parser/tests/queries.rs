use super::parsed;
use crate::ast::Statement;
use crate::parser::split;

#[test]
fn what_monitoring_asks_is_a_query() {
    let queries = [
        "SELECT @@version, @@session.time_zone, @@global.time_zone, @@max_allowed_packet, @@version_comment LIMIT 1",
        "SELECT NOW() - INTERVAL 1 DAY, DATE_SUB(NOW(), INTERVAL 1 DAY), DATE_ADD(NOW(), INTERVAL -3 HOUR), ADDDATE(dt, 3) FROM t",
        "SELECT TIMESTAMPDIFF(SECOND, a, b), UNIX_TIMESTAMP(), DATE_FORMAT(now(), '%Y'), EXTRACT(DAY FROM a), seconds_diff(a, b) FROM t",
        "SELECT CAST(a AS STRING), CAST(a AS LARGEINT), CAST(a AS BIGINT), CAST(a AS DATETIME), CAST(a AS DECIMAL(10, 2)) FROM t",
        "SELECT a <=> NULL, a DIV b, a MOD b, a && b, a || b, NOT a FROM t WHERE a REGEXP '^x' AND b NOT LIKE \"y\\_%\"",
        "SELECT GROUP_CONCAT(DISTINCT a ORDER BY a SEPARATOR ', '), COUNT(DISTINCT a, b), SUM(IF(x, 1, 0)) FROM t GROUP BY b HAVING COUNT(*) > 1",
        "SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b DESC) AS n FROM t",
        "SELECT * FROM d.t PARTITION (p1, p2) AS x LEFT JOIN u ON x.a = u.a ORDER BY 1 DESC LIMIT 10, 5",
        "SELECT * FROM t PARTITIONS (p1)",
        "WITH x AS (SELECT 1 AS a) SELECT * FROM x UNION ALL SELECT 2 ORDER BY 1",
        "(SELECT 1) UNION (SELECT 2)",
        "SELECT current_version(), version(), database(), user(), current_user(), connection_id(), current_role()",
        "SELECT label, status, snapshot, timestamp, type, repository FROM ops.run_status WHERE state IN ('A', \"B\")",
        "SELECT * FROM 2024t",
        "SELECT /*+ SET_VAR(query_timeout = 10) */ 1 /* c */ -- d\n # e\n",
        "VALUES (1, 2)",
    ];
    for sql in queries {
        assert!(matches!(parsed(sql), Statement::Query(_)), "{sql}");
    }
}

#[test]
fn mysqls_conditional_comments_are_comments() {
    let Statement::Query(query) = parsed("SELECT 1 /*!40101 + 1 */ /*+ hint */ + 2") else {
        panic!("not a query")
    };
    assert_eq!(query.to_string(), "SELECT 1 + 2");
}

#[test]
fn statements_are_cut_at_semicolons_outside_quotes_and_comments() {
    let cases: [(&str, &[&str]); 6] = [
        ("", &[]),
        (" ; -- a;b\n ;/* c; */", &[]),
        ("SELECT 1; SELECT 2 ;", &["SELECT 1", "SELECT 2"]),
        (
            "a ';' \";\" `;` 'it\\';' ;b",
            &["a ';' \";\" `;` 'it\\';'", "b"],
        ),
        (
            "-- first\nUSE d; # second;\nSYNC -- third",
            &["USE d", "SYNC"],
        ),
        ("SYNC; 'open ; x", &["SYNC", "'open ; x"]),
    ];
    for (text, pieces) in cases {
        assert_eq!(split(text), pieces, "{text}");
    }
}
