//! `brctl check FILE`: what the daemon would say of the file, without a daemon.

use super::args::CheckArgs;
use super::exit::Exit;
use super::failure::Failure;
use super::{output, render};
use crate::config::{self, CheckedFile, Color, Severity};

/// Every file is checked, whatever is found in the ones before it.
pub(super) fn check_files(args: &CheckArgs) -> Result<Exit, Failure> {
    let checked = args
        .files
        .iter()
        .map(|file| config::check_file(file))
        .collect::<Result<Vec<CheckedFile>, _>>();
    let checked = checked.map_err(Failure::Unreadable)?;
    if args.json.json {
        let findings: Vec<_> = checked.iter().flat_map(|file| &file.findings).collect();
        output::json(&findings)?;
    } else {
        for file in &checked {
            output::result(&config::render(&file.findings, Color::Always))?;
            output::result(&render::report::checked(&file.files, &file.findings))?;
        }
    }
    let bad = checked
        .iter()
        .flat_map(|file| &file.findings)
        .any(|finding| finding.severity == Severity::Error);
    Ok(if bad { Exit::Configuration } else { Exit::Done })
}
