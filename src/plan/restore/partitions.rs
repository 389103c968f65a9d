//! Single partitions of a live table: what a plan does with them, and how a person names them.

use std::collections::{BTreeMap, BTreeSet};

use super::error::RestorePlanError;
use super::plan::{LiveTable, PartitionExchange, PartitionNow, SourcePlan, TablePlan};
use super::planner::{RestorePlanner, suffixed};
use crate::catalog::{Partitioning, TableFacts, TableState};
use crate::names::{DatabaseName, Label, PartitionName, TableName};

/// `table.partition` or `database.table.partition`, read by what the recovery point has: each of the three may hold a full stop.
pub fn named_partition(
    text: &str,
    database: &DatabaseName,
    state: &BTreeMap<TableName, TableState>,
    label: &Label,
) -> Result<(TableName, PartitionName), RestorePlanError> {
    let local = text
        .strip_prefix(database.as_str())
        .and_then(|rest| rest.strip_prefix('.'));
    for text in [Some(text), local].into_iter().flatten() {
        for (table, held) in state {
            let partition = text
                .strip_prefix(table.as_str())
                .and_then(|rest| rest.strip_prefix('.'));
            let known = partition.and_then(|name| {
                let mut names = held.partitions.keys();
                names.find(|known| known.as_str() == name)
            });
            if let Some(known) = known {
                return Ok((table.clone(), known.clone()));
            }
        }
    }
    Err(RestorePlanError::PartitionNotInBackup {
        label: label.clone(),
        partition: text.to_owned(),
    })
}

impl RestorePlanner<'_> {
    pub(super) fn exchange(
        &self,
        table: &TableName,
        state: &TableState,
        wanted: &BTreeSet<PartitionName>,
    ) -> Result<TablePlan, RestorePlanError> {
        let live = self.live_table(table, state)?;
        let (LiveTable::Replaced { table_id, .. }, Some(facts)) =
            (live, self.live.tables.get(table))
        else {
            return Err(RestorePlanError::NoLiveTable {
                database: self.database.clone(),
                table: table.clone(),
            });
        };
        let unpartitioned = |of: Option<Partitioning>| of == Some(Partitioning::Unpartitioned);
        if unpartitioned(state.partitioning) || unpartitioned(Some(facts.partitioning)) {
            let table = table.clone();
            return Err(RestorePlanError::NotPartitioned { table });
        }
        let chosen = self.only(wanted, state)?;
        let sources = self.sources(table, &chosen)?;
        self.prove_schema_is_live(table, &sources, facts)?;
        let exchanges = exchanges(&sources, &chosen, facts);
        Ok(TablePlan {
            live: LiveTable::Replaced {
                table_id,
                differing: exchanges
                    .iter()
                    .filter(|exchange| exchange.now != PartitionNow::Same)
                    .count(),
                newer: Vec::new(),
            },
            restored: suffixed(table, &self.suffix)?,
            replication_num: self.replication_num(table),
            surplus: Vec::new(),
            partitions: Some(wanted.clone()),
            around: self.surroundings(table),
            table: table.clone(),
            sources,
            exchanges,
        })
    }

    /// The table as if it had only these. None of them comes with the hidden partition of an automatic table: it stays in the live one.
    fn only(
        &self,
        wanted: &BTreeSet<PartitionName>,
        state: &TableState,
    ) -> Result<TableState, RestorePlanError> {
        let mut partitions = BTreeMap::new();
        for name in wanted {
            let source = state.partitions.get(name).cloned().ok_or_else(|| {
                RestorePlanError::PartitionNotInBackup {
                    label: self.target(),
                    partition: name.to_string(),
                }
            })?;
            partitions.insert(name.clone(), source);
        }
        Ok(TableState {
            partitioning: Some(Partitioning::Partitioned),
            partitions,
            ..state.clone()
        })
    }

    fn prove_schema_is_live(
        &self,
        table: &TableName,
        sources: &[SourcePlan],
        live: &TableFacts,
    ) -> Result<(), RestorePlanError> {
        for source in sources {
            let link = &self.chain.links()[source.link];
            let recorded = link.manifest.tables.get(table);
            let schema = recorded.and_then(|record| record.schema.as_ref());
            if schema != Some(&live.schema) {
                return Err(RestorePlanError::LiveSchemaDiffers {
                    database: self.database.clone(),
                    table: table.clone(),
                    label: link.record.label.clone(),
                });
            }
        }
        Ok(())
    }
}

fn exchanges(
    sources: &[SourcePlan],
    state: &TableState,
    live: &TableFacts,
) -> Vec<PartitionExchange> {
    let mut taken: BTreeSet<String> = state
        .partitions
        .keys()
        .chain(live.partitions.keys())
        .map(|name| name.as_str().to_lowercase())
        .collect();
    let mut exchanges = Vec::new();
    for source in sources {
        for partition in &source.used {
            let now = match live.partitions.get(partition) {
                None => PartitionNow::Missing,
                Some(now)
                    if state.partitions[partition]
                        .record
                        .fingerprint
                        .matches(&now.fingerprint) =>
                {
                    PartitionNow::Same
                }
                Some(_) => PartitionNow::Other,
            };
            exchanges.push(PartitionExchange {
                staged: staged(partition, &mut taken),
                partition: partition.clone(),
                holder: source.download_as.clone(),
                now,
            });
        }
    }
    exchanges.sort_by(|one, other| one.partition.cmp(&other.partition));
    exchanges
}

/// `tp20260310` for `p20260310`: the one name that the cluster gives a slice of an automatic table (`sql/ast/MultiRangePartitionDesc.java`,
/// defaultTempPartitionPrefix), and as good as any for other partitions.
fn staged(partition: &PartitionName, taken: &mut BTreeSet<String>) -> PartitionName {
    let mut name = format!("t{partition}");
    while !taken.insert(name.to_lowercase()) {
        name.insert(0, 't');
    }
    PartitionName::parse(name).unwrap_or_else(|_| partition.clone())
}
