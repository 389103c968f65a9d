//! Jobs: listed, shown, and how one ended.

use super::plan::plan;
use super::table::Table;
use super::text::{fields, names, one_line};
use super::units::{dash, duration, time, time_or_dash};
use super::{event, text};
use crate::catalog::{JobEventKind, JobKind, JobState, JobSummary, Standing};
use crate::control::protocol::{JobDetail, JobList};
use crate::names::{JobId, TableName};
use crate::plan::restore::{Finish, LiveTable, RestorePlan, TablePlan};

/// Labels of a run in one cell.
const LABELS_SHOWN: usize = 2;

/// Tables of a restore in one line.
const TABLES_SHOWN: usize = 10;

pub fn list(list: &JobList) -> String {
    if list.jobs.is_empty() {
        return "no job waits, runs or ran since brd started; `brctl backups` lists what is on record\n".to_owned();
    }
    let mut table = Table::new(&[
        "JOB", "STATE", "KIND", "GROUP", "LABELS", "STARTED", "TOOK", "MESSAGE",
    ]);
    for job in &list.jobs {
        table.row(vec![
            job.job.to_string(),
            job.state.as_str().to_owned(),
            job.kind.as_str().to_owned(),
            job.group.as_ref().map_or_else(dash, ToString::to_string),
            if job.labels.is_empty() {
                dash()
            } else {
                names(&job.labels, LABELS_SHOWN)
            },
            time_or_dash(job.started),
            took(job).unwrap_or_else(dash),
            job.message.clone(),
        ]);
    }
    table.lines("")
}

pub fn detail(detail: &JobDetail) -> String {
    let job = &detail.summary;
    let mut shown = format!(
        "job {}: {}, {}\n",
        job.job,
        job.kind.as_str(),
        job.state.as_str()
    );
    shown.push_str(&fields(vec![
        (
            "message",
            Some(job.message.clone()).filter(|message| !message.is_empty()),
        ),
        ("group", job.group.as_ref().map(ToString::to_string)),
        (
            "labels",
            Some(names(&job.labels, usize::MAX)).filter(|labels| !labels.is_empty()),
        ),
        ("asked by", Some(job.trigger.clone())),
        ("due", job.scheduled.map(time)),
        ("started", job.started.map(time)),
        (
            "finished",
            job.finished.map(|at| {
                took(job).map_or_else(|| time(at), |took| format!("{}, after {took}", time(at)))
            }),
        ),
    ]));
    let events: String = detail
        .events
        .iter()
        .filter(|event| !matches!(event.what, JobEventKind::Progress { .. }))
        .map(event::line)
        .collect();
    if !events.is_empty() {
        shown.push_str(&format!("\n{events}"));
    }
    if let Some(planned) = &detail.plan {
        shown.push_str(&format!("\n{}", plan(planned)));
    }
    // Where to look for what happened is no help to whoever is looking.
    let told = matches!(job.state, JobState::Failed | JobState::Partly);
    if let Some(help) = help(detail).filter(|_| !told) {
        shown.push_str(&format!("\nhelp: {help}\n"));
    }
    shown
}

/// To whoever watches a job they just started.
pub fn started(job: &JobId) -> String {
    format!("job {job} has begun; Ctrl-C stops watching it and leaves it running\n")
}

pub fn cancelling(job: &JobId) -> String {
    format!("job {job} is being cancelled; `brctl follow {job}` shows when it has ended\n")
}

/// Before `brctl discard` asks.
pub fn discarded(detail: &JobDetail) -> String {
    let job = &detail.summary.job;
    match &detail.plan {
        Some(plan) => {
            let left = left(plan, detail.summary.state);
            let tables = text::count(left.len(), "table");
            format!(
                "{tables} will be dropped for good from {}: {}\n",
                plan.database,
                names(left, TABLES_SHOWN)
            )
        }
        None => {
            format!("the tables that job {job} left under its suffix will be dropped for good\n")
        }
    }
}

/// Before `brctl swap` asks.
pub fn swapped(detail: &JobDetail) -> String {
    let job = &detail.summary.job;
    match &detail.plan {
        Some(plan) => {
            let tables = plan.tables.iter().map(|table| &table.table);
            format!(
                "{} of {} as of backup {} will be live: {}\n",
                text::count(plan.tables.len(), "table"),
                plan.database,
                plan.target,
                names(tables, TABLES_SHOWN)
            )
        }
        None => format!("the tables that job {job} restored will be live\n"),
    }
}

/// What came of a job, and what can be done now.
pub fn ended(detail: &JobDetail) -> String {
    let job = &detail.summary;
    let message = if job.message.is_empty() {
        String::new()
    } else {
        format!(": {}", one_line(&job.message))
    };
    let took = took(job)
        .map(|took| format!(" ({took})"))
        .unwrap_or_default();
    let mut text = format!(
        "{} {} {}{message}{took}\n",
        noun(job.kind),
        job.job,
        outcome(job.state)
    );
    let kept = detail.plan.as_ref().map(kept).unwrap_or_default();
    let restored = job.kind == JobKind::Restore
        && job.state == JobState::Done
        && detail
            .standing
            .is_none_or(|standing| standing == Standing::Live);
    text.push_str(&fields(vec![
        (
            "labels",
            Some(names(&job.labels, usize::MAX)).filter(|labels| !labels.is_empty()),
        ),
        (
            "restored as",
            Some(names(left_open(detail), TABLES_SHOWN)).filter(|left| !left.is_empty()),
        ),
        (
            "replaced data is kept as",
            Some(names(kept, TABLES_SHOWN)).filter(|kept| restored && !kept.is_empty()),
        ),
    ]));
    if let Some(help) = help(detail) {
        text.push_str(&format!("help: {help}\n"));
    }
    text
}

/// What a restore that is done has left beside the live tables.
fn left_open(detail: &JobDetail) -> Vec<&TableName> {
    let done = detail.summary.kind == JobKind::Restore && detail.summary.state == JobState::Done;
    let plan = detail
        .plan
        .as_ref()
        .filter(|_| done && stopped_beside(detail));
    plan.map_or_else(Vec::new, |plan| left(plan, JobState::Done))
}

fn noun(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Full => "full backup",
        JobKind::Incremental => "incremental backup",
        JobKind::Restore => "restore",
        JobKind::Undo => "undo",
        JobKind::Swap => "swap",
        JobKind::Discard => "discard",
        JobKind::Prune => "prune",
        JobKind::Recover => "recovery",
        JobKind::Adopt => "adoption",
    }
}

fn outcome(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "waits",
        JobState::Running => "runs",
        JobState::Done => "is done",
        JobState::Partly => "is only partly done",
        JobState::Failed => "failed",
        JobState::Cancelled => "was cancelled",
        JobState::Detached => "is not watched by brd any more, and goes on",
        JobState::Skipped => "was skipped",
        JobState::Stuck => "is stuck and needs a person",
    }
}

fn help(detail: &JobDetail) -> Option<String> {
    let JobSummary {
        job,
        kind,
        state,
        labels,
        ..
    } = &detail.summary;
    match (kind, state) {
        (JobKind::Restore, JobState::Done) if detail.standing == Some(Standing::TakenBack) => {
            Some(format!("`brctl discard {job}` drops what it restored"))
        }
        (JobKind::Restore, JobState::Done) if detail.standing == Some(Standing::Discarded) => None,
        (JobKind::Restore, JobState::Done) if stopped_beside(detail) => Some(format!(
            "`brctl swap {job}` makes it live, `brctl discard {job}` drops it"
        )),
        (JobKind::Restore, JobState::Done)
            if !detail
                .plan
                .as_ref()
                .map(replaced)
                .unwrap_or_default()
                .is_empty() =>
        {
            Some(format!(
                "`brctl undo {job}` swaps the replaced tables back, `brctl discard {job}` drops them"
            ))
        }
        (JobKind::Full | JobKind::Incremental, JobState::Done) => labels
            .first()
            .map(|label| format!("`brctl show {label}` tells what it holds")),
        (_, JobState::Stuck) => Some(format!(
            "the statements that a person must run are in `brctl show {job}`"
        )),
        (_, JobState::Failed | JobState::Partly) => {
            Some(format!("`brctl show {job}` tells what happened"))
        }
        (_, JobState::Detached) => Some(format!(
            "start brd again, and `brctl jobs` shows how it goes on with {job}"
        )),
        (_, JobState::Waiting | JobState::Running) => Some(format!(
            "`brctl follow {job}` watches it, `brctl cancel {job}` ends it"
        )),
        (_, JobState::Done | JobState::Cancelled | JobState::Skipped) => None,
    }
}

/// What stands under the suffix: after a swap or a rename only what was replaced, before it whatever was built.
fn left(plan: &RestorePlan, state: JobState) -> Vec<&TableName> {
    if state == JobState::Done && plan.finish == Finish::Live {
        kept(plan)
    } else {
        plan.tables.iter().flat_map(TablePlan::left).collect()
    }
}

fn stopped_beside(detail: &JobDetail) -> bool {
    match detail.standing {
        Some(standing) => standing == Standing::Beside,
        None => {
            let plan = detail.plan.as_ref();
            plan.is_some_and(|plan| plan.finish == Finish::Beside)
        }
    }
}

/// Where the data is that a restore replaced.
fn kept(plan: &RestorePlan) -> Vec<&TableName> {
    if plan.finish == Finish::Beside {
        return Vec::new();
    }
    replaced(plan)
}

fn replaced(plan: &RestorePlan) -> Vec<&TableName> {
    let replaced = plan
        .tables
        .iter()
        .filter(|table| matches!(table.live, LiveTable::Replaced { .. }));
    replaced.flat_map(TablePlan::left).collect()
}

fn took(job: &JobSummary) -> Option<String> {
    Some(duration(job.finished? - job.started?))
}
