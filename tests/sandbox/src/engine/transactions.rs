//! Load transactions: those that are running, and the last of those that ended (`transaction/DatabaseTransactionMgr.java`).
//!
//! A statement's transaction begins and ends within it. One that stays open is made by hand, with SANDBOX HOLD LOAD, and is bound to the id
//! of its table: whatever the table is called when it is committed, the rows go there.

use std::collections::{BTreeSet, VecDeque};

use chrono::{DateTime, Utc};

use crate::answer::{Answer, Column, ColumnKind, ResultSet, SqlError};
use crate::ast::Insert;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::load::{Load, PlacedRows, Target};
use crate::engine::session::Session;
use crate::engine::table::TableState;

/// The default of FE config `label_keep_max_num`.
const KEPT: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    Prepare,
    /// The rows are safe, but no query sees them.
    Committed,
    Visible,
    Aborted,
}

impl TransactionStatus {
    pub fn name(self) -> &'static str {
        match self {
            TransactionStatus::Prepare => "PREPARE",
            TransactionStatus::Committed => "COMMITTED",
            TransactionStatus::Visible => "VISIBLE",
            TransactionStatus::Aborted => "ABORTED",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Transaction {
    pub id: u64,
    pub label: String,
    pub database_id: u64,
    pub table_id: u64,
    /// `transaction/TransactionState.LoadJobSourceType`
    pub source: &'static str,
    pub user: String,
    pub status: TransactionStatus,
    pub begun: DateTime<Utc>,
    pub committed: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    pub reason: String,
    /// By physical partition; empty once they are written.
    pub rows: PlacedRows,
    pub count: u64,
}

#[derive(Debug, Clone, Default)]
pub struct Transactions {
    pub running: Vec<Transaction>,
    pub finished: VecDeque<Transaction>,
}

impl Transactions {
    fn finish(&mut self, transaction: Transaction) {
        if self.finished.len() >= KEPT {
            self.finished.pop_front();
        }
        self.finished.push_back(transaction);
    }

    pub fn find(&self, id: u64) -> Option<&Transaction> {
        self.running
            .iter()
            .chain(&self.finished)
            .find(|transaction| transaction.id == id)
    }

    pub fn has_committed(&self, database_id: u64, table_id: Option<u64>) -> bool {
        self.running.iter().any(|transaction| {
            transaction.database_id == database_id
                && transaction.status == TransactionStatus::Committed
                && table_id.is_none_or(|id| id == transaction.table_id)
        })
    }
}

impl Cluster {
    /// A statement's load became visible.
    pub(super) fn record_visible(&mut self, target: &Target, load: &Load, count: u64) {
        let Ok(table_id) = self.table_at(target).map(|table| table.id) else {
            return;
        };
        let database_id = self.databases[&target.database].id;
        let source = if load.label.starts_with("delete_") {
            "DELETE"
        } else {
            "INSERT_STREAMING"
        };
        let now = self.now;
        self.transactions.finish(Transaction {
            id: load.id,
            label: load.label.clone(),
            database_id,
            table_id,
            source,
            user: "root".to_owned(),
            status: TransactionStatus::Visible,
            begun: now,
            committed: Some(now),
            finished: Some(now),
            reason: String::new(),
            rows: Vec::new(),
            count,
        });
    }

    /// Reads the rows as an INSERT does, and leaves the transaction open.
    pub fn hold_load(
        &mut self,
        session: &Session,
        insert: &Insert,
        committed: bool,
    ) -> Result<Answer, SqlError> {
        let (target, load, rows) = self.prepared_rows(session, insert)?;
        let (now, retention) = (self.now, self.label_retention());
        let database = self.database_mut(&target.database)?;
        let database_id = database.id;
        database.labels.record(load.label.clone(), now, retention);
        let table_id = self.table_at(&target)?.id;
        let count = rows.len() as u64;
        let row = vec![Some(load.id.to_string()), Some(load.label.clone())];
        self.transactions.running.push(Transaction {
            id: load.id,
            label: load.label,
            database_id,
            table_id,
            source: "INSERT_STREAMING",
            user: session.user.clone(),
            status: if committed {
                TransactionStatus::Committed
            } else {
                TransactionStatus::Prepare
            },
            begun: now,
            committed: committed.then_some(now),
            finished: None,
            reason: String::new(),
            rows,
            count,
        });
        let columns = ["TransactionId", "Label"].map(|name| Column {
            name: name.to_owned(),
            kind: ColumnKind::Text,
        });
        Ok(Answer::Rows(ResultSet {
            columns: columns.to_vec(),
            rows: vec![row],
        }))
    }

    /// Commits and publishes. A table or partition that is gone is passed over (`OlapTableTxnStateListener.preCommit`,
    /// `DatabaseTransactionMgr.finishTransaction`); one that is being restored refuses.
    pub fn commit_held_load(&mut self, label: &str) -> Result<Answer, SqlError> {
        let at = self.running_load(label)?;
        let (database_id, table_id, status) = {
            let transaction = &self.transactions.running[at];
            (
                transaction.database_id,
                transaction.table_id,
                transaction.status,
            )
        };
        let target = self.target_by_id(database_id, table_id);
        if let Some(target) = &target
            && status == TransactionStatus::Prepare
        {
            let table = self.table_at(target)?;
            if table.state == TableState::Restore {
                return Err(SqlError::plain(format!(
                    "Cannot write RESTORE state table \"{}\"",
                    table.name
                )));
            }
        }
        let mut transaction = self.transactions.running.remove(at);
        if let Some(target) = &target {
            self.publish_held(target, &mut transaction)?;
        }
        transaction.rows.clear();
        transaction.status = TransactionStatus::Visible;
        transaction.committed = transaction.committed.or(Some(self.now));
        transaction.finished = Some(self.now);
        self.transactions.finish(transaction);
        Ok(done())
    }

    fn publish_held(
        &mut self,
        target: &Target,
        transaction: &mut Transaction,
    ) -> Result<(), SqlError> {
        let now = self.now;
        let table = self.table_at(target)?;
        let alive: BTreeSet<u64> = table
            .partitions
            .physical_ids()
            .chain(table.temporary_partitions.physical_ids())
            .collect();
        transaction
            .rows
            .retain(|(physical, _)| alive.contains(physical));
        let touched: BTreeSet<u64> = transaction
            .rows
            .iter()
            .map(|(physical, _)| *physical)
            .collect();
        let rows = transaction
            .rows
            .iter()
            .map(|(physical, row)| (*physical, row.as_slice()));
        self.store
            .atomically(|store| store.insert(table, None, rows))?;
        let table = self.altered(target)?;
        table.partitions.publish(&touched, now);
        table.temporary_partitions.publish(&touched, now);
        Ok(())
    }

    /// The label is free again.
    pub fn abort_held_load(&mut self, label: &str) -> Result<Answer, SqlError> {
        let at = self.running_load(label)?;
        if self.transactions.running[at].status == TransactionStatus::Committed {
            return Err(SqlError::plain(format!(
                "the load {label} is committed, and cannot be aborted"
            )));
        }
        let mut transaction = self.transactions.running.remove(at);
        if let Some(database) = self.database_by_id_mut(transaction.database_id) {
            database.labels.forget(label);
        }
        transaction.rows.clear();
        transaction.status = TransactionStatus::Aborted;
        transaction.finished = Some(self.now);
        transaction.reason = "aborted by hand".to_owned();
        self.transactions.finish(transaction);
        Ok(done())
    }

    fn running_load(&self, label: &str) -> Result<usize, SqlError> {
        self.transactions
            .running
            .iter()
            .position(|transaction| transaction.label == label)
            .ok_or_else(|| SqlError::plain(format!("no load {label} is held")))
    }

    /// Where a table is now, by its id.
    pub fn target_by_id(&self, database_id: u64, table_id: u64) -> Option<Target> {
        let database = self.database_by_id(database_id)?;
        let table = database.tables().find(|table| table.id == table_id)?;
        Some(Target {
            database: database.name.clone(),
            table: table.name.clone(),
        })
    }

    /// The name of a relation, by its id.
    pub fn table_name_by_id(&self, database_id: u64, table_id: u64) -> Option<String> {
        self.target_by_id(database_id, table_id)
            .map(|target| target.table)
    }
}
