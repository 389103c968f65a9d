//! Hash functions people build checksums from. Each follows its published algorithm and is checked against published vectors.

use md5::{Digest, Md5};
use rusqlite::Connection;
use rusqlite::types::Value;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use twox_hash::XxHash3_64;

use crate::engine::functions::{Arguments, nullable, pure};

/// The seed of MURMUR_HASH3_32 (`be/src/util/hash_util.hpp`, MURMUR3_32_SEED).
const MURMUR_SEED: u32 = 104_729;

pub fn register(connection: &Connection) -> rusqlite::Result<()> {
    pure(connection, "sr_md5", 1, |arguments| {
        nullable(arguments.text(0).map(|text| hex(&Md5::digest(text))))
    })?;
    // MD5SUM leaves NULL arguments out (`be/src/exprs/encryption_functions.cpp`).
    pure(connection, "sr_md5sum", -1, |arguments| {
        let mut digest = Md5::new();
        (0..arguments.len())
            .filter_map(|index| arguments.text(index))
            .for_each(|text| digest.update(text));
        Value::Text(hex(&digest.finalize()))
    })?;
    pure(connection, "sr_sha2", 2, sha2)?;
    pure(connection, "sr_crc32", 1, |arguments| {
        nullable(
            arguments
                .text(0)
                .map(|text| i64::from(crc32fast::hash(text.as_bytes()))),
        )
    })?;
    pure(connection, "sr_murmur_hash3_32", -1, |arguments| {
        chained(arguments, MURMUR_SEED, |bytes, seed| {
            murmur3_32(bytes, seed)
        })
        .map_or(Value::Null, |hash| {
            Value::Integer(hash.cast_signed().into())
        })
    })?;
    pure(connection, "sr_xx_hash3_64", -1, |arguments| {
        chained(arguments, 0, |bytes, seed| {
            XxHash3_64::oneshot_with_seed(seed, bytes)
        })
        .map_or(Value::Null, |hash| Value::Integer(hash.cast_signed()))
    })?;
    pure(connection, "sr_hex", 1, |arguments| {
        match arguments.value(0) {
            Value::Null => Value::Null,
            Value::Integer(number) => Value::Text(format!("{number:X}")),
            _ => nullable(
                arguments
                    .text(0)
                    .map(|text| hex(text.as_bytes()).to_uppercase()),
            ),
        }
    })?;
    pure(connection, "sr_bitxor", 2, |arguments| {
        let xor = || Some(arguments.integer(0)? ^ arguments.integer(1)?);
        nullable(xor())
    })
}

/// Several arguments are hashed one after another, each with the hash before it as seed; any NULL makes NULL.
fn chained<S: Copy>(arguments: &Arguments, seed: S, hash: impl Fn(&[u8], S) -> S) -> Option<S> {
    if arguments.any_null() || arguments.len() == 0 {
        return None;
    }
    (0..arguments.len()).try_fold(seed, |seed, index| {
        Some(hash(arguments.text(index)?.as_bytes(), seed))
    })
}

fn sha2(arguments: &Arguments) -> Value {
    let digest = || {
        let text = arguments.text(0)?;
        match arguments.integer(1)? {
            224 => Some(hex(&Sha224::digest(text))),
            0 | 256 => Some(hex(&Sha256::digest(text))),
            384 => Some(hex(&Sha384::digest(text))),
            512 => Some(hex(&Sha512::digest(text))),
            _ => None,
        }
    };
    nullable(digest())
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string succeeds");
            text
        })
}

/// MurmurHash3_x86_32 (Austin Appleby's reference).
fn murmur3_32(bytes: &[u8], seed: u32) -> u32 {
    const C1: u32 = 0xcc9e_2d51;
    const C2: u32 = 0x1b87_3593;
    let scramble = |block: u32| block.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2);
    let mut hash = seed;
    let mut blocks = bytes.chunks_exact(4);
    for block in &mut blocks {
        let block = u32::from_le_bytes(block.try_into().expect("chunks of four bytes"));
        hash = (hash ^ scramble(block))
            .rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64);
    }
    let tail = blocks
        .remainder()
        .iter()
        .rev()
        .fold(0, |block, byte| (block << 8) | u32::from(*byte));
    hash ^= scramble(tail);
    hash ^= u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur3_matches_the_reference_vectors() {
        assert_eq!(murmur3_32(b"", 0), 0);
        assert_eq!(murmur3_32(b"", 1), 0x514e_28b7);
        assert_eq!(murmur3_32(b"test", 0), 0xba6b_d213);
        assert_eq!(murmur3_32(b"Hello, world!", 0), 0xc036_3e43);
        assert_eq!(
            murmur3_32(b"The quick brown fox jumps over the lazy dog", 0x9747_b28c),
            0x2fa8_26cd
        );
    }

    #[test]
    fn murmur_hash3_32_matches_the_documentation() {
        // docs/en/sql-reference/sql-functions/hash-functions/murmur_hash3_32.md
        assert_eq!(
            murmur3_32(b"hello", MURMUR_SEED).cast_signed(),
            1_321_743_225
        );
        assert_eq!(
            murmur3_32(b"world", murmur3_32(b"hello", MURMUR_SEED)).cast_signed(),
            984_713_481
        );
    }

    #[test]
    fn xxh3_matches_the_reference_vector() {
        assert_eq!(XxHash3_64::oneshot_with_seed(0, b""), 0x2d06_8005_38d3_94c2);
    }

    #[test]
    fn crc32_matches_the_check_value() {
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
    }
}
