//! What identifies the content of a partition, and the shape of a table.
//!
//! Equal fingerprints mean equal content. A physical partition's id changes with TRUNCATE, INSERT OVERWRITE, REPLACE PARTITION and RESTORE
//! into a new table; its visible version grows with every load. The one event that can bring a version number back is a RESTORE *into* an
//! existing partition (`catalog/PhysicalPartition.updateVersionForRestore` sets the snapshot's version and the present time), so the
//! version's time is part of the identity too: never to prove that something is old, only to notice that it is not the same.

use std::fmt;
use std::str::FromStr;

use smallvec::SmallVec;

/// One physical partition behind a partition name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhysicalPartition {
    pub id: u64,
    pub visible_version: u64,
    /// Seconds since the epoch, as the cluster tells it; 0 where it tells none.
    pub version_time: i64,
}

/// The sorted physical partitions behind one partition name: equal fingerprint, equal content. There is one, unless rows are distributed at
/// random.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fingerprint(SmallVec<[PhysicalPartition; 1]>);

impl Fingerprint {
    pub fn new(parts: impl IntoIterator<Item = PhysicalPartition>) -> Fingerprint {
        let mut parts: SmallVec<_> = parts.into_iter().collect();
        parts.sort_unstable();
        Fingerprint(parts)
    }

    pub fn parts(&self) -> &[PhysicalPartition] {
        &self.0
    }

    /// The highest version among the physical partitions: the figure people know from SHOW PARTITIONS.
    pub fn visible_version(&self) -> u64 {
        self.0
            .iter()
            .map(|part| part.visible_version)
            .max()
            .unwrap_or(0)
    }
}

/// `id:version@seconds`, joined by commas.
impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(
                out,
                "{separator}{}:{}@{}",
                part.id, part.visible_version, part.version_time
            )?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = ();

    fn from_str(text: &str) -> Result<Fingerprint, ()> {
        let parts = text
            .split(',')
            .map(parse_part)
            .collect::<Option<Vec<_>>>()
            .ok_or(())?;
        Ok(Fingerprint::new(parts))
    }
}

fn parse_part(text: &str) -> Option<PhysicalPartition> {
    let (id, rest) = text.split_once(':')?;
    let (version, time) = rest.split_once('@')?;
    Some(PhysicalPartition {
        id: id.parse().ok()?,
        visible_version: version.parse().ok()?,
        version_time: time.parse().ok()?,
    })
}

/// What a manifest says about a partition's content in the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RecordedFingerprint {
    /// The same before the submit and after the snapshot step: the snapshot holds exactly this.
    Exact(Fingerprint),
    /// Loaded into while the snapshot was taken, or created meanwhile: the next incremental takes it again.
    Unsettled,
    /// Recorded by a tool that keeps no fingerprints.
    Absent,
}

const UNSETTLED: &str = "unsettled";

impl RecordedFingerprint {
    /// Whether the partition still holds what the snapshot holds.
    pub fn matches(&self, now: &Fingerprint) -> bool {
        matches!(self, RecordedFingerprint::Exact(recorded) if recorded == now)
    }

    /// As stored in `ops.backup_partitions.fingerprint`. A text that is not ours counts as absent, so that it never proves anything.
    pub fn from_column(text: Option<&str>) -> RecordedFingerprint {
        match text {
            None => RecordedFingerprint::Absent,
            Some(UNSETTLED) => RecordedFingerprint::Unsettled,
            Some(text) => text
                .parse()
                .map_or(RecordedFingerprint::Absent, RecordedFingerprint::Exact),
        }
    }

    pub fn to_column(&self) -> Option<String> {
        match self {
            RecordedFingerprint::Exact(fingerprint) => Some(fingerprint.to_string()),
            RecordedFingerprint::Unsettled => Some(UNSETTLED.to_owned()),
            RecordedFingerprint::Absent => None,
        }
    }
}

/// A digest of a table's columns, keys, partitioning and distribution. Partitions can be exchanged between tables of one schema fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct SchemaFingerprint(pub String);

impl fmt::Display for SchemaFingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: u64, visible_version: u64, version_time: i64) -> PhysicalPartition {
        PhysicalPartition {
            id,
            visible_version,
            version_time,
        }
    }

    #[test]
    fn a_fingerprint_does_not_depend_on_the_order_of_rows() {
        let one = Fingerprint::new(vec![part(11, 3, 70), part(10, 5, 60)]);
        let other = Fingerprint::new(vec![part(10, 5, 60), part(11, 3, 70)]);
        assert_eq!(one, other);
        assert_eq!(one.to_string(), "10:5@60,11:3@70");
        assert_eq!("11:3@70,10:5@60".parse(), Ok(one));
    }

    #[test]
    fn only_the_same_id_version_and_time_matches() {
        let recorded = RecordedFingerprint::Exact(Fingerprint::new(vec![part(10, 5, 60)]));
        assert!(recorded.matches(&Fingerprint::new(vec![part(10, 5, 60)])));
        assert!(
            !recorded.matches(&Fingerprint::new(vec![part(10, 6, 60)])),
            "loaded"
        );
        assert!(
            !recorded.matches(&Fingerprint::new(vec![part(12, 5, 60)])),
            "truncated and loaded up to the same version"
        );
        assert!(
            !recorded.matches(&Fingerprint::new(vec![part(10, 5, 61)])),
            "restored in place, then loaded up to the same version"
        );
        assert!(
            !recorded.matches(&Fingerprint::new(vec![part(10, 5, 60), part(11, 1, 60)])),
            "grew a physical partition"
        );
    }

    #[test]
    fn what_cannot_be_read_proves_nothing() {
        let now = Fingerprint::new(vec![part(10, 5, 60)]);
        for text in [
            None,
            Some("unsettled"),
            Some(""),
            Some("10:5"),
            Some("10:5@60,"),
        ] {
            let recorded = RecordedFingerprint::from_column(text);
            assert!(!recorded.matches(&now), "{text:?}");
        }
        assert!(RecordedFingerprint::from_column(Some("10:5@60")).matches(&now));
    }
}
