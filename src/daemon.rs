//! `brd`: reads what the operator wrote, opens the socket, runs the engine until it is told to stop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use tokio::sync::watch;

use crate::config::{
    Checked, Color, Configuration, Settings, Severity, read_configuration, render,
};
use crate::control::protocol::Request;
use crate::control::server::Socket;
use crate::engine::{Asker, Bell, Engine, Handle, Role, Setup, StopLevel};
use crate::run::{Clock, Cluster, StatementLimit};
use crate::signals::{Signals, Word};
use crate::starrocks::{ClusterAddress, MysqlFrontend, Session};
use crate::{logging, notify, secret};

/// The StarRocks backup and restore daemon.
#[derive(Debug, Parser)]
#[command(name = "brd", version)]
struct Arguments {
    /// Where brd.toml is.
    #[arg(long, env = "BRD_CONFIG", default_value = "/etc/brd/brd.toml")]
    config: PathBuf,
}

/// Exit status for a configuration that cannot be used (`EX_CONFIG` of sysexits.h): a unit can tell systemd not to try again.
const CONFIGURATION: u8 = 78;

/// Why the daemon could not start, or not go on.
#[derive(Debug, thiserror::Error)]
enum DaemonError {
    #[error("{message}")]
    Configuration { message: String, help: String },
    #[error("{message}")]
    Start { message: String, help: String },
}

impl DaemonError {
    fn start(message: impl ToString, help: impl ToString) -> DaemonError {
        DaemonError::Start {
            message: message.to_string(),
            help: help.to_string(),
        }
    }
}

pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let (DaemonError::Configuration { help, .. } | DaemonError::Start { help, .. }) =
                &error;
            eprintln!("brd: {error}\nhelp: {help}");
            match error {
                DaemonError::Configuration { .. } => ExitCode::from(CONFIGURATION),
                DaemonError::Start { .. } => ExitCode::FAILURE,
            }
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), DaemonError> {
    let configuration = configuration(arguments)?;
    let settings = &configuration.settings;
    let guard = logging::start(&settings.log).map_err(|error| {
        DaemonError::start(
            error,
            "correct [log] in brd.toml, or create the directory for the daemon's user",
        )
    })?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), config = %settings.path.display(), log_files = guard.writes_files(), "brd starts");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            DaemonError::start(
                format!("the runtime could not be built: {error}"),
                "see the limits of the daemon's user",
            )
        })?;
    let ended = runtime.block_on(serve(configuration));
    // Whatever a detached job still waits for is not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

fn configuration(arguments: &Arguments) -> Result<Configuration, DaemonError> {
    let wrong = |message: String, help: String| DaemonError::Configuration { message, help };
    let Checked { value, findings } = read_configuration(&arguments.config)
        .map_err(|error| wrong(format!("{error}: {}", cause(&error)), error.help()))?;
    let Some(configuration) = value else {
        return Err(wrong(
            format!(
                "the configuration cannot be used\n{}",
                render(&findings, Color::Never)
            ),
            format!(
                "correct it, then try it with `brctl check {}`",
                arguments.config.display()
            ),
        ));
    };
    if findings
        .iter()
        .any(|finding| finding.severity == Severity::Warning)
    {
        eprint!("{}", render(&findings, Color::Never));
    }
    Ok(configuration)
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(String::new, ToString::to_string)
}

async fn serve(configuration: Configuration) -> Result<(), DaemonError> {
    let Configuration { settings, schedule } = configuration;
    let mut signals = Signals::listen()
        .map_err(|error| DaemonError::start(error, "this is a fault of the system"))?;
    let cluster = cluster(&settings)?;
    let socket = Socket::bind(&settings.control.socket)
        .map_err(|error| DaemonError::start(&error, error.help()))?;
    let (bell, rings) = Bell::hang()
        .await
        .map_err(|error| DaemonError::start(error, "this is a fault of brd; report it"))?;
    let host = host();
    let owner = owner(&host, &settings.control.socket);
    let drain_timeout = settings.jobs.drain_timeout;
    let (status, mut statuses) = watch::channel("starting".to_owned());
    let engine = Engine::new(
        Setup {
            settings,
            schedule,
            cluster,
            clock: Clock::system(),
            owner,
            host,
        },
        status,
    );
    let (handle, commands) = Handle::new();
    let (stopped, mut stopping) = watch::channel(false);
    let until_stopped = async move {
        // An error means that the sender is gone, which is as good as the word.
        let _gone = stopping.wait_for(|stopped| *stopped).await;
    };
    let server = tokio::spawn(socket.serve(handle.clone(), until_stopped));
    let mut running = tokio::spawn(engine.run(rings, commands));
    notify::ready("ready");
    let mut drained = None;
    loop {
        enum Came {
            Signal(Option<Word>),
            Status,
            DrainTimeout,
            Ended,
        }
        // `next` and `changed` are cancel-safe; the sleep is made anew from its fixed deadline; the handle is polled by reference.
        let came = tokio::select! {
            word = signals.next() => Came::Signal(word),
            Ok(()) = statuses.changed() => Came::Status,
            () = passed(drained) => Came::DrainTimeout,
            _ = &mut running => Came::Ended,
        };
        match came {
            Came::Ended => break,
            Came::Status => notify::status(&statuses.borrow_and_update().clone()),
            Came::Signal(Some(Word::Reload)) => reload(&handle).await,
            Came::Signal(Some(Word::Drain)) => {
                tracing::info!(timeout = %humantime::format_duration(drain_timeout), "asked to stop: running jobs finish, nothing new begins");
                notify::stopping("draining");
                drained = Some(tokio::time::Instant::now() + drain_timeout);
                handle.stop(StopLevel::Drain).await;
            }
            Came::Signal(Some(Word::Detach)) | Came::DrainTimeout => {
                drained = None;
                handle.stop(StopLevel::Detach).await;
            }
            Came::Signal(None) => {}
        }
    }
    bell.stop().await;
    let _none_waits = stopped.send(true);
    if let Err(error) = server.await {
        tracing::error!(%error, "the control socket's task failed");
    }
    tracing::info!("brd has stopped");
    Ok(())
}

/// Never, until a deadline is set.
async fn passed(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn cluster(settings: &Settings) -> Result<Cluster, DaemonError> {
    let password = secret::password(settings.cluster.password_file.as_deref(), |name| {
        std::env::var(name).ok()
    })
    .map_err(|error| DaemonError::Configuration {
        help: error.help(),
        message: error.to_string(),
    })?;
    let address = ClusterAddress {
        frontends: settings
            .cluster
            .frontends
            .iter()
            .map(|frontend| (frontend.host.clone(), frontend.port))
            .collect(),
        user: settings.cluster.user.clone(),
        password,
        connect_timeout: settings.cluster.connect_timeout,
        statement_timeout: settings.cluster.statement_timeout,
    };
    Ok(Cluster::new(move |limit| -> Session {
        let mut address = address.clone();
        if let StatementLimit::Long(limit) = limit {
            address.statement_timeout = limit;
        }
        Arc::new(MysqlFrontend::new(address))
    }))
}

async fn reload(handle: &Handle) {
    notify::reloading();
    let asker = Asker {
        role: Role::Admin,
        uid: rustix::process::getuid().as_raw(),
        pid: None,
    };
    // The engine logs how it went, and `brctl status` tells it.
    let told = if handle.ask(asker, Request::Reload).await.is_ok() {
        "reloaded"
    } else {
        "the schedule was not reloaded; see brctl status"
    };
    notify::ready(told);
}

/// Whose slots and due moments are ours: the same over restarts, and another on every host, also where two hosts have one name.
fn owner(host: &str, socket: &Path) -> String {
    let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let machine: String = machine.trim().chars().take(8).collect();
    match machine.as_str() {
        "" => format!("{host}:{}", socket.display()),
        machine => format!("{host}-{machine}:{}", socket.display()),
    }
}

fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}
