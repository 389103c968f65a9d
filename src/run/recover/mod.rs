//! `brctl recover`: our memory again, on a cluster that has none.
//!
//! [`recover`] reads from top to bottom: prove that nothing is written over, find a source, bring `ops` from it, hold every recovery point
//! against the repositories. The sources, in order: the newest backup of `ops` that can be used (`snapshot`), a `mirror` of the
//! catalogue, and what the snapshots tell of themselves (`details`). Until the history stands, everything can begin anew; from then
//! on an ACTIVE slot of the database `ops` says that the rest is still to come, and whoever finds it goes on.

mod check;
mod context;
mod details;
mod download;
mod execute;
mod mirror;
mod prove;
mod snapshot;

pub use context::{RecoverContext, RecoverOrder};
pub use execute::{recover, resume};
pub use prove::prove;
