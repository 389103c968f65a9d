//! One restore: resolve the chain, plan, and run the plan's steps with the live table complete at every moment.
//!
//! Everything is built and verified beside the live tables; only then are they swapped, one atomic statement each. Each step is marked in
//! `ops.restore_steps` before it runs. A failure before the first swap removes what was built; a failure among the swaps takes the done ones
//! back first. What cannot be taken back is said, with the statements to run.
//!
//! In order of reading: `points` chooses the recovery point, `resolve` looks and decides, `precheck` refuses what would fail after hours, `execute` runs what was decided, `ending` is what is
//! on record of it, `make_live` is the second half of a restore that stopped after it was verified.

mod ending;
mod execute;
mod make_live;
mod points;
mod precheck;
mod resolve;

pub use ending::{Carried, conclude};
pub use execute::{Phase, RestoreContext, carry_on, hold_database, run};
pub use make_live::{make_live, resume};
pub use points::points;
pub use precheck::{Insist, precheck};
pub use resolve::plan;
