//! StarRocks' statements as values: what `parser` produces and `engine` runs.
//!
//! General SQL (queries, the source of an INSERT, the WHERE of a DELETE) is carried as sqlparser's tree; everything that only StarRocks
//! has is spelled out here.

mod access;
mod faults;
mod objects;
mod outside;
mod table;

use sqlparser::ast as sql;

pub use access::{Access, Grantee, Objects, PrivilegeClause, RoleChoice};
pub use faults::{
    Chance, Consequence, Effect, FaultControl, JobOrder, JobsControl, Phase, RepositoryControl,
    RepositoryTrouble, StatementFault, TaskTrouble,
};
pub use objects::{
    CreateMaterializedView, CreateRoutineLoad, MaterializedChange, NewRollup, ObjectStatement,
    Refresh, RefreshKind, RoutineLoadChange, ShowObject,
};
pub use outside::{FunctionKind, OutsideStatement};
pub use table::{
    Bound, ColumnDefinition, CreateTable, DataType, DefaultValue, Distribution, KeysType,
    ListPartition, ListValues, Partitioning, RangePartition,
};

/// In sqlparser's trees: stands before the names of a FROM clause's partitions where they are temporary ones.
pub const TEMPORARY: &str = "$TEMP";

/// `name` or `database.name`, quotes removed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectName {
    pub database: Option<String>,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    Backup(Backup),
    Restore(Restore),
    Cancel {
        kind: JobKind,
        target: CancelTarget,
    },
    Show(Show),
    CreateRepository(CreateRepository),
    DropRepository {
        name: String,
    },
    /// `DROP SNAPSHOT label ON repository [FORCE]`, since 4.2.
    DropSnapshot {
        label: String,
        repository: String,
        force: bool,
    },
    CreateDatabase {
        name: String,
        if_not_exists: bool,
    },
    DropDatabase {
        name: String,
        if_exists: bool,
        force: bool,
    },
    CreateTable(Box<CreateTable>),
    /// `CREATE TABLE a LIKE b`.
    CreateTableLike {
        name: ObjectName,
        if_not_exists: bool,
        source: ObjectName,
    },
    /// The query keeps its text, for SHOW CREATE.
    CreateView {
        name: ObjectName,
        if_not_exists: bool,
        or_replace: bool,
        text: String,
        query: Box<sql::Query>,
    },
    DropTable {
        name: ObjectName,
        if_exists: bool,
        force: bool,
    },
    DropView {
        name: ObjectName,
        if_exists: bool,
    },
    RecoverTable {
        name: ObjectName,
    },
    AlterTable {
        name: ObjectName,
        clauses: Vec<AlterClause>,
    },
    Truncate {
        name: ObjectName,
        partitions: Vec<String>,
    },
    Insert(Box<Insert>),
    Update {
        table: ObjectName,
        assignments: Vec<(String, sql::Expr)>,
        filter: Option<sql::Expr>,
    },
    Delete {
        table: ObjectName,
        partitions: Vec<String>,
        filter: Option<sql::Expr>,
    },
    Query(Box<sql::Query>),
    Sync,
    AdminShowConfig {
        pattern: Option<String>,
    },
    AdminSetConfig {
        key: String,
        value: String,
    },
    Set(Vec<Assignment>),
    Use(String),
    /// `user` is `name`, or `name@host` when a host other than `%` was given; so everywhere below.
    CreateUser {
        user: String,
        if_not_exists: bool,
        password: Option<String>,
        default_roles: Vec<String>,
    },
    /// `ALTER USER … IDENTIFIED BY …`
    AlterUser {
        user: String,
        if_exists: bool,
        password: String,
    },
    DropUser {
        user: String,
        if_exists: bool,
    },
    SetPassword {
        user: Option<String>,
        password: String,
    },
    /// GRANT, REVOKE, CREATE ROLE, SET ROLE
    Access(Access),
    Begin,
    Commit,
    Rollback,
    /// Materialized views, routine loads and other things around tables.
    Object(ObjectStatement),
    Outside(OutsideStatement),
    /// `SANDBOX …`, which StarRocks does not have.
    Sandbox(Control),
    Kill {
        query: bool,
        id: u64,
    },
}

/// What a person asks the sandbox itself to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Moves a manual clock, and runs what falls due on the way.
    Advance(std::time::Duration),
    /// So many rounds of the backup handler, now.
    Tick(u32),
    Frontend(FrontendControl),
    Fault(Box<FaultControl>),
    /// What fe.conf said before the start, also of what cannot be changed later.
    Config(String, String),
    /// One more part behind the name of a partition.
    Grow {
        table: ObjectName,
        partition: String,
    },
}

/// What befalls a frontend, or a statement between two. Frontends are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrontendControl {
    Stop(usize),
    Start(usize),
    Restart(usize),
    Lead(usize),
    Observe(usize),
    Lag(usize, std::time::Duration),
    Forward(crate::engine::Passage, String),
    HideLeader(bool),
}

/// Where something of a statement begins and where its last token begins: lines from 1, columns from 0, as messages print them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place {
    pub from: (usize, usize),
    pub to: (usize, usize),
}

/// Two statements that mean the same are equal, wherever their words stand.
impl PartialEq for Place {
    fn eq(&self, _other: &Place) -> bool {
        true
    }
}

impl Eq for Place {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    Backup,
    Restore,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelTarget {
    Database(String),
    ExternalCatalog,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Backup {
    /// The form without a database.
    pub catalogs: Option<JobCatalogs>,
    /// From `DATABASE db` or from `db.label`.
    pub database: Option<String>,
    pub label: String,
    pub repository: String,
    /// `None`: no ON clause, the whole database.
    pub objects: Option<Vec<JobObject>>,
    pub properties: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Restore {
    pub catalogs: Option<JobCatalogs>,
    /// `DATABASE src`.
    pub source_database: Option<String>,
    /// `db.label` or `DATABASE src AS db`.
    pub target_database: Option<String>,
    pub label: String,
    pub repository: String,
    pub objects: Option<Vec<JobObject>>,
    pub properties: Vec<(String, String)>,
}

/// `ALL EXTERNAL CATALOGS`, or names with the alias that only RESTORE gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobCatalogs {
    All,
    Named(Vec<(String, Option<String>)>),
}

/// The places of one item of ON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobObjectPlaces {
    pub item: Place,
    pub name: Place,
    pub partitions: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobObject {
    Table {
        /// With `TABLE` in front; bare names come first among the objects of a job.
        keyword: bool,
        name: ObjectName,
        temporary_partitions: bool,
        partitions: Vec<String>,
        alias: Option<String>,
        places: JobObjectPlaces,
    },
    AllTables,
    View {
        name: ObjectName,
        alias: Option<String>,
        places: JobObjectPlaces,
    },
    AllViews,
    MaterializedView {
        name: ObjectName,
        alias: Option<String>,
        places: JobObjectPlaces,
    },
    AllMaterializedViews,
    Function {
        name: ObjectName,
        alias: Option<String>,
    },
    AllFunctions,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRepository {
    pub read_only: bool,
    pub name: String,
    pub broker: Option<String>,
    pub location: String,
    pub properties: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Show {
    Backup {
        database: Option<String>,
    },
    Restore {
        database: Option<String>,
    },
    Snapshot {
        repository: String,
        filter: Option<sql::Expr>,
    },
    Repositories,
    Frontends,
    Backends,
    ComputeNodes,
    Databases {
        pattern: Option<String>,
    },
    Tables {
        full: bool,
        database: Option<String>,
        pattern: Option<String>,
    },
    /// `SHOW [TEMPORARY] PARTITIONS FROM t [WHERE …] [ORDER BY …] [LIMIT n]`
    Partitions {
        temporary: bool,
        table: ObjectName,
        filter: Option<sql::Expr>,
        order: Vec<(String, SortDirection)>,
        limit: Option<u64>,
    },
    CreateTable {
        name: ObjectName,
    },
    CreateDatabase {
        name: String,
    },
    Variables {
        global: bool,
        pattern: Option<String>,
    },
    Columns {
        full: bool,
        table: ObjectName,
    },
    Data {
        table: Option<ObjectName>,
    },
    ProcessList {
        full: bool,
    },
    Warnings,
    /// `None`: one's own.
    Grants {
        of: Option<Grantee>,
    },
    Roles,
    /// USERS is everybody, USER is oneself.
    Users {
        all: bool,
    },
    Object(ShowObject),
    Status,
    Engines,
    Charset,
    Collation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortDirection {
    Ascending,
    Descending,
}

#[derive(Debug, Clone, PartialEq)]
pub enum AlterClause {
    AddPartition {
        temporary: bool,
        partition: PartitionItem,
        distribution: Option<Distribution>,
    },
    DropPartition {
        temporary: bool,
        if_exists: bool,
        force: bool,
        names: Vec<String>,
    },
    ReplacePartition {
        partitions: Vec<String>,
        with: Vec<String>,
        properties: Vec<(String, String)>,
    },
    RenamePartition {
        from: String,
        to: String,
    },
    Rename {
        to: String,
    },
    SwapWith {
        other: String,
    },
    SetProperties(Vec<(String, String)>),
    AddColumn(Box<ColumnDefinition>),
    DropColumn {
        name: String,
    },
    RenameColumn {
        from: String,
        to: String,
    },
    ModifyColumn(Box<ColumnDefinition>),
    ModifyComment(String),
    AddRollup(Vec<NewRollup>),
    DropRollup {
        names: Vec<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartitionItem {
    Range(RangePartition),
    List(ListPartition),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    pub table: ObjectName,
    pub overwrite: bool,
    pub temporary_partitions: bool,
    pub partitions: Vec<String>,
    pub label: Option<String>,
    pub columns: Vec<String>,
    pub source: InsertSource,
}

#[derive(Debug, Clone, PartialEq)]
pub enum InsertSource {
    /// `None` stands for DEFAULT.
    Values(Vec<Vec<Option<sql::Expr>>>),
    Query(Box<sql::Query>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    pub global: bool,
    /// `@name` for a user variable.
    pub name: String,
    pub value: sql::Expr,
}
