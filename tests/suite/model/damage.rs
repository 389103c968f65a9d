//! The damage matrix: every statement of a backup and of a restore, met by every kind of trouble, and brd started again afterwards.
//!
//! A job's durable steps are its statements, so no step can be forgotten here: each scene is played once to count them, and then once for each
//! statement and each trouble. Whatever came of the job, afterwards nothing of it is open, what is on record as finished is whole, the live tables
//! were complete at every moment, nothing of ours is left over, and the next backup and its restore are exact.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use brd::catalog::BackupKind;
use brd::config::Chaining;
use serde_json::Value;

use super::cluster::Effect;
use super::history::{
    Anchor, Change, Division, Ending, Event, Happening, History, Keys, Moment, More, Shape, Step,
};
use super::partitions::put_back;
use super::play::{Failure, Player};
use super::state::{self, cell};

/// What is played with trouble in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    Full,
    Incremental,
    /// Nothing has changed: no BACKUP is sent.
    Unchanged,
    /// From two links: one table to be replaced, one that is gone, one that came later.
    Restore,
    /// Two partitions of a live table, from two links.
    Partitions,
    /// The same, taken back afterwards.
    PartitionsUndone,
}

const TROUBLES: [Happening; 6] = [
    Happening::CrashBefore,
    Happening::CrashAfter,
    Happening::StatementLost,
    Happening::AnswerLost,
    Happening::Refused,
    Happening::LeaderSwitch,
];

#[test]
fn a_full_backup_survives_every_trouble_at_every_statement() {
    try_all(Scene::Full);
}

#[test]
fn an_incremental_survives_every_trouble_at_every_statement() {
    try_all(Scene::Incremental);
}

#[test]
fn an_unchanged_point_survives_every_trouble_at_every_statement() {
    try_all(Scene::Unchanged);
}

#[test]
fn a_restore_survives_every_trouble_at_every_statement() {
    try_all(Scene::Restore);
}

#[test]
fn partitions_go_back_through_every_trouble_at_every_statement() {
    try_all(Scene::Partitions);
}

#[test]
fn partitions_are_taken_back_through_every_trouble_at_every_statement() {
    try_all(Scene::PartitionsUndone);
}

/// Every trouble at every statement that leaves something behind, and one trouble at each that only reads; with `BRD_DAMAGE=all` every
/// trouble there too.
fn try_all(scene: Scene) {
    let statements = play(scene, &[]).unwrap_or_else(|wrong| panic!("undisturbed: {wrong}"));
    let durable = statements
        .iter()
        .filter(|effect| **effect == Effect::Durable)
        .count();
    assert!(durable > 3, "{scene:?} leaves {durable} things behind only");
    let all = std::env::var_os("BRD_DAMAGE").is_some();
    let troubles = |(after, effect): (usize, &Effect)| {
        let one = after % TROUBLES.len();
        let chosen = if all || *effect == Effect::Durable {
            &TROUBLES[..]
        } else if scene.is_of_partitions() {
            // The same reads for each partition, and in the other scenes.
            &[]
        } else {
            &TROUBLES[one..=one]
        };
        let after = u16::try_from(after).unwrap();
        chosen.iter().map(move |what| (after, what))
    };
    let cases: Vec<(u16, &Happening)> = statements.iter().enumerate().flat_map(troubles).collect();
    let of = statements.len();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failures = Vec::new();
        while let Some((after, what)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let moment = Moment {
                anchor: Anchor::Start,
                after: *after,
            };
            let event = Event {
                moment,
                what: (*what).clone(),
            };
            // Seen when the test is run with --nocapture.
            eprintln!("{scene:?}: {what:?} at statement {after} of {of}");
            if let Err(wrong) = play(scene, &[event]) {
                eprintln!("{scene:?}: {what:?} at statement {after}: {wrong}");
                failures.push(format!(
                    "{what:?} at statement {after} of {scene:?}: {wrong}"
                ));
            }
        }
        failures
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    let shown: Vec<&str> = failures.iter().take(3).map(String::as_str).collect();
    assert!(
        failures.is_empty(),
        "{} of {} failed\n{}",
        failures.len(),
        cases.len(),
        shown.join("\n\n")
    );
}

/// The statements of the scene's disturbed job.
fn play(scene: Scene, trouble: &[Event]) -> Result<Vec<Effect>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut player = Player::new(Duration::from_millis(20));
        player.chaining = Chaining::Incremental { most_links: 3 };
        // The least that StarRocks takes: a job that hangs is waited for to its end.
        player.job_timeout = Duration::from_secs(600);
        let played = Box::pin(scene.play(&mut player, trouble)).await;
        played.map_err(|wrong| format!("{wrong}\n--- script ---\n{}", player.laboratory.script()))
    })
}

impl Scene {
    fn is_of_partitions(self) -> bool {
        matches!(self, Scene::Partitions | Scene::PartitionsUndone)
    }

    async fn play(self, player: &mut Player, trouble: &[Event]) -> Result<Vec<Effect>, String> {
        prepare(player).await?;
        // A leader that switches in the last step of a BACKUP leaves it behind for good (`backup/BackupJob.java`, uploadMetaAndJobInfoFile).
        let may_fail =
            |event: &Event| matches!(event.what, Happening::Refused | Happening::LeaderSwitch);
        player.failure = if trouble.iter().any(may_fail) {
            Failure::Allowed
        } else {
            Failure::Wrong
        };
        let statements = self.disturbed(player, trouble).await?;
        player.failure = Failure::Wrong;
        prove_sound(player)?;
        // And life goes on.
        change(player, insert(0, 0, 77))?;
        player.back_up(BackupKind::Incremental, None, &[]).await?;
        // What a restore is after a damaged backup; after a damaged restore, the next backup has looked at everything already.
        if matches!(self, Scene::Full | Scene::Incremental | Scene::Unchanged) {
            let newest = player.points.len() - 1;
            change(player, insert(0, 1, 78))?;
            player.restore(newest, None, Ending::Discard, &[]).await?;
        }
        prove_sound(player)?;
        Ok(statements)
    }

    async fn disturbed(
        self,
        player: &mut Player,
        trouble: &[Event],
    ) -> Result<Vec<Effect>, String> {
        match self {
            Scene::Full => player.back_up(BackupKind::Full, None, trouble).await?,
            Scene::Incremental | Scene::Unchanged => {
                if self == Scene::Incremental {
                    change(player, insert(0, 1, 5))?;
                    change(player, insert(1, 0, 6))?;
                    change(player, Change::DropPartition { table: 0, slot: 0 })?;
                }
                player
                    .back_up(BackupKind::Incremental, None, trouble)
                    .await?;
            }
            Scene::Restore => {
                change(player, insert(0, 1, 5))?;
                player.back_up(BackupKind::Incremental, None, &[]).await?;
                change(player, insert(0, 0, 9))?;
                change(player, Change::DropTable { table: 1 })?;
                let point = player.points.len() - 1;
                player.restore(point, None, Ending::Undo, trouble).await?;
            }
            Scene::Partitions | Scene::PartitionsUndone => {
                change(player, insert(0, 1, 5))?;
                player.back_up(BackupKind::Incremental, None, &[]).await?;
                let undone = self == Scene::PartitionsUndone;
                return put_back(player, undone, trouble).await;
            }
        }
        Ok(player.laboratory.statements())
    }
}

/// Tables of several kinds with rows, and a full of them.
async fn prepare(player: &mut Player) -> Result<(), String> {
    let shape = |keys, division| Shape {
        keys,
        division,
        more: More::Nothing,
    };
    let history = History {
        shapes: vec![
            shape(Keys::Duplicate, Division::Range),
            shape(Keys::Primary, Division::None),
            shape(Keys::Unique, Division::Range),
        ],
        latency_ms: 20,
        chaining: player.chaining,
        steps: Vec::new(),
        endings: Vec::new(),
    };
    player.set_up(&history).await;
    for (table, slot) in [(0, 0), (0, 1), (1, 0), (2, 1), (3, 0)] {
        change(player, insert(table, slot, table * 10 + slot))?;
    }
    player.step(&Step::Full(Vec::new())).await
}

fn insert(table: u8, slot: u8, value: u8) -> Change {
    Change::Insert {
        table,
        slot,
        rows: vec![(1, Some(value)), (2, None)],
    }
}

fn change(player: &Player, change: Change) -> Result<(), String> {
    player.laboratory.change(&change)
}

/// What holds whenever no job runs.
fn prove_sound(player: &Player) -> Result<(), String> {
    no_slot_is_open(player)?;
    nothing_is_left_over(player)?;
    every_finished_backup_is_whole(player)
}

fn no_slot_is_open(player: &Player) -> Result<(), String> {
    let open = player.sql("SELECT scope, label FROM ops.run_status WHERE state = 'ACTIVE'");
    if !open.rows.is_empty() {
        return Err(format!("slots are open: {:?}", open.rows));
    }
    for show in ["SHOW BACKUP FROM shop", "SHOW RESTORE FROM shop"] {
        let set = player.sql(show);
        if let Some(state) =
            cell(&set, 0, "State").filter(|state| !matches!(*state, "FINISHED" | "CANCELLED"))
        {
            return Err(format!("{show}: a job is in {state}"));
        }
    }
    Ok(())
}

fn nothing_is_left_over(player: &Player) -> Result<(), String> {
    let known = super::change::NAMES;
    let left: Vec<String> = state::read(&player.laboratory.sandbox)
        .into_keys()
        .filter(|table| !known.contains(&table.as_str()))
        .collect();
    if left.is_empty() {
        Ok(())
    } else {
        Err(format!("tables are left over: {left:?}"))
    }
}

/// What is on record as finished has a snapshot that is OK, and the snapshot holds exactly what the manifest says.
fn every_finished_backup_is_whole(player: &Player) -> Result<(), String> {
    let set = player.sql(
        "SELECT label, snapshot_timestamp FROM ops.backup_history WHERE status = 'FINISHED' AND snapshot_timestamp IS NOT NULL",
    );
    for row in 0..set.rows.len() {
        let label = cell(&set, row, "label").unwrap();
        let timestamp = cell(&set, row, "snapshot_timestamp").unwrap();
        let shown = player.sql(&format!(
            "SHOW SNAPSHOT ON repo WHERE SNAPSHOT = '{label}' AND TIMESTAMP = '{timestamp}'"
        ));
        if cell(&shown, 0, "Status") != Some("OK") {
            return Err(format!(
                "{label} is FINISHED, and its snapshot is {:?}",
                shown.rows
            ));
        }
        let details: Value = serde_json::from_str(cell(&shown, 0, "Details").unwrap()).unwrap();
        let tables = details["backup_objects"].as_object().unwrap();
        let held: BTreeSet<(String, String)> = tables
            .iter()
            .flat_map(|(table, object)| {
                let partitions = object["partitions"].as_object().unwrap();
                partitions
                    .keys()
                    .map(move |partition| (table.clone(), partition.clone()))
            })
            .collect();
        let listed = player.sql(&format!(
            "SELECT table_name, partition_name FROM ops.backup_partitions WHERE label = '{label}'"
        ));
        let recorded: BTreeSet<(String, String)> = (0..listed.rows.len())
            .map(|row| {
                let name = |column| cell(&listed, row, column).unwrap().to_owned();
                (name("table_name"), name("partition_name"))
            })
            .collect();
        if held != recorded {
            return Err(format!(
                "{label} holds {held:?}, and on record are {recorded:?}"
            ));
        }
    }
    Ok(())
}
