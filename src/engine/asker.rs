//! Who asks.

use std::fmt;

/// What a peer may do, decided from its credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// root, or the daemon's own user.
    Admin,
    /// A member of the socket's group.
    Operator,
    Reader,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker {
    pub role: Role,
    pub uid: u32,
    pub pid: Option<i32>,
}

impl fmt::Display for Asker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "uid {}", self.uid)?;
        match self.pid {
            Some(pid) => write!(out, " (pid {pid})"),
            None => Ok(()),
        }
    }
}
