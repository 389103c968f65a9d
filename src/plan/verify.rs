//! What is measured of a backup, so that its restore can be held against it.

use std::collections::BTreeMap;

use super::settle::{SecondLook, is_same};
use crate::catalog::{Manifest, Measured, RecordedFingerprint};
use crate::names::{PartitionName, TableName};

pub use crate::config::Verify;

/// What was found in the partitions of each table.
pub type Measures = BTreeMap<TableName, BTreeMap<PartitionName, Measured>>;

/// The manifest with what was found in partitions that stood still from before the cut until `after`, a look at the catalogue behind the
/// last measure. Versions only grow, so what was read in between is what the snapshot holds.
pub fn with_measures(settled: &Manifest, mut found: Measures, after: &SecondLook) -> Manifest {
    let mut manifest = settled.clone();
    for (table, record) in &mut manifest.tables {
        let now = after.get(table).filter(|look| is_same(record, look));
        let (Some(mut found), Some(now)) = (found.remove(table), now) else {
            continue;
        };
        for (name, partition) in &mut record.partitions {
            if let RecordedFingerprint::Exact(recorded) = &partition.fingerprint
                && now.partitions.get(name) == Some(recorded)
            {
                partition.measured = found.remove(name);
            }
        }
    }
    manifest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::sketch::{looks, manifest, partition, table};

    #[test]
    fn only_what_stood_still_until_it_was_measured_is_said_of_the_snapshot() {
        let settled = manifest(&[
            "t#1 s partitioned whole p1=11:2 p2=12:2 p3=unsettled p4=14:2",
            "u#2 s partitioned whole p1=21:2",
        ]);
        let rows = |rows| Measured {
            rows,
            checksum: None,
        };
        let all = ["p1", "p2", "p3"].map(|name| (partition(name), rows(7)));
        let found = Measures::from([
            (table("t"), BTreeMap::from(all)),
            (table("u"), BTreeMap::from([(partition("p1"), rows(8))])),
        ]);
        let after = looks(&[
            "t#1 s partitioned p1=11:2 p2=12:3 p3=13:1 p4=14:2",
            "u#3 s partitioned p1=21:2",
        ]);
        let measured = with_measures(&settled, found, &after);
        let of = |name: &str, part: &str| {
            measured.tables[&table(name)].partitions[&partition(part)]
                .measured
                .clone()
        };
        assert_eq!(of("t", "p1"), Some(rows(7)));
        assert_eq!(of("t", "p2"), None, "loaded into");
        assert_eq!(
            of("t", "p3"),
            None,
            "nobody can tell what the snapshot holds"
        );
        assert_eq!(of("t", "p4"), None, "not measured");
        assert_eq!(of("u", "p1"), None, "another table of the name");
    }
}
