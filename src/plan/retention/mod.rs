//! Which backups of a group may go, which stay, and why: decided chain by chain, so that nothing that stays ever misses a link.
//!
//! [`plan_retention`] looks at every record of one database and at what the repository shows of them; [`DatabaseRetention`] is what comes of
//! it, in the order in which it may be done: an incremental before what it was compared with. Rules choose recovery points, then every
//! link that a chosen one needs is kept with it. What brd does not know, or does not understand, stays.

mod plan;
mod planner;
mod rules;
#[cfg(test)]
mod tests;

pub use plan::{
    DatabaseRetention, Deed, Going, GroupRetention, Means, PrunePlan, Staying, WhyGoes, WhyStays,
};
pub use planner::{Held, Holdings, Keeping, plan_retention};
