//! Active and inactive: what a change of a base table does, and how a view comes back (`alter/AlterMVJobExecutor.java`,
//! `scheduler/MVActiveChecker.java`).

use chrono::Duration;

use crate::answer::SqlError;
use crate::ast::Statement;
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::load::Target;
use crate::engine::materialized::{BY_HAND, Base};
use crate::engine::session::Session;
use crate::engine::translate::{Translated, Translator};
use crate::parser;

/// Minutes between two tries of the checker double with each failure, up to this (`MvActiveInfo.MAX_BACKOFF_MINUTES`).
const MAX_BACKOFF_MINUTES: i64 = 60;

impl Cluster {
    /// Every view that is made from the relation becomes inactive, and those made from these (`inactiveRelatedMaterializedView`).
    pub fn inactivate_dependents(&mut self, relation: u64, reason: &str) {
        if self
            .config
            .get("enable_mv_automatic_inactive_by_base_table_changes")
            .is_some_and(|value| value == "false")
        {
            return;
        }
        let mut dependents: Vec<(u64, String)> = Vec::new();
        for database in self.databases.values_mut() {
            for table in database.tables_mut() {
                let (id, name) = (table.id, table.name.clone());
                if let Some(view) = table.materialized.as_deref_mut()
                    && view.bases.iter().any(|base| base.id == relation)
                {
                    view.active = false;
                    view.reason = Some(reason.to_owned());
                    // The version map is cleared: the next refresh is a full one.
                    view.seen.clear();
                    dependents.push((id, name));
                }
            }
        }
        for (id, name) in dependents {
            self.inactivate_dependents(id, &format!("base-mv inactive: {name}"));
        }
    }

    /// Reads the definition anew, by name; the base tables are those that bear the names now.
    pub(super) fn activate(&mut self, target: &Target) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        let create = super::show::create_sql(table);
        let bases = self.definition_bases(target, columns.len()).map_err(|fault| {
            error::analyzing(format!(
                "Can not active materialized view [{}] because analyze materialized view define sql: \n\n{create}\n\nCause an error: {}",
                target.table,
                detail(&fault)
            ))
        })?;
        let view = self.materialized_at_mut(target)?;
        view.bases = bases;
        view.active = true;
        view.reason = None;
        view.failures = 0;
        view.next_check = None;
        Ok(())
    }

    pub(super) fn definition_bases(
        &self,
        target: &Target,
        width: usize,
    ) -> Result<Vec<Base>, SqlError> {
        let translated = self.analyzed_definition(target)?;
        if translated.columns.len() != width {
            return Err(error::analyzing(format!(
                "number of columns changed: {width} != {}",
                translated.columns.len()
            )));
        }
        Ok(self.bases(&translated))
    }

    fn analyzed_definition(&self, target: &Target) -> Result<Translated, SqlError> {
        let view = self.materialized_at(target)?;
        let query = self.parsed_query(&view.text)?;
        Translator::new(self, &inner_session(&view.database)).query(&query)
    }

    pub(super) fn parsed_query(&self, text: &str) -> Result<Box<sqlparser::ast::Query>, SqlError> {
        match parser::parse(text, self.release)? {
            Statement::Query(query) => Ok(query),
            _ => Err(SqlError::plain("not a query")),
        }
    }

    /// One round of the checker: every inactive view that nobody switched off by hand is tried.
    pub(super) fn check_inactive_views(&mut self) {
        if self
            .config
            .get("enable_mv_automatic_active_check")
            .is_some_and(|value| value == "false")
        {
            return;
        }
        let now = self.now;
        for target in self.materialized_views() {
            let Ok(view) = self.materialized_at(&target) else {
                continue;
            };
            let waits = view.next_check.is_some_and(|moment| now < moment);
            if view.active || view.reason.as_deref() == Some(BY_HAND) || waits {
                continue;
            }
            let outcome = self
                .activate(&target)
                .and_then(|()| self.refresh_later(&target));
            if outcome.is_err()
                && let Ok(view) = self.materialized_at_mut(&target)
            {
                view.failures += 1;
                let minutes = 2_i64.saturating_pow(view.failures).min(MAX_BACKOFF_MINUTES);
                view.next_check = Some(now + Duration::minutes(minutes));
            }
        }
    }

    pub(super) fn materialized_views(&self) -> Vec<Target> {
        let mut views = Vec::new();
        for database in self.databases.values() {
            for table in database.tables().filter(|table| table.is_materialized()) {
                views.push(Target {
                    database: database.name.clone(),
                    table: table.name.clone(),
                });
            }
        }
        views
    }
}

/// The session in which definitions are read: root's, in the database of the definition.
pub(super) fn inner_session(database: &str) -> Session {
    Session::inner(database)
}

/// A refusal without the analyzer's prefix and stop.
pub(super) fn detail(fault: &SqlError) -> &str {
    fault
        .message
        .strip_prefix("Getting analyzing error. Detail message: ")
        .map_or(fault.message.as_str(), |rest| {
            rest.strip_suffix('.').unwrap_or(rest)
        })
}
