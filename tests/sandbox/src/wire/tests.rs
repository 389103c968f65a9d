//! The protocol with a real client, over a front end that knows seven statements.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, OptsBuilder, Row};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::answer::{Answer, Column, ColumnKind, Done, ResultSet, SqlError};
use crate::wire::{Service, serve, stored_password};

#[derive(Clone, Default)]
struct Fake {
    connections: Arc<AtomicU32>,
    open: Arc<AtomicU32>,
}

#[derive(Default)]
struct FakeSession {
    database: String,
    resets: u32,
}

fn one_row(kind: ColumnKind, value: Option<String>) -> Answer {
    let columns = vec![Column {
        name: "value".to_owned(),
        kind,
    }];
    Answer::Rows(ResultSet {
        columns,
        rows: vec![vec![value]],
    })
}

impl Service for Fake {
    type Session = FakeSession;

    fn server_version(&self) -> String {
        "8.0.33".to_owned()
    }

    fn connection_id(&self) -> u32 {
        self.connections.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn credentials(&self, user: &str, _host: &str) -> Option<Vec<u8>> {
        match user {
            "root" => Some(stored_password("")),
            "backup" => Some(stored_password("secret")),
            _ => None,
        }
    }

    fn open(&self, _user: &str, _host: &str, _connection_id: u32) -> Result<FakeSession, SqlError> {
        self.open.fetch_add(1, Ordering::SeqCst);
        Ok(FakeSession::default())
    }

    fn refusal(&self, sql: &str) -> Option<SqlError> {
        crate::parser::parse(sql, crate::release::Release::V3_5).err()
    }

    fn execute(&self, session: &mut FakeSession, sql: &str) -> Result<Answer, SqlError> {
        match sql {
            "SELECT nulls" => {
                let mut set = ResultSet::text(&["a", "b"]);
                set.rows = vec![
                    vec![None, Some(String::new())],
                    vec![Some("x".to_owned()), None],
                ];
                Ok(Answer::Rows(set))
            }
            "SELECT number" => Ok(one_row(ColumnKind::Integer, Some("42".to_owned()))),
            "SELECT db" => Ok(one_row(ColumnKind::Text, Some(session.database.clone()))),
            "SELECT resets" => Ok(one_row(
                ColumnKind::Integer,
                Some(session.resets.to_string()),
            )),
            "SELECT big" => Ok(one_row(ColumnKind::Text, Some("x".repeat(20 << 20)))),
            "SELECT panic" => panic!("a statement that panics"),
            "INSERT INTO t VALUES (1)" => {
                let info = "{'label':'insert_1', 'status':'VISIBLE', 'txnId':'7'}".to_owned();
                Ok(Answer::Done(Done {
                    affected_rows: 300,
                    warnings: 2,
                    info,
                }))
            }
            long if long.starts_with("SELECT length") => {
                Ok(one_row(ColumnKind::Integer, Some(long.len().to_string())))
            }
            _ => Err(SqlError::new(
                5064,
                "42000",
                "Repository [r] does not exist",
            )),
        }
    }

    fn use_database(&self, session: &mut FakeSession, name: &str) -> Result<(), SqlError> {
        if name == "nowhere" {
            return Err(SqlError::new(5501, "3F000", "Unknown database 'nowhere'"));
        }
        name.clone_into(&mut session.database);
        Ok(())
    }

    fn change_user(&self, session: &mut FakeSession, _user: &str) {
        session.resets = 0;
    }

    fn reset(&self, session: &mut FakeSession) {
        session.resets += 1;
    }

    fn close(&self, _session: FakeSession) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A server on a port of its own; dropping `stop` ends it.
struct Server {
    port: u16,
    fake: Fake,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Server {
    async fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (fake, (stop, stopped)) = (Fake::default(), oneshot::channel::<()>());
        let service = fake.clone();
        let running = tokio::spawn(async move {
            serve(listener, service, async {
                stopped.await.unwrap_or_default();
            })
            .await;
        });
        Server {
            port,
            fake,
            stop,
            running,
        }
    }

    fn options(&self, user: &str, password: Option<&str>) -> OptsBuilder {
        OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(self.port)
            .user(Some(user))
            .pass(password)
            .prefer_socket(false)
            .max_allowed_packet(Some(64 << 20))
            .wait_timeout(Some(28_800))
            .stmt_cache_size(Some(0))
    }

    async fn connect(&self) -> Conn {
        Conn::new(self.options("root", None)).await.unwrap()
    }
}

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
async fn init_db_field_list_and_unknown_commands_are_answered() {
    let server = Server::start().await;
    let mut raw = log_in_raw(&server).await;
    let cases: [(&[u8], u8, &str); 7] = [
        (b"\x02sales", 0x00, ""),
        (b"\x02nowhere", 0xff, "#3F000Unknown database 'nowhere'"),
        (b"\x04t\0", 0xfe, ""),
        (b"\x09", 0xff, "#HY000Unsupported command(COM_STATISTICS)"),
        (
            b"\x16SELECT 1",
            0xff,
            "#HY000This command is not supported in the prepared statement protocol yet",
        ),
        (b"\x99", 0xff, "#08S01Unknown command"),
        (b"\x0e", 0x00, ""),
    ];
    for (command, first, rest) in cases {
        send(&mut raw, 0, command).await;
        let answer = receive(&mut raw).await;
        assert_eq!(answer[0], first, "{command:?}");
        assert!(
            rest.is_empty() || &answer[3..] == rest.as_bytes(),
            "{command:?}"
        );
    }
    send(&mut raw, 0, b"\x03SELECT db").await;
    let packets = [
        receive(&mut raw).await,
        receive(&mut raw).await,
        receive(&mut raw).await,
        receive(&mut raw).await,
    ];
    assert_eq!(packets[3], b"\x05sales");
}

#[tokio::test]
async fn a_client_with_another_method_is_asked_to_switch() {
    let server = Server::start().await;
    let mut raw = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    let greeting = receive(&mut raw).await;
    send(&mut raw, 1, &login(b"root", b"caching_sha2_password")).await;
    let switch = receive(&mut raw).await;
    assert!(switch.starts_with(b"\xfemysql_native_password\0"));
    assert!(
        greeting.windows(12).any(|part| part == &switch[31..43]),
        "the same salt again"
    );
    send(&mut raw, 3, b"").await;
    assert_eq!(receive(&mut raw).await[0], 0x00);
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
        Some(0)
    );
    assert_eq!(server.fake.open.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn garbage_and_panics_cost_their_own_connection_only() {
    let server = Server::start().await;
    let mut conn = server.connect().await;
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0xff; 64],
        &[3, 0, 0, 1, 1, 2, 3],
        &[0, 0, 0, 1],
    ] {
        let mut raw = TcpStream::connect(("127.0.0.1", server.port))
            .await
            .unwrap();
        receive(&mut raw).await;
        raw.write_all(garbage).await.unwrap();
        raw.shutdown().await.unwrap();
        let mut rest = Vec::new();
        // A reset is as good an end as any.
        if raw.read_to_end(&mut rest).await.is_ok() {
            assert!(rest.is_empty(), "{garbage:?} got {rest:?}");
        }
    }
    let mut victim = server.connect().await;
    assert!(matches!(
        victim.query_drop("SELECT panic").await,
        Err(Error::Io(_))
    ));
    assert_eq!(
        conn.query_first::<i64, _>("SELECT number").await.unwrap(),
        Some(42)
    );
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

async fn log_in_raw(server: &Server) -> TcpStream {
    let mut raw = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    receive(&mut raw).await;
    send(&mut raw, 1, &login(b"root", b"mysql_native_password")).await;
    assert_eq!(receive(&mut raw).await[0], 0x00);
    raw
}

/// PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH; an empty password.
fn login(user: &[u8], plugin: &[u8]) -> Vec<u8> {
    let mut payload = 0x0008_8200_u32.to_le_bytes().to_vec();
    payload.extend_from_slice(&[0; 28]);
    payload.extend_from_slice(user);
    payload.extend_from_slice(b"\0\0");
    payload.extend_from_slice(plugin);
    payload.push(0);
    payload
}

async fn send(raw: &mut TcpStream, number: u8, payload: &[u8]) {
    let length = u8::try_from(payload.len()).unwrap();
    raw.write_all(&[length, 0, 0, number]).await.unwrap();
    raw.write_all(payload).await.unwrap();
}

async fn receive(raw: &mut TcpStream) -> Vec<u8> {
    let mut header = [0; 4];
    raw.read_exact(&mut header).await.unwrap();
    let mut payload = vec![0; usize::from(header[0])];
    raw.read_exact(&mut payload).await.unwrap();
    payload
}
