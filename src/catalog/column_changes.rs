//! Which tables changed their columns, as far as anybody knows.
//!
//! A column that is dropped and added again as it was leaves every version and every name as they were, and other values. The cluster tells
//! of it for seven days (`history_job_keep_max_second`: `common/Config.java`, `alter/AlterJobV2.java`), so each backup records what it and those
//! before it knew.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::names::TableName;

/// Ids of jobs of SHOW ALTER TABLE COLUMN; they only grow, across all databases.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ColumnChanges {
    /// The latest one of the database.
    pub latest: u64,
    /// The latest one of each table that had any.
    pub tables: BTreeMap<TableName, u64>,
}

impl ColumnChanges {
    /// With what was known earlier.
    pub fn learn(&mut self, earlier: &ColumnChanges) {
        self.latest = self.latest.max(earlier.latest);
        for (table, id) in &earlier.tables {
            let known = self.tables.entry(table.clone()).or_default();
            *known = (*known).max(*id);
        }
    }

    /// Without tables that are not there any more: a name that comes again comes with another table.
    pub fn keep(&mut self, tables: &BTreeSet<TableName>) {
        self.tables.retain(|table, _| tables.contains(table));
    }

    /// Whether the table changed after `earlier` was looked at.
    pub fn is_changed_since(&self, table: &TableName, earlier: &ColumnChanges) -> bool {
        self.tables.get(table).copied().unwrap_or(0) > earlier.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(latest: u64, tables: &[(&str, u64)]) -> ColumnChanges {
        let name = |(name, id): &(&str, u64)| (TableName::parse(*name).unwrap(), *id);
        ColumnChanges {
            latest,
            tables: tables.iter().map(name).collect(),
        }
    }

    #[test]
    fn what_the_cluster_has_forgotten_is_known_from_earlier_looks() {
        let full = changes(50, &[("t", 50)]);
        let middle = changes(77, &[("t", 77), ("u", 60)]);
        let mut now = changes(0, &[]);
        for earlier in [&full, &middle] {
            now.learn(earlier);
        }
        assert_eq!(now, middle);
        let [t, u, v] = ["t", "u", "v"].map(|name| TableName::parse(name).unwrap());
        assert!(now.is_changed_since(&t, &full) && now.is_changed_since(&u, &full));
        assert!(!now.is_changed_since(&v, &full) && !now.is_changed_since(&t, &middle));
        now.keep(&BTreeSet::from([t]));
        assert_eq!(now, changes(77, &[("t", 77)]));
    }
}
