//! Ordered faults: what statements, jobs and connections meet.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use starrocks_sandbox::engine::{Chance, Consequence, Effect, Sandbox, StatementFault};
use starrocks_sandbox::wire::serve;
use tokio::net::TcpListener;

use crate::harness::Cluster;

fn shop() -> Cluster {
    let mut cluster = Cluster::with_repository();
    cluster.run("CREATE TABLE a (k INT) DISTRIBUTED BY HASH(k) BUCKETS 1");
    cluster
}

#[test]
fn the_nth_statement_fails_after_it_took_effect() {
    let mut cluster = shop();
    cluster.run("SANDBOX ON '^insert' NTH 2 AFTER ERROR 1064 'HY000' 'gone'");
    cluster.run("INSERT INTO a VALUES (1)");
    assert_eq!(cluster.refuse("INSERT INTO a VALUES (2)").message, "gone");
    cluster.run("INSERT INTO a VALUES (3)");
    assert_eq!(cluster.rows("SELECT k FROM a ORDER BY k"), ["1", "2", "3"]);
}

#[test]
fn a_statement_fails_always_until_faults_are_cleared() {
    let mut cluster = shop();
    cluster.run("SANDBOX ON 'into a' ALWAYS ERROR 5064 '42000' 'never'");
    for _ in 0..3 {
        let error = cluster.refuse("INSERT INTO a VALUES (1)");
        assert_eq!((error.code, error.state), (5064, "42000"));
    }
    assert_eq!(cluster.rows("SANDBOX SHOW FAULTS").len(), 1);
    cluster.run("SANDBOX CLEAR FAULTS");
    assert!(cluster.rows("SANDBOX SHOW FAULTS").is_empty());
    cluster.run("INSERT INTO a VALUES (1)");
    assert_eq!(cluster.cell("SELECT COUNT(*) FROM a"), "1");
}

#[test]
fn what_is_ordered_is_listed_in_its_own_words_until_faults_are_cleared() {
    let mut cluster = Cluster::with(|options| options.frontends = 3);
    cluster.run("CREATE REPOSITORY repo WITH BROKER ON LOCATION 's3a://b/x'");
    for sql in [
        "SANDBOX ON 'select 9' NTH 2 ALWAYS RATE 30 SEED 5 DELAY '1s'",
        "SANDBOX ON '^insert' TIMES 3 AFTER ERROR 1064 'HY000' 'it''s gone'",
        "SANDBOX FORWARD NOWHERE 'create database'",
        "SANDBOX HIDE LEADER",
        "SANDBOX LAG FRONTEND 2 '9s'",
        "SANDBOX STOP FRONTEND 3",
        "SANDBOX REPOSITORY repo FULL 'no room'",
        "SANDBOX BACKEND 1 DEAD",
    ] {
        cluster.run(sql);
    }
    assert_eq!(
        cluster.rows("SANDBOX SHOW FAULTS"),
        [
            "STATEMENT|1: 'select 9' NTH 2 RATE 30 SEED 5 BEFORE DELAY '1s'|NULL|0",
            "STATEMENT|2: '^insert' AFTER ERROR 1064 'HY000' 'it''s gone'|3|0",
            "FORWARD|NOWHERE 'create database'|1|NULL",
            "LEADER|HIDDEN|NULL|NULL",
            "FRONTEND|2 LAG '9s'|NULL|NULL",
            "FRONTEND|3 STOPPED|NULL|NULL",
            "REPOSITORY|repo FULL 'no room'|NULL|NULL",
            "BACKEND|1 DEAD|NULL|NULL",
        ]
    );
    cluster.run("SANDBOX CLEAR FAULTS");
    assert_eq!(
        cluster.rows("SANDBOX SHOW FAULTS"),
        ["FRONTEND|3 STOPPED|NULL|NULL"]
    );
    cluster.run("CREATE DATABASE d");
    let second = cluster.sandbox.frontend(2).unwrap();
    let mut session = second.session("root");
    let answer = second.execute(&mut session, "CREATE DATABASE e");
    assert!(answer.is_ok(), "{answer:?}");
    assert!(
        cluster
            .rows("SHOW FRONTENDS")
            .iter()
            .any(|row| row.contains("|LEADER|"))
    );
}

#[test]
fn a_rate_hits_the_same_statements_for_the_same_seed() {
    let failures = |seed: u64| {
        let mut cluster = shop();
        cluster.sandbox.order_statement_fault(StatementFault {
            pattern: "^INSERT".to_owned(),
            nth: 1,
            times: None,
            chance: Some(Chance { percent: 50, seed }),
            effect: Effect::None,
            consequence: Consequence::Cut,
        });
        (0..32)
            .map(|number| {
                cluster
                    .try_run(&format!("INSERT INTO a VALUES ({number})"))
                    .is_err()
            })
            .collect::<Vec<bool>>()
    };
    assert_eq!(failures(1), failures(1));
    assert_ne!(failures(1), failures(2));
}

#[test]
fn a_delay_moves_a_manual_clock_and_what_falls_due() {
    let mut cluster = shop();
    cluster.run("BACKUP SNAPSHOT shop.x TO repo");
    cluster.run("SANDBOX ON '^insert' BEFORE DELAY '3s'");
    cluster.run("INSERT INTO a VALUES (1)");
    assert_eq!(cluster.record("SHOW BACKUP")["State"], "SNAPSHOTING");
}

#[test]
fn somebody_else_comes_between() {
    let mut cluster = shop();
    cluster.run("SANDBOX ON 'backup snapshot' BEFORE RUN 'BACKUP SNAPSHOT shop.theirs TO repo'");
    let error = cluster.refuse("BACKUP SNAPSHOT shop.ours TO repo");
    assert_eq!(
        error.message,
        "Can only run one backup or restore job of a database at same time"
    );
    cluster.run("SANDBOX INTRUDE 'CANCEL BACKUP FROM shop'");
    assert_eq!(cluster.record("SHOW BACKUP")["State"], "CANCELLED");
    assert!(
        cluster
            .try_run("SANDBOX INTRUDE 'CANCEL BACKUP FROM shop'")
            .is_err()
    );
}

#[test]
fn jobs_are_forgotten_and_held() {
    let mut cluster = shop();
    cluster.run("BACKUP SNAPSHOT shop.x TO repo");
    cluster.run("SANDBOX JOBS HOLD");
    cluster.advance(60);
    assert_eq!(cluster.record("SHOW BACKUP")["State"], "PENDING");
    cluster.run("SANDBOX JOBS RELEASE");
    cluster.advance(60);
    assert_eq!(cluster.record("SHOW BACKUP")["State"], "FINISHED");
    cluster.run("SANDBOX JOBS PURGE");
    assert!(cluster.rows("SHOW BACKUP").is_empty());
}

#[test]
fn a_cancelled_restore_may_leave_replaced_rows() {
    let mut cluster = shop();
    cluster.run("INSERT INTO a VALUES (1)");
    let timestamp = cluster.backup("x", "ON (a)");
    cluster.run("INSERT INTO a VALUES (2)");
    cluster.run(&format!(
        "RESTORE SNAPSHOT shop.x FROM repo ON (a) PROPERTIES ('backup_timestamp' = '{timestamp}')"
    ));
    cluster.run("SANDBOX TASKS MOVE STUCK");
    cluster.run("SANDBOX TICK 6");
    assert_eq!(cluster.record("SHOW RESTORE")["State"], "COMMITTING");
    let before = cluster.versions("a");
    cluster.run("CANCEL RESTORE FROM shop");
    assert_eq!(cluster.rows("SELECT k FROM a"), ["1"]);
    assert_eq!(cluster.versions("a"), before, "the version is the old one");
}

#[test]
fn help_lists_every_form_and_each_is_one() {
    let mut cluster = shop();
    let forms = cluster.rows("SANDBOX HELP");
    for word in [
        "ADVANCE",
        "TICK",
        "CLOCK",
        "ON ",
        "INTRUDE",
        "JOBS",
        "JOB ",
        "TASKS",
        "REPOSITORY",
        "BACKEND",
        "HAZARD",
        "SHOW FAULTS",
        "CLEAR FAULTS",
    ] {
        let form = format!("SANDBOX {word}");
        assert!(forms.iter().any(|row| row.starts_with(&form)), "{form}");
    }
    for sql in [
        "SANDBOX ON 'x' TIMES 2 RATE 10 SEED 4 AFTER CUT",
        "SANDBOX ON 'x' DELAY '2s'",
        "SANDBOX ON 'x' TOO MANY VERSIONS",
        "SANDBOX JOB VERSION MERGED",
        "SANDBOX JOB EXCEPTION 'boom'",
        "SANDBOX TASKS DOWNLOAD ROUNDS 2 BACKEND 1 STUCK",
        "SANDBOX TASKS DOWNLOAD OK",
        "SANDBOX REPOSITORY repo FULL",
        "SANDBOX REPOSITORY repo READ WRITE",
        "SANDBOX BACKEND 0 DEAD",
        "SANDBOX HAZARD OFF",
        "SANDBOX CLOCK '-10m'",
    ] {
        cluster.run(sql);
    }
    for sql in [
        "SANDBOX ON 'x'",
        "SANDBOX ON 'x' ERROR 1 'abcde' 'text'",
        "SANDBOX JOB",
        "SANDBOX TASKS UPLOAD",
        "SANDBOX REPOSITORY gone OK",
        "SANDBOX BACKEND 9 DEAD",
        "SANDBOX CLOCK 'soon'",
    ] {
        cluster.refuse(sql);
    }
}

async fn connection(port: u16) -> Conn {
    let options = OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(port)
        .user(Some("root"))
        .prefer_socket(false)
        .max_allowed_packet(Some(64 << 20))
        .wait_timeout(Some(28_800));
    Conn::new(options).await.unwrap()
}

async fn cut(sandbox: Sandbox, effect: &str) -> (bool, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(serve(listener, sandbox, std::future::pending::<()>()));
    let mut client = connection(port).await;
    client
        .query_drop(format!("SANDBOX ON '^create database' {effect} CUT"))
        .await
        .unwrap();
    let outcome = client.query_drop("CREATE DATABASE fresh").await;
    let lost = !matches!(outcome, Ok(()) | Err(mysql_async::Error::Server(_)));
    let databases = connection(port)
        .await
        .query("SHOW DATABASES LIKE 'fresh'")
        .await
        .unwrap();
    server.abort();
    (lost, databases)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_cut_before_or_after_the_effect() {
    let (lost, databases) = cut(shop().sandbox, "BEFORE").await;
    assert!(lost && databases.is_empty());
    let (lost, databases) = cut(shop().sandbox, "AFTER").await;
    assert!(lost);
    assert_eq!(databases, ["fresh"]);
}
