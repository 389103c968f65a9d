//! A cluster in this process behind a real TCP port, a real `brd`, a real `brctl`, and a folder that goes when the test does.
//!
//! Nothing here sleeps: a test waits for a line of the daemon's log, or for a command to end.

use std::env::VarError;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use starrocks_sandbox::answer::Answer;
use starrocks_sandbox::engine::{Options, Sandbox};
use starrocks_sandbox::release::Release;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Longer than anything here takes on a busy machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two steps of a job. StarRocks takes 3 s.
const TICK: Duration = Duration::from_millis(40);

/// The release that tests play on which ask for none: `BRD_SUITE_RELEASE`, or 3.5.
pub fn suite_release() -> Release {
    match std::env::var("BRD_SUITE_RELEASE") {
        Ok(name) => name
            .parse()
            .unwrap_or_else(|error| panic!("BRD_SUITE_RELEASE: {error}")),
        Err(VarError::NotPresent) => Release::V3_5,
        Err(error) => panic!("BRD_SUITE_RELEASE: {error}"),
    }
}

/// That release, or 3.5 where it has DROP SNAPSHOT: for what is told to a person as long as there is no such statement.
pub fn release_without_drop() -> Release {
    let release = suite_release();
    if release.drops_snapshots() {
        Release::V3_5
    } else {
        release
    }
}

pub struct World {
    pub sandbox: Sandbox,
    pub folder: TempDir,
    pub port: u16,
    /// Of each frontend; `port` is the first one's.
    pub ports: Vec<u16>,
    /// For the daemon's environment.
    pub environment: Vec<(&'static str, std::ffi::OsString)>,
    daemon: Option<Daemon>,
    ticker: Option<JoinHandle<()>>,
    runtime: Runtime,
}

struct Daemon {
    process: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    /// Lines before this one were waited for already.
    cursor: usize,
}

/// What a command answered.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    #[track_caller]
    pub fn ok(self) -> Said {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    /// Ended with `code`, and said all of `parts` on stderr.
    #[track_caller]
    pub fn refused(self, code: i32, parts: &[&str]) -> Said {
        assert_eq!(self.code, code, "{self:#?}");
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not in {self:#?}");
        }
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

impl World {
    /// A cluster with the repository `nightly`, and no daemon yet.
    pub fn new() -> World {
        World::of_release(suite_release())
    }

    pub fn of_release(release: Release) -> World {
        World::open(release, 1)
    }

    /// Each frontend on a port of its own; the first one leads. `settings` names the first one only.
    pub fn open(release: Release, frontends: usize) -> World {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            release,
            frontends,
            ..Options::new(folder.path().join("cluster"))
        };
        World::open_in(folder, options)
    }

    /// A new cluster that reaches the storage of one that is gone: what [`World::lose`] left.
    pub fn after(lost: &TempDir, release: Release) -> World {
        let options = Options {
            release,
            cluster_id: 1_764_000_000,
            ..Options::new(lost.path().join("cluster"))
        };
        World::open_in(tempfile::tempdir().unwrap(), options)
    }

    /// The cluster is gone, with all that was in it, and so is the daemon. What is left is the storage of its repositories, and the files
    /// of the daemon's host.
    pub fn lose(mut self) -> TempDir {
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    fn open_in(folder: TempDir, options: Options) -> World {
        let frontends = options.frontends;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listeners: Vec<TcpListener> = (0..frontends)
            .map(|_| runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap())
            .collect();
        let ports: Vec<u16> = listeners
            .iter()
            .map(|listener| listener.local_addr().unwrap().port())
            .collect();
        let options = Options {
            tick: TICK,
            query_port: ports[0],
            ..options
        };
        let sandbox = Sandbox::open(options).unwrap();
        for (number, listener) in (1..).zip(listeners) {
            let frontend = sandbox.frontend(number).unwrap();
            frontend.listens_on(listener.local_addr().unwrap());
            runtime.spawn(starrocks_sandbox::wire::serve(
                listener,
                frontend,
                std::future::pending(),
            ));
        }
        let mut world = World {
            sandbox,
            folder,
            port: ports[0],
            ports,
            environment: Vec::new(),
            daemon: None,
            ticker: None,
            runtime,
        };
        world.start_ticking();
        world.sql("CREATE REPOSITORY nightly WITH BROKER ON LOCATION 's3a://bucket/backups'");
        world.write("brd.toml", &world.settings("repository = \"nightly\""));
        world.write(
            "schedule.toml",
            "version = 1\n[group.daily]\nfull = \"0 1 1 1 *\"\nincremental = \"0 1 2 1 *\"\n",
        );
        world
    }

    /// As [`World::new`], with a running daemon, the ops tables, and the group `daily` = every table of `sales`.
    pub fn with_sales() -> World {
        World::with_sales_of(suite_release())
    }

    pub fn with_sales_of(release: Release) -> World {
        let mut world = World::of_release(release);
        world.put_sales();
        world.start();
        world.brctl(&["init"]).ok();
        world.put_in_group("daily", "sales", "*");
        world
    }

    /// After each run brd backs up `ops` too, in what follows the next start.
    pub fn keep_ops_safe(&self, more: &str) {
        let settings = self.settings("repository = \"nightly\"");
        let safe = format!("backup = \"after-each-run\"\n{more}");
        self.write("brd.toml", &settings.replace("backup = \"never\"", &safe));
    }

    /// As [`World::with_sales`], with `ops` kept safe.
    pub fn with_safe_ops(release: Release, more: &str) -> World {
        let mut world = World::of_release(release);
        world.put_sales();
        world.keep_ops_safe(more);
        world.start();
        world.brctl(&["init"]).ok();
        world.put_in_group("daily", "sales", "*");
        world
    }

    pub fn put_sales(&self) {
        let world = self;
        world.sql("CREATE DATABASE sales");
        world.sql(
            "CREATE TABLE sales.orders (day DATE NOT NULL, id BIGINT NOT NULL, amount DECIMAL(10,2), note VARCHAR(40)) \
             DUPLICATE KEY(day, id) PARTITION BY RANGE(day) \
             (PARTITION p1 VALUES LESS THAN ('2026-01-02'), PARTITION p2 VALUES LESS THAN ('2026-01-03'), \
              PARTITION p3 VALUES LESS THAN ('2026-01-04')) DISTRIBUTED BY HASH(id) BUCKETS 2",
        );
        world.sql("CREATE TABLE sales.customers (id BIGINT NOT NULL, name STRING) PRIMARY KEY(id) DISTRIBUTED BY HASH(id)");
        world.sql(
            "INSERT INTO sales.orders VALUES ('2026-01-01', 1, 1.50, 'a'), ('2026-01-02', 2, 2.50, NULL), \
             ('2026-01-03', 3, 3.50, 'it''s'), ('2026-01-03', 3, 3.50, 'it''s')",
        );
        world.sql("INSERT INTO sales.customers VALUES (1, 'x'), (2, 'y')");
    }

    /// Jobs move by themselves.
    pub fn start_ticking(&mut self) {
        let _inside = self.runtime.enter();
        self.ticker = Some(self.sandbox.spawn_ticker());
    }

    /// Jobs move when the test calls `sandbox.tick()`.
    pub fn stop_ticking(&mut self) {
        if let Some(ticker) = self.ticker.take() {
            ticker.abort();
            // Aborted is how it ends.
            let _ended = self.runtime.block_on(ticker);
        }
    }

    pub fn settings(&self, cluster: &str) -> String {
        format!(
            "version = 1\nschedule = \"schedule.toml\"\n[cluster]\nfrontends = [\"127.0.0.1:{}\"]\nuser = \"root\"\n{cluster}\n\
             connect-timeout = \"2s\"\n[control]\nsocket = \"{}\"\n[ops]\nbackup = \"never\"\nmirror-directory = \"{}\"\n\
             [jobs]\npoll-interval = \"100ms\"\n",
            self.port,
            self.socket().display(),
            self.folder.path().display()
        )
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("brd.sock")
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[track_caller]
    pub fn sql(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let mut session = self.sandbox.session("root");
        match self.sandbox.execute(&mut session, sql) {
            Ok(Answer::Rows(set)) => set.rows,
            Ok(Answer::Done(_)) => Vec::new(),
            Err(error) => panic!("{sql}: {error}"),
        }
    }

    /// The first cell.
    #[track_caller]
    pub fn cell(&self, sql: &str) -> String {
        self.sql(sql)
            .first()
            .and_then(|row| row[0].clone())
            .unwrap_or_else(|| panic!("{sql}: no value"))
    }

    /// Every row of a table, in order.
    #[track_caller]
    pub fn rows(&self, table: &str) -> Vec<Vec<Option<String>>> {
        let mut rows = self.sql(&format!("SELECT * FROM {table}"));
        rows.sort();
        rows
    }

    pub fn put_in_group(&self, group: &str, database: &str, table: &str) {
        self.sql(&format!(
            "INSERT INTO ops.table_inventory (inventory_group, database_name, table_name) VALUES ('{group}', '{database}', '{table}')"
        ));
    }

    /// Starts `brd` and waits until it listens.
    #[track_caller]
    pub fn start(&mut self) {
        let said = self.try_start();
        assert!(said.is_none(), "{said:#?}");
    }

    /// `None`: it runs. Otherwise what it ended with.
    #[track_caller]
    pub fn try_start(&mut self) -> Option<Said> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_brd"))
            .arg("--config")
            .arg(self.folder.path().join("brd.toml"))
            .env_remove("CREDENTIALS_DIRECTORY")
            .env_remove("NOTIFY_SOCKET")
            .env_remove("STARROCKS_PASSWORD")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = process.stderr.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut daemon = Daemon {
            process,
            lines,
            seen: Vec::new(),
            cursor: 0,
        };
        let listens = daemon.wait(|line| line.contains("listening"));
        if listens {
            // What it said before it listened may be waited for too.
            daemon.cursor = 0;
            self.daemon = Some(daemon);
            return None;
        }
        let code = daemon.process.wait().unwrap().code().unwrap_or(-1);
        Some(Said {
            code,
            stdout: String::new(),
            stderr: daemon.seen.join("\n"),
        })
    }

    /// Until the daemon's log has a line with all of `parts`, counting from the last line waited for.
    #[track_caller]
    pub fn wait_for_log(&mut self, parts: &[&str]) -> String {
        let daemon = self.daemon.as_mut().expect("a daemon runs");
        let found = daemon.wait(|line| parts.iter().all(|part| line.contains(part)));
        assert!(
            found,
            "no line with {parts:?} in:\n{}",
            daemon.seen.join("\n")
        );
        daemon.seen[daemon.cursor - 1].clone()
    }

    /// The next line of the log; `None` when the daemon has ended.
    pub fn next_log_line(&mut self) -> Option<String> {
        let daemon = self.daemon.as_mut().expect("a daemon runs");
        daemon.lines.recv_timeout(PATIENCE).ok()
    }

    pub fn signal(&self, name: &str) {
        let pid = self.daemon.as_ref().expect("a daemon runs").process.id();
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(pid.to_string())
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let mut daemon = self.daemon.take().expect("a daemon runs");
        daemon.process.kill().unwrap();
        daemon.process.wait().unwrap();
    }

    /// Until the daemon has ended by itself; its exit code.
    pub fn wait_for_end(&mut self) -> i32 {
        let mut daemon = self.daemon.take().expect("a daemon runs");
        // Reads until the pipe closes, so that the daemon never blocks on a full one.
        daemon.wait(|_| false);
        daemon.process.wait().unwrap().code().unwrap_or(-1)
    }

    #[track_caller]
    pub fn brctl(&self, arguments: &[&str]) -> Said {
        let output = self.brctl_command(arguments).output().unwrap();
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// A full backup that stands still before its cut, and the `brctl` that watches it. `hold_jobs(false)` lets it go on.
    pub fn begin_held_backup(&mut self) -> Child {
        self.sandbox.hold_jobs(true);
        let watching = self
            .brctl_command(&["backup", "full", "--group", "daily"])
            .spawn()
            .unwrap();
        self.wait_for_log(&["wait for the cut"]);
        watching
    }

    /// Until `brctl status` says `part`. The daemon looks at the cluster when its bell rings, once a second.
    #[track_caller]
    pub fn wait_for_status(&self, part: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = self.brctl(&["status"]).ok();
            if said.stdout.contains(part) {
                return;
            }
            assert!(Instant::now() < deadline, "{part:?} is not in {said:#?}");
        }
    }

    /// Until it holds, asking the daemon how it is in between.
    #[track_caller]
    pub fn wait_for_status_where(&self, holds: impl Fn(&World) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            let said = self.brctl(&["jobs"]).ok();
            assert!(Instant::now() < deadline, "{said:#?}");
        }
    }

    pub fn brctl_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brctl"));
        command
            .arg("--socket")
            .arg(self.socket())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// Takes a backup and gives its label.
    #[track_caller]
    pub fn back_up(&self, kind: &str) -> String {
        let before = self.labels();
        self.brctl(&["backup", kind, "--group", "daily"]).ok();
        let mut new: Vec<String> = self
            .labels()
            .into_iter()
            .filter(|label| !before.contains(label))
            .collect();
        assert_eq!(new.len(), 1, "{new:?}");
        new.remove(0)
    }

    fn labels(&self) -> Vec<String> {
        self.sql(
            "SELECT label FROM ops.backup_history WHERE COALESCE(inventory_group, '') <> 'brd_ops'",
        )
        .into_iter()
        .map(|row| row[0].clone().unwrap())
        .collect()
    }

    /// Restores and gives the job's id.
    #[track_caller]
    pub fn restore(&self, label: &str, more: &[&str]) -> String {
        let mut arguments = vec!["restore", "--target-label", label, "--yes", "--json"];
        arguments.extend(more);
        let said = self.brctl(&arguments).ok();
        let job = said.json()["summary"]["job"].as_str().map(str::to_owned);
        job.unwrap_or_else(|| panic!("{said:#?}"))
    }

    /// Nothing of ours is open: no slot is held, and every due moment taken has its outcome.
    #[track_caller]
    pub fn assert_nothing_open(&self) {
        let held = self.sql("SELECT scope, label FROM ops.run_status WHERE state = 'ACTIVE'");
        assert!(held.is_empty(), "{held:?}");
        let open = self.sql("SELECT inventory_group, kind, scheduled_ms FROM ops.schedule_fires WHERE outcome IS NULL");
        assert!(open.is_empty(), "{open:?}");
    }
}

impl Daemon {
    /// True: a line fits. False: the daemon has ended, or nothing came for too long.
    fn wait(&mut self, fits: impl Fn(&str) -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while let Some(line) = self.seen.get(self.cursor) {
                self.cursor += 1;
                if fits(line) {
                    return true;
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            // Already gone is as good.
            let _gone = daemon.process.kill();
            let _gone = daemon.process.wait();
        }
    }
}
