//! What the statement `SANDBOX …` does. It runs beside the cluster, not in it: it is not forwarded, not authorized, and no fault hits it.

use crate::answer::{Answer, SqlError};
use crate::ast::Control;
use crate::engine::create::done;
use crate::engine::sandbox::Sandbox;

impl Sandbox {
    pub(super) fn control(&self, control: &Control) -> Result<Answer, SqlError> {
        match control {
            Control::Advance(by) => {
                if !self.advance(*by) {
                    return Err(SqlError::plain(
                        "SANDBOX ADVANCE moves a manual clock, and this sandbox follows the system's: start it with --manual-clock",
                    ));
                }
            }
            Control::Tick(rounds) => (0..*rounds).for_each(|_| self.tick()),
        }
        Ok(done())
    }
}
