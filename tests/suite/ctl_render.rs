//! Every text that `brctl` prints as a result, word for word.

use brd::catalog::{BackupKind, JobKind, JobState, JobSummary};
use brd::config::parse_schedule;
use brd::control::protocol::{
    BackupList, ClusterStatus, JobDetail, JobList, NextFires, OpenRestore, RecoveryPoint, Report,
    ReportLine, Status, Verdict,
};
use brd::ctl::render::{backup, event, fires, job, plan, point, report, status};
use brd::plan::restore::{Finish, SkippedPoint};

use crate::ctl_samples as samples;

#[test]
fn a_healthy_daemon_says_so_and_what_comes_next() {
    insta::assert_snapshot!(status::status(&samples::status()), @r"
    brd is well: 2 groups, next fire 2026-11-23 01:00:00Z (nightly, incremental, in 2h 13m)

      daemon    brd 0.1.0 on db-7, pid 4711, up 3days 2h
      config    /etc/brd/brd.toml
      schedule  /etc/brd/schedule.toml, loaded 2026-11-20 08:00:00Z
      cluster   StarRocks 3.3.7, leader fe1:9030, 3 of 3 backends alive

    GROUP    NEXT FULL             NEXT INCREMENTAL      LAST RUN
    nightly  2026-11-29 01:00:00Z  2026-11-23 01:00:00Z  done incremental, 21h 34m ago
    weekly   2026-11-29 01:00:00Z  -                     none since the start
    ");
}

#[test]
fn a_degraded_daemon_gives_its_reasons() {
    let degraded = Status {
        degraded: vec![
            "the schedule of 2026-11-22 22:00:00Z is not used: /etc/brd/schedule.toml:7:9: unknown zone".to_owned(),
            "the cluster does not answer: connection refused".to_owned(),
        ],
        cluster: None,
        running: vec![samples::summary("j8", JobKind::Full, JobState::Running, "sales: UPLOADING 45%")],
        waiting: vec![samples::summary("j9", JobKind::Incremental, JobState::Waiting, "waits for the slot of sales")],
        ..samples::status()
    };
    insta::assert_snapshot!(status::status(&degraded), @r"
    brd is degraded: the schedule of 2026-11-22 22:00:00Z is not used: /etc/brd/schedule.toml:7:9: unknown zone (and 1 more reason)

      daemon    brd 0.1.0 on db-7, pid 4711, up 3days 2h
      config    /etc/brd/brd.toml
      schedule  /etc/brd/schedule.toml, loaded 2026-11-20 08:00:00Z
      cluster   does not answer
      degraded  the cluster does not answer: connection refused

    GROUP    NEXT FULL             NEXT INCREMENTAL      LAST RUN
    nightly  2026-11-29 01:00:00Z  2026-11-23 01:00:00Z  done incremental, 21h 34m ago
    weekly   2026-11-29 01:00:00Z  -                     none since the start

    JOB  STATE    KIND         GROUP    NOW
    j8   running  full         nightly  sales: UPLOADING 45%
    j9   waiting  incremental  nightly  waits for the slot of sales
    ");
}

#[test]
fn status_fits_one_screen_however_many_groups_there_are_and_shows_trouble_first() {
    let failed = samples::summary(
        "j6",
        JobKind::Full,
        JobState::Failed,
        "repository s3_repo is read only",
    );
    let mut crowded = samples::status();
    crowded.groups = (0..50)
        .map(|number| samples::group_status(&format!("g{number:02}"), None))
        .collect();
    crowded.groups[49].last = Some(failed);
    crowded.running = (0..20)
        .map(|number| samples::summary(&format!("j{number}"), JobKind::Full, JobState::Running, ""))
        .collect();
    crowded.degraded = vec![
        "one".to_owned(),
        "two".to_owned(),
        "three".to_owned(),
        "four".to_owned(),
        "five".to_owned(),
    ];
    let text = status::status(&crowded);
    assert!(text.lines().count() <= 24, "{text}");
    crowded.degraded.clear();
    let text = status::status(&crowded);
    let first = text.lines().next().unwrap();
    assert_eq!(
        first,
        "brd needs attention: the last run of g49 failed: repository s3_repo is read only (`brctl show j6`)"
    );
    assert!(
        text.contains(
            "\ng49    2026-11-29 01:00:00Z  2026-11-23 01:00:00Z  failed full, 21h 34m ago\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("\nand 44 more groups; `brctl status --json` has all\n"),
        "{text}"
    );
    assert!(
        text.contains("\nand 17 more jobs; `brctl status --json` has all\n"),
        "{text}"
    );
}

#[test]
fn the_verdict_names_what_a_person_should_look_at() {
    let verdict = |change: fn(&mut Status)| {
        let mut changed = samples::status();
        change(&mut changed);
        status::status(&changed).lines().next().unwrap().to_owned()
    };
    assert_eq!(
        verdict(|status| status.cluster = Some(ClusterStatus {
            backends_alive: 2,
            ..status.cluster.clone().unwrap()
        })),
        "brd needs attention: 1 of 3 backends do not answer"
    );
    assert_eq!(
        verdict(|status| status.groups[0].last.as_mut().unwrap().state = JobState::Partly),
        "brd needs attention: the last run of nightly is only partly done: 2 databases (`brctl show j7`)"
    );
    assert_eq!(
        verdict(|status| status.stopping = Some("draining".to_owned())),
        "brd is draining: 0 jobs running, nothing new begins"
    );
    assert_eq!(
        verdict(|status| status.groups.clear()),
        "brd is well, and has nothing to do: nothing is scheduled"
    );
}

#[test]
fn the_days_around_a_change_of_the_clocks_are_marked() {
    insta::assert_snapshot!(fires::next(&NextFires { fires: samples::fires() }, 7), @r"
    WHEN                  LOCAL                    GROUP    KIND         NOTE
    2027-03-27 01:30:00Z  2027-03-27 02:30 +01:00  nightly  incremental
    2027-03-28 01:00:00Z  2027-03-28 03:00 +02:00  nightly  full         02:30 does not exist on this day; runs at the first moment after the gap
    ");
    insta::assert_snapshot!(fires::next(&NextFires { fires: Vec::new() }, 1), @"nothing is due within 1 day");
}

#[test]
fn jobs_are_listed_with_how_they_ended() {
    let jobs = vec![
        samples::summary("j7", JobKind::Incremental, JobState::Done, "2 databases"),
        JobSummary {
            group: None,
            labels: Vec::new(),
            started: None,
            finished: None,
            ..samples::summary("j8", JobKind::Adopt, JobState::Waiting, "")
        },
        samples::summary(
            "j9",
            JobKind::Full,
            JobState::Failed,
            "sales: repository s3_repo\nis read only",
        ),
    ];
    insta::assert_snapshot!(job::list(&JobList { jobs }), @r"
    JOB  STATE    KIND         GROUP    LABELS              STARTED               TOOK     MESSAGE
    j7   done     incremental  nightly  sales_20261122_inc  2026-11-22 01:00:01Z  12m 31s  2 databases
    j8   waiting  adopt        -        -                   -                     -
    j9   failed   full         nightly  sales_20261122_inc  2026-11-22 01:00:01Z  12m 31s  sales: repository s3_repo is read only
    ");
    insta::assert_snapshot!(job::list(&JobList { jobs: Vec::new() }), @"no job waits, runs or ran since brd started; `brctl backups` lists what is on record");
}

#[test]
fn a_backup_job_is_shown_with_its_events_and_without_its_progress() {
    let detail = JobDetail {
        summary: samples::summary("j7", JobKind::Incremental, JobState::Done, "2 databases"),
        events: samples::events(),
        plan: None,
        standing: None,
    };
    insta::assert_snapshot!(job::detail(&detail), @r"
    job j7: incremental, done
      message   2 databases
      group     nightly
      labels    sales_20261122_inc
      asked by  schedule
      due       2026-11-22 01:00:00Z
      started   2026-11-22 01:00:01Z
      finished  2026-11-22 01:12:32Z, after 12m 31s

    2026-11-22 01:00:01Z  running
    2026-11-22 01:00:02Z  sales  step 1 of 3: gather facts
    2026-11-22 01:00:03Z  sales  note: table v_orders is left out: it is a view, which holds no rows
      help: name the tables instead of `*` to be rid of this line
    2026-11-22 01:00:04Z  sales  step 2: BACKUP
    2026-11-22 01:12:32Z  done: 2 databases

    help: `brctl show sales_20261122_inc` tells what it holds
    ");
}

#[test]
fn a_restore_job_is_shown_with_its_plan() {
    insta::assert_snapshot!(job::detail(&samples::restore_detail(JobState::Running, "download orders")), @r"
    job r9: restore, running
      message   download orders
      group     nightly
      labels    sales_20261122_inc
      asked by  uid 1000 (pid 815)
      started   2026-11-22 01:00:01Z

    restore 2 tables of sales to backup sales_20261122_inc
      state of    2026-11-22 01:00:05Z
      chain       sales_20261121_full (full) -> sales_20261122_inc (incremental)
      repository  s3_repo
      group       nightly
      download    13.5 GiB in 3 RESTORE jobs
      job         r9

    items: 512.0 MiB, 1 replica, built as items_restored
      from sales_20261122_inc: the whole table, for 1 partition, 512.0 MiB
      then renamed to items, which does not exist now

    orders: 13.0 GiB, 3 replicas, built as orders_restored
      from sales_20261121_full: the whole table, for 2 partitions, 12.0 GiB
      from sales_20261122_inc: 2 partitions (p20261121, p20261122), 1.0 GiB, by way of orders_restored_inc
      without 1 partition (p20251121), gone at the recovery point
      then swapped with the live table, which is kept as orders_restored
      goes back: 2 partitions that changed or went since
      will be lost: 2 partitions (p20261123, p20261124) newer than the recovery point

    1 live table replaced and 1 table created anew in the end, after everything is verified

    help: `brctl follow r9` watches it, `brctl cancel r9` ends it
    ");
}

#[test]
fn events_are_lines_for_a_log() {
    let lines: String = samples::events().iter().map(event::line).collect();
    insta::assert_snapshot!(lines, @r"
    2026-11-22 01:00:01Z  running
    2026-11-22 01:00:02Z  sales  step 1 of 3: gather facts
    2026-11-22 01:00:03Z  sales  note: table v_orders is left out: it is a view, which holds no rows
      help: name the tables instead of `*` to be rid of this line
    2026-11-22 01:00:04Z  sales  step 2: BACKUP
    2026-11-22 01:05:00Z  sales  45%: UPLOADING
    2026-11-22 01:06:00Z  sales  SAVE_META
    2026-11-22 01:12:32Z  done: 2 databases
    ");
}

#[test]
fn the_end_of_a_job_says_what_can_be_done_now() {
    let backup = |state, message| {
        let summary = samples::summary("j7", JobKind::Full, state, message);
        job::ended(&JobDetail {
            summary,
            events: Vec::new(),
            plan: None,
            standing: None,
        })
    };
    insta::assert_snapshot!(backup(JobState::Done, "2 databases"), @r"
    full backup j7 is done: 2 databases (12m 31s)
      labels  sales_20261122_inc
    help: `brctl show sales_20261122_inc` tells what it holds
    ");
    insta::assert_snapshot!(backup(JobState::Partly, "1 of 2 databases"), @r"
    full backup j7 is only partly done: 1 of 2 databases (12m 31s)
      labels  sales_20261122_inc
    help: `brctl show j7` tells what happened
    ");
    insta::assert_snapshot!(backup(JobState::Detached, ""), @r"
    full backup j7 is not watched by brd any more, and goes on (12m 31s)
      labels  sales_20261122_inc
    help: start brd again, and `brctl jobs` shows how it goes on with j7
    ");
    insta::assert_snapshot!(backup(JobState::Cancelled, "by uid 0"), @r"
    full backup j7 was cancelled: by uid 0 (12m 31s)
      labels  sales_20261122_inc
    ");
    insta::assert_snapshot!(job::ended(&samples::restore_detail(JobState::Done, "2 tables verified")), @r"
    restore r9 is done: 2 tables verified (12m 31s)
      labels                    sales_20261122_inc
      replaced data is kept as  orders_restored
    help: `brctl undo r9` swaps the replaced tables back, `brctl discard r9` drops them
    ");
    insta::assert_snapshot!(job::ended(&samples::restore_detail(JobState::Stuck, "orders was not swapped back")), @r"
    restore r9 is stuck and needs a person: orders was not swapped back (12m 31s)
      labels  sales_20261122_inc
    help: the statements that a person must run are in `brctl show r9`
    ");
}

#[test]
fn what_is_said_around_a_job() {
    insta::assert_snapshot!(job::started(&samples::job("r9")), @"job r9 has begun; Ctrl-C stops watching it and leaves it running");
    insta::assert_snapshot!(job::cancelling(&samples::job("r9")), @"job r9 is being cancelled; `brctl follow r9` shows when it has ended");
    insta::assert_snapshot!(job::discarded(&samples::restore_detail(JobState::Done, "")), @"1 table will be dropped for good from sales: orders_restored");
    insta::assert_snapshot!(job::discarded(&samples::restore_detail(JobState::Failed, "")), @"2 tables will be dropped for good from sales: items_restored, orders_restored");
}

#[test]
fn backups_are_listed_whoever_made_them_and_however_they_ended() {
    let backups = vec![
        samples::foreign_record(),
        samples::record("sales_20261121_full", BackupKind::Full),
        samples::failed_record(),
        samples::unchanged_record(),
    ];
    insta::assert_snapshot!(backup::list(&BackupList { backups }, None), @r"
    LABEL                  KIND         STATUS    GROUP    DATABASE  STATE OF              PARTITIONS     SIZE  BASELINE             NOTE
    old_20250101_full      full         FINISHED  -        -         -                              -        -  -
    sales_20261121_full    full         FINISHED  nightly  sales     2026-11-22 01:00:05Z           3  1.5 GiB  -
    sales_20261122_inc_r1  incremental  FAILED    nightly  sales     -                              -        -  sales_20261121_full  BACKUP was refused: repository s3_repo is read only
    sales_20261122_inc_r2  incremental  FINISHED  nightly  sales     2026-11-22 13:00:02Z           0      0 B  sales_20261121_full  verified unchanged
    ");
    let none = BackupList {
        backups: Vec::new(),
    };
    insta::assert_snapshot!(backup::list(&none, Some(&samples::group("nightly"))), @"no backup of nightly is on record; `brctl backup full --group nightly` makes one");
    insta::assert_snapshot!(backup::list(&none, None), @"no backup is on record; `brctl backup full --group GROUP` makes one");
}

#[test]
fn a_backup_is_shown_table_by_table() {
    insta::assert_snapshot!(backup::detail(&samples::backup_detail()), @r"
    backup sales_20261122_inc: incremental, FINISHED
      database    sales
      group       nightly
      repository  s3_repo
      state of    2026-11-22 01:00:05Z
      snapshot    2026-11-22-02-00-05-123
      holds       3 partitions, 1.5 GiB
      baseline    sales_20261121_full
      chain       sales_20261121_full -> sales_20261122_inc
      asked by    schedule, due 2026-11-22 01:00:00Z
      started     2026-11-22 01:00:01Z
      finished    2026-11-22 01:12:32Z, after 12m 31s
      run         j7
      host        db-7

    TABLE      TAKEN      PARTITIONS  ROWS       SIZE  NOTE
    customers  unchanged           -     -          -
    drafts     dropped             -     -          -
    items      whole               1  1000  512.0 MiB
    orders     in part             2  2000    1.0 GiB  1 partition loaded into meanwhile; dropped since the baseline: p20251121
    left out: v_orders is a view, which holds no rows

    help: `brctl restore --target-label sales_20261122_inc --plan` shows what a restore would do
    ");
    insta::assert_snapshot!(backup::partitions(&samples::backup_detail()), @r"
    TABLE   PARTITION  VERSION  ROWS       SIZE  NOTE
    items   items            7  1000  512.0 MiB
    orders  p20261121       12  1000  512.0 MiB
    orders  p20261122        3  1000  512.0 MiB  loaded into meanwhile
    ");
}

#[test]
fn a_backup_that_cannot_be_restored_says_why() {
    let mut broken = samples::backup_detail();
    broken.record = samples::unchanged_record();
    broken.chain.clear();
    broken.chain_error = Some(
        "backup `sales_20261121_full`, the baseline, is not in ops.backup_history any more"
            .to_owned(),
    );
    broken.tables.clear();
    broken.left_out.clear();
    insta::assert_snapshot!(backup::detail(&broken), @r"
    backup sales_20261122_inc_r2: incremental, FINISHED
      database    sales
      group       nightly
      repository  s3_repo
      state of    2026-11-22 13:00:02Z, verified unchanged
      holds       0 partitions, 0 B
      baseline    sales_20261121_full
      no restore  backup `sales_20261121_full`, the baseline, is not in ops.backup_history any more
      asked by    schedule, due 2026-11-22 01:00:00Z
      started     2026-11-22 01:00:01Z
      finished    2026-11-22 01:12:32Z, after 12m 31s
      run         j7
      host        db-7

    help: choose another recovery point from `brctl backups`
    ");
}

#[test]
fn a_plan_says_what_is_replaced_and_what_will_be_lost() {
    insta::assert_snapshot!(plan::plan(&samples::plan()), @r"
    restore 2 tables of sales to backup sales_20261122_inc
      state of    2026-11-22 01:00:05Z
      chain       sales_20261121_full (full) -> sales_20261122_inc (incremental)
      repository  s3_repo
      group       nightly
      download    13.5 GiB in 3 RESTORE jobs
      job         r9

    items: 512.0 MiB, 1 replica, built as items_restored
      from sales_20261122_inc: the whole table, for 1 partition, 512.0 MiB
      then renamed to items, which does not exist now

    orders: 13.0 GiB, 3 replicas, built as orders_restored
      from sales_20261121_full: the whole table, for 2 partitions, 12.0 GiB
      from sales_20261122_inc: 2 partitions (p20261121, p20261122), 1.0 GiB, by way of orders_restored_inc
      without 1 partition (p20251121), gone at the recovery point
      then swapped with the live table, which is kept as orders_restored
      goes back: 2 partitions that changed or went since
      will be lost: 2 partitions (p20261123, p20261124) newer than the recovery point

    1 live table replaced and 1 table created anew in the end, after everything is verified
    ");
}

#[test]
fn reports_carry_their_help() {
    let line = |verdict, text: &str, help: Option<&str>| ReportLine {
        verdict,
        text: text.to_owned(),
        help: help.map(str::to_owned),
    };
    let lines = vec![
        line(Verdict::Ok, "leader fe1:9030, StarRocks 3.3.7", None),
        line(
            Verdict::Warning,
            "2 of 3 backends are alive",
            Some("look at SHOW BACKENDS"),
        ),
        line(
            Verdict::Bad,
            "repository s3_repo is read only",
            Some("create it again without readonly"),
        ),
    ];
    insta::assert_snapshot!(report::report(&Report { lines }), @r"
    ok       leader fe1:9030, StarRocks 3.3.7
    warning  2 of 3 backends are alive
             help: look at SHOW BACKENDS
    bad      repository s3_repo is read only
             help: create it again without readonly
    ");
    insta::assert_snapshot!(report::report(&Report { lines: Vec::new() }), @"ok");
}

#[test]
fn a_checked_file_ends_with_a_verdict() {
    let path = std::path::PathBuf::from("schedule.toml");
    let findings =
        parse_schedule(&path, "version = 1\n[group.g]\nfull = \"never\"\nfoo = 1\n").findings;
    assert!(findings.len() >= 2, "{findings:?}");
    let errors = findings.len();
    assert_eq!(
        report::checked(std::slice::from_ref(&path), &findings),
        format!("schedule.toml: {errors} errors\n")
    );
    assert_eq!(
        report::checked(&[path, "b.toml".into()], &[]),
        "schedule.toml and b.toml: ok\n"
    );
}

#[test]
fn a_chosen_point_says_how_far_it_is_from_what_was_wanted() {
    let at = samples::at;
    let chosen = |wanted: Option<&str>, skipped| RecoveryPoint {
        database: samples::database("sales"),
        label: samples::label("sales_20261122_inc"),
        cut: at("2026-11-22T01:00:05Z"),
        wanted: wanted.map(at),
        skipped,
    };
    let skipped = |label| SkippedPoint {
        label: samples::label(label),
        cut: at("2026-11-22T03:00:05Z"),
        reason: "retention has let it go".to_owned(),
    };
    let points = [
        chosen(Some("2026-11-22T04:12:00Z"), vec![skipped("x")]),
        chosen(None, (0..7).map(|_| skipped("y")).collect()),
    ];
    insta::assert_snapshot!(point::points(&points), @r"
    sales as of 2026-11-22 01:00:05Z, 3h 11m before 2026-11-22 04:12:00Z: backup sales_20261122_inc
      passed over: x of 2026-11-22 03:00:05Z: retention has let it go
    sales as of 2026-11-22 01:00:05Z, the newest there is: backup sales_20261122_inc
      passed over: y of 2026-11-22 03:00:05Z: retention has let it go
      passed over: y of 2026-11-22 03:00:05Z: retention has let it go
      passed over: y of 2026-11-22 03:00:05Z: retention has let it go
      passed over: y of 2026-11-22 03:00:05Z: retention has let it go
      passed over: y of 2026-11-22 03:00:05Z: retention has let it go
      and 2 more are passed over
    ");
}

#[test]
fn a_restore_that_stops_beside_the_live_tables_says_what_ends_it() {
    let mut detail = samples::restore_detail(JobState::Done, "restored and verified");
    let planned = detail.plan.as_mut().unwrap();
    planned.finish = Finish::Beside;
    planned.source = Some(samples::database("shop"));
    planned.creates_database = true;
    insta::assert_snapshot!(plan::plan(planned), @r"
    restore 2 tables of shop into sales to backup sales_20261122_inc
      state of    2026-11-22 01:00:05Z
      chain       sales_20261121_full (full) -> sales_20261122_inc (incremental)
      repository  s3_repo
      group       nightly
      download    13.5 GiB in 3 RESTORE jobs
      job         r9

    items: 512.0 MiB, 1 replica, built as items_restored
      from sales_20261122_inc: the whole table, for 1 partition, 512.0 MiB
      stays as items_restored

    orders: 13.0 GiB, 3 replicas, built as orders_restored
      from sales_20261121_full: the whole table, for 2 partitions, 12.0 GiB
      from sales_20261122_inc: 2 partitions (p20261121, p20261122), 1.0 GiB, by way of orders_restored_inc
      without 1 partition (p20251121), gone at the recovery point
      stays as orders_restored, beside the live table

    database sales does not exist and is created

    nothing live is touched; `brctl swap r9` makes it live, `brctl discard r9` drops it
    ");
    insta::assert_snapshot!(job::ended(&detail), @r"
    restore r9 is done: restored and verified (12m 31s)
      labels       sales_20261122_inc
      restored as  items_restored, orders_restored
    help: `brctl swap r9` makes it live, `brctl discard r9` drops it
    ");
    insta::assert_snapshot!(job::swapped(&detail), @"2 tables of sales as of backup sales_20261122_inc will be live: items, orders");
    insta::assert_snapshot!(job::discarded(&detail), @"2 tables will be dropped for good from sales: items_restored, orders_restored");
    let open = Status {
        open_restores: vec![OpenRestore {
            job: samples::job("r9"),
            label: samples::label("sales_20261122_inc"),
            finished: Some(samples::at("2026-11-22T02:00:00Z")),
        }],
        ..samples::status()
    };
    let shown = status::status(&open);
    insta::assert_snapshot!(shown.lines().last().unwrap(), @"restore r9 of sales_20261122_inc stands beside the live tables since 2026-11-22 02:00:00Z: `brctl swap r9` or `brctl discard r9`");
}
