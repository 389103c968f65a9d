//! The real daemon with nothing to do: twenty groups on the schedule, a cluster that answers, one look at it now and then.

use std::time::{Duration, Instant};

use crate::Failure;
use crate::cluster::Cluster;
use crate::daemon::Daemon;

const GROUPS: usize = 20;

pub fn measure(time: Duration) -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let cluster = Cluster::start(&directory.path().join("repositories"))?;
    let groups: Vec<String> = (0..GROUPS)
        .map(|group| {
            format!(
                "[group.g{group}]\nfull = \"0 1 1 1 *\"\nincremental = \"{} 2 2 1 *\"\n",
                group % 60
            )
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let groups = groups.concat();
    let start = Daemon::start(directory.path(), cluster.address, &groups);
    let daemon = runtime.block_on(start)?;
    let (begun, before) = (Instant::now(), daemon.processor_seconds()?);
    // What is measured is this time itself.
    std::thread::sleep(time);
    let (elapsed, after) = (begun.elapsed(), daemon.processor_seconds()?);
    let used = after - before;
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
        daemon.status("VmRSS")?,
        daemon.status("VmHWM")?,
        daemon.status("Threads")?
    );
    Ok(())
}
