//! The schedule file, read again while the daemon runs.

use super::event::Event;
use super::main_loop::Engine;
use crate::config::{Color, Schedule, read_schedule, render};
use crate::control::protocol::{Refusal, RefusalCode, Report, ReportLine, Verdict};

impl Engine {
    /// Reads the schedule file again. A bad one changes nothing but what `status` says.
    pub(super) fn reload(&mut self) -> Result<Report, Refusal> {
        let path = self.setup.settings.schedule.clone();
        let checked = read_schedule(&path).map_err(|error| (error.to_string(), error.help()));
        let (value, findings) = match checked {
            Ok(checked) => (checked.value, render(&checked.findings, Color::Never)),
            Err((error, help)) => (None, format!("{error}: {help}")),
        };
        let Some(schedule) = value else {
            self.schedule_error = Some(format!(
                "{} could not be loaded; the schedule from before stays in force",
                path.display()
            ));
            tracing::error!(schedule = %path.display(), findings, "the schedule was not reloaded");
            return Err(Refusal::new(
                RefusalCode::Configuration,
                format!(
                    "the schedule was not reloaded, the one from before stays in force\n{findings}"
                ),
                format!(
                    "correct {}, try it with `brctl check`, then `brctl reload`",
                    path.display()
                ),
            ));
        };
        let changes = changes(self.dispatcher.schedule(), &schedule);
        tracing::info!(schedule = %path.display(), ?changes, "schedule reloaded");
        self.schedule_error = None;
        self.loaded = self.setup.clock.now();
        self.event(Event::Reloaded(schedule));
        let line = |text| ReportLine {
            verdict: Verdict::Ok,
            text,
            help: None,
        };
        Ok(Report {
            lines: changes.into_iter().map(line).collect(),
        })
    }
}

fn changes(old: &Schedule, new: &Schedule) -> Vec<String> {
    let mut lines = Vec::new();
    for (group, rules) in &new.groups {
        match old.groups.get(group) {
            None => lines.push(format!("group {group} is new")),
            Some(before) if before != rules => lines.push(format!("group {group} has changed")),
            Some(_) => {}
        }
    }
    lines.extend(
        old.groups
            .keys()
            .filter(|group| !new.groups.contains_key(*group))
            .map(|group| format!("group {group} is gone")),
    );
    if lines.is_empty() {
        lines.push("nothing has changed".to_owned());
    }
    lines
}
