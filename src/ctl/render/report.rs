//! What `init`, `check` and `reload` found.

use std::path::{Path, PathBuf};

use super::text::{count, one_line};
use crate::config::{Finding, Severity};
use crate::control::protocol::{Report, Verdict};

pub fn report(report: &Report) -> String {
    let mut text = String::new();
    for line in &report.lines {
        text.push_str(&format!(
            "{:<8} {}\n",
            word(line.verdict),
            one_line(&line.text)
        ));
        if let Some(help) = &line.help {
            text.push_str(&format!("{:<8} help: {}\n", "", one_line(help)));
        }
    }
    if text.is_empty() {
        "ok\n".to_owned()
    } else {
        text
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Warning => "warning",
        Verdict::Bad => "bad",
    }
}

/// The last line of `brctl check FILE`.
pub fn checked(files: &[PathBuf], findings: &[Finding]) -> String {
    let names: Vec<String> = files
        .iter()
        .map(PathBuf::as_path)
        .map(Path::display)
        .map(|name| name.to_string())
        .collect();
    let of = |severity| {
        findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let verdict = match (of(Severity::Error), of(Severity::Warning)) {
        (0, 0) => "ok".to_owned(),
        (0, warnings) => format!("ok, with {}", count(warnings, "warning")),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!(
            "{} and {}",
            count(errors, "error"),
            count(warnings, "warning")
        ),
    };
    format!("{}: {verdict}\n", one_line(&names.join(" and ")))
}
