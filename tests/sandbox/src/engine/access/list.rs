//! SHOW GRANTS, ROLES and USERS (`qe/ShowExecutor.java`), and the tables of `sys` (`catalog/system/sys/GrantsTo.java`, `RoleEdges.java`).

use rusqlite::types::Value;

use crate::answer::{ResultSet, SqlError};
use crate::ast::Grantee;
use crate::engine::access::grants::{Entry, Grants};
use crate::engine::access::object::{INFORMATION_SCHEMA, Object, SYS};
use crate::engine::access::privilege::{Kind, Privilege};
use crate::engine::access::require::{GRANT, Need};
use crate::engine::access::resolve::{identity, kind_of};
use crate::engine::access::roles::{PUBLIC, RoleIds, is_builtin};
use crate::engine::cluster::Cluster;
use crate::engine::session::Session;

/// A row of a table of `sys`.
type Row = Vec<Value>;

impl Cluster {
    /// First the roles, in one row; then what is held directly. Nothing is said of what comes by way of a role.
    pub fn show_grants(
        &self,
        session: &Session,
        of: Option<&Grantee>,
    ) -> Result<ResultSet, SqlError> {
        let mut result = ResultSet::text(&["UserIdentity", "Catalog", "Grants"]);
        let none = (Grants::default(), RoleIds::new());
        let (name, grantee, roles, grants) = match of {
            Some(Grantee::Role(name)) => {
                let otherwise = format!("There is no such grant defined for role {name}");
                let id = self.known_role(name, &otherwise)?;
                if !self.owned_and_inherited(&session.user).contains(&id) {
                    self.need(session, GRANT)?;
                }
                let role = self.roles.get(id);
                let (grants, parents) =
                    role.map_or((&none.0, &none.1), |role| (&role.grants, &role.parents));
                // Two blanks, as `AstToStringBuilder.visitGrantRevokeRoleStatement` writes them.
                (name.clone(), format!(" ROLE {name}"), parents, grants)
            }
            other => {
                let user = match other {
                    Some(Grantee::User(user)) => user,
                    _ => &session.user,
                };
                self.known_user(user)?;
                let found = self.users.get(user);
                let (grants, roles) =
                    found.map_or((&none.0, &none.1), |user| (&user.grants, &user.roles));
                (identity(user), identity(user), roles, grants)
            }
        };
        let names: Vec<String> = self
            .roles
            .names(roles)
            .iter()
            .map(|role| format!("'{role}'"))
            .collect();
        if !names.is_empty() {
            let grant = format!("GRANT {} TO {grantee}", names.join(", "));
            result
                .rows
                .push(vec![Some(name.clone()), None, Some(grant)]);
        }
        let to = match of {
            Some(Grantee::Role(role)) => format!("ROLE '{role}'"),
            _ => format!("USER {name}"),
        };
        for entry in grants.entries() {
            if let Some(grant) = self.grant_text(entry, &to) {
                let everywhere = entry.object == Object::Everything
                    && matches!(entry.kind, Kind::Catalog | Kind::Database | Kind::Table);
                let catalog = (!everywhere).then(|| "default_catalog".to_owned());
                result
                    .rows
                    .push(vec![Some(name.clone()), catalog, Some(grant)]);
            }
        }
        Ok(result)
    }

    fn owned_and_inherited(&self, user: &str) -> RoleIds {
        let owned = self.users.get(user).map(|user| &user.roles);
        self.roles
            .with_parents(owned.into_iter().flatten().copied())
    }

    /// `None`: the object is gone, or in the recycle bin.
    fn grant_text(&self, entry: &Entry, to: &str) -> Option<String> {
        let object = self.object_text(entry.kind, &entry.object)?;
        let kind = if entry.kind == Kind::System || entry.object.is_fuzzy() {
            String::new()
        } else {
            format!("{} ", entry.kind.name())
        };
        let option = if entry.grant_option {
            " WITH GRANT OPTION"
        } else {
            ""
        };
        Some(format!(
            "GRANT {} ON {kind}{object} TO {to}{option}",
            privilege_names(entry)
        ))
    }

    pub fn show_roles(&self) -> ResultSet {
        let mut result = ResultSet::text(&["Name", "Builtin", "Comment"]);
        for (id, role) in self.roles.iter() {
            let comment = role.comment.clone().filter(|comment| !comment.is_empty());
            result.rows.push(vec![
                Some(role.name.clone()),
                Some(is_builtin(id).to_string()),
                comment,
            ]);
        }
        result
    }

    pub fn show_users(&self, session: &Session, all: bool) -> ResultSet {
        let mut result = ResultSet::text(&["User"]);
        let users = self.users.keys();
        result.rows = users
            .filter(|user| all || **user == session.user)
            .map(|user| vec![Some(identity(user))])
            .collect();
        result
    }

    /// `sys.grants_to_users`: without root.
    pub fn grants_to_users(&self) -> Vec<Row> {
        let users = self.users.iter().filter(|(name, _)| *name != "root");
        users
            .flat_map(|(name, user)| self.grant_rows(&identity(name), &user.grants))
            .collect()
    }

    /// `sys.grants_to_roles`: without the built-in roles that cannot be changed.
    pub fn grants_to_roles(&self) -> Vec<Row> {
        let roles = self
            .roles
            .iter()
            .filter(|(id, _)| !is_builtin(*id) || *id == PUBLIC);
        roles
            .flat_map(|(_, role)| self.grant_rows(&role.name, &role.grants))
            .collect()
    }

    pub fn role_edges(&self) -> Vec<Row> {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut rows = Vec::new();
        for (_, role) in self.roles.iter() {
            for parent in self.roles.names(&role.parents) {
                rows.push(vec![text(parent), text(&role.name), Value::Null]);
            }
        }
        for (name, user) in &self.users {
            for role in self.roles.names(&user.roles) {
                rows.push(vec![text(role), Value::Null, text(&identity(name))]);
            }
        }
        rows
    }

    /// One row for each object that is there: ALL is spelled out, and leaves no row where there is nothing.
    fn grant_rows(&self, grantee: &str, grants: &Grants) -> Vec<Row> {
        let text = |text: &str| Value::Text(text.to_owned());
        let or_null = |part: Option<String>| part.map_or(Value::Null, Value::Text);
        let mut rows = Vec::new();
        for entry in grants.entries() {
            for [catalog, database, name] in self.spelled_out(entry) {
                rows.push(vec![
                    text(grantee),
                    or_null(catalog),
                    or_null(database),
                    or_null(name),
                    text(entry.kind.name()),
                    text(&privilege_names(entry)),
                    text(if entry.grant_option { "YES" } else { "NO" }),
                ]);
            }
        }
        rows
    }

    fn spelled_out(&self, entry: &Entry) -> Vec<[Option<String>; 3]> {
        let in_catalog = |database: Option<&str>, name: Option<&str>| {
            [
                Some("default_catalog".to_owned()),
                database.map(str::to_owned),
                name.map(str::to_owned),
            ]
        };
        let user = |name: &str| [None, None, Some(identity(name))];
        match (entry.kind, &entry.object) {
            (Kind::System, _) => vec![[None, None, None]],
            (Kind::Catalog, _) => vec![in_catalog(None, None)],
            (Kind::User, Object::User(name)) => vec![user(name)],
            (Kind::User, _) => self.users.keys().map(|name| user(name)).collect(),
            (Kind::Database, object) => self
                .databases
                .values()
                .filter(|database| Object::Database(database.id).is_within(object))
                .map(|database| in_catalog(Some(&database.name), None))
                .collect(),
            // Grants on the databases every cluster has are not printed.
            (Kind::Table | Kind::View | Kind::MaterializedView, object) => {
                let mut found = Vec::new();
                for database in self.databases.values() {
                    for (name, relation) in &database.relations {
                        let kind = kind_of(relation);
                        let relation = Object::Relation {
                            database: database.id,
                            id: relation.id(),
                        };
                        if kind == entry.kind && relation.is_within(object) {
                            found.push(in_catalog(Some(&database.name), Some(name)));
                        }
                    }
                }
                found
            }
            _ => Vec::new(),
        }
    }

    /// Names of the session's active roles, or NONE: `current_role()`.
    pub fn current_role(&self, session: &Session) -> String {
        let names = self.roles.names(&session.roles);
        if names.is_empty() {
            "NONE".to_owned()
        } else {
            names.join(", ")
        }
    }

    /// The databases a session sees in SHOW DATABASES.
    pub fn visible_databases<'c>(
        &'c self,
        holder: &super::Holder<'_>,
    ) -> std::collections::BTreeSet<&'c str> {
        let own = self
            .databases
            .values()
            .map(|database| (database.name.as_str(), database.id));
        own.chain([("information_schema", INFORMATION_SCHEMA), ("sys", SYS)])
            .filter(|(_, id)| holder.sees_database(*id))
            .map(|(name, _)| name)
            .collect()
    }

    /// EXPORT on all tables of a BACKUP job (`qe/ShowExecutor.visitShowBackupStatement`); a name that is no table needs nothing.
    pub fn may_export<'n>(
        &self,
        session: &Session,
        database: &str,
        tables: impl Iterator<Item = &'n str>,
    ) -> bool {
        if self.is_root(session) {
            return true;
        }
        let mut tables = tables;
        tables.all(|table| {
            self.need(session, Need::Table(Privilege::Export, database, table))
                .is_ok()
        })
    }
}

fn privilege_names(entry: &Entry) -> String {
    let held = entry.kind.privileges().iter();
    let names: Vec<&str> = held
        .filter(|privilege| entry.privileges.has(**privilege))
        .map(|privilege| privilege.name())
        .collect();
    names.join(", ")
}
