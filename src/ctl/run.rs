//! From the command line to the exit status.

use std::process::ExitCode;

use clap::Parser;

use super::args::{Brctl, Verb};
use super::exit::Exit;
use super::failure::Failure;
use super::{backup, check, look, operate, output, prune, recover, restore, watch};
use crate::control::client::Client;

/// All of `brctl`.
pub fn main() -> ExitCode {
    let brctl = Brctl::parse();
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::Start)
        .and_then(|runtime| runtime.block_on(Box::pin(run(brctl))));
    ended.unwrap_or_else(end).into()
}

fn end(failure: Failure) -> Exit {
    let exit = failure.exit();
    if exit != Exit::Done {
        output::failure(&failure);
    }
    exit
}

async fn run(brctl: Brctl) -> Result<Exit, Failure> {
    // The one verb that may do without a daemon.
    if let Verb::Check(args) = &brctl.verb
        && !args.files.is_empty()
    {
        return check::check_files(args);
    }
    let client = Client::connect(&brctl.socket).await?;
    match brctl.verb {
        Verb::Init(json) => operate::init(&client, json).await,
        Verb::Status(json) => look::status(&client, json).await,
        Verb::Next(args) => look::next(&client, args).await,
        Verb::Jobs(json) => look::jobs(&client, json).await,
        Verb::Show(args) => look::show(&client, args).await,
        Verb::Follow(args) => watch::follow(&client, args).await,
        Verb::Cancel(args) => operate::cancel(&client, args).await,
        Verb::Backups(args) => look::backups(&client, args).await,
        Verb::Coverage(json) => look::coverage(&client, json).await,
        Verb::Backup(args) => backup::backup(&client, args).await,
        Verb::Restore(args) => restore::restore(&client, args).await,
        Verb::Undo(args) => restore::undo(&client, args).await,
        Verb::Swap(args) => restore::swap(&client, args).await,
        Verb::Discard(args) => restore::discard(&client, args).await,
        Verb::Pin(args) => prune::pin(&client, args).await,
        Verb::Unpin(args) => prune::unpin(&client, args).await,
        Verb::Prune(args) => prune::prune(&client, args).await,
        Verb::Recover(args) => recover::recover(&client, args).await,
        Verb::Check(args) => operate::check(&client, args.json).await,
        Verb::Reload(json) => operate::reload(&client, json).await,
    }
}
