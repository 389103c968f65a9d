//! How `brctl` ends: one number for each kind of end, the same for all verbs.

use crate::catalog::JobState;
use crate::control::protocol::{RefusalCode, Report, Verdict};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    Failed,
    Usage,
    NotRunning,
    NotFound,
    Refused,
    Partly,
    TimedOut,
    NoPermission,
    Configuration,
}

impl Exit {
    pub const ALL: [Exit; 10] = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::NotRunning,
        Exit::NotFound,
        Exit::Refused,
        Exit::Partly,
        Exit::TimedOut,
        Exit::NoPermission,
        Exit::Configuration,
    ];

    /// The process's exit status. 77 and 78 are those of `sysexits.h`; 3 is what service managers use for "not running".
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NotRunning => 3,
            Exit::NotFound => 4,
            Exit::Refused => 5,
            Exit::Partly => 6,
            Exit::TimedOut => 7,
            Exit::NoPermission => 77,
            Exit::Configuration => 78,
        }
    }

    /// As `brctl --help` explains it.
    pub const fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Failed => "failed, or cancelled",
            Exit::Usage => "wrong usage",
            Exit::NotRunning => "no daemon is running",
            Exit::NotFound => "no such group, backup, job or table",
            Exit::Refused => "refused: not now, or not with this",
            Exit::Partly => "partly done: some databases of the run are not",
            Exit::TimedOut => "stopped waiting, the job goes on",
            Exit::NoPermission => "no permission",
            Exit::Configuration => "the configuration or schedule file is wrong",
        }
    }

    /// For a job that was watched to its end.
    pub const fn of_job(state: JobState) -> Exit {
        match state {
            JobState::Done => Exit::Done,
            JobState::Partly => Exit::Partly,
            JobState::Failed | JobState::Cancelled | JobState::Stuck => Exit::Failed,
            JobState::Skipped => Exit::Refused,
            // The daemon stopped watching before the job was over.
            JobState::Waiting | JobState::Running | JobState::Detached => Exit::TimedOut,
        }
    }

    pub const fn of_refusal(code: RefusalCode) -> Exit {
        match code {
            RefusalCode::Usage => Exit::Usage,
            RefusalCode::NotFound => Exit::NotFound,
            RefusalCode::Refused => Exit::Refused,
            RefusalCode::Forbidden => Exit::NoPermission,
            RefusalCode::Configuration => Exit::Configuration,
            RefusalCode::Cluster | RefusalCode::Internal => Exit::Failed,
        }
    }

    /// A warning is not a failure.
    pub fn of_report(report: &Report) -> Exit {
        let worst = report.lines.iter().map(|line| line.verdict).max();
        match worst {
            None | Some(Verdict::Ok | Verdict::Warning) => Exit::Done,
            Some(Verdict::Bad) => Exit::Failed,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> std::process::ExitCode {
        std::process::ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_never_change() {
        assert_eq!(Exit::ALL.map(Exit::code), [0, 1, 2, 3, 4, 5, 6, 7, 77, 78]);
    }

    #[test]
    fn a_job_ends_brctl_as_it_ended_itself() {
        let codes = [
            (JobState::Done, 0),
            (JobState::Partly, 6),
            (JobState::Failed, 1),
            (JobState::Cancelled, 1),
            (JobState::Stuck, 1),
            (JobState::Skipped, 5),
            (JobState::Detached, 7),
            (JobState::Running, 7),
            (JobState::Waiting, 7),
        ];
        for (state, code) in codes {
            assert_eq!(Exit::of_job(state).code(), code, "{state:?}");
        }
    }

    #[test]
    fn a_refusal_ends_brctl_by_its_code() {
        let codes = [
            (RefusalCode::Usage, 2),
            (RefusalCode::NotFound, 4),
            (RefusalCode::Refused, 5),
            (RefusalCode::Forbidden, 77),
            (RefusalCode::Configuration, 78),
            (RefusalCode::Cluster, 1),
            (RefusalCode::Internal, 1),
        ];
        for (code, exit) in codes {
            assert_eq!(Exit::of_refusal(code).code(), exit, "{code:?}");
        }
    }
}
