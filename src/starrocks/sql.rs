//! The text of every statement that is not about the ops tables.
//!
//! The text protocol has no parameters: names and values are quoted here, by type. BACKUP and RESTORE are sent in the legacy form, which
//! every release from 3.1 to 4.2 accepts (`sql/parser/StarRocks.g4`).

mod catalogue;
mod partitions;

use std::fmt::Write as _;
use std::time::Duration;

pub use catalogue::{
    all_materialized_views, all_tables, all_tables_config, columns, fingerprints,
    materialized_views, of_table, partitions, table_ids, tables, tables_config,
    temporary_partitions,
};
pub use partitions::{
    Place, add_temporary_partition, drop_temporary_partition, fill_temporary_partition,
    overwrite_partition, replace_partitions,
};

use crate::catalog::{Grantee, SnapshotTimestamp, TableGrant};
use crate::names::{DatabaseName, Label, PartitionName, RepositoryName, TableName};

/// A name in backticks. Names with a backtick do not exist here: `names` refuses them.
pub fn ident(name: &str) -> String {
    format!("`{name}`")
}

/// A string literal. StarRocks reads backslash escapes and doubled quotes alike (`sql/parser/AstBuilder.java`); NUL cannot be written.
pub fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('\'');
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\0' => {}
            other => out.push(other),
        }
    }
    out.push('\'');
    out
}

fn table(database: &DatabaseName, table: &TableName) -> String {
    format!("`{database}`.`{table}`")
}

/// Names in backticks, with commas between them.
pub fn idents(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names = names.into_iter().map(|name| ident(name.as_ref()));
    names.collect::<Vec<_>>().join(", ")
}

/// String literals, with commas between them.
pub fn texts(values: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let values = values.into_iter().map(|value| text(value.as_ref()));
    values.collect::<Vec<_>>().join(", ")
}

/// `items`: a table with the partitions that are taken of it, all where `None`.
pub fn backup(
    database: &DatabaseName,
    label: &Label,
    repository: &RepositoryName,
    items: &[(&TableName, Option<&[PartitionName]>)],
    timeout: Duration,
) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|(table, partitions)| match partitions {
            None => ident(table.as_str()),
            Some(partitions) => format!("`{table}` PARTITION ({})", idents(*partitions)),
        })
        .collect();
    format!(
        "BACKUP SNAPSHOT `{database}`.`{label}` TO `{repository}` ON ({}) PROPERTIES (\"type\" = \"full\", \"timeout\" = \"{}\")",
        items.join(", "),
        timeout.as_secs()
    )
}

/// One RESTORE of one table under a new name.
#[derive(Debug, Clone)]
pub struct RestoreTable<'a> {
    pub database: &'a DatabaseName,
    pub label: &'a Label,
    pub repository: &'a RepositoryName,
    pub snapshot: &'a SnapshotTimestamp,
    pub table: &'a TableName,
    pub partitions: Option<&'a [PartitionName]>,
    pub alias: &'a TableName,
    pub replication_num: u32,
    pub timeout: Duration,
}

pub fn restore(restore: &RestoreTable<'_>) -> String {
    let RestoreTable {
        database,
        label,
        repository,
        snapshot,
        table,
        partitions,
        alias,
        replication_num,
        timeout,
    } = restore;
    let partitions =
        partitions.map_or_else(String::new, |list| format!(" PARTITION ({})", idents(list)));
    format!(
        "RESTORE SNAPSHOT `{database}`.`{label}` FROM `{repository}` ON (`{table}`{partitions} AS `{alias}`) PROPERTIES \
         (\"backup_timestamp\" = \"{snapshot}\", \"replication_num\" = \"{replication_num}\", \"timeout\" = \"{}\")",
        timeout.as_secs()
    )
}

pub fn cancel_backup(database: &DatabaseName) -> String {
    format!("CANCEL BACKUP FROM `{database}`")
}

pub fn cancel_restore(database: &DatabaseName) -> String {
    format!("CANCEL RESTORE FROM `{database}`")
}

/// Always with FROM: without it, one table of one job that the user may not EXPORT empties the whole answer (`qe/ShowExecutor.java`).
pub fn show_backup(database: &DatabaseName) -> String {
    format!("SHOW BACKUP FROM `{database}`")
}

pub fn show_restore(database: &DatabaseName) -> String {
    format!("SHOW RESTORE FROM `{database}`")
}

pub fn show_snapshot(repository: &RepositoryName, label: &Label) -> String {
    format!(
        "SHOW SNAPSHOT ON `{repository}` WHERE SNAPSHOT = {}",
        text(label.as_str())
    )
}

/// Those of the labels whose directory exists, each a row: unlike with `=`, what is not there has none (`backup/Repository.java`,
/// getSnapshotInfos, which lists the repository first and then looks into the directories that are named).
pub fn show_snapshots<'a>(
    repository: &RepositoryName,
    labels: impl IntoIterator<Item = &'a Label>,
) -> String {
    format!(
        "SHOW SNAPSHOT ON `{repository}` WHERE SNAPSHOT IN ({})",
        texts(labels)
    )
}

/// Every label that has a directory (`backup/Repository.java`, getSnapshotInfos).
pub fn show_every_snapshot(repository: &RepositoryName) -> String {
    format!("SHOW SNAPSHOT ON `{repository}`")
}

/// Whether a directory without an info file goes too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropSnapshot {
    Whole,
    /// With FORCE.
    Leftover,
}

/// Since release 4.2 (StarRocks/starrocks#78092).
pub fn drop_snapshot(repository: &RepositoryName, label: &Label, what: DropSnapshot) -> String {
    let force = match what {
        DropSnapshot::Whole => "",
        DropSnapshot::Leftover => " FORCE",
    };
    format!("DROP SNAPSHOT `{label}` ON `{repository}`{force}")
}

/// With its Details.
pub fn show_snapshot_details(
    repository: &RepositoryName,
    label: &Label,
    timestamp: &SnapshotTimestamp,
) -> String {
    format!(
        "SHOW SNAPSHOT ON `{repository}` WHERE SNAPSHOT = {} AND TIMESTAMP = {}",
        text(label.as_str()),
        text(&timestamp.0)
    )
}

/// Every change of columns of the last days (`common/proc/SchemaChangeProcDir.java`).
pub fn show_alters(database: &DatabaseName) -> String {
    format!("SHOW ALTER TABLE COLUMN FROM `{database}`")
}

pub fn show_create_table(database: &DatabaseName, name: &TableName) -> String {
    format!("SHOW CREATE TABLE {}", table(database, name))
}

pub fn set_property(database: &DatabaseName, name: &TableName, key: &str, value: &str) -> String {
    format!(
        "ALTER TABLE {} SET (\"{key}\" = \"{value}\")",
        table(database, name)
    )
}

/// `definition`: `PARTITION name VALUES …`, or `PARTITIONS START …`.
pub fn add_partition(database: &DatabaseName, name: &TableName, definition: &str) -> String {
    format!("ALTER TABLE {} ADD {definition}", table(database, name))
}

pub fn drop_partition(
    database: &DatabaseName,
    name: &TableName,
    partition: &PartitionName,
) -> String {
    format!(
        "ALTER TABLE {} DROP PARTITION IF EXISTS `{partition}` FORCE",
        table(database, name)
    )
}

/// `target`: names the partition of `into`; without it, each row goes where it belongs, and makes the partition where there is none.
pub fn copy_partition(
    database: &DatabaseName,
    into: &TableName,
    target: Option<&PartitionName>,
    from: &TableName,
    partition: &PartitionName,
    columns: &[String],
) -> String {
    let columns = idents(columns);
    let target = target.map_or_else(String::new, |name| format!(" PARTITION (`{name}`)"));
    format!(
        "INSERT INTO {}{target} ({columns}) SELECT {columns} FROM {} PARTITION (`{partition}`)",
        table(database, into),
        table(database, from)
    )
}

pub fn show_partitions(database: &DatabaseName, name: &TableName) -> String {
    format!("SHOW PARTITIONS FROM {}", table(database, name))
}

/// A row where the partition holds the text `NULL` in the column.
pub fn has_text_null(
    database: &DatabaseName,
    name: &TableName,
    partition: &PartitionName,
    column: &str,
) -> String {
    format!(
        "SELECT 1 FROM {} PARTITION (`{partition}`) WHERE CAST({} AS STRING) = 'NULL' LIMIT 1",
        table(database, name),
        ident(column)
    )
}

pub fn drop_table(database: &DatabaseName, name: &TableName) -> String {
    format!("DROP TABLE IF EXISTS {} FORCE", table(database, name))
}

pub fn swap(database: &DatabaseName, name: &TableName, other: &TableName) -> String {
    format!("ALTER TABLE {} SWAP WITH `{other}`", table(database, name))
}

pub fn rename(database: &DatabaseName, name: &TableName, to: &TableName) -> String {
    format!("ALTER TABLE {} RENAME `{to}`", table(database, name))
}

/// `view`: `grants_to_roles` or `grants_to_users`, which spell out what was granted on all tables.
pub fn table_grants(view: &str, database: &DatabaseName) -> String {
    format!(
        "SELECT GRANTEE, OBJECT_NAME, PRIVILEGE_TYPE, IS_GRANTABLE FROM sys.{view} \
         WHERE OBJECT_CATALOG = 'default_catalog' AND OBJECT_DATABASE = {} AND OBJECT_TYPE = 'TABLE'",
        text(database.as_str())
    )
}

pub fn grant(database: &DatabaseName, name: &TableName, grant: &TableGrant) -> String {
    let to = match &grant.grantee {
        Grantee::Role(role) => format!("ROLE {}", ident(role)),
        Grantee::User(identity) => format!("USER {identity}"),
    };
    let option = if grant.with_grant_option {
        " WITH GRANT OPTION"
    } else {
        ""
    };
    format!(
        "GRANT {} ON TABLE {} TO {to}{option}",
        grant.privileges,
        table(database, name)
    )
}

pub fn routine_loads(database: &DatabaseName) -> String {
    format!(
        "SELECT NAME, TABLE_NAME, STATE FROM information_schema.routine_load_jobs WHERE DB_NAME = {}",
        text(database.as_str())
    )
}

pub fn stop_routine_load(database: &DatabaseName, name: &str) -> String {
    format!("STOP ROUTINE LOAD FOR `{database}`.{}", ident(name))
}

/// By the database's name or id (`common/proc/TransDbProcDir.java`).
pub fn running_transactions(database: &DatabaseName) -> String {
    format!(
        "SHOW PROC {}",
        text(&format!("/transactions/{database}/running"))
    )
}

pub fn table_properties(database: &DatabaseName) -> String {
    format!(
        "SELECT TABLE_NAME, PROPERTIES FROM information_schema.tables_config WHERE TABLE_SCHEMA = {}",
        text(database.as_str())
    )
}

pub fn view_definitions(database: &DatabaseName) -> String {
    format!(
        "SELECT TABLE_NAME, MATERIALIZED_VIEW_DEFINITION FROM information_schema.materialized_views WHERE TABLE_SCHEMA = {}",
        text(database.as_str())
    )
}

pub fn create_database(database: &DatabaseName) -> String {
    format!("CREATE DATABASE IF NOT EXISTS `{database}`")
}

/// Rows of parts of a table, each under the name given first: of that partition, or of the whole table where there is none.
pub fn counts<'a>(
    database: &DatabaseName,
    name: &TableName,
    parts: impl IntoIterator<Item = (&'a PartitionName, Option<&'a PartitionName>)>,
) -> String {
    let table = table(database, name);
    let one = |(part, partition): (&PartitionName, Option<&PartitionName>)| {
        let clause = partition.map_or_else(String::new, |name| format!(" PARTITION (`{name}`)"));
        format!(
            "SELECT {} AS part, COUNT(*) AS row_count FROM {table}{clause}",
            text(part.as_str())
        )
    };
    let selects: Vec<String> = parts.into_iter().map(one).collect();
    selects.join(" UNION ALL ")
}

/// Rows and an order-free digest of their content, of a whole table or of one partition. Two sums over different hashes: a collision of one
/// is not a collision of the other. The modulus keeps a sum of 64-bit hashes within BIGINT for 4 billion rows.
pub fn checksum(
    database: &DatabaseName,
    name: &TableName,
    partition: Option<&PartitionName>,
    columns: &[String],
) -> String {
    let clause = partition.map_or_else(String::new, |name| Place::Formal(name).clause());
    checksum_of(&format!("{}{clause}", table(database, name)), columns)
}

pub fn checksum_at(
    database: &DatabaseName,
    name: &TableName,
    place: Place<'_>,
    columns: &[String],
) -> String {
    let source = format!("{}{}", table(database, name), place.clause());
    checksum_of(&source, columns)
}

fn checksum_of(source: &str, columns: &[String]) -> String {
    let mut row = String::from("CONCAT_WS('|'");
    for column in columns {
        // NULL must differ from an empty string, and a moved separator from a moved value.
        let _infallible = write!(
            row,
            ", IFNULL(CONCAT(LENGTH(CAST(`{column}` AS STRING)), ':', CAST(`{column}` AS STRING)), 'NULL')"
        );
    }
    row.push(')');
    format!(
        "SELECT COUNT(*) AS row_count, IFNULL(SUM(CAST(MURMUR_HASH3_32({row}) AS BIGINT)), 0) AS sum_a, \
         IFNULL(SUM(XX_HASH3_64({row}) % 2147483647), 0) AS sum_b FROM {source}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> DatabaseName {
        DatabaseName::parse("sales").unwrap()
    }

    fn label() -> Label {
        Label::parse("sales_20261122_full").unwrap()
    }

    fn named(name: &str) -> TableName {
        TableName::parse(name).unwrap()
    }

    #[test]
    fn backup_names_tables_and_partitions_in_the_form_every_release_takes() {
        let partitions = [
            PartitionName::parse("p1").unwrap(),
            PartitionName::parse("p'2").unwrap(),
        ];
        let (orders, select) = (named("orders"), named("select"));
        let statement = backup(
            &database(),
            &label(),
            &RepositoryName::parse("nightly").unwrap(),
            &[(&orders, Some(&partitions)), (&select, None)],
            Duration::from_secs(86_400),
        );
        assert_eq!(
            statement,
            "BACKUP SNAPSHOT `sales`.`sales_20261122_full` TO `nightly` ON (`orders` PARTITION (`p1`, `p'2`), `select`) \
             PROPERTIES (\"type\" = \"full\", \"timeout\" = \"86400\")"
        );
    }

    #[test]
    fn restore_puts_the_alias_behind_the_partitions() {
        let partitions = [PartitionName::parse("p1").unwrap()];
        let statement = restore(&RestoreTable {
            database: &database(),
            label: &label(),
            repository: &RepositoryName::parse("nightly").unwrap(),
            snapshot: &SnapshotTimestamp("2026-11-22-01-00-00-123".into()),
            table: &named("orders"),
            partitions: Some(&partitions),
            alias: &named("orders_restored"),
            replication_num: 3,
            timeout: Duration::from_secs(3_600),
        });
        assert_eq!(
            statement,
            "RESTORE SNAPSHOT `sales`.`sales_20261122_full` FROM `nightly` ON (`orders` PARTITION (`p1`) AS `orders_restored`) \
             PROPERTIES (\"backup_timestamp\" = \"2026-11-22-01-00-00-123\", \"replication_num\" = \"3\", \"timeout\" = \"3600\")"
        );
    }

    #[test]
    fn snapshots_are_asked_for_and_dropped_by_name() {
        let repository = RepositoryName::parse("nightly").unwrap();
        let other = Label::parse("x").unwrap();
        assert_eq!(
            show_snapshots(&repository, [&label(), &other]),
            "SHOW SNAPSHOT ON `nightly` WHERE SNAPSHOT IN ('sales_20261122_full', 'x')"
        );
        assert_eq!(
            drop_snapshot(&repository, &label(), DropSnapshot::Whole),
            "DROP SNAPSHOT `sales_20261122_full` ON `nightly`"
        );
        assert_eq!(
            drop_snapshot(&repository, &other, DropSnapshot::Leftover),
            "DROP SNAPSHOT `x` ON `nightly` FORCE"
        );
    }

    #[test]
    fn text_is_quoted_so_that_it_ends_where_it_should() {
        assert_eq!(text(r"it's \ a \' b"), r"'it\'s \\ a \\\' b'");
        assert_eq!(text("a\nb\0c"), r"'a\nbc'");
    }
}
