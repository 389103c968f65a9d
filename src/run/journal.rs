//! What happens in a job, as it happens: to the log, to the engine, and through it to whoever follows.

use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

use super::job::Clock;
use crate::catalog::{JobEvent, JobEventKind};
use crate::names::{DatabaseName, JobId, Label};

/// What a job tells the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    Event(JobEvent),
    /// A label was given to one of the job's databases.
    Labelled(JobId, Label),
}

/// Cheap to clone; each clone may speak for one database of the job.
#[derive(Clone)]
pub struct Journal {
    job: JobId,
    clock: Clock,
    database: Option<DatabaseName>,
    /// Whether its labels are the job's.
    labels: bool,
    /// Unbounded: a job says a few lines a minute, and must never wait for a listener.
    notes: mpsc::UnboundedSender<Note>,
    /// The last line said while waiting, so that the same trouble is told once.
    waiting: Arc<Mutex<String>>,
}

impl Journal {
    pub fn new(job: JobId, clock: Clock, notes: mpsc::UnboundedSender<Note>) -> Journal {
        Journal {
            job,
            clock,
            database: None,
            labels: true,
            notes,
            waiting: Arc::default(),
        }
    }

    pub fn of_database(&self, database: &DatabaseName) -> Journal {
        Journal {
            database: Some(database.clone()),
            waiting: Arc::default(),
            ..self.clone()
        }
    }

    /// For what is done in the job's wake: its labels are not what was asked for.
    pub fn unlabelled(self) -> Journal {
        Journal {
            labels: false,
            ..self
        }
    }

    pub fn step(&self, number: u32, of: u32, text: impl Into<String>) {
        let text = text.into();
        tracing::info!(job = %self.job, database = self.database_name(), step = number, text, "step");
        self.tell(JobEventKind::Step { number, of, text });
    }

    pub fn progress(&self, done: u64, total: u64, text: impl Into<String>) {
        let text = text.into();
        tracing::debug!(job = %self.job, database = self.database_name(), done, total, text, "progress");
        self.tell(JobEventKind::Progress { done, total, text });
    }

    pub fn finding(&self, text: impl Into<String>, help: Option<String>) {
        let text = text.into();
        tracing::warn!(job = %self.job, database = self.database_name(), text, help, "finding");
        self.tell(JobEventKind::Finding { text, help });
    }

    /// Trouble that may pass; said once while it stays the same.
    pub fn waiting(&self, reason: &str) {
        let mut last = self
            .waiting
            .lock()
            .expect("no code that can panic runs under this lock");
        if *last != reason {
            reason.clone_into(&mut last);
            self.finding(format!("waiting: {reason}"), None);
        }
    }

    pub fn labelled(&self, label: &Label) {
        if !self.labels {
            return;
        }
        // The engine is gone only while the process ends.
        let _gone = self
            .notes
            .send(Note::Labelled(self.job.clone(), label.clone()));
    }

    fn tell(&self, what: JobEventKind) {
        let event = JobEvent {
            at: self.clock.now(),
            job: self.job.clone(),
            database: self.database.clone(),
            what,
        };
        // As above.
        let _gone = self.notes.send(Note::Event(event));
    }

    fn database_name(&self) -> &str {
        self.database.as_ref().map_or("", DatabaseName::as_str)
    }
}
