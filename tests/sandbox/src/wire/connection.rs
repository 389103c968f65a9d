//! One client, from greeting to goodbye (`mysql/nio/AcceptListener.java`, `mysql/MysqlProto.java`).

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use tokio::net::TcpStream;

use crate::answer::{Answer, Done, SqlError};
use crate::wire::answer::{Position, err, ok};
use crate::wire::credential::{SALT_LENGTH, is_password, new_salt, proves};
use crate::wire::handshake::{Login, NoLogin, asks_for_tls, greeting, switch_request};
use crate::wire::packet::Packets;
use crate::wire::prepared::Prepared;
use crate::wire::service::Service;
use crate::wire::stream::Stream;

/// A client's code, which no server sends: the front end behind this connection has gone.
const CONNECTION_LOST: u16 = 2013;

/// How much of a statement the log shows.
const SHOWN_CHARACTERS: usize = 200;

pub struct Connection<S: Service> {
    pub(super) service: S,
    pub(super) packets: Packets<Stream>,
    id: u32,
    salt: [u8; SALT_LENGTH],
    host: String,
    /// Away while a statement runs on another thread.
    pub(super) session: Option<S::Session>,
    pub(super) prepared: BTreeMap<u32, Prepared>,
    pub(super) last_prepared: u32,
}

/// What to do after a command.
pub enum Next {
    Command,
    Goodbye,
}

impl<S: Service> Connection<S> {
    /// Ends when the client leaves, sends what is no packet, fails to prove who it is, or is sent away.
    pub async fn run(service: S, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY refused");
        }
        let id = service.connection_id();
        let mut connection = Connection {
            service,
            packets: Packets::new(Stream::new(stream)),
            id,
            salt: new_salt(id),
            host: peer.ip().to_string(),
            session: None,
            prepared: BTreeMap::new(),
            last_prepared: 0,
        };
        let closing = connection.service.closing(id);
        tokio::select! {
            outcome = connection.converse() => if let Err(error) = outcome {
                tracing::debug!(id, %error, "connection lost");
            },
            // A statement that is running goes on to its end on its thread; the client does not hear of it.
            () = closing => tracing::debug!(id, "connection cut"),
        }
        if let Some(session) = connection.session.take() {
            connection.service.close(session);
        }
    }

    async fn converse(&mut self) -> io::Result<()> {
        self.greet().await?;
        while self.session.is_some() {
            self.packets.restart();
            let Some(command) = self.packets.read().await? else {
                return Ok(());
            };
            let next = self.command(&command).await?;
            self.packets.flush().await?;
            let over = self
                .session
                .as_ref()
                .is_some_and(|session| self.service.is_over(session));
            if over || matches!(next, Next::Goodbye) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Opens the session, or tells the client why not.
    async fn greet(&mut self) -> io::Result<()> {
        let tls = self.service.tls();
        let version = self.service.server_version();
        let hello = greeting(&version, self.id, &self.salt, tls.is_some());
        self.send(&hello).await?;
        let Some(mut payload) = self.packets.read().await? else {
            return Ok(());
        };
        if asks_for_tls(&payload) {
            // Without a key store the frontend trips over its missing SSLContext and drops the connection.
            let tls = tls.ok_or(io::ErrorKind::InvalidData)?;
            if !self.packets.stream.secure(&tls).await? {
                return self.send(&err(&no_tls())).await;
            }
            payload = match self.packets.read().await? {
                Some(payload) => payload,
                None => return Ok(()),
            };
        } else if self.service.demands_tls() && self.host != "127.0.0.1" {
            return self.send(&err(&insecure())).await;
        }
        let opened = match Login::read(&payload) {
            Ok(login) => self.log_in(login).await?,
            Err(NoLogin::OldProtocol) => Err(old_protocol()),
            Err(NoLogin::Cut) => return Err(io::ErrorKind::InvalidData.into()),
        };
        let answer = match opened {
            Ok(session) => {
                self.session = Some(session);
                ok(&Done::default(), Position::Last)
            }
            Err(refusal) => err(&refusal),
        };
        self.send(&answer).await
    }

    async fn log_in(&mut self, mut login: Login) -> io::Result<Result<S::Session, SqlError>> {
        if login.wants_other_plugin() {
            self.send(&switch_request(&self.salt)).await?;
            login.answer = self
                .packets
                .read()
                .await?
                .ok_or(io::ErrorKind::UnexpectedEof)?;
        }
        let database = login.database.as_deref();
        Ok(self.prove(&login).and_then(|()| {
            self.service
                .open(&login.user, &self.host, self.id, database)
        }))
    }

    pub(super) fn prove(&self, login: &Login) -> Result<(), SqlError> {
        let proven = |stored: Vec<u8>| {
            if login.is_clear() {
                is_password(&login.answer, &stored)
            } else {
                proves(&login.answer, &self.salt, &stored)
            }
        };
        let stored = self.service.credentials(&login.user, &self.host);
        if stored.is_some_and(proven) {
            Ok(())
        } else {
            Err(login.denied())
        }
    }

    pub(super) async fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        self.packets.write(payload).await?;
        self.packets.flush().await
    }

    /// Runs on a thread of its own, for statements compute and lock. A statement that panics takes its connection with it, as its session is
    /// in no known state.
    pub(super) async fn blocking<T: Send + 'static>(
        &mut self,
        sql: &str,
        work: impl FnOnce(&S, &mut S::Session) -> T + Send + 'static,
    ) -> io::Result<T> {
        let mut session = self
            .session
            .take()
            .ok_or_else(|| io::Error::other("no session"))?;
        let service = self.service.clone();
        let running = tokio::task::spawn_blocking(move || {
            let result = work(&service, &mut session);
            (session, result)
        });
        let (session, result) = running.await.map_err(|panic| {
            tracing::error!(connection = self.id, statement = shown(sql), %panic, "statement panicked");
            io::Error::other("statement panicked")
        })?;
        self.session = Some(session);
        Ok(result)
    }

    /// Nothing can be answered any more where the front end has gone.
    pub(super) fn unless_lost<T>(result: &Result<T, SqlError>) -> io::Result<()> {
        match result {
            Err(error) if error.code == CONNECTION_LOST => {
                Err(io::ErrorKind::ConnectionReset.into())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn log(&self, sql: &str, started: Instant, result: &Result<Answer, SqlError>) {
        let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
        let (connection, statement) = (self.id, shown(sql));
        match result {
            Ok(Answer::Rows(set)) => {
                let rows = set.rows.len();
                tracing::info!(connection, elapsed_ms, rows, statement, "rows")
            }
            Ok(Answer::Done(done)) => {
                let affected = done.affected_rows;
                tracing::info!(connection, elapsed_ms, affected, statement, "done")
            }
            Err(error) => tracing::info!(connection, elapsed_ms, %error, statement, "refused"),
        }
    }
}

fn shown(sql: &str) -> &str {
    sql.char_indices()
        .nth(SHOWN_CHARACTERS)
        .map_or(sql, |(end, _)| &sql[..end])
}

/// ErrorCode.ERR_CHANGE_TO_SSL_CONNECTION_FAILED
fn no_tls() -> SqlError {
    SqlError::new(5400, "XX000", "Failed to change to SSL connection")
}

/// ErrorCode.ERR_SECURE_TRANSPORT_REQUIRED; never for a client on 127.0.0.1 (`MysqlProto.isRemoteIPLocalhost`).
fn insecure() -> SqlError {
    SqlError::new(
        5205,
        "HY000",
        "Connections using insecure transport are prohibited",
    )
}

/// ErrorCode.ERR_NOT_SUPPORTED_AUTH_MODE
pub(super) fn old_protocol() -> SqlError {
    SqlError::new(
        1251,
        "08004",
        "Client does not support authentication protocol requested by server; consider upgrading MySQL client",
    )
}
