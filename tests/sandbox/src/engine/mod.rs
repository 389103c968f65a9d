//! The engine: StarRocks' catalogue, rows, jobs and clock in one process, statement in, answer out.
//!
//! [`Sandbox`] is the way in. Behind its one lock a `Cluster` holds databases, tables, repositories and jobs; rows live in an SQLite
//! database that only `store` and `translate` speak to. What StarRocks has and this engine has not is refused with
//! "not modelled by this sandbox", never approximated. Nothing here knows a client.

mod access;
mod aggregate;
mod alter;
mod birth;
mod clock;
mod cluster;
mod connections;
mod control;
mod create;
mod database;
mod datetime;
mod definition;
mod dynamic;
mod error;
mod faults;
mod follower;
mod foreign;
mod forward;
mod forward_faults;
mod frontend;
mod functions;
mod generated;
mod growth;
mod information_schema;
mod insert;
mod jobs;
mod journal;
mod labels;
mod leader;
mod list;
mod load;
mod materialized;
mod modify;
mod objects;
mod overwrite;
mod partition;
mod partition_items;
mod partition_lists;
mod partitioning;
mod properties;
mod range;
mod recycle;
mod replacement;
mod repository;
mod retention;
mod rollup;
mod sandbox;
mod select;
mod service;
mod session;
mod settings;
mod show;
mod slice;
mod snapshot;
mod statement;
mod store;
mod swap;
mod table;
mod translate;
mod value;
mod variables;
mod wording;
mod zone;

pub use clock::Clock;
pub use faults::Effect;
pub use forward_faults::Passage;
pub use leader::FrontendError;
pub use sandbox::{OpenError, Options, Sandbox, ScriptError};
pub use session::Session;
