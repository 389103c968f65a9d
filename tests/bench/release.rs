//! How long a database stays reserved after the cluster has finished its job.

use std::time::Duration;

use brd::catalog::BackupKind;
use chrono::{DateTime, NaiveDateTime, Utc};
use starrocks_sandbox::answer::Answer;

use crate::Failure;
use crate::scene::{Scene, TICK, in_paused_time};

/// Starts within one tick, so that every way in which polls can fall between ticks is seen.
const PHASES: u32 = 12;

pub fn measure() -> Result<(), Failure> {
    let waits = in_paused_time(Box::pin(phases()))??;
    let ticks: Vec<f64> = waits
        .iter()
        .map(|wait| wait.as_secs_f64() / TICK.as_secs_f64())
        .collect();
    let mean = ticks.iter().sum::<f64>() / f64::from(PHASES);
    let least = ticks.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ticks.iter().copied().fold(0.0, f64::max);
    println!(
        "\nFrom FINISHED in the cluster to the released slot, over {PHASES} phases between tick and poll (statements take no time here)"
    );
    println!("  least {least:.2}, mean {mean:.2}, most {most:.2} ticks of 3 s");
    Ok(())
}

async fn phases() -> Result<Vec<Duration>, Failure> {
    let mut scene = Scene::set(1, 10)?;
    scene.prepare().await?;
    let mut waits = Vec::new();
    for phase in 0..PHASES {
        // To the next tick, and a part of one more.
        let since_tick = scene.cluster.zero.elapsed().as_millis() % TICK.as_millis();
        let to_tick = TICK - Duration::from_millis(u64::try_from(since_tick)?);
        tokio::time::sleep(to_tick + TICK * phase / PHASES).await;
        let (record, _) = scene.back_up(BackupKind::Full).await?;
        let released = record
            .statements
            .iter()
            .rev()
            .find(|statement| {
                statement.text.contains("run_status") && statement.text.contains("FINISHED")
            })
            .ok_or("the slot was not released")?
            .at;
        waits.push((released - finished(&scene)?).to_std()?);
    }
    Ok(waits)
}

/// FinishedTime of SHOW BACKUP, in UTC. Ticks fall on whole seconds here, so nothing is lost by its resolution.
fn finished(scene: &Scene) -> Result<DateTime<Utc>, Failure> {
    let sandbox = &scene.cluster.sandbox;
    let mut session = sandbox.session("root");
    sandbox.execute(&mut session, "SET time_zone = '+00:00'")?;
    let Answer::Rows(set) = sandbox.execute(&mut session, "SHOW BACKUP FROM shop")? else {
        return Err("SHOW BACKUP has no rows".into());
    };
    let column = set
        .columns
        .iter()
        .position(|column| column.name == "FinishedTime")
        .ok_or("no FinishedTime")?;
    let text = set
        .rows
        .first()
        .and_then(|row| row[column].as_deref())
        .ok_or("not finished")?;
    Ok(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")?.and_utc())
}
