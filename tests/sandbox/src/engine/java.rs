//! The order in which Java's hash tables are walked. StarRocks keeps objects, properties and tasks in them and prints, checks and creates
//! in that order, so that it decides which of two errors a client sees and which tables a half-done job leaves behind.

/// `String.hashCode`.
pub fn hash_of_text(text: &str) -> u32 {
    text.encode_utf16().fold(0_u32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(unit.into())
    })
}

/// `Long.hashCode`.
pub fn hash_of_id(id: u64) -> u32 {
    let low = |bits: u64| u32::try_from(bits & 0xffff_ffff).unwrap_or_default();
    low(id) ^ low(id >> 32)
}

/// The buckets of a `HashMap` that has grown to hold so many entries.
pub fn grown_capacity(entries: usize) -> usize {
    let mut capacity = 16;
    while entries * 4 > capacity * 3 {
        capacity *= 2;
    }
    capacity
}

/// The buckets of a `HashMap` made as the copy of a map with so many entries.
pub fn copied_capacity(entries: usize) -> usize {
    (entries * 4 / 3 + 1).next_power_of_two()
}

/// Sorts as a `HashMap` or `ConcurrentHashMap` of that many buckets is walked; what shares a bucket keeps its order.
pub fn sort_by_bucket<T>(items: &mut [T], capacity: usize, hash: impl Fn(&T) -> u32) {
    items.sort_by_key(|item| {
        let hash = hash(item);
        (hash ^ (hash >> 16)) as usize & (capacity - 1)
    });
}

/// Names in the order of a `HashMap` into which `entries` of them were put.
pub fn sorted_names<'n>(names: impl IntoIterator<Item = &'n str>, entries: usize) -> Vec<&'n str> {
    let mut names: Vec<&str> = names.into_iter().collect();
    sort_by_bucket(&mut names, grown_capacity(entries), |name| {
        hash_of_text(name)
    });
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_javas() {
        assert_eq!(hash_of_text("timeout"), 0xb1af_4d61);
        assert_eq!(hash_of_text(""), 0);
        assert_eq!(hash_of_id(10_001), 10_001);
        // -1, the fake database of external catalogs.
        assert_eq!(hash_of_id(u64::MAX), 0);
    }

    #[test]
    fn capacities_are_javas() {
        assert_eq!((grown_capacity(12), grown_capacity(13)), (16, 32));
        assert_eq!(
            (copied_capacity(1), copied_capacity(3), copied_capacity(6)),
            (2, 8, 16)
        );
    }

    #[test]
    fn names_come_by_bucket() {
        // 'a' is 97, 'b' 98, …: buckets 1, 2, …; 'p' is 112: bucket 0.
        assert_eq!(sorted_names(["a", "b", "p"], 3), ["p", "a", "b"]);
    }
}
