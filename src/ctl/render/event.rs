//! What happens in a job, one line each.

use super::text::one_line;
use super::units::time;
use crate::catalog::{JobEvent, JobEventKind};

/// `2026-11-22 01:00:00Z  sales  step 2 of 5: …`; a finding's help is a line of its own.
pub fn line(event: &JobEvent) -> String {
    let database = event
        .database
        .as_ref()
        .map(|database| format!("{}  ", one_line(database.as_str())))
        .unwrap_or_default();
    let mut line = format!("{}  {database}{}\n", time(event.at), what(&event.what));
    if let JobEventKind::Finding {
        help: Some(help), ..
    } = &event.what
    {
        line.push_str(&format!("  help: {}\n", one_line(help)));
    }
    line
}

fn what(what: &JobEventKind) -> String {
    match what {
        JobEventKind::State { state, message } if message.is_empty() => state.as_str().to_owned(),
        JobEventKind::State { state, message } => {
            format!("{}: {}", state.as_str(), one_line(message))
        }
        JobEventKind::Step {
            number,
            of: 0,
            text,
        } => format!("step {number}: {}", one_line(text)),
        JobEventKind::Step { number, of, text } => {
            format!("step {number} of {of}: {}", one_line(text))
        }
        JobEventKind::Progress { total: 0, text, .. } => one_line(text),
        JobEventKind::Progress { done, total, text } => {
            format!("{}%: {}", percent(*done, *total), one_line(text))
        }
        JobEventKind::Finding { text, .. } => format!("note: {}", one_line(text)),
    }
}

/// For the head of a bar: `sales 2/5`.
pub fn step_name(event: &JobEvent) -> String {
    let step = match &event.what {
        JobEventKind::Step { number, of: 0, .. } => number.to_string(),
        JobEventKind::Step { number, of, .. } => format!("{number}/{of}"),
        JobEventKind::State { .. }
        | JobEventKind::Progress { .. }
        | JobEventKind::Finding { .. } => String::new(),
    };
    match &event.database {
        Some(database) => format!("{} {step}", one_line(database.as_str())),
        None => step,
    }
}

/// From 0 to 100, and 100 only when all is done.
pub fn percent(done: u64, total: u64) -> u64 {
    if total == 0 {
        return 0;
    }
    let percent = u128::from(done) * 100 / u128::from(total);
    u64::try_from(percent).unwrap_or(100).min(100)
}
