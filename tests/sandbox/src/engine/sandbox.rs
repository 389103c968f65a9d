//! The sandbox as its callers hold it: open, execute.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use chrono_tz::Tz;

use crate::answer::{Answer, SqlError};
use crate::ast::Statement;
use crate::engine::clock::{Clock, Timer};
use crate::engine::cluster::{Cluster, ClusterOptions, SessionInfo};
use crate::engine::connections::Connections;
use crate::engine::error;
use crate::engine::faults::Faults;
use crate::engine::forward_faults::Passages;
use crate::engine::frontend::Local;
use crate::engine::functions::Surroundings;
use crate::engine::journal::Journal;
use crate::engine::rounds::{SCHEDULE, in_chrono};
use crate::engine::session::Session;
use crate::engine::state::State;
use crate::engine::store::Store;
use crate::engine::wording;
use crate::engine::zone::Zone;
use crate::parser;
use crate::release::Release;
use crate::wire::{Tls, TlsError};

/// Parsed statements that are kept, and how long one may be.
const CACHED_STATEMENTS: usize = 1024;
const CACHED_LENGTH: usize = 2048;

#[derive(Debug, Clone)]
pub struct Options {
    pub release: Release,
    /// Two clusters on one repository have two.
    pub cluster_id: u32,
    /// Repositories of any scheme are directories below this one.
    pub data: PathBuf,
    /// Between two rounds of the backup handler; StarRocks waits 3 s.
    pub tick: Duration,
    pub backends: usize,
    /// The zone of the frontend's process: the first value of `time_zone`, and that of snapshot timestamps.
    pub zone: Tz,
    /// The first of them leads.
    pub frontends: usize,
    /// What SHOW FRONTENDS prints of the first frontend; see also `Sandbox::listens_on`.
    pub query_port: u16,
    pub clock: Clock,
    /// Offered to clients; nothing is without it.
    pub tls: Option<TlsFiles>,
}

/// FE configuration `ssl_keystore_location`, as PEM files.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// FE configuration `ssl_force_secure_transport`.
    pub required: bool,
}

impl Options {
    /// Release 3.5, one frontend, three live backends, a tick of 3 s, UTC, the system's clock.
    pub fn new(data: impl Into<PathBuf>) -> Options {
        Options {
            release: Release::V3_5,
            cluster_id: 1_732_000_000,
            data: data.into(),
            tick: Duration::from_secs(3),
            backends: 3,
            zone: Tz::UTC,
            frontends: 1,
            query_port: 9030,
            clock: Clock::System,
            tls: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("failed to create the data directory {path}")]
    Directory {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("failed to open the row store")]
    Store(#[from] rusqlite::Error),
    #[error("failed to set up TLS")]
    Tls(#[from] TlsError),
    #[error("release {0} cannot require TLS")]
    TlsRequired(Release),
}

/// A statement of a script that failed.
#[derive(Debug, thiserror::Error)]
#[error("statement {number} failed: {statement}")]
pub struct ScriptError {
    /// Counted from 1.
    pub number: usize,
    pub statement: String,
    pub source: SqlError,
}

/// A cluster in a process, reached through one of its frontends. Clones, and those of `frontend`, are the same cluster.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
    /// Counted from 0.
    frontend: usize,
}

struct Inner {
    state: Mutex<State>,
    parsed: RwLock<HashMap<String, Arc<Statement>>>,
    connections: Connections,
    tick: Duration,
    release: Release,
    tls: Option<Tls>,
    tls_required: bool,
}

impl Sandbox {
    pub fn open(options: Options) -> Result<Sandbox, OpenError> {
        std::fs::create_dir_all(&options.data).map_err(|source| OpenError::Directory {
            path: options.data.clone(),
            source,
        })?;
        let tls_required = options.tls.as_ref().is_some_and(|files| files.required);
        if tls_required && !options.release.can_require_tls() {
            return Err(OpenError::TlsRequired(options.release));
        }
        let tls = options.tls.as_ref();
        let tls = tls
            .map(|files| Tls::open(&files.certificate, &files.key))
            .transpose()?;
        let timer = Timer::new(options.clock, in_chrono(options.tick), in_chrono(SCHEDULE));
        let surroundings = Arc::new(Mutex::new(Surroundings {
            now: timer.now(),
            zone: Zone::Region(options.zone),
        }));
        let store = Store::open(&surroundings)?;
        let cluster = ClusterOptions {
            release: options.release,
            cluster_id: options.cluster_id,
            data: options.data,
            backends: options.backends,
            zone: options.zone,
            frontends: options.frontends,
            query_port: options.query_port,
            now: timer.now(),
        };
        let cluster = Cluster::new(cluster, store, surroundings);
        let locals = cluster
            .frontends
            .iter()
            .map(|_| Local::new(&cluster))
            .collect();
        let connections = Connections::new(cluster.frontends.len());
        let state = Mutex::new(State {
            cluster,
            timer,
            faults: Faults::default(),
            passages: Passages::default(),
            journal: Journal::default(),
            serving: 0,
            last_leader: 0,
            locals,
        });
        let inner = Arc::new(Inner {
            state,
            parsed: RwLock::new(HashMap::new()),
            connections,
            tick: options.tick,
            release: options.release,
            tls,
            tls_required,
        });
        Ok(Sandbox { inner, frontend: 0 })
    }

    /// A session of that user, without a login.
    pub fn session(&self, user: &str) -> Session {
        let id = self.next_connection();
        self.open_session(user, "127.0.0.1:0", id)
    }

    /// Runs ONE statement, at the sandbox's clock, with the faults that are ordered for it.
    pub fn execute(&self, session: &mut Session, sql: &str) -> Result<Answer, SqlError> {
        let parsed = self.parsed(sql);
        self.execute_parsed(session, sql, parsed)
    }

    pub(super) fn execute_parsed(
        &self,
        session: &mut Session,
        sql: &str,
        parsed: Result<Arc<Statement>, SqlError>,
    ) -> Result<Answer, SqlError> {
        if let Ok(Statement::Sandbox(control)) = parsed.as_deref() {
            return self.control(session, control);
        }
        let met = self.lock().faults.meet(sql);
        if let Some(error) = self.suffer_before(session, sql, &met.before) {
            return Err(error);
        }
        let answer = self.run_unharmed(session, sql, parsed);
        self.suffer_after(session, sql, &met.after, answer)
    }

    pub(super) fn run_unharmed(
        &self,
        session: &mut Session,
        sql: &str,
        parsed: Result<Arc<Statement>, SqlError>,
    ) -> Result<Answer, SqlError> {
        let mut state = self.lock();
        state.serve_as(session.frontend);
        if !state.is_connected(session) {
            return Err(error::connection_lost());
        }
        state.begin(session, sql);
        let answer = state.answer(session, &*parsed?, sql);
        state.finish(session);
        let killed = std::mem::take(&mut state.cluster.killed);
        drop(state);
        for id in killed {
            if id == session.id {
                // It is told so before it is put out.
                session.killed = true;
            } else {
                self.connections().cut(session.frontend, id);
            }
        }
        answer
    }

    /// Runs every statement of a script as root, up to the first that fails.
    pub fn run_script(&self, sql: &str) -> Result<(), ScriptError> {
        let mut session = self.session("root");
        for (index, statement) in parser::split(sql).into_iter().enumerate() {
            self.execute(&mut session, statement)
                .map_err(|source| ScriptError {
                    number: index + 1,
                    statement: statement.trim().to_owned(),
                    source,
                })?;
        }
        self.close_session(&session);
        Ok(())
    }

    pub(super) fn next_connection(&self) -> u32 {
        self.connections()
            .next_id(self.frontend, self.inner.release)
    }

    pub(super) fn open_session(&self, user: &str, host: &str, id: u32) -> Session {
        let mut state = self.lock();
        state.look_at_clock();
        state.serve_as(self.frontend);
        let now = state.cluster.now;
        let zone = state.locally(|cluster| cluster.global_zone());
        let info = SessionInfo {
            user: user.to_owned(),
            host: host.to_owned(),
            database: None,
            opened: now,
            last: now,
            statement: String::new(),
            wait_timeout: None,
        };
        state.cluster.sessions.insert(id, info);
        Session {
            id,
            frontend: self.frontend,
            killed: false,
            user: user.to_owned(),
            host: host.to_owned(),
            database: None,
            roles: state.cluster.login_roles(user),
            variables: std::collections::BTreeMap::new(),
            user_variables: std::collections::BTreeMap::new(),
            zone,
        }
    }

    /// As a client that hangs up: what lives as long as its session goes with it.
    pub fn close_session(&self, session: &Session) {
        let mut state = self.lock();
        state.serve_as(session.frontend);
        state.cluster.sessions.remove(&session.id);
        if let Err(fault) = state.cluster.drop_session_tables(session) {
            tracing::error!(%fault, "the temporary tables of a closed connection were not dropped");
        }
        if let Err(fault) = state.cluster.rollback_explicit(session) {
            tracing::error!(%fault, "a transaction of a closed connection was not rolled back");
        }
        drop(state);
        self.connections().cut(session.frontend, session.id);
    }

    /// The same cluster through another frontend, counted from 0.
    pub(super) fn at(&self, frontend: usize) -> Sandbox {
        Sandbox {
            inner: Arc::clone(&self.inner),
            frontend,
        }
    }

    /// Between two rounds of the backup handler.
    pub(super) fn tick_length(&self) -> Duration {
        self.inner.tick
    }

    pub(super) fn index(&self) -> usize {
        self.frontend
    }

    pub(super) fn release(&self) -> Release {
        self.inner.release
    }

    pub(super) fn offered_tls(&self) -> Option<Tls> {
        self.inner.tls.clone()
    }

    pub(super) fn requires_tls(&self) -> bool {
        self.inner.tls_required
    }

    pub(super) fn connections(&self) -> &Connections {
        &self.inner.connections
    }

    /// A statement that panicked has spoilt nothing that the next one could not see for itself.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Short statements are parsed once.
    pub(super) fn parsed(&self, sql: &str) -> Result<Arc<Statement>, SqlError> {
        if sql.len() > CACHED_LENGTH {
            return self.parse(sql).map(Arc::new);
        }
        let cache = self
            .inner
            .parsed
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = cache.get(sql) {
            return Ok(Arc::clone(found));
        }
        drop(cache);
        let statement = Arc::new(self.parse(sql)?);
        let mut cache = self
            .inner
            .parsed
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHED_STATEMENTS {
            cache.clear();
        }
        cache.insert(sql.to_owned(), Arc::clone(&statement));
        Ok(statement)
    }

    fn parse(&self, sql: &str) -> Result<Statement, SqlError> {
        let release = self.inner.release;
        parser::parse(sql, release).map_err(|error| wording::as_sent(error, release, None))
    }
}
