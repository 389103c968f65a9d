//! The story, top to bottom.

use std::time::Duration;

use brd::catalog::{BackupKind, BackupRecord};
use brd::control::protocol::JobDetail;
use brd::names::JobId;
use chrono::{DateTime, Utc};

use crate::Failure;
use crate::binaries::Binaries;
use crate::client::Client;
use crate::cluster::Cluster;
use crate::sales::{DATABASE, GROUP, Sales};
use crate::stage::{Due, Stage, schedule};
use crate::state::{State, table_names};
use crate::teller::Teller;

pub async fn tell(binaries: &Binaries, teller: Teller) -> Result<(), Failure> {
    teller.chapter("A cluster with a sales database");
    let directory = tempfile::Builder::new().prefix("brd-demo-").tempdir()?;
    let cluster = Cluster::start(&directory.path().join("repositories"))?;
    let mut client = Client::connect(cluster.address).await?;
    teller.say(format!(
        "StarRocks sandbox on {}, 3 backends",
        cluster.address
    ));
    let sales = Sales::until(Utc::now());
    let begun = teller.elapsed();
    let rows = sales.load(&mut client).await?;
    let loading = teller.elapsed() - begun;
    teller.say(format!(
        "{rows} rows loaded: orders by day, customers, products"
    ));

    teller.chapter("A schedule, and the daemon");
    // A slow machine gets more time for the day between the two.
    let due = Due::after(Utc::now(), Duration::from_secs(10) + loading)?;
    let mut stage = Stage::set(binaries, directory, cluster, client, &due).await?;
    teller.say(format!("brd runs as process {}", stage.daemon.pid()));
    teller.show("cat schedule.toml", &schedule(&due));
    set_up(&teller, &mut stage).await?;

    teller.chapter("The schedule fires");
    let full = stage.backup_due(BackupKind::Full, due.full).await?;
    teller.say(backup(&full));
    for what in sales.grow(&mut stage.client).await? {
        teller.say(format!("business goes on: {what}"));
    }
    if Utc::now() >= due.incremental {
        return Err("this machine is too slow for the demo: the day's business was not over when the incremental was due".into());
    }
    let incremental = stage
        .backup_due(BackupKind::Incremental, due.incremental)
        .await?;
    teller.say(backup(&incremental));
    prove_smaller(&incremental, &full)?;
    let good = State::read(&mut stage.client, DATABASE).await?;
    teller.say(format!("the recovery point: {}", good.summary()));

    teller.chapter("A bad night");
    for statement in sales.damage(&mut stage.client).await? {
        teller.say(statement);
    }
    let bad = State::read(&mut stage.client, DATABASE).await?;
    if bad == good {
        return Err("the damage did no damage".into());
    }
    teller.say(format!("what is left: {}", bad.summary()));

    Box::pin(come_back(&teller, &mut stage, &incremental, &good, &bad)).await?;

    stage.daemon.stop().await?;
    teller.chapter("Every row of every table is what it was at the recovery point.");
    teller.say("brd has stopped, nothing is left behind");
    Ok(())
}

async fn set_up(teller: &Teller, stage: &mut Stage) -> Result<(), Failure> {
    stage.daemon.brctl(&["init"]).await?;
    let inventory = format!(
        "INSERT INTO ops.table_inventory (inventory_group, database_name, table_name) VALUES ('{GROUP}', '{DATABASE}', '*')"
    );
    stage.client.run(&inventory).await?;
    teller.say("brctl init made the ops tables; the inventory group is every table of sales");
    let checked = stage.daemon.brctl(&["check"]).await?;
    teller.show("brctl check", &checked);
    Ok(())
}

/// Restore, undo, discard, and restore again, with a look at every row in between.
async fn come_back(
    teller: &Teller,
    stage: &mut Stage,
    target: &BackupRecord,
    good: &State,
    bad: &State,
) -> Result<(), Failure> {
    teller.chapter("The way back");
    let backups = stage.daemon.brctl(&["backups"]).await?;
    teller.show("brctl backups", &backups);
    let plan = ["restore", "--target-label", target.label.as_str(), "--plan"];
    let planned = stage.daemon.brctl(&plan).await?;
    teller.show(&format!("brctl {}", plan.join(" ")), &planned);

    let job = restore(teller, stage, target, good).await?;
    end(teller, stage, "undo", &job).await?;
    let undone = State::read(&mut stage.client, DATABASE).await?;
    bad.prove_same(&undone, "after the undo")?;
    teller.say("the undo is right: the damage is back, row by row");
    end(teller, stage, "discard", &job).await?;
    prove_only(stage, bad).await?;

    let job = restore(teller, stage, target, good).await?;
    end(teller, stage, "discard", &job).await?;
    prove_only(stage, good).await
}

async fn restore(
    teller: &Teller,
    stage: &mut Stage,
    target: &BackupRecord,
    good: &State,
) -> Result<JobId, Failure> {
    let label = target.label.as_str();
    teller.say(format!("$ brctl restore --target-label {label} --yes"));
    let begun = teller.elapsed();
    let done: JobDetail = stage
        .daemon
        .ask(&["restore", "--target-label", label, "--yes"])
        .await?;
    let took = (teller.elapsed() - begun).as_secs_f64();
    teller.say(format!(
        "job {}: {}, after {took:.1} s",
        done.summary.job, done.summary.message
    ));
    let found = State::read(&mut stage.client, DATABASE).await?;
    good.prove_same(&found, "after the restore")?;
    teller.say(format!(
        "the restore is right: {}, each compared",
        found.summary()
    ));
    Ok(done.summary.job)
}

async fn end(teller: &Teller, stage: &Stage, verb: &str, job: &JobId) -> Result<(), Failure> {
    let ended = stage.daemon.brctl(&[verb, job.as_str(), "--yes"]).await?;
    teller.show(&format!("brctl {verb} {job} --yes"), &ended);
    Ok(())
}

/// No table but those of `state`: what a restore kept under its suffix is gone.
async fn prove_only(stage: &mut Stage, state: &State) -> Result<(), Failure> {
    let names = table_names(&mut stage.client, DATABASE).await?;
    let expected = state.table_names();
    if names == expected {
        return Ok(());
    }
    Err(format!("after the discard there are the tables {names:?} instead of {expected:?}").into())
}

fn backup(record: &BackupRecord) -> String {
    let at = |time: Option<DateTime<Utc>>| {
        time.map_or_else(String::new, |time| time.format("%T").to_string())
    };
    format!(
        "{} due at {}, on record at {}: {} partitions in {}",
        record.kind.as_str(),
        at(record.scheduled),
        at(record.finished),
        record.partition_count.unwrap_or_default(),
        record.label
    )
}

fn prove_smaller(incremental: &BackupRecord, full: &BackupRecord) -> Result<(), Failure> {
    if incremental.baseline.as_ref() == Some(&full.label)
        && incremental.partition_count < full.partition_count
    {
        return Ok(());
    }
    Err(format!(
        "{} is no incremental on {}: baseline {:?}, {:?} of {:?} partitions",
        incremental.label,
        full.label,
        incremental.baseline,
        incremental.partition_count,
        full.partition_count
    )
    .into())
}
