//! `brctl restore`, and what ends a restore: `undo`, `swap` and `discard`.

use serde::Serialize;

use super::args::{EndArgs, RestoreArgs};
use super::confirm::confirm;
use super::exit::Exit;
use super::failure::Failure;
use super::{output, render, watch};
use crate::control::client::Client;
use crate::control::protocol::{PointRequest, RecoveryPoint, RestorePlan, RestoreStart};
use crate::names::Label;
use crate::plan::restore::{Finish, RestoreRequest};

/// The plan that was shown is the plan that is run.
pub(super) async fn restore(client: &Client, args: RestoreArgs) -> Result<Exit, Failure> {
    let Some(label) = args.target_label.clone() else {
        return restore_to_time(client, args).await;
    };
    prove_one_selection(&args)?;
    let mut request = request(&args, label);
    request.group.clone_from(&args.group);
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
    let accepted = client.start_restore(start(&args, plan)).await?;
    watch::see_through(client, accepted.job, &args.wait).await
}

#[derive(Serialize)]
struct PointsAndPlans {
    points: Vec<RecoveryPoint>,
    plans: Vec<RestorePlan>,
}

/// `--at` and `--latest`: a point and a plan for each database, then one job after the other.
async fn restore_to_time(client: &Client, args: RestoreArgs) -> Result<Exit, Failure> {
    prove_databases_named(&args)?;
    let wanted = PointRequest {
        group: args.group.clone(),
        database: args.database.clone(),
        at: args.at.clone(),
        timezone: args.timezone.clone(),
    };
    let points = client.choose_points(wanted).await?.points;
    prove_one_job(&args, &points)?;
    let mut plans = Vec::new();
    for point in &points {
        let mut request = request(&args, point.label.clone());
        // The point is of the group already; named tables are fewer than the group's.
        if args.tables.is_empty() {
            request.group.clone_from(&args.group);
        }
        plans.push(client.plan_restore(request).await?);
    }
    if args.plan && args.wait.json.json {
        output::json(&PointsAndPlans { points, plans })?;
        return Ok(Exit::Done);
    }
    let mut shown = render::point::points(&points);
    for plan in &plans {
        shown.push_str(&format!("\n{}", render::plan::plan(plan)));
    }
    if args.plan {
        output::result(&shown)?;
        return Ok(Exit::Done);
    }
    output::aside(&shown);
    if !args.yes {
        confirm("the restore")?;
    }
    let mut plans = plans.into_iter();
    let mut done = 0;
    while let Some(plan) = plans.next() {
        let accepted = client.start_restore(start(&args, plan)).await?;
        let exit = watch::see_through(client, accepted.job, &args.wait).await?;
        if exit != Exit::Done {
            for left in plans {
                output::aside(&not_begun(&left));
            }
            return Ok(match exit {
                Exit::Failed if done > 0 => Exit::Partly,
                other => other,
            });
        }
        done += 1;
    }
    Ok(Exit::Done)
}

fn not_begun(plan: &RestorePlan) -> String {
    format!(
        "not begun: the restore of {}; `brctl restore --target-label {}` restores it to the same point\n",
        plan.database, plan.target
    )
}

fn start(args: &RestoreArgs, plan: RestorePlan) -> RestoreStart {
    RestoreStart {
        plan,
        force: args.force,
    }
}

fn request(args: &RestoreArgs, label: Label) -> RestoreRequest {
    RestoreRequest {
        tables: args.tables.clone(),
        partitions: args.partitions.clone(),
        rename_suffix: args.rename_suffix.clone(),
        finish: if args.no_swap {
            Finish::Beside
        } else {
            Finish::Live
        },
        into: args.into.clone(),
        ..RestoreRequest::of(label)
    }
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

fn prove_databases_named(args: &RestoreArgs) -> Result<(), Failure> {
    if args.group.is_some() || args.database.is_some() {
        return Ok(());
    }
    Err(Failure::Usage {
        message: "--at and --latest need to know what is restored".to_owned(),
        help: "give --group for every database of a group, or --database for one".to_owned(),
    })
}

/// What can be said of one database only.
fn prove_one_job(args: &RestoreArgs, points: &[RecoveryPoint]) -> Result<(), Failure> {
    let option = match () {
        () if points.len() < 2 => return Ok(()),
        () if !args.tables.is_empty() => "--table",
        () if !args.partitions.is_empty() => "--partition",
        () if args.into.is_some() => "--into",
        () if args.wait.no_wait => "--no-wait",
        () => return Ok(()),
    };
    Err(Failure::Usage {
        message: format!(
            "{option} is for one database, and the group has {}",
            points.len()
        ),
        help: "name one with --database".to_owned(),
    })
}

/// Takes nothing away: the restored tables stay under the suffix. So it is not asked about.
pub(super) async fn undo(client: &Client, args: EndArgs) -> Result<Exit, Failure> {
    let accepted = client.undo(args.job).await?;
    watch::see_through(client, accepted.job, &args.wait).await
}

/// What it replaces is kept, as by a restore that goes through at once; all the same, live tables change.
pub(super) async fn swap(client: &Client, args: EndArgs) -> Result<Exit, Failure> {
    if !args.yes {
        let detail = client.job(args.job.clone()).await?;
        output::aside(&render::job::swapped(&detail));
        confirm("making them live")?;
    }
    let accepted = client.swap(args.job).await?;
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
