//! A sandbox with a manual clock, on a port of its own.

use std::time::Duration;

use chrono::{TimeZone, Utc};
use mysql_async::{Conn, Error, OptsBuilder};
use starrocks_sandbox::engine::{Clock, Options, Sandbox};
use starrocks_sandbox::wire::serve;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub struct Server {
    pub sandbox: Sandbox,
    pub port: u16,
    serving: JoinHandle<()>,
    _data: TempDir,
}

impl Server {
    pub async fn start() -> Server {
        Server::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Options)) -> Server {
        let data = tempfile::tempdir().unwrap();
        let start = Utc.with_ymd_and_hms(2026, 3, 10, 12, 0, 0).unwrap();
        let mut options = Options {
            clock: Clock::Manual(start),
            ..Options::new(data.path())
        };
        change(&mut options);
        let sandbox = Sandbox::open(options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = tokio::spawn(serve(listener, sandbox.clone(), std::future::pending()));
        Server {
            sandbox,
            port,
            serving,
            _data: data,
        }
    }

    pub fn options(&self) -> OptsBuilder {
        OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(self.port)
            .user(Some("root"))
            .prefer_socket(false)
            .max_allowed_packet(Some(64 << 20))
            .wait_timeout(Some(28_800))
    }

    pub async fn connect(&self) -> Conn {
        Conn::new(self.options()).await.unwrap()
    }

    pub fn run(&self, script: &str) {
        self.sandbox.run_script(script).unwrap();
    }

    pub fn advance(&self, seconds: u64) {
        assert!(self.sandbox.advance(Duration::from_secs(seconds)));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Code and text of a refusal.
#[track_caller]
pub fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> (u16, String) {
    match result {
        Err(Error::Server(error)) => (error.code, error.message),
        other => panic!("no refusal of the server: {other:?}"),
    }
}
