//! Taking the socket's place: one daemon at a time, and nobody can connect before the permissions are right.
//!
//! A lock file beside the socket decides between daemons and is held for the daemon's life. A socket file without a holder of the lock is
//! what a killed daemon left; it is replaced in one rename, unless something answers on it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener as StdListener, UnixStream};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;
use tracing::warn;

/// Owner and group may talk to the daemon.
const SOCKET_MODE: u32 = 0o660;

/// The place on which a daemon answers. The file is removed by [`Socket::serve`] when it ends, the lock goes with the process.
#[must_use = "a socket that is not served lets clients wait for ever"]
#[derive(Debug)]
pub struct Socket {
    pub(super) listener: UnixListener,
    pub(super) path: PathBuf,
    /// Held, never read: the lock on it is what keeps a second daemon away.
    _lock: File,
}

/// Why the socket cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("another brd{} holds {lock}, the lock of this socket", .pid.as_ref().map(|pid| format!(" (pid {pid})")).unwrap_or_default(), lock = .lock.display())]
    Locked { lock: PathBuf, pid: Option<String> },
    #[error("another brd answers on {}", .path.display())]
    Answered { path: PathBuf },
    #[error("{} exists and is not a socket", .path.display())]
    NotASocket { path: PathBuf },
    #[error("the lock file {} cannot be opened", .lock.display())]
    Lock { lock: PathBuf, source: io::Error },
    #[error("the socket {} cannot be created", .path.display())]
    Create { path: PathBuf, source: io::Error },
}

impl BindError {
    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            BindError::Locked { .. } | BindError::Answered { .. } => {
                "stop the other one (`systemctl stop brd`), or give this one another socket"
                    .to_owned()
            }
            BindError::NotASocket { path } => {
                format!("move {} away, or give another socket", path.display())
            }
            BindError::Lock { lock, .. } => {
                let directory = lock.parent().unwrap_or(Path::new("/"));
                format!(
                    "the directory {} must exist and belong to brd's user; under systemd, RuntimeDirectory=brd makes it",
                    directory.display()
                )
            }
            BindError::Create { path, .. } => {
                format!(
                    "brd's user must be able to write to the directory of {}, whose path may have about 90 bytes",
                    path.display()
                )
            }
        }
    }
}

impl Socket {
    /// Must be called within a tokio runtime. From here on clients can connect, and wait for [`Socket::serve`].
    pub fn bind(path: &Path) -> Result<Socket, BindError> {
        let lock = lock(path)?;
        prove_stale(path)?;
        let create = |source| BindError::Create {
            path: path.to_owned(),
            source,
        };
        let listener = listen(path).map_err(create)?;
        listener.set_nonblocking(true).map_err(create)?;
        let listener = UnixListener::from_std(listener).map_err(create)?;
        Ok(Socket {
            listener,
            path: path.to_owned(),
            _lock: lock,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The lock file stays behind for ever: removing it would let two daemons lock two different files of one name.
fn lock(path: &Path) -> Result<File, BindError> {
    let lock = with_ending(path, ".lock");
    let failed = |source| BindError::Lock {
        lock: lock.clone(),
        source,
    };
    let open = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock);
    let mut file = open.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            write_pid(&mut file).map_err(failed)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => Err(BindError::Locked {
            pid: read_pid(&mut file),
            lock,
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// For the message only; a holder that has not written it yet is as much a holder.
fn read_pid(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    Some(text.trim().to_owned())
        .filter(|pid| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Under the lock: what stands there may be replaced only when nothing answers on it.
fn prove_stale(path: &Path) -> Result<(), BindError> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        return Err(BindError::NotASocket {
            path: path.to_owned(),
        });
    }
    if UnixStream::connect(path).is_ok() {
        return Err(BindError::Answered {
            path: path.to_owned(),
        });
    }
    warn!(socket = %path.display(), "replacing the socket that an earlier daemon left");
    Ok(())
}

/// Bound where only this user can reach it, given its mode, then moved into place: at no moment is it open to more than it should be,
/// whatever the umask is.
fn listen(path: &Path) -> io::Result<StdListener> {
    let private = with_ending(path, &format!(".{}", std::process::id()));
    // Left by a daemon of the same process id that was killed in between; the lock is ours.
    if private.exists() {
        fs::remove_dir_all(&private)?;
    }
    DirBuilder::new().mode(0o700).create(&private)?;
    let hidden = private.join("s");
    let listener = StdListener::bind(&hidden).and_then(|listener| {
        fs::set_permissions(&hidden, Permissions::from_mode(SOCKET_MODE))?;
        fs::rename(&hidden, path)?;
        Ok(listener)
    });
    fs::remove_dir_all(&private)?;
    listener
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn the_socket_is_for_owner_and_group_and_leaves_no_helper_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("brd.sock");
        let socket = Socket::bind(&path).unwrap();
        assert_eq!(mode(socket.path()), 0o660);
        assert_eq!(mode(&directory.path().join("brd.sock.lock")), 0o600);
        let mut names: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["brd.sock", "brd.sock.lock"]);
    }

    #[tokio::test]
    async fn a_second_daemon_is_refused_and_told_who_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("brd.sock");
        let _first = Socket::bind(&path).unwrap();
        let error = Socket::bind(&path).unwrap_err();
        let (lock, own) = (directory.path().join("brd.sock.lock"), std::process::id());
        assert_eq!(
            error.to_string(),
            format!(
                "another brd (pid {own}) holds {}, the lock of this socket",
                lock.display()
            )
        );
        assert!(
            UnixStream::connect(&path).is_ok(),
            "the first one still answers"
        );
    }

    #[tokio::test]
    async fn what_a_killed_daemon_left_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("brd.sock");
        drop(StdListener::bind(&path).unwrap());
        assert!(UnixStream::connect(&path).is_err());
        let _socket = Socket::bind(&path).unwrap();
        assert!(UnixStream::connect(&path).is_ok());
    }

    #[tokio::test]
    async fn what_answers_without_the_lock_and_what_is_no_socket_stay_untouched() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("brd.sock");
        let other = StdListener::bind(&path).unwrap();
        assert!(matches!(
            Socket::bind(&path),
            Err(BindError::Answered { .. })
        ));
        drop(other);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "notes").unwrap();
        assert!(matches!(
            Socket::bind(&path),
            Err(BindError::NotASocket { .. })
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "notes");
    }

    #[tokio::test]
    async fn a_missing_directory_is_named_with_what_makes_it() {
        let error = Socket::bind(Path::new("/nonexistent/brd.sock")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the lock file /nonexistent/brd.sock.lock cannot be opened"
        );
        assert_eq!(
            error.help(),
            "the directory /nonexistent must exist and belong to brd's user; under systemd, RuntimeDirectory=brd makes it"
        );
    }
}
