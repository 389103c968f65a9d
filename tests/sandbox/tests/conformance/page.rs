//! `tests/data/conformance/README.md`, made from the facts.

use std::fmt::Write;

use starrocks_sandbox::release::Release;

use crate::fact::{Expected, Fact, Topic};

pub fn write(topics: &[Topic]) -> String {
    let count: usize = topics.iter().map(|topic| topic.facts.len()).sum();
    let mut page = format!(
        "# What the sandbox claims about StarRocks\n\n\
         {count} facts. Each is asked over the wire, in every release it names, by `cargo test -p starrocks-sandbox --test conformance`.\n\
         The paths are those of StarRocks' own source tree, `#n` an issue or pull request of it. *Unverified* marks what the source that could be read\n\
         did not settle. `…` stands for any text. This page is made from the files beside it; change those.\n",
    );
    for topic in topics {
        let _infallible = write!(page, "\n## {}\n\n{}\n", topic.name, topic.says);
        topic.facts.iter().for_each(|fact| entry(&mut page, fact));
    }
    page
}

fn entry(page: &mut String, fact: &Fact) {
    let unverified = if fact.unverified {
        " *Unverified.*"
    } else {
        ""
    };
    let _infallible = write!(page, "\n### {}\n\n{}{unverified}\n\n", fact.name, fact.says);
    if fact.frontends > 1 {
        let _infallible = write!(
            page,
            "{} frontends; `@#n` asks the n-th, others the first, the leader.\n\n",
            fact.frontends
        );
    }
    let setup = fact.setup.iter().map(String::as_str);
    let steps: Vec<&str> = setup.chain([fact.sql.as_str()]).collect();
    let _infallible = write!(page, "```sql\n{};\n```\n\n", steps.join(";\n"));
    for expected in &fact.expect {
        let _infallible = writeln!(page, "- {}: {}", releases(expected), answer(expected));
    }
    let sources: Vec<String> = fact
        .source
        .iter()
        .map(|source| format!("`{}`", source.trim_start_matches("StarRocks/starrocks")))
        .collect();
    let _infallible = writeln!(page, "- source: {}", sources.join(", "));
}

fn releases(expected: &Expected) -> String {
    match expected.range() {
        (Release::V3_2, Release::V4_2) => "all releases".to_owned(),
        (from, to) if from == to => from.to_string(),
        (from, to) => format!("{from} to {to}"),
    }
}

fn answer(expected: &Expected) -> String {
    if let (Some(code), Some(state), Some(text)) = (expected.code, &expected.state, &expected.text)
    {
        return format!("`ERROR {code} ({state}): {text}`");
    }
    if expected.lost {
        return "the connection ends".to_owned();
    }
    let mut parts = Vec::new();
    if let Some(columns) = &expected.columns {
        parts.push(format!("columns {}", columns.join(", ")));
    }
    for (word, rows) in [("rows", &expected.rows), ("among them", &expected.contains)] {
        let Some(rows) = rows else { continue };
        let rows: Vec<String> = rows
            .iter()
            .map(|row| format!("`{}`", row.join(" | ")))
            .collect();
        parts.push(if rows.is_empty() {
            "no row".to_owned()
        } else {
            format!("{word} {}", rows.join(", "))
        });
    }
    if expected.affected.is_some() || expected.info.is_some() || expected.warnings.is_some() {
        parts.push("OK".to_owned());
    }
    parts.extend(
        expected
            .affected
            .map(|rows| format!("{rows} rows affected")),
    );
    parts.extend(expected.info.as_ref().map(|info| format!("info `{info}`")));
    parts.join("; ")
}
