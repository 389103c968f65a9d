//! The import table of the library: which module may use which. A new arrow is a decision, and is made here first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Module, and what it may import from the crate. A module of its own always may.
const ALLOWED: &[(&str, &[&str])] = &[
    ("names", &[]),
    ("catalog", &["names"]),
    ("config", &["names"]),
    ("plan", &["names", "catalog", "config"]),
    ("starrocks", &["names", "catalog"]),
    ("ops", &["names", "catalog", "starrocks"]),
    ("run", &["names", "catalog", "plan", "starrocks", "ops"]),
    ("control::protocol", &["names", "catalog", "plan"]),
    ("control::client", &["control::protocol"]),
    // The engine answers requests: the protocol is its vocabulary, and knows nothing of it.
    (
        "engine",
        &[
            "names",
            "catalog",
            "config",
            "plan",
            "ops",
            "run",
            "control::protocol",
        ],
    ),
    ("control::server", &["control::protocol", "engine"]),
    (
        "ctl",
        &[
            "names",
            "catalog",
            "config",
            "plan",
            "control::protocol",
            "control::client",
        ],
    ),
];

/// Put everything together, and may use everything.
const TOP: &[&str] = &[
    "lib", "daemon", "logging", "notify", "secret", "signals", "bin",
];

/// Each is used in one module only.
const OWNERS: &[(&str, &str)] = &[
    ("tokio_cron_scheduler", "engine"),
    ("mysql_async", "starrocks"),
    ("signal_hook", "signals"),
    ("signal_hook_tokio", "signals"),
    ("croner", "config"),
    ("annotate_snippets", "config"),
    ("hyper", "control"),
    ("sd_notify", "notify"),
    ("tracing_appender", "logging"),
    ("clap", "ctl"),
    ("comfy_table", "ctl"),
    ("indicatif", "ctl"),
];

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        if TOP.contains(&module.as_str()) {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(name, _)| *name == module);
        let Some((_, allowed)) = allowed else {
            wrong.push(format!(
                "{}: module {module} is not in the table",
                path.display()
            ));
            continue;
        };
        for used in crate_paths(&text) {
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}: {module} imports {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn outside_crates_have_one_owner() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        for (name, owner) in OWNERS {
            let used = text.lines().any(|line| uses_crate(line, name));
            let is_owner = module == *owner || module.starts_with(&format!("{owner}::"));
            // The two binaries' own arguments.
            let arguments = *name == "clap" && module == "daemon";
            if used && !is_owner && !arguments {
                wrong.push(format!("{}: {name} belongs to {owner}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_sandbox_is_never_named_by_the_product() {
    for (path, text) in sources() {
        assert!(!text.contains("starrocks_sandbox"), "{}", path.display());
    }
}

#[test]
fn the_table_names_modules_that_exist() {
    let found: BTreeSet<String> = sources().keys().map(|path| module_of(path)).collect();
    for (module, _) in ALLOWED {
        assert!(
            found.contains(*module),
            "{module} is in the table and not in src/"
        );
    }
    for module in TOP {
        assert!(
            found.contains(*module),
            "{module} is in the table and not in src/"
        );
    }
}

fn sources() -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(path.strip_prefix(&root).unwrap().to_owned(), text);
            }
        }
    }
    found
}

/// `control/server/bind.rs` → `control::server`; `plan/label.rs` → `plan`.
fn module_of(path: &Path) -> String {
    let parts: Vec<String> = path
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    match parts.as_slice() {
        [first, second, ..] if first == "control" && second != "mod" => {
            format!("control::{second}")
        }
        [first, second] if first == "control" && second == "mod" => "control::protocol".to_owned(),
        [first, ..] => first.clone(),
        [] => String::new(),
    }
}

/// Every `crate::a::b` of the code, as a module of the table. Braces after `crate::` are opened.
fn crate_paths(text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = BTreeSet::new();
    for (at, head) in code.match_indices("crate::") {
        let rest = &code[at + head.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let list = list.split('}').next().unwrap_or_default();
            found.extend(
                list.split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty())
                    .map(module_of_path),
            );
        } else {
            found.insert(module_of_path(rest));
        }
    }
    found
}

fn module_of_path(rest: &str) -> String {
    let mut parts = rest.split("::").map(|part| {
        part.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    });
    match (parts.next().as_deref(), parts.next()) {
        (Some("control"), Some(second)) => format!("control::{second}"),
        (Some(first), _) => first.to_owned(),
        (None, _) => String::new(),
    }
}

fn uses_crate(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    !line.starts_with("//")
        && line.match_indices(&format!("{name}::")).any(|(at, _)| {
            let before = line[..at].chars().last();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
        })
}
