//! Text functions, and LIKE with backslash escapes.

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::engine::functions::{Arguments, Pure, nullable, pure};

/// (name in SQLite, number of arguments or -1, body)
const FUNCTIONS: &[(&str, i32, Pure)] = &[
    // SQLite's LIKE operator calls like(pattern, text).
    ("like", 2, |arguments| nullable(matched(arguments))),
    ("sr_char_length", 1, |arguments| {
        nullable(arguments.text(0).map(|text| count(text.chars().count())))
    }),
    ("sr_concat", -1, concat),
    ("sr_concat_ws", -1, |arguments| {
        nullable(concat_ws(arguments))
    }),
    ("sr_left", 2, |arguments| nullable(left(arguments))),
    ("sr_length", 1, |arguments| {
        nullable(arguments.text(0).map(|text| count(text.len())))
    }),
    ("sr_lower", 1, |arguments| {
        nullable(arguments.text(0).map(|text| text.to_lowercase()))
    }),
    ("sr_lpad", 3, |arguments| {
        nullable(pad(arguments, Side::Left))
    }),
    ("sr_repeat", 2, |arguments| nullable(repeat(arguments))),
    ("sr_reverse", 1, |arguments| nullable(reverse(arguments))),
    ("sr_right", 2, |arguments| nullable(right(arguments))),
    ("sr_rpad", 3, |arguments| {
        nullable(pad(arguments, Side::Right))
    }),
    ("sr_split_part", 3, |arguments| {
        nullable(split_part(arguments))
    }),
    ("sr_substring_index", 3, |arguments| {
        nullable(substring_index(arguments))
    }),
    ("sr_upper", 1, |arguments| {
        nullable(arguments.text(0).map(|text| text.to_uppercase()))
    }),
];

/// The longest text REPEAT makes (`be/src/exprs/string_functions.cpp`).
const REPEAT_LIMIT: usize = 1 << 20;

enum Side {
    Left,
    Right,
}

pub fn register(connection: &Connection) -> rusqlite::Result<()> {
    FUNCTIONS
        .iter()
        .try_for_each(|(name, arguments, body)| pure(connection, name, *arguments, *body))
}

/// `%`, `_`, and backslash before either; case counts.
pub fn like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    like_at(&pattern, &text)
}

fn like_at(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while seen < text.len() {
        let (wanted, width) = match pattern.get(at) {
            Some('\\') if at + 1 < pattern.len() => (Some(pattern[at + 1]), 2),
            Some('%') => {
                retry = Some((at + 1, seen));
                at += 1;
                continue;
            }
            Some('_') => (Some(text[seen]), 1),
            Some(letter) => (Some(*letter), 1),
            None => (None, 0),
        };
        if wanted == Some(text[seen]) {
            at += width;
            seen += 1;
        } else if let Some((restart, from)) = retry {
            retry = Some((restart, from + 1));
            at = restart;
            seen = from + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|letter| *letter == '%')
}

fn matched(arguments: &Arguments) -> Option<i64> {
    Some(like(&arguments.text(0)?, &arguments.text(1)?).into())
}

fn concat(arguments: &Arguments) -> Value {
    if arguments.any_null() {
        return Value::Null;
    }
    Value::Text(arguments.texts_from(0).concat())
}

fn concat_ws(arguments: &Arguments) -> Option<String> {
    let separator = arguments.text(0)?;
    Some(arguments.texts_from(1).join(&separator))
}

fn left(arguments: &Arguments) -> Option<String> {
    let width = usize::try_from(arguments.integer(1)?).unwrap_or(0);
    Some(arguments.text(0)?.chars().take(width).collect())
}

fn right(arguments: &Arguments) -> Option<String> {
    let text = arguments.text(0)?;
    let width = usize::try_from(arguments.integer(1)?).unwrap_or(0);
    let skipped = text.chars().count().saturating_sub(width);
    Some(text.chars().skip(skipped).collect())
}

fn repeat(arguments: &Arguments) -> Option<String> {
    let times = usize::try_from(arguments.integer(1)?).unwrap_or(0);
    let text = arguments.text(0)?;
    (text.len().checked_mul(times)? <= REPEAT_LIMIT).then(|| text.repeat(times))
}

fn reverse(arguments: &Arguments) -> Option<String> {
    Some(arguments.text(0)?.chars().rev().collect())
}

fn split_part(arguments: &Arguments) -> Option<String> {
    let index = usize::try_from(arguments.integer(2)?.checked_sub(1)?).ok()?;
    let (text, separator) = (arguments.text(0)?, arguments.text(1)?);
    text.split(&separator).nth(index).map(str::to_owned)
}

fn pad(arguments: &Arguments, side: Side) -> Option<String> {
    let (text, fill) = (arguments.text(0)?, arguments.text(2)?);
    let width = usize::try_from(arguments.integer(1)?).ok()?;
    let length = text.chars().count();
    if length >= width || fill.is_empty() {
        return Some(text.chars().take(width).collect());
    }
    let filling: String = fill.chars().cycle().take(width - length).collect();
    Some(match side {
        Side::Left => filling + &text,
        Side::Right => text + &filling,
    })
}

fn substring_index(arguments: &Arguments) -> Option<String> {
    let (text, separator) = (arguments.text(0)?, arguments.text(1)?);
    let wanted = arguments.integer(2)?;
    if separator.is_empty() || wanted == 0 {
        return Some(String::new());
    }
    let parts: Vec<&str> = text.split(&separator).collect();
    let keep = usize::try_from(wanted.unsigned_abs())
        .ok()?
        .min(parts.len());
    let kept = if wanted > 0 {
        &parts[..keep]
    } else {
        &parts[parts.len() - keep..]
    };
    Some(kept.join(&separator))
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn like_knows_wildcards_escapes_and_case() {
        for (pattern, text) in [
            ("a%c", "abbbc"),
            ("%", ""),
            ("a_c", "abc"),
            ("sales\\_%", "sales_eu"),
            ("%b%b", "abab"),
        ] {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("sales\\_%", "salesX"),
            ("A%", "abc"),
            ("a_", "a"),
            ("a%d", "abc"),
        ] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
    }
}
