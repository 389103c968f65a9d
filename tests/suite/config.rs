//! The two files an operator writes: every message as it is printed, every example as it is shipped.
//!
//! `tests/data/config/bad` has files with mistakes, `good` has files without; beside each stands, as `.txt`, what is
//! printed about it. To write those anew after a message has changed: `BRD_WRITE_GOLDENS=1 cargo test`, and read the diff.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use brd::config::{
    CatchUp, Chaining, Color, Keep, OpsBackup, Overlap, Parsed, ReadError, Rotation, Severity,
    Zone, check_file, parse_any, parse_schedule, parse_settings, read_configuration, read_schedule,
    read_settings, render,
};
use brd::names::GroupName;
use proptest::prelude::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn toml_files(directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(directory)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    files.sort();
    assert!(!files.is_empty(), "{directory} has files");
    files
}

/// The findings of a file, printed under its bare name.
fn printed(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let name = Path::new(path.file_name().unwrap());
    render(parse_any(name, &text).findings(), Color::Never)
}

fn compare_with_golden(path: &Path) {
    let golden = path.with_extension("txt");
    if std::env::var_os("BRD_WRITE_GOLDENS").is_some() {
        fs::write(&golden, printed(path)).unwrap();
    }
    let expected =
        fs::read_to_string(&golden).unwrap_or_else(|error| panic!("{}: {error}", golden.display()));
    assert_eq!(printed(path), expected, "{}", path.display());
}

fn has_value(parsed: &Parsed) -> bool {
    match parsed {
        Parsed::Settings(checked) => checked.value.is_some(),
        Parsed::Schedule(checked) => checked.value.is_some(),
    }
}

#[test]
fn every_mistake_is_shown_with_its_place_and_what_would_be_accepted() {
    for path in toml_files("tests/data/config/bad") {
        compare_with_golden(&path);
        let parsed = parse_any(&path, &fs::read_to_string(&path).unwrap());
        assert!(!has_value(&parsed), "{} has no value", path.display());
        for finding in parsed.findings() {
            assert!(!finding.help.is_empty(), "{finding:?}");
            assert!(
                finding.message.starts_with(|c: char| !c.is_uppercase()),
                "{finding:?}"
            );
            assert!(!finding.message.ends_with('.'), "{finding:?}");
        }
    }
}

#[test]
fn a_file_without_mistakes_has_a_value_and_at_most_warnings() {
    for path in toml_files("tests/data/config/good") {
        compare_with_golden(&path);
        let parsed = parse_any(&path, &fs::read_to_string(&path).unwrap());
        assert!(has_value(&parsed), "{} has a value", path.display());
        assert!(
            parsed
                .findings()
                .iter()
                .all(|finding| finding.severity == Severity::Warning)
        );
    }
}

#[test]
fn no_password_is_ever_quoted() {
    let mut seen = 0;
    for path in toml_files("tests/data/config/bad") {
        let text = fs::read_to_string(&path).unwrap();
        seen += usize::from(text.contains("hunter2"));
        let findings = format!("{:?}", parse_any(&path, &text).findings());
        assert!(
            !findings.contains("hunter2"),
            "{}: {findings}",
            path.display()
        );
    }
    assert!(seen >= 3);
}

#[test]
fn every_place_is_where_the_file_says_it() {
    for path in toml_files("tests/data/config/bad") {
        let text = fs::read_to_string(&path).unwrap();
        for finding in parse_any(&path, &text).findings() {
            let before = &text[..finding.span.start];
            assert_eq!(
                finding.line,
                before.matches('\n').count() + 1,
                "{finding:?}"
            );
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            assert_eq!(
                finding.column,
                before[line_start..].chars().count() + 1,
                "{finding:?}"
            );
        }
    }
}

#[test]
fn every_example_schedule_is_without_findings() {
    let files = toml_files("schedules");
    assert!(files.len() >= 2);
    for path in files {
        let checked = read_schedule(&path).unwrap();
        assert_eq!(
            render(&checked.findings, Color::Never),
            "",
            "{}",
            path.display()
        );
        assert!(!checked.value.unwrap().groups.is_empty());
    }
}

/// The shipped `brd.toml` shows defaults as `#key = value`.
#[test]
fn the_shipped_settings_show_the_defaults_as_they_are() {
    let path = root().join("packaging/brd.toml");
    let shipped = fs::read_to_string(&path).unwrap();
    let uncommented: String = shipped
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|rest| !rest.starts_with(' '))
                .unwrap_or(line)
                .to_owned()
                + "\n"
        })
        .collect();
    assert_ne!(shipped, uncommented);
    let shipped = parse_settings(&path, &shipped);
    let uncommented = parse_settings(&path, &uncommented);
    assert_eq!(render(&shipped.findings, Color::Never), "");
    assert_eq!(render(&uncommented.findings, Color::Never), "");
    let (shipped, mut uncommented) = (shipped.value.unwrap(), uncommented.value.unwrap());
    // These three have no default: the lines are examples.
    for example in [
        uncommented.cluster.password_file.take(),
        uncommented.log.directory.take(),
    ] {
        assert!(example.is_some());
    }
    assert!(uncommented.cluster.repository.take().is_some());
    assert_eq!(shipped, uncommented);
}

#[test]
fn every_key_of_the_settings_reaches_memory() {
    let path = root().join("tests/data/config/good/settings-complete.toml");
    let settings = read_settings(&path).unwrap().value.unwrap();
    assert_eq!(settings.path, path);
    assert_eq!(
        settings.schedule,
        root().join("tests/data/config/good/schedules/nightly.toml")
    );
    let frontends: Vec<String> = settings
        .cluster
        .frontends
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(frontends, ["fe1.example:9030", "[2001:db8::1]:9030"]);
    assert_eq!(settings.cluster.user, "backup");
    assert_eq!(
        settings.cluster.password_file,
        Some(PathBuf::from("/etc/brd/password"))
    );
    assert_eq!(settings.cluster.repository.unwrap().as_str(), "nightly");
    assert_eq!(settings.cluster.connect_timeout, Duration::from_secs(3));
    assert_eq!(settings.cluster.statement_timeout, Duration::from_secs(120));
    assert_eq!(settings.control.socket, PathBuf::from("/tmp/brd.sock"));
    assert_eq!(settings.log.level, "info,brd::run=debug");
    assert_eq!(settings.log.directory, Some(PathBuf::from("/var/log/brd")));
    assert_eq!(
        (settings.log.rotation, settings.log.keep_files),
        (Rotation::Hourly, 48)
    );
    assert_eq!(settings.jobs.max_parallel_databases, 4);
    assert_eq!(settings.jobs.poll_interval, Duration::from_millis(500));
    assert_eq!(settings.jobs.job_timeout, Duration::from_secs(6 * 3600));
    assert_eq!(settings.jobs.drain_timeout, Duration::ZERO);
    assert_eq!(settings.jobs.undo_window, Duration::from_secs(60 * 3600));
    assert_eq!(settings.ops.backup, OpsBackup::Never);
    assert_eq!(settings.ops.keep_backups, 30);
    assert_eq!(settings.ops.mirror_directory, PathBuf::from("/srv/brd"));
}

#[test]
fn a_group_has_its_own_keys_and_the_defaults_for_the_rest() {
    let path = root().join("tests/data/config/good/schedule-complete.toml");
    let schedule = read_schedule(&path).unwrap().value.unwrap();
    let group = |name: &str| &schedule.groups[&GroupName::parse(name).unwrap()];

    let inheriting = group("daily_facts");
    assert_eq!(inheriting.full.as_ref().unwrap().to_string(), "0 1 * * 0");
    assert_eq!(
        inheriting.incremental.as_ref().unwrap().to_string(),
        "0 1 * * 1-6"
    );
    assert_eq!(inheriting.zone.to_string(), "Europe/Berlin");
    assert_eq!(inheriting.repository.as_ref().unwrap().as_str(), "nightly");
    assert_eq!(
        (inheriting.catch_up, inheriting.on_overlap),
        (CatchUp::FullOnly, Overlap::Skip)
    );
    assert_eq!(inheriting.catch_up_limit, Duration::from_secs(36 * 3600));
    assert_eq!(inheriting.wait_limit, Duration::from_secs(90 * 60));
    assert_eq!(inheriting.jitter, Duration::from_secs(600));
    assert_eq!(inheriting.job_timeout, Some(Duration::from_secs(12 * 3600)));

    let own = group("facts of the other region");
    assert_eq!(own.zone.to_string(), "+05:30");
    assert_eq!(own.repository.as_ref().unwrap().as_str(), "offsite");
    assert_eq!(
        (own.catch_up, own.on_overlap),
        (CatchUp::One, Overlap::Wait)
    );
    assert_eq!(own.catch_up_limit, Duration::from_secs(86400));
    assert_eq!(
        (own.wait_limit, own.jitter),
        (Duration::ZERO, Duration::ZERO)
    );
    assert_eq!(own.job_timeout, Some(Duration::from_secs(2 * 86400)));

    assert_eq!(
        inheriting.chaining,
        Chaining::Incremental { most_links: 14 }
    );
    assert_eq!(own.chaining, Chaining::Incremental { most_links: 2 });
    assert_eq!(group("back_to_the_full").chaining, Chaining::Differential);

    let keep = inheriting.keep;
    assert_eq!(
        (keep.fulls, keep.days, keep.weekly, keep.monthly, keep.floor),
        (Some(4), Some(30), Some(8), Some(12), 3)
    );
    assert_eq!(
        own.keep,
        Keep {
            fulls: Some(1),
            floor: 1,
            ..keep
        }
    );
}

#[test]
fn what_a_group_and_the_defaults_leave_out_has_a_built_in_value() {
    let text = "version = 1\n[group.g]\nfull = \"@weekly\"\n";
    let schedule = parse_schedule(Path::new("s.toml"), text).value.unwrap();
    let group = schedule.groups.values().next().unwrap();
    assert_eq!(group.zone, Zone::UTC);
    assert_eq!(group.keep, Keep::EVERYTHING);
    assert_eq!((&group.repository, group.job_timeout), (&None, None));
    assert_eq!(
        (group.catch_up, group.catch_up_limit),
        (CatchUp::One, Duration::from_secs(86400))
    );
    assert_eq!(
        (group.on_overlap, group.wait_limit),
        (Overlap::Wait, Duration::from_secs(6 * 3600))
    );
    assert_eq!(group.jitter, Duration::ZERO);
    assert_eq!(group.chaining, Chaining::Differential);
    let chained = "version = 1\n[group.g]\nfull = \"@weekly\"\nchain = \"incremental\"\n";
    let schedule = parse_schedule(Path::new("chained.toml"), chained);
    let groups = schedule.value.unwrap().groups;
    let chaining = groups.values().next().unwrap().chaining;
    assert_eq!(chaining, Chaining::Incremental { most_links: 24 });
}

const MINIMAL: &str = "version = 1\n[cluster]\nfrontends = [\"127.0.0.1:9030\"]\nuser = \"brd\"\n";

/// A directory with a `brd.toml` and, where one is given, the schedule beside it.
fn directory_with(settings: &str, schedule: Option<&str>) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("brd.toml");
    fs::write(&path, settings).unwrap();
    if let Some(schedule) = schedule {
        fs::write(directory.path().join("schedule.toml"), schedule).unwrap();
    }
    (directory, path)
}

#[test]
fn checking_the_settings_checks_the_schedule_they_name() {
    let schedule = "version = 1\n[group.g]\nfull = \"0 25 * * *\"\nrepository = \"nightly\"\n";
    let (directory, path) = directory_with(MINIMAL, Some(schedule));
    let checked = check_file(&path).unwrap();
    assert_eq!(
        checked.files,
        [path.clone(), directory.path().join("schedule.toml")]
    );
    let places: Vec<_> = checked
        .findings
        .iter()
        .map(|finding| (finding.file.clone(), finding.line))
        .collect();
    assert_eq!(places, [(directory.path().join("schedule.toml"), 3)]);
    assert_eq!(read_configuration(&path).unwrap().value, None);
}

#[test]
fn a_schedule_that_cannot_be_read_is_a_finding_where_it_is_named() {
    let (directory, path) = directory_with(&format!("schedule = \"gone.toml\"\n{MINIMAL}"), None);
    let checked = check_file(&path).unwrap();
    let findings = &checked.findings;
    assert_eq!(
        (findings.len(), findings[0].line, findings[0].column),
        (1, 1, 12)
    );
    let gone = directory.path().join("gone.toml");
    assert!(
        findings[0].message.contains(&gone.display().to_string()),
        "{}",
        findings[0].message
    );
    assert!(
        findings[0].help.starts_with("create "),
        "{}",
        findings[0].help
    );
    assert_eq!(read_configuration(&path).unwrap().value, None);
}

#[test]
fn a_group_needs_a_repository_from_somewhere() {
    let schedule = "version = 1\n[group.g]\nfull = \"@weekly\"\n";
    let (_directory, path) = directory_with(MINIMAL, Some(schedule));
    let checked = check_file(&path).unwrap();
    assert_eq!(checked.findings.len(), 1);
    assert_eq!(
        checked.findings[0].message,
        "no repository is named for group `g`"
    );
    assert_eq!(
        (checked.findings[0].line, checked.findings[0].column),
        (2, 8)
    );

    let (_directory, path) = directory_with(
        &format!("{MINIMAL}repository = \"nightly\"\n"),
        Some(schedule),
    );
    let configuration = read_configuration(&path).unwrap();
    assert_eq!(configuration.findings, []);
    assert_eq!(configuration.value.unwrap().schedule.groups.len(), 1);
}

#[test]
fn a_file_that_is_not_there_or_not_text_is_refused_with_the_reason() {
    let (directory, path) = directory_with("", None);
    let error = read_settings(&directory.path().join("other.toml")).unwrap_err();
    assert!(matches!(&error, ReadError::File { .. }));
    assert!(error.help().starts_with("create "), "{}", error.help());

    fs::write(&path, b"version = 1\n# M\xfcller\n").unwrap();
    let error = read_settings(&path).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("read {}: line 2 is not UTF-8", path.display())
    );

    let error = read_settings(directory.path()).unwrap_err();
    assert!(error.help().contains("is a file"), "{}", error.help());
}

#[test]
fn the_two_kinds_of_file_are_told_apart_by_their_tables() {
    let is_settings =
        |name: &str, text: &str| matches!(parse_any(Path::new(name), text), Parsed::Settings(_));
    assert!(is_settings("x.toml", "[cluster]"));
    assert!(is_settings("x.toml", "schedule = \"s.toml\""));
    assert!(!is_settings("brd.toml", "[group.g]"));
    assert!(!is_settings("x.toml", "[defaults]\n[group.g]\n[cluster]"));
    assert!(!is_settings("x.toml", ""));
    assert!(is_settings("brd.toml", "= broken"));
    assert!(!is_settings("schedule.toml", "= broken"));
}

/// The good files, with a few characters taken out or put in.
fn damaged_file() -> impl Strategy<Value = String> {
    let files = toml_files("tests/data/config/good")
        .into_iter()
        .chain(toml_files("schedules"));
    let texts: Vec<String> = files
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let pieces = prop::sample::select(vec![
        "",
        "\"",
        "=",
        "[",
        "]]",
        "{",
        "\n",
        "#",
        "\u{e4}",
        "-",
        "password = 'hunter2'\n",
        "0",
        "'",
    ]);
    let wound = (any::<prop::sample::Index>(), 0_usize..4, pieces);
    (
        prop::sample::select(texts),
        prop::collection::vec(wound, 1..4),
    )
        .prop_map(|(text, wounds)| {
            let mut letters: Vec<char> = text.chars().collect();
            for (place, length, piece) in wounds {
                let start = place.index(letters.len());
                let end = (start + length).min(letters.len());
                letters.splice(start..end, piece.chars());
            }
            letters.into_iter().collect()
        })
}

proptest! {
    #[test]
    fn a_damaged_file_is_answered_with_findings_that_can_be_printed(text in damaged_file()) {
        let parsed = parse_any(Path::new("brd.toml"), &text);
        let errors = parsed.findings().iter().filter(|finding| finding.severity == Severity::Error).count();
        prop_assert_eq!(has_value(&parsed), errors == 0);
        for color in [Color::Never, Color::Always] {
            let printed = render(parsed.findings(), color);
            prop_assert_eq!(printed.is_empty(), parsed.findings().is_empty());
        }
    }
}
