//! `cargo bench --bench backup`: what a backup costs the cluster, and what an idle daemon costs its host.
//!
//! - `statements`: statements, bytes and rows per backup by number of tables and partitions, and the formula that fits them;
//! - `release`: from the moment the cluster's job is FINISHED to the free slot, in ticks of the cluster;
//! - `scale`: processor time and the most memory of the real `brd` over 1,000, 10,000 and 100,000 partitions;
//! - `restore`: bytes that a restore of full and incremental downloads, as a ratio to what it restores: fails above 1; statements and rows
//!   for each of its tables: fails where a table among many takes more;
//! - `idle`: memory and processor time of the real `brd` with nothing to do, for a minute (`-- --idle-secs N` for another time);
//! - `size`: crates and bytes.
//!
//! Names given behind `--` run only those. Started without cargo's `--bench`, as `cargo test --benches` does, everything runs in small.

#[path = "../demo/binaries.rs"]
#[expect(
    dead_code,
    reason = "the demo finds them, cargo tells a benchmark where they are"
)]
mod binaries;
#[path = "../demo/client.rs"]
#[expect(dead_code, reason = "the demo reads rows, the benchmark only writes")]
mod client;
#[path = "../demo/cluster.rs"]
mod cluster;
mod counting;
mod daemon;
mod fit;
mod idle;
#[path = "../demo/daemon.rs"]
#[expect(
    dead_code,
    reason = "the demo also reads answers and stops it in order"
)]
mod process;
mod release;
mod restore;
mod scale;
mod scene;
mod size;
mod statements;

use std::process::ExitCode;
use std::time::Duration;

/// Whatever went wrong, in words.
type Failure = Box<dyn std::error::Error + Send + Sync>;

type Part = fn(&Options) -> Result<(), Failure>;

/// How much is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    Small,
}

struct Options {
    extent: Extent,
    idle: Duration,
    only: Vec<String>,
}

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, Failure> {
    let mut options = Options {
        extent: Extent::Small,
        idle: Duration::from_secs(2),
        only: Vec::new(),
    };
    let mut seconds = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {
                options.extent = Extent::Whole;
                options.idle = Duration::from_secs(60);
            }
            "--idle-secs" => {
                seconds = Some(arguments.next().ok_or("--idle-secs N")?.parse()?);
            }
            name => options.only.push(name.to_owned()),
        }
    }
    if let Some(seconds) = seconds {
        options.idle = Duration::from_secs(seconds);
    }
    Ok(options)
}

fn run(options: &Options) -> Result<(), Failure> {
    let parts: [(&str, Part); 6] = [
        ("statements", |options| statements::measure(options.extent)),
        ("release", |_| release::measure()),
        ("scale", |options| scale::measure(options.extent)),
        ("restore", |options| restore::measure(options.extent)),
        ("idle", |options| idle::measure(options.idle)),
        ("size", |_| size::measure()),
    ];
    let known: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = options
        .only
        .iter()
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(format!("there is no part {unknown:?}, only {}", known.join(", ")).into());
    }
    for (name, measure) in parts {
        if options.only.is_empty() || options.only.iter().any(|only| only == name) {
            measure(options)?;
        }
    }
    Ok(())
}
