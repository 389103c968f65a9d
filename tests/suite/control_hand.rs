//! A control socket with hand-made answers behind it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use brd::control::client::Client;
use brd::control::protocol::{JobEvent, JobId, Refusal, RefusalCode, Request, Response};
use brd::control::server::{Answers, Socket};
use brd::engine::{Asker, Role};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

/// Answers as the test says, and remembers what it was asked.
#[derive(Clone)]
pub struct Hand(Arc<Told>);

type Answer = dyn Fn(&Request) -> Result<Response, Refusal> + Send + Sync;

struct Told {
    asked: Mutex<Vec<Request>>,
    answer: Box<Answer>,
    events: Vec<JobEvent>,
    /// Set: every answer waits for the first, then tells the second.
    gate: Option<(Notify, Notify)>,
    /// Set: the stream of events stays open behind the last one.
    endless: bool,
    /// Told when the reader of an endless stream is gone.
    left: Notify,
}

impl Hand {
    pub fn new(
        answer: impl Fn(&Request) -> Result<Response, Refusal> + Send + Sync + 'static,
    ) -> Hand {
        Hand(Arc::new(Told {
            asked: Mutex::default(),
            answer: Box::new(answer),
            events: Vec::new(),
            gate: None,
            endless: false,
            left: Notify::new(),
        }))
    }

    pub fn with_events(self, events: Vec<JobEvent>) -> Hand {
        let told = Arc::into_inner(self.0).unwrap();
        Hand(Arc::new(Told { events, ..told }))
    }

    pub fn endless(self) -> Hand {
        let told = Arc::into_inner(self.0).unwrap();
        Hand(Arc::new(Told {
            endless: true,
            ..told
        }))
    }

    /// Answers only after [`Hand::open`].
    pub fn gated(self) -> Hand {
        let told = Arc::into_inner(self.0).unwrap();
        Hand(Arc::new(Told {
            gate: Some((Notify::new(), Notify::new())),
            ..told
        }))
    }

    pub fn open(&self) {
        self.0.gate.as_ref().unwrap().0.notify_one();
    }

    /// Until a gated answer was given.
    pub async fn passed(&self) {
        self.0.gate.as_ref().unwrap().1.notified().await;
    }

    /// Until the reader of an endless stream is gone.
    pub async fn reader_left(&self) {
        self.0.left.notified().await;
    }

    pub fn asked(&self) -> Vec<Request> {
        self.0.asked.lock().unwrap().clone()
    }
}

impl Answers for Hand {
    async fn ask(&self, asker: Asker, request: Request) -> Result<Response, Refusal> {
        assert!(
            matches!(asker.role, Role::Admin),
            "the tests run as the daemon's own user"
        );
        self.0.asked.lock().unwrap().push(request.clone());
        if let Some((open, passed)) = &self.0.gate {
            open.notified().await;
            passed.notify_one();
        }
        (self.0.answer)(&request)
    }

    async fn follow(&self, _asker: Asker, job: JobId) -> Result<mpsc::Receiver<JobEvent>, Refusal> {
        if job.as_str() == "nobody" {
            return Err(Refusal::new(
                RefusalCode::NotFound,
                "there is no job nobody",
                "see `brctl jobs`",
            ));
        }
        let (send, receive) = mpsc::channel(1);
        let told = Arc::clone(&self.0);
        tokio::spawn(async move {
            for event in told.events.clone() {
                if send.send(event).await.is_err() {
                    return;
                }
            }
            if told.endless {
                send.closed().await;
                told.left.notify_one();
            }
        });
        Ok(receive)
    }
}

/// A served socket in a directory of its own.
pub struct Served {
    pub path: PathBuf,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _directory: tempfile::TempDir,
}

impl Served {
    pub fn start(hand: &Hand) -> Served {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("brd.sock");
        let socket = Socket::bind(&path).unwrap();
        let (stop, stopped) = oneshot::channel();
        let hand = hand.clone();
        let serving =
            tokio::spawn(async move { socket.serve(hand, async { drop(stopped.await) }).await });
        Served {
            path,
            stop,
            serving,
            _directory: directory,
        }
    }

    pub async fn client(&self) -> Client {
        Client::connect(&self.path).await.unwrap()
    }

    /// Sends `bytes` as they are, and reads until the server closes.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = UnixStream::connect(&self.path).await.unwrap();
        // A server that has seen enough may close before all is written.
        let _written = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _read = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
    }
}
