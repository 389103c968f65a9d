//! What a restore has left under its suffix, as its steps tell.

use std::collections::{BTreeMap, BTreeSet};

use super::steps::{Proof, parse, proof};
use crate::names::TableName;
use crate::ops::{StepRecord, StepState};
use crate::plan::restore::Step;

/// What may stand under a name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LeftBehind {
    pub ids: BTreeSet<u64>,
    /// A live table took part.
    pub replaced: bool,
}

/// What was live, or what the restore made: by its id, so that whatever came to stand there since is not taken for it.
///
/// A table that the restore has made live is none of this, even where it stands under the suffix by now: a later restore keeps it there.
pub fn left_behind(steps: &[StepRecord]) -> BTreeMap<TableName, LeftBehind> {
    let mut left: BTreeMap<TableName, LeftBehind> = BTreeMap::new();
    let mut made_live: BTreeSet<TableName> = BTreeSet::new();
    for record in steps {
        let Proof::Ids {
            live,
            restored: built,
        } = proof(record)
        else {
            continue;
        };
        let Ok(Step::Swap { restored, .. } | Step::Rename { restored, .. }) = parse(record) else {
            continue;
        };
        let ids: Vec<u64> = match record.state {
            StepState::Done => live.into_iter().collect(),
            StepState::Pending | StepState::Undone => vec![built],
            // Whether it ran is not known.
            StepState::Running | StepState::Stuck => live.into_iter().chain([built]).collect(),
        };
        if record.state == StepState::Done {
            made_live.insert(restored.clone());
        }
        let entry = left.entry(restored).or_default();
        entry.ids.extend(ids);
        entry.replaced |= live.is_some();
    }
    for record in steps {
        if let (Ok(Step::Download { download_as, .. }), Proof::Built { table_id }) =
            (parse(record), proof(record))
            && !made_live.contains(&download_as)
        {
            left.entry(download_as).or_default().ids.insert(table_id);
        }
    }
    left
}

/// What was live and was swapped out, or has the former content of a partition, and nothing else: all that a window is about.
pub fn kept(steps: &[StepRecord]) -> BTreeMap<TableName, LeftBehind> {
    let done: Vec<&StepRecord> = steps
        .iter()
        .filter(|step| step.state == StepState::Done)
        .collect();
    let exchanged = done.iter().filter_map(|record| match parse(record) {
        Ok(Step::Exchange { partitions, .. }) => Some(partitions),
        _ => None,
    });
    let holders: BTreeSet<TableName> = exchanged
        .flatten()
        .map(|exchanged| exchanged.holder)
        .collect();
    let one = |id| LeftBehind {
        ids: BTreeSet::from([id]),
        replaced: true,
    };
    let kept = done
        .into_iter()
        .filter_map(|record| match (parse(record), proof(record)) {
            (Ok(Step::Download { download_as, .. }), Proof::Built { table_id })
                if holders.contains(&download_as) =>
            {
                Some((download_as, one(table_id)))
            }
            (
                Ok(Step::Swap { restored, .. }),
                Proof::Ids {
                    live: Some(live), ..
                },
            ) => Some((restored, one(live))),
            _ => None,
        });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> TableName {
        TableName::parse(text).unwrap()
    }

    fn step(step: &Step, state: StepState, proof: &Proof) -> StepRecord {
        StepRecord {
            number: 1,
            kind: step.kind().to_owned(),
            target: step.target().to_string(),
            state,
            statement: String::new(),
            step: serde_json::to_string(step).unwrap(),
            proof: Some(serde_json::to_string(proof).unwrap()),
        }
    }

    /// `t` as a restore that has built table 7 leaves it.
    fn restored(live: Option<u64>, state: StepState) -> Vec<u64> {
        let (table, restored) = (name("t"), name("t_restored"));
        let made_live = match live {
            Some(_) => Step::Swap { table, restored },
            None => Step::Rename { restored, table },
        };
        let download = Step::Download {
            table: name("t"),
            label: crate::names::Label::parse("l").unwrap(),
            snapshot: crate::catalog::SnapshotTimestamp(String::new()),
            partitions: None,
            download_as: name("t_restored"),
            replication_num: 1,
        };
        let steps = [
            step(&download, StepState::Done, &Proof::Built { table_id: 7 }),
            step(&made_live, state, &Proof::Ids { live, restored: 7 }),
        ];
        let left = left_behind(&steps).remove(&name("t_restored"));
        left.map_or_else(Vec::new, |left| left.ids.into_iter().collect())
    }

    #[test]
    fn only_what_stands_under_the_suffix_is_left_there() {
        let cases: [(Option<u64>, StepState, &[u64]); 7] = [
            (Some(3), StepState::Done, &[3]),
            (Some(3), StepState::Undone, &[7]),
            (Some(3), StepState::Pending, &[7]),
            (Some(3), StepState::Stuck, &[3, 7]),
            (None, StepState::Done, &[]),
            (None, StepState::Undone, &[7]),
            (None, StepState::Stuck, &[7]),
        ];
        for (live, state, left) in cases {
            assert_eq!(restored(live, state), left, "{live:?} {state:?}");
        }
    }
}
