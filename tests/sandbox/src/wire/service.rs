//! What the protocol needs of the front end behind it.

use crate::answer::{Answer, Column, SqlError};
use crate::wire::tls::Tls;

/// A front end. Clones share their state; statements of different sessions may run at the same time on several threads.
pub trait Service: Clone + Send + Sync + 'static {
    /// What belongs to one connection: its user, database and variables.
    type Session: Send + 'static;

    /// What the greeting says, FE config `mysql_server_version`: "8.0.33" since 3.4.
    fn server_version(&self) -> String;

    /// A number no other open connection has.
    fn connection_id(&self) -> u32;

    /// Offered to clients where it is there.
    fn tls(&self) -> Option<Tls>;

    /// Whether a client without TLS is turned away before its login.
    fn demands_tls(&self) -> bool;

    /// SHA1(SHA1(password)), empty for an account without a password. `None`: no such user.
    fn credentials(&self, user: &str, host: &str) -> Option<Vec<u8>>;

    /// A session in that database, or the refusal: no such database, too many connections.
    fn open(
        &self,
        user: &str,
        host: &str,
        connection_id: u32,
        database: Option<&str>,
    ) -> Result<Self::Session, SqlError>;

    /// COM_CHANGE_USER, with the password proven: another user, another database if there is one, variables as new. Refused, nothing changes.
    fn change_user(
        &self,
        session: &mut Self::Session,
        user: &str,
        database: Option<&str>,
    ) -> Result<(), SqlError>;

    /// The syntax error of a statement, if it has one. Nothing is run.
    fn refusal(&self, sql: &str) -> Option<SqlError>;

    /// Runs one statement. May block.
    fn execute(&self, session: &mut Self::Session, sql: &str) -> Result<Answer, SqlError>;

    /// The columns and the number of parameters of a statement for COM_STMT_PREPARE. May block.
    fn prepare(
        &self,
        session: &mut Self::Session,
        sql: &str,
    ) -> Result<(Vec<Column>, usize), SqlError>;

    /// Runs a prepared statement. May block.
    fn execute_prepared(
        &self,
        session: &mut Self::Session,
        sql: &str,
        parameters: &[Parameter],
    ) -> Result<Answer, SqlError>;

    /// The columns of a table of the current database, with their defaults, for COM_FIELD_LIST. May block.
    fn fields(&self, session: &mut Self::Session, table: &str) -> Result<Vec<Field>, SqlError>;

    fn use_database(&self, session: &mut Self::Session, name: &str) -> Result<(), SqlError>;

    /// COM_RESET_CONNECTION: the session variables go back to the global ones, nothing else changes.
    fn reset(&self, session: &mut Self::Session);

    fn close(&self, session: Self::Session);

    /// False while the front end's process is down: connections end before the greeting.
    fn accepts(&self) -> bool {
        true
    }

    /// Done when the connection must be cut, whatever it is doing. Asked once, before the greeting.
    fn closing(&self, _connection_id: u32) -> impl Future<Output = ()> + Send + 'static {
        std::future::pending()
    }

    /// Whether the answer that is about to be sent is the last.
    fn is_over(&self, _session: &Self::Session) -> bool {
        false
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub database: String,
    pub table: String,
    pub column: Column,
    pub default: String,
}

/// A value a client has bound to a `?`.
#[derive(Debug, Clone, PartialEq)]
pub enum Parameter {
    Null,
    Integer(i64),
    Real(f64),
    Decimal(String),
    Text(String),
}
