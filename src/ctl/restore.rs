//! `brctl restore`, and what ends a restore: `undo` and `discard`.

use super::args::{EndArgs, RestoreArgs};
use super::confirm::confirm;
use super::exit::Exit;
use super::failure::Failure;
use super::{output, render, watch};
use crate::control::client::Client;
use crate::plan::restore::RestoreRequest;

/// The plan that was shown is the plan that is run.
pub(super) async fn restore(client: &Client, args: RestoreArgs) -> Result<Exit, Failure> {
    prove_one_selection(&args)?;
    let request = RestoreRequest {
        target_label: args.target_label,
        group: args.group,
        tables: args.tables,
        rename_suffix: args.rename_suffix,
    };
    let plan = client.plan_restore(request).await?;
    if args.plan && args.wait.json.json {
        output::json(&plan)?;
        return Ok(Exit::Done);
    }
    let shown = render::plan::plan(&plan);
    if args.plan {
        output::result(&shown)?;
        return Ok(Exit::Done);
    }
    output::aside(&shown);
    if !args.yes {
        confirm("the restore")?;
    }
    let accepted = client.start_restore(plan).await?;
    watch::see_through(client, accepted.job, &args.wait).await
}

fn prove_one_selection(args: &RestoreArgs) -> Result<(), Failure> {
    if args.group.is_none() || args.tables.is_empty() {
        return Ok(());
    }
    Err(Failure::Usage {
        message: "--group and --table cannot be given together".to_owned(),
        help: "--group restores every table of the group, --table only those that are named"
            .to_owned(),
    })
}

/// Takes nothing away: the restored tables stay under the suffix. So it is not asked about.
pub(super) async fn undo(client: &Client, args: EndArgs) -> Result<Exit, Failure> {
    let accepted = client.undo(args.job).await?;
    watch::see_through(client, accepted.job, &args.wait).await
}

/// The one verb after which something is gone for good.
pub(super) async fn discard(client: &Client, args: EndArgs) -> Result<Exit, Failure> {
    if !args.yes {
        let detail = client.job(args.job.clone()).await?;
        output::aside(&render::job::discarded(&detail));
        confirm("dropping them")?;
    }
    let accepted = client.discard(args.job).await?;
    watch::see_through(client, accepted.job, &args.wait).await
}
