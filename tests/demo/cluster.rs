//! The cluster: a StarRocks sandbox on a free port, in a thread with a runtime of its own.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use starrocks_sandbox::engine::{Options, Sandbox};
use starrocks_sandbox::wire::serve;
use tokio::sync::oneshot;

use crate::Failure;

/// How often a BACKUP or RESTORE takes a step: 30 times as often as in StarRocks, whose tick is 3 s.
const TICK: Duration = Duration::from_millis(100);

/// Deep expressions are walked by recursion.
const STACK_BYTES: usize = 16 << 20;

/// Serves until it is dropped.
pub struct Cluster {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Cluster {
    /// `data`: where repositories are kept.
    pub fn start(data: &Path) -> Result<Cluster, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let sandbox = Sandbox::open(Options {
            tick: TICK,
            query_port: address.port(),
            ..Options::new(data)
        })?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("cluster".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                runtime.block_on(async move {
                    let listener = match tokio::net::TcpListener::from_std(listener) {
                        Ok(listener) => listener,
                        Err(error) => return eprintln!("the sandbox cannot listen: {error}"),
                    };
                    let ticker = sandbox.spawn_ticker();
                    // A dropped sender is the word to stop as well.
                    serve(listener, sandbox, async { drop(stopped.await) }).await;
                    ticker.abort();
                });
                runtime.shutdown_timeout(Duration::from_secs(1));
            })?;
        Ok(Cluster {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("the sandbox's thread panicked");
        }
    }
}
