//! What the greeting of each release says, and what a pooled connection loses when it is given back: with 5.1.0 in the greeting mysql_async
//! resets it by COM_CHANGE_USER, with 8.0.33 by COM_RESET_CONNECTION (`qe/ConnectProcessor.java`, `mysql/MysqlProto.java`).

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use starrocks_sandbox::engine::{Options, Sandbox};
use starrocks_sandbox::release::Release;
use starrocks_sandbox::wire::serve;
use tokio::net::TcpListener;

#[tokio::test]
async fn a_reset_takes_the_variables_and_leaves_database_and_connection() {
    for release in Release::ALL {
        let data = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sandbox = Sandbox::open(Options {
            release,
            query_port: port,
            ..Options::new(data.path())
        })
        .unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, sandbox, async {
            stopped.await.unwrap_or_default();
        }));
        let options = OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(port)
            .user(Some("root"))
            .prefer_socket(false)
            .max_allowed_packet(Some(64 << 20))
            .wait_timeout(Some(28_800));
        let mut connection = Conn::new(options).await.unwrap();
        let (expected, is_8) = match release {
            Release::V3_2 | Release::V3_3 => ((5, 1, 0), false),
            _ => ((8, 0, 33), true),
        };
        assert_eq!(connection.server_version(), expected, "{release}");

        connection.query_drop("CREATE DATABASE d").await.unwrap();
        connection.query_drop("USE d").await.unwrap();
        connection
            .query_drop("SET time_zone = '+09:00'")
            .await
            .unwrap();
        if is_8 {
            assert!(connection.reset().await.unwrap(), "{release}");
        } else {
            connection.change_user(Default::default()).await.unwrap();
        }
        let after: (String, String) = connection
            .query_first("SELECT @@time_zone, DATABASE()")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(after, ("UTC".to_owned(), "d".to_owned()), "{release}");
        let known: Vec<mysql_async::Row> = connection.query("SHOW PROCESSLIST").await.unwrap();
        assert_eq!(known.len(), 1, "{release}: the connection is still listed");

        drop(connection);
        drop(stop);
        server.await.unwrap();
    }
}
