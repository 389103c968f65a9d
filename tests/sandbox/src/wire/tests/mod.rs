//! The protocol over a front end that knows seven statements: with a real client in `client`, byte by byte in `raw`.

mod client;
mod raw;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mysql_async::{Conn, OptsBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use crate::answer::{Answer, Column, ColumnKind, Done, ResultSet, SqlError};
use crate::wire::{Field, Parameter, Service, Tls, serve, stored_password};

#[derive(Clone, Default)]
struct Fake {
    connections: Arc<AtomicU32>,
    open: Arc<AtomicU32>,
    closing: Arc<Notify>,
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

    fn tls(&self) -> Option<Tls> {
        None
    }

    fn demands_tls(&self) -> bool {
        false
    }

    fn open(
        &self,
        _user: &str,
        _host: &str,
        _connection_id: u32,
        database: Option<&str>,
    ) -> Result<FakeSession, SqlError> {
        let mut session = FakeSession::default();
        if let Some(name) = database {
            self.use_database(&mut session, name)?;
        }
        self.open.fetch_add(1, Ordering::SeqCst);
        Ok(session)
    }

    fn closing(&self, _connection_id: u32) -> impl Future<Output = ()> + Send + 'static {
        let closing = Arc::clone(&self.closing);
        async move { closing.notified().await }
    }

    fn change_user(
        &self,
        session: &mut FakeSession,
        _user: &str,
        database: Option<&str>,
    ) -> Result<(), SqlError> {
        if let Some(name) = database {
            self.use_database(session, name)?;
        }
        self.reset(session);
        Ok(())
    }

    fn prepare(
        &self,
        _session: &mut FakeSession,
        _sql: &str,
    ) -> Result<(Vec<Column>, usize), SqlError> {
        Err(SqlError::plain("nothing can be prepared here"))
    }

    fn execute_prepared(
        &self,
        _session: &mut FakeSession,
        _sql: &str,
        _parameters: &[Parameter],
    ) -> Result<Answer, SqlError> {
        Err(SqlError::plain("nothing was prepared here"))
    }

    fn fields(&self, _session: &mut FakeSession, table: &str) -> Result<Vec<Field>, SqlError> {
        Ok(vec![Field {
            database: "d".to_owned(),
            table: table.to_owned(),
            column: Column {
                name: "c".to_owned(),
                kind: ColumnKind::Text,
            },
            default: "x".to_owned(),
        }])
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

fn framed(number: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[length, 0, 0, number], payload].concat()
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
