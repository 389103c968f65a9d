//! A mirror of the catalogue on the daemon's host: what `brctl recover` needs when the cluster is gone and no backup of `ops` is to be had.
//!
//! One file of JSON lines, written anew after each run and put in the place of the last one as a whole. `format` is what stands in it,
//! `write` how it comes about, `read` how it is read. Its failure never fails a run.

mod format;
mod read;
mod write;

pub use format::{MirrorHeader, MirroredRepository};
pub use read::{Mirror, MirrorError};
pub(super) use write::{WriteError, write};

/// Its name in the directory.
pub const FILE: &str = "catalogue.jsonl";
