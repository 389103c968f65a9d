//! [`Finding`]: one thing that is wrong, or worth a second look, in a file; [`render`] prints them as a compiler would.
//!
//! An [`Inspection`] collects the findings of one file while it is read. Every finding is collected: nobody should have
//! to run the check once per mistake. The texts of passwords that stand in a file against the rules are blanked before
//! any line is quoted.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is not used.
    Error,
    /// The file is used as it is written.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// One mistake or doubt, with the place it stands at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong; lowercase, no final stop.
    pub message: String,
    /// What would be accepted, or what to do.
    pub help: String,
    /// Bytes in the file.
    pub span: Range<usize>,
    /// The line as it stands in the file, secrets blanked.
    pub source_line: String,
}

/// What came of reading a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked<T> {
    /// `None` as soon as one finding is an error: a half-read schedule is no schedule.
    pub value: Option<T>,
    /// In the order of the file.
    pub findings: Vec<Finding>,
}

/// Whether [`render`] writes terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    Never,
    Always,
}

/// All findings as text: place, line, caret, and what would be accepted. Empty for no findings.
pub fn render(findings: &[Finding], color: Color) -> String {
    let renderer = match color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    let mut text = String::new();
    for finding in findings {
        text.push_str(&renderer.render(&[report(finding)]));
        text.push_str("\n\n");
    }
    text
}

fn report(finding: &Finding) -> Group<'_> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let snippet = Snippet::source(finding.source_line.as_str())
        .line_start(finding.line)
        .path(finding.file.to_string_lossy())
        .annotation(AnnotationKind::Primary.span(span_in_line(finding)));
    level
        .primary_title(finding.message.as_str())
        .element(snippet)
        .element(Level::HELP.message(finding.help.as_str()))
}

/// A span over several lines is marked on its first.
fn span_in_line(finding: &Finding) -> Range<usize> {
    let line = &finding.source_line;
    let start = line
        .char_indices()
        .nth(finding.column - 1)
        .map_or(line.len(), |(at, _)| at);
    let end = (start + finding.span.len()).min(line.len());
    start..end
}

/// Reads one file and remembers what it finds.
pub(super) struct Inspection {
    file: PathBuf,
    text: String,
    noted: Vec<Noted>,
    secrets: Vec<Range<usize>>,
}

struct Noted {
    severity: Severity,
    span: Range<usize>,
    message: String,
    help: String,
}

impl Inspection {
    pub fn new(file: &Path, text: &str) -> Inspection {
        Inspection {
            file: file.to_owned(),
            text: text.to_owned(),
            noted: Vec::new(),
            secrets: Vec::new(),
        }
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    pub fn error(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.note(Severity::Error, span, message.into(), help.into());
    }

    pub fn warning(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.note(Severity::Warning, span, message.into(), help.into());
    }

    /// What stands here is never quoted.
    pub fn blank(&mut self, span: Range<usize>) {
        self.secrets.push(span);
    }

    /// Where `part` of a string value stands in the file: exactly there where the string is written without escapes,
    /// otherwise the whole value.
    pub fn part_of(&self, value: &toml::Spanned<String>, part: &Range<usize>) -> Range<usize> {
        let whole = value.span();
        let start = whole.start + 1;
        let inner = self.text.get(start..whole.end.saturating_sub(1));
        if inner == Some(value.get_ref().as_str()) {
            start + part.start..start + part.end
        } else {
            whole
        }
    }

    pub fn has_errors(&self) -> bool {
        self.noted
            .iter()
            .any(|noted| noted.severity == Severity::Error)
    }

    /// `value` is dropped when there is an error.
    pub fn finish<T>(mut self, value: Option<T>) -> Checked<T> {
        let value = value.filter(|_| !self.has_errors());
        self.noted
            .sort_by_key(|noted| (noted.span.start, noted.severity));
        let shown = self.blanked();
        let findings = self
            .noted
            .iter()
            .map(|noted| self.finding(noted, &shown))
            .collect();
        Checked { value, findings }
    }

    fn note(&mut self, severity: Severity, span: Range<usize>, message: String, help: String) {
        self.noted.push(Noted {
            severity,
            span,
            message,
            help,
        });
    }

    /// The text with one star per byte of a secret, so that all offsets stay.
    fn blanked(&self) -> String {
        let mut bytes = self.text.clone().into_bytes();
        for secret in &self.secrets {
            for byte in bytes[secret.clone()]
                .iter_mut()
                .filter(|byte| **byte != b'\n')
            {
                *byte = b'*';
            }
        }
        String::from_utf8(bytes).expect("secrets are cut at the ends of characters")
    }

    fn finding(&self, noted: &Noted, shown: &str) -> Finding {
        let mut start = noted.span.start.min(shown.len());
        while !shown.is_char_boundary(start) {
            start -= 1;
        }
        let line_start = shown[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = shown[start..]
            .find('\n')
            .map_or(shown.len(), |at| start + at);
        Finding {
            severity: noted.severity,
            file: self.file.clone(),
            line: shown[..start].matches('\n').count() + 1,
            column: shown[line_start..start].chars().count() + 1,
            message: noted.message.clone(),
            help: noted.help.clone(),
            span: noted.span.clone(),
            source_line: shown[line_start..line_end]
                .trim_end_matches('\r')
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_lines_and_characters() {
        let text = "a = 1\r\nüü = \"x\"\n";
        let mut inspection = Inspection::new(Path::new("f.toml"), text);
        inspection.warning(14..17, "odd", "write something else");
        let checked = inspection.finish(Some(()));
        let finding = &checked.findings[0];
        assert_eq!((finding.line, finding.column), (2, 6));
        assert_eq!(finding.source_line, "üü = \"x\"");
        assert!(checked.value.is_some(), "a warning keeps the value");
        assert_eq!(
            render(&checked.findings, Color::Never),
            "warning: odd\n --> f.toml:2:6\n  |\n2 | üü = \"x\"\n  |      ^^^\n  |\n  = help: write something else\n\n"
        );
        assert!(render(&checked.findings, Color::Always).contains("\u{1b}["));
    }

    #[test]
    fn the_end_of_an_empty_file_is_a_place() {
        for text in ["", "\n", "a = 1"] {
            let mut inspection = Inspection::new(Path::new("f.toml"), text);
            inspection.error(text.len()..text.len(), "nothing here", "write something");
            let checked = inspection.finish(Some(()));
            assert_eq!(checked.value, None);
            assert!(render(&checked.findings, Color::Never).contains("error: nothing here"));
        }
    }
}
