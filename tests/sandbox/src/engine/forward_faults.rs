//! What can befall a statement on its way from a follower to the leader.

use crate::answer::SqlError;
use crate::engine::error;
use crate::engine::sandbox::Sandbox;

/// What happens to one forwarded statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// The leader carries it out, the connection breaks before the answer, and the follower sends it again: it runs twice, and the client
    /// sees the second answer (`rpc/ThriftRPCRequestExecutor.call` repeats after every transport error but a timeout).
    Twice,
    /// Frontends take each other for the leader, until one has had enough (`qe/LeaderOpExecutor.MAX_FORWARD_TIMES`).
    InCircles,
    /// The follower knows no leader's address (StarRocks/starrocks#17575).
    Nowhere,
}

impl Passage {
    pub fn name(self) -> &'static str {
        match self {
            Passage::Twice => "TWICE",
            Passage::InCircles => "CIRCLES",
            Passage::Nowhere => "NOWHERE",
        }
    }

    /// Why it never reaches the leader.
    pub fn refusal(self) -> Option<SqlError> {
        match self {
            Passage::Twice => None,
            Passage::InCircles => Some(error::forwarded_too_often()),
            Passage::Nowhere => Some(SqlError::plain("Cannot open null host.")),
        }
    }
}

/// In the order in which they were ordered; each hits one forwarded statement that contains its pattern, in any case of letters, or begins
/// with what stands behind a `^`.
#[derive(Debug, Default)]
pub struct Passages(Vec<(String, Passage)>);

impl Passages {
    pub fn take(&mut self, sql: &str) -> Option<Passage> {
        if self.0.is_empty() {
            return None;
        }
        let text = sql.to_lowercase();
        let hits = |(pattern, _): &(String, Passage)| match pattern.strip_prefix('^') {
            Some(start) => text.starts_with(start),
            None => text.contains(pattern),
        };
        let index = self.0.iter().position(hits)?;
        Some(self.0.remove(index).1)
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn list(&self) -> impl Iterator<Item = (&str, Passage)> {
        self.0
            .iter()
            .map(|(pattern, passage)| (pattern.as_str(), *passage))
    }
}

impl Sandbox {
    /// The next statement with `pattern` (a part of its text, in any case of letters) that a follower hands to the leader fares so.
    pub fn forward_next(&self, pattern: &str, passage: Passage) {
        self.lock()
            .passages
            .0
            .push((pattern.to_lowercase(), passage));
    }
}
