//! Where texts go: the result to stdout, everything else to stderr. Colours vanish off a terminal and under NO_COLOR.

use std::fmt::Display;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::failure::Failure;
use super::render::text::one_line;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default();

/// How the first line of a result is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    Doubtful,
    Bad,
}

/// A result, whole lines.
pub(super) fn result(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(Failure::Output)
}

/// A result whose first line is a verdict.
pub(super) fn verdict(mood: Mood, text: &str) -> Result<(), Failure> {
    let style = match mood {
        Mood::Good => GOOD,
        Mood::Doubtful => WARNING,
        Mood::Bad => ERROR,
    };
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    result(&format!("{style}{first}{style:#}\n{rest}"))
}

pub(super) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(value).expect("the protocol's types have only text keys");
    result(&format!("{text}\n"))
}

/// One object on one line.
pub(super) fn json_line(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).expect("the protocol's types have only text keys");
    result(&format!("{text}\n"))
}

/// For a person beside the result, whole lines. Where nobody reads stderr there is nobody to tell.
pub(super) fn aside(text: &str) {
    let written = anstream::stderr().lock().write_all(text.as_bytes());
    written.unwrap_or_default();
}

pub(super) fn failure(failure: &Failure) {
    let mut why = failure.to_string();
    let mut source = std::error::Error::source(failure);
    while let Some(cause) = source {
        why = format!("{why}: {cause}");
        source = cause.source();
    }
    complain(why, failure.help());
}

/// Without anything that could move a terminal's cursor.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect()
}

/// What happened, then what to do next.
fn complain(what: impl Display, help: Option<String>) {
    // The first line says it; what stands below, findings with their carets, is printed as it is.
    let what = what.to_string();
    let (first, below) = what.split_once('\n').unwrap_or((&what, ""));
    let mut text = format!("{ERROR}error:{ERROR:#} {}\n", one_line(first));
    if !below.is_empty() {
        text.push_str(&format!("{}\n", plain(below)));
    }
    if let Some(help) = help {
        text.push_str(&format!("{HELP}help:{HELP:#} {}\n", one_line(&help)));
    }
    aside(&text);
}
