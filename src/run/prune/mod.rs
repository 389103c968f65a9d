//! Retention, carried out: what no rule keeps leaves the repository and the ops tables, chain by chain.
//!
//! A label goes in three durable steps, each of which tolerates being run twice:
//!
//! 1. **mark** (`expired_ms` in its history row): it is no baseline and no recovery point any more. All labels of a plan are marked first,
//!    an incremental before what it was compared with.
//! 2. **drop**: DROP SNAPSHOT where the release has it, and a look whether the directory is gone. Before 4.2 a person deletes it.
//! 3. **forget**: its rows go, the history row last.
//!
//! Whatever kills a prune between two of them leaves a marked row, which the next start, or the next prune, takes up where it stands: the
//! repository tells whether step 2 is behind it. The database's slot is held meanwhile, so that no backup takes as its baseline what is on
//! its way out. In order of reading: `start` is what begins a prune, `look` plans, `execute` runs a plan, `pin` holds a label against all of it.

mod execute;
mod look;
mod pin;
mod start;

pub use execute::PruneContext;
pub(super) use look::held;
pub use look::plan;
pub use pin::{pin, unpin};
pub use start::{after_fulls, resume, run};
