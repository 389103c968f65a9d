//! What of the cluster the inventory covers, and what nobody would miss until it is needed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{BackupRecord, Inventory, LeftOut, LeftOutReason, TablePattern};
use crate::names::{DatabaseName, GroupName, Label, QualifiedTable, TableName};

/// A table of any database, and why BACKUP cannot take it, if it cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterTable {
    pub table: QualifiedTable,
    pub unfit: Option<LeftOutReason>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// How many tables BACKUP could take.
    pub tables: usize,
    /// Those of them that no group names.
    pub uncovered: Vec<QualifiedTable>,
    pub unfit: Vec<UnfitTable>,
    pub unmatched: Vec<UnmatchedRow>,
    /// Of each group's last run.
    pub left_out: Vec<LeftOutTable>,
    /// Databases whose backup did not end well in the group's last run.
    pub failed: Vec<FailedDatabase>,
    /// In the inventory, and not in the schedule.
    pub unscheduled: Vec<GroupName>,
    /// In the schedule, and not in the inventory.
    pub unlisted: Vec<GroupName>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfitTable {
    pub table: QualifiedTable,
    pub reason: LeftOutReason,
}

/// A row of the inventory that names nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmatchedRow {
    pub group: GroupName,
    pub database: DatabaseName,
    /// `None`: `*`.
    pub table: Option<TableName>,
    pub why: Unmatched,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unmatched {
    /// No table of such a database is seen, or there is no such database.
    NoDatabase,
    NoTable,
    /// Tables, but none that BACKUP can take.
    NothingFit,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutTable {
    pub group: GroupName,
    pub label: Label,
    pub table: QualifiedTable,
    pub reason: LeftOutReason,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedDatabase {
    pub group: GroupName,
    pub label: Label,
    pub database: Option<DatabaseName>,
    pub status: String,
    pub error: Option<String>,
}

impl Coverage {
    /// The tables held against the inventory and the schedule; nothing of the last runs yet.
    pub fn of(
        tables: Vec<ClusterTable>,
        inventories: &BTreeMap<GroupName, Inventory>,
        scheduled: &BTreeSet<GroupName>,
    ) -> Coverage {
        let mut coverage = Coverage {
            unmatched: unmatched(&tables, inventories),
            unscheduled: missing(inventories.keys(), |group| scheduled.contains(group)),
            unlisted: missing(scheduled.iter(), |group| inventories.contains_key(group)),
            ..Coverage::default()
        };
        let covered = |table: &QualifiedTable| {
            let mut inventories = inventories.values();
            inventories.any(|inventory| inventory.names(&table.database, &table.table))
        };
        for ClusterTable { table, unfit } in tables {
            match unfit {
                Some(reason) => coverage.unfit.push(UnfitTable { table, reason }),
                None => {
                    coverage.tables += 1;
                    if !covered(&table) {
                        coverage.uncovered.push(table);
                    }
                }
            }
        }
        coverage.uncovered.sort();
        coverage.unfit.sort_by(|a, b| a.table.cmp(&b.table));
        coverage
    }

    /// What each group's last run says of itself.
    pub fn with_last_runs(
        mut self,
        last: &[&BackupRecord],
        left_out: &BTreeMap<Label, Vec<LeftOut>>,
    ) -> Coverage {
        for record in last {
            let Some(group) = record.group.clone() else {
                continue;
            };
            if !record.is_finished() {
                self.failed.push(FailedDatabase {
                    group,
                    label: record.label.clone(),
                    database: record.database.clone(),
                    status: record.status.as_str().to_owned(),
                    error: record.error.clone(),
                });
                continue;
            }
            let (Some(database), Some(tables)) = (&record.database, left_out.get(&record.label))
            else {
                continue;
            };
            self.left_out.extend(tables.iter().map(|out| LeftOutTable {
                group: group.clone(),
                label: record.label.clone(),
                table: QualifiedTable {
                    database: database.clone(),
                    table: out.table.clone(),
                },
                reason: out.reason.clone(),
            }));
        }
        self
    }
}

fn missing<'a>(
    groups: impl Iterator<Item = &'a GroupName>,
    known: impl Fn(&GroupName) -> bool,
) -> Vec<GroupName> {
    groups.filter(|group| !known(group)).cloned().collect()
}

fn unmatched(
    tables: &[ClusterTable],
    inventories: &BTreeMap<GroupName, Inventory>,
) -> Vec<UnmatchedRow> {
    let mut seen: BTreeMap<&DatabaseName, BTreeMap<&TableName, bool>> = BTreeMap::new();
    for ClusterTable { table, unfit } in tables {
        let fit = unfit.is_none();
        let database = seen.entry(&table.database).or_default();
        database.insert(&table.table, fit);
    }
    let why = |database: &DatabaseName, pattern: &TablePattern| match (seen.get(database), pattern)
    {
        (None, _) => Some(Unmatched::NoDatabase),
        (Some(tables), TablePattern::One(table)) if !tables.contains_key(table) => {
            Some(Unmatched::NoTable)
        }
        (Some(tables), TablePattern::Every) if !tables.values().any(|fit| *fit) => {
            Some(Unmatched::NothingFit)
        }
        (Some(_), _) => None,
    };
    let mut rows = Vec::new();
    for (group, inventory) in inventories {
        for (database, patterns) in &inventory.0 {
            let unmatched = patterns.iter().filter_map(|pattern| {
                Some(UnmatchedRow {
                    group: group.clone(),
                    database: database.clone(),
                    table: match pattern {
                        TablePattern::Every => None,
                        TablePattern::One(table) => Some(table.clone()),
                    },
                    why: why(database, pattern)?,
                })
            });
            rows.extend(unmatched);
        }
    }
    rows
}

/// The backups of each group's last run, in the order of the groups. Records that no run of brd made count for nothing.
pub fn last_runs<'a>(
    records: &'a [BackupRecord],
    groups: &BTreeSet<GroupName>,
) -> Vec<&'a BackupRecord> {
    let of = |group: &GroupName| {
        let own = || {
            records
                .iter()
                .filter(|record| record.group.as_ref() == Some(group))
        };
        let latest = own()
            .filter(|record| record.run.is_some())
            .max_by_key(|record| record.started)?;
        Some(
            own()
                .filter(|record| record.run == latest.run)
                .collect::<Vec<_>>(),
        )
    };
    groups.iter().filter_map(of).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str, unfit: Option<LeftOutReason>) -> ClusterTable {
        ClusterTable {
            table: text.parse().unwrap(),
            unfit,
        }
    }

    fn group(text: &str) -> GroupName {
        GroupName::parse(text).unwrap()
    }

    fn inventory(rows: &[(&str, &str)]) -> Inventory {
        let mut inventory = Inventory::default();
        for (database, table) in rows {
            let pattern = match *table {
                "*" => TablePattern::Every,
                name => TablePattern::One(TableName::parse(name).unwrap()),
            };
            let database = DatabaseName::parse(*database).unwrap();
            inventory.0.entry(database).or_default().insert(pattern);
        }
        inventory
    }

    #[test]
    fn every_table_is_covered_or_named_and_every_row_matches_or_is_named() {
        let tables = vec![
            table("sales.orders", None),
            table("sales.totals", Some(LeftOutReason::View)),
            table("stock.items", None),
            table("stock.bins", None),
            table("views.only", Some(LeftOutReason::View)),
        ];
        let inventories = BTreeMap::from([
            (
                group("daily"),
                inventory(&[
                    ("sales", "*"),
                    ("sales", "old"),
                    ("gone", "*"),
                    ("views", "*"),
                ]),
            ),
            (group("adhoc"), inventory(&[("stock", "items")])),
        ]);
        let scheduled = BTreeSet::from([group("daily"), group("nobody")]);
        let coverage = Coverage::of(tables, &inventories, &scheduled);
        let names = |tables: &[QualifiedTable]| -> Vec<String> {
            tables.iter().map(ToString::to_string).collect()
        };
        assert_eq!(coverage.tables, 3);
        assert_eq!(names(&coverage.uncovered), ["stock.bins"]);
        let unfit: Vec<_> = coverage
            .unfit
            .iter()
            .map(|unfit| unfit.table.clone())
            .collect();
        assert_eq!(names(&unfit), ["sales.totals", "views.only"]);
        let unmatched: Vec<_> = coverage
            .unmatched
            .iter()
            .map(|row| {
                (
                    row.database.as_str(),
                    row.table.as_ref().map(TableName::as_str),
                    row.why,
                )
            })
            .collect();
        assert_eq!(
            unmatched,
            [
                ("gone", None, Unmatched::NoDatabase),
                ("sales", Some("old"), Unmatched::NoTable),
                ("views", None, Unmatched::NothingFit),
            ]
        );
        assert_eq!(coverage.unscheduled, [group("adhoc")]);
        assert_eq!(coverage.unlisted, [group("nobody")]);
    }
}
