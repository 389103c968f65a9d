//! `starrocks-sandbox`: the front end as a program, for practice by hand and for tests in other languages.
//!
//! Prints the address each of its frontends listens on, then serves until SIGINT or SIGTERM. Anything that keeps it from serving is told on standard error
//! and ends it with 1; wrong arguments end it with 2. Rows live as long as the program, repositories as long as the directory.

use std::error::Error;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, io};

use chrono::{DateTime, Utc};
use clap::Parser;
use starrocks_sandbox::engine::{Clock, OpenError, Options, Sandbox, ScriptError, TlsFiles};
use starrocks_sandbox::release::Release;
use starrocks_sandbox::wire::serve;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

/// Deep expressions are walked by recursion.
const STACK_BYTES: usize = 16 << 20;

/// A StarRocks front end in a process, for practice and tests.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9030")]
    listen: SocketAddr,

    /// Directory below which repositories are kept; made if it is missing
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// How often a backup or restore job takes a step
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = tick)]
    tick: Duration,

    /// Which release of StarRocks to be: 3.2, 3.3, 3.4, 3.5, 4.0 or 4.2
    #[arg(long, value_name = "X.Y", default_value_t = Release::V3_5)]
    release: Release,

    /// Start the clock at this moment (such as 2026-03-10T12:00:00Z) and let only `SANDBOX ADVANCE` move it
    #[arg(long, value_name = "MOMENT")]
    manual_clock: Option<DateTime<Utc>>,

    /// How many frontends the cluster has, on ports one after another (or all free ones); the first leads
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    frontends: u16,

    /// How many backends the cluster has
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    backends: u16,

    /// Offer TLS with this certificate, and the chain behind it if there is one (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// Turn clients without TLS away, except those on 127.0.0.1, as StarRocks does since 3.5
    #[arg(long, requires = "tls_certificate")]
    tls_required: bool,

    /// Statements to run as root before the first connection
    #[arg(long, value_name = "FILE.sql")]
    init: Option<PathBuf>,

    /// Log every statement on standard error
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
    #[error("cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("cannot open the sandbox")]
    Open(#[from] OpenError),
    #[error("cannot read {}", file.display())]
    InitFile { file: PathBuf, source: io::Error },
    #[error("{}", file.display())]
    Init {
        file: PathBuf,
        source: Box<ScriptError>,
    },
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let level = if arguments.verbose { "info" } else { "warn" };
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(level)
        .init();
    match start(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("starrocks-sandbox: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn start(arguments: Arguments) -> Result<(), StartError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()
        .map_err(StartError::Runtime)?
        .block_on(run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), StartError> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    let listeners = bind_all(&arguments).await?;
    let sandbox = Sandbox::open(Options {
        release: arguments.release,
        clock: arguments.manual_clock.map_or(Clock::System, Clock::Manual),
        tick: arguments.tick,
        backends: arguments.backends.into(),
        frontends: arguments.frontends.into(),
        tls: arguments
            .tls_certificate
            .clone()
            .zip(arguments.tls_key.clone())
            .map(|(certificate, key)| TlsFiles {
                certificate,
                key,
                required: arguments.tls_required,
            }),
        ..Options::new(arguments.data)
    })?;
    let frontends: Vec<Sandbox> = listeners
        .iter()
        .enumerate()
        .map(|(index, (_, address))| {
            let frontend = sandbox
                .frontend(index + 1)
                .expect("invariant: as many listeners as frontends");
            frontend.listens_on(*address);
            frontend
        })
        .collect();
    if let Some(file) = &arguments.init {
        run_file(&sandbox, file)?;
    }
    // Whoever started this program reads the ports from these lines; the first is the leader's.
    for (_, address) in &listeners {
        println!("listening on {address}");
    }
    let ticker = arguments
        .manual_clock
        .is_none()
        .then(|| sandbox.spawn_ticker());
    let servers: Vec<JoinHandle<()>> = listeners
        .into_iter()
        .zip(frontends)
        .map(|((listener, _), frontend)| {
            // Aborted below, on the signal.
            tokio::spawn(serve(listener, frontend, std::future::pending()))
        })
        .collect();
    stopped(&mut interrupt, &mut terminate).await;
    servers.iter().for_each(JoinHandle::abort);
    if let Some(ticker) = ticker {
        ticker.abort();
    }
    Ok(())
}

/// A listener for each frontend, with its address.
async fn bind_all(arguments: &Arguments) -> Result<Vec<(TcpListener, SocketAddr)>, StartError> {
    let mut listeners = Vec::new();
    for index in 0..arguments.frontends {
        let mut address = arguments.listen;
        if address.port() != 0 {
            address.set_port(address.port().saturating_add(index));
        }
        let refused = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        listeners.push((listener, address));
    }
    Ok(listeners)
}

async fn stopped(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => tracing::info!("interrupted"),
        _ = terminate.recv() => tracing::info!("terminated"),
    }
}

fn run_file(sandbox: &Sandbox, file: &Path) -> Result<(), StartError> {
    let text = fs::read_to_string(file).map_err(|source| StartError::InitFile {
        file: file.to_owned(),
        source,
    })?;
    let failed = |source| StartError::Init {
        file: file.to_owned(),
        source: Box::new(source),
    };
    sandbox.run_script(&text).map_err(failed)
}

fn tick(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be longer than nothing".to_owned()),
        Ok(tick) => Ok(tick),
        Err(error) => Err(error.to_string()),
    }
}
