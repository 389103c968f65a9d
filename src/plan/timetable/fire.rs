//! [`Fire`]: one due moment of one group.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::jitter::fnv1a;
use crate::catalog::BackupKind;
use crate::names::GroupName;

/// One due moment; the three fields are its identity. In order: earliest first, then by group, a full first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fire {
    pub group: GroupName,
    pub kind: BackupKind,
    /// In whole seconds, with the group's jitter in it: the moment at which the run is really due. A schedule file with
    /// another `jitter` (or another cron expression) therefore has other fires, and what was missed under the old file
    /// stays missed under the old identity.
    pub scheduled_at: DateTime<Utc>,
}

impl Fire {
    /// The identity as a text: what `ops.schedule_fires` has as its key, the same for every daemon and every release.
    ///
    /// At most 100 bytes of `[A-Za-z0-9_-]`, so that it fits StarRocks' load labels (`[-\w]{1,128}`,
    /// `fe/fe-core/.../common/FeNameFormat.java`) with something before it. A group name that is too long for that, or
    /// written otherwise, stands there as its hash.
    pub fn key(&self) -> String {
        let time = self.scheduled_at.format("%Y%m%dT%H%M%SZ");
        format!("{}_{}_{time}", group_part(self.group.as_str()), self.kind)
    }
}

/// What begins like a hash is hashed too, so that no name can pass for another one's hash.
fn group_part(name: &str) -> String {
    const HASH_MARK: &str = "h-";
    /// With the longest kind and the time this makes 100 bytes.
    const LONGEST: usize = 71;
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if plain && name.len() <= LONGEST && !name.starts_with(HASH_MARK) {
        name.to_owned()
    } else {
        format!("{HASH_MARK}{:032x}", fnv1a(name))
    }
}

impl Ord for Fire {
    fn cmp(&self, other: &Fire) -> Ordering {
        let order = |a: &Fire, b: &Fire| a.group.cmp(&b.group).then(a.kind.cmp(&b.kind));
        self.scheduled_at
            .cmp(&other.scheduled_at)
            .then_with(|| order(self, other))
    }
}

impl PartialOrd for Fire {
    fn partial_cmp(&self, other: &Fire) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fire(group: &str, kind: BackupKind, at: &str) -> Fire {
        Fire {
            group: GroupName::parse(group).unwrap(),
            kind,
            scheduled_at: at.parse().unwrap(),
        }
    }

    #[test]
    fn the_key_is_stable_and_fits_a_load_label() {
        let at = "2026-11-22T01:00:00Z";
        assert_eq!(
            fire("daily_facts", BackupKind::Full, at).key(),
            "daily_facts_full_20261122T010000Z"
        );
        assert_eq!(
            fire("tägliche", BackupKind::Incremental, at).key(),
            "h-42f37ff47c066fa3e6dbd2d65fda5324_incremental_20261122T010000Z"
        );
        for group in [
            &"x".repeat(71),
            &"x".repeat(72),
            &"ü".repeat(500),
            "a b",
            "h-x",
        ] {
            let key = fire(group, BackupKind::Incremental, at).key();
            assert!(key.len() <= 100, "{key}");
            assert!(
                key.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'),
                "{key}"
            );
        }
    }

    #[test]
    fn a_name_cannot_pass_for_the_hash_of_another() {
        let at = "2026-11-22T01:00:00Z";
        let hashed = fire("a b", BackupKind::Full, at).key();
        let (disguise, _) = hashed.split_once("_full").unwrap();
        assert_ne!(fire(disguise, BackupKind::Full, at).key(), hashed);
        assert_ne!(
            fire("a", BackupKind::Full, at).key(),
            fire("a_full", BackupKind::Full, at).key()
        );
    }

    #[test]
    fn fires_sort_by_time_then_group_then_full_first() {
        let sorted = [
            fire("b", BackupKind::Incremental, "2026-11-22T00:00:00Z"),
            fire("a", BackupKind::Full, "2026-11-22T01:00:00Z"),
            fire("a", BackupKind::Incremental, "2026-11-22T01:00:00Z"),
            fire("b", BackupKind::Full, "2026-11-22T01:00:00Z"),
        ];
        let mut shuffled = [
            sorted[3].clone(),
            sorted[2].clone(),
            sorted[0].clone(),
            sorted[1].clone(),
        ];
        shuffled.sort();
        assert_eq!(shuffled, sorted);
    }

    #[test]
    fn a_fire_survives_json() {
        let fire = fire("daily_facts", BackupKind::Full, "2026-11-22T01:00:00Z");
        let json = serde_json::to_string(&fire).unwrap();
        assert_eq!(
            json,
            r#"{"group":"daily_facts","kind":"full","scheduled_at":"2026-11-22T01:00:00Z"}"#
        );
        assert_eq!(serde_json::from_str::<Fire>(&json).unwrap(), fire);
    }
}
