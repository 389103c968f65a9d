//! BEGIN, COMMIT and ROLLBACK (`transaction/TransactionStmtExecutor.java`, since 3.5; until then all three are read, answered with OK and
//! have no effect: `StmtExecutor.handleUnsupportedStmt`).
//!
//! Modelled: INSERTs of one database, each table once, rows unseen until COMMIT. Anything else inside a transaction is refused.

use crate::answer::{Answer, Done, SqlError};
use crate::ast::{Insert, Statement};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::session::Session;
use crate::engine::transactions::{Transaction, TransactionStatus};

/// What a session has begun.
#[derive(Debug, Clone)]
pub struct Explicit {
    pub id: u64,
    pub label: String,
}

impl Cluster {
    pub fn begin(&mut self, session: &Session) -> Result<Answer, SqlError> {
        if !self.release.has_transactions() {
            return Ok(done());
        }
        if let Some(begun) = self.explicit.get(&key(session)) {
            // A repeated BEGIN makes no new transaction.
            return Ok(told(begun, TransactionStatus::Prepare, 0));
        }
        let id = self.new_transaction();
        let begun = Explicit {
            id,
            label: self.uuid(id),
        };
        let answer = told(&begun, TransactionStatus::Prepare, 0);
        self.explicit.insert(key(session), begun);
        Ok(answer)
    }

    /// Outside a transaction it does nothing.
    pub fn commit_explicit(&mut self, session: &Session) -> Result<Answer, SqlError> {
        let Some(begun) = self.explicit.remove(&key(session)) else {
            return Ok(done());
        };
        while self
            .transactions
            .running
            .iter()
            .any(|transaction| transaction.id == begun.id)
        {
            self.commit_held_load(&begun.label)?;
        }
        Ok(told(&begun, TransactionStatus::Visible, 0))
    }

    pub fn rollback_explicit(&mut self, session: &Session) -> Result<Answer, SqlError> {
        let Some(begun) = self.explicit.remove(&key(session)) else {
            return Ok(done());
        };
        while self
            .transactions
            .running
            .iter()
            .any(|transaction| transaction.id == begun.id)
        {
            self.abort_held_load(&begun.label)?;
        }
        Ok(told(&begun, TransactionStatus::Aborted, 0))
    }

    /// `None`: the session is in no transaction, or the statement is none that a transaction changes.
    pub fn run_explicit(
        &mut self,
        session: &Session,
        statement: &Statement,
    ) -> Option<Result<Answer, SqlError>> {
        let begun = self.explicit.get(&key(session))?.clone();
        match statement {
            Statement::Insert(insert) => Some(self.insert_explicit(session, insert, &begun)),
            Statement::Begin
            | Statement::Commit
            | Statement::Rollback
            | Statement::Query(_)
            | Statement::Show(_)
            | Statement::Set(_)
            | Statement::Use(_)
            | Statement::Kill { .. } => None,
            _ => Some(Err(error::not_modelled(
                "this statement inside an explicit transaction",
            ))),
        }
    }

    fn insert_explicit(
        &mut self,
        session: &Session,
        insert: &Insert,
        begun: &Explicit,
    ) -> Result<Answer, SqlError> {
        let (target, _, rows) = self.prepared_rows(session, insert)?;
        let database_id = self.databases[&target.database].id;
        let table_id = self.table_at(&target)?.id;
        let parts: Vec<&Transaction> = self
            .transactions
            .running
            .iter()
            .filter(|transaction| transaction.id == begun.id)
            .collect();
        if parts.iter().any(|part| part.database_id != database_id) {
            return Err(SqlError::new(
                5304,
                "25P01",
                "Cannot execute cross-database transactions. All DML target tables must belong to the same db",
            ));
        }
        if parts.iter().any(|part| part.table_id == table_id) {
            return Err(SqlError::new(
                5303,
                "25P01",
                "NOT allowed to read or write tables that have been subjected to DML operations before",
            ));
        }
        let count = rows.len() as u64;
        self.transactions.running.push(Transaction {
            id: begun.id,
            label: begun.label.clone(),
            database_id,
            table_id,
            source: "INSERT_STREAMING",
            user: session.user.clone(),
            status: TransactionStatus::Prepare,
            begun: self.now,
            committed: None,
            finished: None,
            reason: String::new(),
            rows,
            count,
        });
        Ok(told(begun, TransactionStatus::Prepare, count))
    }
}

/// Connection ids are each frontend's own.
fn key(session: &Session) -> (usize, u32) {
    (session.frontend, session.id)
}

fn told(begun: &Explicit, status: TransactionStatus, affected_rows: u64) -> Answer {
    Answer::Done(Done {
        affected_rows,
        warnings: 0,
        info: format!(
            "{{'label':'{}', 'status':'{}', 'txnId':'{}'}}",
            begun.label,
            status.name(),
            begun.id
        ),
    })
}
