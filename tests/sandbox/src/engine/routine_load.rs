//! Routine loads: kept, paused, resumed, stopped. They read from no Kafka; their messages come from SANDBOX ROUTINE LOAD
//! (`load/routineload/RoutineLoadMgr.java`, `RoutineLoadJob.java`).
//!
//! A job knows its table by id: after a SWAP it goes on loading into the table it was made for, under that table's new name.

use chrono::{DateTime, Utc};

use crate::answer::{Answer, SqlError};
use crate::ast::{CreateRoutineLoad, Insert, InsertSource, ObjectName, RoutineLoadChange};
use crate::engine::access::{Need, Privilege};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::session::Session;

type Messages = Vec<Vec<Option<sqlparser::ast::Expr>>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoutineLoadState {
    NeedSchedule,
    Running,
    Paused,
    Stopped,
    Cancelled,
}

impl RoutineLoadState {
    pub fn name(self) -> &'static str {
        match self {
            RoutineLoadState::NeedSchedule => "NEED_SCHEDULE",
            RoutineLoadState::Running => "RUNNING",
            RoutineLoadState::Paused => "PAUSED",
            RoutineLoadState::Stopped => "STOPPED",
            RoutineLoadState::Cancelled => "CANCELLED",
        }
    }

    pub fn is_final(self) -> bool {
        matches!(
            self,
            RoutineLoadState::Stopped | RoutineLoadState::Cancelled
        )
    }
}

#[derive(Debug, Clone)]
pub struct RoutineLoad {
    pub id: u64,
    pub name: String,
    pub database_id: u64,
    pub table_id: u64,
    pub source: String,
    pub properties: Vec<(String, String)>,
    pub source_properties: Vec<(String, String)>,
    pub created: DateTime<Utc>,
    pub paused: Option<DateTime<Utc>>,
    pub ended: Option<DateTime<Utc>>,
    pub state: RoutineLoadState,
    pub reason: String,
    pub loaded: u64,
    pub failed: u64,
    pub waiting: Messages,
}

impl Cluster {
    pub fn create_routine_load(
        &mut self,
        session: &Session,
        statement: &CreateRoutineLoad,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(&statement.name, session)?.to_owned();
        if !matches!(statement.source.as_str(), "KAFKA" | "PULSAR") {
            return Err(error::analyzing(format!(
                "No enum constant com.starrocks.load.routineload.LoadDataSourceType.{}",
                statement.source
            )));
        }
        let name = &statement.table.name;
        let table = self.databases[&database]
            .relations
            .get(name)
            .ok_or_else(|| SqlError::new(5502, "42602", format!("Unknown table '{name}'")))?;
        let Some(table) = table.as_table() else {
            return Err(SqlError::plain("Only olap/lake table support routine load"));
        };
        if table.is_materialized() {
            return Err(SqlError::plain(format!(
                "The data of '{name}' cannot be inserted because '{name}' is a materialized view,and the data of materialized view must be \
                 consistent with the base table."
            )));
        }
        let (database_id, table_id) = (self.databases[&database].id, table.id);
        if self
            .routine_loads
            .iter()
            .any(|job| job.is_open(database_id, &statement.name.name))
        {
            return Err(SqlError::plain(format!(
                "Name {} already used in db {database}",
                statement.name.name
            )));
        }
        let job = RoutineLoad {
            id: self.new_id(),
            name: statement.name.name.clone(),
            database_id,
            table_id,
            source: statement.source.clone(),
            properties: statement.properties.clone(),
            source_properties: statement.source_properties.clone(),
            created: self.now,
            paused: None,
            ended: None,
            state: RoutineLoadState::NeedSchedule,
            reason: String::new(),
            loaded: 0,
            failed: 0,
            waiting: Vec::new(),
        };
        self.routine_loads.push(job);
        Ok(done())
    }

    pub fn change_routine_load(
        &mut self,
        session: &Session,
        name: &ObjectName,
        change: RoutineLoadChange,
    ) -> Result<Answer, SqlError> {
        let at = self.open_routine_load(session, name)?;
        let job = &self.routine_loads[at];
        if let Some(target) = self.target_by_id(job.database_id, job.table_id) {
            self.need(
                session,
                Need::Table(Privilege::Insert, &target.database, &target.table),
            )?;
        }
        let (now, user) = (self.now, session.user.clone());
        let job = &mut self.routine_loads[at];
        match change {
            RoutineLoadChange::Pause => {
                if job.state == RoutineLoadState::Paused {
                    return Err(SqlError::plain("Could not transform PAUSED to PAUSED"));
                }
                job.state = RoutineLoadState::Paused;
                job.paused = Some(now);
                // `common/InternalErrorCode.MANUAL_PAUSE_ERR`
                job.reason = reason(100, &format!("User {user} pauses routine load job"));
            }
            RoutineLoadChange::Resume => {
                job.state = RoutineLoadState::NeedSchedule;
                job.paused = None;
                job.reason.clear();
            }
            RoutineLoadChange::Stop => {
                job.state = RoutineLoadState::Stopped;
                job.ended = Some(now);
                job.reason.clear();
            }
        }
        Ok(done())
    }

    /// Messages wait until the job's next round.
    pub fn feed_routine_load(
        &mut self,
        session: &Session,
        name: &ObjectName,
        rows: &Messages,
    ) -> Result<Answer, SqlError> {
        let at = self.open_routine_load(session, name)?;
        self.routine_loads[at].waiting.extend(rows.iter().cloned());
        Ok(done())
    }

    fn open_routine_load(&self, session: &Session, name: &ObjectName) -> Result<usize, SqlError> {
        let database = self.database_of(name, session)?;
        let id = self.databases[database].id;
        self.routine_loads
            .iter()
            .position(|job| job.is_open(id, &name.name))
            .ok_or_else(|| {
                SqlError::plain(format!(
                    "There is not operable routine load job with name {}",
                    name.name
                ))
            })
    }

    /// One round of the scheduler: jobs whose table is gone are cancelled, waiting jobs run, running jobs load what waits.
    pub fn run_routine_loads(&mut self) {
        for at in 0..self.routine_loads.len() {
            let job = &self.routine_loads[at];
            if job.state.is_final() {
                continue;
            }
            let (database_id, table_id) = (job.database_id, job.table_id);
            // `common/InternalErrorCode`: DB_ERR is 5, TABLE_ERR is 6.
            if self.database_by_id(database_id).is_none() {
                self.cancel_routine_load(at, reason(5, &format!("db {database_id}not exist")));
                continue;
            }
            let Some(target) = self.target_by_id(database_id, table_id) else {
                self.cancel_routine_load(at, reason(6, "table not exist"));
                continue;
            };
            let job = &mut self.routine_loads[at];
            if job.state == RoutineLoadState::Paused {
                continue;
            }
            job.state = RoutineLoadState::Running;
            let rows = std::mem::take(&mut job.waiting);
            if rows.is_empty() {
                continue;
            }
            let count = rows.len() as u64;
            let insert = Insert {
                table: ObjectName {
                    database: Some(target.database.clone()),
                    name: target.table,
                },
                overwrite: false,
                temporary_partitions: false,
                partitions: Vec::new(),
                label: None,
                columns: Vec::new(),
                source: InsertSource::Values(rows.clone()),
            };
            let outcome = self.insert(&Session::inner(&target.database), &insert);
            let job = &mut self.routine_loads[at];
            match outcome {
                Ok(_) => job.loaded += count,
                // The task is aborted and tried again; offsets have not moved.
                Err(_) => {
                    job.failed += 1;
                    job.waiting = rows;
                }
            }
        }
    }

    fn cancel_routine_load(&mut self, at: usize, reason: String) {
        let now = self.now;
        let job = &mut self.routine_loads[at];
        job.state = RoutineLoadState::Cancelled;
        job.ended = Some(now);
        job.reason = reason;
    }
}

impl RoutineLoad {
    fn is_open(&self, database_id: u64, name: &str) -> bool {
        self.database_id == database_id && self.name == name && !self.state.is_final()
    }
}

/// `load/routineload/ErrorReason.java`
fn reason(code: u32, message: &str) -> String {
    format!("ErrorReason{{errCode = {code}, msg='{message}'}}")
}
