//! The daemon among its neighbours: systemd, the log files, the password's places.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use crate::world::World;

fn secret(world: &World, name: &str, mode: u32) -> std::path::PathBuf {
    let path = world.write(name, "right\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// The daemon logs in as the documented user, with the password `right`.
fn as_user(world: &World, more: &str) {
    world.create_operator("right");
    world.write(
        "brd.toml",
        &world.operator_settings(&format!("repository = \"nightly\"\n{more}")),
    );
}

#[test]
fn systemd_is_told_what_happens() {
    let mut world = World::new();
    let path = world.folder.path().join("notify.sock");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    world.environment.push(("NOTIFY_SOCKET", path.into()));
    world.start();
    wait_for(&systemd, &["READY=1", "STATUS="]);
    world.signal("HUP");
    wait_for(&systemd, &["RELOADING=1", "MONOTONIC_USEC="]);
    wait_for(&systemd, &["READY=1"]);
    world.signal("TERM");
    wait_for(&systemd, &["STOPPING=1"]);
    assert_eq!(world.wait_for_end(), 0);
}

fn wait_for(systemd: &UnixDatagram, parts: &[&str]) {
    let mut buffer = [0; 4096];
    loop {
        let length = systemd.recv(&mut buffer).expect("systemd is told in time");
        let text = String::from_utf8_lossy(&buffer[..length]);
        if parts.iter().all(|part| text.contains(part)) {
            return;
        }
    }
}

#[test]
fn the_log_goes_to_files_when_asked() {
    let mut world = World::new();
    let logs = world.folder.path().join("logs");
    let text = world.settings("repository = \"nightly\"");
    world.write(
        "brd.toml",
        &format!("{text}[log]\ndirectory = \"{}\"\n", logs.display()),
    );
    world.start();
    world.signal("TERM");
    assert_eq!(world.wait_for_end(), 0);
    let files: Vec<_> = std::fs::read_dir(&logs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let text = std::fs::read_to_string(&files[0]).unwrap();
    assert!(
        text.contains("brd starts") && text.contains("brd has stopped"),
        "{text}"
    );
}

#[test]
fn a_log_folder_that_cannot_be_written_is_said() {
    let mut world = World::new();
    let file = world.write("not-a-folder", "");
    let text = world.settings("repository = \"nightly\"");
    let directory = file.join("logs");
    world.write(
        "brd.toml",
        &format!("{text}[log]\ndirectory = \"{}\"\n", directory.display()),
    );
    let said = world.try_start().expect("it does not start");
    said.refused(1, &["not-a-folder/logs", "help:"]);
}

#[test]
fn the_password_comes_from_its_file_the_credential_or_the_environment() {
    let mut world = World::new();
    as_user(&world, "");
    world
        .environment
        .push(("STARROCKS_PASSWORD", "right".into()));
    logs_in(&mut world);

    let mut world = World::new();
    as_user(&world, "");
    secret(&world, "password", 0o400);
    world
        .environment
        .push(("CREDENTIALS_DIRECTORY", world.folder.path().into()));
    logs_in(&mut world);

    let mut world = World::new();
    let file = secret(&world, "secret", 0o600);
    as_user(&world, &format!("password-file = \"{}\"", file.display()));
    logs_in(&mut world);
}

fn logs_in(world: &mut World) {
    world.start();
    world.brctl(&["init"]).ok();
}

#[test]
fn a_password_file_that_everybody_can_read_is_refused() {
    let mut world = World::new();
    let file = secret(&world, "secret", 0o644);
    as_user(&world, &format!("password-file = \"{}\"", file.display()));
    let said = world.try_start().expect("it does not start");
    let chmod = format!("chmod 0600 {}", file.display());
    said.refused(78, &["can be read by every user", &chmod]);
}

#[test]
fn a_password_in_the_configuration_is_refused_and_not_repeated() {
    let mut world = World::new();
    let text = world.settings("repository = \"nightly\"\npassword = \"hunter2\"");
    world.write("brd.toml", &text);
    let said = world
        .try_start()
        .expect("it does not start")
        .refused(78, &["password-file"]);
    assert!(!said.stderr.contains("hunter2"), "{said:#?}");
}

#[test]
fn the_socket_is_for_its_group_only_and_goes_with_the_daemon() {
    let mut world = World::new();
    world.start();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&world.socket()), 0o660);
    world.kill();
    assert!(world.socket().exists(), "kill -9 leaves the file");
    world.start();
    world.brctl(&["status"]).ok();
    world.signal("TERM");
    world.wait_for_end();
    assert!(!world.socket().exists());
}
