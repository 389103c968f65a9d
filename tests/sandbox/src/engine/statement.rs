//! From a parsed statement to the part of the engine that runs it.

use crate::answer::{Answer, SqlError};
use crate::ast::Statement;
use crate::engine::access::{Kind, is_analyzed_first};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::session::Session;
use crate::engine::{error, information_schema};

impl Cluster {
    /// What the session lacks is refused here, or where the statement's analysis ends.
    pub fn run(
        &mut self,
        session: &mut Session,
        statement: &Statement,
    ) -> Result<Answer, SqlError> {
        if self.is_root(session) {
            return self.run_statement(session, statement);
        }
        match self.lacking(session, statement) {
            Some(denial) if !is_analyzed_first(statement) => Err(denial),
            denial => {
                self.denial = denial;
                let answer = self.run_statement(session, statement);
                let missed = self.denial.take();
                assert!(
                    answer.is_err() || missed.is_none(),
                    "a statement ran without its authorization: {statement:?}"
                );
                answer
            }
        }
    }

    fn run_statement(
        &mut self,
        session: &mut Session,
        statement: &Statement,
    ) -> Result<Answer, SqlError> {
        if let Some(answer) = self.run_explicit(session, statement) {
            return answer;
        }
        match statement {
            Statement::Query(query) => self.select(session, query),
            Statement::Insert(insert) => self.insert(session, insert),
            Statement::Update {
                table,
                assignments,
                filter,
            } => self.update(session, table, assignments, filter.as_ref()),
            Statement::Delete {
                table,
                partitions,
                filter,
            } => self.delete(session, table, partitions, filter.as_ref()),
            Statement::Truncate { name, partitions } => self.truncate(session, name, partitions),
            Statement::Show(show) => self.show(session, show),
            Statement::Backup(backup) => self.backup(session, backup),
            Statement::Restore(restore) => self.restore(session, restore),
            Statement::Cancel { kind, target } => self.cancel_job(session, *kind, target),
            Statement::Use(name) => self.use_database(session, name),
            Statement::Set(assignments) => self.set(session, assignments),
            Statement::Begin => self.begin(session),
            Statement::Commit => self.commit_explicit(session),
            Statement::Rollback => self.rollback_explicit(session),
            // SYNC on the leader does nothing.
            Statement::Sync => Ok(done()),
            Statement::Access(access) => self.change_access(session, access),
            Statement::Kill { query, id } => self.kill(*query, *id),
            other => self.run_definition(session, other),
        }
    }

    fn run_definition(
        &mut self,
        session: &Session,
        statement: &Statement,
    ) -> Result<Answer, SqlError> {
        match statement {
            Statement::CreateRepository(create) => self.create_repository(create),
            Statement::Outside(outside) => self.outside(session, outside),
            Statement::DropRepository { name } => self.drop_repository(name),
            Statement::DropSnapshot {
                label,
                repository,
                force,
            } => self.drop_snapshot(label, repository, *force),
            Statement::CreateDatabase {
                name,
                if_not_exists,
            } => self.create_database(name, *if_not_exists),
            // `sql/analyzer/DropStmtAnalyzer.java`: denied to root too.
            Statement::DropDatabase { name, .. }
                if information_schema::tables_of(name).is_some() =>
            {
                Err(self.denied(session, "DROP", Kind::Database, Some(name)))
            }
            Statement::DropDatabase {
                name,
                if_exists,
                force,
            } => self.drop_database(name, *if_exists, *force),
            Statement::CreateTable(create) => self.create_table(session, create),
            Statement::CreateTableLike {
                name,
                if_not_exists,
                source,
            } => self.create_table_like(session, name, *if_not_exists, source),
            Statement::CreateView {
                name,
                if_not_exists,
                or_replace,
                text,
                query,
            } => self.create_view(session, name, (*if_not_exists, *or_replace), text, query),
            Statement::DropTable {
                name,
                if_exists,
                force,
            } => self.drop_table(session, name, *if_exists, *force),
            Statement::DropView { name, if_exists } => self.drop_view(session, name, *if_exists),
            Statement::RecoverTable { name } => self.recover_table(session, name),
            Statement::AlterTable { name, clauses } => self.alter_table(session, name, clauses),
            Statement::Object(statement) => self.run_object(session, statement),
            Statement::AdminShowConfig { pattern } => Ok(self.show_config(pattern.as_deref())),
            Statement::AdminSetConfig { key, value } => self.set_config(key, value),
            Statement::CreateUser {
                user,
                if_not_exists,
                password,
                default_roles,
            } => self.create_user(
                session,
                user,
                *if_not_exists,
                password.as_deref(),
                default_roles,
            ),
            Statement::AlterUser {
                user,
                if_exists,
                password,
            } => self.alter_user(session, user, *if_exists, password),
            Statement::DropUser { user, if_exists } => self.drop_user(user, *if_exists),
            Statement::SetPassword { user, password } => {
                self.set_password(session, user.as_deref(), password)
            }
            other => Err(error::not_modelled(format!("{other:?}"))),
        }
    }
}
