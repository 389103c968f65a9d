//! The one seam to a cluster: a statement in, a result set or a classified error out.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{ResultSet, StatementError};

pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<ResultSet, StatementError>> + Send + 'a>>;

/// A session with a frontend. Two implementations: [`super::MysqlFrontend`] over TCP, and in tests the sandbox called directly.
///
/// `execute` sends a statement at most once. Whether a statement whose answer was lost took effect is for the caller to find out.
pub trait Frontend: Send + Sync {
    fn execute<'a>(&'a self, statement: &'a str) -> Answer<'a>;
}

pub type Session = Arc<dyn Frontend>;

/// A read: sent once more when the connection was lost, since reading twice changes nothing.
pub async fn query(session: &dyn Frontend, statement: &str) -> Result<ResultSet, StatementError> {
    match session.execute(statement).await {
        Err(error) if error.is_lost() => session.execute(statement).await,
        answer => answer,
    }
}
