//! What a client may ask (`qe/ConnectProcessor.java`, `mysql/MysqlCommand.java`).

use std::io;
use std::time::Instant;

use crate::answer::{Column, ColumnKind, Done, SqlError};
use crate::parser;
use crate::wire::answer::{
    Format, Position, definition, eof, err, field, ok, prepared, write_answer,
};
use crate::wire::connection::{Connection, Next, old_protocol};
use crate::wire::handshake::Login;
use crate::wire::packet::Fields;
use crate::wire::prepared::Prepared;
use crate::wire::service::Service;

impl<S: Service> Connection<S> {
    pub(super) async fn command(&mut self, payload: &[u8]) -> io::Result<Next> {
        let Some((&code, argument)) = payload.split_first() else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        match code {
            0x01 => return Ok(Next::Goodbye),
            0x02 => {
                let outcome = self.init_database(&text(argument));
                self.outcome(outcome).await?;
            }
            0x03 => self.query(&text(argument)).await?,
            0x04 => self.field_list(argument).await?,
            // COM_PING, and COM_STMT_RESET, which has nothing to reset.
            0x0e | 0x1a => self.outcome(Ok(())).await?,
            0x11 => self.change_user(argument).await?,
            0x16 => self.prepare(&text(argument)).await?,
            0x17 => self.execute_prepared(argument).await?,
            // COM_STMT_CLOSE is not answered.
            0x19 => {
                let id = statement_id(argument)?;
                self.prepared.remove(&id);
            }
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

    /// Two words are `catalog <name>` or `warehouse <name>` (`ConnectProcessor.handleInitDb`).
    fn init_database(&mut self, argument: &str) -> Result<(), SqlError> {
        let words: Vec<&str> = argument.split_whitespace().collect();
        if let [kind, name] = words.as_slice() {
            return match (kind.to_ascii_lowercase().as_str(), *name) {
                ("catalog", "default_catalog") | ("warehouse", "default_warehouse") => Ok(()),
                ("catalog", _) => Err(unknown_catalog(name)),
                ("warehouse", _) => Err(SqlError::plain(format!(
                    "COM_INIT_DB of warehouse {name}: not modelled by this sandbox"
                ))),
                _ => Err(SqlError::plain("not supported command")),
            };
        }
        let database = match argument.split_once('.') {
            Some(("default_catalog", database)) => database,
            Some((catalog, _)) => return Err(unknown_catalog(catalog)),
            None => argument,
        };
        match &mut self.session {
            Some(session) => self.service.use_database(session, database),
            None => Ok(()),
        }
    }

    /// A refusal is sent twice, once by `MysqlProto.changeUser` and once by `ConnectProcessor.finalizeCommand`, and the connection stays with its
    /// user: the next command of the client finds the second one in its way.
    async fn change_user(&mut self, argument: &[u8]) -> io::Result<()> {
        let changed = match Login::read_change(argument) {
            None => Err(old_protocol()),
            Some(login) => self.prove(&login).and_then(|()| match &mut self.session {
                None => Ok(()),
                Some(session) => {
                    let database = login.database.as_deref();
                    self.service.change_user(session, &login.user, database)
                }
            }),
        };
        if let Err(refusal) = &changed {
            self.packets.write(&err(refusal)).await?;
        }
        self.outcome(changed).await
    }

    /// One statement or several: each has its own answer, the first error is the last answer. A syntax error anywhere keeps all of them from
    /// running, for the text is parsed as a whole first.
    async fn query(&mut self, text: &str) -> io::Result<()> {
        let text = text.trim_end_matches('\0');
        let statements = parser::split(text);
        let refusal = if statements.len() > 1 {
            statements.iter().find_map(|sql| self.service.refusal(sql))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return self.packets.write(&err(&refusal)).await;
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
            let (started, statement) = (Instant::now(), (*sql).to_owned());
            let result = self
                .blocking(sql, move |service, session| {
                    service.execute(session, &statement)
                })
                .await?;
            Self::unless_lost(&result)?;
            self.log(sql, started, &result);
            match result {
                Ok(answer) => {
                    write_answer(&mut self.packets, &answer, (Format::Text, position)).await?;
                }
                Err(error) => return self.packets.write(&err(&error)).await,
            }
        }
        Ok(())
    }

    /// Columns without their number before them, then EOF. The wildcard that may follow the table's name is not looked at.
    async fn field_list(&mut self, argument: &[u8]) -> io::Result<()> {
        let table = Fields(argument).text();
        let name = table.clone();
        let listed = self
            .blocking(&name, move |service, session| {
                service.fields(session, &table)
            })
            .await?;
        match listed {
            Ok(fields) => {
                for column in &fields {
                    self.packets.write(&field(column)).await?;
                }
                self.packets.write(&eof(Position::Last)).await
            }
            Err(error) => self.packets.write(&err(&error)).await,
        }
    }

    /// `StmtExecutor.sendStmtPrepareOK`
    async fn prepare(&mut self, text: &str) -> io::Result<()> {
        let (sql, started) = (text.trim_end_matches('\0').to_owned(), Instant::now());
        let statement = sql.clone();
        let described = self
            .blocking(&sql, move |service, session| {
                service.prepare(session, &statement)
            })
            .await?;
        Self::unless_lost(&described)?;
        let (columns, parameters) = match described {
            Ok(described) => described,
            Err(error) => {
                let packet = err(&error);
                self.log(&sql, started, &Err(error));
                return self.packets.write(&packet).await;
            }
        };
        self.last_prepared += 1;
        let id = self.last_prepared;
        self.packets
            .write(&prepared(id, columns.len(), parameters))
            .await?;
        let names = (0..parameters).map(|slot| Column {
            name: format!("${slot}"),
            kind: ColumnKind::Text,
        });
        self.definitions(&names.collect::<Vec<_>>()).await?;
        self.definitions(&columns).await?;
        self.prepared.insert(id, Prepared::new(sql, parameters));
        Ok(())
    }

    async fn definitions(&mut self, columns: &[Column]) -> io::Result<()> {
        if columns.is_empty() {
            return Ok(());
        }
        for column in columns {
            self.packets.write(&definition(column)).await?;
        }
        self.packets.write(&eof(Position::Last)).await
    }

    async fn execute_prepared(&mut self, argument: &[u8]) -> io::Result<()> {
        let id = statement_id(argument)?;
        let Some(known) = self.prepared.get_mut(&id) else {
            let refusal =
                SqlError::plain(format!("msg: Not Found prepared statement, stmtName: {id}"));
            return self.packets.write(&err(&refusal)).await;
        };
        let bound = known
            .bind(&argument[4..])
            .ok_or(io::ErrorKind::InvalidData)?;
        let (sql, started) = (known.sql.clone(), Instant::now());
        let statement = sql.clone();
        let result = match bound {
            Err(unknown) => Err(unknown),
            Ok(values) => {
                self.blocking(&sql, move |service, session| {
                    service.execute_prepared(session, &statement, &values)
                })
                .await?
            }
        };
        Self::unless_lost(&result)?;
        self.log(&sql, started, &result);
        match result {
            Ok(answer) => {
                let how = (Format::Binary, Position::Last);
                write_answer(&mut self.packets, &answer, how).await
            }
            Err(error) => self.packets.write(&err(&error)).await,
        }
    }
}

fn statement_id(argument: &[u8]) -> io::Result<u32> {
    let bytes = Fields(argument).array();
    let bytes = bytes.ok_or(io::ErrorKind::InvalidData)?;
    Ok(u32::from_le_bytes(bytes))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// ErrorCode.ERR_BAD_CATALOG_ERROR
fn unknown_catalog(name: &str) -> SqlError {
    SqlError::new(5078, "42000", format!("Unknown catalog '{name}'"))
}

/// `Unsupported command(…)` with StarRocks' own word for it, or 1047 for a byte that is none of its commands: COM_SET_OPTION, COM_STMT_FETCH
/// and the commands of replication are not.
fn unsupported(code: u8) -> SqlError {
    const NAMES: &[(u8, &str)] = &[
        (0x00, "Sleep"),
        (0x05, "Create DB"),
        (0x06, "Drop Db"),
        (0x07, "Refresh"),
        (0x08, "Shutdown"),
        (0x09, "Statistics"),
        (0x0a, "Processlist"),
        (0x0b, "Connect"),
        (0x0c, "Kill"),
        (0x0d, "Debug"),
        (0x0f, "Time"),
        (0x10, "DELETE_INSERT"),
        (0x18, "COM_STMT_SEND_LONG_DATA"),
        (0x1d, "COM_DAEMON"),
    ];
    match NAMES.iter().find(|(known, _)| *known == code) {
        Some((_, name)) => SqlError::plain(format!("Unsupported command({name})")),
        // ErrorCode.ERR_UNKNOWN_COM_ERROR, with the text of the command that was not found.
        None => SqlError::new(1047, "08S01", "Unknown command(null)"),
    }
}
