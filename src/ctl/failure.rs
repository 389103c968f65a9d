//! Why a verb could not do its work, with what to do next and how `brctl` ends.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::exit::Exit;
use crate::config::ReadError;
use crate::control::client::ClientError;
use crate::names::JobId;

#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{message}")]
    Usage { message: String, help: String },
    #[error("neither a job nor a backup is called {0:?}")]
    NothingCalled(String),
    /// A question would have to be asked, and nobody is there.
    #[error("{what} must be confirmed, and there is no terminal to ask on")]
    NoTerminal { what: String },
    #[error("nothing was done: the answer was not `yes`")]
    Declined,
    #[error("{why}; job {job} goes on")]
    StillGoing { job: JobId, why: &'static str },
    #[error("the file could not be checked")]
    Unreadable(#[source] ReadError),
    #[error("the terminal could not be read")]
    Input(#[source] io::Error),
    #[error("the result could not be written")]
    Output(#[source] io::Error),
    #[error("brctl could not start")]
    Start(#[source] io::Error),
}

impl Failure {
    pub fn exit(&self) -> Exit {
        match self {
            Failure::Client(ClientError::NotRunning { .. }) => Exit::NotRunning,
            Failure::Client(ClientError::NoPermission { .. }) => Exit::NoPermission,
            Failure::Client(ClientError::Refused(refusal)) => Exit::of_refusal(refusal.code),
            Failure::Client(ClientError::NoAnswer { .. }) | Failure::StillGoing { .. } => {
                Exit::TimedOut
            }
            Failure::Client(ClientError::Lost { .. } | ClientError::Protocol { .. }) => {
                Exit::Failed
            }
            Failure::Client(ClientError::TooLong { .. }) | Failure::Usage { .. } => Exit::Usage,
            Failure::NothingCalled(_) => Exit::NotFound,
            Failure::NoTerminal { .. } | Failure::Declined => Exit::Refused,
            Failure::Unreadable(_) => Exit::Configuration,
            // `brctl backups | head`: the reader has what it wanted.
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Failure::Input(_) | Failure::Output(_) | Failure::Start(_) => Exit::Failed,
        }
    }

    /// What to do next.
    pub fn help(&self) -> Option<String> {
        match self {
            Failure::Client(error) => client_help(error),
            Failure::Usage { help, .. } => Some(help.clone()),
            Failure::NothingCalled(_) => {
                Some("`brctl jobs` and `brctl backups` list what there is".to_owned())
            }
            Failure::NoTerminal { .. } => Some("look at the plan first, then add --yes".to_owned()),
            Failure::Declined => Some("type `yes` in full, or give --yes".to_owned()),
            Failure::StillGoing { job, .. } => Some(going_on(job)),
            Failure::Unreadable(error) => Some(error.help()),
            Failure::Input(_) | Failure::Output(_) | Failure::Start(_) => None,
        }
    }
}

/// What can be done with a job that nobody watches.
pub(super) fn going_on(job: &JobId) -> String {
    format!("`brctl follow {job}` watches it again, `brctl cancel {job}` ends it")
}

fn client_help(error: &ClientError) -> Option<String> {
    match error {
        ClientError::NotRunning { .. } => {
            Some("start it with `systemctl start brd`, or name its socket with --socket or BRD_SOCKET".to_owned())
        }
        ClientError::NoPermission { path } => Some(permission_help(path)),
        ClientError::Refused(refusal) => refusal.help.clone(),
        ClientError::NoAnswer { .. } => {
            Some("`brctl status` shows whether the cluster answers, `journalctl -u brd` what brd is doing".to_owned())
        }
        ClientError::Lost { .. } => {
            Some("work that had begun goes on: see `systemctl status brd`, then `brctl jobs`".to_owned())
        }
        ClientError::Protocol { .. } => {
            Some("brd and brctl must be of one version; after an upgrade, `systemctl restart brd`".to_owned())
        }
        ClientError::TooLong { .. } => Some("restore fewer tables at a time, with --table".to_owned()),
    }
}

fn permission_help(socket: &Path) -> String {
    match group_of(socket) {
        Some(group) => format!(
            "it belongs to the group {group}: `usermod -aG {group} USER`, then log in again, or use sudo"
        ),
        None => "use sudo".to_owned(),
    }
}

/// The group of the socket, or where that cannot be seen, of the nearest directory above it that can.
fn group_of(socket: &Path) -> Option<String> {
    let seen = socket
        .ancestors()
        .find_map(|path| fs::metadata(path).ok())?;
    let gid = seen.gid().to_string();
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    Some(name_of_group(&groups, &gid).unwrap_or(gid))
}

/// A line is `name:password:gid:members` (group(5)).
fn name_of_group(groups: &str, gid: &str) -> Option<String> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == gid).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::protocol::{Refusal, RefusalCode};

    #[test]
    fn every_failure_has_the_exit_status_that_the_manual_promises() {
        let path = || std::path::PathBuf::from("/run/brd/brd.sock");
        let job = || JobId::parse("j1").unwrap();
        let refusal = Refusal::new(RefusalCode::Refused, "no", "later");
        let cases: Vec<(Failure, u8)> = vec![
            (
                ClientError::NotRunning {
                    path: path(),
                    why: String::new(),
                }
                .into(),
                3,
            ),
            (ClientError::NoPermission { path: path() }.into(), 77),
            (ClientError::Refused(refusal).into(), 5),
            (
                ClientError::NoAnswer {
                    path: path(),
                    after: std::time::Duration::ZERO,
                }
                .into(),
                7,
            ),
            (
                ClientError::Lost {
                    path: path(),
                    why: String::new(),
                }
                .into(),
                1,
            ),
            (
                ClientError::Protocol {
                    path: path(),
                    why: String::new(),
                }
                .into(),
                1,
            ),
            (ClientError::TooLong { bytes: 1 }.into(), 2),
            (
                Failure::Usage {
                    message: String::new(),
                    help: String::new(),
                },
                2,
            ),
            (Failure::NothingCalled("x".to_owned()), 4),
            (
                Failure::NoTerminal {
                    what: String::new(),
                },
                5,
            ),
            (Failure::Declined, 5),
            (
                Failure::StillGoing {
                    job: job(),
                    why: "",
                },
                7,
            ),
            (Failure::Output(io::ErrorKind::BrokenPipe.into()), 0),
            (Failure::Output(io::ErrorKind::StorageFull.into()), 1),
        ];
        for (failure, code) in cases {
            assert_eq!(failure.exit().code(), code, "{failure:?}");
        }
    }

    #[test]
    fn the_help_for_a_closed_door_names_its_group() {
        let groups = "root:x:0:\nbrd:x:990:alice,bob\n";
        assert_eq!(name_of_group(groups, "990").as_deref(), Some("brd"));
        assert_eq!(name_of_group(groups, "99"), None);
    }
}
