//! What the keys of `brd.toml` mean.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;

use super::file::{
    ClusterKeys, ControlKeys, JobKeys, LogKeys, OpsKeys, SETTINGS_TABLES, SettingsKeys,
};
use super::finding::Inspection;
use super::keys::accepts;
use super::nearest::nearest;
use super::schedule::Verify;
use super::settings::{
    ClusterSettings, ControlSettings, FrontendAddress, JobSettings, LogSettings, OpsBackup,
    OpsSettings, Rotation, Settings,
};
use super::tables::{self, Section};
use super::value::{DAY, HOUR, JOB_TIMEOUT, MINUTE, SECOND};

/// A read `brd.toml` whose findings may still be added to.
pub(super) struct SettingsSheet {
    pub settings: Option<Settings>,
    /// Where the schedule file is named; the start of the file where it is not.
    pub schedule_span: Range<usize>,
    pub inspection: Inspection,
}

pub(super) fn read(path: &Path, text: &str) -> SettingsSheet {
    let mut inspection = Inspection::new(path, text);
    let read =
        tables::parse(text, &mut inspection).and_then(|root| settings(root, &mut inspection));
    let (settings, schedule_span) = match read {
        Some((settings, span)) => (settings, span),
        None => (None, 0..0),
    };
    SettingsSheet {
        settings,
        schedule_span,
        inspection,
    }
}

fn settings(
    mut root: toml::de::DeTable<'_>,
    inspection: &mut Inspection,
) -> Option<(Option<Settings>, Range<usize>)> {
    if !tables::version_is_known(&root, inspection) {
        return None;
    }
    let named_cluster = root.contains_key("cluster");
    let cluster = tables::take::<ClusterKeys>(&mut root, "cluster", inspection);
    let control = tables::take::<ControlKeys>(&mut root, "control", inspection);
    let log = tables::take::<LogKeys>(&mut root, "log", inspection);
    let jobs = tables::take::<JobKeys>(&mut root, "jobs", inspection);
    let ops = tables::take::<OpsKeys>(&mut root, "ops", inspection);
    let top = tables::read::<SettingsKeys>(root, 0..0, "brd.toml", SETTINGS_TABLES, inspection);
    inspection.version(&top.keys.version, top.rejected("version"));
    if !named_cluster {
        inspection.error(
            0..0,
            "[cluster] is missing",
            "add [cluster] with `frontends` and `user`",
        );
    }

    let schedule_span = top.keys.schedule.as_ref().map_or(0..0, Spanned::span);
    let schedule = schedule_path(&top.keys.schedule, inspection);
    let cluster = cluster.and_then(|section| cluster_settings(section, inspection));
    let control = control_settings(
        control.map(|section| section.keys).unwrap_or_default(),
        inspection,
    );
    let log = log_settings(
        log.map(|section| section.keys).unwrap_or_default(),
        inspection,
    );
    let jobs = job_settings(
        &jobs.map(|section| section.keys).unwrap_or_default(),
        inspection,
    );
    let ops = ops_settings(
        &ops.map(|section| section.keys).unwrap_or_default(),
        inspection,
    );
    let path = inspection.file().to_owned();
    let settings = cluster.map(|cluster| Settings {
        schedule,
        cluster,
        control,
        log,
        jobs,
        ops,
        path,
    });
    Some((settings, schedule_span))
}

/// `schedule.toml` beside `brd.toml`, unless another name is given.
fn schedule_path(schedule: &Option<Spanned<String>>, inspection: &mut Inspection) -> PathBuf {
    let named = schedule
        .as_ref()
        .map_or("schedule.toml", |text| text.get_ref().as_str());
    if let Some(text) = schedule
        .as_ref()
        .filter(|text| text.get_ref().trim().is_empty())
    {
        inspection.error(text.span(), "`schedule` is empty", accepts("schedule"));
    }
    inspection
        .file()
        .parent()
        .unwrap_or(Path::new(""))
        .join(named)
}

fn cluster_settings(
    section: Section<ClusterKeys>,
    inspection: &mut Inspection,
) -> Option<ClusterSettings> {
    let frontends = frontends(&section, inspection);
    let user = user(&section, inspection);
    let keys = section.keys;
    let password_file = inspection.absolute_path("password-file", &keys.password_file);
    let repository = inspection.repository(&keys.repository);
    let connect = inspection.duration(
        "connect-timeout",
        &keys.connect_timeout,
        SECOND..=5 * MINUTE,
    );
    let statement =
        inspection.duration("statement-timeout", &keys.statement_timeout, SECOND..=HOUR);
    Some(ClusterSettings {
        frontends: frontends?,
        user: user?,
        password_file,
        repository,
        connect_timeout: connect.unwrap_or(10 * SECOND),
        statement_timeout: statement.unwrap_or(5 * MINUTE),
    })
}

fn user(section: &Section<ClusterKeys>, inspection: &mut Inspection) -> Option<String> {
    match &section.keys.user {
        Some(user) if user.get_ref().trim().is_empty() => {
            inspection.error(user.span(), "`user` is empty", accepts("user"));
            None
        }
        Some(user) => Some(user.get_ref().clone()),
        None => {
            missing(section, "user", inspection);
            None
        }
    }
}

fn missing<T>(section: &Section<T>, key: &str, inspection: &mut Inspection) {
    if !section.rejected(key) {
        let help = format!("add `{key}`: {}", accepts(key));
        inspection.error(section.header.clone(), format!("`{key}` is missing"), help);
    }
}

fn frontends(
    section: &Section<ClusterKeys>,
    inspection: &mut Inspection,
) -> Option<Vec<FrontendAddress>> {
    let Some(list) = &section.keys.frontends else {
        missing(section, "frontends", inspection);
        return None;
    };
    if list.get_ref().is_empty() {
        inspection.error(list.span(), "`frontends` is empty", accepts("frontends"));
        return None;
    }
    let mut addresses = Vec::new();
    for text in list.get_ref() {
        if let Some(address) = frontend(text, inspection) {
            if addresses.contains(&address) {
                inspection.warning(
                    text.span(),
                    format!("{address} stands in the list twice"),
                    "name it once",
                );
            }
            addresses.push(address);
        }
    }
    Some(addresses)
}

fn frontend(text: &Spanned<String>, inspection: &mut Inspection) -> Option<FrontendAddress> {
    // What stands before an `@` may be a user with its password.
    if text.get_ref().contains('@') {
        inspection.blank(text.span());
    }
    match text.get_ref().parse::<FrontendAddress>() {
        Ok(address) => {
            warn_of_other_ports(&address, text, inspection);
            Some(address)
        }
        Err(error) => {
            inspection.error(
                text.span(),
                format!("`frontends`: {error}"),
                accepts("frontends"),
            );
            None
        }
    }
}

/// The other ports a frontend listens on by default (`fe/fe-core/.../common/Config.java`); `query_port` is 9030.
fn warn_of_other_ports(
    address: &FrontendAddress,
    text: &Spanned<String>,
    inspection: &mut Inspection,
) {
    let purpose = match address.port {
        8030 => "http_port",
        9010 => "edit_log_port",
        9020 => "rpc_port",
        _ => return,
    };
    let message = format!("{} is usually a frontend's {purpose}", address.port);
    inspection.warning(
        text.span(),
        message,
        "brd speaks the MySQL protocol: the query_port, usually 9030",
    );
}

fn control_settings(keys: ControlKeys, inspection: &mut Inspection) -> ControlSettings {
    /// `sun_path` of `struct sockaddr_un` has 108 bytes on Linux, the last one a zero.
    const LONGEST: usize = 107;
    let socket = inspection.absolute_path("socket", &keys.socket);
    if let (Some(socket), Some(text)) = (&socket, &keys.socket)
        && socket.as_os_str().len() > LONGEST
    {
        let message = format!("`socket` is {} bytes long", socket.as_os_str().len());
        inspection.error(
            text.span(),
            message,
            format!("a path of at most {LONGEST} bytes: the system takes no more"),
        );
    }
    ControlSettings {
        socket: socket.unwrap_or_else(|| PathBuf::from("/run/brd/brd.sock")),
    }
}

fn log_settings(keys: LogKeys, inspection: &mut Inspection) -> LogSettings {
    let directory = inspection.absolute_path("directory", &keys.directory);
    if keys.directory.is_none() {
        let spans = [
            ("rotation", keys.rotation.as_ref().map(Spanned::span)),
            ("keep-files", keys.keep_files.as_ref().map(Spanned::span)),
        ];
        for (key, span) in spans
            .into_iter()
            .filter_map(|(key, span)| Some((key, span?)))
        {
            inspection.warning(
                span,
                format!("`{key}` has no effect: no log files are written"),
                "add `directory`, or remove it",
            );
        }
    }
    LogSettings {
        level: level(&keys.level, inspection).unwrap_or_else(|| "info".to_owned()),
        directory,
        rotation: inspection
            .word("rotation", &keys.rotation)
            .unwrap_or(Rotation::Daily),
        keep_files: inspection
            .number("keep-files", &keys.keep_files, 1..=10_000)
            .unwrap_or(14),
    }
}

const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "off"];

/// A level, or a list of levels and `target=level`: the part of `EnvFilter`'s language that needs no manual.
fn level(text: &Option<Spanned<String>>, inspection: &mut Inspection) -> Option<String> {
    let text = text.as_ref()?;
    let mut at = 0;
    let mut good = true;
    for directive in text.get_ref().split(',') {
        let word = directive.rsplit('=').next().unwrap_or(directive).trim();
        if !is_directive(directive) {
            let near = nearest(word, LEVELS, 1)
                .first()
                .map(|level| format!("did you mean `{level}`? It is "));
            let span = inspection.part_of(text, &(at..at + directive.len()));
            let help = near.unwrap_or_default() + accepts("level");
            inspection.error(
                span,
                format!("`{}` is not a log level", directive.trim()),
                help,
            );
            good = false;
        }
        at += directive.len() + 1;
    }
    good.then(|| text.get_ref().clone())
}

fn is_directive(directive: &str) -> bool {
    let is_level = |word: &str| {
        LEVELS
            .iter()
            .any(|level| level.eq_ignore_ascii_case(word.trim()))
    };
    let is_target = |word: &str| {
        !word.trim().is_empty()
            && word
                .trim()
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
    };
    match directive.split_once('=') {
        Some((target, level)) => is_target(target) && is_level(level),
        None => is_level(directive),
    }
}

fn job_settings(keys: &JobKeys, inspection: &mut Inspection) -> JobSettings {
    let parallel = inspection.number(
        "max-parallel-databases",
        &keys.max_parallel_databases,
        1..=64,
    );
    let poll = inspection.duration(
        "poll-interval",
        &keys.poll_interval,
        Duration::from_millis(100)..=MINUTE,
    );
    let timeout = inspection.duration("job-timeout", &keys.job_timeout, JOB_TIMEOUT);
    let drain = inspection.duration("drain-timeout", &keys.drain_timeout, Duration::ZERO..=DAY);
    let undo = inspection.duration("undo-window", &keys.undo_window, Duration::ZERO..=365 * DAY);
    JobSettings {
        max_parallel_databases: parallel.unwrap_or(2),
        poll_interval: poll.unwrap_or(3 * SECOND),
        job_timeout: timeout.unwrap_or(DAY),
        drain_timeout: drain.unwrap_or(10 * MINUTE),
        undo_window: undo.unwrap_or(7 * DAY),
        verify: inspection
            .word("verify", &keys.verify)
            .unwrap_or(Verify::Counts),
    }
}

/// systemd's `StateDirectory=brd`.
const STATE_DIRECTORY: &str = "/var/lib/brd";

fn ops_settings(keys: &OpsKeys, inspection: &mut Inspection) -> OpsSettings {
    let keep = inspection.number("keep-backups", &keys.keep_backups, 1..=1_000);
    OpsSettings {
        backup: inspection
            .word("backup", &keys.backup)
            .unwrap_or(OpsBackup::AfterEachRun),
        keep_backups: keep.and_then(|keep| u32::try_from(keep).ok()).unwrap_or(7),
        mirror_directory: inspection
            .absolute_path("mirror-directory", &keys.mirror_directory)
            .unwrap_or_else(|| PathBuf::from(STATE_DIRECTORY)),
    }
}
