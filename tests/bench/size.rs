//! What is built: crates, and bytes of the two programs.

use std::collections::BTreeSet;
use std::process::Command;

use crate::Failure;

pub fn measure() -> Result<(), Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "tree",
            "--offline",
            "--package",
            "brd",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ])
        .args(["--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let tree = String::from_utf8(output.stdout)?;
    let crates: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .collect();
    println!("\nSize of what was built for this bench");
    println!("  crates     {}, brd itself among them", crates.len());
    for (name, path) in [
        ("brd", env!("CARGO_BIN_EXE_brd")),
        ("brctl", env!("CARGO_BIN_EXE_brctl")),
    ] {
        let bytes = u32::try_from(std::fs::metadata(path)?.len())?;
        println!("  {name:<9}  {:.1} MiB", f64::from(bytes) / 1_048_576.0);
    }
    Ok(())
}
