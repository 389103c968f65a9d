//! Ordering faults, by `SANDBOX …` and from Rust, and what they do to a statement.

use std::time::Duration;

use crate::answer::{Answer, SqlError};
use crate::ast::{
    Consequence, Effect, FaultControl, JobOrder, JobsControl, Phase, RepositoryControl,
    RepositoryTrouble, Statement, StatementFault, TaskTrouble,
};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::fault_list::help;
use crate::engine::jobs::Trouble;
use crate::engine::sandbox::Sandbox;
use crate::engine::session::Session;
use crate::engine::wording;

impl Sandbox {
    pub(super) fn order_fault(&self, control: &FaultControl) -> Result<Answer, SqlError> {
        match control {
            FaultControl::Intrude(sql) => return self.run_as_another(sql),
            FaultControl::Help => return Ok(Answer::Rows(help())),
            FaultControl::Show => return Ok(Answer::Rows(self.lock().ordered_faults())),
            FaultControl::On(fault) => self.order_statement_fault(fault.clone()),
            FaultControl::Clear => self.lock().clear_faults(),
            FaultControl::Job(order) => self.order_job(order.clone()),
            FaultControl::Clock(milliseconds) => {
                self.jump_clock(chrono::Duration::milliseconds(*milliseconds));
            }
            FaultControl::Jobs(control) => self.control_jobs(control),
            FaultControl::Hazard(on) => self.set_live_table_hazard(*on),
            FaultControl::Tasks(phase, None) => {
                let troubles = &mut self.lock().cluster.jobs.troubles;
                troubles.retain(|trouble| trouble.phase != *phase);
            }
            FaultControl::Tasks(phase, Some(trouble)) => self.trouble_phase(*phase, trouble)?,
            FaultControl::Backend { index, alive } => {
                if self.lock().cluster.backends.len() <= *index {
                    return Err(refused(format!("there is no backend {index}")));
                }
                self.set_backend_alive(*index, *alive);
            }
            FaultControl::Repository(name, control) => {
                if !self.lock().cluster.repositories.contains_key(name) {
                    return Err(refused(format!("there is no repository {name}")));
                }
                match control {
                    RepositoryControl::ReadOnly => self.set_repository_read_only(name, true),
                    RepositoryControl::ReadWrite => self.set_repository_read_only(name, false),
                    RepositoryControl::Trouble(trouble) => {
                        self.trouble_repository(name, Some(trouble.clone()));
                    }
                    RepositoryControl::Well => self.trouble_repository(name, None),
                }
            }
        }
        Ok(done())
    }

    fn control_jobs(&self, control: &JobsControl) {
        match control {
            JobsControl::Hold => self.hold_jobs(true),
            JobsControl::Release => self.hold_jobs(false),
            JobsControl::Lock => self.lock_submissions(true),
            JobsControl::Unlock => self.lock_submissions(false),
            JobsControl::Changing(times) => self.change_jobs_while_shown(*times),
            JobsControl::Purge => self
                .lock()
                .cluster
                .jobs
                .slots
                .retain(|_, job| !job.is_done()),
        }
    }

    fn trouble_phase(&self, phase: Phase, trouble: &TaskTrouble) -> Result<(), SqlError> {
        let backend = match trouble.backend {
            None => None,
            Some(index) => {
                let state = self.lock();
                let backend = state.cluster.backends.get(index);
                let found = backend.map(|backend| backend.id);
                Some(found.ok_or_else(|| refused(format!("there is no backend {index}")))?)
            }
        };
        self.trouble_tasks(Trouble {
            phase,
            text: trouble.text.clone(),
            rounds: trouble.rounds,
            backend,
        });
        Ok(())
    }

    /// Something happens to statements.
    pub fn order_statement_fault(&self, fault: StatementFault) {
        self.lock().faults.order(fault);
    }

    /// The next statement whose text contains `pattern` (in any case of letters), or begins with what stands behind a `^`, fails with `error`.
    pub fn fail_next(&self, pattern: &str, effect: Effect, error: SqlError) {
        self.order_statement_fault(StatementFault {
            pattern: pattern.to_owned(),
            nth: 1,
            times: Some(1),
            chance: None,
            effect,
            consequence: Consequence::Error(error),
        });
    }

    /// While held, ticks move no job.
    pub fn hold_jobs(&self, held: bool) {
        self.lock().cluster.jobs.held = held;
    }

    /// While set, uploads and downloads report this text in TaskErrMsg instead of finishing.
    pub fn stall_transfers(&self, reason: Option<&str>) {
        let troubles = &mut self.lock().cluster.jobs.troubles;
        let transfers = [Phase::Upload, Phase::Download];
        troubles.retain(|trouble| !transfers.contains(&trouble.phase));
        if let Some(text) = reason {
            troubles.extend(transfers.map(|phase| Trouble {
                phase,
                text: Some(text.to_owned()),
                rounds: None,
                backend: None,
            }));
        }
    }

    /// Backends are counted from 0.
    pub fn set_backend_alive(&self, index: usize, alive: bool) {
        let mut state = self.lock();
        state.look_at_clock();
        if let Some(id) = state.cluster.backends.get(index).map(|backend| backend.id) {
            state.cluster.set_backend_alive(id, alive);
        }
    }

    pub fn set_repository_read_only(&self, name: &str, read_only: bool) {
        if let Some(repository) = self.lock().cluster.repositories.get_mut(name) {
            repository.read_only = read_only;
        }
    }

    /// Keeps tasks of a phase from being done, in all jobs.
    pub fn trouble_tasks(&self, trouble: Trouble) {
        self.lock().cluster.jobs.troubles.push(trouble);
    }

    /// The next job that comes to the step meets it.
    pub fn order_job(&self, order: JobOrder) {
        self.lock().cluster.jobs.orders.push(order);
    }

    /// What is wrong with the storage of a repository; nothing any more.
    pub fn trouble_repository(&self, name: &str, trouble: Option<RepositoryTrouble>) {
        if let Some(repository) = self.lock().cluster.repositories.get_mut(name) {
            repository.trouble = trouble;
        }
    }

    /// While locked, BACKUP, RESTORE and DROP REPOSITORY find somebody else's submission under way.
    pub fn lock_submissions(&self, locked: bool) {
        self.lock().cluster.jobs.submission_locked = locked;
    }

    /// So many times SHOW BACKUP and SHOW RESTORE meet a job while it changes.
    pub fn change_jobs_while_shown(&self, times: u32) {
        self.lock().cluster.jobs.changing = times;
    }

    /// On by default: a failing RESTORE of several aliased tables removes the live ones (restore.md 3.6).
    pub fn set_live_table_hazard(&self, on: bool) {
        self.lock().cluster.live_table_hazard = on;
    }

    /// The frontend's clock jumps. Its daemons sleep for a span, not until a moment, and do not notice.
    pub fn jump_clock(&self, by: chrono::Duration) {
        self.lock().timer.jump(by);
    }

    /// The directory that stands for the repository.
    pub fn repository_directory(&self, name: &str) -> Option<std::path::PathBuf> {
        self.lock()
            .cluster
            .repositories
            .get(name)
            .map(|repository| repository.root.clone())
    }

    /// A statement of another session, root's. No fault hits it.
    fn run_as_another(&self, sql: &str) -> Result<Answer, SqlError> {
        let mut session = self.session("root");
        let answer = self.run_unharmed(&mut session, sql, self.parsed(sql));
        self.close_session(&session);
        answer
    }

    /// What comes before the statement; `Some` ends it.
    pub(super) fn suffer_before(
        &self,
        session: &Session,
        sql: &str,
        consequences: &[Consequence],
    ) -> Option<SqlError> {
        consequences
            .iter()
            .find_map(|consequence| self.suffer(session, sql, consequence))
    }

    /// What comes after it, and what the client is told in the end.
    pub(super) fn suffer_after(
        &self,
        session: &Session,
        sql: &str,
        consequences: &[Consequence],
        mut answer: Result<Answer, SqlError>,
    ) -> Result<Answer, SqlError> {
        let mut end = None;
        for consequence in consequences {
            if let (Consequence::PublishTimeout, Ok(Answer::Done(done))) =
                (consequence, &mut answer)
            {
                done.info = committed(&done.info);
                continue;
            }
            end = end.or_else(|| self.suffer(session, sql, consequence));
        }
        end.map_or(answer, Err)
    }

    fn suffer(&self, session: &Session, sql: &str, consequence: &Consequence) -> Option<SqlError> {
        match consequence {
            // Nobody is told: the wire ends the connection at this code.
            Consequence::Cut => Some(error::connection_lost()),
            Consequence::Error(error) => Some(error.clone()),
            Consequence::Delay(span) => {
                self.pass(*span);
                None
            }
            Consequence::Run(other) => {
                if let Err(error) = self.run_as_another(other) {
                    tracing::warn!(%error, statement = other, "the statement of another session failed");
                }
                None
            }
            Consequence::TooManyVersions => {
                let parsed = self.parsed(sql).ok();
                let tablet = self.lock().cluster.tablet_of(session, parsed.as_deref());
                Some(too_many_versions(tablet))
            }
            Consequence::QueryTimeout => {
                let parsed = self.parsed(sql).ok();
                let state = self.lock();
                let error = state.cluster.timed_out(session, parsed.as_deref());
                Some(wording::as_sent(
                    error,
                    state.cluster.release,
                    parsed.as_deref(),
                ))
            }
            Consequence::PublishTimeout => None,
        }
    }

    /// A manual clock is moved; the system's one is waited for.
    fn pass(&self, span: Duration) {
        if !self.advance(span) {
            std::thread::sleep(span);
        }
    }
}

impl Cluster {
    /// A tablet of the table the statement loads into.
    fn tablet_of(&self, session: &Session, statement: Option<&Statement>) -> u64 {
        let name = match statement {
            Some(Statement::Insert(insert)) => &insert.table,
            Some(Statement::Update { table, .. } | Statement::Delete { table, .. }) => table,
            _ => return 0,
        };
        let table = self.table(name, session).ok();
        let physical = table
            .and_then(|(_, table)| table.partitions.iter().next())
            .and_then(|partition| partition.physical.first());
        physical
            .and_then(|physical| physical.tablets.first())
            .copied()
            .unwrap_or_default()
    }

    /// ERR_TIMEOUT: loads have a variable of their own since 3.4 (`qe/StmtExecutor.java`, `qe/DefaultCoordinator.java`).
    fn timed_out(&self, session: &Session, statement: Option<&Statement>) -> SqlError {
        let loads = matches!(
            statement,
            Some(Statement::Insert(_) | Statement::Update { .. } | Statement::Delete { .. })
        );
        let own = loads && self.release.has_insert_settings();
        let variable = if own {
            "insert_timeout"
        } else {
            "query_timeout"
        };
        let seconds = self.variables.of(session, variable).unwrap_or("300");
        let (kind, advice) = if own {
            (
                "Insert",
                "please increase the 'insert_timeout' session variable or the 'timeout' property for insert statement and retry",
            )
        } else {
            (
                if loads { "Insert" } else { "Query" },
                "please increase the 'query_timeout' session variable and retry",
            )
        };
        SqlError::new(
            5024,
            "HY000",
            format!("{kind} reached its timeout of {seconds} seconds, {advice}"),
        )
    }
}

/// be/src/storage/delta_writer.cpp; what the frontend adds to it was not looked for.
fn too_many_versions(tablet: u64) -> SqlError {
    SqlError::plain(format!(
        "Failed to load data into tablet {tablet}, because of too many versions, current/limit: 1001/1000. You can reduce the loading job \
         concurrency, or increase loading data batch size. If you are loading data with Routine Load, you can increase FE configs \
         routine_load_task_consume_second and max_routine_load_batch_size,"
    ))
}

/// `{'label':'…', 'status':'COMMITTED', 'txnId':'…', 'err':'Publish timeout …'}` (`qe/StmtExecutor.handleDMLStmt`). The reason is that of a
/// transaction whose tasks have not been sent (`transaction/TransactionState.getPublishTimeoutDebugInfo`).
fn committed(info: &str) -> String {
    let info = info.replacen("'status':'VISIBLE'", "'status':'COMMITTED'", 1);
    match info.strip_suffix('}') {
        Some(open) => format!(
            "{open}, 'err':'Publish timeout txn has not sent publish tasks yet, maybe waiting previous txns on the same table(s) to finish, \
             tableIds: '}}"
        ),
        None => info,
    }
}

fn refused(text: String) -> SqlError {
    SqlError::plain(format!("SANDBOX: {text}"))
}
