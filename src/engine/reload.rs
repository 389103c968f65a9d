//! The schedule file, read again while the daemon runs.

use super::event::Event;
use super::main_loop::Engine;
use super::requests::repositories;
use crate::config::{Color, Schedule, read_schedule, render};
use crate::control::protocol::{Refusal, RefusalCode, Report, ReportLine, Verdict};

impl Engine {
    /// Reads the schedule file again. A bad one changes nothing but what `status` says.
    pub(super) fn reload(&mut self) -> Result<Report, Refusal> {
        let path = self.setup.settings.schedule.clone();
        let (value, findings) = match read_schedule(&path) {
            Ok(checked) => (checked.value, render(&checked.findings, Color::Never)),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                (None, format!("{error}: {}", cause.unwrap_or_default()))
            }
        };
        let default = self.dispatcher.defaults().repository.as_ref();
        let homeless = value
            .iter()
            .flat_map(|schedule| repositories(schedule, default));
        let homeless = homeless.filter(|(_, repository)| repository.is_none());
        let homeless: Vec<String> = homeless
            .map(|(group, _)| {
                format!("group {group} names no repository, and brd.toml has no default")
            })
            .collect();
        let (value, findings) = if homeless.is_empty() {
            (value, findings)
        } else {
            (None, homeless.join("\n"))
        };
        let Some(schedule) = value else {
            self.schedule_error = Some(format!(
                "{} could not be loaded; the schedule from before stays in force",
                path.display()
            ));
            tracing::error!(schedule = %path.display(), "the schedule was not reloaded; the one from before stays in force");
            for line in findings.lines().filter(|line| !line.trim().is_empty()) {
                tracing::error!("{line}");
            }
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
        self.look_again();
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
