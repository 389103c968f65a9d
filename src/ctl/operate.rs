//! The verbs that keep the daemon going: `init`, `check` without a file, `reload`, `cancel`.

use super::args::{JobArgs, Json};
use super::exit::Exit;
use super::failure::Failure;
use super::{output, render};
use crate::control::client::Client;
use crate::control::protocol::Report;

pub(super) async fn init(client: &Client, json: Json) -> Result<Exit, Failure> {
    report(&client.init().await?, &json)
}

pub(super) async fn check(client: &Client, json: Json) -> Result<Exit, Failure> {
    report(&client.check().await?, &json)
}

pub(super) async fn reload(client: &Client, json: Json) -> Result<Exit, Failure> {
    report(&client.reload().await?, &json)
}

pub(super) async fn cancel(client: &Client, args: JobArgs) -> Result<Exit, Failure> {
    let accepted = client.cancel(args.job).await?;
    output::result(&render::job::cancelling(&accepted.job))?;
    Ok(Exit::Done)
}

pub(super) fn report(report: &Report, json: &Json) -> Result<Exit, Failure> {
    if json.json {
        output::json(report)?;
    } else {
        output::result(&render::report::report(report))?;
    }
    Ok(Exit::of_report(report))
}
