//! What bad input gets: one line with the object's name, the next thing to do, the right exit code, and nothing changed.

use crate::world::World;

#[test]
fn what_does_not_exist_is_said_by_name() {
    let world = World::with_sales();
    let label = world.back_up("full");
    world
        .brctl(&["backup", "full", "--group", "nobody"])
        .refused(4, &["`nobody`", "the inventory has daily", "help:"]);
    world
        .brctl(&["backups", "--group", "nobody"])
        .refused(4, &["`nobody`"]);
    world
        .brctl(&["restore", "--target-label", "no_such", "--yes"])
        .refused(4, &["`no_such`", "brctl backups"]);
    world.brctl(&["show", "no_such"]).refused(4, &["no_such"]);
    world
        .brctl(&["cancel", "20200101-000000-abcdef"])
        .refused(4, &["20200101-000000-abcdef", "brctl jobs"]);
    world
        .brctl(&["undo", "20200101-000000-abcdef"])
        .refused(4, &["20200101-000000-abcdef"]);
    let missing = [
        "restore",
        "--target-label",
        &label,
        "--table",
        "sales.nothing",
        "--yes",
    ];
    world
        .brctl(&missing)
        .refused(4, &["no table", "nothing", "customers, orders"]);
    let baseline = [
        "backup",
        "incremental",
        "--group",
        "daily",
        "--baseline-backup",
        "no_such",
    ];
    world.brctl(&baseline).refused(4, &["`no_such`"]);
    assert!(world.sql("SELECT * FROM ops.restore_history").is_empty());
    assert_eq!(world.sql("SELECT * FROM ops.backup_history").len(), 1);
}

#[test]
fn group_and_table_together_are_a_usage_error() {
    let world = World::with_sales();
    let label = world.back_up("full");
    let both = [
        "restore",
        "--target-label",
        &label,
        "--group",
        "daily",
        "--table",
        "orders",
        "--yes",
    ];
    world.brctl(&both).refused(2, &["--group", "--table"]);
}

#[test]
fn a_group_whose_tables_are_missing_fails_on_record() {
    let world = World::with_sales();
    world.put_in_group("ghosts", "sales", "ghost");
    world
        .brctl(&["backup", "full", "--group", "ghosts"])
        .refused(1, &["ghost", "does not exist", "ops.table_inventory"]);
    let row =
        &world.sql("SELECT status, error_message, inventory_group FROM ops.backup_history")[0];
    assert_eq!(row[0].as_deref(), Some("FAILED"));
    assert!(
        row[1].as_deref().unwrap().contains("ghost does not exist"),
        "{row:?}"
    );
    assert_eq!(row[2].as_deref(), Some("ghosts"));
    world.assert_nothing_open();
}

#[test]
fn a_group_whose_database_is_missing_fails_on_record() {
    let world = World::with_sales();
    world.put_in_group("ghosts", "nowhere", "*");
    world
        .brctl(&["backup", "full", "--group", "ghosts"])
        .refused(1, &["database `nowhere` does not exist"]);
    assert_eq!(
        world.cell("SELECT status FROM ops.backup_history"),
        "FAILED"
    );
}

#[test]
fn an_empty_database_fails_on_record() {
    let world = World::with_sales();
    world.sql("CREATE DATABASE nothing");
    world.put_in_group("ghosts", "nothing", "*");
    world
        .brctl(&["backup", "full", "--group", "ghosts"])
        .refused(1, &["`nothing`", "it has no table"]);
    assert_eq!(
        world.cell("SELECT status FROM ops.backup_history"),
        "FAILED"
    );
}

#[test]
fn a_repository_must_exist_and_be_writable() {
    let mut world = World::with_sales();
    world.signal("TERM");
    world.wait_for_end();
    world.sql("CREATE READ ONLY REPOSITORY archive WITH BROKER ON LOCATION 's3a://bucket/archive'");
    for (name, code, part) in [
        ("nowhere", 4, "repository `nowhere` does not exist"),
        ("archive", 5, "repository `archive` is read only"),
    ] {
        world.write(
            "brd.toml",
            &world.settings(&format!("repository = \"{name}\"")),
        );
        world.start();
        world
            .brctl(&["backup", "full", "--group", "daily"])
            .refused(code, &[part, "help:"]);
        let checked = world.brctl(&["check"]);
        assert_eq!(checked.code, 1, "{checked:#?}");
        assert!(checked.stdout.contains(part), "{checked:#?}");
        world.signal("TERM");
        world.wait_for_end();
    }
}

#[test]
fn a_group_without_any_repository_is_a_configuration_error() {
    let mut world = World::new();
    world.write("brd.toml", &world.settings(""));
    let said = world.try_start().expect("it does not start");
    assert_eq!(said.code, 78, "{said:#?}");
    assert!(said.stderr.contains("repository"), "{said:#?}");
}

#[test]
fn bad_files_are_refused_with_the_line() {
    let mut world = World::new();
    world.write("schedule.toml", "version = 1\n[group.daily]\nfull = \"0 25 * * *\"\ntimezone = \"Europe/Berln\"\ncolour = \"red\"\n");
    let said = world.try_start().expect("it does not start");
    assert_eq!(said.code, 78, "{said:#?}");
    for part in [
        "schedule.toml:3:",
        "schedule.toml:4:",
        "Europe/Berlin",
        "schedule.toml:5:",
        "colour",
    ] {
        assert!(
            said.stderr.contains(part),
            "{part} is not in {}",
            said.stderr
        );
    }
    let file = world.folder.path().join("schedule.toml");
    let checked = world.brctl(&["check", file.to_str().unwrap()]);
    assert_eq!(checked.code, 78, "{checked:#?}");
    assert!(
        checked.stdout.contains("schedule.toml:3:"),
        "the findings are the result: {checked:#?}"
    );
}

#[test]
fn without_a_daemon_brctl_says_where_it_looked() {
    let world = World::new();
    let socket = world.socket().display().to_string();
    world
        .brctl(&["status"])
        .refused(3, &[&socket, "systemctl start brd"]);
    world
        .brctl(&[
            "check",
            world.folder.path().join("schedule.toml").to_str().unwrap(),
        ])
        .ok();
}

#[test]
fn a_wrong_password_is_said_and_the_daemon_lives() {
    let mut world = World::new();
    world.sql("CREATE USER 'backup'@'%' IDENTIFIED BY 'right'");
    let secret = world.write("password", "wrong\n");
    std::process::Command::new("chmod")
        .arg("600")
        .arg(&secret)
        .status()
        .unwrap();
    let text = world.settings(&format!(
        "repository = \"nightly\"\npassword-file = \"{}\"",
        secret.display()
    ));
    world.write(
        "brd.toml",
        &text.replace("user = \"root\"", "user = \"backup\""),
    );
    world.start();
    world
        .brctl(&["backup", "full", "--group", "daily"])
        .refused(1, &["Access denied for user 'backup'", "password"]);
    let status = world.brctl(&["status"]).ok();
    assert!(
        status.stdout.contains("adopt") || status.stdout.contains("degraded"),
        "{status:#?}"
    );
    world.brctl(&["status", "--json"]).ok();
}

#[test]
fn no_password_is_ever_printed() {
    let mut world = World::new();
    world.create_operator("hunter2-hunter2");
    let secret = world.write("password", "hunter2-hunter2\n");
    std::process::Command::new("chmod")
        .arg("600")
        .arg(&secret)
        .status()
        .unwrap();
    let text = world.operator_settings(&format!(
        "repository = \"nightly\"\npassword-file = \"{}\"",
        secret.display()
    ));
    world.write("brd.toml", &format!("{text}[log]\nlevel = \"trace\"\n"));
    world.start();
    world.brctl(&["init"]).ok();
    world.signal("TERM");
    let mut log = String::new();
    while let Some(line) = world.next_log_line() {
        log.push_str(&line);
    }
    assert!(log.contains("statement"), "the log is at its loudest");
    assert!(!log.contains("hunter2"), "{log}");
}

#[test]
fn the_ops_tables_can_be_missing() {
    let mut world = World::new();
    world.start();
    world
        .brctl(&["backup", "full", "--group", "daily"])
        .refused(5, &["ops tables", "brctl init"]);
    world.brctl(&["backups"]).refused(5, &["brctl init"]);
    world.brctl(&["init"]).ok();
    let again = world.brctl(&["init"]).ok();
    assert!(again.stdout.contains("nothing was changed"), "{again:#?}");
}

#[test]
fn tables_of_starrocks_br_are_extended_and_its_rows_are_shown() {
    let mut world = World::new();
    world.sql("CREATE DATABASE ops");
    for table in [
        "CREATE TABLE ops.table_inventory (inventory_group STRING NOT NULL, database_name STRING NOT NULL, table_name STRING NOT NULL, \
         created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP) \
         UNIQUE KEY(inventory_group, database_name, table_name) DISTRIBUTED BY HASH(inventory_group)",
        "CREATE TABLE ops.backup_history (label STRING NOT NULL, backup_type STRING NOT NULL, status STRING NOT NULL, \
         repository STRING NOT NULL, started_at DATETIME NOT NULL, finished_at DATETIME, error_message STRING, \
         created_at DATETIME DEFAULT CURRENT_TIMESTAMP) PRIMARY KEY(label)",
    ] {
        world.sql(table);
    }
    world.sql(
        "INSERT INTO ops.backup_history (label, backup_type, status, repository, started_at) \
         VALUES ('sales_20250101_full', 'full', 'FINISHED', 'nightly', '2025-01-01 01:00:00')",
    );
    world.start();
    let said = world.brctl(&["init"]).ok();
    assert!(
        said.stdout.contains("ops.backup_history")
            && said.stdout.contains("created ops.run_status"),
        "{said:#?}"
    );
    let shown = world.brctl(&["backups"]).ok();
    assert!(shown.stdout.contains("sales_20250101_full"), "{shown:#?}");
}

#[test]
fn who_may_not_open_the_socket_is_told_how_to_get_in() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    if !is_root() {
        eprintln!("SKIPPED: only root can take another user's place");
        return;
    }
    let mut world = World::new();
    world.start();
    let folder = world.folder.path();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let copy = folder.join("brctl");
    std::fs::copy(env!("CARGO_BIN_EXE_brctl"), &copy).unwrap();
    const NOBODY: u32 = 65_534;
    let output = std::process::Command::new(&copy)
        .args(["--socket", world.socket().to_str().unwrap(), "status"])
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(77), "{said}");
    assert!(
        said.contains("brd.sock") && said.contains("usermod"),
        "{said}"
    );
}

fn is_root() -> bool {
    let output = std::process::Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}
