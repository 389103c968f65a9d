//! Asking a person before something is replaced or dropped.

use std::io::{self, BufRead, IsTerminal};

use super::failure::Failure;
use super::output;

/// Only the whole word `yes`, typed on a terminal, is one. `what` reads before "must be confirmed".
pub(super) fn confirm(what: &str) -> Result<(), Failure> {
    let input = io::stdin();
    if !input.is_terminal() {
        return Err(Failure::NoTerminal {
            what: what.to_owned(),
        });
    }
    output::aside("type `yes` to go on: ");
    let mut answer = String::new();
    input
        .lock()
        .read_line(&mut answer)
        .map_err(Failure::Input)?;
    if answer.trim() == "yes" {
        Ok(())
    } else {
        Err(Failure::Declined)
    }
}
