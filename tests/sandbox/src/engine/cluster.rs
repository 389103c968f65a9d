//! Everything the sandbox knows, behind one lock: catalogue, rows, nodes, users, repositories and jobs.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use crate::answer::SqlError;
use crate::ast::ObjectName;
use crate::engine::access::{Grants, RoleIds, Roles};
use crate::engine::catalog::ExternalCatalog;
use crate::engine::database::Database;
use crate::engine::error;
use crate::engine::explicit::Explicit;
use crate::engine::frontend::Frontend;
use crate::engine::functions::Shared;
use crate::engine::jobs::Jobs;
use crate::engine::labels::LabelRetention;
use crate::engine::liveness::Liveness;
use crate::engine::recover::{RecycledDatabase, RecycledPartition};
use crate::engine::recycle::Recycled;
use crate::engine::repository::Repository;
use crate::engine::routine_load::RoutineLoad;
use crate::engine::session::Session;
use crate::engine::store::Store;
use crate::engine::table::{Relation, Table};
use crate::engine::transactions::Transactions;
use crate::engine::variables::Variables;
use crate::engine::zone::Zone;
use crate::release::Release;

#[derive(Clone)]
pub struct Cluster {
    pub release: Release,
    /// Names this cluster in SHOW FRONTENDS and, since 4.2, in its snapshots.
    pub cluster_id: u32,
    pub store: Store,
    pub surroundings: Shared,
    pub databases: BTreeMap<String, Database>,
    /// External catalogs; the default one has no entry.
    pub catalogs: BTreeMap<String, ExternalCatalog>,
    pub repositories: BTreeMap<String, Repository>,
    /// By name, or `name@host` for another host than `%`.
    pub users: BTreeMap<String, User>,
    pub roles: Roles,
    /// What the running statement's session lacks, until the statement's analysis ends.
    pub denial: Option<SqlError>,
    pub variables: Variables,
    pub config: BTreeMap<String, String>,
    pub backends: Vec<Backend>,
    pub liveness: Liveness,
    pub frontends: Vec<Frontend>,
    pub recycled: Vec<Recycled>,
    pub recycled_databases: Vec<RecycledDatabase>,
    pub recycled_partitions: Vec<RecycledPartition>,
    pub jobs: Jobs,
    /// Schema changes, the oldest first.
    pub alter_jobs: Vec<crate::engine::schema_change::AlterJob>,
    pub sessions: BTreeMap<u32, SessionInfo>,
    /// Connections that KILL has ended and that do not know it yet.
    pub killed: Vec<u32>,
    /// Reasons for filtered rows, by job id, for `load_tracking_logs`.
    pub tracking: Vec<(u64, String)>,
    /// Rows as they were read for a BACKUP, by physical partition: (version, image). Unchanged partitions are not read again.
    pub images: HashMap<u64, (u64, crate::engine::snapshot::Image)>,
    /// The clock of the running statement.
    pub now: DateTime<Utc>,
    /// The zone of the frontend's process.
    pub zone: Tz,
    pub data: PathBuf,
    /// Restore.md 3.6: a failing job of several aliased tables removes the live ones.
    pub live_table_hazard: bool,
    pub transactions: Transactions,
    /// Explicit transactions, by session.
    pub explicit: BTreeMap<(usize, u32), Explicit>,
    pub routine_loads: Vec<RoutineLoad>,
    /// The last round of what runs by itself around tables.
    pub last_round: DateTime<Utc>,
    /// Tables that hazard has removed from the leader's memory, by database id.
    pub forgotten: Vec<(u64, Table)>,
    /// Which frontend, counted from 0.
    pub leader: Option<usize>,
    /// When the last leader ended, while there is no other.
    pub leaderless_since: Option<DateTime<Utc>>,
    /// StarRocks/starrocks#50999: SHOW FRONTENDS calls the leader a FOLLOWER.
    pub leader_hidden: bool,
    next_id: u64,
    next_txn: u64,
}

#[derive(Debug, Clone)]
pub struct Backend {
    pub id: u64,
    pub alive: bool,
    /// When its process began.
    pub started: DateTime<Utc>,
}

#[derive(Debug, Clone, Default)]
pub struct User {
    /// SHA1(SHA1(password)); `None` without password.
    pub password: Option<[u8; 20]>,
    /// Held directly, not by a role.
    pub grants: Grants,
    /// Granted; not active by that.
    pub roles: RoleIds,
    /// Active after a login.
    pub default_roles: RoleIds,
}

/// What SHOW PROCESSLIST prints of a session.
#[derive(Debug, Clone)]
pub struct SessionInfo {
    pub user: String,
    pub host: String,
    pub database: Option<String>,
    pub opened: DateTime<Utc>,
    pub last: DateTime<Utc>,
    pub statement: String,
    /// As of its last statement; `None` for a session in process, which no connection stands behind.
    pub wait_timeout: Option<Duration>,
}

/// A new, empty cluster.
pub struct ClusterOptions {
    pub release: Release,
    pub cluster_id: u32,
    pub data: PathBuf,
    pub backends: usize,
    pub zone: Tz,
    pub frontends: usize,
    pub query_port: u16,
    pub now: DateTime<Utc>,
}

impl Cluster {
    pub fn new(options: ClusterOptions, store: Store, surroundings: Shared) -> Cluster {
        let mut cluster = Cluster {
            release: options.release,
            cluster_id: options.cluster_id,
            store,
            surroundings,
            databases: BTreeMap::new(),
            catalogs: BTreeMap::new(),
            repositories: BTreeMap::new(),
            users: BTreeMap::from([("root".to_owned(), User::root())]),
            roles: Roles::builtin(),
            denial: None,
            variables: Variables::new(options.release, options.zone),
            config: default_config(options.release),
            backends: Vec::new(),
            liveness: Liveness::default(),
            frontends: Vec::new(),
            recycled: Vec::new(),
            recycled_databases: Vec::new(),
            recycled_partitions: Vec::new(),
            jobs: Jobs::default(),
            alter_jobs: Vec::new(),
            sessions: BTreeMap::new(),
            killed: Vec::new(),
            tracking: Vec::new(),
            images: HashMap::new(),
            now: options.now,
            zone: options.zone,
            data: options.data,
            live_table_hazard: true,
            transactions: Transactions::default(),
            explicit: BTreeMap::new(),
            routine_loads: Vec::new(),
            last_round: options.now,
            forgotten: Vec::new(),
            leader: Some(0),
            leaderless_since: None,
            leader_hidden: false,
            next_id: 10_001,
            next_txn: 1,
        };
        for _ in 0..options.backends {
            let id = cluster.new_id();
            cluster.backends.push(Backend {
                id,
                alive: true,
                started: options.now,
            });
        }
        for index in 0..options.frontends.max(1) {
            let port = u16::try_from(index)
                .map_or(u16::MAX, |index| options.query_port.saturating_add(index));
            let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
            cluster
                .frontends
                .push(Frontend::new(index, address, port, options.now));
        }
        cluster
    }

    /// Ids of databases, tables, partitions, tablets and jobs come from one counter (`CatalogIdGenerator`).
    pub fn new_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    pub fn new_transaction(&mut self) -> u64 {
        let id = self.next_txn;
        self.next_txn += 1;
        id
    }

    pub fn alive_backends(&self) -> Vec<u64> {
        self.backends
            .iter()
            .filter(|backend| backend.alive)
            .map(|backend| backend.id)
            .collect()
    }

    /// The database a name without one belongs to.
    pub fn database_of<'n>(
        &self,
        name: &'n ObjectName,
        session: &'n Session,
    ) -> Result<&'n str, SqlError> {
        let database = name
            .database
            .as_deref()
            .or(session.database.as_deref())
            .ok_or_else(error::no_database)?;
        if self.databases.contains_key(database) {
            Ok(database)
        } else {
            Err(error::unknown_database(database))
        }
    }

    pub fn database(&self, name: &str) -> Result<&Database, SqlError> {
        self.databases
            .get(name)
            .ok_or_else(|| error::unknown_database(name))
    }

    pub fn database_mut(&mut self, name: &str) -> Result<&mut Database, SqlError> {
        self.databases
            .get_mut(name)
            .ok_or_else(|| error::unknown_database(name))
    }

    pub fn relation(&self, name: &ObjectName, session: &Session) -> Result<&Relation, SqlError> {
        self.refuse_session_table(session, name)?;
        let database = self.database_of(name, session)?;
        self.databases[database]
            .relations
            .get(&name.name)
            .ok_or_else(|| error::unknown_table(&format!("{database}.{}", name.name)))
    }

    /// A base table, with the name of its database.
    pub fn table(&self, name: &ObjectName, session: &Session) -> Result<(&str, &Table), SqlError> {
        self.refuse_session_table(session, name)?;
        let database = self.database_of(name, session)?;
        let (database, found) = self
            .databases
            .get_key_value(database)
            .expect("database_of has checked");
        let table = found
            .table(&name.name)
            .ok_or_else(|| error::unknown_table(&format!("{database}.{}", name.name)))?;
        Ok((database, table))
    }

    pub fn database_by_id(&self, id: u64) -> Option<&Database> {
        self.databases.values().find(|database| database.id == id)
    }

    pub fn database_by_id_mut(&mut self, id: u64) -> Option<&mut Database> {
        self.databases
            .values_mut()
            .find(|database| database.id == id)
    }

    /// TABLE_TYPE of a base table (`catalog/Table.getMysqlType`).
    pub fn base_table_type(&self) -> &'static str {
        let major = self
            .variables
            .global("version")
            .and_then(|version| version.split('.').next()?.parse::<u32>().ok());
        let is_8 = major.is_some_and(|major| major >= 8);
        if is_8 && self.release.says_table_for_base_table() {
            "TABLE"
        } else {
            "BASE TABLE"
        }
    }

    /// TABLE_TYPE of a table of information_schema.
    pub fn system_view_type(&self) -> &'static str {
        if self.release.names_system_views() {
            "SYSTEM VIEW"
        } else {
            "BASE TABLE"
        }
    }

    pub fn config_number(&self, key: &str) -> i64 {
        self.config
            .get(key)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    }

    /// FE config `enable_colocate_restore`, false by default (StarRocks/starrocks#48486).
    pub fn restores_colocation(&self) -> bool {
        self.config
            .get("enable_colocate_restore")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    pub fn label_retention(&self) -> LabelRetention {
        LabelRetention {
            count: usize::try_from(self.config_number("label_keep_max_num")).unwrap_or(0),
            age: Duration::seconds(self.config_number("label_keep_max_second")),
        }
    }

    /// The zone that new sessions start with.
    pub fn global_zone(&self) -> Zone {
        self.variables
            .global("time_zone")
            .and_then(|text| Zone::parse(text).ok())
            .unwrap_or(Zone::Region(self.zone))
    }
}

/// FE configuration that ADMIN SHOW FRONTEND CONFIG prints and the engine obeys (`common/Config.java`).
pub fn default_config(release: Release) -> BTreeMap<String, String> {
    let materialized_views = if release.backs_up_materialized_views_by_default() {
        "true"
    } else {
        "false"
    };
    [
        ("run_mode", "shared_nothing"),
        ("default_replication_num", "3"),
        ("label_keep_max_num", "1000"),
        ("label_keep_max_second", "259200"),
        ("history_job_keep_max_second", "604800"),
        ("backup_job_default_timeout_ms", "86400000"),
        ("catalog_trash_expire_second", "86400"),
        ("dynamic_partition_enable", "true"),
        ("dynamic_partition_check_interval_seconds", "600"),
        ("enable_backup_materialized_view", materialized_views),
        ("enable_mv_automatic_inactive_by_base_table_changes", "true"),
        ("enable_mv_automatic_active_check", "true"),
        ("mv_active_checker_interval_seconds", "60"),
        ("enable_colocate_restore", "false"),
        ("enable_udf", "false"),
        ("expr_children_limit", "10000"),
        ("max_running_txn_num_per_db", "1000"),
        ("meta_delay_toleration_second", "300"),
        ("max_upload_task_per_be", "0"),
        ("max_download_task_per_be", "0"),
        ("mysql_server_version", release.mysql_version()),
        ("qe_max_connection", "4096"),
        ("tablet_create_timeout_second", "10"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}
