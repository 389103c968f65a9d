//! The program as an operator starts it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};

fn sandbox(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_starrocks-sandbox"));
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A running program and the port it said it listens on.
struct Running {
    child: Child,
    port: u16,
}

impl Running {
    fn start(arguments: &[&str]) -> Running {
        Running::start_all(arguments, 1).0
    }

    /// With the ports of all its frontends, the leader's first.
    fn start_all(arguments: &[&str], frontends: usize) -> (Running, Vec<u16>) {
        let mut child = sandbox(&["--listen", "127.0.0.1:0"])
            .args(arguments)
            .spawn()
            .unwrap();
        let ports: Vec<u16> = BufReader::new(child.stdout.as_mut().unwrap())
            .lines()
            .take(frontends)
            .map(|line| {
                let line = line.unwrap();
                let port = line.strip_prefix("listening on 127.0.0.1:");
                port.unwrap_or_else(|| panic!("it said {line:?}"))
                    .parse()
                    .unwrap()
            })
            .collect();
        let port = ports[0];
        (Running { child, port }, ports)
    }

    fn options(port: u16) -> OptsBuilder {
        OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(port)
            .user(Some("root"))
            .prefer_socket(false)
            .max_allowed_packet(Some(64 << 20))
            .wait_timeout(Some(28_800))
    }

    async fn connect(&self) -> Conn {
        Conn::new(Running::options(self.port)).await.unwrap()
    }

    /// Sends a signal, waits for the end, and returns whether it was a clean one and what was logged.
    fn end(mut self, signal: &str) -> (bool, String) {
        Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .unwrap();
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        (self.child.wait().unwrap().success(), log)
    }
}

impl Drop for Running {
    /// A failed test leaves no program behind; one that has ended already is past killing.
    fn drop(&mut self) {
        drop(self.child.kill());
    }
}

fn refused(arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = sandbox(arguments).output().unwrap();
    assert_eq!((status.code(), stdout.as_slice()), (Some(1), &b""[..]));
    String::from_utf8(stderr).unwrap()
}

fn written(directory: &Path, text: &str) -> String {
    let file = directory.join("init.sql");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_what_the_init_file_made_and_ends_on_a_signal() {
    let directory = tempfile::tempdir().unwrap();
    let init = written(
        directory.path(),
        "-- a table;\nCREATE DATABASE sales;\nUSE sales;\nCREATE TABLE t (a INT) PROPERTIES ('replication_num' = '1');\nINSERT INTO t VALUES (1), (2)",
    );
    let data = directory.path().join("data");
    let program = Running::start(&[
        "--data",
        data.to_str().unwrap(),
        "--tick",
        "50ms",
        "--init",
        &init,
        "--verbose",
    ]);
    let mut conn = program.connect().await;
    let rows: Vec<i64> = conn
        .query("SELECT a FROM sales.t ORDER BY a")
        .await
        .unwrap();
    assert_eq!(rows, [1, 2]);
    let (clean, log) = program.end("-TERM");
    assert!(clean);
    assert!(log.contains("SELECT a FROM sales.t ORDER BY a"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_frontend_has_a_port_that_show_frontends_names() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let (program, ports) = Running::start_all(&["--data", data, "--frontends", "3"], 3);
    let mut conn = program.connect().await;
    let rows: Vec<mysql_async::Row> = conn.query("SHOW FRONTENDS").await.unwrap();
    let shown: Vec<(String, String)> = rows
        .iter()
        .map(|row| (row.get("QueryPort").unwrap(), row.get("Role").unwrap()))
        .collect();
    let roles = ["LEADER", "FOLLOWER", "FOLLOWER"];
    let expected: Vec<(String, String)> = ports
        .iter()
        .zip(roles)
        .map(|(port, role)| (port.to_string(), role.to_owned()))
        .collect();
    assert_eq!(shown, expected);
    let last = Running::options(ports[2]);
    let mut last = Conn::new(last).await.unwrap();
    last.query_drop("CREATE DATABASE d").await.unwrap();
    let found: Vec<String> = conn.query("SHOW DATABASES LIKE 'd'").await.unwrap();
    assert_eq!(found, ["d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupting_it_is_a_clean_end_too() {
    let directory = tempfile::tempdir().unwrap();
    let program = Running::start(&["--data", directory.path().to_str().unwrap()]);
    program.connect().await.ping().await.unwrap();
    assert_eq!(program.end("-INT"), (true, String::new()));
}

#[test]
fn a_failing_init_statement_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let init = written(
        directory.path(),
        "CREATE DATABASE a;\n\nDROP TABLE a.nowhere;\nSYNC",
    );
    let data = directory.path().join("data");
    let message = refused(&[
        "--listen",
        "127.0.0.1:0",
        "--data",
        data.to_str().unwrap(),
        "--init",
        &init,
    ]);
    assert!(
        message.contains("init.sql: statement 2 failed: DROP TABLE a.nowhere: ERROR "),
        "{message}"
    );
}

#[test]
fn unusable_places_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = directory.path().join("data");
    let message = refused(&["--listen", &address, "--data", data.to_str().unwrap()]);
    assert!(
        message.contains(&format!("cannot listen on {address}")),
        "{message}"
    );
    let file = written(directory.path(), "");
    let message = refused(&["--listen", "127.0.0.1:0", "--data", &file]);
    assert!(
        message.contains(&format!("failed to create the data directory {file}")),
        "{message}"
    );
    let message = refused(&[
        "--listen",
        "127.0.0.1:0",
        "--data",
        data.to_str().unwrap(),
        "--init",
        "/nonexistent.sql",
    ]);
    assert!(
        message.contains("cannot read /nonexistent.sql"),
        "{message}"
    );
}
