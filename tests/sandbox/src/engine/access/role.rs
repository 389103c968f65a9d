//! Roles: made, granted, activated (`authorization/AuthorizationMgr.java`, `qe/SetRoleExecutor.java`, `qe/SetDefaultRoleExecutor.java`).

use crate::answer::{Answer, SqlError};
use crate::ast::{Grantee, RoleChoice};
use crate::engine::access::require::protected;
use crate::engine::access::resolve::{check_role_name, identity};
use crate::engine::access::roles::{PUBLIC, RoleId, RoleIds, is_builtin, is_mutable};
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::session::Session;

/// FE configuration `privilege_max_total_roles_per_user`.
const MAX_ROLES: usize = 64;

impl Cluster {
    /// With IF NOT EXISTS, one role of the list that exists keeps all the others from being made.
    pub fn create_roles(
        &mut self,
        names: &[String],
        if_not_exists: bool,
        comment: Option<&str>,
    ) -> Result<Answer, SqlError> {
        for name in names {
            check_role_name(name)?;
            if self.roles.id(name).is_some() && !if_not_exists {
                return Err(error::analyzing(format!(
                    "Operation CREATE ROLE failed for {name} : role already exists"
                )));
            }
        }
        self.authorized()?;
        if names.iter().any(|name| self.roles.id(name).is_some()) {
            return Ok(done());
        }
        for name in names {
            let id = RoleId::try_from(self.new_id()).unwrap_or(RoleId::MAX);
            self.roles.add(id, name, comment);
        }
        Ok(done())
    }

    pub fn comment_roles(
        &mut self,
        names: &[String],
        if_exists: bool,
        comment: &str,
    ) -> Result<Answer, SqlError> {
        self.authorized()?;
        let mut ids = Vec::new();
        for name in names {
            match self.roles.id(name) {
                None if if_exists => {}
                None => return Err(SqlError::plain(format!("{name} doesn't exist"))),
                Some(id) if !is_mutable(id) => {
                    return Err(SqlError::plain(format!("{name} is immutable")));
                }
                Some(id) => ids.push(id),
            }
        }
        for id in ids {
            if let Some(role) = self.roles.get_mut(id) {
                role.comment = Some(comment.to_owned());
            }
        }
        Ok(done())
    }

    /// With IF EXISTS, one role of the list that does not exist keeps all the others.
    pub fn drop_roles(&mut self, names: &[String], if_exists: bool) -> Result<Answer, SqlError> {
        for name in names {
            check_role_name(name)?;
            if self.roles.id(name).is_none() && !if_exists {
                return Err(error::analyzing(format!(
                    "Operation DROP ROLE failed for {name} : role not exists"
                )));
            }
        }
        self.authorized()?;
        let ids: Option<Vec<RoleId>> = names.iter().map(|name| self.roles.id(name)).collect();
        let Some(ids) = ids else {
            return Ok(done());
        };
        if let Some(index) = ids.iter().position(|id| is_builtin(*id)) {
            return Err(SqlError::plain(format!(
                "role {} cannot be dropped!",
                names[index]
            )));
        }
        ids.into_iter().for_each(|id| self.roles.remove(id));
        Ok(done())
    }

    pub fn grant_roles(
        &mut self,
        session: &Session,
        names: &[String],
        to: &Grantee,
    ) -> Result<Answer, SqlError> {
        let ids = self.roles_and_grantee(names, to)?;
        guard_highest(session, names)?;
        self.authorized()?;
        let failed = |message: String| SqlError::plain(format!("failed to grant role: {message}"));
        if ids.contains(&PUBLIC) {
            return Err(failed(no_effect("Granting")));
        }
        match to {
            Grantee::User(user) => {
                let owned = self.users.get(user).map(|user| user.roles.clone());
                let mut owned = owned.unwrap_or_default();
                owned.extend(&ids);
                let total = self.roles.with_parents(owned.iter().copied()).len();
                if total > MAX_ROLES {
                    return Err(failed(format!(
                        "{} has total {total} predecessor roles > {MAX_ROLES}!",
                        identity(user)
                    )));
                }
                if let Some(user) = self.users.get_mut(user) {
                    user.roles = owned;
                }
            }
            Grantee::Role(name) => {
                for (id, parent) in ids.iter().zip(names) {
                    self.inherit(name, *id, parent).map_err(failed)?;
                }
            }
        }
        Ok(done())
    }

    /// Gives a role the privileges of another.
    fn inherit(&mut self, name: &str, parent: RoleId, parent_name: &str) -> Result<(), String> {
        let id = self
            .roles
            .id(name)
            .ok_or_else(|| format!("Role {name} doesn't exist!"))?;
        // A role is among its own predecessors here: granted to itself it is refused too.
        if self.roles.with_parents([parent]).contains(&id) {
            return Err(format!(
                "role {name}[{id}] is already a predecessor role of {parent_name}[{parent}]"
            ));
        }
        if !is_mutable(id) {
            return Err(format!("role {name} is not mutable!"));
        }
        let parents = |cluster: &mut Cluster| {
            cluster
                .roles
                .get_mut(id)
                .map(|role| role.parents.insert(parent))
        };
        parents(self);
        if let Some((top, depth)) = self.roles.too_deep() {
            if let Some(role) = self.roles.get_mut(id) {
                role.parents.remove(&parent);
            }
            let top_name = self.roles.get(top).map_or("", |role| role.name.as_str());
            return Err(format!(
                "role inheritance depth for {top_name}[{top}] is {depth} > 16"
            ));
        }
        Ok(())
    }

    pub fn revoke_roles(
        &mut self,
        session: &Session,
        names: &[String],
        from: &Grantee,
    ) -> Result<Answer, SqlError> {
        let ids = self.roles_and_grantee(names, from)?;
        guard_highest(session, names)?;
        let from_root = matches!(from, Grantee::User(user) if user == "root");
        if from_root && names.iter().any(|name| name == "root") {
            return Err(protected("Can not revoke root role from root user"));
        }
        self.authorized()?;
        let failed = |message: String| SqlError::plain(format!("failed to revoke role: {message}"));
        if ids.contains(&PUBLIC) {
            return Err(failed(no_effect("Revoking")));
        }
        match from {
            Grantee::User(user) => {
                if let Some(user) = self.users.get_mut(user) {
                    for id in &ids {
                        user.roles.remove(id);
                        user.default_roles.remove(id);
                    }
                }
            }
            Grantee::Role(name) => {
                let id = self.roles.id(name).filter(|id| is_mutable(*id));
                let role = id.and_then(|id| self.roles.get_mut(id));
                let role = role.ok_or_else(|| failed(format!("role {name} is not mutable!")))?;
                ids.iter().for_each(|id| {
                    role.parents.remove(id);
                });
            }
        }
        Ok(done())
    }

    fn roles_and_grantee(
        &self,
        names: &[String],
        grantee: &Grantee,
    ) -> Result<Vec<RoleId>, SqlError> {
        match grantee {
            Grantee::User(user) => self.known_user(user)?,
            Grantee::Role(role) => {
                self.known_role(role, "Can not granted/revoke role to/from role")?;
            }
        }
        names
            .iter()
            .map(|name| self.known_role(name, "Can not granted/revoke role to/from user"))
            .collect()
    }

    pub fn set_role(
        &mut self,
        session: &mut Session,
        choice: &RoleChoice,
    ) -> Result<Answer, SqlError> {
        let named = match choice {
            RoleChoice::Named(names) | RoleChoice::All { except: names } => names.as_slice(),
            RoleChoice::Default | RoleChoice::None => &[],
        };
        for name in named {
            self.known_role(name, "Cannot set role")?;
        }
        let owned = self.owned_roles(&session.user);
        let mut chosen = RoleIds::new();
        for name in named {
            let id = self.roles.id(name).filter(|id| owned.contains(id));
            chosen.insert(id.ok_or_else(|| {
                SqlError::plain(format!(
                    "Role {name} is not granted to {}",
                    identity(&session.user)
                ))
            })?);
        }
        session.roles = match choice {
            RoleChoice::Named(_) => chosen,
            RoleChoice::All { .. } => owned.difference(&chosen).copied().collect(),
            RoleChoice::None => RoleIds::new(),
            RoleChoice::Default => {
                let default = self
                    .users
                    .get(&session.user)
                    .map(|user| &user.default_roles);
                default.into_iter().flatten().copied().collect()
            }
        };
        Ok(done())
    }

    /// Of the next login: the sessions that are open keep their roles.
    pub fn set_default_role(
        &mut self,
        user: &str,
        choice: &RoleChoice,
    ) -> Result<Answer, SqlError> {
        self.known_user(user)?;
        let owned = self.owned_roles(user);
        let roles = match choice {
            RoleChoice::All { .. } => owned,
            RoleChoice::Named(names) => {
                let mut chosen = RoleIds::new();
                for name in names {
                    let id = self.known_role(name, "Cannot set role")?;
                    if !owned.contains(&id) {
                        return Err(error::analyzing(format!(
                            "Role {name} is not granted to {}",
                            identity(user)
                        )));
                    }
                    chosen.insert(id);
                }
                chosen
            }
            RoleChoice::None | RoleChoice::Default => RoleIds::new(),
        };
        self.authorized()?;
        if let Some(user) = self.users.get_mut(user) {
            user.default_roles = roles;
        }
        Ok(done())
    }

    /// Those that still exist.
    fn owned_roles(&self, user: &str) -> RoleIds {
        let owned = self.users.get(user).map(|user| &user.roles);
        owned
            .into_iter()
            .flatten()
            .copied()
            .filter(|id| self.roles.get(*id).is_some())
            .collect()
    }
}

/// Only the user root passes these on (`sql/analyzer/AuthorizerStmtVisitor.visitGrantRoleStatement`; REVOKE has the same words).
fn guard_highest(session: &Session, names: &[String]) -> Result<(), SqlError> {
    let highest = names
        .iter()
        .any(|name| name == "root" || name == "cluster_admin");
    if highest && session.user != "root" {
        return Err(protected(
            "Can not grant root or cluster_admin role except root user",
        ));
    }
    Ok(())
}

fn no_effect(verb: &str) -> String {
    format!(
        "{verb} role PUBLIC has no effect.  Every user and role has role PUBLIC implicitly granted."
    )
}
