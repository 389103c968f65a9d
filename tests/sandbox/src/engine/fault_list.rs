//! What is ordered, told as rows, and taken back.

use crate::answer::ResultSet;
use crate::ast::{Consequence, Effect, RepositoryTrouble, StatementFault};
use crate::engine::state::State;
use crate::parser::HELP;

impl State {
    pub fn clear_faults(&mut self) {
        self.look_at_clock();
        self.faults.clear();
        self.passages.clear();
        self.cluster.leader_hidden = false;
        for index in 0..self.cluster.frontends.len() {
            if !self.cluster.frontends[index].lag.is_zero() {
                self.set_lag(index, chrono::Duration::zero());
            }
        }
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
            let what = format!("{}: {}", ordered.id, told(fault));
            row("STATEMENT", what, left, Some(ordered.hits));
        }
        for (pattern, passage) in self.passages.list() {
            let what = format!("{} {}", passage.name(), quoted(pattern));
            row("FORWARD", what, Some(1), None);
        }
        if self.cluster.leader_hidden {
            row("LEADER", "HIDDEN".to_owned(), None, None);
        }
        for (index, frontend) in self.cluster.frontends.iter().enumerate() {
            let number = index + 1;
            if !frontend.lag.is_zero() {
                let lag = frontend.lag.to_std().unwrap_or_default();
                row("FRONTEND", format!("{number} LAG '{lag:?}'"), None, None);
            }
            if !frontend.alive {
                row("FRONTEND", format!("{number} STOPPED"), None, None);
            }
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
                let trouble = match trouble {
                    RepositoryTrouble::Unreachable(text) => format!("UNREACHABLE {}", quoted(text)),
                    RepositoryTrouble::Full(text) => format!("FULL {}", quoted(text)),
                };
                let what = format!("{} {trouble}", repository.name);
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

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// In the words in which it is ordered, but for TIMES, which is in Left.
fn told(fault: &StatementFault) -> String {
    let mut words = quoted(&fault.pattern);
    if fault.nth > 1 {
        words += &format!(" NTH {}", fault.nth);
    }
    if let Some(chance) = fault.chance {
        words += &format!(" RATE {} SEED {}", chance.percent, chance.seed);
    }
    words += match fault.effect {
        Effect::None => " BEFORE ",
        Effect::Done => " AFTER ",
    };
    words += &match &fault.consequence {
        Consequence::Cut => "CUT".to_owned(),
        Consequence::Delay(duration) => format!("DELAY '{duration:?}'"),
        Consequence::Error(error) => format!(
            "ERROR {} '{}' {}",
            error.code,
            error.state,
            quoted(&error.message)
        ),
        Consequence::Run(sql) => format!("RUN {}", quoted(sql)),
        Consequence::TooManyVersions => "TOO MANY VERSIONS".to_owned(),
        Consequence::QueryTimeout => "QUERY TIMEOUT".to_owned(),
        Consequence::PublishTimeout => "PUBLISH TIMEOUT".to_owned(),
    };
    words
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
