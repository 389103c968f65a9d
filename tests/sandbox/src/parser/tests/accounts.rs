use super::{parsed, text};
use crate::ast::Statement;

#[test]
fn variables_are_set_by_scope() {
    let sql = "SET GLOBAL a = 1, B = 'x', @@session.time_zone = '+00:00', @@GLOBAL.y = ON, @u = 1 + 2, c = DEFAULT, SESSION d = OFF";
    let Statement::Set(assignments) = parsed(sql) else {
        panic!("not a SET")
    };
    let found: Vec<(bool, &str, String)> = assignments
        .iter()
        .map(|set| (set.global, set.name.as_str(), set.value.to_string()))
        .collect();
    let expected = [
        (true, "a", "1"),
        (false, "b", "'x'"),
        (false, "time_zone", "'+00:00'"),
        (true, "y", "ON"),
        (false, "@u", "1 + 2"),
        (false, "c", "DEFAULT"),
        (false, "d", "OFF"),
    ];
    assert_eq!(
        found,
        expected.map(|(global, name, value)| (global, name, value.to_owned()))
    );
}

#[test]
fn what_drivers_set_first_has_no_effect() {
    let accepted = [
        "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_0900_ai_ci'",
        "SET NAMES utf8",
        "SET CHARACTER SET utf8",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET TRANSACTION READ ONLY",
    ];
    for sql in accepted {
        assert_eq!(parsed(sql), Statement::Set(Vec::new()), "{sql}");
    }
}

#[test]
fn users_have_names_hosts_and_passwords() {
    let user = |user: &str, if_not_exists, password| Statement::CreateUser {
        user: user.to_owned(),
        if_not_exists,
        password,
    };
    let password = |user: Option<&str>| Statement::SetPassword {
        user: user.map(str::to_owned),
        password: "p".to_owned(),
    };
    let cases = [
        (
            "CREATE USER IF NOT EXISTS 'u'@'%' IDENTIFIED BY 'p'",
            user("u", true, text("p")),
        ),
        ("CREATE USER u@'10.0.0.1'", user("u@10.0.0.1", false, None)),
        (
            "DROP USER IF EXISTS 'u'",
            Statement::DropUser {
                user: "u".to_owned(),
                if_exists: true,
            },
        ),
        ("ALTER USER 'u'@'%' IDENTIFIED BY 'p'", password(Some("u"))),
        (
            "SET PASSWORD FOR 'root'@'%' = PASSWORD('p')",
            password(Some("root")),
        ),
        ("SET PASSWORD = PASSWORD('p')", password(None)),
    ];
    for (sql, expected) in cases {
        assert_eq!(parsed(sql), expected, "{sql}");
    }
}

#[test]
fn the_operators_grants_are_accepted() {
    let accepted = [
        "CREATE ROLE backup_operator",
        "GRANT REPOSITORY, OPERATE ON SYSTEM TO ROLE backup_operator",
        "GRANT CREATE DATABASE ON CATALOG default_catalog TO ROLE backup_operator",
        "GRANT CREATE TABLE ON ALL DATABASES TO ROLE backup_operator",
        "GRANT SELECT, EXPORT, INSERT, UPDATE, DELETE, ALTER, DROP ON ALL TABLES IN ALL DATABASES TO ROLE backup_operator",
        "GRANT SELECT ON TABLE d.t, d.u TO USER 'backup'@'%' WITH GRANT OPTION",
        "GRANT backup_operator TO USER 'backup'@'%'",
        "REVOKE SELECT ON TABLE d.t FROM 'backup'@'%'",
        "ALTER USER 'backup'@'%' DEFAULT ROLE backup_operator",
        "SET DEFAULT ROLE ALL TO 'backup'@'%'",
        "SET ROLE ALL EXCEPT x, y",
        "DROP ROLE IF EXISTS backup_operator",
    ];
    for sql in accepted {
        assert_eq!(
            parsed(sql),
            Statement::Privilege {
                text: sql.to_owned()
            }
        );
    }
}

#[test]
fn short_statements() {
    let cases = [
        ("SYNC", Statement::Sync),
        ("USE `d`", Statement::Use("d".to_owned())),
        ("use default_catalog.d;", Statement::Use("d".to_owned())),
        ("BEGIN", Statement::Begin),
        (
            "START TRANSACTION WITH CONSISTENT SNAPSHOT",
            Statement::Begin,
        ),
        ("COMMIT WORK AND NO CHAIN", Statement::Commit),
        ("ROLLBACK", Statement::Rollback),
        (
            "KILL 12",
            Statement::Kill {
                query: false,
                id: 12,
            },
        ),
        (
            "KILL QUERY 12",
            Statement::Kill {
                query: true,
                id: 12,
            },
        ),
        (
            "ADMIN SHOW FRONTEND CONFIG LIKE 'run_mode'",
            Statement::AdminShowConfig {
                pattern: text("run_mode"),
            },
        ),
        (
            "ADMIN SET FRONTEND CONFIG (\"a\" = \"b\")",
            Statement::AdminSetConfig {
                key: "a".to_owned(),
                value: "b".to_owned(),
            },
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(parsed(sql), expected, "{sql}");
    }
}
