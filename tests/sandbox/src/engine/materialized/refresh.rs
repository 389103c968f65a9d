//! REFRESH: the query's rows take the place of the old ones, in a new partition (`scheduler/PartitionBasedMvRefreshProcessor.java`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use rusqlite::types::Value;

use crate::answer::{Answer, Column, ColumnKind, ResultSet, SqlError};
use crate::ast::{ObjectName, RefreshKind};
use crate::engine::cluster::Cluster;
use crate::engine::error;
use crate::engine::load::{Refusal, Target, fit_row};
use crate::engine::materialized::state::inner_session;
use crate::engine::materialized::{BY_HAND, Refreshed};
use crate::engine::session::Session;
use crate::engine::table::Relation;

impl Cluster {
    /// Answers with the id of the task run, after it or before it.
    pub fn refresh_materialized_view(
        &mut self,
        session: &Session,
        name: &ObjectName,
        synchronous: bool,
    ) -> Result<Answer, SqlError> {
        let database = self.database_of(name, session)?.to_owned();
        let table = match self.databases[&database].relations.get(&name.name) {
            Some(Relation::Table(table)) => table,
            _ => {
                return Err(error::analyzing(format!(
                    "Can not find materialized view:{}",
                    name.name
                )));
            }
        };
        let Some(view) = &table.materialized else {
            return Err(error::analyzing(format!(
                "Can not refresh non materialized view:{}",
                name.name
            )));
        };
        if !view.active && view.reason.as_deref() == Some(BY_HAND) {
            return Err(error::analyzing(format!(
                "Refresh materialized view failed because [{0}] is not active. You can try to active it with ALTER MATERIALIZED VIEW {0} ACTIVE; ",
                name.name
            )));
        }
        let target = Target {
            database,
            table: name.name.clone(),
        };
        let run = self.new_id();
        if synchronous {
            self.refresh_now(&target)?;
        } else {
            self.refresh_later(&target)?;
        }
        let row = vec![Some(self.uuid(run))];
        Ok(Answer::Rows(ResultSet {
            columns: vec![Column {
                name: "QUERY_ID".to_owned(),
                kind: ColumnKind::Text,
            }],
            rows: vec![row],
        }))
    }

    /// For the background's next round.
    pub(super) fn refresh_later(&mut self, target: &Target) -> Result<(), SqlError> {
        self.materialized_at_mut(target)?.pending = true;
        Ok(())
    }

    /// A view that became inactive is activated first, if that can be.
    fn refresh_now(&mut self, target: &Target) -> Result<(), SqlError> {
        let started = self.now;
        if !self.materialized_at(target)?.active {
            self.activate(target).ok();
        }
        let outcome = self.fill(target);
        let error = outcome.as_ref().err().map(|fault| fault.message.clone());
        let finished = self.now;
        let view = self.materialized_at_mut(target)?;
        view.pending = false;
        view.last = Some(Refreshed {
            started,
            finished,
            error,
        });
        outcome
    }

    fn fill(&mut self, target: &Target) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        let view = self.materialized_at(target)?;
        if !view.active {
            return Err(SqlError::plain(format!(
                "Materialized view: {}/{} is not active due to {}.",
                table.name,
                table.id,
                view.reason.as_deref().unwrap_or("null")
            )));
        }
        let query = self.parsed_query(&view.text)?;
        let session = inner_session(&view.database);
        let seen = self.base_versions(target)?;
        let (_, mut rows) = self.query_values(&session, &query)?;
        let table = self.table_at(target)?;
        for row in &mut rows {
            fit_row(row, &table.columns).map_err(|refusal| match refusal {
                Refusal::Filtered(reason) => SqlError::plain(reason),
                Refusal::Other(fault) => fault,
            })?;
        }
        self.replace_rows(target, &rows)?;
        self.materialized_at_mut(target)?.seen = seen;
        Ok(())
    }

    /// As INSERT OVERWRITE does: a new partition, version 2 where rows came.
    fn replace_rows(&mut self, target: &Target, rows: &[Vec<Value>]) -> Result<(), SqlError> {
        let table = self.table_at(target)?;
        let Some(old) = table.partitions.iter().next().cloned() else {
            return Ok(());
        };
        let fresh = self.new_partition(old.name.clone(), &old);
        let physical = fresh.physical[0].id;
        let now = self.now;
        let table = self.table_at(target)?;
        self.store.atomically(|store| {
            store.insert(
                table,
                None,
                rows.iter().map(|row| (physical, row.as_slice())),
            )?;
            store.clear(table.id, old.physical_ids())
        })?;
        let table = self
            .database_mut(&target.database)?
            .table_mut(&target.table)
            .expect("the table was just found");
        table.partitions.remove(&old.name);
        table.partitions.add(fresh);
        if !rows.is_empty() {
            table.partitions.publish(&BTreeSet::from([physical]), now);
        }
        Ok(())
    }

    fn base_versions(&self, target: &Target) -> Result<BTreeMap<u64, u64>, SqlError> {
        let bases = &self.materialized_at(target)?.bases;
        Ok(self
            .databases
            .values()
            .flat_map(|database| database.tables())
            .filter(|table| bases.iter().any(|base| base.id == table.id))
            .flat_map(|table| table.partitions.iter())
            .flat_map(|partition| &partition.physical)
            .map(|physical| (physical.id, physical.visible_version))
            .collect())
    }

    /// One round of what runs by itself: inactive views are tried, due refreshes run.
    pub fn maintain_views(&mut self) {
        self.check_inactive_views();
        for target in self.materialized_views() {
            if self.refresh_is_due(&target) && self.refresh_now(&target).is_err() {
                tracing::debug!(view = target.table, "a refresh failed");
            }
        }
    }

    fn refresh_is_due(&self, target: &Target) -> bool {
        let Ok(view) = self.materialized_at(target) else {
            return false;
        };
        if !view.active {
            return false;
        }
        let changed = || self.base_versions(target).is_ok_and(|now| now != view.seen);
        match (&view.refresh.kind, &view.last) {
            _ if view.pending => true,
            (RefreshKind::Manual, _) => false,
            (RefreshKind::Async { every: None, .. }, Some(_)) => changed(),
            (RefreshKind::Async { every: None, .. }, None) => !view.refresh.deferred || changed(),
            (
                RefreshKind::Async {
                    every: Some((step, unit)),
                    ..
                },
                last,
            ) => last
                .as_ref()
                .is_none_or(|last| self.now >= last.started + interval(*step, unit)),
        }
    }
}

fn interval(step: i64, unit: &str) -> Duration {
    match unit {
        "SECOND" => Duration::seconds(step),
        "MINUTE" => Duration::minutes(step),
        "HOUR" => Duration::hours(step),
        "DAY" => Duration::days(step),
        "WEEK" => Duration::weeks(step),
        "MONTH" => Duration::days(30 * step),
        _ => Duration::days(365 * step),
    }
}
