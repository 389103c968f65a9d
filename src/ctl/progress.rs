//! How events are shown: a bar for the step in work on a terminal, plain lines elsewhere, JSON lines for programs.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::failure::Failure;
use super::output;
use super::render::event;
use super::render::text::one_line;
use crate::catalog::{JobEvent, JobEventKind};
use crate::names::DatabaseName;

/// How often the time on a bar moves while nothing happens.
const TICK: Duration = Duration::from_millis(500);

const COUNTED: &str = "{prefix} [{bar:30}] {percent:>3}% {msg} ({elapsed})";
const UNCOUNTED: &str = "{spinner} {prefix} {msg} ({elapsed})";

pub(super) enum View {
    Bars(Bars),
    Lines(Thinner, Stream),
    Json,
}

/// Where the lines go.
pub(super) enum Stream {
    Result,
    Aside,
}

impl View {
    pub fn bars() -> View {
        View::Bars(Bars::default())
    }

    /// The events are what was asked for.
    pub fn result_lines() -> View {
        View::Lines(Thinner::default(), Stream::Result)
    }

    /// The events accompany what was asked for.
    pub fn aside_lines() -> View {
        View::Lines(Thinner::default(), Stream::Aside)
    }

    pub fn json() -> View {
        View::Json
    }

    pub fn show(&mut self, event: &JobEvent) -> Result<(), Failure> {
        match self {
            View::Json => output::json_line(event),
            View::Bars(bars) => {
                bars.show(event);
                Ok(())
            }
            View::Lines(thinner, stream) => {
                if !thinner.is_worth_a_line(event) {
                    return Ok(());
                }
                let line = event::line(event);
                match stream {
                    Stream::Result => output::result(&line),
                    Stream::Aside => {
                        output::aside(&line);
                        Ok(())
                    }
                }
            }
        }
    }
}

/// Progress comes every few seconds for hours: a line for each tenth, and for each new text where nothing is counted.
#[derive(Default)]
pub(super) struct Thinner(HashMap<Option<DatabaseName>, Shown>);

#[derive(PartialEq, Eq)]
enum Shown {
    Tenth(u64),
    Text(String),
}

impl Thinner {
    pub fn is_worth_a_line(&mut self, event: &JobEvent) -> bool {
        let now = match &event.what {
            JobEventKind::Progress { done, total, .. } if *total > 0 => {
                Shown::Tenth(event::percent(*done, *total) / 10)
            }
            JobEventKind::Progress { text, .. } => Shown::Text(text.clone()),
            JobEventKind::Step { .. } => {
                self.0.remove(&event.database);
                return true;
            }
            JobEventKind::State { .. } | JobEventKind::Finding { .. } => return true,
        };
        if self.0.get(&event.database) == Some(&now) {
            return false;
        }
        self.0.insert(event.database.clone(), now);
        true
    }
}

/// One bar for each database that is in work, showing its present step; what is over becomes a line above the bars.
#[derive(Default)]
pub(super) struct Bars {
    all: MultiProgress,
    steps: HashMap<Option<DatabaseName>, ProgressBar>,
}

impl Bars {
    fn show(&mut self, event: &JobEvent) {
        match &event.what {
            JobEventKind::State { .. } | JobEventKind::Finding { .. } => {
                self.all.suspend(|| output::aside(&event::line(event)))
            }
            JobEventKind::Step { .. } => {
                self.all.suspend(|| output::aside(&event::line(event)));
                self.begin(event);
            }
            JobEventKind::Progress { done, total, text } => {
                let Some(bar) = self.steps.get(&event.database) else {
                    return;
                };
                if *total > 0 {
                    bar.set_style(style(COUNTED));
                    bar.set_length(*total);
                    bar.set_position(*done);
                }
                bar.set_message(one_line(text));
            }
        }
    }

    fn begin(&mut self, event: &JobEvent) {
        if let Some(before) = self.steps.remove(&event.database) {
            before.finish_and_clear();
        }
        let bar = self
            .all
            .add(ProgressBar::new_spinner().with_style(style(UNCOUNTED)));
        bar.set_prefix(event::step_name(event));
        bar.enable_steady_tick(TICK);
        self.steps.insert(event.database.clone(), bar);
    }
}

/// The bars vanish; the lines stay.
impl Drop for Bars {
    fn drop(&mut self) {
        for bar in self.steps.values() {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("both templates are constants that a test parses")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::JobId;

    fn event(what: JobEventKind) -> JobEvent {
        JobEvent {
            at: chrono::DateTime::UNIX_EPOCH,
            job: JobId::parse("j").unwrap(),
            database: None,
            what,
        }
    }

    fn progress(done: u64, total: u64, text: &str) -> JobEvent {
        event(JobEventKind::Progress {
            done,
            total,
            text: text.to_owned(),
        })
    }

    #[test]
    fn both_templates_are_templates() {
        style(COUNTED);
        style(UNCOUNTED);
    }

    #[test]
    fn a_long_job_is_a_short_log() {
        let mut thinner = Thinner::default();
        let lines = (0..=1000)
            .filter(|done| thinner.is_worth_a_line(&progress(*done, 1000, "downloading")))
            .count();
        assert_eq!(lines, 11);
        assert!(thinner.is_worth_a_line(&event(JobEventKind::Step {
            number: 2,
            of: 3,
            text: String::new()
        })));
        assert!(thinner.is_worth_a_line(&progress(1000, 1000, "a new step counts anew")));
    }

    #[test]
    fn what_is_not_counted_is_shown_when_its_text_changes() {
        let mut thinner = Thinner::default();
        let shown: Vec<bool> = ["PENDING", "PENDING", "SNAPSHOTING", "SNAPSHOTING"]
            .map(|text| thinner.is_worth_a_line(&progress(0, 0, text)))
            .into();
        assert_eq!(shown, [true, false, true, false]);
    }
}
