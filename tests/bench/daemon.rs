//! The real daemon as the demo has it, with what proc(5) tells of it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::Failure;
use crate::binaries::Binaries;
use crate::process;

/// Ended when it is dropped.
pub struct Daemon(process::Daemon);

impl Daemon {
    /// `schedule`: the groups, as in a schedule file. It answers by then.
    pub async fn start(
        directory: &Path,
        cluster: SocketAddr,
        schedule: &str,
    ) -> Result<Daemon, Failure> {
        let socket = directory.join("brd.sock");
        fs::write(
            directory.join("brd.toml"),
            format!(
                "version = 1\n[cluster]\nfrontends = [\"{cluster}\"]\nuser = \"root\"\nrepository = \"nightly\"\n\
                 [control]\nsocket = {socket:?}\n[ops]\nmirror-directory = {directory:?}\n"
            ),
        )?;
        fs::write(
            directory.join("schedule.toml"),
            format!("version = 1\n{schedule}"),
        )?;
        let binaries = Binaries {
            brd: env!("CARGO_BIN_EXE_brd").into(),
            brctl: env!("CARGO_BIN_EXE_brctl").into(),
        };
        Ok(Daemon(process::Daemon::start(&binaries, directory).await?))
    }

    pub async fn brctl(&self, arguments: &[&str]) -> Result<String, Failure> {
        self.0.brctl(arguments).await
    }

    /// User and system time: the 14th and 15th field of proc(5)'s stat, counted behind the name, which may hold anything.
    pub fn processor_seconds(&self) -> Result<f64, Failure> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.pid()))?;
        let (_, fields) = stat.rsplit_once(") ").ok_or("no name in stat")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
        Ok(ticks / ticks_per_second()?)
    }

    /// A field of proc(5)'s status.
    pub fn status(&self, field: &str) -> Result<String, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.pid()))?;
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
