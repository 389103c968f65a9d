use super::{object, pairs, parsed, text, texts};
use crate::ast::{
    Backup, CancelTarget, CreateRepository, JobKind, JobObject, JobObjectPlaces, Restore, Statement,
};

fn keyword(object: JobObject) -> JobObject {
    match object {
        JobObject::Table {
            name,
            temporary_partitions,
            partitions,
            alias,
            places,
            ..
        } => JobObject::Table {
            keyword: true,
            name,
            temporary_partitions,
            partitions,
            alias,
            places,
        },
        other => other,
    }
}

fn table(name: &str, partitions: &[&str], alias: Option<&str>) -> JobObject {
    JobObject::Table {
        keyword: false,
        places: JobObjectPlaces::default(),
        name: object(name),
        temporary_partitions: false,
        partitions: texts(partitions),
        alias: alias.map(str::to_owned),
    }
}

#[test]
fn backup_in_the_old_form() {
    let sql = "BACKUP SNAPSHOT `db`.`label` TO `repo` ON (`t` PARTITION (`p1`, \"p2\"), other.u) PROPERTIES (\"type\" = 'full', 'timeout'=\"3600\");";
    let expected = Backup {
        catalogs: None,
        database: text("db"),
        label: "label".to_owned(),
        repository: "repo".to_owned(),
        objects: Some(vec![
            table("t", &["p1", "p2"], None),
            table("other.u", &[], None),
        ]),
        properties: pairs(&[("type", "full"), ("timeout", "3600")]),
    };
    assert_eq!(parsed(sql), Statement::Backup(expected));
}

#[test]
fn backup_of_every_kind_of_object() {
    let sql = "backup database db snapshot l to r on (table t temporary partition (p), tables u, v, all tables, view w, all views, \
               materialized view m, all materialized views, function f, all functions, view, tables)";
    let Statement::Backup(backup) = parsed(sql) else {
        panic!("not a backup")
    };
    let temporary = JobObject::Table {
        keyword: true,
        places: JobObjectPlaces::default(),
        name: object("t"),
        temporary_partitions: true,
        partitions: texts(&["p"]),
        alias: None,
    };
    let expected = vec![
        temporary,
        keyword(table("u", &[], None)),
        table("v", &[], None),
        JobObject::AllTables,
        JobObject::View {
            name: object("w"),
            alias: None,
            places: JobObjectPlaces::default(),
        },
        JobObject::AllViews,
        JobObject::MaterializedView {
            name: object("m"),
            alias: None,
            places: JobObjectPlaces::default(),
        },
        JobObject::AllMaterializedViews,
        JobObject::Function {
            name: object("f"),
            alias: None,
        },
        JobObject::AllFunctions,
        table("view", &[], None),
        table("tables", &[], None),
    ];
    assert_eq!(
        (backup.database, backup.objects),
        (text("db"), Some(expected))
    );
}

#[test]
fn backup_of_the_current_database_as_a_whole() {
    let Statement::Backup(backup) = parsed("BACKUP SNAPSHOT l TO r") else {
        panic!("not a backup")
    };
    assert_eq!(
        (backup.database, backup.objects, backup.properties),
        (None, None, Vec::new())
    );
}

#[test]
fn restore_into_its_target() {
    let restore =
        |source: Option<&str>, target: Option<&str>, objects: Option<Vec<JobObject>>| Restore {
            catalogs: None,
            source_database: source.map(str::to_owned),
            target_database: target.map(str::to_owned),
            label: "l".to_owned(),
            repository: "r".to_owned(),
            objects,
            properties: pairs(&[("backup_timestamp", "2026-01-01-00-00-00-000")]),
        };
    let cases = [
        (
            "RESTORE SNAPSHOT d.l FROM r ON (t PARTITION (p) AS t2)",
            restore(None, Some("d"), Some(vec![table("t", &["p"], Some("t2"))])),
        ),
        (
            "RESTORE SNAPSHOT l FROM r DATABASE a AS b ON (TABLE t)",
            restore(
                Some("a"),
                Some("b"),
                Some(vec![keyword(table("t", &[], None))]),
            ),
        ),
        (
            "RESTORE SNAPSHOT l FROM r DATABASE a",
            restore(Some("a"), None, None),
        ),
        ("RESTORE SNAPSHOT l FROM r", restore(None, None, None)),
    ];
    for (sql, expected) in cases {
        let sql = format!("{sql} PROPERTIES (\"backup_timestamp\" = \"2026-01-01-00-00-00-000\")");
        assert_eq!(parsed(&sql), Statement::Restore(expected), "{sql}");
    }
}

#[test]
fn cancel_names_a_database_or_none() {
    let cases = [
        (
            "CANCEL BACKUP FROM d",
            JobKind::Backup,
            CancelTarget::Database("d".to_owned()),
        ),
        (
            "CANCEL RESTORE IN `d`",
            JobKind::Restore,
            CancelTarget::Database("d".to_owned()),
        ),
        (
            "CANCEL BACKUP FOR EXTERNAL CATALOG",
            JobKind::Backup,
            CancelTarget::ExternalCatalog,
        ),
    ];
    for (sql, kind, target) in cases {
        assert_eq!(parsed(sql), Statement::Cancel { kind, target }, "{sql}");
    }
}

#[test]
fn repositories_come_and_go() {
    let repository = |read_only, broker: Option<&str>, properties| {
        Statement::CreateRepository(CreateRepository {
            read_only,
            name: "r".to_owned(),
            broker: broker.map(str::to_owned),
            location: "s3a://bucket/path".to_owned(),
            properties,
        })
    };
    let keys = pairs(&[("aws.s3.endpoint", "http://x")]);
    let cases = [
        (
            "CREATE REPOSITORY r WITH BROKER ON LOCATION 's3a://bucket/path'",
            repository(false, None, Vec::new()),
        ),
        (
            "CREATE READ ONLY REPOSITORY r WITH BROKER `b` ON LOCATION \"s3a://bucket/path\"",
            repository(true, Some("b"), Vec::new()),
        ),
        (
            "CREATE REPOSITORY r WITH BROKER \"b\" ON LOCATION 's3a://bucket/path' PROPERTIES ('aws.s3.endpoint' = 'http://x')",
            repository(false, Some("b"), keys),
        ),
        (
            "DROP REPOSITORY `r-1`",
            Statement::DropRepository {
                name: "r-1".to_owned(),
            },
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(parsed(sql), expected, "{sql}");
    }
}
