//! The plan as a line of steps, each fit to run twice.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::plan::{LiveTable, PartitionExchange, PartitionNow, RestorePlan, SourcePlan, TablePlan};
use crate::catalog::{SnapshotTimestamp, count};
use crate::names::{Label, PartitionName, TableName};

/// One thing that is done. Each may run twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    Download {
        table: TableName,
        label: Label,
        snapshot: SnapshotTimestamp,
        partitions: Option<Vec<PartitionName>>,
        download_as: TableName,
        replication_num: u32,
    },
    /// Dynamic partitioning and TTL off, before they drop what was just restored.
    Quiet {
        table: TableName,
    },
    /// The partition is made anew, and filled from the other table.
    Copy {
        into: TableName,
        from: TableName,
        partition: PartitionName,
    },
    DropPartition {
        table: TableName,
        partition: PartitionName,
    },
    DropHelper {
        table: TableName,
    },
    Verify {
        table: TableName,
        restored: TableName,
        partitions: Option<BTreeSet<PartitionName>>,
    },
    /// Whoever holds a grant on the live table gets it on the restored one.
    Regrant {
        table: TableName,
        restored: TableName,
    },
    Swap {
        table: TableName,
        restored: TableName,
    },
    Rename {
        restored: TableName,
        table: TableName,
    },
    /// A partition that the live table lacks, empty, with the bounds that it has in the other table.
    Add {
        table: TableName,
        from: TableName,
        partition: PartitionName,
    },
    /// The restored content into a temporary partition of the live table, which nobody reads.
    Stage {
        table: TableName,
        from: TableName,
        partition: PartitionName,
        staged: PartitionName,
    },
    /// The live content into a temporary partition of the other table.
    Keep {
        table: TableName,
        holder: TableName,
        partition: PartitionName,
        staged: PartitionName,
    },
    /// The temporary partitions of the live table take the place of the others, all at once.
    Exchange {
        table: TableName,
        partitions: Vec<ExchangedPartition>,
    },
    /// The same in the other table, so that it has the former content under the partition's name.
    Settle {
        holder: TableName,
        partitions: Vec<ExchangedPartition>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangedPartition {
    pub partition: PartitionName,
    pub staged: PartitionName,
    pub holder: TableName,
}

impl Step {
    /// The word in `ops.restore_steps.kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Step::Download { .. } => "download",
            Step::Quiet { .. } => "quiet",
            Step::Copy { .. } => "copy",
            Step::DropPartition { .. } => "drop-partition",
            Step::DropHelper { .. } => "drop-helper",
            Step::Verify { .. } => "verify",
            Step::Regrant { .. } => "regrant",
            Step::Swap { .. } => "swap",
            Step::Rename { .. } => "rename",
            Step::Add { .. } => "add-partition",
            Step::Stage { .. } => "stage",
            Step::Keep { .. } => "keep",
            Step::Exchange { .. } => "exchange",
            Step::Settle { .. } => "settle",
        }
    }

    /// The table that the step changes or looks at.
    pub fn target(&self) -> &TableName {
        match self {
            Step::Download {
                download_as: target,
                ..
            }
            | Step::Copy { into: target, .. }
            | Step::Verify {
                restored: target, ..
            }
            | Step::Regrant {
                restored: target, ..
            }
            | Step::Quiet { table: target }
            | Step::DropPartition { table: target, .. }
            | Step::DropHelper { table: target }
            | Step::Swap { table: target, .. }
            | Step::Rename { table: target, .. }
            | Step::Add { table: target, .. }
            | Step::Stage { table: target, .. }
            | Step::Keep { holder: target, .. }
            | Step::Exchange { table: target, .. }
            | Step::Settle { holder: target, .. } => target,
        }
    }

    /// The names under which the step's tables stand beside the live one.
    pub fn holders(&self) -> Vec<&TableName> {
        match self {
            Step::Swap { restored, .. } | Step::Rename { restored, .. } => vec![restored],
            Step::Download { download_as, .. } => vec![download_as],
            Step::Quiet { table } => vec![table],
            Step::Exchange { partitions, .. } => {
                partitions.iter().map(|part| &part.holder).collect()
            }
            Step::Copy { .. }
            | Step::DropPartition { .. }
            | Step::DropHelper { .. }
            | Step::Regrant { .. }
            | Step::Verify { .. }
            | Step::Add { .. }
            | Step::Stage { .. }
            | Step::Keep { .. }
            | Step::Settle { .. } => Vec::new(),
        }
    }

    /// The one statement after which restored data is live.
    pub fn makes_live(&self) -> bool {
        matches!(
            self,
            Step::Swap { .. } | Step::Rename { .. } | Step::Exchange { .. }
        )
    }

    /// Belongs to what makes restored data live; everything before touches nothing that is.
    pub fn is_live_step(&self) -> bool {
        matches!(
            self,
            Step::Regrant { .. }
                | Step::Swap { .. }
                | Step::Rename { .. }
                | Step::Add { .. }
                | Step::Stage { .. }
                | Step::Keep { .. }
                | Step::Exchange { .. }
                | Step::Settle { .. }
        )
    }

    /// For a person following along.
    pub fn describe(&self) -> String {
        match self {
            Step::Download {
                table,
                label,
                download_as,
                partitions,
                ..
            } => {
                let what = partitions
                    .as_ref()
                    .map_or_else(|| "whole".to_owned(), |list| count(list.len(), "partition"));
                format!("download {table} ({what}) from {label} as {download_as}")
            }
            Step::Quiet { table } => format!("switch dynamic partitioning and TTL of {table} off"),
            Step::Copy {
                into,
                from,
                partition,
            } => format!("copy partition {partition} from {from} into {into}"),
            Step::DropPartition { table, partition } => {
                format!("drop partition {partition} of {table}, gone at the recovery point")
            }
            Step::DropHelper { table } => format!("drop the helper {table}"),
            Step::Verify { restored, .. } => format!("verify {restored}"),
            Step::Regrant { table, restored } => {
                format!("give the grants on {table} on {restored} too")
            }
            Step::Swap { table, restored } => format!("swap {table} with {restored}"),
            Step::Rename { restored, table } => format!("rename {restored} to {table}"),
            Step::Add {
                table, partition, ..
            } => format!("add partition {partition} to {table}"),
            Step::Stage {
                table,
                from,
                partition,
                ..
            } => format!("copy partition {partition} from {from} beside that of {table}"),
            Step::Keep {
                table,
                holder,
                partition,
                ..
            } => format!("keep partition {partition} of {table} in {holder}"),
            Step::Exchange { table, partitions } => {
                format!("exchange {} of {table}", partition_list(partitions))
            }
            Step::Settle { holder, partitions } => format!(
                "let {holder} have the former {}",
                partition_list(partitions)
            ),
        }
    }
}

fn partition_list(partitions: &[ExchangedPartition]) -> String {
    let names: Vec<&str> = partitions
        .iter()
        .map(|part| part.partition.as_str())
        .collect();
    let noun = if names.len() == 1 {
        "partition"
    } else {
        "partitions"
    };
    format!("{noun} {}", names.join(", "))
}

/// Both contents stand in two tables at every moment until the one statement that exchanges them, and after it.
fn exchange(plan: &TablePlan) -> Vec<Step> {
    let table = &plan.table;
    let mut steps = Vec::new();
    let missing = |exchange: &&PartitionExchange| exchange.now == PartitionNow::Missing;
    steps.extend(
        plan.exchanges
            .iter()
            .filter(missing)
            .map(|exchange| Step::Add {
                table: table.clone(),
                from: exchange.holder.clone(),
                partition: exchange.partition.clone(),
            }),
    );
    steps.extend(plan.exchanges.iter().map(|exchange| Step::Stage {
        table: table.clone(),
        from: exchange.holder.clone(),
        partition: exchange.partition.clone(),
        staged: exchange.staged.clone(),
    }));
    // As late as can be: what is loaded meanwhile must be in it.
    steps.extend(plan.exchanges.iter().map(|exchange| Step::Keep {
        table: table.clone(),
        holder: exchange.holder.clone(),
        partition: exchange.partition.clone(),
        staged: exchange.staged.clone(),
    }));
    let partitions: Vec<ExchangedPartition> = plan
        .exchanges
        .iter()
        .map(|exchange| ExchangedPartition {
            partition: exchange.partition.clone(),
            staged: exchange.staged.clone(),
            holder: exchange.holder.clone(),
        })
        .collect();
    steps.push(Step::Exchange {
        table: table.clone(),
        partitions: partitions.clone(),
    });
    for source in &plan.sources {
        let of_holder = partitions
            .iter()
            .filter(|part| part.holder == source.download_as);
        steps.push(Step::Settle {
            holder: source.download_as.clone(),
            partitions: of_holder.cloned().collect(),
        });
    }
    steps
}

fn finish(plan: &TablePlan) -> Vec<Step> {
    if !plan.exchanges.is_empty() {
        return exchange(plan);
    }
    let (table, restored) = (plan.table.clone(), plan.restored.clone());
    if plan.live == LiveTable::Gone {
        return vec![Step::Rename { restored, table }];
    }
    vec![
        // Also where there are none now: a swap may come days after its plan.
        Step::Regrant {
            table: table.clone(),
            restored: restored.clone(),
        },
        Step::Swap {
            table,
            restored: restored.clone(),
        },
        // The old data keeps its own dynamic partitioning and TTL under the suffix: off, or it is no longer what can be undone to.
        Step::Quiet { table: restored },
    ]
}

impl RestorePlan {
    /// Everything that is done, in order: all tables are built and verified before the first one is swapped.
    pub fn steps(&self) -> Vec<Step> {
        let build = self.tables.iter().flat_map(|table| self.build(table));
        let finish = self.tables.iter().flat_map(finish);
        build.chain(finish).collect()
    }

    fn build(&self, plan: &TablePlan) -> Vec<Step> {
        let mut steps = Vec::new();
        for source in &plan.sources {
            steps.push(self.download(plan, source));
            steps.push(Step::Quiet {
                table: source.download_as.clone(),
            });
        }
        if !plan.exchanges.is_empty() {
            steps.extend(plan.sources.iter().map(|source| Step::Verify {
                table: plan.table.clone(),
                restored: source.download_as.clone(),
                partitions: Some(source.used.iter().cloned().collect()),
            }));
            return steps;
        }
        let drop = |partition: &PartitionName| Step::DropPartition {
            table: plan.restored.clone(),
            partition: partition.clone(),
        };
        // Before the copies: a partition that was replaced by others of another name may lie in their way.
        steps.extend(plan.surplus.iter().map(drop));
        for source in plan.sources.iter().skip(1) {
            steps.extend(source.used.iter().map(|partition| Step::Copy {
                into: plan.restored.clone(),
                from: source.download_as.clone(),
                partition: partition.clone(),
            }));
            steps.push(Step::DropHelper {
                table: source.download_as.clone(),
            });
        }
        steps.push(Step::Verify {
            table: plan.table.clone(),
            restored: plan.restored.clone(),
            partitions: plan.partitions.clone(),
        });
        steps
    }

    fn download(&self, plan: &TablePlan, source: &SourcePlan) -> Step {
        let link = &self.links[source.link];
        Step::Download {
            table: plan.table.clone(),
            label: link.label.clone(),
            snapshot: link
                .snapshot
                .clone()
                .expect("source() refuses a link without a snapshot"),
            partitions: source.partitions.clone(),
            download_as: source.download_as.clone(),
            replication_num: plan.replication_num,
        }
    }
}
