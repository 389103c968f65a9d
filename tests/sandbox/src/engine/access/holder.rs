//! A session's share of the grants, and the refusal of what it lacks.

use crate::answer::SqlError;
use crate::engine::access::grants::Grants;
use crate::engine::access::object::Object;
use crate::engine::access::privilege::{Kind, Privilege};
use crate::engine::access::resolve::kind_of;
use crate::engine::access::roles::{PUBLIC, ROOT, RoleIds};
use crate::engine::cluster::{Cluster, User};
use crate::engine::error;
use crate::engine::session::Session;
use crate::engine::table::{Relation, Table};
use crate::release::CatalogueRoles;

/// What somebody holds.
pub enum Holder<'c> {
    /// The role `root` is active: nothing needs to be looked up.
    Everything,
    Of(Vec<&'c Grants>),
}

impl Holder<'_> {
    pub fn has(&self, kind: Kind, privilege: Privilege, object: &Object) -> bool {
        match self {
            Holder::Everything => true,
            Holder::Of(all) => all.iter().any(|grants| grants.has(kind, privilege, object)),
        }
    }

    /// Any privilege on the object, or on something within it.
    pub fn has_any(&self, kind: Kind, object: &Object) -> bool {
        match self {
            Holder::Everything => true,
            Holder::Of(all) => all.iter().any(|grants| grants.has_any(kind, object)),
        }
    }

    pub fn sees(&self, database: u64, relation: &Relation) -> bool {
        let id = relation.id();
        self.has_any(kind_of(relation), &Object::Relation { database, id })
    }

    /// A table or materialized view.
    pub fn sees_table(&self, database: u64, table: &Table) -> bool {
        let kind = if table.is_materialized() {
            Kind::MaterializedView
        } else {
            Kind::Table
        };
        self.has_any(
            kind,
            &Object::Relation {
                database,
                id: table.id,
            },
        )
    }

    /// A view, or something else that is no table, by its kind.
    pub fn sees_other(&self, kind: Kind, database: u64, id: u64) -> bool {
        self.has_any(kind, &Object::Relation { database, id })
    }

    /// On the database or on anything in it (`sql/analyzer/Authorizer.checkAnyActionOnOrInDb`).
    pub fn sees_database(&self, id: u64) -> bool {
        self.has_any(Kind::Database, &Object::Database(id))
            || [
                Kind::Table,
                Kind::View,
                Kind::MaterializedView,
                Kind::Function,
            ]
            .into_iter()
            .any(|kind| self.has_any(kind, &Object::AllIn(id)))
    }
}

impl Cluster {
    /// Whether the role `root` is active. Asked before every statement, so it looks up two sets and no more.
    pub fn is_root(&self, session: &Session) -> bool {
        session.roles.contains(&ROOT)
            && self
                .users
                .get(&session.user)
                .is_some_and(|user| user.roles.contains(&ROOT))
    }

    /// What the session holds: the user's own grants, those of its active roles, and those of PUBLIC
    /// (`authorization/AuthorizationMgr.loadPrivilegeCollection`).
    pub fn holder(&self, session: &Session) -> Holder<'_> {
        if self.is_root(session) {
            return Holder::Everything;
        }
        self.holder_of(&session.user, Some(&session.roles))
    }

    /// Whose rows information_schema shows. Its tables are filled by requests of the backends, which carry the user and, before 4.0, not the
    /// session's roles ([`CatalogueRoles`]).
    pub fn catalogue_holder(&self, session: &Session) -> Holder<'_> {
        match self.release.catalogue_roles() {
            CatalogueRoles::Granted if self.is_root(session) => Holder::Everything,
            CatalogueRoles::Granted => self.holder_of(&session.user, None),
            CatalogueRoles::Login => {
                self.holder_of(&session.user, Some(&self.login_roles(&session.user)))
            }
            CatalogueRoles::Active => self.holder(session),
        }
    }

    /// `active`: only those of the user's roles; `None`: all of them.
    fn holder_of(&self, name: &str, active: Option<&RoleIds>) -> Holder<'_> {
        let user = self.users.get(name);
        let granted = user.map(|user| &user.roles);
        let owned = granted.into_iter().flatten().copied();
        let active = owned.filter(|id| active.is_none_or(|active| active.contains(id)));
        let roles = self.roles.with_parents(active.chain([PUBLIC]));
        if roles.contains(&ROOT) {
            return Holder::Everything;
        }
        let of_roles = roles
            .iter()
            .filter_map(|id| self.roles.get(*id))
            .map(|role| &role.grants);
        Holder::Of(
            user.map(|user| &user.grants)
                .into_iter()
                .chain(of_roles)
                .collect(),
        )
    }

    /// The roles a login begins with: the default roles, or all with `activate_all_roles_on_login` (`qe/ConnectContext.setCurrentRoleIds`).
    pub fn login_roles(&self, user: &str) -> RoleIds {
        let Some(user) = self.users.get(user) else {
            return RoleIds::new();
        };
        let all = self.variables.global("activate_all_roles_on_login") == Some("true");
        let ids = if all {
            &user.roles
        } else {
            &user.default_roles
        };
        ids.iter()
            .copied()
            .filter(|id| self.roles.get(*id).is_some())
            .collect()
    }

    /// ErrorCode.ERR_ACCESS_DENIED. Not prefixed: `authorization/AccessDeniedException.reportAccessDenied` throws no SemanticException.
    pub fn denied(
        &self,
        session: &Session,
        privilege: &str,
        kind: Kind,
        name: Option<&str>,
    ) -> SqlError {
        let name = name.map(|name| format!(" {name}")).unwrap_or_default();
        let active = self.roles.names(&session.roles);
        let owned = self.users.get(&session.user).map(|user| &user.roles);
        let mut inactive = owned.map_or(Vec::new(), |owned| self.roles.names(owned));
        inactive.retain(|role| !active.contains(role));
        error::access_denied(&format!(
            "you need (at least one of) the {privilege} privilege(s) on {}{name} for this operation. Please ask the admin to grant \
             permission(s) or try activating existing roles using <set [default] role>. Current role(s): {}. Inactivated role(s): {}.",
            kind.name(),
            bracketed(&active),
            bracketed(&inactive),
        ))
    }
}

impl User {
    pub fn root() -> User {
        User {
            roles: RoleIds::from([ROOT]),
            default_roles: RoleIds::from([ROOT]),
            ..User::default()
        }
    }

    /// A user as CREATE USER makes it.
    pub fn with_password(password: Option<[u8; 20]>) -> User {
        User {
            password,
            ..User::default()
        }
    }
}

fn bracketed(names: &[&str]) -> String {
    if names.is_empty() {
        "NONE".to_owned()
    } else {
        format!("[{}]", names.join(", "))
    }
}
