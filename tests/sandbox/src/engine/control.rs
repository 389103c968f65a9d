//! What the statement `SANDBOX …` does. It runs beside the cluster, not in it: it is not forwarded, not authorized, and no fault hits it.

use crate::answer::{Answer, SqlError};
use crate::ast::{Control, FrontendControl};
use crate::engine::create::done;
use crate::engine::leader::FrontendError;
use crate::engine::sandbox::Sandbox;
use crate::engine::session::Session;

impl Sandbox {
    pub(super) fn control(
        &self,
        session: &mut Session,
        control: &Control,
    ) -> Result<Answer, SqlError> {
        match control {
            Control::Advance(by) => {
                if !self.advance_for(Some(session), *by) {
                    return Err(SqlError::plain(
                        "SANDBOX ADVANCE moves a manual clock, and this sandbox follows the system's: start it with --manual-clock",
                    ));
                }
            }
            Control::Grow { table, partition } => self.lock().cluster.grow(table, partition)?,
            Control::Tick(rounds) => (0..*rounds).for_each(|_| self.tick()),
            Control::Config(key, value) => {
                let mut state = self.lock();
                state.serve_as(session.frontend);
                match state.cluster.config.get_mut(key) {
                    Some(current) => current.clone_from(value),
                    None => return Err(SqlError::plain(format!("SANDBOX: no config {key}"))),
                }
            }
            Control::Fault(control) => return self.order_fault(control),
            Control::Frontend(control) => self
                .control_frontend(session, control)
                .map_err(|error| SqlError::plain(error.to_string()))?,
        }
        Ok(done())
    }

    fn control_frontend(
        &self,
        session: &mut Session,
        control: &FrontendControl,
    ) -> Result<(), FrontendError> {
        match control {
            FrontendControl::Stop(number) => self.stop_for(*number, Some(session))?,
            FrontendControl::Start(number) => self.start_frontend(*number)?,
            FrontendControl::Restart(number) => {
                self.stop_for(*number, Some(session))?;
                self.start_frontend(*number)?;
            }
            FrontendControl::Lead(number) => self.lead_for(*number, Some(session))?,
            FrontendControl::Observe(number) => self.make_observer(*number)?,
            FrontendControl::Lag(number, lag) => self.set_replay_lag(*number, *lag)?,
            FrontendControl::Forward(passage, pattern) => self.forward_next(pattern, *passage),
            FrontendControl::HideLeader(hidden) => self.hide_leader(*hidden),
        }
        let mut state = self.lock();
        state.serve_as(session.frontend);
        session.killed |= !state.is_connected(session);
        Ok(())
    }
}
