//! From a parsed statement to the part of the engine that runs it.

use crate::answer::{Answer, SqlError};
use crate::ast::Statement;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::session::Session;

impl Cluster {
    pub fn run(
        &mut self,
        session: &mut Session,
        statement: &Statement,
    ) -> Result<Answer, SqlError> {
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
            Statement::Begin => Err(error::not_modelled("explicit transactions (BEGIN)")),
            // COMMIT and ROLLBACK outside a transaction, and SYNC on the leader, do nothing.
            Statement::Commit
            | Statement::Rollback
            | Statement::Sync
            | Statement::Privilege { .. } => Ok(done()),
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
            Statement::DropRepository { name } => self.drop_repository(name),
            Statement::CreateDatabase {
                name,
                if_not_exists,
            } => self.create_database(name, *if_not_exists),
            Statement::DropDatabase {
                name, if_exists, ..
            } => self.drop_database(name, *if_exists),
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
            } => self.create_user(user, *if_not_exists, password.as_deref()),
            Statement::DropUser { user, if_exists } => self.drop_user(user, *if_exists),
            Statement::SetPassword { user, password } => {
                self.set_password(session, user.as_deref(), password)
            }
            other => Err(error::not_modelled(format!("{other:?}"))),
        }
    }
}
