//! From TOML text to file shapes, table by table, with every wrong key found.
//!
//! serde stops at its first error; here the offending key is noted, taken out, and the table is read again, until what
//! is left fits the shape.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Visitor};
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::finding::Inspection;
use super::keys::{accepts, advice};

/// One table of a file, read into its shape.
pub(super) struct Section<T> {
    pub keys: T,
    /// The table's name in its header; empty, at the start of the file, for the keys outside all tables.
    pub header: Range<usize>,
    rejected: Vec<String>,
}

impl<T> Section<T> {
    /// A key that stands there but could not be read is not missing: it has its finding.
    pub fn rejected(&self, key: &str) -> bool {
        self.rejected.iter().any(|rejected| rejected == key)
    }
}

/// The tables of the text, or findings about its syntax.
pub(super) fn parse<'t>(text: &'t str, inspection: &mut Inspection) -> Option<DeTable<'t>> {
    blank_secret_lines(text, inspection);
    let (table, errors) = DeTable::parse_recoverable(text);
    // The parser carries on after a mistake, but what it then finds is mostly the first one's echo.
    if let Some(error) = errors.first() {
        let span = error.span().unwrap_or(0..0);
        inspection.error(
            span,
            format!("this is not TOML: {}", error.message().trim_end()),
            SYNTAX_HELP,
        );
        return None;
    }
    Some(table.into_inner())
}

const SYNTAX_HELP: &str = "strings stand in double quotes, a table starts with [name], every key stands once in its \
                           table; nothing after this place was read";

/// Whether the file is of a version that this code can judge. One of another version has that as its only finding;
/// a version that is missing or mistyped is left to [`Inspection::version`].
pub(super) fn version_is_known(root: &DeTable<'_>, inspection: &mut Inspection) -> bool {
    let Some(version) = root.get("version") else {
        return true;
    };
    let Ok(number) = i64::deserialize(ValueDeserializer::from(version.clone())) else {
        return true;
    };
    if number != 1 {
        let message = format!("this brd knows version 1 of the file, not version {number}");
        inspection.error(
            version.span(),
            message,
            "write `version = 1`, or use a newer brd",
        );
    }
    number == 1
}

/// Takes the named table out of `root` and reads it; `None` where there is no such table.
pub(super) fn take<T: DeserializeOwned + Default>(
    root: &mut DeTable<'_>,
    name: &str,
    inspection: &mut Inspection,
) -> Option<Section<T>> {
    let (key, value) = root.remove_entry(name)?;
    let title = format!("[{name}]");
    let table = as_table(
        &key,
        value,
        &format!("write the table as {title}"),
        inspection,
    )?;
    Some(read(table, key.span(), &title, &[], inspection))
}

/// The table behind a key, or a finding that it is none.
pub(super) fn as_table<'t>(
    key: &Spanned<std::borrow::Cow<'t, str>>,
    value: Spanned<DeValue<'t>>,
    help: &str,
    inspection: &mut Inspection,
) -> Option<DeTable<'t>> {
    match value.into_inner() {
        DeValue::Table(table) => Some(table),
        other => {
            let message = format!("`{}` is {}, not a table", key.get_ref(), described(&other));
            inspection.error(key.span(), message, help);
            None
        }
    }
}

/// Reads a table into its shape. `tables` are names that are read elsewhere and only to be listed here.
pub(super) fn read<T: DeserializeOwned + Default>(
    mut table: DeTable<'_>,
    header: Range<usize>,
    title: &str,
    tables: &[&str],
    inspection: &mut Inspection,
) -> Section<T> {
    refuse_unknown::<T>(&mut table, title, tables, inspection);
    let mut rejected = Vec::new();
    loop {
        let attempt = Spanned::new(header.clone(), DeValue::Table(table.clone()));
        match T::deserialize(ValueDeserializer::from(attempt)) {
            Ok(keys) => {
                return Section {
                    keys,
                    header,
                    rejected,
                };
            }
            Err(error) => match refuse_mistyped(&mut table, &error, inspection) {
                Some(key) => rejected.push(key),
                None => {
                    inspection.error(header.clone(), error.message(), format!("look at {title}"));
                    return Section {
                        keys: T::default(),
                        header,
                        rejected,
                    };
                }
            },
        }
    }
}

fn refuse_unknown<T: DeserializeOwned>(
    table: &mut DeTable<'_>,
    title: &str,
    tables: &[&str],
    inspection: &mut Inspection,
) {
    let known: Vec<&str> = known_keys::<T>().iter().chain(tables).copied().collect();
    let names = table.keys().map(|key| key.get_ref().to_string());
    let unknown: Vec<String> = names
        .filter(|name| !known_keys::<T>().contains(&name.as_str()))
        .collect();
    for name in unknown {
        let Some((key, value)) = table.remove_entry(name.as_str()) else {
            continue;
        };
        if is_secret(&name) {
            inspection.blank(value.span());
            inspection.error(
                key.span(),
                format!("`{name}`: no password stands in this file"),
                SECRET_HELP,
            );
        } else {
            let message = format!("unknown key `{name}` in {title}");
            inspection.error(key.span(), message, advice(&name, &known, title));
        }
    }
}

const SECRET_HELP: &str = "name a file that holds it with `password-file`, or pass it as the systemd credential \
                           `password`, or in the environment as STARROCKS_PASSWORD; and since it stood here, change it";

/// Notes the key the error is about and takes it out of the table.
fn refuse_mistyped(
    table: &mut DeTable<'_>,
    error: &toml::de::Error,
    inspection: &mut Inspection,
) -> Option<String> {
    let place = error.span()?;
    let found = table.iter().find(|(_, value)| holds(value, &place));
    let (key, value) = found?;
    let (name, what) = (
        key.get_ref().to_string(),
        described(innermost(value, &place)),
    );
    inspection.error(
        place,
        format!("`{name}` cannot hold {what}"),
        accepts(&name),
    );
    table.remove(name.as_str());
    Some(name)
}

fn holds(value: &Spanned<DeValue<'_>>, place: &Range<usize>) -> bool {
    value.span().start <= place.start && place.end <= value.span().end
}

/// The element of a list that stands at this place, or the value itself.
fn innermost<'v>(value: &'v Spanned<DeValue<'v>>, place: &Range<usize>) -> &'v DeValue<'v> {
    let elements = value.get_ref().as_array().into_iter().flatten();
    let found = elements.into_iter().find(|element| holds(element, place));
    found.unwrap_or(value).get_ref()
}

/// The type of a value, as it is called in TOML.
fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(number)
            if i64::from_str_radix(number.as_str(), number.radix()).is_err() =>
        {
            "a number that large"
        }
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Words that are the name of a secret, whatever stands around them.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('_', "-");
    let words = ["passw", "pwd", "secret", "token"];
    words.iter().any(|word| key.contains(word)) && key != "password-file"
}

/// Blanks what follows the `=` of a key that names a secret, in every line: a syntax error may be in just that line.
fn blank_secret_lines(text: &str, inspection: &mut Inspection) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let equals = line.match_indices('=').map(|(at, _)| at);
        for at in equals.filter(|&at| is_secret(word_before(&line[..at]))) {
            let value = line[at + 1..].trim();
            let value_start = start + line.len() - line[at + 1..].trim_start().len();
            inspection.blank(value_start..value_start + value.len());
        }
        start += line.len();
    }
}

fn word_before(text: &str) -> &str {
    let text = text.trim_end().trim_end_matches(['"', '\'']);
    let start = text.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
    start.map_or(text, |at| {
        text[at..].trim_start_matches(|c: char| !c.is_alphanumeric())
    })
}

/// The keys of a file shape, as serde knows them: asked of the derived code, so that they stand written once.
pub(super) fn known_keys<T: DeserializeOwned>() -> &'static [&'static str] {
    match T::deserialize(KeyProbe) {
        Ok(_) => &[],
        Err(Keys(keys)) => keys,
    }
}

/// Answers the question "what are you?" of a derived `Deserialize` with an error that carries the keys it named.
struct KeyProbe;

#[derive(Debug)]
struct Keys(&'static [&'static str]);

impl fmt::Display for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "keys {:?}", self.0)
    }
}

impl std::error::Error for Keys {}

impl serde::de::Error for Keys {
    fn custom<M: fmt::Display>(_: M) -> Keys {
        Keys(&[])
    }
}

impl<'de> Deserializer<'de> for KeyProbe {
    type Error = Keys;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Keys> {
        Err(Keys(&[]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        keys: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Keys> {
        Err(Keys(keys))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_names_a_secret_is_known_in_any_spelling() {
        for secret in [
            "password",
            "Password",
            "db_passwd",
            "pwd",
            "client-secret",
            "api-token",
        ] {
            assert!(is_secret(secret), "{secret}");
        }
        for open in ["password-file", "password_file", "user", "repository"] {
            assert!(!is_secret(open), "{open}");
        }
        for (text, word) in [
            ("password ", "password"),
            ("cluster = { user = \"x\", pwd", "pwd"),
            ("cluster.\"password\" ", "password"),
            ("", ""),
        ] {
            assert_eq!(word_before(text), word);
        }
    }
}
