//! Partitions: a name, a range, and behind it the physical partitions whose identity and version say what is inside.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::engine::list::{ListItem, ListRow};
use crate::engine::range::{Key, KeyPart, Range};

/// What carries rows: its id and visible version identify content (`catalog/PhysicalPartition.java`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhysicalPartition {
    pub id: u64,
    pub visible_version: u64,
    pub visible_time: DateTime<Utc>,
    pub next_version: u64,
    pub index_id: u64,
    pub tablets: Vec<u64>,
}

impl PhysicalPartition {
    /// A load was published.
    pub fn publish(&mut self, now: DateTime<Utc>) {
        self.visible_version = self.next_version;
        self.next_version += 1;
        self.visible_time = now;
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Partition {
    pub id: u64,
    pub name: String,
    /// Of a RANGE table's partition, but not of its shadow partition.
    pub range: Option<Range>,
    /// Of a LIST table's partition; the shadow partition holds nothing.
    pub list: Option<ListItem>,
    pub physical: Vec<PhysicalPartition>,
    pub replication_num: u32,
    pub buckets: u32,
    pub storage_medium: String,
}

/// What automatic tables have from birth, so that at least one tablet can be opened (`catalog/ExpressionRangePartitionInfo.java`).
pub const SHADOW: &str = "$shadow_automatic_partition";

impl Partition {
    /// SHOW PARTITIONS hides it; `partitions_meta` and a whole-table BACKUP do not.
    pub fn is_shadow(&self) -> bool {
        self.name.starts_with('$')
    }

    /// Where the next rows go: a partition that has grown is written to its newest part (`catalog/Partition.java`, immutable parts).
    pub fn writable(&self) -> u64 {
        self.physical.last().map_or(0, |physical| physical.id)
    }

    pub fn physical_ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.physical.iter().map(|physical| physical.id)
    }
}

/// The partitions of one table, reachable by name (in any case: `nameToPartition` is a case-insensitive map), by range or value, and in order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Partition>", into = "Vec<Partition>")]
pub struct Partitions {
    by_id: BTreeMap<u64, Partition>,
    by_name: HashMap<String, u64>,
    by_lower: BTreeMap<Key, u64>,
    by_value: HashMap<ListRow, u64>,
}

impl Partitions {
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub fn get(&self, name: &str) -> Option<&Partition> {
        self.by_id.get(self.by_name.get(&folded(name))?)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Partition> {
        self.by_id.get_mut(self.by_name.get(&folded(name))?)
    }

    /// By range where there is one, by id otherwise.
    pub fn iter(&self) -> Box<dyn Iterator<Item = &Partition> + '_> {
        if self.by_lower.is_empty() {
            Box::new(self.by_id.values())
        } else {
            let unbounded = self
                .by_id
                .values()
                .filter(|partition| partition.range.is_none());
            Box::new(unbounded.chain(self.by_lower.values().map(|id| &self.by_id[id])))
        }
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Partition> {
        self.by_id.values_mut()
    }

    pub fn names(&self) -> Vec<String> {
        self.iter()
            .map(|partition| partition.name.clone())
            .collect()
    }

    /// The caller has checked name, range and values.
    pub fn add(&mut self, partition: Partition) {
        self.by_name.insert(folded(&partition.name), partition.id);
        for row in partition.list.iter().flat_map(|list| &list.rows) {
            self.by_value.insert(row.clone(), partition.id);
        }
        if let Some(range) = &partition.range {
            self.by_lower.insert(range.lower.clone(), partition.id);
        }
        self.by_id.insert(partition.id, partition);
    }

    pub fn remove(&mut self, name: &str) -> Option<Partition> {
        let id = self.by_name.remove(&folded(name))?;
        let partition = self.by_id.remove(&id)?;
        for row in partition.list.iter().flat_map(|list| &list.rows) {
            self.by_value.remove(row);
        }
        if let Some(range) = &partition.range {
            self.by_lower.remove(&range.lower);
        }
        Some(partition)
    }

    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some(mut partition) = self.remove(from) {
            to.clone_into(&mut partition.name);
            self.add(partition);
        }
    }

    /// The partition whose range holds the key.
    pub fn route(&self, key: &[KeyPart]) -> Option<&Partition> {
        let (_, id) = self
            .by_lower
            .range::<[KeyPart], _>((std::ops::Bound::Unbounded, std::ops::Bound::Included(key)))
            .next_back()?;
        let partition = &self.by_id[id];
        partition
            .range
            .as_ref()
            .is_some_and(|range| range.contains(key))
            .then_some(partition)
    }

    /// The partition of a LIST table that holds the values.
    pub fn holding(&self, row: &ListRow) -> Option<&Partition> {
        self.by_id.get(self.by_value.get(row)?)
    }

    /// A partition whose range intersects `range`: ranges do not overlap, so only the last one that starts before its end can.
    pub fn overlapping(&self, range: &Range) -> Option<&Partition> {
        let (_, id) = self.by_lower.range::<Key, _>(..&range.upper).next_back()?;
        let partition = &self.by_id[id];
        partition
            .range
            .as_ref()
            .is_some_and(|other| other.overlaps(range))
            .then_some(partition)
    }

    /// The partition of the highest range.
    pub fn last(&self) -> Option<&Partition> {
        self.by_lower.values().next_back().map(|id| &self.by_id[id])
    }

    pub fn physical_ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.by_id.values().flat_map(Partition::physical_ids)
    }

    /// Publishes a load in every physical partition of the set.
    pub fn publish(&mut self, touched: &std::collections::BTreeSet<u64>, now: DateTime<Utc>) {
        for physical in self
            .by_id
            .values_mut()
            .flat_map(|partition| partition.physical.iter_mut())
        {
            if touched.contains(&physical.id) {
                physical.publish(now);
            }
        }
    }
}

fn folded(name: &str) -> String {
    name.to_lowercase()
}

impl From<Vec<Partition>> for Partitions {
    fn from(list: Vec<Partition>) -> Partitions {
        let mut partitions = Partitions::default();
        list.into_iter()
            .for_each(|partition| partitions.add(partition));
        partitions
    }
}

impl From<Partitions> for Vec<Partition> {
    fn from(partitions: Partitions) -> Vec<Partition> {
        partitions.iter().cloned().collect()
    }
}
