//! A statement at a frontend: the leader carries it out; another one hands it on, or answers from what it has replayed.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use chrono::Duration;

use crate::answer::{Answer, SqlError};
use crate::ast::Statement;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::forward::{Forward, forward, is_query, query_mode};
use crate::engine::forward_faults::Passage;
use crate::engine::session::Session;
use crate::engine::state::State;
use crate::engine::wording;

/// How long a follower goes on calling the address of a leader that has gone, before it asks the journal's group who leads.
const STALE_LEADER: Duration = Duration::seconds(10);

impl State {
    pub fn answer(
        &mut self,
        session: &mut Session,
        statement: &Statement,
        sql: &str,
    ) -> Result<Answer, SqlError> {
        let here = session.frontend;
        if self.cluster.leader == Some(here) {
            return self.on_leader(session, statement);
        }
        match self.route(session, statement) {
            Forward::No => self.run_here(session, statement),
            Forward::ToLeader => self.hand_on(session, statement, sql)?,
            Forward::ToLeaderThenReplay => {
                let answer = self.hand_on(session, statement, sql)?;
                // The wait comes before the answer is looked at: its timeout hides what the leader said.
                self.catch_up(session, statement)?;
                answer
            }
        }
    }

    fn route(&self, session: &Session, statement: &Statement) -> Forward {
        if let Some(chosen) = query_mode(&self.cluster, session, statement) {
            return chosen;
        }
        if is_query(statement) && !self.can_read(session.frontend) {
            return Forward::ToLeader;
        }
        forward(&self.cluster, session, statement)
    }

    fn on_leader(
        &mut self,
        session: &mut Session,
        statement: &Statement,
    ) -> Result<Answer, SqlError> {
        if let Statement::Show(crate::ast::Show::Frontends) = statement {
            self.note_replay();
        }
        let answer = self.run_here(session, statement);
        if forward(&self.cluster, session, statement) == Forward::ToLeaderThenReplay
            && *statement != Statement::Sync
        {
            self.journalled();
        }
        answer
    }

    /// In the serving frontend's own process.
    fn run_here(
        &mut self,
        session: &mut Session,
        statement: &Statement,
    ) -> Result<Answer, SqlError> {
        let answer = match statement {
            Statement::AdminSetConfig { key, value } if self.cluster.frontends.len() > 1 => {
                self.set_config(key, value)
            }
            _ => self.locally(|cluster| cluster.run(session, statement)),
        };
        answer.map_err(|error| wording::as_sent(error, self.cluster.release, Some(statement)))
    }

    /// Runs on the cluster as the serving frontend has it.
    pub fn locally<T>(&mut self, work: impl FnOnce(&mut Cluster) -> T) -> T {
        let here = self.serving;
        if self.cluster.leader == Some(here) {
            return work(&mut self.cluster);
        }
        let moment = self
            .journal
            .moment_of(&self.cluster.frontends[here], self.cluster.now);
        let ahead = match moment {
            Some(index) => {
                self.journal.exchange(index, &mut self.cluster);
                None
            }
            None => Some(self.cluster.hide_unjournalled()),
        };
        // A statement that panics must not leave the past in the present's place.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut self.cluster)));
        match (moment, ahead) {
            (Some(index), _) => self.journal.exchange(index, &mut self.cluster),
            (None, ahead) => self.cluster.show_again(ahead.unwrap_or_default()),
        }
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// The outer error is one of the way, the inner one the leader's.
    fn hand_on(
        &mut self,
        session: &mut Session,
        statement: &Statement,
        sql: &str,
    ) -> Result<Result<Answer, SqlError>, SqlError> {
        let here = self.serving;
        let passage = self.passages.take(sql);
        if let Some(error) = passage.and_then(Passage::refusal) {
            return Err(wording::as_sent(error, self.cluster.release, None));
        }
        let leader = self.cluster.leader.ok_or_else(|| self.leader_is_gone())?;
        self.serve_as(leader);
        if passage == Some(Passage::Twice) {
            // The follower never saw this answer: it sent the statement again (`rpc/ThriftRPCRequestExecutor.call`).
            drop(self.on_leader(session, statement));
        }
        let answer = self.on_leader(session, statement);
        self.serve_as(here);
        Ok(answer)
    }

    /// Waits for the replay of what the leader has journalled, for as long as the statement may take (`qe/JournalObserver.waitForReplay`).
    fn catch_up(&mut self, session: &Session, statement: &Statement) -> Result<(), SqlError> {
        let now = self.cluster.now;
        let frontend = &self.cluster.frontends[session.frontend];
        if self.journal.moment_of(frontend, now).is_none() {
            return Ok(());
        }
        let due = self
            .journal
            .last_at()
            .map_or(now, |written| written + frontend.lag);
        if due - now > self.timeout(session, statement) {
            return Err(SqlError::plain(
                "Execute timeout, the command may be succeed, you'd better retry",
            ));
        }
        let frontend = &mut self.cluster.frontends[session.frontend];
        frontend.replayed = self.journal.id;
        frontend.replayed_at = now;
        Ok(())
    }

    /// `StatementBase.getTimeout`: loads have a variable of their own since 3.4.
    fn timeout(&self, session: &Session, statement: &Statement) -> Duration {
        let loads = matches!(
            statement,
            Statement::Insert(_) | Statement::Update { .. } | Statement::Delete { .. }
        );
        let name = if loads && self.cluster.release.has_insert_settings() {
            "insert_timeout"
        } else {
            "query_timeout"
        };
        let text = self.cluster.variables.of(session, name);
        let seconds = text.ok().and_then(|text| text.parse().ok());
        Duration::seconds(seconds.unwrap_or(300))
    }

    /// `GlobalStateMgr.setCanRead`: whether what a frontend has replayed is no older than FE config `meta_delay_toleration_second`.
    fn can_read(&self, frontend: usize) -> bool {
        let now = self.cluster.now;
        let frontend = &self.cluster.frontends[frontend];
        let late = frontend.lag.min(now - frontend.replayed_at);
        let alone = self
            .cluster
            .leaderless_since
            .map_or(Duration::zero(), |since| now - since);
        let tolerated = self.cluster.config_number("meta_delay_toleration_second");
        late.max(alone) <= Duration::seconds(tolerated)
    }

    /// A follower first calls the leader's address, where nobody listens; once it has lost the journal's group it asks that for the leader
    /// (`server/NodeMgr.getLeaderIpAndRpcPort`). How long the first lasts is the heartbeat's affair.
    fn leader_is_gone(&self) -> SqlError {
        let alone = self
            .cluster
            .leaderless_since
            .map_or(Duration::zero(), |since| self.cluster.now - since);
        if alone < STALE_LEADER {
            return error::connection_refused(self.cluster.release);
        }
        let helpers: Vec<String> = self
            .cluster
            .frontends
            .iter()
            .filter(|frontend| !frontend.observer)
            .map(|frontend| format!("/{}:{}", frontend.address, frontend.edit_log_port))
            .collect();
        SqlError::plain(format!(
            "(JE 18.3.16) Could not determine master from helpers at:[{}]",
            helpers.join(", ")
        ))
    }

    /// `server/NodeMgr.setConfig`: here, then on every other frontend; those that do not answer are an error at the end.
    fn set_config(&mut self, key: &str, value: &str) -> Result<Answer, SqlError> {
        self.cluster.set_config(key, value)?;
        let refused = error::connection_refused(self.cluster.release).message;
        let mut failures = String::new();
        for (index, frontend) in self.cluster.frontends.iter().enumerate() {
            if index == self.serving {
                continue;
            }
            if frontend.alive {
                self.locals[index]
                    .config
                    .insert(key.to_owned(), value.to_owned());
            } else {
                failures += &format!("set config for fe[{}] failed: {refused}", frontend.address);
            }
        }
        if failures.is_empty() {
            return Ok(done());
        }
        Err(SqlError::new(
            5076,
            "42000",
            format!("set config failed: {failures}"),
        ))
    }

    /// A change that the leader has written to its journal.
    pub fn journalled(&mut self) {
        self.journal.id += 1;
        if !self.cluster.any_lag() {
            return;
        }
        self.journal.remember(&mut self.cluster);
        self.note_replay();
        self.journal
            .prune(&self.cluster.frontends, self.cluster.now);
    }

    /// Writes down how far every frontend has got: nobody forgets what it has replayed.
    pub fn note_replay(&mut self) {
        let now = self.cluster.now;
        for frontend in &mut self.cluster.frontends {
            if frontend.alive {
                let replayed = self.journal.replayed_by(frontend, now);
                frontend.replayed = frontend.replayed.max(replayed);
            }
        }
    }
}
