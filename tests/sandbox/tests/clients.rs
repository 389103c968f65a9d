//! Clients that are none of ours: MariaDB's command line, and Python's mysql-connector (`clients.py`), against the program as it is started.
//!
//! Whatever is not installed is left out, with a line on standard error. `BRD_CLIENTS_PYTHON` names a Python that has mysql-connector-python.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

const RELEASES: [&str; 2] = ["3.3", "3.5"];

/// The program, on a port of its own.
struct Running {
    child: Child,
    port: u16,
    _data: TempDir,
}

impl Running {
    fn start(release: &str, more: &[&str]) -> Running {
        let data = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_starrocks-sandbox"))
            .args(["--listen", "127.0.0.1:0", "--release", release])
            .args(["--manual-clock", "2026-03-10T12:00:00Z", "--data"])
            .arg(data.path())
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse().unwrap();
        Running {
            child,
            port,
            _data: data,
        }
    }

    fn mariadb(&self, more: &[&str], sql: &str) -> Output {
        Command::new("mariadb")
            .args(["--no-defaults", "--host=127.0.0.1", "--batch"])
            .args(["--skip-column-names", "--user=root"])
            .arg(format!("--port={}", self.port))
            .args(more)
            .arg(format!("--execute={sql}"))
            .output()
            .unwrap()
    }

    #[track_caller]
    fn rows(&self, more: &[&str], sql: &str) -> String {
        let output = self.mariadb(more, sql);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {complaint}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn refusal(&self, more: &[&str], sql: &str) -> String {
        let output = self.mariadb(more, sql);
        assert!(!output.status.success(), "{sql}");
        String::from_utf8(output.stderr).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where the program has ended by itself, and the test has then failed already.
        let _killed = self.child.kill();
        let _status = self.child.wait();
    }
}

fn has_mariadb() -> bool {
    let there = Command::new("mariadb").arg("--version").output().is_ok();
    if !there {
        eprintln!("LEFT OUT: the command mariadb is not installed");
    }
    there
}

/// A self-signed certificate and its key, for 127.0.0.1.
fn certificate(directory: &Path) -> [String; 2] {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (directory.join("certificate.pem"), directory.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    [certificate, key].map(|path| path.to_str().unwrap().to_owned())
}

#[test]
fn mariadb_logs_in_uses_a_database_and_tells_refusals() {
    if !has_mariadb() {
        return;
    }
    for release in RELEASES {
        let sandbox = Running::start(release, &[]);
        let script = "CREATE DATABASE shop; USE shop;
            CREATE TABLE t (k INT NOT NULL, v STRING) PRIMARY KEY (k) DISTRIBUTED BY HASH (k);
            INSERT INTO t VALUES (1, 'one'), (2, NULL); SELECT * FROM t ORDER BY k; SELECT DATABASE()";
        assert_eq!(sandbox.rows(&[], script), "1\tone\n2\tNULL\nshop\n");
        // Completion of names asks for the fields of every table.
        let completing = ["--auto-rehash", "--database=shop"];
        assert_eq!(sandbox.rows(&completing, "SELECT 1"), "1\n");
        let refused = sandbox.refusal(&["--database=nowhere"], "SELECT 1");
        assert!(refused.contains("ERROR 5501 (3F000)"), "{refused}");
        let refused = sandbox.refusal(&["--password=wrong"], "SELECT 1");
        assert!(
            refused.contains(
                "ERROR 1045 (28000): Access denied for user 'root' (using password: YES)"
            ),
            "{refused}"
        );
        let refused = sandbox.refusal(&["--database=shop"], "SELECT * FROM missing");
        assert!(
            refused.contains("ERROR 5502 (42602) at line 1"),
            "{refused}"
        );
        let refused = sandbox.refusal(&[], "SELEC 1");
        assert!(refused.contains("ERROR 1064 (HY000)"), "{refused}");
    }
}

#[test]
fn mariadb_shows_everything_there_is_to_show() {
    if !has_mariadb() {
        return;
    }
    for release in RELEASES {
        let sandbox = Running::start(release, &[]);
        let script = "CREATE DATABASE shop; CREATE TABLE shop.t (k INT) DISTRIBUTED BY HASH (k);
            CREATE REPOSITORY repo WITH BROKER ON LOCATION 's3a://b/x';
            BACKUP SNAPSHOT shop.full1 TO repo; SANDBOX ADVANCE '30s'";
        sandbox.rows(&[], script);
        for (statement, among) in [
            ("SHOW DATABASES", "shop"),
            ("SHOW TABLES FROM shop", "t"),
            ("SHOW FULL TABLES FROM shop", "BASE TABLE"),
            ("SHOW CREATE TABLE shop.t", "DUPLICATE KEY"),
            ("SHOW PARTITIONS FROM shop.t", "NORMAL"),
            ("DESC shop.t", "int"),
            ("SHOW BACKUP FROM shop", "FINISHED"),
            ("SHOW RESTORE FROM shop", ""),
            ("SHOW SNAPSHOT ON repo", "full1"),
            ("SHOW REPOSITORIES", "s3a://b/x"),
            ("SHOW FRONTENDS", "LEADER"),
            ("SHOW BACKENDS", "true"),
            ("SHOW COMPUTE NODES", ""),
            ("SHOW VARIABLES LIKE 'time_zone'", "UTC"),
            ("SHOW GLOBAL VARIABLES LIKE 'wait_timeout'", "28800"),
            ("SHOW PROCESSLIST", "root"),
            ("SHOW FULL PROCESSLIST", "root"),
            ("SHOW DATA FROM shop.t", "Total"),
            ("SHOW WARNINGS", ""),
            (
                "ADMIN SHOW FRONTEND CONFIG LIKE 'run_mode'",
                "shared_nothing",
            ),
        ] {
            let shown = sandbox.rows(&[], statement);
            assert!(shown.contains(among), "{release}, {statement}: {shown}");
        }
    }
}

#[test]
fn mariadb_speaks_tls_where_it_is_configured() {
    if !has_mariadb() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let [certificate, key] = certificate(directory.path());
    let tls = ["--tls-certificate", &certificate, "--tls-key", &key];
    let sandbox = Running::start("3.5", &tls);
    let authority = format!("--ssl-ca={certificate}");
    let status = sandbox.rows(&[&authority, "--ssl-verify-server-cert"], "status");
    assert!(status.contains("Cipher in use is TLS"), "{status}");
    let plain = sandbox.rows(&["--skip-ssl"], "status");
    assert!(plain.contains("Not in use"), "{plain}");
}

#[test]
fn the_connector_of_python_goes_through_its_paces() {
    let Some(python) = std::env::var_os("BRD_CLIENTS_PYTHON") else {
        eprintln!("LEFT OUT: BRD_CLIENTS_PYTHON names no Python with mysql-connector-python");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients.py");
    let directory = tempfile::tempdir().unwrap();
    let [certificate, key] = certificate(directory.path());
    let tls = ["--tls-certificate", &certificate, "--tls-key", &key];
    for release in RELEASES {
        for secure in [false, true] {
            let sandbox = Running::start(release, if secure { &tls } else { &[] });
            let output = Command::new(&python)
                .arg(&script)
                .args([&sandbox.port.to_string(), release])
                .args(secure.then_some(&certificate))
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert_eq!(said, "done\n", "{release}, TLS {secure}: {complaint}");
        }
    }
}
