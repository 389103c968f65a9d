//! `cargo run --release --example demo`: loses data in every common way, and gets all of it back.
//!
//! A StarRocks sandbox with a sales database stands in for the cluster; `brd` and `brctl` are the real programs, over TCP and the control
//! socket. The schedule fires a full and an incremental, the data is damaged, and after the restore every row of every table is compared
//! with what it was at the recovery point. Exits with 1 and the differing rows if one differs. Nothing is left behind, however it ends:
//! what must end is owned by a value ([`cluster::Cluster`], [`daemon::Daemon`], a temporary directory) whose drop ends it.

mod binaries;
mod client;
mod cluster;
mod daemon;
mod sales;
mod stage;
mod state;
mod story;
mod teller;

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use binaries::Binaries;
use teller::Teller;

/// Whatever went wrong, in words: nobody handles it but the person who reads it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("demo: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let binaries = Binaries::build()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Whichever ends first, the story is dropped with everything it owns.
        tokio::select! {
            ended = Box::pin(story::tell(&binaries, Teller::begin())) => ended,
            word = interrupted() => Err(word?.into()),
        }
    })
}

async fn interrupted() -> std::io::Result<&'static str> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => "interrupted",
        _ = terminate.recv() => "terminated",
        _ = hangup.recv() => "the terminal went away",
    })
}
