//! From a path, or a text, to a checked value. [`text_of`] is the only place of `config` that touches a file.

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::check_schedule::{self, ScheduleSheet};
use super::check_settings::{self, SettingsSheet};
use super::file::{SCHEDULE_TABLES, SETTINGS_TABLES};
use super::finding::{Checked, Finding};
use super::schedule::Schedule;
use super::settings::Settings;

/// A file could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("read {}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("read {}: line {line} is not UTF-8", path.display())]
    NotUtf8 { path: PathBuf, line: usize },
}

impl ReadError {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            ReadError::File { path, source } => match source.kind() {
                std::io::ErrorKind::NotFound => {
                    format!("create {}, or name another file", path.display())
                }
                std::io::ErrorKind::PermissionDenied => {
                    format!("let this user read {}", path.display())
                }
                _ => format!("see that {} is a file that can be read", path.display()),
            },
            ReadError::NotUtf8 { path, .. } => format!("save {} as UTF-8", path.display()),
        }
    }
}

/// Everything the operator wrote, checked together.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    pub settings: Settings,
    pub schedule: Schedule,
}

/// A text that turned out to be one of the two files.
#[expect(
    clippy::large_enum_variant,
    reason = "made once for each file and never kept in a list"
)]
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    Settings(Checked<Settings>),
    Schedule(Checked<Schedule>),
}

impl Parsed {
    pub fn findings(&self) -> &[Finding] {
        match self {
            Parsed::Settings(checked) => &checked.findings,
            Parsed::Schedule(checked) => &checked.findings,
        }
    }
}

/// What `brctl check FILE` has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedFile {
    /// The file that was named and, for a `brd.toml`, the schedule file that it names.
    pub files: Vec<PathBuf>,
    pub parsed: Parsed,
    /// Of all the files.
    pub findings: Vec<Finding>,
}

/// `brd.toml` alone; the daemon wants [`read_configuration`].
pub fn read_settings(path: &Path) -> Result<Checked<Settings>, ReadError> {
    Ok(parse_settings(path, &text_of(path)?))
}

/// A schedule file alone.
pub fn read_schedule(path: &Path) -> Result<Checked<Schedule>, ReadError> {
    Ok(parse_schedule(path, &text_of(path)?))
}

/// `path` stands in the findings, and the schedule's path is relative to its directory; nothing is read.
pub fn parse_settings(path: &Path, text: &str) -> Checked<Settings> {
    let sheet = check_settings::read(path, text);
    sheet.inspection.finish(sheet.settings)
}

/// `path` stands in the findings; nothing is read.
pub fn parse_schedule(path: &Path, text: &str) -> Checked<Schedule> {
    let sheet = check_schedule::read(path, text);
    sheet.inspection.finish(sheet.schedule)
}

/// Tells the two files apart by their tables. A text with none of either is taken for a schedule file.
pub fn parse_any(path: &Path, text: &str) -> Parsed {
    if is_settings(path, text) {
        Parsed::Settings(parse_settings(path, text))
    } else {
        Parsed::Schedule(parse_schedule(path, text))
    }
}

fn is_settings(path: &Path, text: &str) -> bool {
    let (table, errors) = DeTable::parse_recoverable(text);
    let table = table.into_inner();
    let count = |names: &[&str]| {
        names
            .iter()
            .filter(|name| table.contains_key(**name))
            .count()
    };
    let settings = count(SETTINGS_TABLES) + count(&["schedule"]);
    let schedule = count(SCHEDULE_TABLES);
    // Where the syntax is broken the tables may be out of sight, and the name has to do.
    let named_so = !errors.is_empty() && path.file_name().is_some_and(|name| name == "brd.toml");
    settings > schedule || (settings == schedule && named_so)
}

/// `brd.toml` and the schedule file it names, as the daemon and a reload read them. That the schedule file cannot be
/// read is a finding at the place that names it.
pub fn read_configuration(path: &Path) -> Result<Checked<Configuration>, ReadError> {
    let (settings, schedule) = both(check_settings::read(path, &text_of(path)?));
    let mut findings = settings.findings;
    let schedule = schedule.and_then(|schedule| {
        findings.extend(schedule.findings);
        schedule.value
    });
    let value = settings
        .value
        .zip(schedule)
        .map(|(settings, schedule)| Configuration { settings, schedule });
    Ok(Checked { value, findings })
}

/// Checks a file of either kind; a `brd.toml` together with its schedule file.
pub fn check_file(path: &Path) -> Result<CheckedFile, ReadError> {
    let text = text_of(path)?;
    let mut files = vec![path.to_owned()];
    if !is_settings(path, &text) {
        let checked = parse_schedule(path, &text);
        let findings = checked.findings.clone();
        return Ok(CheckedFile {
            files,
            parsed: Parsed::Schedule(checked),
            findings,
        });
    }
    let sheet = check_settings::read(path, &text);
    let schedule_path = sheet
        .settings
        .as_ref()
        .map(|settings| settings.schedule.clone());
    let (settings, schedule) = both(sheet);
    let mut findings = settings.findings.clone();
    if let Some(schedule) = schedule {
        files.extend(schedule_path);
        findings.extend(schedule.findings);
    }
    Ok(CheckedFile {
        files,
        parsed: Parsed::Settings(settings),
        findings,
    })
}

/// Reads the schedule file that the settings name, and checks what only both together can tell.
fn both(mut sheet: SettingsSheet) -> (Checked<Settings>, Option<Checked<Schedule>>) {
    let Some(settings) = &sheet.settings else {
        return (sheet.inspection.finish(sheet.settings), None);
    };
    let schedule = match text_of(&settings.schedule) {
        Ok(text) => Some(check_schedule::read(&settings.schedule, &text)),
        Err(error) => {
            let message = format!("the schedule cannot be read: {}", with_source(&error));
            sheet
                .inspection
                .error(sheet.schedule_span.clone(), message, error.help());
            None
        }
    };
    let schedule = schedule.map(|mut schedule| {
        if settings.cluster.repository.is_none() {
            require_repositories(&mut schedule);
        }
        schedule.inspection.finish(schedule.schedule)
    });
    (sheet.inspection.finish(sheet.settings), schedule)
}

fn require_repositories(sheet: &mut ScheduleSheet) {
    for (group, rules) in sheet.schedule.iter().flat_map(|schedule| &schedule.groups) {
        if rules.repository.is_none() {
            let span = sheet.headers.get(group).cloned().unwrap_or(0..0);
            let help = "add `repository` here, in [defaults], or in [cluster] of brd.toml";
            sheet.inspection.error(
                span,
                format!("no repository is named for group `{group}`"),
                help,
            );
        }
    }
}

fn with_source(error: &ReadError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn text_of(path: &Path) -> Result<String, ReadError> {
    let bytes = std::fs::read(path).map_err(|source| ReadError::File {
        path: path.to_owned(),
        source,
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.split(|byte| *byte == b'\n').count();
        ReadError::NotUtf8 {
            path: path.to_owned(),
            line,
        }
    })
}
