//! With mysql_async.

use std::sync::atomic::Ordering;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Row};
use tokio::net::TcpStream;

use super::Server;

#[track_caller]
fn server_error(error: Error) -> (u16, String, String) {
    let Error::Server(error) = error else {
        panic!("not an answer of the server: {error}")
    };
    (error.code, error.state, error.message)
}

#[tokio::test]
async fn rows_keep_nulls_apart_from_empty_texts() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    let rows: Vec<(Option<String>, Option<String>)> = conn.query("SELECT nulls").await.unwrap();
    assert_eq!(
        rows,
        [(None, Some(String::new())), (Some("x".to_owned()), None)]
    );
    let number: Option<i64> = conn.query_first("SELECT number").await.unwrap();
    assert_eq!(number, Some(42));
}

#[tokio::test]
async fn columns_carry_their_names_and_types() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    let row: Row = conn.query_first("SELECT number").await.unwrap().unwrap();
    let columns = row.columns_ref();
    assert_eq!(
        (columns[0].name_str(), columns[0].schema_str()),
        ("value".into(), "".into())
    );
    assert_eq!(
        columns[0].column_type(),
        mysql_async::consts::ColumnType::MYSQL_TYPE_LONGLONG
    );
}

#[tokio::test]
async fn refusals_keep_their_code_and_state() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    let error = server_error(
        conn.query_drop("BACKUP SNAPSHOT d.l TO r")
            .await
            .unwrap_err(),
    );
    assert_eq!(
        error,
        (
            5064,
            "42000".to_owned(),
            "Repository [r] does not exist".to_owned()
        )
    );
    conn.ping().await.unwrap();
}

#[tokio::test]
async fn a_load_tells_its_rows_warnings_and_label() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    conn.query_drop("INSERT INTO t VALUES (1)").await.unwrap();
    assert_eq!((conn.affected_rows(), conn.get_warnings()), (300, 2));
    assert_eq!(
        conn.info(),
        "{'label':'insert_1', 'status':'VISIBLE', 'txnId':'7'}"
    );
}

#[tokio::test]
async fn passwords_are_checked() {
    let server = Server::start().await;
    Conn::new(server.options("backup", Some("secret")))
        .await
        .unwrap();
    let cases = [
        ("backup", Some("wrong"), "YES"),
        ("backup", None, "NO"),
        ("nobody", Some("x"), "YES"),
        ("root", Some("x"), "YES"),
    ];
    for (user, password, using) in cases {
        let error = server_error(Conn::new(server.options(user, password)).await.unwrap_err());
        let message = format!("Access denied for user '{user}' (using password: {using})");
        assert_eq!(error, (1045, "28000".to_owned(), message));
    }
}

#[tokio::test]
async fn a_database_may_come_with_the_greeting_or_later() {
    let server = Server::start().await;
    let mut conn = Conn::new(server.options("root", None).db_name(Some("ops")))
        .await
        .unwrap();
    let database: Option<String> = conn.query_first("SELECT db").await.unwrap();
    assert_eq!(database.as_deref(), Some("ops"));
    let error = Conn::new(server.options("root", None).db_name(Some("nowhere")))
        .await
        .unwrap_err();
    assert_eq!(server_error(error).0, 5501);
}

#[tokio::test]
async fn several_statements_have_several_answers_up_to_the_first_error() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    let mut result = conn
        .query_iter("SELECT number; INSERT INTO t VALUES (1);SELECT db; ")
        .await
        .unwrap();
    assert_eq!(result.collect::<Option<i64>>().await.unwrap(), [Some(42)]);
    assert_eq!(result.collect::<Row>().await.unwrap().len(), 0);
    assert_eq!(result.collect::<String>().await.unwrap(), [""]);
    assert!(result.is_empty());
    drop(result);
    let mut result = conn
        .query_iter("SELECT number; SELECT missing; SELECT number")
        .await
        .unwrap();
    assert_eq!(result.collect::<i64>().await.unwrap(), [42]);
    assert_eq!(
        server_error(result.collect::<i64>().await.unwrap_err()).0,
        5064
    );
    drop(result);
    let error = conn
        .query_drop("SELECT number; SELEC number")
        .await
        .unwrap_err();
    assert!(server_error(error).2.contains("Unexpected input 'SELEC'"));
}

#[tokio::test]
async fn long_texts_travel_both_ways() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    let value: String = conn.query_first("SELECT big").await.unwrap().unwrap();
    assert!(value.len() == 20 << 20 && value.bytes().all(|byte| byte == b'x'));
    let question = format!("SELECT length '{}'", "y".repeat(20 << 20));
    let length: Option<usize> = conn.query_first(&question).await.unwrap();
    assert_eq!(length, Some(question.len()));
}

#[tokio::test]
async fn reset_and_change_of_user_reach_the_session() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    assert!(conn.reset().await.unwrap());
    assert_eq!(
        conn.query_first::<u32, _>("SELECT resets").await.unwrap(),
        Some(1)
    );
    let user = mysql_async::ChangeUserOpts::new()
        .with_user(Some("backup".to_owned()))
        .with_pass(Some("secret".to_owned()));
    conn.change_user(user).await.unwrap();
    assert_eq!(
        conn.query_first::<u32, _>("SELECT resets").await.unwrap(),
        Some(2)
    );
    assert_eq!(server.fake.open.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_server_stops_when_told() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    server.stop.send(()).unwrap();
    server.running.await.unwrap();
    assert!(conn.ping().await.is_err());
    assert!(
        TcpStream::connect(("127.0.0.1", server.port))
            .await
            .is_err()
    );
}
