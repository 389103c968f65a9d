//! One client connection: who, which database, which variables.

use std::collections::BTreeMap;

use crate::engine::access::{ROOT, RoleIds};
use crate::engine::zone::Zone;

/// A session. Made by `Sandbox::session`, given back to `Sandbox::execute` with every statement.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: u32,
    /// The frontend it is on, counted from 0.
    pub(crate) frontend: usize,
    /// KILL has hit it: no statement follows.
    pub(crate) killed: bool,
    pub user: String,
    pub host: String,
    pub database: Option<String>,
    /// The active roles.
    pub(crate) roles: RoleIds,
    /// Variables set in this session, by lower-case name.
    pub(crate) variables: BTreeMap<String, String>,
    /// `SET @x = …`, by lower-case name with the `@`.
    pub(crate) user_variables: BTreeMap<String, Option<String>>,
    /// The parsed `time_zone`; follows the global value until it is set here.
    pub(crate) zone: Zone,
}

impl Session {
    /// In which definitions are read and background work runs: root's, in UTC.
    pub(crate) fn inner(database: &str) -> Session {
        Session {
            id: 0,
            frontend: 0,
            killed: false,
            user: "root".to_owned(),
            host: "127.0.0.1:0".to_owned(),
            database: Some(database.to_owned()),
            roles: RoleIds::from([ROOT]),
            variables: BTreeMap::new(),
            user_variables: BTreeMap::new(),
            zone: Zone::Region(chrono_tz::Tz::UTC),
        }
    }

    /// COM_RESET_CONNECTION: variables go back to the global values, the current database stays (`qe/ConnectProcessor`).
    pub(crate) fn reset(&mut self, zone: Zone) {
        self.variables.clear();
        self.zone = zone;
    }
}
