//! README.md is true: what can be run in it is run here, and its lists are complete.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use brd::config::{Color, Finding, Parsed, parse_any, render};
use brd::ctl::{Exit, command};

use crate::world::{World, suite_release};

const README: &str = include_str!("../../README.md");

/// The label names and the job of the runbooks.
const FULL: &str = "sales_20260308_full";
const INCREMENTAL: &str = "sales_20260310_inc";
const JOB: &str = "20260310-071500-3fa2c1";

const RUNBOOKS: &str = "Restore runbooks";

/// A fenced block, with the headings above it.
struct Block {
    language: String,
    chapter: String,
    section: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let (mut chapter, mut section) = (String::new(), String::new());
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for line in README.lines() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(language) => {
                open = true;
                blocks.push(Block {
                    language: language.to_owned(),
                    chapter: chapter.clone(),
                    section: section.clone(),
                    text: String::new(),
                });
            }
            None if open => {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {
                if let Some(title) = line.strip_prefix("## ") {
                    title.clone_into(&mut chapter);
                    section.clear();
                } else if let Some(title) = line.strip_prefix("### ") {
                    title.clone_into(&mut section);
                }
            }
        }
    }
    assert!(!open, "a block of the README does not end");
    blocks
}

fn blocks_in(languages: &[&str]) -> Vec<Block> {
    let found: Vec<Block> = blocks()
        .into_iter()
        .filter(|block| languages.contains(&block.language.as_str()))
        .collect();
    assert!(!found.is_empty());
    found
}

/// What stands between backticks in the text around the blocks, over line ends too.
fn code_spans() -> Vec<String> {
    let mut prose = String::new();
    let mut open = false;
    for line in README.lines() {
        if line.starts_with("```") {
            open = !open;
        } else if !open {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    let spans = prose.split('`').skip(1).step_by(2);
    spans
        .map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// Every command line of the blocks and of the text, without prompts.
fn command_lines() -> Vec<String> {
    let of_blocks = blocks_in(&["sh", "console"])
        .into_iter()
        .flat_map(|block| block.text.lines().map(str::to_owned).collect::<Vec<_>>());
    of_blocks
        .chain(code_spans())
        .map(|line| line.trim_start_matches("$ ").to_owned())
        .collect()
}

/// The arguments behind a program's name, for each line that calls it.
fn calls(program: &str) -> Vec<Vec<String>> {
    let found: Vec<Vec<String>> = command_lines()
        .iter()
        .filter_map(|line| line.strip_prefix(program)?.strip_prefix(' ').map(words))
        .collect();
    assert!(!found.is_empty(), "the README never calls {program}");
    found
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn its_files_are_configuration_files() {
    for block in blocks_in(&["toml"]) {
        let findings: Vec<Finding> = match parse_any(Path::new("README.md"), &block.text) {
            Parsed::Settings(checked) => checked.findings,
            Parsed::Schedule(checked) => checked.findings,
        };
        assert!(findings.is_empty(), "{}", render(&findings, Color::Never));
    }
}

/// `key = value`, also where it is commented out.
fn keys(text: &str) -> BTreeSet<&str> {
    text.lines()
        .map(|line| line.trim_start_matches('#'))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key.trim())
        .filter(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        .collect()
}

#[test]
fn it_explains_every_key_of_the_shipped_files() {
    let texts: Vec<String> = blocks_in(&["toml"])
        .into_iter()
        .map(|block| block.text)
        .collect();
    let explained: BTreeSet<&str> = texts.iter().flat_map(|text| keys(text)).collect();
    let shipped = [
        include_str!("../../packaging/brd.toml"),
        include_str!("../../schedules/nightly.toml"),
        include_str!("../../schedules/regions.toml"),
        include_str!("../../schedules/warehouse.toml"),
    ];
    for key in shipped.iter().flat_map(|text| keys(text)) {
        assert!(explained.contains(key), "README.md does not explain {key}");
    }
}

#[test]
fn its_statements_run() {
    let world = World::with_sales();
    let mut statements = 0;
    for block in blocks_in(&["sql"]) {
        if block.chapter != RUNBOOKS {
            statements += 1;
            if let Err(error) = world.sandbox.run_script(&block.text) {
                panic!(
                    "{error}: {:?}",
                    std::error::Error::source(&error).map(ToString::to_string)
                );
            }
        }
    }
    assert!(statements >= 5);
}

#[test]
fn its_brctl_lines_are_brctls_grammar() {
    for arguments in calls("brctl") {
        // Running text may name a verb alone.
        if arguments == ["VERB", "--help"] || arguments.len() == 1 && is_verb(&arguments[0]) {
            continue;
        }
        let line = std::iter::once("brctl".to_owned()).chain(arguments.clone());
        if let Err(error) = command().try_get_matches_from(line) {
            panic!("brctl {}\n{error}", arguments.join(" "));
        }
    }
}

fn is_verb(name: &str) -> bool {
    command().find_subcommand(name).is_some()
}

#[test]
fn it_knows_every_verb_and_option_of_brctl_and_no_other() {
    let chapter = README
        .split("\n## ")
        .find(|part| part.starts_with("brctl\n"))
        .unwrap();
    let grammar = command();
    let mut options: BTreeSet<String> = ["--help".to_owned()].into();
    options.extend(
        grammar
            .get_arguments()
            .filter_map(|arg| arg.get_long())
            .map(|long| format!("--{long}")),
    );
    for verb in grammar.get_subcommands() {
        let call = format!("`brctl {}", verb.get_name());
        assert!(
            chapter.contains(&call),
            "README.md does not tell of {call}`"
        );
        options.extend(
            verb.get_arguments()
                .filter_map(|arg| arg.get_long())
                .map(|long| format!("--{long}")),
        );
    }
    let written: BTreeSet<String> = chapter
        .split(|c: char| !(c.is_ascii_lowercase() || c == '-'))
        .filter(|word| word.starts_with("--") && word.len() > 2 && !word.ends_with('-'))
        // curl's own.
        .filter(|word| *word != "--unix-socket")
        .map(str::to_owned)
        .collect();
    for option in &options {
        assert!(
            *option == "--version" || *option == "--help" || written.contains(option),
            "README.md does not tell of {option}"
        );
    }
    for option in &written {
        assert!(options.contains(option), "brctl has no {option}");
    }
}

#[test]
fn its_exit_statuses_are_brctls() {
    let rows: Vec<String> = Exit::ALL
        .map(|exit| format!("| {} | {} |", exit.code(), exit.meaning()))
        .to_vec();
    let table = format!(
        "| exit status | meaning |\n|---|---|\n{}\n\n",
        rows.join("\n")
    );
    assert!(README.contains(&table), "the table should be\n{table}");
}

#[test]
fn its_other_commands_exist() {
    let help = Command::new(env!("CARGO_BIN_EXE_brd"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let sandbox = include_str!("../sandbox/src/main.rs");
    let manifest = include_str!("../../Cargo.toml");
    let (mut daemons, mut sandboxes) = (0, 0);
    for call in calls("cargo") {
        let (own, passed) = match call.iter().position(|word| word == "--") {
            Some(at) => (&call[..at], &call[at + 1..]),
            None => (&call[..], &[][..]),
        };
        let options = passed.iter().filter_map(|word| word.strip_prefix("--"));
        match own {
            [run, package, name]
                if run == "run" && package == "-p" && name == "starrocks-sandbox" =>
            {
                sandboxes += 1;
                for option in options {
                    assert!(
                        sandbox.contains(&format!("\n    {option}: ")),
                        "starrocks-sandbox has no --{option}"
                    );
                }
            }
            [run, bin, name] if run == "run" && bin == "--bin" && name == "brd" => {
                daemons += 1;
                for option in options {
                    assert!(
                        help.contains(&format!("--{option}")),
                        "brd has no --{option}\n{help}"
                    );
                }
            }
            _ => {
                for pair in own
                    .windows(2)
                    .filter(|pair| ["--example", "--bench", "--bin"].contains(&pair[0].as_str()))
                {
                    let target = format!("[[{}]]\nname = \"{}\"", &pair[0][2..], pair[1]);
                    assert!(manifest.contains(&target), "Cargo.toml has no {target}");
                }
            }
        }
    }
    assert!(daemons > 0 && sandboxes > 0);
    assert!(
        README.contains("\ncargo test --workspace\n")
            && README.contains("\ncargo run --release --example demo\n")
    );
}

#[test]
fn its_links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let anchors: BTreeSet<String> = README
        .lines()
        .filter_map(|line| {
            line.trim_start_matches('#')
                .strip_prefix(' ')
                .filter(|_| line.starts_with("##"))
        })
        .map(|title| title.to_lowercase().replace(' ', "-"))
        .collect();
    let links: Vec<&str> = README
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    assert!(links.len() > 10);
    for link in links {
        match link.strip_prefix('#') {
            Some(anchor) => assert!(anchors.contains(anchor), "no heading for #{anchor}"),
            None if link.starts_with("https://") => {}
            None => assert!(root.join(link).exists(), "{link} does not exist"),
        }
    }
}

type Rows = Vec<Vec<Option<String>>>;

/// Both tables; `None`: not there.
type Sales = Vec<Option<Rows>>;

const TABLES: [&str; 2] = ["customers", "orders"];

fn sales(world: &World) -> Sales {
    let present: Vec<String> = match world
        .sql("SHOW DATABASES")
        .contains(&vec![Some("sales".to_owned())])
    {
        true => world
            .sql("SHOW TABLES FROM sales")
            .into_iter()
            .filter_map(|row| row[0].clone())
            .collect(),
        false => Vec::new(),
    };
    let rows = |table: &str| {
        present
            .iter()
            .any(|name| name == table)
            .then(|| world.rows(&format!("sales.{table}")))
    };
    TABLES.map(rows).to_vec()
}

/// One runbook, done as it is printed, on a cluster with the two backups that it names.
struct Runbook {
    world: World,
    at_full: Sales,
    at_incremental: Sales,
    before_restore: Sales,
    job: Option<String>,
    restores: usize,
    /// The storage of a cluster that is gone; it goes with the runbook.
    lost: Option<tempfile::TempDir>,
}

impl Runbook {
    fn open() -> Runbook {
        let world = World::with_safe_ops(suite_release(), "");
        let back_up = |kind: &str, label: &str| {
            world
                .brctl(&["backup", kind, "--group", "daily", "--name", label])
                .ok();
            sales(&world)
        };
        let at_full = back_up("full", FULL);
        world.sql("INSERT INTO sales.orders VALUES ('2026-01-02', 8, 8.50, 'second day')");
        world.sql("UPDATE sales.customers SET name = 'z' WHERE id = 2");
        let at_incremental = back_up("incremental", INCREMENTAL);
        // After the recovery point.
        world.sql("INSERT INTO sales.orders VALUES ('2026-01-03', 9, 9.50, 'late')");
        Runbook {
            world,
            at_full,
            at_incremental,
            before_restore: Sales::new(),
            job: None,
            restores: 0,
            lost: None,
        }
    }

    fn follow(&mut self, block: &Block) {
        if block.language == "sql" {
            self.world.sandbox.run_script(&block.text).unwrap();
            return;
        }
        for line in block.text.lines() {
            if let Some(arguments) = line.strip_prefix("$ brctl ") {
                self.brctl(arguments);
            }
        }
    }

    /// The cluster is lost, and another one is there, with all that the runbook asks for.
    fn lose_the_cluster(&mut self) {
        let world = std::mem::replace(&mut self.world, World::new());
        let lost = world.lose();
        self.world = World::after(&lost, suite_release());
        self.world.start();
        self.lost = Some(lost);
    }

    fn brctl(&mut self, line: &str) {
        let line = line.replace("s3_nightly", "nightly");
        let line = match &self.job {
            Some(job) => line.replace(JOB, job),
            None => line,
        };
        let arguments: Vec<&str> = line.split(' ').collect();
        let changes = arguments[0] == "restore" && arguments.contains(&"--yes");
        if changes {
            self.before_restore = sales(&self.world);
        }
        self.world.brctl(&arguments).ok();
        if changes {
            self.restores += 1;
            self.job = Some(self.latest_restore());
            self.assert_restored(&arguments);
        } else if arguments[0] == "undo" {
            assert_eq!(sales(&self.world), self.before_restore, "{line}");
        }
    }

    fn latest_restore(&self) -> String {
        let jobs = self.world.brctl(&["jobs", "--json"]).ok().json();
        let jobs = jobs["jobs"].as_array().unwrap();
        let latest = jobs.iter().find(|job| job["kind"] == "restore").unwrap();
        latest["job"].as_str().unwrap().to_owned()
    }

    /// The tables that were named are those of the label, the others are as they were.
    fn assert_restored(&self, arguments: &[&str]) {
        let value = |option: &str| {
            let at = arguments.iter().position(|argument| *argument == option)?;
            arguments.get(at + 1).copied()
        };
        let wanted = if value("--target-label") == Some(FULL) {
            &self.at_full
        } else {
            &self.at_incremental
        };
        let table = value("--table").map(|table| table.trim_start_matches("sales."));
        let partition = value("--partition");
        let found = sales(&self.world);
        let beside = ["--no-swap", "--into"]
            .iter()
            .any(|option| arguments.contains(option));
        for (index, name) in TABLES.iter().enumerate() {
            // The section says what a table is of which one partition was restored.
            if partition.is_some_and(|partition| partition.contains(&format!(".{name}."))) {
                continue;
            }
            let restored =
                !beside && partition.is_none() && table.is_none_or(|table| table == *name);
            let expected = if restored {
                &wanted[index]
            } else {
                &self.before_restore[index]
            };
            assert_eq!(
                found[index],
                *expected,
                "{name} after {}",
                arguments.join(" ")
            );
        }
    }
}

#[test]
fn its_runbooks_work_as_printed() {
    let mut of_chapter = blocks();
    of_chapter.retain(|block| block.chapter == RUNBOOKS);
    let sections: BTreeSet<&str> = of_chapter
        .iter()
        .map(|block| block.section.as_str())
        .collect();
    let mut restores = 0;
    for section in sections {
        let steps: Vec<&Block> = of_chapter
            .iter()
            .filter(|block| block.section == section)
            .collect();
        let mut runbook = Runbook::open();
        if section == "The cluster is gone" {
            runbook.lose_the_cluster();
        }
        for block in steps {
            runbook.follow(block);
        }
        restores += runbook.restores;
        if section == "A dropped partition" {
            // The partition came back, and what the others got since has stayed.
            let orders = runbook.world.rows("sales.orders");
            let late = Some("late".to_owned());
            let (mut rest, late): (Rows, Rows) = orders.into_iter().partition(|row| row[3] != late);
            rest.sort();
            assert_eq!(Some(rest), runbook.at_incremental[1]);
            assert_eq!(late.len(), 1);
        }
        runbook.world.assert_nothing_open();
    }
    assert!(restores >= 5);
}
