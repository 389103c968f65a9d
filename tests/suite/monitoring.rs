//! A plain MySQL client sees the same truth as `brctl`.

use std::process::{Command, Stdio};

use crate::world::World;

/// The queries of the guide that operators of starrocks-br know, verbatim.
const RECENT: &str = "SELECT label, backup_type, status, started_at, finished_at\nFROM ops.backup_history\nORDER BY started_at DESC\nLIMIT 10;";
const FAILED: &str = "SELECT label, backup_type, error_message, started_at\nFROM ops.backup_history\nWHERE status = 'FAILED'\nORDER BY started_at DESC;";
const ACTIVE: &str =
    "SELECT scope, label, state, started_at\nFROM ops.run_status\nWHERE state = 'ACTIVE';";

fn client(world: &World, sql: &str) -> Option<String> {
    let output = Command::new("mariadb")
        .args([
            "-h127.0.0.1",
            "-uroot",
            "--skip-ssl",
            "--batch",
            "--skip-column-names",
            "-e",
            sql,
        ])
        .arg(format!("-P{}", world.port))
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: the mariadb client is not installed (apt-get install mariadb-client)");
        return None;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_monitoring_queries_tell_what_brctl_tells() {
    let mut world = World::with_sales();
    let label = world.back_up("full");
    world.put_in_group("ghosts", "sales", "ghost");
    world
        .brctl(&["backup", "full", "--group", "ghosts"])
        .refused(1, &[]);
    world.wait_for_log(&["job ended", "ghost does not exist"]);
    if client(&world, "SELECT 1").is_none() {
        return;
    }
    let mut running = world.begin_held_backup();
    let recent = client(&world, RECENT).unwrap();
    let listed = world.brctl(&["backups", "--json"]).ok().json();
    let of_brctl: Vec<(String, String)> = listed["backups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|backup| {
            (
                backup["label"].as_str().unwrap().to_owned(),
                backup["status"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let mut of_client: Vec<(String, String)> = recent
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            (cells[0].to_owned(), cells[2].to_owned())
        })
        .collect();
    let mut sorted = of_brctl.clone();
    sorted.sort();
    of_client.sort();
    assert_eq!(of_client, sorted);
    assert!(of_client.contains(&(label, "FINISHED".to_owned())));
    let failed = client(&world, FAILED).unwrap();
    assert!(failed.contains("ghost does not exist"), "{failed}");
    let active = client(&world, ACTIVE).unwrap();
    assert_eq!(active.lines().count(), 1, "{active}");
    assert!(active.starts_with("backup\tsales_"), "{active}");
    world.sandbox.hold_jobs(false);
    assert!(running.wait().unwrap().success());
    assert_eq!(client(&world, ACTIVE).unwrap(), "");
}

#[test]
fn times_for_people_are_the_clusters_own() {
    let world = World::with_sales();
    world.sql("SET GLOBAL time_zone = 'Asia/Tokyo'");
    world.back_up("full");
    let recent = "SELECT COUNT(*) FROM ops.backup_history WHERE started_at > DATE_SUB(NOW(), INTERVAL 5 MINUTE) AND started_at <= NOW()";
    assert_eq!(world.cell(recent), "1");
}
