//! One job, start to end.
//!
//! In order of reading: [`backup`] is one database's backup as a straight line, [`group`] the databases of one run, [`restore`] one restore,
//! [`prune`] what retention lets go, [`safekeeping`] what keeps our memory safe,
//! [`adopt`] what an earlier life of the daemon left unfinished. A job owns its sessions, tells what happens through its [`journal`], and
//! watches for the word to stop wherever it waits. It never decides when it runs: that is the engine's.

pub mod adopt;
pub mod backup;
mod baseline;
mod by_hand;
mod confirm;
mod copies;
pub mod coverage;
mod discard;
mod error;
mod fires;
pub mod group;
pub mod job;
pub mod journal;
mod keeper;
mod labels;
mod left_behind;
pub mod look;
mod measure;
pub mod mirror;
mod poll;
pub mod preflight;
pub mod prune;
pub mod recover;
mod release;
pub mod restore;
pub mod safekeeping;
pub mod slots;
mod steps;
mod take_back;
pub mod undo;
pub mod undoable;

pub use error::{Refused, RefusedKind, RunError};
pub use fires::{FireLog, Settlement};
pub use job::{Clock, Cluster, Job, JobStop, StatementLimit, Tuning};
pub use safekeeping::Safekeeping;
pub use slots::SlotWatch;
