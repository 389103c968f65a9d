//! Faults a test can order: a statement that fails before or after its effect, jobs that do not move, nodes that are down.

use crate::answer::SqlError;
use crate::engine::jobs::{JobOrder, Phase, Trouble};
use crate::engine::repository::RepositoryTrouble;
use crate::engine::sandbox::Sandbox;

/// Whether the statement that fails has been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Refused: nothing happened.
    None,
    /// Done, and then the client is told that it failed.
    Done,
}

#[derive(Debug)]
pub struct Fault {
    pattern: String,
    effect: Effect,
    error: SqlError,
}

/// Faults in the order in which they were ordered; each hits once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn take(&mut self, sql: &str) -> Option<(Effect, SqlError)> {
        if self.0.is_empty() {
            return None;
        }
        let text = sql.to_lowercase();
        let hits = |fault: &Fault| match fault.pattern.strip_prefix('^') {
            Some(start) => text.starts_with(start),
            None => text.contains(&fault.pattern),
        };
        let index = self.0.iter().position(hits)?;
        let fault = self.0.remove(index);
        Some((fault.effect, fault.error))
    }
}

impl Sandbox {
    /// The next statement whose text contains `pattern` (in any case of letters), or begins with what stands behind a `^`, fails with `error`.
    pub fn fail_next(&self, pattern: &str, effect: Effect, error: SqlError) {
        self.lock().faults.0.push(Fault {
            pattern: pattern.to_lowercase(),
            effect,
            error,
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

    /// The directory that stands for the repository.
    pub fn repository_directory(&self, name: &str) -> Option<std::path::PathBuf> {
        self.lock()
            .cluster
            .repositories
            .get(name)
            .map(|repository| repository.root.clone())
    }
}
