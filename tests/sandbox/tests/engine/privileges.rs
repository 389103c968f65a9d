//! What a user may do: brd's whole life under the grants its operators are told, and what needs two sessions.

use starrocks_sandbox::answer::{Answer, SqlError};
use starrocks_sandbox::engine::Session;
use starrocks_sandbox::wire::Service;

use crate::harness::Cluster;

/// The grants of a backup operator (StarRocks' documentation of BACKUP and of the privileges).
const READY_LIST: [&str; 7] = [
    "CREATE ROLE backup_operator",
    "GRANT REPOSITORY, OPERATE ON SYSTEM TO ROLE backup_operator",
    "GRANT CREATE DATABASE ON CATALOG default_catalog TO ROLE backup_operator",
    "GRANT CREATE TABLE ON ALL DATABASES TO ROLE backup_operator",
    "GRANT SELECT, EXPORT, INSERT, UPDATE, DELETE, ALTER, DROP ON ALL TABLES IN ALL DATABASES TO ROLE backup_operator",
    "GRANT backup_operator TO USER 'backup'@'%'",
    "ALTER USER 'backup'@'%' DEFAULT ROLE backup_operator",
];

/// A second session beside root's.
struct Other<'c> {
    cluster: &'c Cluster,
    session: Session,
}

impl Cluster {
    fn log_in(&self, user: &str) -> Other<'_> {
        Other {
            cluster: self,
            session: self.sandbox.session(user),
        }
    }
}

impl Other<'_> {
    fn try_run(&mut self, sql: &str) -> Result<Answer, SqlError> {
        self.cluster.sandbox.execute(&mut self.session, sql)
    }

    fn run(&mut self, sql: &str) -> Answer {
        self.try_run(sql)
            .unwrap_or_else(|error| panic!("{error}\nin {sql}"))
    }

    fn try_rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, SqlError> {
        match self.try_run(sql)? {
            Answer::Rows(set) => Ok(set.rows),
            Answer::Done(done) => panic!("{done:?}\nof {sql}"),
        }
    }

    fn rows(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.try_rows(sql)
            .unwrap_or_else(|error| panic!("{error}\nin {sql}"))
    }

    fn denied(&mut self, sql: &str) -> String {
        let error = self.try_run(sql).expect_err(sql);
        assert_eq!(error.code, 5203, "{error}");
        error.message
    }
}

/// A shop with a partitioned table of two days, and an unpartitioned one.
fn shop() -> Cluster {
    let mut cluster = Cluster::with_repository();
    cluster.run(
        "CREATE TABLE orders (day DATE, id BIGINT) DUPLICATE KEY(day) PARTITION BY RANGE(day) \
         (PARTITION p1 VALUES LESS THAN ('2026-03-02'), PARTITION p2 VALUES LESS THAN ('2026-03-03')) DISTRIBUTED BY HASH(id) BUCKETS 1",
    );
    cluster.run("INSERT INTO orders VALUES ('2026-03-01', 1), ('2026-03-02', 2)");
    cluster.run("CREATE TABLE items (id BIGINT, name STRING) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1");
    cluster
}

/// The statements of a backup tool, from the first look to the last undo; the first that is denied ends it.
fn life(cluster: &Cluster, user: &mut Other<'_>) -> Result<(), SqlError> {
    for statement in [
        "SET time_zone = '+00:00'",
        "SHOW FRONTENDS",
        "SHOW BACKENDS",
        "SHOW REPOSITORIES",
        "ADMIN SHOW FRONTEND CONFIG LIKE 'run_mode'",
        "SYNC",
        "CREATE DATABASE IF NOT EXISTS `ops`",
        "CREATE TABLE IF NOT EXISTS `ops`.`run_status` (`scope` STRING NOT NULL, `label` STRING NOT NULL, `state` STRING NULL) \
         PRIMARY KEY(scope, label) DISTRIBUTED BY HASH(scope, label) BUCKETS 1 PROPERTIES (\"replication_num\" = \"3\")",
        "ALTER TABLE `ops`.`run_status` ADD COLUMN `fence` BIGINT NULL",
        "INSERT INTO ops.run_status (scope, label, state) VALUES ('backup', 'l', 'ACTIVE')",
        "UPDATE ops.run_status SET state = 'DONE' WHERE scope = 'backup' AND label = 'l'",
        "DELETE FROM ops.run_status WHERE scope = 'nobody'",
        "SELECT MAX(fence) AS fence FROM ops.run_status WHERE label = 'l'",
        "SHOW TABLES FROM `shop`",
        "SHOW CREATE TABLE `shop`.`orders`",
        "BACKUP SNAPSHOT `shop`.`l1` TO `repo` ON (`orders`, `items`) PROPERTIES (\"type\" = \"full\", \"timeout\" = \"86400\")",
    ] {
        user.try_run(statement)?;
    }
    cluster.finish_job();
    let job = user.try_rows("SHOW BACKUP FROM `shop`")?;
    assert_eq!(job[0][3].as_deref(), Some("FINISHED"), "{job:?}");
    user.try_run("BACKUP SNAPSHOT `shop`.`l2` TO `repo` ON (`items`) PROPERTIES (\"type\" = \"full\", \"timeout\" = \"86400\")")?;
    user.try_run("CANCEL BACKUP FROM `shop`")?;
    for (statement, rows) in [
        (
            "SELECT TABLE_NAME, TABLE_TYPE, ENGINE FROM information_schema.tables WHERE TABLE_SCHEMA = 'shop'",
            2,
        ),
        (
            "SELECT TABLE_NAME, TABLE_ID FROM information_schema.tables_config WHERE TABLE_SCHEMA = 'shop'",
            2,
        ),
        (
            "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.columns WHERE TABLE_SCHEMA = 'shop'",
            4,
        ),
        (
            "SELECT TABLE_NAME, PARTITION_NAME FROM information_schema.partitions_meta WHERE DB_NAME = 'shop'",
            3,
        ),
        ("SHOW SNAPSHOT ON `repo` WHERE SNAPSHOT = 'l1'", 1),
    ] {
        assert_eq!(user.try_rows(statement)?.len(), rows, "{statement}");
    }
    let snapshot = user.try_rows("SHOW SNAPSHOT ON `repo` WHERE SNAPSHOT = 'l1'")?;
    let timestamp = snapshot[0][1].clone().expect("a timestamp");
    let restore = |what: &str, alias: &str| {
        format!(
            "RESTORE SNAPSHOT `shop`.`l1` FROM `repo` ON ({what} AS `{alias}`) \
             PROPERTIES (\"backup_timestamp\" = \"{timestamp}\", \"replication_num\" = \"3\", \"timeout\" = \"86400\")"
        )
    };
    user.try_run("CREATE DATABASE IF NOT EXISTS `shop`")?;
    for (what, alias) in [
        ("`orders`", "orders__b"),
        ("`orders` PARTITION (`p1`)", "orders__i"),
    ] {
        user.try_run(&restore(what, alias))?;
        cluster.finish_job();
        let job = user.try_rows("SHOW RESTORE FROM `shop`")?;
        assert_eq!(job[0][4].as_deref(), Some("FINISHED"), "{job:?}");
    }
    user.try_run(&restore("`items`", "items__b"))?;
    user.try_run("CANCEL RESTORE FROM `shop`")?;
    for statement in [
        "ALTER TABLE `shop`.`orders__b` SET ('replication_num' = '3')",
        "ALTER TABLE `shop`.`orders__b` ADD PARTITION p3 VALUES LESS THAN ('2026-03-04')",
        "ALTER TABLE `shop`.`orders__b` DROP PARTITION IF EXISTS `p3` FORCE",
        "INSERT OVERWRITE `shop`.`orders__b` PARTITION (`p1`) (`day`, `id`) SELECT `day`, `id` FROM `shop`.`orders__i` PARTITION (`p1`)",
        "SELECT COUNT(*) FROM `shop`.`orders__b` PARTITION (`p1`)",
        "DROP TABLE IF EXISTS `shop`.`orders__i` FORCE",
        "ALTER TABLE `shop`.`orders` SWAP WITH `orders__b`",
        "ALTER TABLE `shop`.`orders` SWAP WITH `orders__b`",
        "DROP TABLE IF EXISTS `shop`.`orders__b` FORCE",
        "ALTER TABLE `shop`.`items` RENAME `items_old`",
    ] {
        user.try_run(statement)?;
    }
    Ok(())
}

fn shop_with_operator() -> Cluster {
    let mut cluster = shop();
    cluster.run("CREATE USER 'backup'@'%'");
    for grant in READY_LIST {
        cluster.run(grant);
    }
    cluster
}

#[test]
fn the_ready_list_carries_a_backup_tool_through_its_life() {
    let cluster = shop_with_operator();
    let mut user = cluster.log_in("backup");
    life(&cluster, &mut user).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn every_privilege_of_the_ready_list_is_needed() {
    let tables = "ALL TABLES IN ALL DATABASES";
    for (privilege, object) in [
        ("REPOSITORY", "SYSTEM"),
        ("OPERATE", "SYSTEM"),
        ("CREATE DATABASE", "CATALOG default_catalog"),
        ("CREATE TABLE", "ALL DATABASES"),
        ("SELECT", tables),
        ("EXPORT", tables),
        ("INSERT", tables),
        ("UPDATE", tables),
        ("DELETE", tables),
        ("ALTER", tables),
        ("DROP", tables),
    ] {
        let mut cluster = shop_with_operator();
        cluster.run(&format!(
            "REVOKE {privilege} ON {object} FROM ROLE backup_operator"
        ));
        let mut user = cluster.log_in("backup");
        let error = life(&cluster, &mut user).expect_err(privilege);
        let wanted = format!("(at least one of) the {privilege}");
        assert!(
            error.message.contains(&wanted),
            "without {privilege}: {error}"
        );
    }
}

#[test]
fn a_connection_that_changes_its_user_changes_its_roles() {
    let mut cluster = shop_with_operator();
    let role = |other: &mut Other<'_>| other.rows("SELECT CURRENT_ROLE()")[0][0].clone();
    cluster.run("CREATE USER bob");
    let mut user = cluster.log_in("backup");
    assert_eq!(role(&mut user).as_deref(), Some("backup_operator"));
    cluster
        .sandbox
        .change_user(&mut user.session, "bob", None)
        .unwrap();
    assert_eq!(role(&mut user).as_deref(), Some("NONE"));
    user.denied("SHOW BACKENDS");
}

/// Grants go by the id of the database: one that is made again has none of them, and who makes it holds nothing in it.
#[test]
fn grants_on_a_database_do_not_survive_its_loss() {
    let mut cluster = shop();
    for sql in [
        "CREATE USER 'brd'@'%'",
        "GRANT REPOSITORY ON SYSTEM TO USER brd",
        "GRANT CREATE DATABASE ON CATALOG default_catalog TO USER brd",
        "GRANT CREATE TABLE ON DATABASE shop TO USER brd",
        "GRANT SELECT, EXPORT, INSERT, ALTER, DROP ON ALL TABLES IN DATABASE shop TO USER brd",
    ] {
        cluster.run(sql);
    }
    let timestamp = cluster.backup("l1", "ON (items)");
    let restore = format!(
        "RESTORE SNAPSHOT shop.l1 FROM repo ON (items AS i) PROPERTIES ('backup_timestamp' = '{timestamp}', 'replication_num' = '3')"
    );
    cluster.run("DROP DATABASE shop FORCE");
    let mut user = cluster.log_in("brd");
    user.run("CREATE DATABASE IF NOT EXISTS shop");
    let message = user.denied(&restore);
    assert!(
        message.contains("the CREATE TABLE privilege(s) on DATABASE shop"),
        "{message}"
    );
}

/// `CREATE DATABASE IF NOT EXISTS` is authorized before anybody looks whether there is something to do.
#[test]
fn a_database_that_exists_is_not_created_without_the_privilege() {
    let mut cluster = shop();
    cluster.run("CREATE USER 'brd'@'%'");
    cluster.run("GRANT CREATE TABLE ON DATABASE shop TO USER brd");
    let message = cluster
        .log_in("brd")
        .denied("CREATE DATABASE IF NOT EXISTS shop");
    assert!(message.contains("CATALOG default_catalog"), "{message}");
}

#[test]
fn sessions_of_others_are_seen_and_killed_with_operate_only() {
    let mut cluster = shop();
    cluster.run("CREATE USER alice");
    cluster.run("CREATE USER bob");
    let alice = cluster.log_in("alice");
    let mut bob = cluster.log_in("bob");
    let mut twin = cluster.log_in("bob");
    let users = |other: &mut Other<'_>| -> Vec<String> {
        let rows = other.rows("SHOW PROCESSLIST");
        let known = ["root", "alice", "bob"];
        rows.into_iter()
            .filter_map(|row| {
                row.into_iter()
                    .flatten()
                    .find(|cell| known.contains(&cell.as_str()))
            })
            .collect()
    };
    assert_eq!(users(&mut bob), ["bob", "bob"]);
    let message = bob.denied(&format!("KILL {}", alice.session.id));
    assert!(
        message.contains("the OPERATE privilege(s) on SYSTEM"),
        "{message}"
    );
    bob.run(&format!("KILL {}", twin.session.id));
    assert_eq!(users(&mut bob), ["bob"]);
    let lost = twin.try_run("SELECT 1").expect_err("it was killed");
    assert_eq!(lost.code, 2013, "{lost}");
    let mut root = cluster.log_in("root");
    root.run("GRANT OPERATE ON SYSTEM TO USER bob");
    assert_eq!(users(&mut bob).len(), 4);
    bob.run(&format!("KILL {}", alice.session.id));
}

/// The bin keeps a grant as long as it keeps the table.
#[test]
fn grants_are_forgotten_with_the_recycle_bin() {
    let mut cluster = shop();
    cluster.run("CREATE USER bob");
    cluster.run("GRANT SELECT ON TABLE shop.items TO USER bob");
    cluster.run("DROP TABLE items");
    cluster.advance(3_600);
    cluster.run("RECOVER TABLE items");
    cluster.log_in("bob").run("SELECT * FROM shop.items");
    cluster.run("DROP TABLE items");
    cluster.advance(2 * 86_400);
    // Nothing on any table is left, so this is no error.
    cluster.run("REVOKE SELECT ON ALL TABLES IN ALL DATABASES FROM USER bob");
}
