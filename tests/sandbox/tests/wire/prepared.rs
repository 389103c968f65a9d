//! Prepared statements, through mysql_async's `exec`.

use mysql_async::prelude::Queryable;
use mysql_async::{Row, Value};

use crate::harness::{Server, refusal};

async fn shop() -> Server {
    let server = Server::start().await;
    server.run(
        "CREATE DATABASE shop;
         CREATE TABLE shop.sales (day DATE NOT NULL, id BIGINT NOT NULL, price DECIMAL(10, 2), weight DOUBLE, paid BOOLEAN, note STRING, at DATETIME)
             DUPLICATE KEY (day, id) DISTRIBUTED BY HASH (id);
         INSERT INTO shop.sales VALUES ('2026-03-01', 1, 9.5, 0.25, true, 'first', '2026-03-01 10:00:00'),
             ('2026-03-02', 2, NULL, NULL, NULL, NULL, NULL)",
    );
    server
}

#[tokio::test]
async fn values_are_bound_and_rows_come_back_by_type() {
    let server = shop().await;
    let mut conn = server.connect().await;
    let query =
        "SELECT day, id, price, weight, paid, note, at FROM shop.sales WHERE id = ? AND day >= ?";
    let row: Row = conn
        .exec_first(query, (1_i64, "2026-03-01"))
        .await
        .unwrap()
        .unwrap();
    let expected = [
        Value::Date(2026, 3, 1, 0, 0, 0, 0),
        Value::Int(1),
        Value::Bytes(b"9.50".to_vec()),
        Value::Double(0.25),
        Value::Int(1),
        Value::Bytes(b"first".to_vec()),
        Value::Date(2026, 3, 1, 10, 0, 0, 0),
    ];
    assert_eq!(row.unwrap(), expected);
    let row: Row = conn
        .exec_first(query, (2_i64, "2026-03-01"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.unwrap()[2..], vec![Value::NULL; 5]);
    let none: Option<Row> = conn.exec_first(query, (3_i64, "2026-03-01")).await.unwrap();
    assert!(none.is_none());
}

#[tokio::test]
async fn the_limit_may_be_a_parameter() {
    let server = shop().await;
    let mut conn = server.connect().await;
    let query = "SELECT id FROM shop.sales ORDER BY id DESC LIMIT ?";
    let ids: Vec<i64> = conn.exec(query, (1_i64,)).await.unwrap();
    assert_eq!(ids, [2]);
}

#[tokio::test]
async fn only_queries_are_prepared() {
    let server = shop().await;
    let mut conn = server.connect().await;
    let text = "This command is not supported in the prepared statement protocol yet";
    for statement in [
        "INSERT INTO shop.sales (day, id) VALUES ('2026-03-03', 3)",
        "SHOW DATABASES",
        "BACKUP SNAPSHOT shop.l TO repo",
        "SET time_zone = 'UTC'",
    ] {
        let error = refusal(conn.exec_drop(statement, ()).await);
        assert_eq!(error, (1295, text.to_owned()), "{statement}");
    }
    let error = refusal(conn.exec_drop("SELECT FROM", ()).await);
    assert!(error.1.starts_with("Getting syntax error"), "{}", error.1);
    conn.ping().await.unwrap();
}

/// The flag of an unsigned number goes into the type code that StarRocks looks up.
#[tokio::test]
async fn unsigned_numbers_cannot_be_bound() {
    let server = shop().await;
    let mut conn = server.connect().await;
    let query = "SELECT id FROM shop.sales WHERE id = ?";
    let error = refusal(conn.exec_drop(query, (u64::MAX,)).await);
    let text = "AnalysisException, msg: unknown mysql type code 32776";
    assert_eq!(error, (1064, text.to_owned()));
}
