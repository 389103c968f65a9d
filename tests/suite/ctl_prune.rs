//! What `brctl prune --plan` prints, word for word.

use brd::catalog::{JobKind, JobState};
use brd::control::protocol::JobDetail;
use brd::ctl::render::{backup, job, prune};
use brd::plan::retention::{Means, PrunePlan};

use crate::{ctl_samples as samples, prune_samples};

#[test]
fn a_plan_says_what_goes_and_why_each_of_the_others_stays() {
    insta::assert_snapshot!(prune::plan(&prune_samples::prune_plan()), @r"
    nightly: keep-fulls 4, keep-monthly 6, keep-floor 2; days, weeks and months of Europe/Berlin

    sales in s3_repo: 4 backups go (3.0 GiB), 3 stay

      GOES                 KIND         STATE OF                 SIZE  WHAT          WHY
      sales_20261006_inc   incremental  2026-10-04 01:00:05Z  1.0 GiB  forget        no rule keeps it
      sales_20261005_inc   incremental  2026-10-04 01:00:05Z  1.0 GiB  drop          no rule keeps it
      sales_20261004_full  full         2026-10-04 01:00:05Z  1.0 GiB  drop          expired 2026-11-15
      sales_20261001_full  full         2026-10-04 01:00:05Z  1.0 GiB  drop, forced  left by a backup that ended as FAILED

      STAYS                KIND         STATE OF                   SIZE  WHY
      sales_20261122_inc   incremental  2026-11-22 01:00:05Z  256.0 MiB  built on sales_20261121_full; the newest recovery point
      sales_20261121_full  full         2026-11-22 01:00:05Z  256.0 MiB  keep-fulls: number 1; keep-floor: one of 2; keep-monthly: 2026-11; needed by sales_20261122_inc
      sales_20261010_full  full         2026-11-22 01:00:05Z  256.0 MiB  pinned by uid 0; in use by restore r9

    not ours, and never touched: old_20250101_full

    weekly: keep-fulls 4, keep-monthly 6, keep-floor 2; days, weeks and months of Europe/Berlin
      no backup is on record
    ");
}

#[test]
fn where_no_statement_deletes_it_names_the_directories() {
    let mut plan = prune_samples::prune_plan();
    prune_samples::by_hand(&mut plan.groups[0].databases[0]);
    plan.groups[0].databases[0].stays.clear();
    assert_eq!(plan.groups[0].databases[0].means, Means::ByHand);
    insta::assert_snapshot!(prune::plan(&plan), @r"
    nightly: keep-fulls 4, keep-monthly 6, keep-floor 2; days, weeks and months of Europe/Berlin

    sales in s3_repo: 4 backups go (3.0 GiB), 0 stay

      GOES                 KIND         STATE OF                 SIZE  WHAT            WHY
      sales_20261006_inc   incremental  2026-10-04 01:00:05Z  1.0 GiB  forget          no rule keeps it
      sales_20261005_inc   incremental  2026-10-04 01:00:05Z  1.0 GiB  mark            no rule keeps it
      sales_20261004_full  full         2026-10-04 01:00:05Z  1.0 GiB  marked already  expired 2026-11-15
      sales_20261001_full  full         2026-10-04 01:00:05Z  1.0 GiB  mark            left by a backup that ended as FAILED

      to be deleted in the repository's storage once they are marked (before release 4.2 no statement deletes a snapshot):
        s3a://b/x/__starrocks_repository_s3_repo/__ss_sales_20261005_inc
        s3a://b/x/__starrocks_repository_s3_repo/__ss_sales_20261004_full
        s3a://b/x/__starrocks_repository_s3_repo/__ss_sales_20261001_full

    not ours, and never touched: old_20250101_full

    weekly: keep-fulls 4, keep-monthly 6, keep-floor 2; days, weeks and months of Europe/Berlin
      no backup is on record
    ");
}

#[test]
fn without_rules_or_groups_or_backups_it_says_so() {
    let mut plan = prune_samples::prune_plan();
    plan.groups[0].keep = brd::config::Keep::EVERYTHING;
    plan.groups[0].databases[0].goes.clear();
    plan.groups[0].databases[0].untouched = Some("repository `s3_repo` is read only".to_owned());
    plan.groups[0].not_ours.clear();
    plan.groups[1].databases.clear();
    insta::assert_snapshot!(prune::plan(&plan), @r"
    nightly: no keep key, so nothing ever expires

    sales in s3_repo: nothing is touched: repository `s3_repo` is read only

    weekly: keep-fulls 4, keep-monthly 6, keep-floor 2; days, weeks and months of Europe/Berlin
      no backup is on record

    there is nothing to do
    ");
    let nothing = PrunePlan {
        groups: Vec::new(),
        ..plan
    };
    insta::assert_snapshot!(prune::plan(&nothing), @"the schedule names no group, so nothing ever expires");
}

#[test]
fn a_prune_ends_with_what_came_of_each_database() {
    let message = "sales: 3 dropped, 0 forgotten, 12 stay";
    let detail = JobDetail {
        summary: samples::summary("p1", JobKind::Prune, JobState::Done, message),
        events: Vec::new(),
        plan: None,
        standing: None,
    };
    insta::assert_snapshot!(job::ended(&detail), @r"
    prune p1 is done: sales: 3 dropped, 0 forgotten, 12 stay (12m 31s)
      labels  sales_20261122_inc
    ");
}

#[test]
fn a_pin_and_a_mark_show_with_their_backup() {
    let mut detail = samples::backup_detail();
    detail.record = prune_samples::pinned_record();
    detail.tables.clear();
    detail.left_out.clear();
    insta::assert_snapshot!(backup::detail(&detail), @r"
    backup sales_20261122_inc: incremental, FINISHED
      database    sales
      group       nightly
      repository  s3_repo
      state of    2026-11-22 01:00:05Z
      snapshot    2026-11-22-02-00-05-123
      holds       3 partitions, 1.5 GiB
      baseline    sales_20261121_full
      chain       sales_20261121_full -> sales_20261122_inc
      pinned      until 2027-04-01 00:00:00Z by uid 0 (pid 7)
      asked by    schedule, due 2026-11-22 01:00:00Z
      started     2026-11-22 01:00:01Z
      finished    2026-11-22 01:12:32Z, after 12m 31s
      run         j7
      host        db-7

    help: `brctl restore --target-label sales_20261122_inc --plan` shows what a restore would do
    ");
    let list = brd::control::protocol::BackupList {
        backups: vec![
            prune_samples::pinned_record(),
            prune_samples::expired_record(),
        ],
    };
    insta::assert_snapshot!(backup::list(&list, None), @r"
    LABEL                KIND         STATUS    GROUP    DATABASE  STATE OF              PARTITIONS     SIZE  BASELINE             NOTE
    sales_20261122_inc   incremental  FINISHED  nightly  sales     2026-11-22 01:00:05Z           3  1.5 GiB  sales_20261121_full  pinned until 2027-04-01 00:00:00Z by uid 0 (pid 7)
    sales_20261101_full  full         FINISHED  nightly  sales     2026-11-22 01:00:05Z           3  1.5 GiB  -                    expired 2026-11-22
    ");
    detail.record = prune_samples::expired_record();
    insta::assert_snapshot!(backup::detail(&detail), @r"
    backup sales_20261101_full: full, FINISHED
      database    sales
      group       nightly
      repository  s3_repo
      state of    2026-11-22 01:00:05Z
      snapshot    2026-11-22-02-00-05-123
      holds       3 partitions, 1.5 GiB
      chain       sales_20261121_full -> sales_20261122_inc
      expired     2026-11-22 01:13:00Z: no recovery point any more
      asked by    schedule, due 2026-11-22 01:00:00Z
      started     2026-11-22 01:00:01Z
      finished    2026-11-22 01:12:32Z, after 12m 31s
      run         j7
      host        db-7

    help: `brctl pin sales_20261101_full` keeps it, as long as its snapshot is still there
    ");
}
