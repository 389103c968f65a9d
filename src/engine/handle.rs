//! How the rest of the daemon talks to the engine: messages in, answers back.

use tokio::sync::{mpsc, oneshot};

use super::asker::{Asker, Role};
use super::stop::StopLevel;
use crate::catalog::JobEvent;
use crate::control::protocol::{Refusal, RefusalCode, Request, Response};
use crate::names::JobId;

/// What comes in.
pub enum Command {
    Ask {
        asker: Asker,
        request: Request,
        answer: oneshot::Sender<Result<Response, Refusal>>,
    },
    Follow {
        job: JobId,
        answer: oneshot::Sender<Result<mpsc::Receiver<JobEvent>, Refusal>>,
    },
    Stop(StopLevel),
}

/// Cheap to clone. An engine that is gone answers with a refusal.
#[derive(Clone)]
pub struct Handle {
    /// Bounded: a flood of requests waits in the socket, not in memory.
    commands: mpsc::Sender<Command>,
}

/// Requests that wait for the engine's loop, which answers within microseconds.
const QUEUE: usize = 64;

impl Handle {
    pub fn new() -> (Handle, mpsc::Receiver<Command>) {
        let (commands, receiver) = mpsc::channel(QUEUE);
        (Handle { commands }, receiver)
    }

    pub async fn ask(&self, asker: Asker, request: Request) -> Result<Response, Refusal> {
        if asker.role == Role::Reader && changes(&request) {
            return Err(Refusal::new(
                RefusalCode::Forbidden,
                format!("{asker} may look, and not change anything"),
                "ask as root, as the daemon's user, or as a member of the socket's group",
            ));
        }
        let (answer, answered) = oneshot::channel();
        self.send(Command::Ask {
            asker,
            request,
            answer,
        })
        .await?;
        answered.await.map_err(|_| gone())?
    }

    /// Past events of the job, then new ones as they come; the receiver closes when the job is over.
    pub async fn follow(
        &self,
        _asker: Asker,
        job: JobId,
    ) -> Result<mpsc::Receiver<JobEvent>, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Follow { job, answer }).await?;
        answered.await.map_err(|_| gone())?
    }

    pub async fn stop(&self, level: StopLevel) {
        // An engine that is gone has stopped.
        let _gone = self.send(Command::Stop(level)).await;
    }

    async fn send(&self, command: Command) -> Result<(), Refusal> {
        self.commands.send(command).await.map_err(|_| gone())
    }
}

fn changes(request: &Request) -> bool {
    match request {
        Request::Status
        | Request::Next { .. }
        | Request::Jobs
        | Request::Job(_)
        | Request::Backups { .. }
        | Request::Backup(_)
        | Request::Coverage
        | Request::ChoosePoints(_)
        | Request::PlanRestore(_)
        | Request::PlanPrune(_)
        | Request::Check => false,
        Request::StartBackup(_)
        | Request::StartRestore(_)
        | Request::Pin { .. }
        | Request::Unpin(_)
        | Request::StartPrune(_)
        | Request::StartRecovery(_)
        | Request::Cancel(_)
        | Request::Undo(_)
        | Request::Swap(_)
        | Request::Discard(_)
        | Request::Init
        | Request::Reload => true,
    }
}

fn gone() -> Refusal {
    Refusal::new(
        RefusalCode::Internal,
        "brd is ending",
        "start it again: systemctl start brd",
    )
}
