//! The part of `SANDBOX …` that is about frontends.

use crate::ast::FrontendControl;
use crate::engine::Passage;
use crate::parser::cursor::{Cursor, Parsed};

impl Cursor<'_> {
    /// `LEADER n`, `STOP|START|RESTART FRONTEND n`, `OBSERVER n`, `LAG FRONTEND n '10s'`, `FORWARD TWICE|CIRCLES|NOWHERE 'pattern'`,
    /// `HIDE LEADER`, `REVEAL LEADER`. `None`: something else.
    pub fn frontend_control(&mut self) -> Parsed<Option<FrontendControl>> {
        Ok(Some(if self.take("LEADER") {
            FrontendControl::Lead(self.integer()?)
        } else if self.take("OBSERVER") {
            FrontendControl::Observe(self.integer()?)
        } else if self.take_run(&["STOP", "FRONTEND"]) {
            FrontendControl::Stop(self.integer()?)
        } else if self.take_run(&["START", "FRONTEND"]) {
            FrontendControl::Start(self.integer()?)
        } else if self.take_run(&["RESTART", "FRONTEND"]) {
            FrontendControl::Restart(self.integer()?)
        } else if self.take_run(&["LAG", "FRONTEND"]) {
            FrontendControl::Lag(self.integer()?, self.duration()?)
        } else if self.take("FORWARD") {
            let passage = self.passage()?;
            FrontendControl::Forward(passage, self.string()?)
        } else if self.take_run(&["HIDE", "LEADER"]) {
            FrontendControl::HideLeader(true)
        } else if self.take_run(&["REVEAL", "LEADER"]) {
            FrontendControl::HideLeader(false)
        } else {
            return Ok(None);
        }))
    }

    fn passage(&mut self) -> Parsed<Passage> {
        if self.take("TWICE") {
            Ok(Passage::Twice)
        } else if self.take("CIRCLES") {
            Ok(Passage::InCircles)
        } else if self.take("NOWHERE") {
            Ok(Passage::Nowhere)
        } else {
            Err(self.unexpected(&["TWICE", "CIRCLES", "NOWHERE"]))
        }
    }
}
