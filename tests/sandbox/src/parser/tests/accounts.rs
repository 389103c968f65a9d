use super::{parsed, text};
use crate::ast::{Access, Grantee, Objects, RoleChoice, Statement};

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
        default_roles: Vec::new(),
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
        (
            "ALTER USER 'u'@'%' IDENTIFIED BY 'p'",
            Statement::AlterUser {
                user: "u".to_owned(),
                if_exists: false,
                password: "p".to_owned(),
            },
        ),
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
fn grants_name_privileges_objects_and_who() {
    let grant = |sql: &str| match parsed(sql) {
        Statement::Access(Access::Grant(clause) | Access::Revoke(clause)) => clause,
        other => panic!("{sql}: {other:?}"),
    };
    let names = |list: &[&[&str]]| {
        let part = |parts: &&[&str]| parts.iter().map(|part| (*part).to_owned()).collect();
        Objects::Named(list.iter().map(part).collect())
    };
    let cases: [(&str, &[&str], &str, Objects); 10] = [
        (
            "GRANT REPOSITORY, OPERATE ON SYSTEM TO ROLE r",
            &["REPOSITORY", "OPERATE"],
            "SYSTEM",
            Objects::System,
        ),
        (
            "GRANT create database ON CATALOG default_catalog TO ROLE r",
            &["CREATE DATABASE"],
            "CATALOG",
            names(&[&["default_catalog"]]),
        ),
        (
            "GRANT CREATE TABLE ON ALL DATABASES TO ROLE r",
            &["CREATE TABLE"],
            "DATABASE",
            Objects::All,
        ),
        (
            "GRANT SELECT, EXPORT ON ALL TABLES IN ALL DATABASES TO ROLE r",
            &["SELECT", "EXPORT"],
            "TABLE",
            Objects::InAllDatabases,
        ),
        (
            "GRANT ALL PRIVILEGES ON ALL MATERIALIZED VIEWS IN DATABASE d TO ROLE r",
            &["ALL"],
            "MATERIALIZED VIEW",
            Objects::InDatabase("d".to_owned()),
        ),
        (
            "GRANT SELECT ON TABLE d.t, u TO ROLE r",
            &["SELECT"],
            "TABLE",
            names(&[&["d", "t"], &["u"]]),
        ),
        (
            "GRANT SELECT ON d.* TO ROLE r",
            &["SELECT"],
            "TABLE",
            names(&[&["d", "*"]]),
        ),
        (
            "GRANT SELECT ON VIEW v TO ROLE r",
            &["SELECT"],
            "VIEW",
            names(&[&["v"]]),
        ),
        (
            "GRANT IMPERSONATE ON USER u, 'w'@'10.0.0.1' TO ROLE r",
            &["IMPERSONATE"],
            "USER",
            Objects::Users(vec!["u".to_owned(), "w@10.0.0.1".to_owned()]),
        ),
        (
            "GRANT USAGE ON FUNCTION d.f(INT, VARCHAR(3)) TO ROLE r",
            &["USAGE"],
            "FUNCTION",
            Objects::Functions(vec!["d.f(INT, VARCHAR(3))".to_owned()]),
        ),
    ];
    for (sql, privileges, kind, objects) in cases {
        let revoke = sql.replacen("GRANT", "REVOKE", 1).replace(" TO ", " FROM ");
        for sql in [sql, &revoke] {
            let clause = grant(sql);
            assert_eq!(clause.privileges, privileges, "{sql}");
            assert_eq!((clause.kind.as_str(), &clause.objects), (kind, &objects));
            assert_eq!(clause.grantee, Grantee::Role("r".to_owned()));
            assert!(!clause.grant_option);
        }
    }
    let clause = grant("GRANT SELECT ON TABLE t TO USER 'u'@'%' WITH GRANT OPTION");
    assert_eq!(clause.grantee, Grantee::User("u".to_owned()));
    assert!(clause.grant_option);
}

#[test]
fn roles_are_granted_chosen_and_made_default() {
    let role = |name: &str| vec![name.to_owned()];
    let user = |name: &str| name.to_owned();
    let cases = [
        (
            "GRANT r TO USER 'u'@'%'",
            Access::GrantRoles {
                roles: role("r"),
                to: Grantee::User(user("u")),
            },
        ),
        (
            "GRANT 'r' TO u",
            Access::GrantRoles {
                roles: role("r"),
                to: Grantee::User(user("u")),
            },
        ),
        (
            "REVOKE r FROM ROLE q",
            Access::RevokeRoles {
                roles: role("r"),
                from: Grantee::Role("q".to_owned()),
            },
        ),
        (
            "ALTER USER 'u'@'%' DEFAULT ROLE r",
            Access::SetDefaultRole {
                user: user("u"),
                choice: RoleChoice::Named(role("r")),
            },
        ),
        (
            "SET DEFAULT ROLE ALL TO u",
            Access::SetDefaultRole {
                user: user("u"),
                choice: RoleChoice::All { except: Vec::new() },
            },
        ),
        (
            "SET ROLE ALL EXCEPT r",
            Access::SetRole(RoleChoice::All { except: role("r") }),
        ),
        ("SET ROLE DEFAULT", Access::SetRole(RoleChoice::Default)),
        ("SET ROLE NONE", Access::SetRole(RoleChoice::None)),
        (
            "CREATE ROLE IF NOT EXISTS r COMMENT 'c'",
            Access::CreateRoles {
                names: role("r"),
                if_not_exists: true,
                comment: text("c"),
            },
        ),
        (
            "DROP ROLE IF EXISTS r",
            Access::DropRoles {
                names: role("r"),
                if_exists: true,
            },
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(parsed(sql), Statement::Access(expected), "{sql}");
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
