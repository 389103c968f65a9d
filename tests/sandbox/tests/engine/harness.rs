//! A sandbox with a manual clock, and short ways to ask it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use starrocks_sandbox::answer::{Answer, Done, ResultSet, SqlError};
use starrocks_sandbox::engine::{Clock, Options, Sandbox, Session};
use tempfile::TempDir;

/// 2026-03-10 12:00:00 UTC, a Tuesday.
pub fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 10, 12, 0, 0).unwrap()
}

pub struct Cluster {
    pub sandbox: Sandbox,
    pub session: Session,
    pub data: TempDir,
}

impl Cluster {
    pub fn new() -> Cluster {
        Cluster::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Options)) -> Cluster {
        let data = tempfile::tempdir().unwrap();
        let sandbox = open(data.path(), change);
        let session = sandbox.session("root");
        Cluster {
            sandbox,
            session,
            data,
        }
    }

    /// With database `shop` and repository `repo`.
    pub fn with_repository() -> Cluster {
        let mut cluster = Cluster::new();
        cluster.run("CREATE REPOSITORY repo WITH BROKER ON LOCATION 's3a://bucket/backups/' PROPERTIES ('aws.s3.region' = 'x')");
        cluster.run("CREATE DATABASE shop");
        cluster.run("USE shop");
        cluster
    }

    pub fn try_run(&mut self, sql: &str) -> Result<Answer, SqlError> {
        self.sandbox.execute(&mut self.session, sql)
    }

    pub fn run(&mut self, sql: &str) -> Answer {
        self.try_run(sql)
            .unwrap_or_else(|error| panic!("{error}\nin {sql}"))
    }

    pub fn done(&mut self, sql: &str) -> Done {
        match self.run(sql) {
            Answer::Done(done) => done,
            Answer::Rows(rows) => panic!("rows {rows:?}\nof {sql}"),
        }
    }

    pub fn refuse(&mut self, sql: &str) -> SqlError {
        match self.try_run(sql) {
            Err(error) => error,
            Ok(answer) => panic!("accepted with {answer:?}\n{sql}"),
        }
    }

    pub fn result(&mut self, sql: &str) -> ResultSet {
        match self.run(sql) {
            Answer::Rows(rows) => rows,
            Answer::Done(done) => panic!("{done:?}\nof {sql}"),
        }
    }

    /// Rows as text, cells joined by `|`, NULL spelled out.
    pub fn rows(&mut self, sql: &str) -> Vec<String> {
        let cell = |cell: Option<String>| cell.unwrap_or_else(|| "NULL".to_owned());
        self.result(sql)
            .rows
            .into_iter()
            .map(|row| row.into_iter().map(cell).collect::<Vec<_>>().join("|"))
            .collect()
    }

    /// The only cell of the only row.
    pub fn cell(&mut self, sql: &str) -> String {
        let rows = self.rows(sql);
        assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
        rows.into_iter().next().unwrap()
    }

    /// The only row, by column name; NULL is absent.
    pub fn record(&mut self, sql: &str) -> BTreeMap<String, String> {
        let mut result = self.result(sql);
        assert_eq!(result.rows.len(), 1, "{sql}: {:?}", result.rows);
        let row = result.rows.remove(0);
        let names = result.columns.into_iter().map(|column| column.name);
        names
            .zip(row)
            .filter_map(|(name, cell)| Some((name, cell?)))
            .collect()
    }

    pub fn advance(&self, seconds: u64) {
        self.sandbox.advance(Duration::from_secs(seconds));
    }

    /// Lets a BACKUP or RESTORE run to its end: seven ticks.
    pub fn finish_job(&self) {
        self.advance(21);
    }

    /// Backs up with the given ON clause, and returns the snapshot's timestamp.
    pub fn backup(&mut self, label: &str, on: &str) -> String {
        self.run(&format!("BACKUP SNAPSHOT shop.{label} TO repo {on}"));
        self.finish_job();
        let job = self.record("SHOW BACKUP FROM shop");
        assert_eq!(job["State"], "FINISHED", "{job:?}");
        self.timestamp(label)
    }

    pub fn timestamp(&mut self, label: &str) -> String {
        let snapshot = self.record(&format!("SHOW SNAPSHOT ON repo WHERE SNAPSHOT = '{label}'"));
        assert_eq!(snapshot["Status"], "OK");
        snapshot["Timestamp"].clone()
    }

    /// Restores with the given ON clause; the job's row of SHOW RESTORE.
    pub fn restore(&mut self, database: &str, label: &str, on: &str) -> BTreeMap<String, String> {
        let timestamp = self.timestamp(label);
        self.run(&format!(
            "RESTORE SNAPSHOT {database}.{label} FROM repo {on} PROPERTIES ('backup_timestamp' = '{timestamp}', 'replication_num' = '3')"
        ));
        self.finish_job();
        self.record(&format!("SHOW RESTORE FROM {database}"))
    }

    /// (physical partition id, visible version) by partition name.
    pub fn versions(&mut self, table: &str) -> BTreeMap<String, (u64, u64)> {
        let sql = format!(
            "SELECT PARTITION_NAME, PARTITION_ID, VISIBLE_VERSION FROM information_schema.partitions_meta WHERE TABLE_NAME = '{table}' AND IS_TEMP = 0"
        );
        let parse = |cell: &Option<String>| cell.as_ref().unwrap().parse().unwrap();
        self.result(&sql)
            .rows
            .iter()
            .map(|row| (row[0].clone().unwrap(), (parse(&row[1]), parse(&row[2]))))
            .collect()
    }
}

pub fn open(data: &std::path::Path, change: impl FnOnce(&mut Options)) -> Sandbox {
    let mut options = Options {
        clock: Clock::Manual(start()),
        ..Options::new(data)
    };
    change(&mut options);
    Sandbox::open(options).unwrap()
}
