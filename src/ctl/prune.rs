//! `brctl pin`, `unpin` and `prune`: what is kept, and what may go.

use super::args::{PinArgs, PruneArgs, UnpinArgs};
use super::confirm::confirm;
use super::exit::Exit;
use super::failure::Failure;
use super::operate::report;
use super::{output, render, watch};
use crate::control::client::Client;
use crate::control::protocol::{PinRequest, PruneRequest};

pub(super) async fn pin(client: &Client, args: PinArgs) -> Result<Exit, Failure> {
    let request = PinRequest { until: args.until };
    report(&client.pin(args.label, request).await?, &args.json)
}

pub(super) async fn unpin(client: &Client, args: UnpinArgs) -> Result<Exit, Failure> {
    report(&client.unpin(args.label).await?, &args.json)
}

/// The plan that was shown is the plan that is run.
pub(super) async fn prune(client: &Client, args: PruneArgs) -> Result<Exit, Failure> {
    let request = PruneRequest { group: args.group };
    let plan = client.plan_prune(request).await?;
    let nothing = plan.is_nothing();
    if (args.plan || nothing) && args.wait.json.json {
        output::json(&plan)?;
        return Ok(Exit::Done);
    }
    let shown = render::prune::plan(&plan);
    if args.plan || nothing {
        output::result(&shown)?;
        return Ok(Exit::Done);
    }
    output::aside(&shown);
    if !args.yes {
        confirm("letting these backups go")?;
    }
    let accepted = client.start_prune(plan).await?;
    watch::see_through(client, accepted.job, &args.wait).await
}
