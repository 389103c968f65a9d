//! Statements about what stands around tables, and what runs by itself there once a minute.

use chrono::{DateTime, Duration, Utc};

use crate::answer::{Answer, SqlError};
use crate::ast::{ObjectStatement, ShowObject};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::session::Session;

/// FE config `mv_active_checker_interval_seconds`. Refreshes and routine loads, which StarRocks starts within seconds, go along.
const ROUND: Duration = Duration::seconds(60);

impl Cluster {
    pub fn run_object(
        &mut self,
        session: &Session,
        statement: &ObjectStatement,
    ) -> Result<Answer, SqlError> {
        match statement {
            ObjectStatement::CreateMaterializedView(create) => {
                self.create_materialized_view(session, create)
            }
            ObjectStatement::CreateSyncView { name, text, query } => {
                self.create_sync_view(session, name, text, query)
            }
            ObjectStatement::DropMaterializedView { name, if_exists } => {
                self.drop_materialized_view(session, name, *if_exists)
            }
            ObjectStatement::AlterMaterializedView { name, change } => {
                self.alter_materialized_view(session, name, change)
            }
            ObjectStatement::RefreshMaterializedView { name, synchronous } => {
                self.refresh_materialized_view(session, name, *synchronous)
            }
            ObjectStatement::CreateRoutineLoad(create) => self.create_routine_load(session, create),
            ObjectStatement::ChangeRoutineLoad { name, change } => {
                self.change_routine_load(session, name, *change)
            }
            ObjectStatement::FeedRoutineLoad { name, rows } => {
                self.feed_routine_load(session, name, rows)
            }
            ObjectStatement::HoldLoad { insert, committed } => {
                self.hold_load(session, insert, *committed)
            }
            ObjectStatement::CommitLoad { label } => self.commit_held_load(label),
            ObjectStatement::AbortLoad { label } => self.abort_held_load(label),
            ObjectStatement::RecoverDatabase { name } => self.recover_database(name),
            ObjectStatement::RecoverPartition { name, table } => {
                self.recover_partition(session, name, table)
            }
            ObjectStatement::AlterView { name, text, query } => {
                self.alter_view(session, name, text, query)
            }
            ObjectStatement::CreateTableAsSelect {
                table,
                columns,
                query,
            } => self.create_table_as(session, table, columns, query),
        }
    }

    pub fn show_object(
        &mut self,
        session: &Session,
        show: &ShowObject,
    ) -> Result<crate::answer::ResultSet, SqlError> {
        match show {
            ShowObject::MaterializedViews { database, pattern } => {
                self.show_materialized_views(session, database.as_deref(), pattern.as_deref())
            }
            ShowObject::CreateMaterializedView { name } => {
                self.show_create_materialized_view(session, name)
            }
            ShowObject::AlterColumn { database } => {
                self.show_alter_columns(session, database.as_deref())
            }
            ShowObject::CreateView { name } => self.show_create_view(session, name),
            ShowObject::RoutineLoad {
                all,
                database,
                name,
            } => self.show_routine_loads(session, *all, database.as_deref(), name.as_deref()),
            ShowObject::Transaction { database, id } => {
                self.show_transaction(session, database.as_deref(), *id)
            }
            ShowObject::Proc { path } => self.show_proc(session, path),
            other => Err(error::not_modelled(format!("SHOW {other:?}"))),
        }
    }

    /// When the next round falls due; none where there is nothing to do.
    pub fn next_round(&self) -> Option<DateTime<Utc>> {
        let needed = self
            .databases
            .values()
            .any(|database| database.tables().any(|table| table.is_materialized()))
            || self.routine_loads.iter().any(|job| !job.state.is_final());
        needed.then_some(self.last_round + ROUND)
    }

    /// The round, if it is due.
    pub fn run_round(&mut self) {
        if self.now < self.last_round + ROUND {
            return;
        }
        self.last_round = self.now;
        self.maintain_views();
        self.run_routine_loads();
    }
}
