//! What the protocol needs of the front end behind it.

use crate::answer::{Answer, SqlError};

/// A front end. Clones share their state; statements of different sessions may run at the same time on several threads.
pub trait Service: Clone + Send + Sync + 'static {
    /// What belongs to one connection: its user, database and variables.
    type Session: Send + 'static;

    /// What the greeting says, FE config `mysql_server_version`: "8.0.33" since 3.4.
    fn server_version(&self) -> String;

    /// A number no other open connection has.
    fn connection_id(&self) -> u32;

    /// SHA1(SHA1(password)), empty for an account without a password. `None`: no such user.
    fn credentials(&self, user: &str, host: &str) -> Option<Vec<u8>>;

    fn open(&self, user: &str, host: &str, connection_id: u32) -> Result<Self::Session, SqlError>;

    /// The syntax error of a statement, if it has one. Nothing is run.
    fn refusal(&self, sql: &str) -> Option<SqlError>;

    /// Runs one statement. May block.
    fn execute(&self, session: &mut Self::Session, sql: &str) -> Result<Answer, SqlError>;

    fn use_database(&self, session: &mut Self::Session, name: &str) -> Result<(), SqlError>;

    /// COM_CHANGE_USER, once the new user is proven: another user, the variables reset; database and user variables stay
    /// (`mysql/MysqlProto.changeUser`, `qe/ConnectProcessor.handleChangeUser`).
    fn change_user(&self, session: &mut Self::Session, user: &str);

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
