//! GRANT and REVOKE of privileges (`sql/analyzer/AuthorizationAnalyzer.java`, `authorization/AuthorizationMgr.java`).

use crate::answer::{Answer, SqlError};
use crate::ast::{Access, Grantee, PrivilegeClause};
use crate::engine::access::grants::{Grants, NoSuchGrant};
use crate::engine::access::privilege::{Kind, Privilege, Privileges};
use crate::engine::access::roles::is_mutable;
use crate::engine::cluster::Cluster;
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::session::Session;

impl Cluster {
    pub fn change_access(
        &mut self,
        session: &mut Session,
        access: &Access,
    ) -> Result<Answer, SqlError> {
        match access {
            Access::Grant(clause) => self.grant_or_revoke(session, clause, false),
            Access::Revoke(clause) => self.grant_or_revoke(session, clause, true),
            Access::GrantRoles { roles, to } => self.grant_roles(session, roles, to),
            Access::RevokeRoles { roles, from } => self.revoke_roles(session, roles, from),
            Access::CreateRoles {
                names,
                if_not_exists,
                comment,
            } => self.create_roles(names, *if_not_exists, comment.as_deref()),
            Access::CommentRoles {
                names,
                if_exists,
                comment,
            } => self.comment_roles(names, *if_exists, comment),
            Access::DropRoles { names, if_exists } => self.drop_roles(names, *if_exists),
            Access::SetRole(choice) => self.set_role(session, choice),
            Access::SetDefaultRole { user, choice } => self.set_default_role(user, choice),
        }
    }

    fn grant_or_revoke(
        &mut self,
        session: &Session,
        clause: &PrivilegeClause,
        revoke: bool,
    ) -> Result<Answer, SqlError> {
        match &clause.grantee {
            Grantee::User(user) => self.known_user(user)?,
            Grantee::Role(role) => {
                self.known_role(role, "Can not grant/revoke to role")?;
            }
        }
        let kind = Kind::named(&clause.kind).ok_or_else(|| {
            error::analyzing(format!("cannot find privilege object type {}", clause.kind))
        })?;
        if kind == Kind::Pipe {
            return Err(error::not_modelled("privileges on pipes"));
        }
        let objects = self.objects_of(session, kind, clause)?;
        let privileges = privileges_of(kind, &clause.privileges)?;
        if self.denial.is_some() && self.may_pass_on(session, kind, privileges, &objects) {
            self.denial = None;
        }
        self.authorized()?;
        for object in &objects {
            // Printed before the collection is borrowed.
            let text = self.object_text(kind, object).unwrap_or_default();
            let grants = self.grants_of(&clause.grantee).map_err(|message| {
                SqlError::plain(if revoke {
                    message
                } else {
                    format!("failed to grant: {message}")
                })
            })?;
            if !revoke {
                grants.grant(kind, object, privileges, clause.grant_option);
                continue;
            }
            grants
                .revoke(kind, object, privileges)
                .map_err(|NoSuchGrant| {
                    let place = if object.is_fuzzy() {
                        text
                    } else {
                        format!("{} {text}", kind.name())
                    };
                    SqlError::plain(format!("There is no such grant defined on {place}"))
                })?;
        }
        Ok(done())
    }

    fn grants_of(&mut self, grantee: &Grantee) -> Result<&mut Grants, String> {
        match grantee {
            Grantee::User(user) => self
                .users
                .get_mut(user)
                .map(|user| &mut user.grants)
                .ok_or_else(|| format!("cannot find user {user}")),
            Grantee::Role(name) => {
                let id = self.roles.id(name).filter(|id| is_mutable(*id));
                id.and_then(|id| self.roles.get_mut(id))
                    .map(|role| &mut role.grants)
                    .ok_or_else(|| format!("role {name} is not mutable!"))
            }
        }
    }
}

fn privileges_of(kind: Kind, names: &[String]) -> Result<Privileges, SqlError> {
    let mut list: Vec<Privilege> = Vec::new();
    for name in names {
        if name == "ALL" {
            list.extend(kind.privileges());
            continue;
        }
        let privilege = Privilege::named(name)
            .ok_or_else(|| error::analyzing(format!("cannot find privilege type {name}")))?;
        if !kind.privileges().contains(&privilege) {
            return Err(error::analyzing(format!(
                "Cannot grant or revoke {name} on '{}' type object",
                kind.name()
            )));
        }
        list.push(privilege);
    }
    // DefaultAuthorizationProvider.validateGrant: this also refuses ALL.
    if kind == Kind::System
        && let Some(bad) = [Privilege::Grant, Privilege::Node]
            .into_iter()
            .find(|bad| list.contains(bad))
    {
        return Err(error::analyzing(format!(
            "Operation not permitted, '{}' cannot be granted to user or role directly, use built-in role instead",
            bad.name()
        )));
    }
    Ok(Privileges::of(&list))
}
