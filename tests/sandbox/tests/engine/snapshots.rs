//! Two clusters on one repository: since 4.2 a snapshot says whose it is.

use std::time::Duration;

use starrocks_sandbox::engine::{Clock, Options, Sandbox, Session};
use starrocks_sandbox::release::Release;

use crate::harness::{Cluster, start};

const REPOSITORY: &str = "CREATE REPOSITORY repo WITH BROKER ON LOCATION 's3a://bucket/backups'";

fn with_snapshot(release: Release, properties: &str) -> Cluster {
    let mut cluster = Cluster::with(|options| options.release = release);
    cluster.run(REPOSITORY);
    cluster.run("CREATE DATABASE shop");
    cluster
        .run("CREATE TABLE shop.t (k INT) DUPLICATE KEY(k) PROPERTIES ('replication_num' = '1')");
    cluster.run(&format!(
        "BACKUP SNAPSHOT shop.one TO repo ON (t) {properties}"
    ));
    assert!(cluster.sandbox.advance(Duration::from_secs(60)));
    cluster
}

/// A cluster of 4.2 on the same storage, under its own id.
fn other(cluster: &Cluster) -> (Sandbox, Session) {
    let sandbox = Sandbox::open(Options {
        release: Release::V4_2,
        cluster_id: 7,
        clock: Clock::Manual(start()),
        ..Options::new(cluster.data.path())
    })
    .unwrap();
    let mut session = sandbox.session("root");
    sandbox.execute(&mut session, REPOSITORY).unwrap();
    (sandbox, session)
}

#[test]
fn the_snapshot_of_another_cluster_is_dropped_by_force_only() {
    let mut cluster = with_snapshot(Release::V4_2, "");
    let (theirs, mut session) = other(&cluster);
    let error = theirs
        .execute(&mut session, "DROP SNAPSHOT one ON repo")
        .unwrap_err();
    assert_eq!(
        error.message,
        "Snapshot one in repository repo was created by cluster 1732000000, and this cluster is 7. \
         Use DROP SNAPSHOT ... FORCE to drop it anyway"
    );
    theirs
        .execute(&mut session, "DROP SNAPSHOT one ON repo FORCE")
        .unwrap();
    assert!(cluster.rows("SHOW SNAPSHOT ON repo").is_empty());
}

#[test]
fn the_cleaner_leaves_expired_snapshots_of_others() {
    let mut cluster = with_snapshot(Release::V4_2, "PROPERTIES ('ttl' = '1 HOUR')");
    let (theirs, _) = other(&cluster);
    assert!(theirs.advance(Duration::from_secs(3 * 3600)));
    assert_eq!(cluster.rows("SHOW SNAPSHOT ON repo").len(), 1);
    assert!(cluster.sandbox.advance(Duration::from_secs(3 * 3600)));
    assert!(cluster.rows("SHOW SNAPSHOT ON repo").is_empty());
}

#[test]
fn a_snapshot_of_an_older_release_belongs_to_nobody() {
    let cluster = with_snapshot(Release::V3_5, "");
    let (newer, mut session) = other(&cluster);
    let error = newer
        .execute(&mut session, "DROP SNAPSHOT one ON repo")
        .unwrap_err();
    assert!(
        error
            .message
            .contains("does not record which cluster created it"),
        "{error}"
    );
    newer
        .execute(&mut session, "DROP SNAPSHOT one ON repo FORCE")
        .unwrap();
}
