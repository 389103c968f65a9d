use super::{object, parsed, text};
use crate::ast::{Show, SortDirection, Statement};

#[track_caller]
fn shown(cases: Vec<(&str, Show)>) {
    for (sql, expected) in cases {
        assert_eq!(parsed(sql), Statement::Show(expected), "{sql}");
    }
}

#[test]
fn jobs_nodes_and_databases_are_shown() {
    shown(vec![
        ("SHOW BACKUP", Show::Backup { database: None }),
        (
            "SHOW BACKUP FROM `d`",
            Show::Backup {
                database: text("d"),
            },
        ),
        (
            "SHOW RESTORE IN d;",
            Show::Restore {
                database: text("d"),
            },
        ),
        (
            "SHOW SNAPSHOT ON `r`",
            Show::Snapshot {
                repository: "r".to_owned(),
                filter: None,
            },
        ),
        ("SHOW REPOSITORIES", Show::Repositories),
        ("SHOW FRONTENDS", Show::Frontends),
        ("SHOW BACKENDS", Show::Backends),
        ("SHOW COMPUTE NODES", Show::ComputeNodes),
        (
            "SHOW DATABASES LIKE 'a\\_%'",
            Show::Databases {
                pattern: text("a\\_%"),
            },
        ),
        (
            "SHOW TABLES",
            Show::Tables {
                full: false,
                database: None,
                pattern: None,
            },
        ),
        (
            "SHOW FULL TABLES FROM d LIKE \"x%\"",
            Show::Tables {
                full: true,
                database: text("d"),
                pattern: text("x%"),
            },
        ),
    ]);
}

#[test]
fn tables_variables_and_sessions_are_shown() {
    shown(vec![
        (
            "SHOW CREATE TABLE d.t",
            Show::CreateTable {
                name: object("d.t"),
            },
        ),
        (
            "SHOW CREATE DATABASE d",
            Show::CreateDatabase {
                name: "d".to_owned(),
            },
        ),
        (
            "SHOW VARIABLES LIKE 'time_zone'",
            Show::Variables {
                global: false,
                pattern: text("time_zone"),
            },
        ),
        (
            "SHOW GLOBAL VARIABLES",
            Show::Variables {
                global: true,
                pattern: None,
            },
        ),
        (
            "SHOW SESSION VARIABLES WHERE variable_name = 'time_zone'",
            Show::Variables {
                global: false,
                pattern: text("time\\_zone"),
            },
        ),
        (
            "SHOW FULL COLUMNS FROM t FROM d",
            Show::Columns {
                full: true,
                table: object("d.t"),
            },
        ),
        (
            "DESC d.t",
            Show::Columns {
                full: false,
                table: object("d.t"),
            },
        ),
        ("SHOW DATA", Show::Data { table: None }),
        (
            "SHOW DATA FROM d.t",
            Show::Data {
                table: Some(object("d.t")),
            },
        ),
        ("SHOW PROCESSLIST", Show::ProcessList { full: false }),
        ("SHOW FULL PROCESSLIST", Show::ProcessList { full: true }),
        ("SHOW WARNINGS", Show::Warnings),
        ("SHOW GRANTS", Show::Grants { of: None }),
        (
            "SHOW GRANTS FOR 'u'@'10.0.0.1'",
            Show::Grants {
                of: Some(crate::ast::Grantee::User("u@10.0.0.1".to_owned())),
            },
        ),
        ("SHOW STATUS", Show::Status),
        ("SHOW ENGINES", Show::Engines),
        ("SHOW CHARACTER SET", Show::Charset),
        ("SHOW COLLATION", Show::Collation),
    ]);
}

#[test]
fn snapshots_are_filtered_by_name_and_time() {
    for filter in [
        "SNAPSHOT = 'l'",
        "snapshot = 'l' AND TIMESTAMP = 'x'",
        "TIMESTAMP = 'x' AND SNAPSHOT = 'l'",
        "SNAPSHOT IN ('a', 'b')",
    ] {
        let Statement::Show(Show::Snapshot {
            filter: Some(parsed),
            ..
        }) = parsed(&format!("SHOW SNAPSHOT ON r WHERE {filter}"))
        else {
            panic!("{filter}")
        };
        assert_eq!(parsed.to_string(), filter);
    }
}

#[test]
fn partitions_are_filtered_ordered_and_cut() {
    let sql = "SHOW PARTITIONS FROM d.t WHERE PartitionName = 'p' ORDER BY PartitionId DESC, State LIMIT 3";
    let Statement::Show(Show::Partitions {
        temporary,
        table,
        filter,
        order,
        limit,
    }) = parsed(sql)
    else {
        panic!("not SHOW PARTITIONS")
    };
    assert_eq!((temporary, table, limit), (false, object("d.t"), Some(3)));
    assert_eq!(filter.unwrap().to_string(), "PartitionName = 'p'");
    assert_eq!(
        order,
        [
            ("PartitionId".to_owned(), SortDirection::Descending),
            ("State".to_owned(), SortDirection::Ascending)
        ]
    );
    assert!(matches!(
        parsed("SHOW TEMPORARY PARTITIONS FROM t"),
        Statement::Show(Show::Partitions {
            temporary: true,
            ..
        })
    ));
}
