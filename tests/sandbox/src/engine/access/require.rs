//! What each statement needs (`sql/analyzer/AuthorizerStmtVisitor.java`, 3.4.3).
//!
//! StarRocks analyzes a statement, authorizes it, then runs it. [`Cluster::permitted`] finds what is lacking before the statement is run; an
//! object that does not exist lacks nothing, as in `authorization/NativeAccessController.java`, so that the statement answers with its own
//! refusal. Statements of which more is analyzed call [`Cluster::authorized`] where their analysis ends.

use crate::answer::SqlError;
use crate::ast::{
    Access, CancelTarget, Grantee, JobObject, ObjectName, ObjectStatement, OutsideStatement,
    Restore, Show, ShowObject, Statement,
};
use crate::engine::access::holder::Holder;
use crate::engine::access::object::Object;
use crate::engine::access::privilege::{Kind, Privilege, Privileges};
use crate::engine::access::resolve::located;
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::jobs::Job;
use crate::engine::session::Session;

use Privilege as P;

/// One thing a statement needs.
#[derive(Debug, Clone, Copy)]
pub enum Need<'s> {
    /// One of them, on SYSTEM.
    System(&'static [Privilege]),
    Catalog(Privilege),
    Database(Privilege, &'s str),
    /// Database, name. A view of that name needs nothing.
    Table(Privilege, &'s str, &'s str),
    View(Privilege, &'s str, &'s str),
    MaterializedView(Privilege, &'s str, &'s str),
    /// Any privilege, on the table.
    AnyOnTable(&'s str, &'s str),
    /// Any privilege, on the table or view.
    AnyOnRelation(&'s str, &'s str),
    AnyOnDatabase(&'s str),
    /// On the database or anything in it.
    AnyInDatabase(&'s str),
}

const OPERATE: Need<'static> = Need::System(&[P::Operate]);
const REPOSITORY: Need<'static> = Need::System(&[P::Repository]);
pub const GRANT: Need<'static> = Need::System(&[P::Grant]);
/// SHOW FRONTENDS, BACKENDS, COMPUTE NODES.
const NODES: Need<'static> = Need::System(&[P::Operate, P::Node]);

/// A table or view that a query reads (`authorization/ColumnPrivilege.java`): the objects named in its own text, not those behind a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    pub kind: Kind,
    pub object: Object,
    pub name: String,
    /// Of `be_…` and `fe_…` tables: OPERATE on SYSTEM too.
    pub operate: bool,
}

impl Cluster {
    /// What of a statement's needs the session lacks. `None` for root, without a look.
    pub fn lacking(&self, session: &Session, statement: &Statement) -> Option<SqlError> {
        let needs = self.needs(session, statement);
        if needs.is_empty() {
            return None;
        }
        let holder = self.holder(session);
        needs
            .iter()
            .find_map(|need| self.lacks(session, &holder, *need))
    }

    /// Where a statement's analysis ends and its run begins.
    pub fn authorized(&mut self) -> Result<(), SqlError> {
        self.denial.take().map_or(Ok(()), Err)
    }

    /// The tables and views of a query, after its analysis.
    pub fn check_reads(&self, session: &Session, reads: &[Read]) -> Result<(), SqlError> {
        if reads.is_empty() {
            return Ok(());
        }
        let holder = self.holder(session);
        if reads.iter().any(|read| read.operate)
            && let Some(denial) = self.lacks(session, &holder, OPERATE)
        {
            return Err(denial);
        }
        let lacking = reads
            .iter()
            .find(|read| !holder.has(read.kind, P::Select, &read.object));
        lacking.map_or(Ok(()), |read| {
            Err(self.denied(session, "SELECT", read.kind, Some(&read.name)))
        })
    }

    /// One need that arises while a statement is analyzed.
    pub fn need(&self, session: &Session, need: Need<'_>) -> Result<(), SqlError> {
        if self.is_root(session) {
            return Ok(());
        }
        self.lacks(session, &self.holder(session), need)
            .map_or(Ok(()), Err)
    }

    fn needs<'s>(&'s self, session: &'s Session, statement: &'s Statement) -> Vec<Need<'s>> {
        let on_table = |privilege, name: &'s ObjectName| {
            located(name, session)
                .map(|(database, name)| Need::Table(privilege, database, name))
                .into_iter()
                .collect::<Vec<_>>()
        };
        let in_database = |privilege, name: &'s ObjectName| {
            located(name, session)
                .map(|(database, _)| Need::Database(privilege, database))
                .into_iter()
                .collect::<Vec<_>>()
        };
        match statement {
            // Then EXPORT on each table: `Cluster::backup`.
            Statement::Backup(_) => vec![REPOSITORY],
            Statement::Restore(restore) => self.restore_needs(session, restore),
            Statement::Cancel { target, .. } => self.cancel_needs(target),
            Statement::CreateRepository(_)
            | Statement::DropRepository { .. }
            | Statement::DropSnapshot { .. } => vec![REPOSITORY],
            Statement::Outside(outside) => outside_needs(session, outside),
            // An unknown database is told first (`sql/analyzer/BackupRestoreAnalyzer.java`).
            Statement::Show(
                Show::Backup {
                    database: Some(name),
                }
                | Show::Restore {
                    database: Some(name),
                },
            ) if self.database_id(name).is_none() => Vec::new(),
            Statement::Show(show) => show_needs(session, show),
            Statement::CreateDatabase { .. } => vec![Need::Catalog(P::CreateDatabase)],
            Statement::DropDatabase { name, .. } => vec![Need::Database(P::Drop, name)],
            Statement::CreateTable(create) => in_database(P::CreateTable, &create.name),
            Statement::CreateTableLike { name, source, .. } => {
                let mut needs = in_database(P::CreateTable, name);
                needs.extend(on_table(P::Select, source));
                needs
            }
            // Then SELECT on what its query reads: `Cluster::create_view`.
            Statement::CreateView { name, .. } => in_database(P::CreateView, name),
            Statement::RecoverTable { name } => in_database(P::CreateTable, name),
            Statement::DropTable { name, .. } => on_table(P::Drop, name),
            Statement::DropView { name, .. } => located(name, session)
                .map(|(database, name)| Need::View(P::Drop, database, name))
                .into_iter()
                .collect(),
            // The table named first: neither the other one of SWAP nor the name of RENAME.
            Statement::AlterTable { name, .. } => on_table(P::Alter, name),
            Statement::Truncate { name, .. } => on_table(P::Delete, name),
            // Then SELECT on what the query reads; the table of UPDATE and DELETE itself needs none.
            Statement::Insert(insert) => on_table(P::Insert, &insert.table),
            Statement::Update { table, .. } => on_table(P::Update, table),
            Statement::Delete { table, .. } => on_table(P::Delete, table),
            Statement::AdminShowConfig { .. } | Statement::AdminSetConfig { .. } => vec![OPERATE],
            Statement::Set(list) if list.iter().any(|set| set.global) => vec![OPERATE],
            Statement::Use(name) => vec![Need::AnyInDatabase(name)],
            Statement::Kill { id, .. } if self.is_of_another(session, *id) => vec![OPERATE],
            Statement::CreateUser { .. }
            | Statement::AlterUser { .. }
            | Statement::DropUser { .. } => vec![GRANT],
            Statement::SetPassword {
                user: Some(user), ..
            } if *user != session.user => vec![GRANT],
            Statement::Access(access) => access_needs(session, access),
            Statement::Object(statement) => object_needs(session, statement),
            // A query needs what it reads: `Cluster::select`. The others need nothing.
            Statement::Query(_)
            | Statement::Set(_)
            | Statement::SetPassword { .. }
            | Statement::Kill { .. }
            | Statement::Sync
            | Statement::Begin
            | Statement::Commit
            | Statement::Rollback
            | Statement::Sandbox(_) => Vec::new(),
        }
    }

    /// REPOSITORY; for a whole database CREATE DATABASE; else CREATE TABLE in the database, if it exists, and INSERT on every table that
    /// exists under its ORIGINAL name.
    fn restore_needs<'s>(&'s self, session: &'s Session, restore: &'s Restore) -> Vec<Need<'s>> {
        let mut needs = vec![REPOSITORY];
        if restore.catalogs.is_some() {
            needs.push(Need::System(&[P::CreateExternalCatalog]));
            return needs;
        }
        let Some(objects) = &restore.objects else {
            needs.push(Need::Catalog(P::CreateDatabase));
            return needs;
        };
        let named = restore.target_database.as_deref();
        let named = named.or(restore.source_database.as_deref());
        let Some(database) = named.or(session.database.as_deref()) else {
            return needs;
        };
        needs.push(Need::Database(P::CreateTable, database));
        needs.extend(objects.iter().filter_map(|object| match object {
            JobObject::Table { name, .. } => Some(Need::Table(P::Insert, database, &name.name)),
            _ => None,
        }));
        needs
    }

    /// REPOSITORY; then EXPORT on the tables of a BACKUP job, which CANCEL RESTORE looks at too.
    fn cancel_needs<'s>(&'s self, target: &'s CancelTarget) -> Vec<Need<'s>> {
        let mut needs = vec![REPOSITORY];
        let name = match target {
            CancelTarget::Database(name) => Some(name),
            CancelTarget::ExternalCatalog => None,
        };
        let Some(database) = name.and_then(|name| self.databases.get(name)) else {
            return needs;
        };
        if let Some(Job::Backup(job)) = self.jobs.slots.get(&database.id) {
            needs.extend(
                job.objects
                    .iter()
                    .map(|object| Need::Table(P::Export, &database.name, &object.name)),
            );
        }
        needs
    }

    fn is_of_another(&self, session: &Session, id: u64) -> bool {
        let other = u32::try_from(id).ok().and_then(|id| self.sessions.get(&id));
        other.is_some_and(|other| other.user != session.user)
    }

    fn lacks(&self, session: &Session, holder: &Holder<'_>, need: Need<'_>) -> Option<SqlError> {
        let (held, privilege, kind, name) = match need {
            Need::System(any) => (
                any.iter()
                    .any(|privilege| holder.has(Kind::System, *privilege, &Object::Only)),
                any.iter()
                    .map(|privilege| privilege.name())
                    .collect::<Vec<_>>()
                    .join(" OR "),
                Kind::System,
                None,
            ),
            Need::Catalog(privilege) => (
                holder.has(Kind::Catalog, privilege, &Object::Only),
                privilege.name().to_owned(),
                Kind::Catalog,
                Some("default_catalog"),
            ),
            Need::Database(privilege, name) => (
                holder.has(
                    Kind::Database,
                    privilege,
                    &Object::Database(self.database_id(name)?),
                ),
                privilege.name().to_owned(),
                Kind::Database,
                Some(name),
            ),
            Need::Table(privilege, database, name) => (
                holder.has(Kind::Table, privilege, &self.table_object(database, name)?),
                privilege.name().to_owned(),
                Kind::Table,
                Some(name),
            ),
            Need::View(privilege, database, name) => (
                holder.has(
                    Kind::View,
                    privilege,
                    &self.object_of(Kind::View, database, name)?,
                ),
                privilege.name().to_owned(),
                Kind::View,
                Some(name),
            ),
            Need::MaterializedView(privilege, database, name) => (
                holder.has(
                    Kind::MaterializedView,
                    privilege,
                    &self.object_of(Kind::MaterializedView, database, name)?,
                ),
                privilege.name().to_owned(),
                Kind::MaterializedView,
                Some(name),
            ),
            Need::AnyOnTable(database, name) => (
                holder.has_any(Kind::Table, &self.table_object(database, name)?),
                "ANY".to_owned(),
                Kind::Table,
                Some(name),
            ),
            Need::AnyOnRelation(database, name) => {
                let kinds = [Kind::Table, Kind::View, Kind::MaterializedView];
                let (kind, object) = kinds.into_iter().find_map(|kind| {
                    let object = self.object_of(kind, database, name)?;
                    Some((kind, object))
                })?;
                (
                    holder.has_any(kind, &object),
                    "ANY".to_owned(),
                    Kind::Table,
                    Some(name),
                )
            }
            Need::AnyOnDatabase(name) => (
                holder.has_any(Kind::Database, &Object::Database(self.database_id(name)?)),
                "ANY".to_owned(),
                Kind::Database,
                Some(name),
            ),
            Need::AnyInDatabase(name) => (
                holder.sees_database(self.database_id(name)?),
                "ANY".to_owned(),
                Kind::Database,
                Some(name),
            ),
        };
        if held {
            None
        } else {
            Some(self.denied(session, &privilege, kind, name))
        }
    }

    /// GRANT and REVOKE of privileges that the session holds WITH GRANT OPTION need no GRANT on SYSTEM.
    pub fn may_pass_on(
        &self,
        session: &Session,
        kind: Kind,
        privileges: Privileges,
        objects: &[Object],
    ) -> bool {
        match self.holder(session) {
            Holder::Everything => true,
            Holder::Of(all) => {
                let mut merged = crate::engine::access::Grants::default();
                all.iter().for_each(|grants| merged.add_all(grants));
                merged.may_grant(kind, privileges, objects)
            }
        }
    }
}

fn show_needs<'s>(session: &'s Session, show: &'s Show) -> Vec<Need<'s>> {
    let any_on_table = |name: &'s ObjectName| {
        located(name, session)
            .map(|(database, name)| Need::AnyOnTable(database, name))
            .into_iter()
            .collect::<Vec<_>>()
    };
    match show {
        Show::Backup { .. } | Show::Restore { .. } | Show::Snapshot { .. } => vec![REPOSITORY],
        Show::Frontends | Show::Backends | Show::ComputeNodes => vec![NODES],
        Show::Partitions { table, .. } | Show::Columns { table, .. } => any_on_table(table),
        Show::Data { table } => table.as_ref().map_or(Vec::new(), any_on_table),
        Show::CreateTable { name } => located(name, session)
            .map(|(database, name)| Need::AnyOnRelation(database, name))
            .into_iter()
            .collect(),
        Show::CreateDatabase { name } => vec![Need::AnyOnDatabase(name)],
        Show::Object(ShowObject::Proc { .. }) => vec![OPERATE],
        Show::Object(ShowObject::DescribeAll { table }) => any_on_table(table),
        Show::Object(
            ShowObject::CreateMaterializedView { name } | ShowObject::CreateView { name },
        ) => located(name, session)
            .map(|(database, name)| Need::AnyOnRelation(database, name))
            .into_iter()
            .collect(),
        Show::Roles | Show::Users { all: true } => vec![GRANT],
        Show::Grants {
            of: Some(Grantee::User(user)),
        } if *user != session.user => vec![GRANT],
        // Of a role: see `Cluster::show_grants`.
        Show::Grants { .. }
        // These show what one may see, and SHOW REPOSITORIES everything to everybody.
        | Show::Repositories
        | Show::Databases { .. }
        | Show::Tables { .. }
        | Show::ProcessList { .. }
        | Show::Object(
            ShowObject::MaterializedViews { .. }
            | ShowObject::RoutineLoad { .. }
            | ShowObject::AlterRollup { .. } | ShowObject::AlterColumn { .. },
        )
        | Show::Object(ShowObject::Transaction { .. })
        | Show::Users { all: false }
        | Show::Variables { .. }
        | Show::Warnings
        | Show::Status
        | Show::Engines
        | Show::Charset
        | Show::Collation => Vec::new(),
    }
}

fn object_needs<'s>(session: &'s Session, statement: &'s ObjectStatement) -> Vec<Need<'s>> {
    let at = |name: &'s ObjectName, need: fn(&'s str, &'s str) -> Need<'s>| {
        located(name, session)
            .map(|(database, name)| need(database, name))
            .into_iter()
            .collect::<Vec<_>>()
    };
    match statement {
        ObjectStatement::CreateMaterializedView(create) => at(&create.name, |database, _| {
            Need::Database(P::CreateMaterializedView, database)
        }),
        ObjectStatement::AlterMaterializedView { name, .. } => at(name, |database, name| {
            Need::MaterializedView(P::Alter, database, name)
        }),
        ObjectStatement::RefreshMaterializedView { name, .. } => at(name, |database, name| {
            Need::MaterializedView(P::Refresh, database, name)
        }),
        ObjectStatement::DropMaterializedView { name, .. } => at(name, |database, name| {
            Need::MaterializedView(P::Drop, database, name)
        }),
        ObjectStatement::AlterView { name, .. } => {
            at(name, |database, name| Need::View(P::Alter, database, name))
        }
        ObjectStatement::CreateTableAsSelect { table, .. } => at(&table.name, |database, _| {
            Need::Database(P::CreateTable, database)
        }),
        ObjectStatement::CreateRoutineLoad(create) => at(&create.table, |database, name| {
            Need::Table(P::Insert, database, name)
        }),
        ObjectStatement::HoldLoad { insert, .. } => at(&insert.table, |database, name| {
            Need::Table(P::Insert, database, name)
        }),
        ObjectStatement::RecoverDatabase { .. } => vec![Need::Catalog(P::CreateDatabase)],
        ObjectStatement::RecoverPartition { table, .. } => {
            let mut needs = at(table, |database, name| {
                Need::Table(P::Insert, database, name)
            });
            needs.extend(at(table, |database, name| {
                Need::Table(P::Alter, database, name)
            }));
            needs
        }
        // A synchronous view needs nothing: the authorizer does not know its statement. A change of a routine load needs INSERT on the job's
        // table, which its run asks for.
        ObjectStatement::CreateSyncView { .. }
        | ObjectStatement::ChangeRoutineLoad { .. }
        | ObjectStatement::FeedRoutineLoad { .. }
        | ObjectStatement::CommitLoad { .. }
        | ObjectStatement::AbortLoad { .. } => Vec::new(),
    }
}

/// DROP on a catalog or function is not modelled: who may create them may drop them.
fn outside_needs<'s>(session: &'s Session, outside: &'s OutsideStatement) -> Vec<Need<'s>> {
    match outside {
        OutsideStatement::CreateCatalog { .. } | OutsideStatement::DropCatalog { .. } => {
            vec![Need::System(&[P::CreateExternalCatalog])]
        }
        OutsideStatement::CreateFunction { name, .. }
        | OutsideStatement::DropFunction { name, .. } => located(name, session)
            .map(|(database, _)| Need::Database(P::CreateFunction, database))
            .into_iter()
            .collect(),
        OutsideStatement::ShowCatalogs | OutsideStatement::ShowFunctions { .. } => Vec::new(),
    }
}

fn access_needs(session: &Session, access: &Access) -> Vec<Need<'static>> {
    match access {
        Access::SetRole(_) => Vec::new(),
        Access::SetDefaultRole { user, .. } if *user == session.user => Vec::new(),
        // Unless held WITH GRANT OPTION: `Cluster::grant_or_revoke`.
        _ => vec![GRANT],
    }
}

/// Statements that call [`Cluster::authorized`]; the others are refused before they run.
pub fn is_analyzed_first(statement: &Statement) -> bool {
    matches!(
        statement,
        Statement::Backup(_)
            | Statement::Restore(_)
            | Statement::Insert(_)
            | Statement::Update { .. }
            | Statement::Delete { .. }
            | Statement::CreateTable(_)
            | Statement::CreateUser { .. }
            | Statement::AlterUser { .. }
            | Statement::DropUser { .. }
            | Statement::SetPassword { .. }
            | Statement::Access(_)
    )
}

/// ErrorCode-less refusals of the authorizer.
pub fn protected(message: &str) -> SqlError {
    error::analyzing(message)
}
