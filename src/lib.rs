//! The StarRocks backup and restore daemon.

pub mod names;
