//! `brctl` as a process: what it writes where, and how it ends.

use std::path::Path;
use std::process::{Output, Stdio};

use brd::catalog::JobState;
use brd::control::protocol::{
    Accepted, BackupList, JobList, NextFires, Refusal, RefusalCode, Report, ReportLine, Request,
    Response, Verdict,
};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use crate::control_hand::{Hand, Served};
use crate::ctl_samples as samples;

fn brctl(socket: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_brctl"));
    command
        .arg("--socket")
        .arg(socket)
        .args(line.split_whitespace());
    command
        .env_remove("BRD_SOCKET")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Exit status, stdout, stderr.
async fn run(socket: &Path, line: &str) -> (i32, String, String) {
    said(brctl(socket, line).output().await.unwrap())
}

fn said(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A daemon with one finished backup job `j7` and one restore `r9`, that takes on everything.
fn daemon(restore_ends: JobState) -> Hand {
    let hand = Hand::new(move |request| match request {
        Request::Status => Ok(Response::Status(Box::new(samples::status()))),
        Request::Next { .. } => Ok(Response::Next(NextFires {
            fires: samples::fires(),
        })),
        Request::Jobs => Ok(Response::Jobs(JobList {
            jobs: vec![samples::restore_detail(restore_ends, "").summary],
        })),
        Request::Job(job) if job.as_str() == "r9" => Ok(Response::Job(Box::new(
            samples::restore_detail(restore_ends, "2 tables"),
        ))),
        Request::Backup(label) if label.as_str() == "sales_20261122_inc" => {
            Ok(Response::Backup(Box::new(samples::backup_detail())))
        }
        Request::Job(_) | Request::Backup(_) => Err(Refusal::new(
            RefusalCode::NotFound,
            "no such thing",
            "look elsewhere",
        )),
        Request::Backups { .. } => {
            let backup = samples::record("sales_20261121_full", brd::catalog::BackupKind::Full);
            Ok(Response::Backups(BackupList {
                backups: vec![backup; 20_000],
            }))
        }
        Request::PlanRestore(request) if request.target_label.as_str() == "gone" => {
            Err(Refusal::new(
                RefusalCode::NotFound,
                "no backup with the label `gone`",
                "choose one from `brctl backups`",
            ))
        }
        Request::PlanRestore(_) => Ok(Response::Plan(Box::new(samples::plan()))),
        Request::Coverage => Ok(Response::Coverage(Box::default())),
        Request::Check => Ok(Response::Report(bad_report())),
        Request::Reload => Err(Refusal::new(
            RefusalCode::Configuration,
            "schedule.toml:3:8: unknown zone",
            "write Europe/Berlin",
        )),
        Request::Init => Ok(Response::Report(Report { lines: Vec::new() })),
        _ => Ok(Response::Accepted(Accepted {
            job: samples::job("r9"),
        })),
    });
    hand.with_events(samples::events())
}

fn bad_report() -> Report {
    let line = ReportLine {
        verdict: Verdict::Bad,
        text: "repository s3_repo is read only".to_owned(),
        help: None,
    };
    Report { lines: vec![line] }
}

#[tokio::test]
async fn without_a_daemon_it_says_where_it_looked_and_how_to_start_one() {
    let (code, out, err) = run(Path::new("/nonexistent/brd.sock"), "status").await;
    assert_eq!((code, out.as_str()), (3, ""));
    assert_eq!(
        err,
        "error: no brd answers on /nonexistent/brd.sock: there is no such file\n\
         help: start it with `systemctl start brd`, or name its socket with --socket or BRD_SOCKET\n"
    );
}

#[tokio::test]
async fn the_result_goes_to_stdout_without_colours() {
    let served = Served::start(&daemon(JobState::Done));
    let (code, out, err) = run(&served.path, "status").await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("brd is well: 2 groups, next fire 2026-11-23 01:00:00Z (nightly, incremental, in 2h 13m)\n\n"), "{out}");
    served.stop().await;
}

#[tokio::test]
async fn every_reading_verb_speaks_json() {
    let served = Served::start(&daemon(JobState::Done));
    for line in [
        "status",
        "next",
        "jobs",
        "show r9",
        "show sales_20261122_inc",
        "backups",
        "coverage",
        "init",
        "restore --target-label l --plan",
    ] {
        let (code, out, err) = run(&served.path, &format!("{line} --json")).await;
        assert_eq!((code, err.as_str()), (0, ""), "{line}");
        let value: serde_json::Value =
            serde_json::from_str(&out).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(value.is_object(), "{line}");
        let (code, text, err) = run(&served.path, line).await;
        assert_eq!((code, err.as_str()), (0, ""), "{line}");
        assert!(
            !text.is_empty() && text.ends_with('\n') && !text.starts_with('{'),
            "{line}: {text}"
        );
    }
    served.stop().await;
}

#[tokio::test]
async fn show_finds_jobs_and_backups_and_says_when_it_is_neither() {
    let served = Served::start(&daemon(JobState::Done));
    assert!(
        run(&served.path, "show r9")
            .await
            .1
            .starts_with("job r9: restore, done\n")
    );
    assert!(
        run(&served.path, "show sales_20261122_inc")
            .await
            .1
            .starts_with("backup sales_20261122_inc: incremental, FINISHED\n")
    );
    assert!(
        run(&served.path, "show sales_20261122_inc --partitions")
            .await
            .1
            .contains("\norders  p20261122        3")
    );
    let (code, out, err) = run(&served.path, "show sales").await;
    assert_eq!((code, out.as_str()), (4, ""));
    assert_eq!(
        err,
        "error: neither a job nor a backup is called \"sales\"\nhelp: `brctl jobs` and `brctl backups` list what there is\n"
    );
    served.stop().await;
}

#[tokio::test]
async fn refusals_keep_their_help_and_have_their_exit_status() {
    let served = Served::start(&daemon(JobState::Done));
    let (code, out, err) = run(&served.path, "reload").await;
    assert_eq!((code, out.as_str()), (78, ""));
    assert_eq!(
        err,
        "error: schedule.toml:3:8: unknown zone\nhelp: write Europe/Berlin\n"
    );
    let (code, _, err) = run(&served.path, "restore --target-label gone --yes").await;
    assert_eq!(code, 4);
    assert_eq!(
        err,
        "error: no backup with the label `gone`\nhelp: choose one from `brctl backups`\n"
    );
    let (code, out, _) = run(&served.path, "check").await;
    assert_eq!(
        (code, out.as_str()),
        (1, "bad      repository s3_repo is read only\n")
    );
    served.stop().await;
}

#[tokio::test]
async fn a_group_and_a_table_are_not_restored_together() {
    let hand = daemon(JobState::Done);
    let served = Served::start(&hand);
    let (code, _, err) = run(&served.path, "restore --target-label l --group g --table t").await;
    assert_eq!(code, 2);
    assert_eq!(
        err,
        "error: --group and --table cannot be given together\n\
         help: --group restores every table of the group, --table only those that are named\n"
    );
    assert_eq!(
        run(&served.path, "backup full --group g --baseline-backup l")
            .await
            .0,
        2
    );
    assert_eq!(hand.asked(), []);
    served.stop().await;
}

#[tokio::test]
async fn a_restore_without_a_terminal_and_without_yes_does_nothing() {
    let hand = daemon(JobState::Done);
    let served = Served::start(&hand);
    let (code, out, err) = run(&served.path, "restore --target-label sales_20261122_inc").await;
    assert_eq!((code, out.as_str()), (5, ""));
    assert!(
        err.starts_with("restore 2 tables of sales to backup sales_20261122_inc\n"),
        "{err}"
    );
    assert!(
        err.ends_with(
            "error: the restore must be confirmed, and there is no terminal to ask on\nhelp: look at the plan first, then add --yes\n"
        ),
        "{err}"
    );
    assert_eq!(run(&served.path, "discard r9").await.0, 5);
    let started = hand
        .asked()
        .into_iter()
        .any(|request| matches!(request, Request::StartRestore(_) | Request::Discard(_)));
    assert!(!started);
    served.stop().await;
}

#[tokio::test]
async fn a_restore_runs_the_plan_that_was_shown_and_ends_with_what_can_be_done_now() {
    let hand = daemon(JobState::Done);
    let served = Served::start(&hand);
    let (code, out, err) = run(
        &served.path,
        "restore --target-label sales_20261122_inc --yes",
    )
    .await;
    assert_eq!(code, 0);
    assert_eq!(
        out,
        "restore r9 is done: 2 tables (12m 31s)\n  \
           labels                    sales_20261122_inc\n  \
           replaced data is kept as  orders_restored\n\
         help: `brctl undo r9` swaps the replaced tables back, `brctl discard r9` drops them\n"
    );
    assert!(
        err.contains("job r9 has begun; Ctrl-C stops watching it and leaves it running\n"),
        "{err}"
    );
    assert!(
        err.contains("2026-11-22 01:05:00Z  sales  45%: UPLOADING\n"),
        "{err}"
    );
    let started = hand.asked().into_iter().find_map(|request| match request {
        Request::StartRestore(start) => Some(start.plan),
        _ => None,
    });
    assert_eq!(started, Some(samples::plan()));
    served.stop().await;
}

#[tokio::test]
async fn the_end_of_the_job_is_the_end_of_brctl() {
    for (state, code) in [
        (JobState::Done, 0),
        (JobState::Failed, 1),
        (JobState::Partly, 6),
        (JobState::Skipped, 5),
        (JobState::Detached, 7),
    ] {
        let served = Served::start(&daemon(state));
        for line in [
            "backup full --group nightly",
            "undo r9",
            "discard r9 --yes",
            "follow r9",
            "follow r9 --json",
        ] {
            assert_eq!(run(&served.path, line).await.0, code, "{line} {state:?}");
        }
        served.stop().await;
    }
}

#[tokio::test]
async fn follow_writes_the_events_as_its_result() {
    let served = Served::start(&daemon(JobState::Done));
    let (_, out, err) = run(&served.path, "follow r9").await;
    assert_eq!(err, "");
    assert!(out.starts_with("2026-11-22 01:00:01Z  running\n2026-11-22 01:00:02Z  sales  step 1 of 3: gather facts\n"), "{out}");
    let (_, out, err) = run(&served.path, "follow r9 --json").await;
    assert_eq!(err, "");
    let events: Vec<brd::catalog::JobEvent> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events, samples::events());
    served.stop().await;
}

#[tokio::test]
async fn no_wait_prints_the_job_and_leaves() {
    let served = Served::start(&daemon(JobState::Running).endless());
    let (code, out, err) = run(&served.path, "backup incremental --group nightly --no-wait").await;
    assert_eq!((code, out.as_str()), (0, "r9\n"));
    assert_eq!(
        err,
        "`brctl follow r9` watches it again, `brctl cancel r9` ends it\n"
    );
    let (_, out, _) = run(
        &served.path,
        "restore --target-label l --yes --no-wait --json",
    )
    .await;
    assert_eq!(
        serde_json::from_str::<Accepted>(&out).unwrap().job,
        samples::job("r9")
    );
    served.stop().await;
}

#[tokio::test]
async fn whoever_stops_watching_is_told_that_the_job_goes_on() {
    let served = Served::start(&daemon(JobState::Running).endless());
    let going_on = "help: `brctl follow r9` watches it again, `brctl cancel r9` ends it\n";
    let (code, _, err) = run(&served.path, "follow r9 --timeout 10ms").await;
    assert_eq!(code, 7);
    assert_eq!(
        err,
        format!("error: the time to watch is over; job r9 goes on\n{going_on}")
    );

    let mut watching = brctl(&served.path, "follow r9")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    lines
        .next_line()
        .await
        .unwrap()
        .expect("an event: from here on it watches");
    let pid =
        rustix::process::Pid::from_raw(i32::try_from(watching.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = watching.wait_with_output().await.unwrap();
    assert_eq!(ended.status.code(), Some(7));
    assert_eq!(
        String::from_utf8(ended.stderr).unwrap(),
        format!("error: watching was interrupted; job r9 goes on\n{going_on}")
    );
    served.stop().await;
}

#[tokio::test]
async fn a_daemon_that_stops_under_a_watcher_does_not_end_the_job() {
    let served = Served::start(&daemon(JobState::Running).endless());
    let mut watching = brctl(&served.path, "follow r9")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    lines
        .next_line()
        .await
        .unwrap()
        .expect("an event: from here on it watches");
    served.stop().await;
    let ended = watching.wait_with_output().await.unwrap();
    assert_eq!(ended.status.code(), Some(7));
    let err = String::from_utf8(ended.stderr).unwrap();
    assert!(
        err.starts_with("error: brd ") && err.contains("; job r9 goes on\nhelp: "),
        "{err}"
    );
}

#[tokio::test]
async fn a_closed_pipe_ends_quietly() {
    let served = Served::start(&daemon(JobState::Done));
    let mut listing = brctl(&served.path, "backups")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 5];
    let mut out = listing.stdout.take().unwrap();
    out.read_exact(&mut first).await.unwrap();
    drop(out);
    let ended = listing.wait_with_output().await.unwrap();
    assert_eq!((&first, ended.status.code()), (b"LABEL", Some(0)));
    assert_eq!(String::from_utf8(ended.stderr).unwrap(), "");
    served.stop().await;
}

#[tokio::test]
async fn only_yes_on_a_pipe_is_not_a_terminal() {
    let hand = daemon(JobState::Done);
    let served = Served::start(&hand);
    let mut asking = brctl(&served.path, "restore --target-label l")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it is written to.
    let _written = asking.stdin.take().unwrap().write_all(b"yes\n").await;
    assert_eq!(
        asking.wait_with_output().await.unwrap().status.code(),
        Some(5)
    );
    assert!(
        !hand
            .asked()
            .iter()
            .any(|request| matches!(request, Request::StartRestore(_)))
    );
    served.stop().await;
}

#[tokio::test]
async fn files_are_checked_without_a_daemon() {
    let directory = tempfile::tempdir().unwrap();
    let bad = directory.path().join("bad.toml");
    std::fs::write(&bad, "version = 1\n[group.g]\nfull = \"never\"\n").unwrap();
    let (code, out, err) = run(
        Path::new("/nonexistent"),
        &format!("check {}", bad.display()),
    )
    .await;
    assert_eq!((code, err.as_str()), (78, ""));
    assert!(out.contains(&format!("{}:3:", bad.display())), "{out}");
    assert!(
        out.trim_end().ends_with("error") || out.trim_end().ends_with("errors"),
        "{out}"
    );
    let (code, _, err) = run(
        Path::new("/nonexistent"),
        "check /nonexistent/schedule.toml",
    )
    .await;
    assert_eq!(code, 78);
    assert!(
        err.starts_with(
            "error: the file could not be checked: read /nonexistent/schedule.toml: No such file"
        ),
        "{err}"
    );
    assert!(
        err.contains("\nhelp: create /nonexistent/schedule.toml, or name another file\n"),
        "{err}"
    );
}

#[tokio::test]
async fn help_lists_every_exit_status() {
    let (code, out, _) = run(Path::new("/nonexistent"), "--help").await;
    assert_eq!(code, 0);
    for line in [
        "   0  done\n",
        "   3  no daemon is running\n",
        "  78  the configuration or schedule file is wrong\n",
    ] {
        assert!(out.contains(line), "{out}");
    }
}
