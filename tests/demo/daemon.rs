//! The real `brd` as a process, and the real `brctl` asking it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout};

use crate::Failure;
use crate::binaries::Binaries;

/// How often something is looked at that is waited for.
pub const LOOK: Duration = Duration::from_millis(100);

/// How long one `brctl` may take; the longest waits for a whole restore.
const COMMAND: Duration = Duration::from_secs(45);

const START: Duration = Duration::from_secs(10);
const STOP: Duration = Duration::from_secs(10);

/// Lines of the log that a failure shows.
const TAIL: usize = 25;

/// Runs until it is dropped.
pub struct Daemon {
    child: Child,
    brctl: PathBuf,
    socket: PathBuf,
    log: PathBuf,
}

impl Daemon {
    /// `directory` holds `brd.toml`, which names `brd.sock` beside it. Ready when `brctl status` is answered.
    pub async fn start(binaries: &Binaries, directory: &Path) -> Result<Daemon, Failure> {
        let log = directory.join("brd.log");
        let child = Command::new(&binaries.brd)
            .arg("--config")
            .arg(directory.join("brd.toml"))
            .env_remove("STARROCKS_PASSWORD")
            .env_remove("CREDENTIALS_DIRECTORY")
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        let mut daemon = Daemon {
            child,
            brctl: binaries.brctl.clone(),
            socket: directory.join("brd.sock"),
            log,
        };
        daemon.until_it_answers().await?;
        Ok(daemon)
    }

    async fn until_it_answers(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + START;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(self.with_log(&format!("brd ended with {status}")));
            }
            if self.brctl(&["status"]).await.is_ok() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(self.with_log("brd did not answer within 10 s of its start"));
            }
            sleep(LOOK).await;
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it printed on standard output; a failure unless it exits with 0.
    pub async fn brctl(&self, arguments: &[&str]) -> Result<String, Failure> {
        let line = format!("brctl {}", arguments.join(" "));
        let running = tokio::process::Command::new(&self.brctl)
            .arg("--socket")
            .arg(&self.socket)
            .args(arguments)
            .env_remove("BRD_SOCKET")
            .env("COLUMNS", "160")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = timeout(COMMAND, running)
            .await
            .map_err(|_| self.with_log(&format!("`{line}` did not end within 45 s")))??;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(self.with_log(&format!("`{line}` ended with {}\n{said}", output.status)));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// As [`Daemon::brctl`], with `--json` and its answer read.
    pub async fn ask<T: DeserializeOwned>(&self, arguments: &[&str]) -> Result<T, Failure> {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        Ok(serde_json::from_str(&self.brctl(&arguments).await?)?)
    }

    /// SIGTERM, as systemd sends it; a failure unless it ends well.
    pub async fn stop(mut self) -> Result<(), Failure> {
        if let Some(pid) = Pid::from_raw(i32::try_from(self.child.id())?) {
            kill_process(pid, Signal::TERM)?;
        }
        let deadline = Instant::now() + STOP;
        while Instant::now() < deadline {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.with_log(&format!("brd ended with {status}"))),
                None => sleep(LOOK).await,
            }
        }
        Err(self.with_log("brd did not end within 10 s of SIGTERM"))
    }

    /// The message, and the last lines of the log.
    pub fn with_log(&self, message: &str) -> Failure {
        let log = std::fs::read_to_string(&self.log).unwrap_or_else(|error| error.to_string());
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n  ");
        format!("{message}\nthe end of brd's log:\n  {tail}").into()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Ended already, or it is now; either way it is reaped.
        if let Ok(None) = self.child.try_wait() {
            let killed = self.child.kill().and_then(|()| self.child.wait());
            if let Err(error) = killed {
                eprintln!("brd (pid {}) could not be ended: {error}", self.child.id());
            }
        }
    }
}
