//! The sandbox's own statement, `SANDBOX …`, which StarRocks does not have: moves the clock, orders faults, kills and revives nodes.

use crate::ast::{Control, Statement};
use crate::parser::cursor::{Cursor, Parsed};

impl Cursor<'_> {
    /// `SANDBOX ADVANCE '<duration>'`, `SANDBOX TICK [n]`, `SANDBOX GROW db.t PARTITION p` and others
    pub fn sandbox(&mut self) -> Parsed<Statement> {
        self.expect("SANDBOX")?;
        if let Some(statement) = self.load_by_hand()? {
            return Ok(statement);
        }
        let control = if self.take("ADVANCE") {
            Control::Advance(self.duration()?)
        } else if self.take("TICK") {
            Control::Tick(if self.is_end() { 1 } else { self.integer()? })
        } else if self.take("GROW") {
            let table = self.object_name()?;
            self.expect("PARTITION")?;
            Control::Grow {
                table,
                partition: self.name()?,
            }
        } else if self.take("CONFIG") {
            let key = self.string()?;
            self.expect_symbol('=')?;
            Control::Config(key, self.string()?)
        } else if let Some(control) = self.fault_control()? {
            Control::Fault(Box::new(control))
        } else if let Some(control) = self.frontend_control()? {
            Control::Frontend(control)
        } else {
            return Err(self.unexpected(&[
                "ADVANCE", "TICK", "GROW", "HOLD", "COMMIT", "ABORT", "ROUTINE", "LEADER", "STOP",
                "START", "RESTART", "OBSERVER", "LAG", "FORWARD", "HIDE", "REVEAL",
            ]));
        };
        Ok(Statement::Sandbox(control))
    }

    /// A string such as `'90s'` or `'2h 30m'`.
    pub fn duration(&mut self) -> Parsed<std::time::Duration> {
        let place = self.position();
        let text = self.string()?;
        humantime::parse_duration(&text).map_err(|fault| {
            self.rewind(place);
            self.refuse(&format!("'{text}' is no duration: {fault}"))
        })
    }
}
