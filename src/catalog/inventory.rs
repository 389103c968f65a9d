//! The tables of an inventory group, as the rows of `ops.table_inventory` name them.

use std::collections::{BTreeMap, BTreeSet};

use super::{DatabaseFacts, LeftOut, LeftOutReason};
use crate::names::{DatabaseName, TableName};

/// One row's table: `*` stands for every table of the database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TablePattern {
    Every,
    One(TableName),
}

/// Database by database, what a group names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory(pub BTreeMap<DatabaseName, BTreeSet<TablePattern>>);

impl Inventory {
    /// The tables of `facts` that the group names, and those that it names and cannot have.
    ///
    /// What a wildcard meets and cannot take (views, say) is reported too: nobody should have to guess what `*` covers.
    pub fn select(&self, facts: DatabaseFacts) -> DatabaseFacts {
        let Some(patterns) = self.0.get(&facts.name) else {
            return DatabaseFacts {
                tables: BTreeMap::new(),
                left_out: Vec::new(),
                ..facts
            };
        };
        let every = patterns.contains(&TablePattern::Every);
        let named =
            |table: &TableName| every || patterns.contains(&TablePattern::One(table.clone()));
        let mut left_out: Vec<LeftOut> = facts
            .left_out
            .into_iter()
            .filter(|out| named(&out.table))
            .collect();
        for pattern in patterns {
            let TablePattern::One(table) = pattern else {
                continue;
            };
            if !facts.tables.contains_key(table) && !left_out.iter().any(|out| out.table == *table)
            {
                left_out.push(LeftOut {
                    table: table.clone(),
                    reason: LeftOutReason::Missing,
                });
            }
        }
        let tables = facts
            .tables
            .into_iter()
            .filter(|(table, _)| named(table))
            .collect();
        DatabaseFacts {
            name: facts.name,
            tables,
            left_out,
            seen: facts.seen,
            changes: facts.changes,
        }
    }

    pub fn names(&self, database: &DatabaseName, table: &TableName) -> bool {
        self.0.get(database).is_some_and(|patterns| {
            patterns.contains(&TablePattern::Every)
                || patterns.contains(&TablePattern::One(table.clone()))
        })
    }
}
