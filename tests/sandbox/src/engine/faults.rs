//! Faults a test can order: a statement that fails before or after its effect, jobs that do not move, nodes that are down.

use crate::answer::SqlError;
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
        self.lock().cluster.jobs.stalled = reason.map(str::to_owned);
    }

    /// Backends are counted from 0.
    pub fn set_backend_alive(&self, index: usize, alive: bool) {
        if let Some(backend) = self.lock().cluster.backends.get_mut(index) {
            backend.alive = alive;
        }
    }

    pub fn set_repository_read_only(&self, name: &str, read_only: bool) {
        if let Some(repository) = self.lock().cluster.repositories.get_mut(name) {
            repository.read_only = read_only;
        }
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
