//! The engine in process, under a manual clock: what a client sees of StarRocks.

mod backup;
mod catalogue;
mod faults;
mod frontends;
mod harness;
mod load;
mod monitoring;
mod partitions;
mod privileges;
mod query;
mod restore;
mod snapshots;
mod versions;
