//! What backends still owe a job: snapshots, uploads, downloads and moves of tablets, by signature (`task/AgentTask.java`).
//!
//! A failed task never fails its job: its text stays in TaskErrMsg, it is sent again, and the job waits until its timeout. A task of a dead
//! backend is never reported at all.

use std::collections::BTreeMap;

pub use crate::ast::Phase;
use crate::engine::cluster::Cluster;
use crate::engine::java::{grown_capacity, hash_of_id, sort_by_bucket};

/// Keeps tasks of a phase from being done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub phase: Phase,
    /// What the backend reports; without it, nothing is heard of the task.
    pub text: Option<String>,
    /// How many more rounds; without it, until it is taken away.
    pub rounds: Option<u32>,
    /// Only tasks of this backend.
    pub backend: Option<u64>,
}

#[derive(Debug, Clone)]
pub struct Task {
    /// What UnfinishedTasks prints behind the signature: a backend, or a tablet.
    pub shown: u64,
    pub backend: u64,
    /// The physical partitions whose tablets it carries.
    pub physicals: Vec<u64>,
}

#[derive(Debug, Clone, Default)]
pub struct Tasks {
    unfinished: BTreeMap<u64, Task>,
    errors: BTreeMap<u64, String>,
}

impl Tasks {
    pub fn errors(&self) -> &BTreeMap<u64, String> {
        &self.errors
    }

    /// As after a change of the leader: nobody has been asked for anything yet.
    pub fn back_to(&mut self, errors: &BTreeMap<u64, String>) {
        self.unfinished.clear();
        self.errors.clone_from(errors);
    }

    pub fn clear(&mut self) {
        self.unfinished.clear();
        self.errors.clear();
    }

    /// A job that is done waits for nothing; its last errors stay in sight.
    pub fn forget_unfinished(&mut self) {
        self.unfinished.clear();
    }

    pub fn send(&mut self, signature: u64, task: Task) {
        self.unfinished.insert(signature, task);
    }

    pub fn is_empty(&self) -> bool {
        self.unfinished.is_empty()
    }

    /// Every task that carries one of these fails with its text.
    pub fn fail(&mut self, failing: &BTreeMap<u64, String>) {
        for (signature, task) in &self.unfinished {
            if let Some(text) = task.physicals.iter().find_map(|id| failing.get(id)) {
                self.errors.insert(*signature, text.clone());
            }
        }
    }

    /// A text for the first task, as when a backend gives its reason for the end of the job.
    pub fn fail_first(&mut self, text: &str) {
        if let Some(signature) = self.unfinished.keys().next() {
            self.errors.insert(*signature, text.to_owned());
        }
    }

    /// One round of reports: what neither sits on a dead backend nor is in trouble is done. An upload that has failed once keeps its text
    /// for ever, as `BackupJob.finishSnapshotUploadTask` removes it under the wrong key.
    pub fn report(&mut self, phase: Phase, cluster: &mut Cluster, failing: &BTreeMap<u64, String>) {
        self.fail(failing);
        let alive = cluster.alive_backends();
        let mut met = vec![false; cluster.jobs.troubles.len()];
        let (troubles, errors) = (&cluster.jobs.troubles, &mut self.errors);
        self.unfinished.retain(|signature, task| {
            if !alive.contains(&task.backend) {
                return true;
            }
            let trouble = troubles.iter().position(|trouble| {
                trouble.phase == phase
                    && trouble
                        .backend
                        .is_none_or(|backend| backend == task.backend)
            });
            if let Some(at) = trouble {
                met[at] = true;
                if let Some(text) = &troubles[at].text {
                    errors.insert(*signature, text.clone());
                }
                return true;
            }
            if task.physicals.iter().any(|id| failing.contains_key(id)) {
                return true;
            }
            if phase != Phase::Upload {
                errors.remove(signature);
            }
            false
        });
        let mut met = met.into_iter();
        cluster.jobs.troubles.retain_mut(|trouble| {
            let rounds = match (met.next(), &mut trouble.rounds) {
                (Some(true), Some(rounds)) => rounds,
                _ => return true,
            };
            *rounds = rounds.saturating_sub(1);
            *rounds > 0
        });
    }

    /// `signature=id, …`
    pub fn unfinished_text(&self) -> String {
        let shown: BTreeMap<u64, String> = self
            .unfinished
            .iter()
            .map(|(signature, task)| (*signature, format!("{signature}={}", task.shown)))
            .collect();
        joined(shown)
    }

    /// `[signature: text], …`
    pub fn error_text(&self) -> String {
        let shown: BTreeMap<u64, String> = self
            .errors
            .iter()
            .map(|(signature, text)| (*signature, format!("[{signature}: {text}]")))
            .collect();
        joined(shown)
    }
}

/// As a concurrent map of signatures is walked.
fn joined(shown: BTreeMap<u64, String>) -> String {
    let mut entries: Vec<(u64, String)> = shown.into_iter().collect();
    let capacity = grown_capacity(entries.len());
    sort_by_bucket(&mut entries, capacity, |(signature, _)| {
        hash_of_id(*signature)
    });
    let texts: Vec<String> = entries.into_iter().map(|(_, text)| text).collect();
    texts.join(", ")
}

/// Tablets of one backend in as many tasks as the limit allows; 0 is one task each (`BackupJob.prepareUploadTasks`).
pub fn batches<T: Clone>(tablets: &[T], limit: i64) -> Vec<Vec<T>> {
    let total = tablets.len();
    let count = match usize::try_from(limit) {
        Ok(limit) if limit > 0 => total.min(limit),
        _ => total,
    };
    if count == 0 {
        return Vec::new();
    }
    let each = (total / count).max(1);
    (0..count)
        .map(|batch| {
            let end = if batch + 1 == count {
                total
            } else {
                (batch + 1) * each
            };
            tablets[batch * each..end].to_vec()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_batch_takes_the_rest() {
        let tablets = [1, 2, 3, 4, 5, 6, 7];
        assert_eq!(
            batches(&tablets, 3),
            [vec![1, 2], vec![3, 4], vec![5, 6, 7]]
        );
        assert_eq!(batches(&tablets, 0).len(), 7);
        assert_eq!(batches(&tablets, 100).len(), 7);
        assert!(batches::<u64>(&[], 2).is_empty());
    }
}
