//! The StarRocks backup and restore daemon, as a library with two thin binaries: `brd` ([`daemon`]) and `brctl` ([`ctl`]).
//!
//! From the ground up; a module uses only what stands above it here, as `tests/suite/layers.rs` holds:
//!
//! - [`names`]: what a statement can hold, parsed or refused;
//! - [`catalog`]: what exists, as values: tables and fingerprints, manifests and chains, jobs;
//! - [`config`]: what the operator wrote, with a position for every mistake;
//! - [`plan`]: what to do, pure, the present time an argument;
//! - [`starrocks`]: the cluster's language: one seam, all statement text, all row shapes, the classes of its errors;
//! - [`ops`]: our memory, the tables of the `ops` database;
//! - [`run`]: one job, start to end;
//! - [`control`]: the socket's vocabulary, its server and its client;
//! - [`engine`]: who runs when;
//! - [`ctl`], which is `brctl`;
//! - [`daemon`]: everything put together, with `logging`, `notify`, `secret` and `signals` for its dealings with the system.

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod catalog;
pub mod config;
pub mod control;
pub mod ctl;
pub mod daemon;
pub mod engine;
mod logging;
pub mod names;
mod notify;
pub mod ops;
pub mod plan;
pub mod run;
mod secret;
mod signals;
pub mod starrocks;
