//! Whether a restore can be taken back at all: proven of every table before the first one is touched.
//!
//! A table goes by its id. What is live must be what the restore has put there, and what it replaced must stand where it was kept; then each
//! statement of the undo finds what it expects. Whatever has come in between is named with its way out.

use std::collections::{BTreeMap, BTreeSet};

use super::proof::{Proof, parse, proof};
use super::stage::formal_ids;
use crate::names::{DatabaseName, JobId, TableName};
use crate::ops::{Ops, StepRecord, StepState};
use crate::plan::restore::Step;
use crate::run::error::{Refused, RunError};
use crate::run::keeper::{keeper, made_live_by, partition_replaced_by};
use crate::starrocks::{Session, read_ids, read_parts, sql};

type Ids = BTreeMap<TableName, u64>;

pub async fn prove_undoable(
    session: &Session,
    ops: &Ops,
    database: &DatabaseName,
    restore: &JobId,
    records: &[StepRecord],
) -> Result<(), RunError> {
    let steps = Steps::read(records)?;
    let names = steps.names();
    if names.is_empty() {
        return Ok(());
    }
    let ids = read_ids(session, database, &names.iter().collect::<Vec<_>>()).await?;
    let undo = Undo {
        session,
        ops,
        database,
        restore,
    };
    for (step, proof) in &steps.open {
        if let Some(hindrance) = steps.hindrance(step, proof, &ids) {
            return Err(undo.refusal(step, hindrance).await?.into());
        }
        if let (Step::Exchange { .. }, Proof::Partitions { .. }) = (step, proof) {
            undo.prove_partitions(step, proof).await?;
        }
    }
    Ok(())
}

/// What is to be taken back, and what the ids were.
struct Steps {
    open: Vec<(Step, Proof)>,
    /// Of live tables whose partitions were exchanged.
    exchanged: Ids,
    built: Ids,
}

#[derive(Debug, PartialEq, Eq)]
enum Hindrance {
    /// Another table is live, or none.
    NotOurs { table: TableName, now: Option<u64> },
    /// What was live is not where it was kept.
    NotKept { name: TableName, now: Option<u64> },
    /// The name that the restored table goes back to.
    Taken { name: TableName, now: u64 },
}

impl Steps {
    fn read(records: &[StepRecord]) -> Result<Steps, RunError> {
        let mut steps = Steps {
            open: Vec::new(),
            exchanged: Ids::new(),
            built: Ids::new(),
        };
        for record in records.iter().filter(|record| record.number > 0) {
            let (step, proof) = (parse(record)?, proof(record));
            match (&step, &proof) {
                (
                    Step::Stage { table, .. } | Step::Add { table, .. },
                    Proof::Planned { live: Some(live) },
                ) => {
                    steps.exchanged.insert(table.clone(), *live);
                }
                (Step::Download { download_as, .. }, Proof::Built { table_id }) => {
                    steps.built.insert(download_as.clone(), *table_id);
                }
                _ => {}
            }
            let is_open = matches!(record.state, StepState::Done | StepState::Stuck);
            if is_open && step.makes_live() {
                steps.open.push((step, proof));
            }
        }
        Ok(steps)
    }

    fn names(&self) -> BTreeSet<TableName> {
        let open = self.open.iter();
        open.flat_map(|(step, _)| step.holders().into_iter().chain([live_name(step)]))
            .cloned()
            .collect()
    }

    fn hindrance(&self, step: &Step, proof: &Proof, now: &Ids) -> Option<Hindrance> {
        let at = |name: &TableName| now.get(name).copied();
        let not_ours = |table: &TableName| Hindrance::NotOurs {
            table: table.clone(),
            now: at(table),
        };
        let not_kept = |name: &TableName| Hindrance::NotKept {
            name: name.clone(),
            now: at(name),
        };
        match (step, proof) {
            (
                Step::Swap { table, restored },
                Proof::Ids {
                    live: Some(live),
                    restored: built,
                },
            ) => match (at(table), at(restored)) {
                // Back already.
                (Some(id), _) if id == *live => None,
                (Some(id), Some(kept)) if id == *built && kept == *live => None,
                (Some(id), _) if id == *built => Some(not_kept(restored)),
                _ => Some(not_ours(table)),
            },
            (
                Step::Rename { restored, table },
                Proof::Ids {
                    restored: built, ..
                },
            ) => match (at(table), at(restored)) {
                (None, _) => None,
                (_, Some(id)) if id == *built => None,
                (Some(id), None) if id == *built => None,
                (Some(id), Some(now)) if id == *built => Some(Hindrance::Taken {
                    name: restored.clone(),
                    now,
                }),
                _ => Some(not_ours(table)),
            },
            (Step::Exchange { table, partitions }, _) => {
                let planned = self.exchanged.get(table);
                if planned.is_some_and(|id| at(table) != Some(*id)) {
                    return Some(not_ours(table));
                }
                let mut holders = partitions.iter().map(|part| &part.holder);
                let lost = holders.find(|holder| {
                    let built = self.built.get(*holder);
                    built.is_some_and(|id| at(holder) != Some(*id))
                });
                lost.map(not_kept)
            }
            _ => None,
        }
    }
}

fn live_name(step: &Step) -> &TableName {
    match step {
        Step::Swap { table, .. } | Step::Rename { table, .. } | Step::Exchange { table, .. } => {
            table
        }
        _ => step.target(),
    }
}

struct Undo<'a> {
    session: &'a Session,
    ops: &'a Ops,
    database: &'a DatabaseName,
    restore: &'a JobId,
}

impl Undo<'_> {
    /// Each partition is there, and no later restore has put it back in its turn.
    async fn prove_partitions(&self, step: &Step, proof: &Proof) -> Result<(), RunError> {
        let (
            Step::Exchange { table, partitions },
            Proof::Partitions {
                before,
                after,
                back,
            },
        ) = (step, proof)
        else {
            return Ok(());
        };
        let parts = read_parts(self.session, self.database, table).await?;
        let Some(now) = formal_ids(&parts, partitions) else {
            let missing = partitions
                .iter()
                .find(|part| !parts.formal.contains_key(&part.partition));
            let missing = missing.map(|part| part.partition.to_string());
            return Err(self
                .refused(
                    &format!(
                        "partition {} of {}.{table} is gone since",
                        missing.unwrap_or_default(),
                        self.database
                    ),
                    format!("what was live before is kept: `brctl show {}` tells as what; put it back by hand", self.restore),
                )
                .into());
        };
        if now == *before || back.as_ref() == Some(&now) {
            return Ok(());
        }
        for (partition, ids) in after {
            let Some(id) = ids.first() else {
                continue;
            };
            let other = partition_replaced_by(self.ops, *id).await?;
            if let Some(other) = other.filter(|other| other != self.restore) {
                let what = format!(
                    "partition {partition} of {}.{table} was put back again by restore `{other}` since",
                    self.database
                );
                let help = self.after(&other);
                return Err(self.refused(&what, help).into());
            }
        }
        Ok(())
    }

    async fn refusal(&self, step: &Step, hindrance: Hindrance) -> Result<Refused, RunError> {
        let database = self.database;
        Ok(match hindrance {
            Hindrance::NotOurs {
                table,
                now: Some(id),
            } => match made_live_by(self.ops, id, &table).await? {
                Some(other) => self
                    .refused_after(&other, &format!("{database}.{table} was replaced"), step)
                    .await?,
                None => self.refused(
                    &format!("{database}.{table} is not the table that it was: somebody swapped, dropped or created it since"),
                    self.by_hand(step),
                ),
            },
            Hindrance::NotOurs { table, now: None } => {
                let help = match step {
                    Step::Swap { restored, .. } => format!(
                        "what was live before the restore is {restored}, and comes back by hand: {}",
                        sql::rename(database, restored, &table)
                    ),
                    _ => self.by_hand(step),
                };
                self.refused(&format!("{database}.{table} is gone"), help)
            }
            Hindrance::NotKept { name, now } => {
                let now = match now {
                    Some(_) => "is another table by now",
                    None => "is gone",
                };
                self.refused(
                    &format!("{database}.{name}, which kept what was live before, {now}"),
                    "where it was renamed, name it so again; where it was dropped, that is lost: restore an earlier recovery point from `brctl backups`".to_owned(),
                )
            }
            Hindrance::Taken { name, now } => {
                let keeper = keeper(self.ops, now, &name).await?;
                let help = match keeper {
                    Some(other) => self.after(&other),
                    None => "drop it if it is not needed, or rename it; then ask again".to_owned(),
                };
                self.refused(
                    &format!("{database}.{name} stands where the restored table would go back to"),
                    help,
                )
            }
        })
    }

    /// The later restore may have been discarded, or its window be over.
    async fn refused_after(
        &self,
        other: &JobId,
        what: &str,
        step: &Step,
    ) -> Result<Refused, RunError> {
        let what = format!("{what} by restore `{other}` since");
        let record = self.ops.restore(other).await?;
        let over = record.is_some_and(|record| record.undo_until.is_none());
        let help = if over {
            format!(
                "`{other}` cannot be taken back any more; {}",
                self.by_hand(step)
            )
        } else {
            self.after(other)
        };
        Ok(self.refused(&what, help))
    }

    fn after(&self, other: &JobId) -> String {
        format!("`brctl undo {other}` first, then ask again")
    }

    fn by_hand(&self, step: &Step) -> String {
        let database = self.database;
        match step {
            Step::Swap { table, restored } => format!(
                "look at {table}; what was live before the restore is {restored}, and comes back by hand: {}",
                sql::swap(database, table, restored)
            ),
            Step::Exchange { partitions, .. } => {
                let holders: BTreeSet<&str> =
                    partitions.iter().map(|part| part.holder.as_str()).collect();
                let holders: Vec<&str> = holders.into_iter().collect();
                format!(
                    "what was live before the restore is in {}: copy by hand what is needed",
                    holders.join(", ")
                )
            }
            _ => "look at it; there was no such table before the restore".to_owned(),
        }
    }

    fn refused(&self, what: &str, help: String) -> Refused {
        Refused::not_possible(
            format!(
                "restore `{}` cannot be taken back, and nothing of it was: {what}",
                self.restore
            ),
            help,
        )
    }
}
