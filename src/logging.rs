//! Where the log goes: stderr, which systemd takes to the journal, and rolling files when asked.

use std::io::IsTerminal;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{self, RollingFileAppender};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::{LogSettings, Rotation};

/// Crates that talk more than they tell.
const QUIET: &str = ",tokio_cron_scheduler=warn,mysql_async=warn,hyper=warn";

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("log level {level:?} is not a filter: {reason}")]
    Level { level: String, reason: String },
    #[error("no log file can be opened in {directory}: {reason}")]
    Directory { directory: String, reason: String },
    #[error("the log is set up already")]
    Twice,
}

/// Keeps the file writer alive; dropped last, so that the last lines are written.
#[must_use = "the log file is closed when this is dropped"]
pub struct LogGuard(Option<WorkerGuard>);

pub fn start(settings: &LogSettings) -> Result<LogGuard, LogError> {
    let filter = EnvFilter::try_new(format!("{}{QUIET}", settings.level)).map_err(|error| {
        LogError::Level {
            level: settings.level.clone(),
            reason: error.to_string(),
        }
    })?;
    let (files, guard) = match &settings.directory {
        None => (None, None),
        Some(_) => {
            // Blocks rather than drops lines: a busy daemon writes a few a second.
            let builder =
                tracing_appender::non_blocking::NonBlockingBuilder::default().lossy(false);
            let (writer, guard) = builder.finish(appender(settings)?);
            (
                Some(fmt::layer().with_writer(writer).with_ansi(false)),
                Some(guard),
            )
        }
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(stderr())
        .with(files)
        .try_init()
        .map_err(|_| LogError::Twice)?;
    Ok(LogGuard(guard))
}

/// The journal stamps and keeps lines itself; a person at a terminal wants time and colour.
fn stderr<S>() -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    if std::env::var_os("JOURNAL_STREAM").is_some() {
        layer.without_time().boxed()
    } else {
        layer.boxed()
    }
}

/// In a directory of its own: tracing-appender counts and removes every file of the same prefix and suffix.
fn appender(settings: &LogSettings) -> Result<RollingFileAppender, LogError> {
    let directory = settings
        .directory
        .as_deref()
        .unwrap_or_else(|| std::path::Path::new("."));
    let rotation = match settings.rotation {
        Rotation::Daily => rolling::Rotation::DAILY,
        Rotation::Hourly => rolling::Rotation::HOURLY,
        Rotation::Never => rolling::Rotation::NEVER,
    };
    RollingFileAppender::builder()
        .rotation(rotation)
        .filename_prefix("brd")
        .filename_suffix("log")
        .max_log_files(settings.keep_files)
        .build(directory)
        .map_err(|error| LogError::Directory {
            directory: directory.display().to_string(),
            reason: error.to_string(),
        })
}

impl LogGuard {
    /// Whether lines go to files too.
    pub fn writes_files(&self) -> bool {
        self.0.is_some()
    }
}
