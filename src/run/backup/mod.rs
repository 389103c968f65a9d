//! One database's backup, as one straight line.
//!
//! Reserve, look, plan, write the manifest, submit, wait for the cut, look again, wait for the end, confirm, record, release. Each step's
//! value is the next step's argument. The history row is written last: it is what makes a backup exist. A crash after any step leaves what
//! [`super::adopt`] finishes from the rows alone.
//!
//! In order of reading: `order` is what is asked, `line` the straight line, `look` its first look and its plan, `under_way` its middle, which adoption shares,
//! `ending` how an attempt ends, `record` the rows that are left of it.

mod ending;
mod line;
mod look;
mod measure;
mod order;
mod record;
mod under_way;

pub use line::back_up;
pub use order::{BackupContext, DatabaseOrder};
pub use record::{finish, record_failure};
pub use under_way::{Taken, UnderWay};
