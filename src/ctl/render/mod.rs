//! Everything `brctl` prints, as pure functions from values to whole lines: no terminal, no clock, no colour.

pub mod backup;
pub mod coverage;
pub mod event;
pub mod fires;
pub mod job;
pub mod plan;
pub mod point;
pub mod prune;
pub mod report;
pub mod status;
pub mod table;
pub mod text;
pub mod units;
