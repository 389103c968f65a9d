//! The request for brd's memory on a cluster that has none.

use super::asker::Asker;
use super::main_loop::{Engine, Inner, asked_by};
use super::requests::{Answer, refusal, reply};
use super::work::Work;
use crate::control::protocol::RecoverRequest;
use crate::run::recover::{RecoverOrder, prove};

impl Engine {
    /// Looked into before it becomes a job: what cannot be is refused at once.
    pub(super) fn start_recovery(&self, asker: &Asker, wanted: RecoverRequest, answer: Answer) {
        let order = RecoverOrder {
            repository: wanted.repository,
            mirror: wanted.from_mirror,
        };
        let (cluster, inner, asked_by) = (
            self.setup.cluster.clone(),
            self.inner.clone(),
            asked_by(asker),
        );
        let safekeeping = self.safekeeping.clone();
        // Ends with the message below, or with the refusal.
        tokio::spawn(async move {
            match prove(&cluster.session(), &order, safekeeping.mirror()).await {
                Ok(()) => {
                    let work = Work::Recover(order);
                    let _gone = inner.send(Inner::Enter {
                        work,
                        asked_by,
                        answer,
                    });
                }
                Err(error) => reply(answer, Err(refusal(&error))),
            }
        });
    }
}
