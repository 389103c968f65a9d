//! What is ordered, told as rows, and taken back.

use crate::answer::ResultSet;
use crate::ast::Effect;
use crate::engine::state::State;
use crate::parser::HELP;

impl State {
    pub fn clear_faults(&mut self) {
        self.faults.clear();
        let dead: Vec<u64> = self
            .cluster
            .backends
            .iter()
            .filter(|backend| !backend.alive)
            .map(|backend| backend.id)
            .collect();
        for backend in dead {
            self.cluster.set_backend_alive(backend, true);
        }
        for repository in self.cluster.repositories.values_mut() {
            repository.trouble = None;
        }
        self.cluster.live_table_hazard = true;
        let jobs = &mut self.cluster.jobs;
        (jobs.held, jobs.submission_locked, jobs.changing) = (false, false, 0);
        jobs.troubles.clear();
        jobs.orders.clear();
    }

    /// SANDBOX SHOW FAULTS. Left: how many more; empty where nothing but an order ends it.
    pub fn ordered_faults(&self) -> ResultSet {
        let mut set = ResultSet::text(&["Kind", "What", "Left", "Hits"]);
        let mut row = |kind: &str, what: String, left: Option<u32>, hits: Option<u32>| {
            let number = |number: Option<u32>| number.map(|number| number.to_string());
            set.rows.push(vec![
                Some(kind.to_owned()),
                Some(what),
                number(left),
                number(hits),
            ]);
        };
        for ordered in self.faults.list() {
            let fault = &ordered.fault;
            let left = fault.times.map(|times| times - ordered.hits);
            let when = match fault.effect {
                Effect::None => "BEFORE",
                Effect::Done => "AFTER",
            };
            let what = format!(
                "{}: '{}' {when} {:?}",
                ordered.id, fault.pattern, fault.consequence
            );
            row("STATEMENT", what, left, Some(ordered.hits));
        }
        let jobs = &self.cluster.jobs;
        for order in &jobs.orders {
            row("JOB", order.name().to_owned(), Some(1), None);
        }
        for trouble in &jobs.troubles {
            let text = trouble.text.as_deref().unwrap_or("STUCK");
            let what = format!("{}: {text}", trouble.phase.name());
            row("TASKS", what, trouble.rounds, None);
        }
        for (on, what) in [(jobs.held, "HELD"), (jobs.submission_locked, "LOCKED")] {
            if on {
                row("JOBS", what.to_owned(), None, None);
            }
        }
        if jobs.changing > 0 {
            row("JOBS", "CHANGING".to_owned(), Some(jobs.changing), None);
        }
        for repository in self.cluster.repositories.values() {
            if let Some(trouble) = &repository.trouble {
                let what = format!("{}: {trouble:?}", repository.name);
                row("REPOSITORY", what, None, None);
            }
        }
        for (index, backend) in self.cluster.backends.iter().enumerate() {
            if !backend.alive {
                row("BACKEND", format!("{index} DEAD"), None, None);
            }
        }
        if !self.cluster.live_table_hazard {
            row("HAZARD", "OFF".to_owned(), None, None);
        }
        set
    }
}

/// SANDBOX HELP
pub fn help() -> ResultSet {
    let mut set = ResultSet::text(&["Statement", "What"]);
    set.rows.extend(
        HELP.iter()
            .map(|(form, what)| vec![Some((*form).to_owned()), Some((*what).to_owned())]),
    );
    set
}
