//! The plan as a line of steps, each fit to run twice.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::plan::{LiveTable, RestorePlan, SourcePlan, TablePlan};
use crate::catalog::SnapshotTimestamp;
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
            | Step::Rename { table: target, .. } => target,
        }
    }

    /// The name under which the step's table stands beside the live one.
    pub fn holder(&self) -> Option<&TableName> {
        match self {
            Step::Swap { restored, .. } | Step::Rename { restored, .. } => Some(restored),
            Step::Download { download_as, .. } => Some(download_as),
            Step::Quiet { table } => Some(table),
            Step::Copy { .. }
            | Step::DropPartition { .. }
            | Step::DropHelper { .. }
            | Step::Regrant { .. }
            | Step::Verify { .. } => None,
        }
    }

    /// Belongs to what makes restored data live; everything before touches nothing that is.
    pub fn is_live_step(&self) -> bool {
        matches!(
            self,
            Step::Regrant { .. } | Step::Swap { .. } | Step::Rename { .. }
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
                let what = partitions.as_ref().map_or_else(
                    || "whole".to_owned(),
                    |list| format!("{} partitions", list.len()),
                );
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
        }
    }
}

fn finish(plan: &TablePlan) -> Vec<Step> {
    let (table, restored) = (plan.table.clone(), plan.restored.clone());
    if plan.live == LiveTable::Gone {
        return vec![Step::Rename { restored, table }];
    }
    let mut steps = Vec::new();
    if !plan.around.grants.is_empty() {
        steps.push(Step::Regrant {
            table: table.clone(),
            restored: restored.clone(),
        });
    }
    steps.push(Step::Swap {
        table,
        restored: restored.clone(),
    });
    // The old data keeps its own dynamic partitioning and TTL under the suffix: off, or it is no longer what can be undone to.
    steps.push(Step::Quiet { table: restored });
    steps
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
