//! The real daemon with nothing to do: twenty groups on the schedule, a cluster that answers, one look at it now and then.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::cluster::Cluster;

const GROUPS: usize = 20;

/// After this long the daemon has started, looked at the cluster and adopted what there is.
const SETTLE: Duration = Duration::from_secs(3);

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let ended = self.0.kill().and_then(|()| self.0.wait());
        if let Err(error) = ended {
            eprintln!("brd could not be ended: {error}");
        }
    }
}

pub fn measure(time: Duration) -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let cluster = Cluster::start(&directory.path().join("repositories"))?;
    let socket = directory.path().join("brd.sock");
    let config = directory.path().join("brd.toml");
    let folder = directory.path();
    fs::write(
        &config,
        format!(
            "version = 1\n[cluster]\nfrontends = [\"{}\"]\nuser = \"root\"\nrepository = \"nightly\"\n[control]\nsocket = {socket:?}\n[ops]\nbackup = \"never\"\nmirror-directory = {folder:?}\n",
            cluster.address
        ),
    )?;
    let groups: Vec<String> = (0..GROUPS)
        .map(|group| {
            format!(
                "[group.g{group}]\nfull = \"0 1 1 1 *\"\nincremental = \"{} 2 2 1 *\"\n",
                group % 60
            )
        })
        .collect();
    fs::write(
        directory.path().join("schedule.toml"),
        format!("version = 1\n{}", groups.concat()),
    )?;
    let mut daemon = Daemon(
        Command::new(env!("CARGO_BIN_EXE_brd"))
            .arg("--config")
            .arg(&config)
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?,
    );
    std::thread::sleep(SETTLE);
    let (begun, before) = (Instant::now(), processor_ticks(&daemon)?);
    std::thread::sleep(time);
    if let Some(status) = daemon.0.try_wait()? {
        return Err(format!("brd ended with {status} while it was watched").into());
    }
    let (elapsed, after) = (begun.elapsed(), processor_ticks(&daemon)?);
    let used = (after - before) / ticks_per_second()?;
    println!(
        "\nAn idle daemon, {GROUPS} groups on the schedule, over {:.0} s",
        elapsed.as_secs_f64()
    );
    println!(
        "  processor  {used:.2} s, {:.3} % of one core",
        used / elapsed.as_secs_f64() * 100.0
    );
    println!(
        "  memory     {} resident, {} at most, {} threads",
        status(&daemon, "VmRSS")?,
        status(&daemon, "VmHWM")?,
        status(&daemon, "Threads")?
    );
    Ok(())
}

/// User and system time: the 14th and 15th field of proc(5)'s stat, counted behind the name, which may hold anything.
fn processor_ticks(daemon: &Daemon) -> Result<f64, Failure> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", daemon.0.id()))?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("no name in stat")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    Ok(fields[11].parse::<f64>()? + fields[12].parse::<f64>()?)
}

fn ticks_per_second() -> Result<f64, Failure> {
    let output = Command::new("getconf").arg("CLK_TCK").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn status(daemon: &Daemon, field: &str) -> Result<String, Failure> {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.0.id()))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    Ok(line.ok_or("no such field in status")?.trim().to_owned())
}
