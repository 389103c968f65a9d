//! The conformance table: every fact of `tests/data/conformance/*.toml`, asked over the wire of a sandbox of every release it speaks of.
//!
//! A fact is a set-up, a statement, and what StarRocks answers, with the file of StarRocks' source that says so. `README.md` beside the facts
//! is made from them, so that an outsider can check them line by line; `CONFORMANCE_PAGE=write cargo test -p starrocks-sandbox` makes it anew.

mod client;
mod fact;
mod page;
mod pattern;
mod reset;

use std::collections::BTreeSet;
use std::path::PathBuf;

use fact::Topic;
use starrocks_sandbox::release::Release;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../data/conformance")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fact_holds_in_every_release_it_speaks_of() {
    // One fact alone: CONFORMANCE_ONLY=part-of-its-name.
    let only = std::env::var("CONFORMANCE_ONLY").unwrap_or_default();
    let mut failures = Vec::new();
    let mut asked = 0_usize;
    for topic in fact::read_all(&directory()) {
        for fact in topic.facts.iter().filter(|fact| fact.name.contains(&only)) {
            for release in Release::ALL {
                let Some(expected) = fact.expected(release) else {
                    continue;
                };
                asked += 1;
                if let Err(fault) = client::ask(fact, expected, release).await {
                    failures.push(format!(
                        "{} / {} on {release}: {fault}",
                        topic.name, fact.name
                    ));
                }
            }
        }
    }
    assert!(asked > 0, "no fact is called like '{only}'");
    assert!(
        failures.is_empty(),
        "{} of {asked} do not hold:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

#[test]
fn every_fact_has_a_source_and_a_release() {
    let mut names = BTreeSet::new();
    for topic in fact::read_all(&directory()) {
        for fact in &topic.facts {
            let place = format!("{} / {}", topic.name, fact.name);
            assert!(names.insert(fact.name.clone()), "{place}: twice");
            fact.check()
                .unwrap_or_else(|fault| panic!("{place}: {fault}"));
        }
    }
}

#[test]
fn the_page_lists_the_facts() {
    let topics: Vec<Topic> = fact::read_all(&directory());
    let page = page::write(&topics);
    let path = directory().join("README.md");
    if std::env::var_os("CONFORMANCE_PAGE").is_some() {
        std::fs::write(&path, page).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "{} is out of date: run CONFORMANCE_PAGE=write cargo test -p starrocks-sandbox --test conformance",
        path.display()
    );
}
