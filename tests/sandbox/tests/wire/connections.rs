//! How connections begin and end.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};

use starrocks_sandbox::wire::Service;

use crate::harness::{Server, refusal};

/// The client notices at its next statement.
fn is_gone<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Io(_) | Error::Driver(_)))
}

#[tokio::test]
async fn a_connection_idle_for_longer_than_its_wait_timeout_is_closed() {
    let server = Server::start().await;
    let (mut patient, mut hasty) = (server.connect().await, server.connect().await);
    hasty.query_drop("SET wait_timeout = 60").await.unwrap();
    server.advance(60);
    hasty.ping().await.unwrap();
    hasty.query_drop("SELECT 1").await.unwrap();
    server.advance(61);
    assert!(is_gone(hasty.query_drop("SELECT 1").await));
    patient.query_drop("SELECT 1").await.unwrap();
    server.advance(28_801);
    assert!(is_gone(patient.query_drop("SELECT 1").await));
    let mut next = server.connect().await;
    let rows: Vec<mysql_async::Row> = next.query("SHOW PROCESSLIST").await.unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn kill_ends_a_connection_and_one_s_own_after_the_answer() {
    let server = Server::start().await;
    let (mut killer, mut victim) = (server.connect().await, server.connect().await);
    victim.query_drop("SELECT 1").await.unwrap();
    let kill = format!("KILL {}", victim.id());
    killer.query_drop(&kill).await.unwrap();
    assert!(is_gone(victim.query_drop("SELECT 1").await));
    let error = refusal(killer.query_drop(&kill).await);
    assert_eq!(error.0, 1094);
    let own = format!("KILL CONNECTION {}", killer.id());
    killer.query_drop(own).await.unwrap();
    assert!(is_gone(killer.query_drop("SELECT 1").await));
}

/// A user has 1,024 connections and the frontend 4,096: four users fill it.
#[tokio::test]
async fn more_connections_than_the_frontend_takes_are_refused_after_the_login() {
    let server = Server::start().await;
    let open = |user: &str| {
        let id = server.sandbox.connection_id();
        server.sandbox.open(user, "127.0.0.1", id, None)
    };
    let mut sessions = Vec::new();
    for user in ["a", "b", "c", "d"] {
        server.run(&format!("CREATE USER '{user}'"));
        sessions.extend((0..1024).map(|_| open(user).unwrap()));
        let all = sessions.len();
        if all < 4096 {
            let text = format!(
                "Reach user-level(qualifiedUser: {user}, currUserIdentity: '{user}'@'%') connection limit, currentUserMaxConn=1024, \
                 connectionMap.size={all}, connByUser.totConn={all}, user.currConn=1024, node=127.0.0.1:9010"
            );
            assert_eq!(open(user).unwrap_err().message, text);
        }
    }
    let error = refusal(Conn::new(server.options()).await);
    let text = "Reach cluster-wide connection limit, qe_max_connection=4096, connectionMap.size=4096, node=127.0.0.1:9010";
    assert_eq!(error, (1064, text.to_owned()));
    let wrong = server.options().pass(Some("wrong"));
    assert_eq!(refusal(Conn::new(wrong).await).0, 1045);
    server.sandbox.close(sessions.remove(0));
    server.connect().await.ping().await.unwrap();
}

#[tokio::test]
async fn a_database_at_login_must_exist() {
    let server = Server::start().await;
    server.run("CREATE DATABASE shop");
    let there = server.options().db_name(Some("shop"));
    let mut conn = Conn::new(there).await.unwrap();
    let database: Option<String> = conn.query_first("SELECT DATABASE()").await.unwrap();
    assert_eq!(database.as_deref(), Some("shop"));
    let nowhere = server.options().db_name(Some("nowhere"));
    let error = refusal(Conn::new(nowhere).await);
    assert_eq!(error, (5501, "Unknown database 'nowhere'".to_owned()));
}

#[tokio::test]
async fn a_change_of_user_keeps_the_database_and_forgets_the_variables() {
    let server = Server::start().await;
    server.run("CREATE DATABASE shop; CREATE USER 'teller' IDENTIFIED BY 'secret'");
    let mut conn = server.connect().await;
    conn.query_drop("USE shop").await.unwrap();
    conn.query_drop("SET time_zone = '+05:00'").await.unwrap();
    let user = mysql_async::ChangeUserOpts::new()
        .with_user(Some("teller".to_owned()))
        .with_pass(Some("secret".to_owned()));
    conn.change_user(user).await.unwrap();
    let row: Option<(String, String, String)> = conn
        .query_first("SELECT USER(), DATABASE(), @@time_zone")
        .await
        .unwrap();
    let (user, database, zone) = row.unwrap();
    assert!(user.starts_with("'teller'@"), "{user}");
    assert_eq!((database.as_str(), zone.as_str()), ("shop", "UTC"));
    let rows: Vec<mysql_async::Row> = conn.query("SHOW PROCESSLIST").await.unwrap();
    assert_eq!(rows.len(), 1);
}
