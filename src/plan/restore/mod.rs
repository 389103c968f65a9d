//! What a restore will do, table by table and step by step: decided before anything is touched, printed, stored, and then run as it stands.
//!
//! An alias only ever creates a table, and a failing job with several aliased tables can remove live ones, so each table is downloaded by
//! jobs of its own, beside the live table, under a name proven free. Every partition comes from the latest link that holds it. The link
//! that carries most of the table is downloaded under the final suffix, the others into helpers whose partitions are copied over. One
//! SWAP per table, after everything is verified, makes the result live.

mod error;
mod partitions;
mod plan;
mod planner;
mod point;
mod request;
mod room;
mod step;
#[cfg(test)]
mod tests;
mod when;

pub use error::RestorePlanError;
pub use partitions::named_partition;
pub use plan::{
    Finish, LiveTable, PartitionExchange, PartitionNow, PlannedLink, RestorePlan, SourcePlan,
    TablePlan,
};
pub use planner::{LiveDatabase, RestorePlanner};
pub use point::{
    Candidate, PointError, PointRequest, RecoveryPoint, SkippedPoint, candidates, fitting, nothing,
};
pub use request::{RestoreRequest, Selection, default_suffix};
pub use room::Room;
pub use step::{ExchangedPartition, Step};
pub use when::{GroupZones, When, WhenError};
