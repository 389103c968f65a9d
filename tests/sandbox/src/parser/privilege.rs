//! GRANT, REVOKE and roles (`StarRocks.g4`: grantPrivilegeStatement, revokePrivilegeStatement, grantRoleStatement, setRoleStatement).

use crate::ast::{Access, Grantee, Objects, PrivilegeClause, RoleChoice, Statement};
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::token::Kind;

/// privilegeType: those of one word.
const PRIVILEGES: &[&str] = &[
    "ALTER",
    "APPLY",
    "BLACKLIST",
    "DELETE",
    "DROP",
    "EXPORT",
    "FILE",
    "IMPERSONATE",
    "INSERT",
    "GRANT",
    "NODE",
    "OPERATE",
    "PLUGIN",
    "REPOSITORY",
    "REFRESH",
    "SELECT",
    "UPDATE",
    "USAGE",
];

/// What may follow CREATE in a privilegeType.
const CREATABLE: &[&[&str]] = &[
    &["DATABASE"],
    &["TABLE"],
    &["VIEW"],
    &["FUNCTION"],
    &["GLOBAL", "FUNCTION"],
    &["MATERIALIZED", "VIEW"],
    &["RESOURCE", "GROUP"],
    &["RESOURCE"],
    &["EXTERNAL", "CATALOG"],
    &["STORAGE", "VOLUME"],
    &["WAREHOUSE"],
    &["PIPE"],
];

/// privObjectType and privObjectTypePlural. SYSTEM, FUNCTION and USER have forms of their own.
const KINDS: &[(&[&str], &[&str])] = &[
    (&["CATALOG"], &["CATALOGS"]),
    (&["DATABASE"], &["DATABASES"]),
    (&["MATERIALIZED", "VIEW"], &["MATERIALIZED", "VIEWS"]),
    (&["RESOURCE", "GROUP"], &["RESOURCE", "GROUPS"]),
    (&["RESOURCE"], &["RESOURCES"]),
    (&["STORAGE", "VOLUME"], &["STORAGE", "VOLUMES"]),
    (&["TABLE"], &["TABLES"]),
    (&["VIEW"], &["VIEWS"]),
    (&["WAREHOUSE"], &["WAREHOUSES"]),
    (&["PIPE"], &["PIPES"]),
];

/// Only in the plural.
const MORE_PLURALS: &[(&[&str], &[&str])] = &[
    (&["FUNCTION"], &["FUNCTIONS"]),
    (&["GLOBAL", "FUNCTION"], &["GLOBAL", "FUNCTIONS"]),
    (&["USER"], &["USERS"]),
];

impl Cursor<'_> {
    pub fn grant_or_revoke(&mut self) -> Parsed<Statement> {
        let revoke = self.bump().is_word("REVOKE");
        let towards = if revoke { "FROM" } else { "TO" };
        let start = self.position();
        self.skip_until(|token| token.is_word("ON") || token.is_word(towards));
        let of_privileges = self.is("ON");
        self.rewind(start);
        if of_privileges {
            let clause = self.privilege_clause(towards)?;
            return Ok(Statement::Access(if revoke {
                Access::Revoke(clause)
            } else {
                Access::Grant(clause)
            }));
        }
        let roles = self.list(Cursor::name_or_string)?;
        self.expect(towards)?;
        let grantee = self.grantee()?;
        Ok(Statement::Access(if revoke {
            Access::RevokeRoles {
                roles,
                from: grantee,
            }
        } else {
            Access::GrantRoles { roles, to: grantee }
        }))
    }

    fn privilege_clause(&mut self, towards: &str) -> Parsed<PrivilegeClause> {
        let privileges = self.list(Cursor::privilege)?;
        self.expect("ON")?;
        let (kind, objects) = self.granted_objects()?;
        self.expect(towards)?;
        let grantee = self.grantee()?;
        let grant_option = towards == "TO" && self.take("WITH");
        if grant_option {
            self.expect_run(&["GRANT", "OPTION"])?;
        }
        Ok(PrivilegeClause {
            privileges,
            kind,
            objects,
            grantee,
            grant_option,
        })
    }

    fn privilege(&mut self) -> Parsed<String> {
        if self.take("ALL") {
            self.take("PRIVILEGES");
            return Ok("ALL".to_owned());
        }
        if self.take("CREATE") {
            let what = CREATABLE.iter().find(|words| self.take_run(words));
            let what = what.ok_or_else(|| self.no_viable())?;
            return Ok(format!("CREATE {}", what.join(" ")));
        }
        let word = PRIVILEGES.iter().find(|word| self.take(word));
        word.map(|word| (*word).to_owned())
            .ok_or_else(|| self.no_viable())
    }

    /// After ON.
    fn granted_objects(&mut self) -> Parsed<(String, Objects)> {
        if self.take("SYSTEM") {
            return Ok(("SYSTEM".to_owned(), Objects::System));
        }
        if self.take("ALL") {
            return self.all_objects();
        }
        let global = self.is_run(&["GLOBAL", "FUNCTION"]);
        if global || (self.is("FUNCTION") && self.is_name_at(1)) {
            self.take("GLOBAL");
            self.expect("FUNCTION")?;
            let functions = self.list(Cursor::signature)?;
            let kind = if global {
                "GLOBAL FUNCTION"
            } else {
                "FUNCTION"
            };
            return Ok((kind.to_owned(), Objects::Functions(functions)));
        }
        if self.is("USER") && self.begins_name(1) {
            self.bump();
            return Ok(("USER".to_owned(), Objects::Users(self.list(Cursor::user)?)));
        }
        let kind = KINDS
            .iter()
            .find(|(singular, _)| self.is_run(singular) && self.begins_name(singular.len()));
        let kind = match kind {
            Some((singular, _)) => {
                self.take_run(singular);
                singular.join(" ")
            }
            None => "TABLE".to_owned(),
        };
        Ok((kind, Objects::Named(self.list(Cursor::object_parts)?)))
    }

    /// After `ON ALL`.
    fn all_objects(&mut self) -> Parsed<(String, Objects)> {
        let kinds = KINDS.iter().chain(MORE_PLURALS);
        let mut found = None;
        for (singular, plural) in kinds {
            if self.take_run(plural) {
                found = Some(singular.join(" "));
                break;
            }
        }
        let kind = found.ok_or_else(|| self.no_viable())?;
        if !self.take("IN") {
            return Ok((kind, Objects::All));
        }
        if self.take("ALL") {
            self.expect("DATABASES")?;
            return Ok((kind, Objects::InAllDatabases));
        }
        self.expect("DATABASE")?;
        Ok((kind, Objects::InDatabase(self.name_or_string()?)))
    }

    fn begins_name(&self, ahead: usize) -> bool {
        let token = self.peek_at(ahead);
        self.is_name_at(ahead) && !token.is_word("TO") && !token.is_word("FROM")
            || token.kind == Kind::Text
            || token.is_symbol('*')
    }

    /// privObjectName: never three parts.
    fn object_parts(&mut self) -> Parsed<Vec<String>> {
        let part = |cursor: &mut Self| {
            if cursor.take_symbol('*') {
                Ok("*".to_owned())
            } else {
                cursor.name_or_string()
            }
        };
        let mut parts = vec![part(self)?];
        if self.take_symbol('.') {
            parts.push(part(self)?);
        }
        Ok(parts)
    }

    /// `f(INT, STRING)`
    fn signature(&mut self) -> Parsed<String> {
        let from = self.peek().start;
        self.object_name()?;
        self.expect_symbol('(')?;
        self.skip_until(|_| false);
        self.expect_symbol(')')?;
        Ok(self.text_since(from))
    }

    /// grantRevokeClause: `[USER] user` or `ROLE name`
    pub fn grantee(&mut self) -> Parsed<Grantee> {
        if self.is("ROLE") && self.begins_name(1) {
            self.bump();
            return self.name_or_string().map(Grantee::Role);
        }
        if self.is("USER") && self.begins_name(1) {
            self.bump();
        }
        self.user().map(Grantee::User)
    }

    /// After CREATE: `ROLE [IF NOT EXISTS] name, … [COMMENT '…']`
    pub fn create_role(&mut self) -> Parsed<Statement> {
        self.expect("ROLE")?;
        let if_not_exists = self.if_not_exists();
        let names = self.list(Cursor::name_or_string)?;
        let comment = if self.take("COMMENT") {
            Some(self.string()?)
        } else {
            None
        };
        Ok(Statement::Access(Access::CreateRoles {
            names,
            if_not_exists,
            comment,
        }))
    }

    /// After ALTER: `ROLE [IF EXISTS] name, … SET COMMENT = '…'`
    pub fn alter_role(&mut self) -> Parsed<Statement> {
        self.expect("ROLE")?;
        let if_exists = self.if_exists();
        let names = self.list(Cursor::name_or_string)?;
        self.expect_run(&["SET", "COMMENT"])?;
        self.expect_symbol('=')?;
        Ok(Statement::Access(Access::CommentRoles {
            names,
            if_exists,
            comment: self.string()?,
        }))
    }

    /// After DROP: `ROLE [IF EXISTS] name, …`
    pub fn drop_role(&mut self) -> Parsed<Statement> {
        self.expect("ROLE")?;
        let if_exists = self.if_exists();
        let names = self.list(Cursor::name_or_string)?;
        Ok(Statement::Access(Access::DropRoles { names, if_exists }))
    }

    /// After SET: `ROLE choice` or `DEFAULT ROLE choice TO user`
    pub fn set_role(&mut self) -> Parsed<Statement> {
        if self.take("DEFAULT") {
            self.expect("ROLE")?;
            let choice = self.default_roles()?;
            self.expect("TO")?;
            let user = self.user()?;
            return Ok(Statement::Access(Access::SetDefaultRole { user, choice }));
        }
        self.expect("ROLE")?;
        let choice = if self.take("DEFAULT") {
            RoleChoice::Default
        } else if self.take_run(&["ALL", "EXCEPT"]) {
            RoleChoice::All {
                except: self.list(Cursor::name_or_string)?,
            }
        } else {
            self.default_roles()?
        };
        Ok(Statement::Access(Access::SetRole(choice)))
    }

    /// `ALL`, `NONE` or roles
    pub fn default_roles(&mut self) -> Parsed<RoleChoice> {
        if self.take("ALL") {
            return Ok(RoleChoice::All { except: Vec::new() });
        }
        if self.take("NONE") {
            return Ok(RoleChoice::None);
        }
        self.list(Cursor::name_or_string).map(RoleChoice::Named)
    }
}
