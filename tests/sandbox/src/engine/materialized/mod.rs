//! Asynchronous materialized views: tables of their own, with a query, a state and the tables they are made from
//! (`catalog/MaterializedView.java`).
//!
//! A view that its base tables made inactive keeps its rows and can be read; it is not refreshed until it is active again. Base tables are
//! known by id, and looked up anew by name when the view is activated.

mod create;
mod refresh;
mod restored;
mod show;
mod state;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ast::Refresh;
use crate::engine::table::Table;

pub use show::{COLUMNS as STATUS_COLUMNS, create_sql};

/// `alter/AlterJobMgr.MANUAL_INACTIVE_MV_REASON`: such a view stays inactive until someone activates it.
pub const BY_HAND: &str = "user use alter materialized view set status to inactive";

/// What makes a table a materialized view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Materialized {
    /// The query, as it was written.
    pub text: String,
    /// Where the query's bare names are looked up; StarRocks writes it before each of them instead.
    pub database: String,
    pub refresh: Refresh,
    pub bases: Vec<Base>,
    pub active: bool,
    pub reason: Option<String>,
    pub task_id: u64,
    pub last: Option<Refreshed>,
    /// A refresh waits for the background.
    pub pending: bool,
    /// Visible versions of the base tables' physical partitions at the last refresh.
    pub seen: BTreeMap<u64, u64>,
    /// Activations that failed in a row, and when the next may be tried (`MVActiveChecker.MvActiveInfo`).
    pub failures: u32,
    pub next_check: Option<DateTime<Utc>>,
}

/// `catalog/BaseTableInfo.java`: the id counts, the name is what it was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    pub database: String,
    pub name: String,
    pub id: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refreshed {
    pub started: DateTime<Utc>,
    pub finished: DateTime<Utc>,
    pub error: Option<String>,
}

impl Table {
    pub fn is_materialized(&self) -> bool {
        self.materialized.is_some()
    }
}
