//! The side of whoever asks the daemon: one connection for each request, one method for each route.
//!
//! Every answer must carry the protocol's version, so that a daemon of another version, or something else that listens there, is told from
//! brd before its answer is read. Every wait has a deadline, but for the events of a job, which may take as long as the job.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request as HttpRequest, Response as HttpResponse};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::control::protocol::{
    Accepted, BODY_LIMIT, BackupDetail, BackupList, BackupRequest, Coverage, GroupName, JobDetail,
    JobEvent, JobId, JobList, Label, NextFires, PROTOCOL_HEADER, PROTOCOL_VERSION, PinRequest,
    PointList, PointRequest, PrunePlan, PruneRequest, PruneStart, RecoverRequest, Refusal, Report,
    Request, RestorePlan, RestoreRequest, RestoreStart, Status,
};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// For what the daemon knows by itself.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// For what the daemon asks the cluster for.
const CLUSTER_LIMIT: Duration = Duration::from_secs(600);

/// The longest answer that is read, in bytes: a bound, not an expectation.
const ANSWER_BYTES: usize = 256 << 20;

/// The longest event, in bytes.
const EVENT_BYTES: usize = 1 << 20;

/// Asks the daemon behind one socket.
#[derive(Debug, Clone)]
pub struct Client {
    path: PathBuf,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("no brd answers on {}: {why}", .path.display())]
    NotRunning { path: PathBuf, why: String },
    #[error("the socket {} may not be used by this user", .path.display())]
    NoPermission { path: PathBuf },
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("brd on {} gave no answer within {} s", .path.display(), .after.as_secs())]
    NoAnswer { path: PathBuf, after: Duration },
    #[error("brd on {} went away in the middle: {why}", .path.display())]
    Lost { path: PathBuf, why: String },
    #[error("what answers on {} cannot be understood: {why}", .path.display())]
    Protocol { path: PathBuf, why: String },
    #[error("the request is {bytes} bytes long, and brd takes {BODY_LIMIT}")]
    TooLong { bytes: usize },
}

impl Client {
    /// Proves that a daemon is there; each request then has a connection of its own.
    pub async fn connect(path: &Path) -> Result<Client, ClientError> {
        let client = Client {
            path: path.to_owned(),
        };
        client.open().await?;
        Ok(client)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub async fn status(&self) -> Result<Status, ClientError> {
        self.ask(&Request::Status).await
    }

    pub async fn next(&self, days: u32) -> Result<NextFires, ClientError> {
        self.ask(&Request::Next { days }).await
    }

    pub async fn jobs(&self) -> Result<JobList, ClientError> {
        self.ask(&Request::Jobs).await
    }

    pub async fn job(&self, job: JobId) -> Result<JobDetail, ClientError> {
        self.ask(&Request::Job(job)).await
    }

    pub async fn backups(&self, group: Option<GroupName>) -> Result<BackupList, ClientError> {
        self.ask(&Request::Backups { group }).await
    }

    pub async fn backup(&self, label: Label) -> Result<BackupDetail, ClientError> {
        self.ask(&Request::Backup(label)).await
    }

    pub async fn coverage(&self) -> Result<Coverage, ClientError> {
        self.ask(&Request::Coverage).await
    }

    pub async fn start_backup(&self, backup: BackupRequest) -> Result<Accepted, ClientError> {
        self.ask(&Request::StartBackup(backup)).await
    }

    pub async fn choose_points(&self, wanted: PointRequest) -> Result<PointList, ClientError> {
        self.ask(&Request::ChoosePoints(wanted)).await
    }

    pub async fn plan_restore(&self, restore: RestoreRequest) -> Result<RestorePlan, ClientError> {
        self.ask(&Request::PlanRestore(restore)).await
    }

    /// Runs the plan as it was shown.
    pub async fn start_restore(&self, start: RestoreStart) -> Result<Accepted, ClientError> {
        self.ask(&Request::StartRestore(Box::new(start))).await
    }

    pub async fn cancel(&self, job: JobId) -> Result<Accepted, ClientError> {
        self.ask(&Request::Cancel(job)).await
    }

    pub async fn undo(&self, job: JobId) -> Result<Accepted, ClientError> {
        self.ask(&Request::Undo(job)).await
    }

    pub async fn swap(&self, job: JobId) -> Result<Accepted, ClientError> {
        self.ask(&Request::Swap(job)).await
    }

    pub async fn discard(&self, job: JobId) -> Result<Accepted, ClientError> {
        self.ask(&Request::Discard(job)).await
    }

    pub async fn pin(&self, label: Label, pin: PinRequest) -> Result<Report, ClientError> {
        self.ask(&Request::Pin { label, pin }).await
    }

    pub async fn unpin(&self, label: Label) -> Result<Report, ClientError> {
        self.ask(&Request::Unpin(label)).await
    }

    pub async fn plan_prune(&self, prune: PruneRequest) -> Result<PrunePlan, ClientError> {
        self.ask(&Request::PlanPrune(prune)).await
    }

    /// Runs the plan as it was shown.
    pub async fn start_prune(&self, plan: PrunePlan) -> Result<Accepted, ClientError> {
        self.ask(&Request::StartPrune(PruneStart { plan })).await
    }

    pub async fn start_recovery(&self, recovery: RecoverRequest) -> Result<Accepted, ClientError> {
        self.ask(&Request::StartRecovery(recovery)).await
    }

    pub async fn init(&self) -> Result<Report, ClientError> {
        self.ask(&Request::Init).await
    }

    pub async fn check(&self) -> Result<Report, ClientError> {
        self.ask(&Request::Check).await
    }

    pub async fn reload(&self) -> Result<Report, ClientError> {
        self.ask(&Request::Reload).await
    }

    /// Past events of the job, then new ones as they come.
    pub async fn events(&self, job: JobId) -> Result<Events, ClientError> {
        let path = format!("/v1/jobs/{}/events", encode(job.as_str()));
        let answer = self
            .send(Method::GET, &path, Vec::new(), ANSWER_LIMIT)
            .await?;
        if !answer.status().is_success() {
            return Err(self.refusal(answer).await);
        }
        Ok(Events {
            client: self.clone(),
            body: answer.into_body(),
            buffer: Vec::new(),
        })
    }

    async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, ClientError> {
        let (method, path, body) = wire(request);
        if body.len() > BODY_LIMIT {
            return Err(ClientError::TooLong { bytes: body.len() });
        }
        let answer = self.send(method, &path, body, deadline(request)).await?;
        if !answer.status().is_success() {
            return Err(self.refusal(answer).await);
        }
        let body = self.read(answer).await?;
        serde_json::from_slice(&body).map_err(|error| self.protocol(error))
    }

    /// The body of a 4xx or 5xx, or that it is none of ours.
    async fn refusal(&self, answer: HttpResponse<Incoming>) -> ClientError {
        let status = answer.status();
        match self.read(answer).await {
            Ok(body) => serde_json::from_slice(&body).map_or_else(
                |_| self.protocol(format_args!("{status} without a reason")),
                ClientError::Refused,
            ),
            Err(error) => error,
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<HttpResponse<Incoming>, ClientError> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(self.open().await?))
            .await
            .map_err(|error| self.lost(error))?;
        // Ends with the answer's body or with the sender, whichever lives longer: nobody needs to wait for it.
        tokio::spawn(connection);
        let request = HttpRequest::builder()
            .method(method)
            .uri(path)
            .header(HOST, "brd")
            .header(PROTOCOL_HEADER, PROTOCOL_VERSION)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .expect("encoded paths and fixed headers are always valid");
        let no_answer = |_| ClientError::NoAnswer {
            path: self.path.clone(),
            after: limit,
        };
        let answer = timeout(limit, sender.send_request(request))
            .await
            .map_err(no_answer)?;
        let answer = answer.map_err(|error| self.lost(error))?;
        self.prove_same_protocol(&answer)?;
        Ok(answer)
    }

    async fn open(&self) -> Result<UnixStream, ClientError> {
        let limit = |_| ClientError::NoAnswer {
            path: self.path.clone(),
            after: CONNECT_LIMIT,
        };
        let opened = timeout(CONNECT_LIMIT, UnixStream::connect(&self.path))
            .await
            .map_err(limit)?;
        opened.map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => ClientError::NoPermission {
                path: self.path.clone(),
            },
            io::ErrorKind::NotFound => self.not_running("there is no such file"),
            io::ErrorKind::ConnectionRefused => {
                self.not_running("a socket is there, and nobody listens on it")
            }
            _ => self.not_running(&error.to_string()),
        })
    }

    fn prove_same_protocol(&self, answer: &HttpResponse<Incoming>) -> Result<(), ClientError> {
        let theirs = answer
            .headers()
            .get(PROTOCOL_HEADER)
            .ok_or_else(|| self.protocol("it is not brd"))?;
        // A refusal is read all the same: it may be the daemon's own word on the versions.
        if theirs.as_bytes() == PROTOCOL_VERSION.to_string().as_bytes()
            || !answer.status().is_success()
        {
            return Ok(());
        }
        Err(self.protocol(format_args!(
            "it speaks version {theirs:?} of the protocol, and this brctl {PROTOCOL_VERSION}"
        )))
    }

    async fn read(&self, answer: HttpResponse<Incoming>) -> Result<Bytes, ClientError> {
        let no_answer = |_| ClientError::NoAnswer {
            path: self.path.clone(),
            after: ANSWER_LIMIT,
        };
        let read = timeout(
            ANSWER_LIMIT,
            Limited::new(answer.into_body(), ANSWER_BYTES).collect(),
        )
        .await
        .map_err(no_answer)?;
        read.map(http_body_util::Collected::to_bytes)
            .map_err(|error| ClientError::Lost {
                path: self.path.clone(),
                why: error.to_string(),
            })
    }

    fn not_running(&self, why: &str) -> ClientError {
        ClientError::NotRunning {
            path: self.path.clone(),
            why: why.to_owned(),
        }
    }

    fn lost(&self, error: hyper::Error) -> ClientError {
        ClientError::Lost {
            path: self.path.clone(),
            why: error.to_string(),
        }
    }

    fn protocol(&self, why: impl std::fmt::Display) -> ClientError {
        ClientError::Protocol {
            path: self.path.clone(),
            why: why.to_string(),
        }
    }
}

/// The events of one job.
#[derive(Debug)]
pub struct Events {
    client: Client,
    body: Incoming,
    /// What came after the last whole line.
    buffer: Vec<u8>,
}

impl Events {
    /// `None` when the job is over, or the daemon is: the job's detail tells which. Cancel-safe: what was read stays in the buffer.
    pub async fn next(&mut self) -> Option<Result<JobEvent, ClientError>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(
                    serde_json::from_slice(&line).map_err(|error| self.client.protocol(error)),
                );
            }
            if self.buffer.len() > EVENT_BYTES {
                return Some(Err(self.client.protocol("an event without an end")));
            }
            match self.body.frame().await? {
                Ok(frame) => self
                    .buffer
                    .extend_from_slice(&frame.into_data().unwrap_or_default()),
                Err(error) => return Some(Err(self.client.lost(error))),
            }
        }
    }
}

fn deadline(request: &Request) -> Duration {
    match request {
        Request::Status
        | Request::Next { .. }
        | Request::Jobs
        | Request::Job(_)
        | Request::Cancel(_) => ANSWER_LIMIT,
        Request::Backups { .. }
        | Request::Backup(_)
        | Request::Coverage
        | Request::StartBackup(_)
        | Request::ChoosePoints(_)
        | Request::PlanRestore(_)
        | Request::StartRestore(_)
        | Request::Pin { .. }
        | Request::Unpin(_)
        | Request::PlanPrune(_)
        | Request::StartPrune(_)
        | Request::StartRecovery(_)
        | Request::Undo(_)
        | Request::Swap(_)
        | Request::Discard(_)
        | Request::Init
        | Request::Check
        | Request::Reload => CLUSTER_LIMIT,
    }
}

fn wire(request: &Request) -> (Method, String, Vec<u8>) {
    let get = |path: String| (Method::GET, path, Vec::new());
    let act = |path: String| (Method::POST, path, Vec::new());
    match request {
        Request::Status => get("/v1/status".to_owned()),
        Request::Next { days } => get(format!("/v1/next?days={days}")),
        Request::Jobs => get("/v1/jobs".to_owned()),
        Request::Job(job) => get(format!("/v1/jobs/{}", encode(job.as_str()))),
        Request::Backups { group: None } => get("/v1/backups".to_owned()),
        Request::Backups { group: Some(group) } => {
            get(format!("/v1/backups?group={}", encode(group.as_str())))
        }
        Request::Backup(label) => get(format!("/v1/backups/{}", encode(label.as_str()))),
        Request::Coverage => get("/v1/coverage".to_owned()),
        Request::StartBackup(backup) => (Method::POST, "/v1/backups".to_owned(), json(backup)),
        Request::ChoosePoints(wanted) => {
            (Method::POST, "/v1/restores/points".to_owned(), json(wanted))
        }
        Request::PlanRestore(restore) => {
            (Method::POST, "/v1/restores/plan".to_owned(), json(restore))
        }
        Request::StartRestore(start) => (Method::POST, "/v1/restores".to_owned(), json(start)),
        Request::Pin { label, pin } => (
            Method::POST,
            format!("/v1/backups/{}/pin", encode(label.as_str())),
            json(pin),
        ),
        Request::Unpin(label) => act(format!("/v1/backups/{}/unpin", encode(label.as_str()))),
        Request::PlanPrune(prune) => (Method::POST, "/v1/prunes/plan".to_owned(), json(prune)),
        Request::StartPrune(start) => (Method::POST, "/v1/prunes".to_owned(), json(start)),
        Request::StartRecovery(recovery) => {
            (Method::POST, "/v1/recoveries".to_owned(), json(recovery))
        }
        Request::Cancel(job) => act(format!("/v1/jobs/{}/cancel", encode(job.as_str()))),
        Request::Undo(job) => act(format!("/v1/jobs/{}/undo", encode(job.as_str()))),
        Request::Swap(job) => act(format!("/v1/jobs/{}/swap", encode(job.as_str()))),
        Request::Discard(job) => act(format!("/v1/jobs/{}/discard", encode(job.as_str()))),
        Request::Init => act("/v1/init".to_owned()),
        Request::Check => act("/v1/check".to_owned()),
        Request::Reload => act("/v1/reload".to_owned()),
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("the protocol's types have only text keys")
}

/// Everything but letters, digits, `-`, `_` and `~` as `%41`: a name may hold any character, and `..` must stay a name.
fn encode(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut encoded, byte| {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                    encoded.push(char::from(byte))
                }
                _ => encoded.push_str(&format!("%{byte:02X}")),
            }
            encoded
        })
}
