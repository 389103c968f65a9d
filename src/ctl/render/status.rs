//! `brctl status`: a verdict in the first line, and all of it on one screen however many groups there are.

use super::table::Table;
use super::text::{count, fields, one_line};
use super::units::{duration, time, time_or_dash};
use crate::catalog::{BackupKind, JobState, JobSummary};
use crate::control::protocol::{ClusterStatus, GroupStatus, OpenRestore, Status};
use crate::ctl::output::Mood;

/// Groups in trouble come first, so that cutting hides only the healthy.
const GROUPS_SHOWN: usize = 6;
const JOBS_SHOWN: usize = 3;
const REASONS_SHOWN: usize = 2;

pub fn status(status: &Status) -> String {
    let mut text = format!("{}\n\n{}", one_line(&verdict(status)), facts(status));
    if !status.groups.is_empty() {
        text.push_str(&groups(status));
    }
    let in_work: Vec<&JobSummary> = status.running.iter().chain(&status.waiting).collect();
    if !in_work.is_empty() {
        text.push_str(&jobs(&in_work));
    }
    for open in &status.open_restores {
        text.push_str(&open_restore(open));
    }
    text
}

/// It holds room in the cluster, and waits for a person's word.
fn open_restore(open: &OpenRestore) -> String {
    format!(
        "\nrestore {0} of {1} stands beside the live tables{2}: `brctl swap {0}` or `brctl discard {0}`\n",
        open.job,
        one_line(open.label.as_str()),
        open.finished
            .map(|at| format!(" since {}", time(at)))
            .unwrap_or_default()
    )
}

pub(in crate::ctl) fn mood(status: &Status) -> Mood {
    if !status.degraded.is_empty() {
        return Mood::Bad;
    }
    if status.stopping.is_some() || trouble(status).is_some() || status.groups.is_empty() {
        Mood::Doubtful
    } else {
        Mood::Good
    }
}

fn verdict(status: &Status) -> String {
    if let Some(stopping) = &status.stopping {
        return format!(
            "brd is {stopping}: {} running, nothing new begins",
            count(status.running.len(), "job")
        );
    }
    if let [first, more @ ..] = status.degraded.as_slice() {
        let more = if more.is_empty() {
            String::new()
        } else {
            format!(" (and {})", count(more.len(), "more reason"))
        };
        return format!("brd is degraded: {first}{more}");
    }
    if let Some(trouble) = trouble(status) {
        return format!("brd needs attention: {trouble}");
    }
    match next_fire(status) {
        Some(next) => format!(
            "brd is well: {}, {next}",
            count(status.groups.len(), "group")
        ),
        None => "brd is well, and has nothing to do: nothing is scheduled".to_owned(),
    }
}

/// What the daemon does not count as its own fault, and a person should look at all the same.
fn trouble(status: &Status) -> Option<String> {
    if let Some((group, (last, ended))) = status
        .groups
        .iter()
        .find_map(|group| Some((group, failed(group)?)))
    {
        return Some(format!(
            "the last run of {} {ended}: {} (`brctl show {}`)",
            group.group, last.message, last.job
        ));
    }
    let cluster = status.cluster.as_ref()?;
    let dead = cluster.backends.saturating_sub(cluster.backends_alive);
    (dead > 0).then(|| format!("{dead} of {} backends do not answer", cluster.backends))
}

/// The last run, if it went wrong, and in which way.
fn failed(group: &GroupStatus) -> Option<(&JobSummary, &'static str)> {
    let last = group.last.as_ref()?;
    match last.state {
        JobState::Failed => Some((last, "failed")),
        JobState::Partly => Some((last, "is only partly done")),
        JobState::Stuck => Some((last, "is stuck")),
        JobState::Waiting
        | JobState::Running
        | JobState::Done
        | JobState::Cancelled
        | JobState::Detached
        | JobState::Skipped => None,
    }
}

fn next_fire(status: &Status) -> Option<String> {
    let fires = status.groups.iter().flat_map(|group| {
        [
            (group.next_full, BackupKind::Full),
            (group.next_incremental, BackupKind::Incremental),
        ]
        .into_iter()
        .filter_map(move |(at, kind)| Some((at?, kind, &group.group)))
    });
    let (at, kind, group) = fires.min()?;
    Some(format!(
        "next fire {} ({group}, {kind}, in {})",
        time(at),
        duration((at - status.now).max(chrono::TimeDelta::zero()))
    ))
}

fn facts(status: &Status) -> String {
    let mut rows = vec![
        (
            "daemon",
            Some(format!(
                "brd {} on {}, pid {}, up {}",
                status.version,
                status.host,
                status.pid,
                duration(status.now - status.started)
            )),
        ),
        ("config", Some(status.config.clone())),
        (
            "schedule",
            Some(format!(
                "{}, loaded {}",
                status.schedule,
                time(status.schedule_loaded)
            )),
        ),
        (
            "cluster",
            Some(
                status
                    .cluster
                    .as_ref()
                    .map_or_else(|| unanswered(status), cluster),
            ),
        ),
    ];
    // The first one is the verdict, unless that says that brd is stopping.
    let told = usize::from(status.stopping.is_none());
    rows.extend(
        status
            .degraded
            .iter()
            .skip(told)
            .take(REASONS_SHOWN)
            .map(|reason| ("degraded", Some(reason.clone()))),
    );
    fields(rows)
}

fn cluster(cluster: &ClusterStatus) -> String {
    let ClusterStatus {
        leader,
        version,
        backends_alive,
        backends,
    } = cluster;
    format!("StarRocks {version}, leader {leader}, {backends_alive} of {backends} backends alive")
}

fn groups(status: &Status) -> String {
    let mut groups: Vec<&GroupStatus> = status.groups.iter().collect();
    groups.sort_by_key(|group| (failed(group).is_none(), &group.group));
    let mut table = Table::new(&["GROUP", "NEXT FULL", "NEXT INCREMENTAL", "LAST RUN"]);
    for group in groups.iter().take(GROUPS_SHOWN) {
        table.row(vec![
            group.group.to_string(),
            time_or_dash(group.next_full),
            time_or_dash(group.next_incremental),
            group.last.as_ref().map_or_else(
                || "none since the start".to_owned(),
                |last| ago(last, status),
            ),
        ]);
    }
    format!(
        "\n{}{}",
        table.lines(""),
        more(groups.len(), GROUPS_SHOWN, "group")
    )
}

fn ago(job: &JobSummary, status: &Status) -> String {
    let (word, at) = match job.finished {
        Some(at) => ("ago", Some(at)),
        None => ("so far", job.started),
    };
    let since = at
        .map(|at| format!(", {} {word}", duration(status.now - at)))
        .unwrap_or_default();
    format!("{} {}{since}", job.state.as_str(), job.kind.as_str())
}

fn jobs(jobs: &[&JobSummary]) -> String {
    let mut table = Table::new(&["JOB", "STATE", "KIND", "GROUP", "NOW"]);
    for job in jobs.iter().take(JOBS_SHOWN) {
        table.row(vec![
            job.job.to_string(),
            job.state.as_str().to_owned(),
            job.kind.as_str().to_owned(),
            job.group
                .as_ref()
                .map_or_else(super::units::dash, ToString::to_string),
            job.message.clone(),
        ]);
    }
    format!(
        "\n{}{}",
        table.lines(""),
        more(jobs.len(), JOBS_SHOWN, "job")
    )
}

fn more(all: usize, shown: usize, noun: &str) -> String {
    match all.checked_sub(shown) {
        None | Some(0) => String::new(),
        Some(more) => format!(
            "and {}; `brctl status --json` has all\n",
            count(more, &format!("more {noun}"))
        ),
    }
}

/// Of a daemon that has just started the cluster has not been asked yet.
fn unanswered(status: &Status) -> String {
    let asked = status
        .degraded
        .iter()
        .any(|reason| reason.contains("cluster"));
    if asked {
        "does not answer"
    } else {
        "not asked yet"
    }
    .to_owned()
}
