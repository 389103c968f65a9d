//! Accepting clients until told to stop.

use std::fs;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};

use super::bind::Socket;
use super::connection::{connection, turn_away};
use super::peer::asker;
use crate::control::protocol::{JobEvent, JobId, Refusal, Request, Response};
use crate::engine::{self, Asker};

/// Clients at once; a follower holds its connection for as long as it follows.
pub const CONNECTION_LIMIT: usize = 64;

/// Clients at once that are told that there is no room; any more are closed without a word.
const TURN_AWAY_LIMIT: usize = 16;

/// How long a stopping daemon waits for answers in work. Followers of jobs that go on are cut off then.
const CLOSING_LIMIT: Duration = Duration::from_secs(2);

/// After a failed accept (no file descriptor left, say): trying again at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Whoever knows the answers: the engine, and in tests whatever the test needs to be told.
pub trait Answers: Clone + Send + Sync + 'static {
    /// Carried out to its end whether or not the client stays.
    fn ask(
        &self,
        asker: Asker,
        request: Request,
    ) -> impl Future<Output = Result<Response, Refusal>> + Send;

    /// Past events of the job, then new ones as they come; closed when the job is over. A client that does not read fills it.
    fn follow(
        &self,
        asker: Asker,
        job: JobId,
    ) -> impl Future<Output = Result<mpsc::Receiver<JobEvent>, Refusal>> + Send;
}

impl Answers for engine::Handle {
    async fn ask(&self, asker: Asker, request: Request) -> Result<Response, Refusal> {
        engine::Handle::ask(self, asker, request).await
    }

    async fn follow(&self, asker: Asker, job: JobId) -> Result<mpsc::Receiver<JobEvent>, Refusal> {
        engine::Handle::follow(self, asker, job).await
    }
}

enum Turn {
    Stop,
    Accepted(io::Result<UnixStream>),
    Left,
}

impl Socket {
    /// Answers until `stop` is ready, lets the answers in work finish, and removes the socket's file.
    pub async fn serve<A: Answers>(self, answers: A, stop: impl Future<Output = ()>) {
        let (close, closing) = watch::channel(false);
        let room = Room {
            places: Arc::new(Semaphore::new(CONNECTION_LIMIT)),
            doorstep: Arc::new(Semaphore::new(TURN_AWAY_LIMIT)),
        };
        let mut clients = JoinSet::new();
        tokio::pin!(stop);
        info!(socket = %self.path.display(), "listening");
        loop {
            // Every arm is cancel-safe: accept and join_next lose nothing, `stop` is only borrowed.
            let turn = tokio::select! {
                biased;
                () = &mut stop => Turn::Stop,
                Some(_) = clients.join_next() => Turn::Left,
                accepted = self.listener.accept() => Turn::Accepted(accepted.map(|(stream, _)| stream)),
            };
            match turn {
                Turn::Stop => break,
                Turn::Left => {}
                Turn::Accepted(Ok(stream)) => {
                    admit(stream, &answers, &room, &closing, &mut clients)
                }
                Turn::Accepted(Err(error)) => {
                    warn!(error = %error, "a client could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        close.send_replace(true);
        self.end(clients).await;
    }

    /// The file goes first, so that nobody new connects and waits in vain; the lock last, with `self`.
    async fn end(self, mut clients: JoinSet<()>) {
        if let Err(error) = fs::remove_file(&self.path) {
            warn!(socket = %self.path.display(), error = %error, "the socket could not be removed");
        }
        let all_left = async { while clients.join_next().await.is_some() {} };
        if timeout(CLOSING_LIMIT, all_left).await.is_err() {
            debug!(clients = clients.len(), "clients are cut off");
        }
    }
}

/// Who may come in, and how many may be told that they may not.
struct Room {
    places: Arc<Semaphore>,
    doorstep: Arc<Semaphore>,
}

/// Every task is bounded by a place in the room, and `serve` waits for all of them.
fn admit<A: Answers>(
    stream: UnixStream,
    answers: &A,
    room: &Room,
    closing: &watch::Receiver<bool>,
    clients: &mut JoinSet<()>,
) {
    let Ok(place) = Arc::clone(&room.places).try_acquire_owned() else {
        if let Ok(place) = Arc::clone(&room.doorstep).try_acquire_owned() {
            clients.spawn(async move {
                turn_away(stream).await;
                drop(place);
            });
        }
        return;
    };
    let asker = match asker(&stream) {
        Ok(asker) => asker,
        Err(error) => {
            return warn!(error = %error, "a client was closed: the kernel does not say who it is");
        }
    };
    let client = connection(stream, answers.clone(), asker, closing.clone());
    clients.spawn(async move {
        client.await;
        drop(place);
    });
}
