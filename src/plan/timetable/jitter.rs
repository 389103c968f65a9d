//! How late a group's fires come: fixed for ever by its name, so that every daemon and every release agrees, and
//! different for most groups, so that they do not all start at once.

use std::time::Duration;

use chrono::TimeDelta;

use crate::names::GroupName;

/// Whole seconds, at least zero and below `jitter`.
pub(super) fn offset(group: &GroupName, jitter: Duration) -> TimeDelta {
    let range = u128::from(jitter.as_secs());
    if range == 0 {
        return TimeDelta::zero();
    }
    let seconds =
        i64::try_from(fnv1a(group.as_str()) % range).expect("a jitter has an upper limit of hours");
    TimeDelta::seconds(seconds)
}

/// FNV-1a of 128 bits. std's hasher promises nothing from one release of Rust to the next.
pub(super) fn fnv1a(text: &str) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    text.bytes().fold(BASIS, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(PRIME)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(""), 0x6c62272e07bb014262b821756295c58d);
        assert_eq!(fnv1a("a"), 0xd228cb696f1a8caf78912b704e4a8964);
        assert_eq!(fnv1a("foobar"), 0x343e1662793c64bf6f0d3597ba446f18);
    }

    #[test]
    fn the_offset_is_below_the_jitter_and_differs_between_groups() {
        let offset =
            |name: &str, secs| offset(&GroupName::parse(name).unwrap(), Duration::from_secs(secs));
        assert_eq!(offset("daily_facts", 0), TimeDelta::zero());
        assert_eq!(offset("daily_facts", 1), TimeDelta::zero());
        let offsets: Vec<i64> = (0..200)
            .map(|n| offset(&format!("group_{n}"), 600).num_seconds())
            .collect();
        assert!(offsets.iter().all(|seconds| (0..600).contains(seconds)));
        let spread = |from: i64, to: i64| {
            offsets
                .iter()
                .filter(|seconds| (from..to).contains(*seconds))
                .count()
        };
        assert!(
            spread(0, 200) > 40 && spread(200, 400) > 40 && spread(400, 600) > 40,
            "{offsets:?}"
        );
    }
}
