//! `SANDBOX …` for faults. The grammar is the table [`HELP`], which `SANDBOX HELP` prints.

use std::time::Duration;

use crate::answer::SqlError;
use crate::ast::{
    Chance, Consequence, Effect, FaultControl, JobOrder, JobsControl, Phase, RepositoryControl,
    RepositoryTrouble, StatementFault, TaskTrouble,
};
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::token::Kind;

/// Every form of the statement, and what it does.
pub const HELP: &[(&str, &str)] = &[
    (
        "SANDBOX ADVANCE '30s'",
        "moves a manual clock and runs what falls due on the way",
    ),
    ("SANDBOX TICK [n]", "n rounds of the backup handler, now"),
    (
        "SANDBOX LEADER n | OBSERVER n | STOP FRONTEND n | START FRONTEND n | RESTART FRONTEND n",
        "frontends, counted from 1: who leads, who is never elected, whose process ends and begins",
    ),
    (
        "SANDBOX LAG FRONTEND n '2s'",
        "a follower replays late; '0s' ends it",
    ),
    (
        "SANDBOX FORWARD TWICE | CIRCLES | NOWHERE 'pattern'",
        "what befalls the next statement like that on its way to the leader",
    ),
    (
        "SANDBOX HIDE LEADER | REVEAL LEADER",
        "whether SHOW FRONTENDS names the leader",
    ),
    (
        "SANDBOX HOLD LOAD [COMMITTED] INSERT … | COMMIT LOAD label | ABORT LOAD label",
        "a load that stays unfinished until it is told to end",
    ),
    (
        "SANDBOX ROUTINE LOAD job VALUES (…)",
        "what arrives for a routine load",
    ),
    (
        "SANDBOX GROW db.t PARTITION p",
        "a partition gets one more physical part",
    ),
    (
        "SANDBOX CONFIG 'key' = 'value'",
        "as if fe.conf had said so before the start, also of what cannot be changed later",
    ),
    (
        "SANDBOX CLOCK '+3h' | '-10m'",
        "the frontend's clock jumps; its daemons do not notice",
    ),
    (
        "SANDBOX ON 'pattern' [NTH n] [TIMES n | ALWAYS] [RATE percent SEED n] [BEFORE | AFTER] what",
        "something happens to the n-th statement (1) that contains the pattern ('^' anchors it), once if nothing else is said, before it has \
         taken effect if AFTER is not said",
    ),
    ("… CUT", "the TCP connection ends without an answer"),
    ("… DELAY '2s'", "the statement takes longer"),
    ("… ERROR 5064 '42000' 'text'", "an error"),
    (
        "… RUN 'statement'",
        "another session of root runs a statement",
    ),
    (
        "… TOO MANY VERSIONS | QUERY TIMEOUT | PUBLISH TIMEOUT",
        "the errors of loads and queries; the last is no error, but status COMMITTED",
    ),
    (
        "SANDBOX INTRUDE 'statement'",
        "another session of root runs a statement, now",
    ),
    (
        "SANDBOX JOBS HOLD | RELEASE | PURGE | LOCK | UNLOCK | CHANGING n",
        "jobs stand still, go on, are forgotten when done; the submission lock is held; SHOW BACKUP and SHOW RESTORE meet a changing job",
    ),
    (
        "SANDBOX JOB VERSION MERGED | NO REPLICA | REPLICAS NOT CREATED | DISK FULL | TIMEOUT | EXCEPTION ['text']",
        "the next job that comes to the step meets it",
    ),
    (
        "SANDBOX TASKS SNAPSHOT | UPLOAD | DOWNLOAD | MOVE [ROUNDS n] [BACKEND n] ERROR 'text' | STUCK | OK",
        "tasks of all jobs fail into TaskErrMsg, or are not heard of, for n rounds or until OK",
    ),
    (
        "SANDBOX REPOSITORY name UNREACHABLE ['text'] | FULL ['text'] | READ ONLY | READ WRITE | OK",
        "the storage behind a repository",
    ),
    (
        "SANDBOX BACKEND n DEAD | ALIVE",
        "backends are counted from 0; a dead one finishes no task, and its replicas miss loads",
    ),
    (
        "SANDBOX HAZARD ON | OFF",
        "whether a failing RESTORE removes live tables from the leader's memory (ON, as StarRocks does), until it restarts",
    ),
    ("SANDBOX SHOW FAULTS", "what is ordered and has not run out"),
    (
        "SANDBOX CLEAR FAULTS",
        "nothing is ordered any more; backends live, repositories are well, followers keep up; a stopped frontend stays stopped",
    ),
];

/// What the table `common/ErrorCode.java` of StarRocks has.
const SQL_STATES: &[&str] = &[
    "08S01", "22000", "22001", "25P01", "28000", "3D000", "3F000", "42000", "42601", "42602",
    "42703", "42704", "42S01", "42S02", "42S22", "53000", "53400", "55P03", "58030", "F0000",
    "HY000", "XX000",
];

const UNREACHABLE: &str = "Unable to execute HTTP request: Connect to storage timed out";
const FULL: &str = "Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed.";

impl Cursor<'_> {
    /// After SANDBOX; `None` if it is not one of these.
    pub fn fault_control(&mut self) -> Parsed<Option<FaultControl>> {
        let word = self.peek().text.to_ascii_uppercase();
        let known = matches!(
            word.as_str(),
            "ON" | "INTRUDE"
                | "JOBS"
                | "JOB"
                | "TASKS"
                | "REPOSITORY"
                | "BACKEND"
                | "CLOCK"
                | "HAZARD"
                | "SHOW"
                | "CLEAR"
                | "HELP"
        );
        if !known {
            return Ok(None);
        }
        self.bump();
        Ok(Some(match word.as_str() {
            "ON" => FaultControl::On(self.statement_fault()?),
            "INTRUDE" => FaultControl::Intrude(self.string()?),
            "JOBS" => FaultControl::Jobs(self.jobs_control()?),
            "JOB" => FaultControl::Job(self.job_order()?),
            "TASKS" => self.task_trouble()?,
            "REPOSITORY" => self.repository_control()?,
            "BACKEND" => self.backend_control()?,
            "CLOCK" => FaultControl::Clock(self.jump()?),
            "HAZARD" => FaultControl::Hazard(self.hazard_control()?),
            "SHOW" => {
                self.expect("FAULTS")?;
                FaultControl::Show
            }
            "CLEAR" => {
                self.expect("FAULTS")?;
                FaultControl::Clear
            }
            _ => FaultControl::Help,
        }))
    }

    fn statement_fault(&mut self) -> Parsed<StatementFault> {
        let pattern = self.string()?;
        let nth = if self.take("NTH") { self.integer()? } else { 1 };
        let times = if self.take("ALWAYS") {
            None
        } else if self.take("TIMES") {
            Some(self.integer()?)
        } else {
            Some(1)
        };
        let chance = if self.take("RATE") {
            let percent = self.integer()?;
            self.expect("SEED")?;
            let seed = self.integer()?;
            Some(Chance { percent, seed })
        } else {
            None
        };
        let effect = if self.take("AFTER") {
            Effect::Done
        } else {
            self.take("BEFORE");
            Effect::None
        };
        let consequence = self.consequence()?;
        Ok(StatementFault {
            pattern,
            nth,
            times,
            chance,
            effect,
            consequence,
        })
    }

    fn consequence(&mut self) -> Parsed<Consequence> {
        if self.take("CUT") {
            Ok(Consequence::Cut)
        } else if self.take("DELAY") {
            self.duration().map(Consequence::Delay)
        } else if self.take("RUN") {
            self.string().map(Consequence::Run)
        } else if self.take("ERROR") {
            let code = self.integer()?;
            let place = self.position();
            let written = self.string()?;
            let state = SQL_STATES.iter().find(|state| **state == written);
            let state = state.copied().ok_or_else(|| {
                self.rewind(place);
                self.refuse(&format!("'{written}' is no SQLSTATE of StarRocks"))
            })?;
            Ok(Consequence::Error(SqlError::new(
                code,
                state,
                self.string()?,
            )))
        } else if self.take_run(&["TOO", "MANY", "VERSIONS"]) {
            Ok(Consequence::TooManyVersions)
        } else if self.take_run(&["QUERY", "TIMEOUT"]) {
            Ok(Consequence::QueryTimeout)
        } else if self.take_run(&["PUBLISH", "TIMEOUT"]) {
            Ok(Consequence::PublishTimeout)
        } else {
            Err(self.unexpected(&["CUT", "DELAY", "ERROR", "RUN", "TOO", "QUERY", "PUBLISH"]))
        }
    }

    fn jobs_control(&mut self) -> Parsed<JobsControl> {
        if self.take("CHANGING") {
            return self.integer().map(JobsControl::Changing);
        }
        let known = [
            ("HOLD", JobsControl::Hold),
            ("RELEASE", JobsControl::Release),
            ("PURGE", JobsControl::Purge),
            ("LOCK", JobsControl::Lock),
            ("UNLOCK", JobsControl::Unlock),
        ];
        for (word, control) in known {
            if self.take(word) {
                return Ok(control);
            }
        }
        Err(self.unexpected(&["HOLD", "RELEASE", "PURGE", "LOCK", "UNLOCK", "CHANGING"]))
    }

    fn job_order(&mut self) -> Parsed<JobOrder> {
        let known: [(&[&str], JobOrder); 5] = [
            (&["VERSION", "MERGED"], JobOrder::VersionMerged),
            (&["NO", "REPLICA"], JobOrder::NoReplica),
            (
                &["REPLICAS", "NOT", "CREATED"],
                JobOrder::ReplicasNotCreated,
            ),
            (&["DISK", "FULL"], JobOrder::DiskFull),
            (&["TIMEOUT"], JobOrder::Timeout),
        ];
        for (words, order) in known {
            if self.take_run(words) {
                return Ok(order);
            }
        }
        if self.take("EXCEPTION") {
            return Ok(JobOrder::Exception(self.text_or("NullPointerException")?));
        }
        Err(self.unexpected(&["VERSION", "NO", "REPLICAS", "DISK", "TIMEOUT", "EXCEPTION"]))
    }

    fn task_trouble(&mut self) -> Parsed<FaultControl> {
        let phase = Phase::ALL
            .into_iter()
            .find(|phase| self.take(phase.name()))
            .ok_or_else(|| self.unexpected(&Phase::ALL.map(Phase::name)))?;
        let rounds = if self.take("ROUNDS") {
            Some(self.integer()?)
        } else {
            None
        };
        let backend = if self.take("BACKEND") {
            Some(self.integer()?)
        } else {
            None
        };
        let text = if self.take("ERROR") {
            Some(self.string()?)
        } else if self.take("STUCK") {
            None
        } else if self.take("OK") {
            return Ok(FaultControl::Tasks(phase, None));
        } else {
            return Err(self.unexpected(&["ROUNDS", "BACKEND", "ERROR", "STUCK", "OK"]));
        };
        let trouble = TaskTrouble {
            text,
            rounds,
            backend,
        };
        Ok(FaultControl::Tasks(phase, Some(trouble)))
    }

    fn repository_control(&mut self) -> Parsed<FaultControl> {
        let name = self.name()?;
        let control = if self.take("UNREACHABLE") {
            RepositoryControl::Trouble(RepositoryTrouble::Unreachable(self.text_or(UNREACHABLE)?))
        } else if self.take("FULL") {
            RepositoryControl::Trouble(RepositoryTrouble::Full(self.text_or(FULL)?))
        } else if self.take_run(&["READ", "ONLY"]) {
            RepositoryControl::ReadOnly
        } else if self.take_run(&["READ", "WRITE"]) {
            RepositoryControl::ReadWrite
        } else if self.take("OK") {
            RepositoryControl::Well
        } else {
            return Err(self.unexpected(&["UNREACHABLE", "FULL", "READ", "OK"]));
        };
        Ok(FaultControl::Repository(name, control))
    }

    fn backend_control(&mut self) -> Parsed<FaultControl> {
        let index = self.integer()?;
        let alive = self.take("ALIVE");
        if !alive {
            self.expect_any(&["DEAD", "ALIVE"])?;
        }
        Ok(FaultControl::Backend { index, alive })
    }

    fn hazard_control(&mut self) -> Parsed<bool> {
        let on = self.take("ON");
        if !on {
            self.expect_any(&["ON", "OFF"])?;
        }
        Ok(on)
    }

    /// `'+3h'` or `'-10m'`, in milliseconds.
    fn jump(&mut self) -> Parsed<i64> {
        let place = self.position();
        let text = self.string()?;
        let (sign, rest) = match text.split_at_checked(1) {
            Some(("-", rest)) => (-1, rest),
            Some(("+", rest)) => (1, rest),
            _ => (1, text.as_str()),
        };
        let span: Result<Duration, _> = humantime::parse_duration(rest);
        let milliseconds = span
            .ok()
            .and_then(|span| i64::try_from(span.as_millis()).ok());
        milliseconds
            .map(|milliseconds| sign * milliseconds)
            .ok_or_else(|| {
                self.rewind(place);
                self.refuse(&format!("'{text}' is no jump such as '+3h' or '-10m'"))
            })
    }

    fn text_or(&mut self, default: &str) -> Parsed<String> {
        if self.peek().kind == Kind::Text {
            self.string()
        } else {
            Ok(default.to_owned())
        }
    }
}
