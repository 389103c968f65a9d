//! Decides, table by table, which link each partition is taken from and under which name it is built.

use std::collections::{BTreeMap, BTreeSet};

use super::error::RestorePlanError;
use super::plan::{Finish, LiveTable, PlannedLink, RestorePlan, SourcePlan, TablePlan};
use super::request::Selection;
use crate::catalog::{
    Chain, LeftOutReason, Link, Partitioning, Surroundings, TableFacts, TableState,
    TableSurroundings,
};
use crate::names::{DatabaseName, JobId, Label, PartitionName, RepositoryName, TableName};

/// What the plan needs to know of the database as it is now.
#[derive(Debug, Clone, Default)]
pub struct LiveDatabase {
    pub tables: BTreeMap<TableName, TableFacts>,
    /// Whatever else has a table's name, and why no restored table can be swapped with it.
    pub others: BTreeMap<TableName, LeftOutReason>,
    pub alive_backends: u32,
    /// It is not there yet, or not any more.
    pub absent: bool,
    pub surroundings: Surroundings,
}

/// The plan for one database's recovery point.
pub struct RestorePlanner<'a> {
    pub job: JobId,
    pub chain: &'a Chain,
    pub repository: RepositoryName,
    /// Where the tables go.
    pub database: DatabaseName,
    /// The backup's own database.
    pub source: DatabaseName,
    pub selection: Selection,
    pub suffix: String,
    pub finish: Finish,
    pub live: &'a LiveDatabase,
}

impl RestorePlanner<'_> {
    pub fn plan(self) -> Result<RestorePlan, RestorePlanError> {
        check_suffix(&self.suffix)?;
        let state = self.chain.state();
        let target = self
            .chain
            .links()
            .last()
            .map(|link| &link.record)
            .expect("a chain has at least the target");
        let wanted = self.wanted(&state, &target.label)?;
        let tables = wanted
            .into_iter()
            .map(|(table, state)| match &self.selection {
                Selection::Partitions(partitions) => {
                    self.exchange(table, state, &partitions[table])
                }
                _ => self.table(table, state),
            })
            .collect::<Result<Vec<_>, _>>()?;
        self.prove_names_free(&tables)?;
        Ok(RestorePlan {
            target: target.label.clone(),
            recovery_point: target.verified.or(target.snapshot_created),
            expired: self
                .chain
                .links()
                .iter()
                .filter_map(|link| link.record.expired)
                .min(),
            links: self.chain.links().iter().map(planned_link).collect(),
            tables,
            group: match &self.selection {
                Selection::Group { group, .. } => Some(group.clone()),
                Selection::Everything | Selection::Tables(_) | Selection::Partitions(_) => None,
            },
            source: Some(self.source).filter(|source| *source != self.database),
            creates_database: self.live.absent,
            finish: self.finish,
            running_loads: self.live.surroundings.running_loads.clone(),
            unseen: self.live.surroundings.unseen.clone(),
            job: self.job,
            repository: self.repository,
            database: self.database,
            room: None,
        })
    }

    fn wanted<'s>(
        &self,
        state: &'s BTreeMap<TableName, TableState>,
        label: &Label,
    ) -> Result<BTreeMap<&'s TableName, &'s TableState>, RestorePlanError> {
        let held = || state.keys().cloned().collect();
        if state.is_empty() {
            return Err(RestorePlanError::Empty(label.clone()));
        }
        match &self.selection {
            Selection::Everything => Ok(state.iter().collect()),
            Selection::Tables(tables) => named(state, tables, label),
            Selection::Partitions(partitions) => named(state, partitions.keys(), label),
            Selection::Group { group, tables } => {
                let found: BTreeMap<_, _> = state
                    .iter()
                    .filter(|(table, _)| tables.contains(*table))
                    .collect();
                if found.is_empty() {
                    return Err(RestorePlanError::NothingOfGroup {
                        label: label.clone(),
                        group: group.clone(),
                        held: held(),
                    });
                }
                Ok(found)
            }
        }
    }

    fn table(&self, table: &TableName, state: &TableState) -> Result<TablePlan, RestorePlanError> {
        let sources = self.sources(table, state)?;
        let first = sources
            .first()
            .expect("sources() returns at least one or an error");
        let surplus = self.surplus(table, state, first);
        let unpartitioned = state.partitioning == Some(Partitioning::Unpartitioned)
            || (state.partitioning.is_none() && state.partitions.keys().eq([&same_name(table)]));
        let live = self.live_table(table, state)?;
        let around = match live {
            LiveTable::Replaced { .. } => self.surroundings(table),
            LiveTable::Gone => TableSurroundings::default(),
        };
        Ok(TablePlan {
            around,
            exchanges: Vec::new(),
            live,
            restored: suffixed(table, &self.suffix)?,
            replication_num: self.replication_num(table),
            surplus,
            partitions: (!unpartitioned).then(|| state.partitions.keys().cloned().collect()),
            table: table.clone(),
            sources,
        })
    }

    /// The links that hold partitions of the table; first the one that holds most, or that an automatic table must come from whole.
    pub(super) fn sources(
        &self,
        table: &TableName,
        state: &TableState,
    ) -> Result<Vec<SourcePlan>, RestorePlanError> {
        let mut by_link: BTreeMap<usize, Vec<(&PartitionName, u64)>> = BTreeMap::new();
        for (name, source) in &state.partitions {
            by_link
                .entry(source.link)
                .or_default()
                .push((name, source.record.data_bytes));
        }
        let automatic = state.partitioning == Some(Partitioning::Automatic);
        if let Some(whole) = state.whole_in.filter(|_| automatic || by_link.is_empty()) {
            by_link.entry(whole).or_default();
        }
        let weight = |link: usize, held: &[(&PartitionName, u64)]| {
            (
                automatic && state.whole_in == Some(link),
                held.iter().map(|(_, bytes)| *bytes).sum::<u64>(),
                held.len(),
            )
        };
        let mut links: Vec<(usize, Vec<(&PartitionName, u64)>)> = by_link.into_iter().collect();
        links.sort_by_key(|(link, held)| (std::cmp::Reverse(weight(*link, held)), *link));
        if links.is_empty() {
            return Err(RestorePlanError::NoSource {
                label: self.target(),
                table: table.clone(),
            });
        }
        self.prove_one_schema(table, &links)?;
        links
            .iter()
            .enumerate()
            .map(|(place, (link, held))| self.source(table, place, *link, held, automatic))
            .collect()
    }

    fn source(
        &self,
        table: &TableName,
        place: usize,
        link: usize,
        held: &[(&PartitionName, u64)],
        automatic: bool,
    ) -> Result<SourcePlan, RestorePlanError> {
        let backup = &self.chain.links()[link];
        if backup.record.snapshot.is_none() {
            return Err(RestorePlanError::NoSnapshot {
                label: backup.record.label.clone(),
                table: table.clone(),
            });
        }
        let recorded = backup.manifest.tables.get(table);
        let in_link = recorded.map_or(0, |record| record.partitions.len());
        let whole = recorded.is_some_and(|record| record.whole_table);
        // Only a download without a PARTITION clause brings an automatic table's hidden partition; nothing is gained by a list of everything.
        let without_list =
            whole && (held.len() == in_link || held.is_empty() || (automatic && place == 0));
        let used: Vec<PartitionName> = held.iter().map(|(name, _)| (*name).clone()).collect();
        let suffix = if place == 0 {
            self.suffix.clone()
        } else {
            helper_suffix(&self.suffix, place)
        };
        Ok(SourcePlan {
            link,
            download_as: suffixed(table, &suffix)?,
            partitions: (!without_list).then(|| used.clone()),
            used,
            data_bytes: held.iter().map(|(_, bytes)| *bytes).sum(),
        })
    }

    /// Rows are copied between the sources by column name: their columns must be the same.
    fn prove_one_schema(
        &self,
        table: &TableName,
        links: &[(usize, Vec<(&PartitionName, u64)>)],
    ) -> Result<(), RestorePlanError> {
        let schema = |link: usize| {
            self.chain.links()[link]
                .manifest
                .tables
                .get(table)
                .and_then(|record| record.schema.as_ref())
        };
        let mut schemas = links.iter().map(|(link, _)| schema(*link));
        let first = schemas.next().flatten();
        if schemas.all(|other| other.is_some() && other == first) {
            return Ok(());
        }
        Err(RestorePlanError::SchemaDiffers {
            table: table.clone(),
        })
    }

    /// What the first source brings and the recovery point has not, or takes from a later link (that one is overwritten, not dropped).
    fn surplus(
        &self,
        table: &TableName,
        state: &TableState,
        first: &SourcePlan,
    ) -> Vec<PartitionName> {
        if first.partitions.is_some() || state.partitioning == Some(Partitioning::Unpartitioned) {
            return Vec::new();
        }
        let brought = self.chain.links()[first.link]
            .manifest
            .tables
            .get(table)
            .map(|record| record.partitions.keys());
        brought
            .into_iter()
            .flatten()
            .filter(|name| !state.partitions.contains_key(*name))
            .cloned()
            .collect()
    }

    pub(super) fn live_table(
        &self,
        table: &TableName,
        state: &TableState,
    ) -> Result<LiveTable, RestorePlanError> {
        let Some(live) = self.live.tables.get(table) else {
            return match self.live.others.get(table) {
                None => Ok(LiveTable::Gone),
                Some(reason) => Err(RestorePlanError::NotReplaceable {
                    database: self.database.clone(),
                    name: table.clone(),
                    reason: reason.clone(),
                }),
            };
        };
        let same = |name: &PartitionName| {
            let recorded = state
                .partitions
                .get(name)
                .map(|source| &source.record.fingerprint);
            let now = live
                .partitions
                .get(name)
                .map(|partition| &partition.fingerprint);
            matches!((recorded, now), (Some(recorded), Some(now)) if recorded.matches(now))
        };
        Ok(LiveTable::Replaced {
            table_id: live.id,
            differing: state.partitions.keys().filter(|name| !same(name)).count(),
            newer: live
                .partitions
                .keys()
                .filter(|name| !state.partitions.contains_key(*name))
                .cloned()
                .collect(),
        })
    }

    pub(super) fn surroundings(&self, table: &TableName) -> TableSurroundings {
        let known = self.live.surroundings.tables.get(table);
        known.cloned().unwrap_or_default()
    }

    pub(super) fn target(&self) -> Label {
        let links = self.chain.links().last();
        let target = links.expect("a chain has at least the target");
        target.record.label.clone()
    }

    /// The live table's own number, or the cluster's usual three, and never more than there are backends to take them.
    pub(super) fn replication_num(&self, table: &TableName) -> u32 {
        let wanted = self
            .live
            .tables
            .get(table)
            .map_or(3, |live| live.replication_num);
        wanted.min(self.live.alive_backends).max(1)
    }

    fn prove_names_free(&self, tables: &[TablePlan]) -> Result<(), RestorePlanError> {
        let live = self.live.tables.keys().chain(self.live.others.keys());
        let mut taken: BTreeSet<TableName> = live.cloned().collect();
        taken.extend(tables.iter().map(|plan| plan.table.clone()));
        // Also one that is an index of its table (`catalog/OlapTable.java`, checkAndSetName).
        let views = self.live.surroundings.materialized_views.iter();
        taken.extend(views.filter_map(|name| TableName::parse(name.as_str()).ok()));
        for name in tables
            .iter()
            .flat_map(|plan| &plan.sources)
            .map(|source| &source.download_as)
        {
            if !taken.insert(name.clone()) {
                return Err(RestorePlanError::NameTaken {
                    database: self.database.clone(),
                    name: name.clone(),
                });
            }
        }
        Ok(())
    }
}

fn named<'s, 't>(
    state: &'s BTreeMap<TableName, TableState>,
    tables: impl IntoIterator<Item = &'t TableName>,
    label: &Label,
) -> Result<BTreeMap<&'s TableName, &'s TableState>, RestorePlanError> {
    let found = tables.into_iter().map(|table| {
        let not_held = || RestorePlanError::TableNotInBackup {
            label: label.clone(),
            table: table.to_string(),
            held: state.keys().cloned().collect(),
        };
        state.get_key_value(table).ok_or_else(not_held)
    });
    found.collect()
}

fn planned_link(link: &Link) -> PlannedLink {
    PlannedLink {
        label: link.record.label.clone(),
        kind: link.record.kind,
        snapshot: link.record.snapshot.clone(),
    }
}

fn same_name(table: &TableName) -> PartitionName {
    PartitionName::parse(table.as_str()).expect("a table's name is a partition's name too")
}

fn check_suffix(suffix: &str) -> Result<(), RestorePlanError> {
    let fits = (1..=64).contains(&suffix.len())
        && suffix
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_');
    if fits {
        Ok(())
    } else {
        Err(RestorePlanError::Suffix(suffix.to_owned()))
    }
}

fn helper_suffix(suffix: &str, place: usize) -> String {
    if place == 1 {
        format!("{suffix}_inc")
    } else {
        format!("{suffix}_inc{place}")
    }
}

pub(super) fn suffixed(table: &TableName, suffix: &str) -> Result<TableName, RestorePlanError> {
    TableName::parse(format!("{table}{suffix}"))
        .map_err(|_| RestorePlanError::Suffix(suffix.to_owned()))
}
