//! How far stopping has gone: a higher word wins, and none is ever taken back.

/// In order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopLevel {
    Running,
    /// Nothing new begins; running jobs finish.
    Drain,
    /// Jobs are no longer watched. The cluster's jobs go on, their slots stay ACTIVE, the next start adopts them.
    Detach,
}

impl StopLevel {
    pub fn word(self) -> Option<&'static str> {
        match self {
            StopLevel::Running => None,
            StopLevel::Drain => Some("draining"),
            StopLevel::Detach => Some("detaching"),
        }
    }
}
