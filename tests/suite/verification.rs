//! A restore is held against what its backup measured, before anything live is touched.

use std::path::Path;

use md5::{Digest, Md5};
use serde_json::Value;

use crate::world::World;

/// Rewrites what the repository holds of a partition, sums and all: damage that StarRocks itself does not see.
fn spoil(world: &World, label: &str, (table, partition): (&str, &str), edit: impl Fn(&mut Value)) {
    let snapshot = find(world.folder.path(), &format!("__ss_{label}")).unwrap();
    let info = std::fs::read_dir(&snapshot).unwrap();
    let info = info
        .map(|entry| entry.unwrap().path())
        .find(|path| name(path).starts_with("__info_"))
        .unwrap();
    let mut listed: Value = serde_json::from_slice(&std::fs::read(&info).unwrap()).unwrap();
    let parts = &mut listed["tables"][table]["partitions"][partition]["physical"];
    let part = &mut parts.as_array_mut().unwrap()[0];
    let path = snapshot
        .join("__ss_content")
        .join(part["file"].as_str().unwrap());
    let number = |key: &str| usize::try_from(part[key].as_u64().unwrap()).unwrap();
    let (offset, length) = (number("offset"), number("length"));
    let mut bytes = std::fs::read(&path).unwrap();
    let image = &mut bytes[offset..offset + length];
    let mut rows: Value = serde_json::from_slice(image).unwrap();
    edit(&mut rows);
    let mut spoilt = serde_json::to_vec(&rows).unwrap();
    assert!(spoilt.len() <= length, "as long as it was, or shorter");
    spoilt.resize(length, b' ');
    assert_ne!(spoilt, image, "something is spoilt");
    image.copy_from_slice(&spoilt);
    part["md5"] = sum(&spoilt).into();
    std::fs::write(&path, bytes).unwrap();
    let text = serde_json::to_vec(&listed).unwrap();
    let stem = name(&info).rsplit_once('.').unwrap().0.to_owned();
    std::fs::remove_file(&info).unwrap();
    std::fs::write(snapshot.join(format!("{stem}.{}", sum(&text))), text).unwrap();
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn sum(bytes: &[u8]) -> String {
    let digest = Md5::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn find(folder: &Path, wanted: &str) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(folder).ok()? {
        let path = entry.ok()?.path();
        if path.file_name().is_some_and(|found| found == wanted) {
            return Some(path);
        }
        if let Some(found) = path.is_dir().then(|| find(&path, wanted)).flatten() {
            return Some(found);
        }
    }
    None
}

fn measured(world: &World, label: &str) -> Vec<(String, Option<String>, bool)> {
    let rows = world.sql(&format!(
        "SELECT partition_name, counted_rows, checksum FROM ops.backup_partitions WHERE label = '{label}' ORDER BY partition_name"
    ));
    rows.into_iter()
        .map(|row| (row[0].clone().unwrap(), row[1].clone(), row[2].is_some()))
        .collect()
}

fn with_checksums(world: &World) {
    world.write(
        "schedule.toml",
        "version = 1\n[group.daily]\nfull = \"0 1 1 1 *\"\nverify = \"checksum\"\n",
    );
    world.brctl(&["reload"]).ok();
}

fn counted(part: &str, rows: &str, summed: bool) -> (String, Option<String>, bool) {
    (part.to_owned(), Some(rows.to_owned()), summed)
}

#[test]
fn rows_are_counted_at_backup_time_and_a_restore_is_held_against_them() {
    let world = World::with_sales();
    let label = world.back_up("full");
    let all = [
        counted("customers", "2", false),
        counted("p1", "1", false),
        counted("p2", "1", false),
        counted("p3", "2", false),
    ];
    assert_eq!(measured(&world, &label), all);
    world.restore(&label, &[]);
    let checksum = world.cell("SELECT verification_checksum FROM ops.restore_history");
    for part in [
        "customers: rows=2, ",
        "as backed up: rows of 1 and checksums of 0 of 1 partitions",
        "as backed up: rows of 3 and checksums of 0 of 3 partitions",
    ] {
        assert!(checksum.contains(part), "{checksum}");
    }
}

#[test]
fn a_snapshot_that_lost_a_row_never_goes_live() {
    let world = World::with_sales();
    let label = world.back_up("full");
    let rows = world.rows("sales.orders");
    let partition = "p1";
    spoil(&world, &label, ("orders", partition), |rows| {
        rows.as_array_mut().unwrap().pop();
    });
    let said = world.brctl(&["restore", "--target-label", &label, "--yes"]);
    let expected = format!(
        "partition {partition} of sales.orders is not what was backed up: the backup measured 1 rows, and orders_restored has 0 rows"
    );
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(said.stderr.contains(&expected), "{said:#?}");
    assert!(
        said.stderr.contains("the live tables are as they were"),
        "{said:#?}"
    );
    assert_eq!(world.rows("sales.orders"), rows);
    assert_eq!(
        world.sql("SHOW TABLES FROM sales").len(),
        2,
        "nothing is left over"
    );
    world.assert_nothing_open();
}

#[test]
fn a_changed_value_is_seen_where_the_group_asks_for_checksums() {
    let world = World::with_sales();
    let plain = world.back_up("full");
    with_checksums(&world);
    let label = world.back_up("full");
    let summed = measured(&world, &label)
        .into_iter()
        .all(|(_, _, summed)| summed);
    assert!(summed, "{:?}", measured(&world, &label));
    world.restore(&label, &["--rename-suffix", "_good"]);
    let checksum = world.cell("SELECT verification_checksum FROM ops.restore_history");
    let all = "as backed up: rows of 3 and checksums of 3 of 3 partitions";
    assert!(checksum.contains(all), "{checksum}");
    let rows = world.rows("sales.customers");

    let rename = |rows: &mut Value| {
        let text = rows.to_string().replace("\"x\"", "\"q\"");
        *rows = serde_json::from_str(&text).unwrap();
    };
    for label in [&plain, &label] {
        spoil(&world, label, ("customers", "customers"), rename);
    }
    let arguments = [
        "restore",
        "--target-label",
        &label,
        "--table",
        "customers",
        "--yes",
    ];
    let said = world.brctl(&arguments);
    assert_eq!(said.code, 1, "{said:#?}");
    for part in [
        "of sales.customers is not what was backed up: the backup measured the checksum 1.",
        "choose another recovery point",
    ] {
        assert!(said.stderr.contains(part), "{said:#?}");
    }
    assert_eq!(world.rows("sales.customers"), rows);
    // Counts alone do not see it: that is what checksums are for.
    world.restore(&plain, &["--table", "customers"]);
    assert_ne!(world.rows("sales.customers"), rows);
}

#[test]
fn verify_none_measures_nothing() {
    let world = World::with_sales();
    world.write(
        "schedule.toml",
        "version = 1\n[defaults]\nverify = \"none\"\n[group.daily]\nfull = \"0 1 1 1 *\"\n",
    );
    world.brctl(&["reload"]).ok();
    let label = world.back_up("full");
    assert!(
        measured(&world, &label)
            .iter()
            .all(|(_, rows, _)| rows.is_none())
    );
    world.restore(&label, &[]);
}
