//! What the sandbox costs in process, under a manual clock, on one core: statements, and a BACKUP of a thousand partitions from the statement to
//! FINISHED. `cargo bench -p starrocks-sandbox`; about half a minute.

use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use starrocks_sandbox::answer::Answer;
use starrocks_sandbox::engine::{Clock, Options, Sandbox, Session};
use tempfile::TempDir;

const PARTITIONS: usize = 1000;

/// Every job step falls into this.
const JOB: Duration = Duration::from_secs(30);

struct Cluster {
    sandbox: Sandbox,
    session: Session,
    _data: TempDir,
}

impl Cluster {
    fn new() -> Cluster {
        let data = tempfile::tempdir().expect("a temporary directory");
        let options = Options {
            clock: Clock::Manual(start()),
            ..Options::new(data.path())
        };
        let sandbox = Sandbox::open(options).expect("a sandbox opens in an empty directory");
        let session = sandbox.session("root");
        let mut cluster = Cluster {
            sandbox,
            session,
            _data: data,
        };
        for sql in [
            "CREATE REPOSITORY repo WITH BROKER ON LOCATION 's3a://bucket/backups'",
            "CREATE DATABASE ops",
            "USE ops",
            "CREATE TABLE run_status (scope STRING NOT NULL, label STRING NOT NULL, state STRING NOT NULL DEFAULT 'ACTIVE', heartbeat_ms BIGINT, \
             started_at DATETIME DEFAULT CURRENT_TIMESTAMP) PRIMARY KEY (scope, label) DISTRIBUTED BY HASH (scope)",
            "CREATE TABLE sales (day DATE NOT NULL, id BIGINT NOT NULL, note STRING) UNIQUE KEY (day, id) PARTITION BY RANGE (day) \
             (START ('2020-01-01') END ('2022-09-27') EVERY (INTERVAL 1 DAY)) DISTRIBUTED BY HASH (id)",
        ] {
            cluster.run(sql);
        }
        cluster
    }

    fn run(&mut self, sql: &str) -> Answer {
        self.sandbox
            .execute(&mut self.session, sql)
            .unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// A row in every partition.
    fn fill_sales(&mut self) {
        let rows: Vec<String> = first_day()
            .iter_days()
            .take(PARTITIONS)
            .map(|day| format!("('{day}', 1, 'a row that changes now and then')"))
            .collect();
        self.run(&format!("INSERT INTO sales VALUES {}", rows.join(", ")));
    }
}

fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 10, 12, 0, 0)
        .single()
        .expect("a moment in UTC")
}

fn statements(criterion: &mut Criterion) {
    let mut cluster = Cluster::new();
    for row in 0..100 {
        cluster.run(&format!(
            "INSERT INTO run_status (scope, label, heartbeat_ms) VALUES ('backup', 'label_{row}', {row})"
        ));
    }
    let mut group = criterion.benchmark_group("statement");
    group.throughput(Throughput::Elements(1));
    for (name, sql) in [
        ("select 1", "SELECT 1"),
        (
            "select by key",
            "SELECT state FROM run_status WHERE scope = 'backup' AND label = 'label_7'",
        ),
        ("show backup", "SHOW BACKUP FROM ops"),
        ("set", "SET time_zone = '+00:00'"),
        (
            "insert one row",
            "INSERT INTO run_status (scope, label, heartbeat_ms) VALUES ('backup', 'label_8', 8)",
        ),
        (
            "update",
            "UPDATE run_status SET heartbeat_ms = 9 WHERE scope = 'backup' AND label = 'label_9'",
        ),
        (
            "select ordered",
            "SELECT label, state, heartbeat_ms FROM run_status WHERE scope = 'backup' AND state = 'ACTIVE' ORDER BY started_at DESC LIMIT 5",
        ),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(cluster.run(sql)));
        });
    }
    // Never the same text twice: what the statement cache cannot help with.
    let mut number = 0_u64;
    group.bench_function("select by key, always another text", |bencher| {
        bencher.iter(|| {
            number += 1;
            black_box(cluster.run(&format!(
                "SELECT state FROM run_status WHERE scope = 'backup' AND label = 'label_{number}'"
            )))
        });
    });
    group.bench_function("insert one row, always another text", |bencher| {
        bencher.iter(|| {
            number += 1;
            black_box(cluster.run(&format!(
                "INSERT INTO run_status (scope, label, heartbeat_ms) VALUES ('backup', 'label_{}', {number})",
                number % 100
            )))
        });
    });
    group.bench_function("update, always another text", |bencher| {
        bencher.iter(|| {
            number += 1;
            black_box(cluster.run(&format!(
                "UPDATE run_status SET heartbeat_ms = {number} WHERE scope = 'backup' AND label = 'label_{}'",
                number % 100
            )))
        });
    });
    group.finish();
}

fn backup(criterion: &mut Criterion) {
    let mut cluster = Cluster::new();
    cluster.fill_sales();
    let mut group = criterion.benchmark_group("backup of 1000 partitions");
    group.throughput(Throughput::Elements(PARTITIONS as u64));
    let mut number = 0;
    let mut back_up = |cluster: &mut Cluster| {
        number += 1;
        let started = Instant::now();
        cluster.run(&format!(
            "BACKUP SNAPSHOT ops.label_{number} TO repo ON (sales)"
        ));
        cluster.sandbox.advance(JOB);
        let taken = started.elapsed();
        let Answer::Rows(jobs) = cluster.run("SHOW BACKUP FROM ops") else {
            panic!("SHOW BACKUP answers with rows");
        };
        assert_eq!(jobs.rows[0][3].as_deref(), Some("FINISHED"));
        taken
    };
    group.bench_function("all of them changed", |bencher| {
        bencher.iter_custom(|times| {
            let one = |_| {
                cluster.fill_sales();
                back_up(&mut cluster)
            };
            (0..times).map(one).sum()
        });
    });
    group.bench_function("none of them changed", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| back_up(&mut cluster)).sum());
    });
    group.finish();
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day of the calendar")
}

criterion_group! {
    name = speed;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .without_plots();
    targets = statements, backup
}
criterion_main!(speed);
