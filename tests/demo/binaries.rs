//! The programs of this package. Cargo builds them for tests, not for examples, so they are built here; when they are fresh that is a look.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;

pub struct Binaries {
    pub brd: PathBuf,
    pub brctl: PathBuf,
}

impl Binaries {
    /// In the profile and the target directory of this example.
    pub fn build() -> Result<Binaries, Failure> {
        let here = std::env::current_exe()?;
        let profile = here
            .parent()
            .and_then(Path::parent)
            .ok_or("the demo does not lie in a target directory")?;
        let directory = profile
            .parent()
            .ok_or("the demo does not lie in a target directory")?;
        if !profile.join("brd").exists() {
            println!("building brd and brctl …");
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            // The example stands beside them so that both are built with the same features of their dependencies, once.
            .args(["build", "--quiet", "--bins", "--example", "demo"])
            .args(["--message-format", "json-render-diagnostics"])
            .arg("--profile")
            .arg(profile_name(profile))
            .arg("--target-dir")
            .arg(directory)
            .arg("--manifest-path")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err("brd and brctl could not be built".into());
        }
        let messages = String::from_utf8(output.stdout)?;
        Ok(Binaries {
            brd: executable(&messages, "brd")?,
            brctl: executable(&messages, "brctl")?,
        })
    }
}

/// The directory of the `dev` profile has another name.
fn profile_name(directory: &Path) -> String {
    match directory.file_name() {
        Some(name) if name != "debug" => name.to_string_lossy().into_owned(),
        _ => "dev".to_owned(),
    }
}

/// From cargo's own account of what it built and where.
fn executable(messages: &str, name: &str) -> Result<PathBuf, Failure> {
    let built = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find(|message| message["target"]["name"] == name && message["target"]["kind"][0] == "bin");
    let path = built.and_then(|message| message["executable"].as_str().map(PathBuf::from));
    path.ok_or_else(|| format!("cargo does not tell where {name} is").into())
}
