//! A frontend over TCP: connects, finds the leader, sends text, gives every wait a deadline.
//!
//! mysql_async has no timeouts of its own, asks for a variable that StarRocks does not have unless told not to, and its `Opts` print the
//! password when debugged: all of that is dealt with here and nowhere else. Only the text protocol is used: StarRocks prepares nothing but
//! SELECT (`qe/ConnectProcessor.java`).

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Value};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::session::Answer;
use super::{Frontend, FrontendRow, ResultSet, StatementError};

/// Where the cluster is and who we are there.
#[derive(Debug, Clone)]
pub struct ClusterAddress {
    /// Host and port of one or more frontends, tried in order.
    pub frontends: Vec<(String, u16)>,
    pub user: String,
    pub password: SecretString,
    pub connect_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
}

/// One session, opened when first needed and again after a loss.
#[derive(Debug)]
pub struct MysqlFrontend {
    address: ClusterAddress,
    connection: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    conn: Conn,
    used: Instant,
}

/// A connection idle for longer is asked whether it still lives before a statement is entrusted to it.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

/// Of query_timeout, in seconds.
const LONGEST_TIMEOUT: u64 = 259_200;

/// MySQL's own limit on what is sent at once; statements of ours stay under 1 MiB, answers may be long.
const MAX_PACKET: usize = 64 << 20;

impl MysqlFrontend {
    pub fn new(address: ClusterAddress) -> MysqlFrontend {
        MysqlFrontend {
            address,
            connection: Mutex::new(None),
        }
    }

    async fn run(&self, statement: &str) -> Result<ResultSet, StatementError> {
        let mut slot = self.connection.lock().await;
        // Taken out while in use: whatever ends this future early leaves no half-read connection behind.
        let mut open = match self.still_alive(slot.take()).await {
            Some(open) => open,
            None => Open {
                conn: self.connect().await?,
                used: Instant::now(),
            },
        };
        tracing::debug!(statement, "statement");
        let answer = match timeout(
            self.address.statement_timeout,
            read(&mut open.conn, statement),
        )
        .await
        {
            Ok(answer) => answer,
            Err(_) => {
                let seconds = self.address.statement_timeout.as_secs();
                return Err(StatementError::lost(format!(
                    "no answer from the frontend within {seconds} s"
                )));
            }
        };
        match answer {
            Err(mysql_async::Error::Server(error)) => {
                open.used = Instant::now();
                *slot = Some(open);
                Err(StatementError::refused(error.code, &error.message))
            }
            Err(other) => Err(StatementError::lost(format!(
                "the connection to the frontend was lost: {other}"
            ))),
            Ok(set) => {
                open.used = Instant::now();
                *slot = Some(open);
                Ok(set)
            }
        }
    }

    async fn still_alive(&self, open: Option<Open>) -> Option<Open> {
        let mut open = open?;
        if open.used.elapsed() < TRUSTED_IDLE {
            return Some(open);
        }
        let alive = matches!(
            timeout(self.address.connect_timeout, open.conn.ping()).await,
            Ok(Ok(()))
        );
        alive.then_some(open)
    }

    /// A session with the leader, or with whoever answers where the leader cannot be told or reached.
    async fn connect(&self) -> Result<Conn, StatementError> {
        let mut refusals = Vec::new();
        for (host, port) in &self.address.frontends {
            match self.connect_to(host, *port).await {
                Ok(mut conn) => {
                    return match self.leader_elsewhere(&mut conn, host, *port).await {
                        Some((host, port)) => self.connect_to(&host, port).await.or(Ok(conn)),
                        None => Ok(conn),
                    };
                }
                Err(error) if error.class == super::ErrorClass::Denied => return Err(error),
                Err(error) => refusals.push(format!("{host}:{port}: {error}")),
            }
        }
        Err(StatementError::unreachable(format!(
            "no frontend answers ({})",
            refusals.join("; ")
        )))
    }

    async fn connect_to(&self, host: &str, port: u16) -> Result<Conn, StatementError> {
        let opts = OptsBuilder::default()
            .ip_or_hostname(host.to_owned())
            .tcp_port(port)
            .user(Some(self.address.user.clone()))
            .pass(Some(self.address.password.expose_secret().to_owned()))
            .prefer_socket(false)
            .max_allowed_packet(Some(MAX_PACKET))
            .wait_timeout(Some(28_800))
            .stmt_cache_size(Some(0))
            .tcp_keepalive(Some(Duration::from_secs(30)));
        let opening = async {
            let mut conn = Conn::new(opts).await?;
            // Every time the cluster prints is UTC from here on.
            conn.query_drop("SET time_zone = '+00:00'").await?;
            // A value out of bounds is refused (`sql/analyzer/SetStmtAnalyzer.java`), and with it the whole session.
            let seconds = self
                .address
                .statement_timeout
                .as_secs()
                .clamp(1, LONGEST_TIMEOUT);
            conn.query_drop(format!("SET query_timeout = {seconds}"))
                .await?;
            // Since 3.4 INSERT has a timeout of its own; before, the variable is unknown and query_timeout does for both.
            match conn
                .query_drop(format!("SET insert_timeout = {seconds}"))
                .await
            {
                Ok(()) | Err(mysql_async::Error::Server(_)) => Ok(conn),
                Err(error) => Err(error),
            }
        };
        match timeout(self.address.connect_timeout, opening).await {
            Ok(Ok(conn)) => Ok(conn),
            Ok(Err(mysql_async::Error::Server(error))) => {
                Err(StatementError::refused(error.code, &error.message))
            }
            Ok(Err(error)) => Err(StatementError::unreachable(error.to_string())),
            Err(_) => {
                let seconds = self.address.connect_timeout.as_secs_f32();
                Err(StatementError::unreachable(format!(
                    "no answer within {seconds} s"
                )))
            }
        }
    }

    /// The leader's address where it is another frontend: SHOW RESTORE and SHOW SNAPSHOT are answered by whom one is connected to
    /// (`qe/RedirectStatus.java`), and only the leader knows how a running job stands.
    async fn leader_elsewhere(
        &self,
        conn: &mut Conn,
        host: &str,
        port: u16,
    ) -> Option<(String, u16)> {
        let answer = timeout(self.address.connect_timeout, read(conn, "SHOW FRONTENDS"))
            .await
            .ok()?
            .ok()?;
        let frontends: Vec<FrontendRow> = answer
            .rows()
            .filter_map(|row| FrontendRow::read(&row).ok())
            .collect();
        let leader = frontends.iter().find(|frontend| frontend.leader)?;
        if frontends.len() == 1 || (leader.ip == host && leader.query_port == port) {
            return None;
        }
        Some((leader.ip.clone(), leader.query_port))
    }
}

impl Frontend for MysqlFrontend {
    fn execute<'a>(&'a self, statement: &'a str) -> Answer<'a> {
        Box::pin(self.run(statement))
    }
}

async fn read(conn: &mut Conn, statement: &str) -> Result<ResultSet, mysql_async::Error> {
    let mut result = conn.query_iter(statement).await?;
    let columns = result.columns().map_or_else(Vec::new, |columns| {
        columns
            .iter()
            .map(|column| column.name_str().into_owned())
            .collect::<Vec<String>>()
    });
    let rows: Vec<mysql_async::Row> = result.collect().await?;
    drop(result);
    let rows = rows
        .into_iter()
        .map(|row| row.unwrap().into_iter().map(cell).collect())
        .collect();
    Ok(ResultSet {
        columns,
        rows,
        affected: conn.affected_rows(),
    })
}

fn cell(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        // The text protocol sends bytes only; other kinds would come from a prepared statement, and none is ever sent.
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}
