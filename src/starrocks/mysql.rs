//! A frontend over TCP: connects, finds the leader, sends text, gives every wait a deadline.
//!
//! mysql_async has no timeouts of its own, asks for a variable that StarRocks does not have unless told not to, and its `Opts` print the
//! password when debugged: all of that is dealt with here and nowhere else. Only the text protocol is used: StarRocks prepares nothing but
//! SELECT (`qe/ConnectProcessor.java`).
//!
//! SHOW RESTORE, SHOW SNAPSHOT and SELECT are answered by whom one is connected to, from what it has replayed (`qe/RedirectStatus.java`). So
//! a session is with the leader wherever the leader can be told and reached. Where it cannot, the frontend that answers is asked to catch
//! up (SYNC) before every read, and the leader is looked for again and again.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Value};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::frontends::{SHOW_FRONTENDS, SHOW_PROC_FRONTENDS, frontend_rows, leader_of};
use super::session::Answer;
use super::{ErrorClass, Frontend, FrontendRow, ResultSet, StatementError};

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
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Leader,
    /// With another frontend. The leader was last looked for at that moment.
    Elsewhere(Instant),
}

/// Who leads, as one frontend tells it.
enum Leader {
    Here,
    At(String, u16),
    /// It does not say.
    Untold(String),
    /// It cannot ask the leader: nothing that needs one would get there.
    Gone(StatementError),
}

enum Asked {
    Answered(ResultSet),
    Refused(StatementError),
    /// The connection cannot be used any more.
    Broken(StatementError),
}

/// A connection idle for longer is asked whether it still lives before a statement is entrusted to it.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

/// Between two looks for a leader that could not be told or reached.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

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
        let open = match self.still_alive(slot.take()).await {
            Some(open) => self.nearer_to_the_leader(open).await,
            None => self.connect().await?,
        };
        let mut open = open;
        let mut answer = Asked::Answered(ResultSet::default());
        if matches!(open.place, Place::Elsewhere(_)) && is_read(statement) {
            answer = match self.ask(&mut open.conn, "SYNC").await {
                // Nothing was asked yet.
                Asked::Refused(error) => Asked::Refused(StatementError {
                    class: ErrorClass::Transient,
                    ..error
                }),
                other => other,
            };
        }
        if matches!(answer, Asked::Answered(_)) {
            tracing::debug!(statement, "statement");
            answer = self.ask(&mut open.conn, statement).await;
        }
        let answer = match answer {
            Asked::Broken(error) => return Err(error),
            Asked::Answered(set) => Ok(set),
            Asked::Refused(error) => Err(error),
        };
        open.used = Instant::now();
        *slot = Some(open);
        answer
    }

    async fn ask(&self, conn: &mut Conn, statement: &str) -> Asked {
        match timeout(self.address.statement_timeout, read(conn, statement)).await {
            Ok(Ok(set)) => Asked::Answered(set),
            Ok(Err(mysql_async::Error::Server(error))) => {
                Asked::Refused(StatementError::refused(error.code, &error.message))
            }
            Ok(Err(other)) => Asked::Broken(StatementError::lost(format!(
                "the connection to the frontend was lost: {other}"
            ))),
            Err(_) => {
                let seconds = self.address.statement_timeout.as_secs();
                Asked::Broken(StatementError::lost(format!(
                    "no answer from the frontend within {seconds} s"
                )))
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
    async fn connect(&self) -> Result<Open, StatementError> {
        let mut refusals = Vec::new();
        for (host, port) in &self.address.frontends {
            let mut conn = match self.connect_to(host, *port).await {
                Ok(conn) => conn,
                Err(error) if error.class == ErrorClass::Denied => return Err(error),
                Err(error) => {
                    refusals.push(format!("{host}:{port}: {error}"));
                    continue;
                }
            };
            match self.leader(&mut conn, host, *port).await {
                Leader::Gone(error) => refusals.push(format!(
                    "{host}:{port}: it cannot ask the leader, which may be changing: {error}"
                )),
                told => return Ok(self.settle(conn, told).await),
            }
        }
        Err(StatementError::unreachable(format!(
            "no frontend answers ({})",
            refusals.join("; ")
        )))
    }

    /// With the leader where there is a way.
    async fn settle(&self, conn: Conn, told: Leader) -> Open {
        let (conn, place) = match told {
            Leader::Here => (conn, Place::Leader),
            Leader::At(host, port) => match self.connect_to(&host, port).await {
                Ok(leader) => (leader, Place::Leader),
                Err(error) => {
                    tracing::warn!(leader = format!("{host}:{port}"), %error, "the leader cannot be reached from here: working through another frontend");
                    (conn, Place::Elsewhere(Instant::now()))
                }
            },
            Leader::Untold(reason) => {
                tracing::warn!(
                    reason,
                    "no frontend is known to lead: working through the one that answers"
                );
                (conn, Place::Elsewhere(Instant::now()))
            }
            Leader::Gone(_) => (conn, Place::Elsewhere(Instant::now())),
        };
        Open {
            conn,
            used: Instant::now(),
            place,
        }
    }

    /// A session that is not with the leader looks for it again once in a while.
    async fn nearer_to_the_leader(&self, mut open: Open) -> Open {
        match open.place {
            Place::Elsewhere(looked) if looked.elapsed() >= LOOK_AGAIN => {
                // Its own address does not matter: it is not the leader's, or could not be told from it.
                let told = self.leader(&mut open.conn, "", 0).await;
                self.settle(open.conn, told).await
            }
            _ => open,
        }
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

    async fn leader(&self, conn: &mut Conn, host: &str, port: u16) -> Leader {
        let mut frontends = match self.frontends(conn, SHOW_FRONTENDS).await {
            Ok(frontends) => frontends,
            Err(error) if error.class == ErrorClass::Denied => {
                return Leader::Untold(error.to_string());
            }
            Err(error) => return Leader::Gone(error),
        };
        if frontends.len() == 1 {
            return Leader::Here;
        }
        if leader_of(&frontends).is_none()
            && let Ok(more) = self.frontends(conn, SHOW_PROC_FRONTENDS).await
        {
            frontends = more;
        }
        match leader_of(&frontends) {
            None => Leader::Untold("no row of SHOW FRONTENDS has the role LEADER".to_owned()),
            Some(leader) if leader.ip == host && leader.query_port == port => Leader::Here,
            Some(leader) => Leader::At(leader.ip.clone(), leader.query_port),
        }
    }

    async fn frontends(
        &self,
        conn: &mut Conn,
        statement: &str,
    ) -> Result<Vec<FrontendRow>, StatementError> {
        let limit = self.address.connect_timeout;
        let set = match timeout(limit, read(conn, statement)).await {
            Ok(Ok(set)) => set,
            Ok(Err(mysql_async::Error::Server(error))) => {
                return Err(StatementError::refused(error.code, &error.message));
            }
            Ok(Err(error)) => return Err(StatementError::unreachable(error.to_string())),
            Err(_) => {
                let seconds = limit.as_secs_f32();
                let text = format!("no answer to {statement} within {seconds} s");
                return Err(StatementError::unreachable(text));
            }
        };
        frontend_rows(&set).map_err(|error| StatementError::unreachable(error.to_string()))
    }
}

/// Answered from memory of the frontend one is connected to, if it is not forwarded. What is forwarded needs no SYNC, and bears one.
fn is_read(statement: &str) -> bool {
    statement.starts_with("SELECT") || statement.starts_with("SHOW")
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
    // One by one: a catalogue of a hundred thousand partitions is not to be in memory twice.
    let mut set = ResultSet::new(columns);
    result
        .for_each(|row| set.push(row.unwrap().into_iter().map(cell)))
        .await?;
    drop(result);
    set.affected = conn.affected_rows();
    Ok(set)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned())
}

fn cell(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(text(bytes)),
        // The text protocol sends bytes only; other kinds would come from a prepared statement, and none is ever sent.
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}
