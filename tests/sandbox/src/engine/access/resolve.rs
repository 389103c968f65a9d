//! Names to the objects of privileges and back.

use crate::answer::SqlError;
use crate::ast::{ObjectName, Objects, PrivilegeClause};
use crate::engine::access::grants::Grants;
use crate::engine::access::object::{INFORMATION_SCHEMA, Object, SYS};
use crate::engine::access::privilege::Kind;
use crate::engine::cluster::Cluster;
use crate::engine::session::Session;
use crate::engine::table::Relation;
use crate::engine::{error, information_schema};

/// `user` or `user@host` as StarRocks prints it (`sql/ast/UserIdentity.toString`).
pub fn identity(user: &str) -> String {
    let (name, host) = user.split_once('@').unwrap_or((user, "%"));
    format!("'{name}'@'{host}'")
}

impl Cluster {
    /// Also of the databases every cluster has.
    pub fn database_id(&self, name: &str) -> Option<u64> {
        if name.eq_ignore_ascii_case("information_schema") {
            return Some(INFORMATION_SCHEMA);
        }
        if name.eq_ignore_ascii_case("sys") {
            return Some(SYS);
        }
        self.databases.get(name).map(|database| database.id)
    }

    pub fn table_object(&self, database: &str, name: &str) -> Option<Object> {
        let id = self.database_id(database)?;
        if id == INFORMATION_SCHEMA || id == SYS {
            return information_schema::position(database, name).map(|index| Object::Relation {
                database: id,
                id: index,
            });
        }
        self.object_of(Kind::Table, database, name)
    }

    /// The relation of that name, if it is of that kind.
    pub fn object_of(&self, kind: Kind, database: &str, name: &str) -> Option<Object> {
        let found = self.databases.get(database)?;
        let relation = found.relations.get(name)?;
        (kind_of(relation) == kind).then(|| Object::Relation {
            database: found.id,
            id: relation.id(),
        })
    }

    /// The objects of a GRANT or REVOKE (`sql/analyzer/AuthorizationAnalyzer.analyzeTokens`).
    pub fn objects_of(
        &self,
        session: &Session,
        kind: Kind,
        clause: &PrivilegeClause,
    ) -> Result<Vec<Object>, SqlError> {
        let invalid = |tokens: &str| {
            error::analyzing(format!(
                "Invalid grant statement with error privilege object {tokens}"
            ))
        };
        let in_databases = matches!(
            kind,
            Kind::Table | Kind::View | Kind::MaterializedView | Kind::Function | Kind::Pipe
        );
        match &clause.objects {
            Objects::System => Ok(vec![Object::Only]),
            Objects::All if in_databases => Err(invalid("[*]")),
            Objects::All => Ok(vec![if kind == Kind::Catalog {
                Object::Everything
            } else {
                Object::All
            }]),
            Objects::InAllDatabases if in_databases => Ok(vec![Object::All]),
            Objects::InAllDatabases => Err(invalid("[*, *]")),
            Objects::InDatabase(name) if !in_databases => Err(invalid(&format!("[{name}, *]"))),
            Objects::InDatabase(name) if name == "*" => Ok(vec![Object::All]),
            Objects::InDatabase(name) => Ok(vec![Object::AllIn(self.granted_database(name)?)]),
            Objects::Users(users) => users
                .iter()
                .map(|user| self.known_user(user).map(|()| Object::User(user.clone())))
                .collect(),
            Objects::Functions(list) => Err(error::analyzing(format!(
                "cannot find function {}!",
                list.first()
                    .and_then(|text| text.split('(').next())
                    .unwrap_or_default()
            ))),
            Objects::Named(list) => list
                .iter()
                .map(|parts| self.named_object(session, kind, parts))
                .collect(),
        }
    }

    fn named_object(
        &self,
        session: &Session,
        kind: Kind,
        parts: &[String],
    ) -> Result<Object, SqlError> {
        let invalid = || {
            error::analyzing(format!(
                "Invalid grant statement with error privilege object [{}]",
                parts.join(", ")
            ))
        };
        match (kind, parts) {
            (Kind::Table | Kind::View | Kind::MaterializedView, _) => {
                let (database, name) = match parts {
                    [database, name] => (database.as_str(), name.as_str()),
                    [name] => (
                        session.database.as_deref().ok_or_else(error::no_database)?,
                        name.as_str(),
                    ),
                    _ => return Err(invalid()),
                };
                self.granted_relation(kind, database, name)
            }
            (Kind::Database, [name]) if name == "*" => Ok(Object::All),
            (Kind::Database, [catalog, name]) if catalog == "default_catalog" => {
                Ok(Object::Database(self.granted_database(name)?))
            }
            (Kind::Database, [catalog, _]) => Err(unknown_catalog(catalog)),
            (Kind::Database, [name]) => Ok(Object::Database(self.granted_database(name)?)),
            (Kind::Catalog, [name]) if name == "*" => Ok(Object::Everything),
            (Kind::Catalog, [name]) if name == "default_catalog" => Ok(Object::Only),
            (Kind::Catalog, [name]) => Err(unknown_catalog(name)),
            (_, [name]) if name == "*" => Ok(Object::All),
            (_, [name]) => Err(error::not_modelled(format!(
                "the {} {name}",
                kind.name().to_lowercase()
            ))),
            _ => Err(invalid()),
        }
    }

    fn granted_relation(&self, kind: Kind, database: &str, name: &str) -> Result<Object, SqlError> {
        if database == "*" {
            return Ok(Object::All);
        }
        let id = self.granted_database(database)?;
        if name == "*" {
            return Ok(Object::AllIn(id));
        }
        let found = if kind == Kind::Table {
            self.table_object(database, name)
        } else {
            self.object_of(kind, database, name)
        };
        found.ok_or_else(|| {
            error::analyzing(format!(
                "cannot find {} {name} in db {database}",
                kind.name().to_lowercase()
            ))
        })
    }

    fn granted_database(&self, name: &str) -> Result<u64, SqlError> {
        self.database_id(name)
            .ok_or_else(|| error::analyzing(format!("cannot find db: {name}")))
    }

    /// As GRANT and SHOW GRANTS look a user up (`AuthorizationAnalyzer.analyseUser`).
    pub fn known_user(&self, user: &str) -> Result<(), SqlError> {
        if self.users.contains_key(user) {
            Ok(())
        } else {
            Err(error::analyzing(format!(
                "cannot find user {}!",
                identity(user)
            )))
        }
    }

    pub fn known_role(&self, name: &str, otherwise: &str) -> Result<i64, SqlError> {
        check_role_name(name)?;
        self.roles
            .id(name)
            .ok_or_else(|| error::analyzing(format!("{otherwise}: cannot find role {name}!")))
    }

    /// The object after ON, as SHOW GRANTS prints it: without the kind where it says ALL. `None`: it is gone, or in the recycle bin.
    pub fn object_text(&self, kind: Kind, object: &Object) -> Option<String> {
        let plural = match kind {
            Kind::System => "SYSTEM".to_owned(),
            kind => format!("{}S", kind.name()),
        };
        let in_databases = matches!(
            kind,
            Kind::Table | Kind::View | Kind::MaterializedView | Kind::Function
        );
        Some(match object {
            Object::Everything | Object::All if in_databases => {
                format!("ALL {plural} IN ALL DATABASES")
            }
            Object::Everything | Object::All => format!("ALL {plural}"),
            Object::Only if kind == Kind::Catalog => "default_catalog".to_owned(),
            Object::Only => kind.name().to_owned(),
            Object::Database(id) => self.database_name(*id)?.to_owned(),
            Object::AllIn(id) => format!("ALL {plural} IN DATABASE {}", self.database_name(*id)?),
            Object::Relation { database, id } => {
                format!(
                    "{}.{}",
                    self.database_name(*database)?,
                    self.relation_name(*database, *id)?
                )
            }
            Object::User(user) => identity(user),
        })
    }

    pub fn database_name(&self, id: u64) -> Option<&str> {
        match id {
            INFORMATION_SCHEMA => Some("information_schema"),
            SYS => Some("sys"),
            id => self
                .database_by_id(id)
                .map(|database| database.name.as_str()),
        }
    }

    pub fn relation_name(&self, database: u64, id: u64) -> Option<&str> {
        if database == INFORMATION_SCHEMA || database == SYS {
            return information_schema::at(database, id);
        }
        let relations = self.database_by_id(database)?.relations.iter();
        let mut found = relations.filter(|(_, relation)| relation.id() == id);
        found.next().map(|(name, _)| name.as_str())
    }

    /// Grants on tables that are gone from the recycle bin too are forgotten (`catalog/CatalogRecycleBin.java` calls
    /// `AuthorizationMgr.removeInvalidObject`). Until then RECOVER brings them back.
    pub fn forget_grants_of_lost_objects(&mut self) {
        let mut lost: Vec<Object> = Vec::new();
        let of_users = self.users.values().map(|user| &user.grants);
        let of_roles = self.roles.iter().map(|(_, role)| &role.grants);
        for entry in of_users.chain(of_roles).flat_map(Grants::entries) {
            if !self.is_known(&entry.object) {
                lost.push(entry.object.clone());
            }
        }
        if lost.is_empty() {
            return;
        }
        for user in self.users.values_mut() {
            user.grants.forget(&lost);
        }
        for grants in self.roles.all_grants() {
            grants.forget(&lost);
        }
    }

    /// There, or in the recycle bin.
    fn is_known(&self, object: &Object) -> bool {
        match object {
            Object::Relation { database, id } => {
                self.relation_name(*database, *id).is_some()
                    || self
                        .recycled
                        .iter()
                        .any(|recycled| recycled.table.id == *id)
            }
            Object::Database(id) => self.database_name(*id).is_some(),
            Object::User(user) => self.users.contains_key(user),
            _ => true,
        }
    }
}

/// The kind of object a relation is for grants. An external table is a TABLE.
pub fn kind_of(relation: &Relation) -> Kind {
    match relation {
        Relation::Table(table) if table.is_materialized() => Kind::MaterializedView,
        Relation::Table(_) | Relation::Foreign(_) => Kind::Table,
        Relation::View(_) => Kind::View,
    }
}

/// The object name of a statement with its database, where there is one.
pub fn located<'n>(name: &'n ObjectName, session: &'n Session) -> Option<(&'n str, &'n str)> {
    let database = name.database.as_deref().or(session.database.as_deref())?;
    Some((database, &name.name))
}

/// `sql/analyzer/FeNameFormat.checkRoleName`
pub fn check_role_name(name: &str) -> Result<(), SqlError> {
    let word = |text: &str, limit: usize| {
        text.len() <= limit
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let fits = match name.as_bytes() {
        [first, ..] if first.is_ascii_alphabetic() => word(&name[1..], 63),
        [b'_', second, ..] if second.is_ascii_alphanumeric() => word(&name[2..], 62),
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(error::analyzing(format!("invalid role format: {name}")))
    }
}

fn unknown_catalog(name: &str) -> SqlError {
    error::analyzing(format!("cannot find catalog: {name}"))
}
