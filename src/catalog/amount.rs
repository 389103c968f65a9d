//! How many of something, in words.

use std::fmt::Display;

/// `1 table`, `3 tables`.
pub fn count<N: Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    if number == N::from(1) {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}
