//! What a step's row in `ops.restore_steps` says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::names::PartitionName;
use crate::ops::StepRecord;
use crate::plan::restore::Step;
use crate::run::error::RunError;

/// About the moment before the step ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "proof", rename_all = "kebab-case")]
pub enum Proof {
    /// Table ids stay with the data: after the swap the live name has the id `restored`.
    Ids {
        live: Option<u64>,
        restored: u64,
    },
    /// From the plan, for a step that makes a table live: the table that it takes the place of.
    Planned {
        live: Option<u64>,
    },
    /// Properties that were on.
    Properties {
        before: BTreeMap<String, String>,
    },
    /// The database's last RESTORE before ours.
    LastRestore {
        job_id: String,
    },
    /// The table that a RESTORE of ours made: written after the step.
    Built {
        table_id: u64,
    },
    /// The partition was empty, and only rows can make it: written after the step.
    Unborn,
    /// Of what was verified: written after the step.
    Checksum {
        text: String,
    },
    /// Of the partitions that are exchanged, by their names: physical ids before the statement and after it; and after the one that took
    /// it back, written before that.
    Partitions {
        before: BTreeMap<PartitionName, Vec<u64>>,
        after: BTreeMap<PartitionName, Vec<u64>>,
        #[serde(default)]
        back: Option<BTreeMap<PartitionName, Vec<u64>>>,
    },
    /// The fingerprint of the content that is kept: written after the step.
    Kept {
        fingerprint: String,
    },
    None,
}

pub fn parse(record: &StepRecord) -> Result<Step, RunError> {
    serde_json::from_str(&record.step).map_err(|error| {
        RunError::Failed(format!(
            "step {} of the restore cannot be read from ops.restore_steps: {error}",
            record.number
        ))
    })
}

pub fn proof(record: &StepRecord) -> Proof {
    record
        .proof
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or(Proof::None)
}

pub(super) fn lost_proof(step: &Step) -> RunError {
    RunError::Failed(format!(
        "the row of the step \"{}\" in ops.restore_steps was changed",
        step.describe()
    ))
}
