//! One client, from greeting to goodbye (`qe/ConnectProcessor.java`).

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use tokio::net::TcpStream;

use crate::answer::{Answer, Done, SqlError};
use crate::parser;
use crate::wire::answer::{Position, eof, err, ok, write_answer};
use crate::wire::credential::{SALT_LENGTH, new_salt, proves};
use crate::wire::handshake::{Login, greeting, switch_request};
use crate::wire::packet::Packets;
use crate::wire::service::Service;

/// How much of a statement the log shows.
const SHOWN_CHARACTERS: usize = 200;

/// A client's code, which no server sends: the front end behind this connection has gone.
const CONNECTION_LOST: u16 = 2013;

pub struct Connection<S: Service> {
    service: S,
    packets: Packets<TcpStream>,
    id: u32,
    salt: [u8; SALT_LENGTH],
    host: String,
    user: String,
    /// Away while a statement runs on another thread.
    session: Option<S::Session>,
}

/// What to do after a command.
enum Next {
    Command,
    Goodbye,
}

impl<S: Service> Connection<S> {
    /// Ends when the client leaves, sends what is no packet, or fails to prove who it is.
    pub async fn run(service: S, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY refused");
        }
        let id = service.connection_id();
        let (salt, host, packets) = (new_salt(id), peer.ip().to_string(), Packets::new(stream));
        let mut connection = Connection {
            service,
            packets,
            id,
            salt,
            host,
            user: String::new(),
            session: None,
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
        if !self.greet().await? {
            return Ok(());
        }
        loop {
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
    }

    /// `false`: refused, and told so.
    async fn greet(&mut self) -> io::Result<bool> {
        self.packets
            .write(&greeting(
                &self.service.server_version(),
                self.id,
                &self.salt,
            ))
            .await?;
        self.packets.flush().await?;
        let Some(payload) = self.packets.read().await? else {
            return Ok(false);
        };
        let login = Login::read(&payload).ok_or(io::ErrorKind::InvalidData)?;
        let welcome = self.log_in(login).await?;
        self.packets
            .write(
                &welcome
                    .as_ref()
                    .map_or_else(err, |()| ok(&Done::default(), Position::Last)),
            )
            .await?;
        self.packets.flush().await?;
        Ok(welcome.is_ok())
    }

    /// Checks the password, opens the session or, if it is open already, gives it to the user.
    async fn log_in(&mut self, mut login: Login) -> io::Result<Result<(), SqlError>> {
        if login.wants_other_plugin() {
            self.packets.write(&switch_request(&self.salt)).await?;
            self.packets.flush().await?;
            login.answer = self
                .packets
                .read()
                .await?
                .ok_or(io::ErrorKind::UnexpectedEof)?;
        }
        let stored = self.service.credentials(&login.user, &self.host);
        if !stored.is_some_and(|stored| proves(&login.answer, &self.salt, &stored)) {
            return Ok(Err(login.denied()));
        }
        Ok(self.open(login))
    }

    fn open(&mut self, login: Login) -> Result<(), SqlError> {
        let mut session = match self.session.take() {
            Some(mut session) => {
                self.service.change_user(&mut session, &login.user);
                session
            }
            None => self.service.open(&login.user, &self.host, self.id)?,
        };
        if let Some(database) = &login.database
            && let Err(error) = self.service.use_database(&mut session, database)
        {
            self.service.close(session);
            return Err(error);
        }
        self.session = Some(session);
        self.user = login.user;
        Ok(())
    }

    /// The commands of `mysql/MysqlCommand.java`.
    async fn command(&mut self, payload: &[u8]) -> io::Result<Next> {
        let Some((&code, argument)) = payload.split_first() else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        match code {
            0x01 => return Ok(Next::Goodbye),
            0x02 => {
                let outcome = self.init_database(&text(argument));
                self.outcome(outcome).await?;
            }
            0x03 => return self.query(&text(argument)).await,
            // COM_FIELD_LIST: no columns. Clients ask for completion only.
            0x04 => self.packets.write(&eof(Position::Last)).await?,
            0x0e => self.outcome(Ok(())).await?,
            0x11 => return self.change_user(argument).await,
            0x16 => self.packets.write(&err(&no_prepared_statements())).await?,
            // COM_STMT_CLOSE is not answered.
            0x19 => {}
            0x1f => {
                if let Some(session) = &mut self.session {
                    self.service.reset(session);
                }
                self.outcome(Ok(())).await?;
            }
            code => self.packets.write(&err(&unsupported(code))).await?,
        }
        Ok(Next::Command)
    }

    async fn outcome(&mut self, outcome: Result<(), SqlError>) -> io::Result<()> {
        let packet = outcome
            .as_ref()
            .map_or_else(err, |()| ok(&Done::default(), Position::Last));
        self.packets.write(&packet).await
    }

    /// Also takes `catalog default_catalog` (`ConnectProcessor.handleInitDb`).
    fn init_database(&mut self, name: &str) -> Result<(), SqlError> {
        if name == "catalog default_catalog" {
            return Ok(());
        }
        let name = name.strip_prefix("default_catalog.").unwrap_or(name);
        match &mut self.session {
            Some(session) => self.service.use_database(session, name),
            None => Ok(()),
        }
    }

    /// A failed change ends the connection.
    async fn change_user(&mut self, argument: &[u8]) -> io::Result<Next> {
        let login = Login::read_change(argument).ok_or(io::ErrorKind::InvalidData)?;
        let changed = self.log_in(login).await?;
        let next = if changed.is_ok() {
            Next::Command
        } else {
            Next::Goodbye
        };
        self.outcome(changed).await?;
        Ok(next)
    }

    /// One statement or several: each has its own answer, the first error is the last answer. A syntax error anywhere keeps all of them from
    /// running, for the text is parsed as a whole first.
    async fn query(&mut self, text: &str) -> io::Result<Next> {
        let text = text.trim_end_matches('\0');
        let statements = parser::split(text);
        let refusal = if statements.len() > 1 {
            statements.iter().find_map(|sql| self.service.refusal(sql))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.packets.write(&err(&refusal)).await?;
            return Ok(Next::Command);
        }
        if statements.is_empty() {
            self.outcome(Ok(())).await?;
        }
        for (at, sql) in statements.iter().enumerate() {
            let position = if at + 1 < statements.len() {
                Position::MoreFollow
            } else {
                Position::Last
            };
            match self.execute(sql).await? {
                Ok(answer) => write_answer(&mut self.packets, &answer, position).await?,
                Err(error) => {
                    self.packets.write(&err(&error)).await?;
                    break;
                }
            }
        }
        Ok(Next::Command)
    }

    /// Runs on a thread of its own, for statements compute and lock. A statement that panics takes its connection with it, as its session is
    /// in no known state.
    async fn execute(&mut self, sql: &str) -> io::Result<Result<Answer, SqlError>> {
        let mut session = self
            .session
            .take()
            .ok_or_else(|| io::Error::other("no session"))?;
        let (service, statement) = (self.service.clone(), sql.to_owned());
        let started = Instant::now();
        let running = tokio::task::spawn_blocking(move || {
            let result = service.execute(&mut session, &statement);
            (session, result)
        });
        let (session, result) = running.await.map_err(|panic| {
            tracing::error!(connection = self.id, statement = shown(sql), %panic, "statement panicked");
            io::Error::other("statement panicked")
        })?;
        self.session = Some(session);
        if matches!(&result, Err(error) if error.code == CONNECTION_LOST) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        self.log(sql, started, &result);
        Ok(result)
    }

    fn log(&self, sql: &str, started: Instant, result: &Result<Answer, SqlError>) {
        let (connection, user, elapsed_ms) = (
            self.id,
            &self.user,
            started.elapsed().as_secs_f64() * 1000.0,
        );
        let statement = shown(sql);
        match result {
            Ok(Answer::Rows(set)) => tracing::info!(
                connection,
                user,
                elapsed_ms,
                rows = set.rows.len(),
                statement,
                "rows"
            ),
            Ok(Answer::Done(done)) => tracing::info!(
                connection,
                user,
                elapsed_ms,
                affected = done.affected_rows,
                statement,
                "done"
            ),
            Err(error) => {
                tracing::info!(connection, user, elapsed_ms, %error, statement, "refused")
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn shown(sql: &str) -> &str {
    sql.char_indices()
        .nth(SHOWN_CHARACTERS)
        .map_or(sql, |(end, _)| &sql[..end])
}

/// ErrorCode.ERR_UNSUPPORTED_PS. StarRocks prepares SELECT since 3.2; this front end prepares nothing.
fn no_prepared_statements() -> SqlError {
    SqlError::new(
        1295,
        "HY000",
        "This command is not supported in the prepared statement protocol yet",
    )
}

/// `Unsupported command(NAME)`, or 1047 for a byte that is no command.
fn unsupported(code: u8) -> SqlError {
    const NAMES: &[(u8, &str)] = &[
        (0x00, "COM_SLEEP"),
        (0x05, "COM_CREATE_DB"),
        (0x06, "COM_DROP_DB"),
        (0x07, "COM_REFRESH"),
        (0x08, "COM_SHUTDOWN"),
        (0x09, "COM_STATISTICS"),
        (0x0a, "COM_PROCESS_INFO"),
        (0x0b, "COM_CONNECT"),
        (0x0c, "COM_PROCESS_KILL"),
        (0x0d, "COM_DEBUG"),
        (0x0f, "COM_TIME"),
        (0x10, "COM_DELAYED_INSERT"),
        (0x12, "COM_BINLOG_DUMP"),
        (0x13, "COM_TABLE_DUMP"),
        (0x14, "COM_CONNECT_OUT"),
        (0x15, "COM_REGISTER_SLAVE"),
        (0x17, "COM_STMT_EXECUTE"),
        (0x18, "COM_STMT_SEND_LONG_DATA"),
        (0x1a, "COM_STMT_RESET"),
        (0x1b, "COM_SET_OPTION"),
        (0x1c, "COM_STMT_FETCH"),
        (0x1d, "COM_DAEMON"),
        (0x1e, "COM_BINLOG_DUMP_GTID"),
    ];
    match NAMES.iter().find(|(known, _)| *known == code) {
        Some((_, name)) => SqlError::plain(format!("Unsupported command({name})")),
        // ErrorCode.ERR_UNKNOWN_COM_ERROR
        None => SqlError::new(1047, "08S01", "Unknown command"),
    }
}
