//! Statements about what stands around tables: materialized views, rollups, routine loads, transactions, recovery.

use sqlparser::ast as sql;

use crate::ast::{CreateTable, Distribution, Insert, ObjectName};

#[derive(Debug, Clone, PartialEq)]
pub enum ObjectStatement {
    CreateMaterializedView(Box<CreateMaterializedView>),
    /// A materialized view that is an index of one table.
    CreateSyncView {
        name: ObjectName,
        text: String,
        query: Box<sql::Query>,
    },
    DropMaterializedView {
        name: ObjectName,
        if_exists: bool,
    },
    AlterMaterializedView {
        name: ObjectName,
        change: MaterializedChange,
    },
    RefreshMaterializedView {
        name: ObjectName,
        synchronous: bool,
    },
    AlterView {
        name: ObjectName,
        text: String,
        query: Box<sql::Query>,
    },
    CreateTableAsSelect {
        table: Box<CreateTable>,
        /// Names of the columns, where given.
        columns: Vec<String>,
        query: Box<sql::Query>,
    },
    CreateRoutineLoad(Box<CreateRoutineLoad>),
    ChangeRoutineLoad {
        name: ObjectName,
        change: RoutineLoadChange,
    },
    RecoverDatabase {
        name: String,
    },
    RecoverPartition {
        name: String,
        table: ObjectName,
    },
    /// `SANDBOX HOLD LOAD INSERT INTO …`: the rows are ready, the transaction stays open. With COMMITTED it is committed, and its
    /// publishing waits.
    HoldLoad {
        insert: Box<Insert>,
        committed: bool,
    },
    /// `SANDBOX COMMIT LOAD label`
    CommitLoad {
        label: String,
    },
    /// `SANDBOX ABORT LOAD label`
    AbortLoad {
        label: String,
    },
    /// `SANDBOX ROUTINE LOAD job VALUES (…)`: messages for a routine load, loaded at its next round.
    FeedRoutineLoad {
        name: ObjectName,
        rows: Vec<Vec<Option<sql::Expr>>>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct CreateMaterializedView {
    pub name: ObjectName,
    pub if_not_exists: bool,
    /// Name and comment of each column, where given.
    pub columns: Vec<(String, Option<String>)>,
    pub comment: Option<String>,
    pub distribution: Option<Distribution>,
    pub order_by: Vec<String>,
    pub refresh: Refresh,
    pub properties: Vec<(String, String)>,
    pub text: String,
    pub query: Box<sql::Query>,
}

/// `REFRESH [IMMEDIATE|DEFERRED] ASYNC [START ('…')] [EVERY (INTERVAL n unit)] | MANUAL`
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Refresh {
    pub deferred: bool,
    pub kind: RefreshKind,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum RefreshKind {
    Manual,
    /// After every change of a base table, unless there is an interval.
    Async {
        start: Option<String>,
        every: Option<(i64, String)>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaterializedChange {
    Active,
    Inactive,
    Rename(String),
    SwapWith(String),
    Refresh(Refresh),
}

#[derive(Debug, Clone, PartialEq)]
pub struct CreateRoutineLoad {
    pub name: ObjectName,
    pub table: ObjectName,
    /// The clauses about columns, as they were written.
    pub description: String,
    pub properties: Vec<(String, String)>,
    pub source: String,
    pub source_properties: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoutineLoadChange {
    Pause,
    Resume,
    Stop,
}

/// `ALTER TABLE t ADD ROLLUP r (c, …) [DUPLICATE KEY (c, …)] [FROM index] [PROPERTIES (…)]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRollup {
    pub name: String,
    pub columns: Vec<String>,
    pub from: Option<String>,
}

/// SHOW statements about the same.
#[derive(Debug, Clone, PartialEq)]
pub enum ShowObject {
    MaterializedViews {
        database: Option<String>,
        pattern: Option<String>,
    },
    /// `SHOW CREATE MATERIALIZED VIEW`
    CreateMaterializedView { name: ObjectName },
    /// `SHOW CREATE VIEW`
    CreateView { name: ObjectName },
    /// `SHOW [ALL] ROUTINE LOAD [FOR [db.]job] [FROM db]`
    RoutineLoad {
        all: bool,
        database: Option<String>,
        name: Option<String>,
    },
    /// `SHOW TRANSACTION [FROM db] WHERE ID = n`
    Transaction { database: Option<String>, id: u64 },
    /// `SHOW PROC '/…'`
    Proc { path: String },
    /// `SHOW ALTER TABLE ROLLUP`, `SHOW ALTER MATERIALIZED VIEW`
    AlterRollup { database: Option<String> },
    /// `SHOW ALTER TABLE COLUMN`
    AlterColumn { database: Option<String> },
    /// `DESC t ALL`
    DescribeAll { table: ObjectName },
}
