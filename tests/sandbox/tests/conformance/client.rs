//! Asking a fact: a fresh sandbox behind a TCP port, a client for each user and frontend the fact names.

use std::collections::HashMap;

use chrono::{TimeZone, Utc};
use mysql_async::prelude::Queryable;
use mysql_async::{ChangeUserOpts, Column, Conn, OptsBuilder, Row, Value};
use starrocks_sandbox::engine::{Clock, Options, Sandbox};
use starrocks_sandbox::release::Release;
use starrocks_sandbox::wire::serve;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::fact::{Expected, Fact};
use crate::pattern::{fits, fits_cell};

/// A statement of a fact: `[!][@user#n] sql`. With `!` it must be refused, or its connection must end; without `@user` it is root's, without
/// `#n` the first frontend's; `@#2 sql` is root's on the second.
///
/// One connection is kept for each user on each frontend, so `USE` and `SET` last.
#[derive(Debug, PartialEq, Eq)]
pub struct Step<'f> {
    refused: bool,
    user: &'f str,
    /// From 1.
    frontend: usize,
    sql: &'f str,
}

impl<'f> Step<'f> {
    pub fn read(text: &'f str) -> Step<'f> {
        let (refused, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        match text.strip_prefix('@').and_then(|rest| rest.split_once(' ')) {
            Some((who, sql)) => {
                let (user, frontend) = who.split_once('#').unwrap_or((who, "1"));
                Step {
                    refused,
                    user: if user.is_empty() { "root" } else { user },
                    frontend: frontend
                        .parse()
                        .unwrap_or_else(|error| panic!("{text}: {error}")),
                    sql,
                }
            }
            None => Step {
                refused,
                user: "root",
                frontend: 1,
                sql: text,
            },
        }
    }
}

enum Came {
    Done {
        affected: u64,
        warnings: u16,
        info: String,
    },
    Rows {
        columns: Vec<String>,
        rows: Vec<Vec<Option<String>>>,
    },
    Error {
        code: u16,
        state: String,
        text: String,
    },
    Lost(String),
}

struct Clients {
    ports: Vec<u16>,
    open: HashMap<(String, usize), Conn>,
}

pub async fn ask(fact: &Fact, expected: &Expected, release: Release) -> Result<(), String> {
    let data = tempfile::tempdir().map_err(|error| error.to_string())?;
    // A Tuesday.
    let start = Utc
        .with_ymd_and_hms(2026, 3, 10, 12, 0, 0)
        .single()
        .expect("a moment");
    let sandbox = Sandbox::open(Options {
        release,
        clock: Clock::Manual(start),
        frontends: fact.frontends,
        ..Options::new(data.path())
    })
    .map_err(|error| error.to_string())?;
    let mut clients = Clients {
        ports: Vec::new(),
        open: HashMap::new(),
    };
    // Aborted when it is dropped, at the end of the fact.
    let mut servers = JoinSet::new();
    for number in 1..=fact.frontends {
        let frontend = sandbox
            .frontend(number)
            .map_err(|error| error.to_string())?;
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        frontend.listens_on(address);
        clients.ports.push(address.port());
        servers.spawn(serve(listener, frontend, std::future::pending()));
    }
    let outcome = clients.play(fact, expected).await;
    drop(clients);
    servers.shutdown().await;
    outcome
}

impl Clients {
    async fn play(&mut self, fact: &Fact, expected: &Expected) -> Result<(), String> {
        for text in &fact.setup {
            let step = Step::read(text);
            match (self.run(&step).await?, step.refused) {
                (Came::Error { code, text, .. }, false) => {
                    return Err(format!("the set-up failed: {}: {code} {text}", step.sql));
                }
                (Came::Lost(error), false) => {
                    return Err(format!(
                        "the set-up's connection ended: {}: {error}",
                        step.sql
                    ));
                }
                (Came::Done { .. } | Came::Rows { .. }, true) => {
                    return Err(format!("the set-up is not refused: {}", step.sql));
                }
                _ => {}
            }
        }
        let came = self.run(&Step::read(&fact.sql)).await?;
        came.compare(expected)
    }

    async fn run(&mut self, step: &Step<'_>) -> Result<Came, String> {
        let key = (step.user.to_owned(), step.frontend);
        if !self.open.contains_key(&key) {
            let port = self.ports.get(step.frontend - 1);
            let port = port.ok_or_else(|| format!("no frontend {}", step.frontend))?;
            let options = OptsBuilder::default()
                .ip_or_hostname("127.0.0.1")
                .tcp_port(*port)
                .user(Some(step.user))
                .prefer_socket(false)
                .max_allowed_packet(Some(64 << 20))
                .wait_timeout(Some(28_800));
            match Conn::new(options).await {
                Ok(connection) => self.open.insert(key.clone(), connection),
                Err(mysql_async::Error::Server(error)) => return Ok(server_error(error)),
                Err(error) => return Ok(Came::Lost(error.to_string())),
            };
        }
        let connection = self.open.get_mut(&key).expect("opened above");
        match came(connection, step.sql).await {
            Ok(came) => {
                if step.sql.starts_with("SANDBOX ADVANCE") {
                    self.forget_idle(&key).await;
                }
                Ok(came)
            }
            Err(mysql_async::Error::Server(error)) => Ok(server_error(error)),
            Err(error) => {
                self.open.remove(&key);
                Ok(Came::Lost(error.to_string()))
            }
        }
    }
}

impl Clients {
    /// Time has ended connections that were idle for longer than their `wait_timeout`: whoever is asked next logs in anew.
    async fn forget_idle(&mut self, asking: &(String, usize)) {
        let mut lasting = HashMap::new();
        for (key, mut connection) in self.open.drain() {
            if key == *asking || connection.ping().await.is_ok() {
                lasting.insert(key, connection);
            }
        }
        self.open = lasting;
    }
}

fn server_error(error: mysql_async::ServerError) -> Came {
    Came::Error {
        code: error.code,
        state: error.state,
        text: error.message,
    }
}

/// What one statement, or the last of several, comes to. Instead of COM_QUERY, `COM_STMT_PREPARE query` answers with the columns,
/// `COM_STMT_EXECUTE query` with the rows, and `COM_RESET_CONNECTION` and `COM_CHANGE_USER` (to the same user) do what they say.
async fn came(connection: &mut Conn, sql: &str) -> Result<Came, mysql_async::Error> {
    match sql.split_once(' ').unwrap_or((sql, "")) {
        ("COM_STMT_PREPARE", query) => {
            let statement = connection.prep(query).await?;
            return Ok(Came::Rows {
                columns: names(&statement.columns()),
                rows: Vec::new(),
            });
        }
        ("COM_STMT_EXECUTE", query) => {
            let mut result = connection.exec_iter(query, ()).await?;
            let columns = result.columns().unwrap_or_default();
            let rows: Vec<Row> = result.collect().await?;
            return Ok(Came::Rows {
                columns: names(&columns),
                rows: rows.into_iter().map(cells).collect(),
            });
        }
        ("COM_RESET_CONNECTION", _) => {
            connection.reset().await?;
            return Ok(done(connection));
        }
        ("COM_CHANGE_USER", _) => {
            connection.change_user(ChangeUserOpts::new()).await?;
            return Ok(done(connection));
        }
        _ => {}
    }
    let mut result = connection.query_iter(sql).await?;
    loop {
        let columns = result.columns().unwrap_or_default();
        let done = Came::Done {
            affected: result.affected_rows(),
            warnings: result.warnings(),
            info: result.info().into_owned(),
        };
        let rows: Vec<Row> = result.collect().await?;
        if !result.is_empty() {
            continue;
        }
        // Tells of a refusal that came last.
        result.drop_result().await?;
        if columns.is_empty() {
            return Ok(done);
        }
        return Ok(Came::Rows {
            columns: names(&columns),
            rows: rows.into_iter().map(cells).collect(),
        });
    }
}

fn names(columns: &[Column]) -> Vec<String> {
    let name = |column: &Column| column.name_str().into_owned();
    columns.iter().map(name).collect()
}

fn done(connection: &Conn) -> Came {
    Came::Done {
        affected: connection.affected_rows(),
        warnings: connection.get_warnings(),
        info: connection.info().into_owned(),
    }
}

fn cells(row: Row) -> Vec<Option<String>> {
    row.unwrap()
        .into_iter()
        .map(|value| match value {
            Value::NULL => None,
            Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            other => Some(other.as_sql(true)),
        })
        .collect()
}

impl Came {
    fn compare(&self, expected: &Expected) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{what}\n{self}"));
        if expected.lost != matches!(self, Came::Lost(_)) {
            return wrong("an answer where the connection should end, or the reverse");
        }
        match self {
            Came::Lost(_) => {}
            Came::Error { code, state, text } => {
                if Some(*code) != expected.code || Some(state) != expected.state.as_ref() {
                    return wrong("another code or SQLSTATE, or no error expected");
                }
                if !fits(expected.text.as_deref().unwrap_or_default(), text) {
                    return wrong("another text");
                }
            }
            Came::Done {
                affected,
                warnings,
                info,
            } => {
                if expected.affected.is_none()
                    && expected.info.is_none()
                    && expected.warnings.is_none()
                {
                    return wrong("not just OK was expected");
                }
                let fits_all = expected.affected.is_none_or(|wanted| wanted == *affected)
                    && expected.warnings.is_none_or(|wanted| wanted == *warnings)
                    && expected
                        .info
                        .as_ref()
                        .is_none_or(|wanted| fits(wanted, info));
                if !fits_all {
                    return wrong("another OK");
                }
            }
            Came::Rows { columns, rows } => {
                if expected.columns.is_none()
                    && expected.rows.is_none()
                    && expected.contains.is_none()
                {
                    return wrong("no rows were expected");
                }
                if expected
                    .columns
                    .as_ref()
                    .is_some_and(|wanted| wanted != columns)
                {
                    return wrong("other columns");
                }
                let fits_row = |wanted: &Vec<String>, row: &Vec<Option<String>>| {
                    wanted.len() == row.len()
                        && wanted
                            .iter()
                            .zip(row)
                            .all(|(pattern, cell)| fits_cell(pattern, cell.as_deref()))
                };
                if let Some(wanted) = &expected.rows {
                    let same = wanted.len() == rows.len()
                        && wanted
                            .iter()
                            .zip(rows)
                            .all(|(one, other)| fits_row(one, other));
                    if !same {
                        return wrong("other rows");
                    }
                }
                let missing = expected
                    .contains
                    .iter()
                    .flatten()
                    .find(|wanted| !rows.iter().any(|row| fits_row(wanted, row)));
                if let Some(missing) = missing {
                    return wrong(&format!("no row {missing:?}"));
                }
            }
        }
        Ok(())
    }
}

impl std::fmt::Display for Came {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Came::Error { code, state, text } => write!(f, "  came: {code} ({state}): {text}"),
            Came::Lost(error) => write!(f, "  the connection ended: {error}"),
            Came::Done {
                affected,
                warnings,
                info,
            } => write!(
                f,
                "  came: OK, {affected} rows, {warnings} warnings, {info:?}"
            ),
            Came::Rows { columns, rows } => {
                write!(f, "  came: {columns:?}")?;
                rows.iter().try_for_each(|row| {
                    let cells: Vec<&str> = row
                        .iter()
                        .map(|cell| cell.as_deref().unwrap_or("NULL"))
                        .collect();
                    write!(f, "\n        {cells:?}")
                })
            }
        }
    }
}

#[test]
fn steps_are_read() {
    let step = Step::read("!@bob SELECT 1");
    assert_eq!(
        (step.refused, step.user, step.frontend, step.sql),
        (true, "bob", 1, "SELECT 1")
    );
    let step = Step::read("@#2 SYNC");
    assert_eq!((step.user, step.frontend, step.sql), ("root", 2, "SYNC"));
    let step = Step::read("@bob#3 SYNC");
    assert_eq!((step.user, step.frontend, step.sql), ("bob", 3, "SYNC"));
    let step = Step::read("SELECT '@'");
    assert_eq!(
        (step.refused, step.user, step.sql),
        (false, "root", "SELECT '@'")
    );
}
