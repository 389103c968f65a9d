//! The real daemon as a process, and what proc(5) tells of it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::Failure;

/// Ended when it is dropped.
pub struct Daemon {
    process: Child,
    socket: PathBuf,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = ended {
            eprintln!("brd could not be ended: {error}");
        }
    }
}

impl Daemon {
    /// `schedule`: the groups, as in a schedule file.
    pub fn start(directory: &Path, cluster: SocketAddr, schedule: &str) -> Result<Daemon, Failure> {
        let socket = directory.join("brd.sock");
        let config = directory.join("brd.toml");
        fs::write(
            &config,
            format!(
                "version = 1\n[cluster]\nfrontends = [\"{cluster}\"]\nuser = \"root\"\nrepository = \"nightly\"\n[control]\nsocket = {socket:?}\n[ops]\nmirror-directory = {directory:?}\n"
            ),
        )?;
        fs::write(
            directory.join("schedule.toml"),
            format!("version = 1\n{schedule}"),
        )?;
        let process = Command::new(env!("CARGO_BIN_EXE_brd"))
            .arg("--config")
            .arg(&config)
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Daemon { process, socket })
    }

    pub fn brctl(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let output = Command::new(env!("CARGO_BIN_EXE_brctl"))
            .arg("--socket")
            .arg(&self.socket)
            .args(arguments)
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("brctl {}: {said}", arguments.join(" ")).into());
        }
        Ok(output)
    }

    pub fn answers(&self) -> bool {
        self.socket.exists() && self.brctl(&["status"]).is_ok()
    }

    pub fn still_runs(&mut self) -> Result<(), Failure> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("brd ended with {status} while it was watched").into()),
        }
    }

    /// User and system time: the 14th and 15th field of proc(5)'s stat, counted behind the name, which may hold anything.
    pub fn processor_seconds(&self) -> Result<f64, Failure> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let (_, fields) = stat.rsplit_once(") ").ok_or("no name in stat")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
        Ok(ticks / ticks_per_second()?)
    }

    /// A field of proc(5)'s status.
    pub fn status(&self, field: &str) -> Result<String, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        Ok(line.ok_or("no such field in status")?.trim().to_owned())
    }

    /// The most that it ever had resident.
    pub fn peak_bytes(&self) -> Result<u64, Failure> {
        let peak = self.status("VmHWM")?;
        let kibibytes = peak.strip_suffix(" kB").ok_or("VmHWM is not in kB")?;
        Ok(kibibytes.trim().parse::<u64>()? * 1024)
    }
}

fn ticks_per_second() -> Result<f64, Failure> {
    let output = Command::new("getconf").arg("CLK_TCK").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
