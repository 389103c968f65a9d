//! What stands around a table and does not come along by itself when another one takes its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::names::TableName;

/// Of one database, as read in one sitting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    pub tables: BTreeMap<TableName, TableSurroundings>,
    /// Labels of loads that have begun and are not visible yet. The cluster does not tell into which table.
    pub running_loads: Vec<String>,
    /// Every one of the database, also those that are an index of their table: no table can be swapped under such a name.
    pub materialized_views: BTreeSet<String>,
    /// What could not be looked at, and why.
    pub unseen: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSurroundings {
    pub grants: Vec<TableGrant>,
    pub routine_loads: Vec<RoutineLoad>,
    /// Materialized views of the same database whose definitions have its name in them.
    pub materialized_views: Vec<String>,
    /// A RESTORE leaves its tables out of it.
    #[serde(default)]
    pub colocate_group: Option<String>,
    /// UNIQUE and FOREIGN KEY constraints, as `property = value`: both tables of a SWAP must have the same ones.
    #[serde(default)]
    pub constraints: Vec<String>,
}

/// What somebody may do with one table, whether it was granted on it or on all tables: the cluster tells both alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableGrant {
    pub grantee: Grantee,
    /// As the cluster prints them: `SELECT, EXPORT`.
    pub privileges: String,
    pub with_grant_option: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grantee {
    Role(String),
    /// `'bob'@'%'`.
    User(String),
}

impl fmt::Display for Grantee {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Grantee::Role(name) => write!(out, "role {name}"),
            Grantee::User(identity) => write!(out, "user {identity}"),
        }
    }
}

/// One that goes on loading, or would if it were resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutineLoad {
    pub name: String,
    pub state: String,
}
