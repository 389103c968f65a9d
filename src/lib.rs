//! The StarRocks backup and restore daemon.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod catalog;
pub mod config;
pub mod names;
pub mod ops;
pub mod plan;
pub mod run;
pub mod starrocks;
