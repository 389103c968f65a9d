//! Several frontends, as a test that holds the cluster drives them. What clients see of them is in the conformance table.

use std::time::Duration;

use starrocks_sandbox::answer::{Answer, SqlError};
use starrocks_sandbox::engine::{FrontendError, Passage, Sandbox, Session};

use crate::harness::Cluster;

fn three() -> Cluster {
    let mut cluster = Cluster::with(|options| options.frontends = 3);
    cluster.run("CREATE REPOSITORY repo WITH BROKER ON LOCATION 's3a://bucket/backups/' PROPERTIES ('aws.s3.region' = 'x')");
    cluster.run("CREATE DATABASE shop");
    cluster.run("USE shop");
    cluster.run("CREATE TABLE t (k INT) DUPLICATE KEY (k) DISTRIBUTED BY HASH (k)");
    cluster
}

/// A session on that frontend.
fn on(cluster: &Cluster, number: usize) -> (Sandbox, Session) {
    let frontend = cluster.sandbox.frontend(number).unwrap();
    let session = frontend.session("root");
    (frontend, session)
}

fn cells(answer: Result<Answer, SqlError>, column: &str) -> Vec<String> {
    let Ok(Answer::Rows(rows)) = answer else {
        panic!("no rows but {answer:?}");
    };
    let at = rows.columns.iter().position(|found| found.name == column);
    let cell = |row: Vec<Option<String>>| row[at.unwrap()].clone().unwrap_or_default();
    rows.rows.into_iter().map(cell).collect()
}

#[test]
fn task_errors_of_an_unjournalled_state_are_lost_with_the_leader() {
    let mut cluster = three();
    let (second, mut session) = on(&cluster, 2);
    cluster.run("BACKUP SNAPSHOT shop.b TO repo");
    cluster.advance(9);
    cluster.sandbox.stall_transfers(Some("no space left"));
    cluster.advance(3);
    let job = cluster.record("SHOW BACKUP FROM shop");
    assert!(job["TaskErrMsg"].contains("no space left"), "{job:?}");
    cluster.sandbox.lead(2).unwrap();
    let mut show = |column| {
        cells(
            second.execute(&mut session, "SHOW BACKUP FROM shop"),
            column,
        )
    };
    assert_eq!(show("TaskErrMsg"), [""]);
    assert_eq!(show("State"), ["UPLOAD_SNAPSHOT"]);
    cluster.advance(6);
    assert!(show("TaskErrMsg")[0].contains("no space left"));
}

#[test]
fn a_session_ends_with_its_frontend() {
    let cluster = three();
    let (second, mut session) = on(&cluster, 2);
    cluster.sandbox.restart_frontend(2).unwrap();
    assert_eq!(
        second.execute(&mut session, "SELECT 1").unwrap_err().code,
        2013
    );
    let mut again = second.session("root");
    assert!(second.execute(&mut again, "SELECT 1").is_ok());
}

#[test]
fn frontends_are_told_only_what_they_can_do() {
    let cluster = three();
    let sandbox = &cluster.sandbox;
    assert_eq!(sandbox.frontend(4).err(), Some(FrontendError::Unknown(4)));
    assert_eq!(sandbox.lead(0), Err(FrontendError::Unknown(0)));
    assert_eq!(sandbox.start_frontend(2), Err(FrontendError::Running(2)));
    sandbox.stop_frontend(2).unwrap();
    assert_eq!(sandbox.stop_frontend(2), Err(FrontendError::Down(2)));
    assert_eq!(sandbox.lead(2), Err(FrontendError::Down(2)));
    sandbox.make_observer(3).unwrap();
    assert_eq!(sandbox.lead(3), Err(FrontendError::Observer(3)));
}

#[test]
fn replayed_journal_ids_tell_who_is_late() {
    let mut cluster = three();
    let lag = Duration::from_secs(60);
    cluster.sandbox.set_replay_lag(3, lag).unwrap();
    cluster.run("CREATE DATABASE late");
    let ids = |cluster: &mut Cluster| {
        let answer = cluster.try_run("SHOW FRONTENDS");
        let ids = cells(answer, "ReplayedJournalId");
        ids.iter()
            .map(|id| id.parse().unwrap())
            .collect::<Vec<u64>>()
    };
    let late = ids(&mut cluster);
    assert!(late[0] == late[1] && late[2] < late[1], "{late:?}");
    cluster.advance(60);
    let later = ids(&mut cluster);
    assert!(later[2] >= late[0], "{late:?} {later:?}");
}

#[test]
fn a_follower_never_goes_back_in_time() {
    let mut cluster = three();
    let (third, mut session) = on(&cluster, 3);
    let minute = Duration::from_secs(60);
    cluster.sandbox.set_replay_lag(3, minute).unwrap();
    cluster.run("INSERT INTO t VALUES (1)");
    let mut count = || {
        let answer = third.execute(&mut session, "SELECT count(*) AS n FROM shop.t");
        cells(answer, "n")
    };
    assert_eq!(count(), ["0"]);
    cluster.advance(60);
    assert_eq!(count(), ["1"]);
    cluster.sandbox.set_replay_lag(3, 10 * minute).unwrap();
    assert_eq!(count(), ["1"]);
    cluster.run("INSERT INTO t VALUES (2)");
    cluster.advance(60);
    // More than meta_delay_toleration_second would make the query go to the leader.
    assert_eq!(count(), ["1"]);
    cluster.sandbox.set_replay_lag(3, Duration::ZERO).unwrap();
    assert_eq!(count(), ["2"]);
}

#[test]
fn only_the_statement_that_was_meant_runs_twice() {
    let mut cluster = three();
    let (second, mut session) = on(&cluster, 2);
    cluster.sandbox.forward_next("VALUES (7)", Passage::Twice);
    for sql in [
        "INSERT INTO shop.t VALUES (6)",
        "INSERT INTO shop.t VALUES (7)",
        "INSERT INTO shop.t VALUES (7)",
    ] {
        second.execute(&mut session, sql).unwrap();
    }
    assert_eq!(
        cluster.rows("SELECT k FROM t ORDER BY k"),
        ["6", "7", "7", "7"]
    );
}
