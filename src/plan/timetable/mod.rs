//! When something is due: the schedule, unrolled over time.
//!
//! [`Timetable::due`] answers with every [`Fire`] of a stretch of time, and any two stretches put together answer the
//! same as the whole: the daemon may ask in whatever steps it wakes up in, and two daemons get the same fires.
//! [`Timetable::upcoming`] is the same for people, with local times and marks on the days when a clock changes.
//! [`catch_up`] decides about fires that nobody took when they were due.
//!
//! Nothing here looks at a clock: `now` is an argument. How an expression behaves when a clock changes is written at
//! [`crate::config::Cron`].

mod catch_up;
mod fire;
mod jitter;
mod table;
mod upcoming;

pub use catch_up::{SkipReason, Verdict, catch_up};
pub use fire::Fire;
pub use table::Timetable;
pub use upcoming::{DstMark, Pass, Upcoming};
