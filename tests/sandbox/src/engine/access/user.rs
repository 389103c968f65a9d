//! Users (`sql/analyzer/AuthenticationAnalyzer.java`, `authentication/AuthenticationMgr.java`).

use sha1::{Digest, Sha1};

use crate::answer::{Answer, SqlError};
use crate::engine::access::require::protected;
use crate::engine::access::resolve::identity;
use crate::engine::access::roles::RoleIds;
use crate::engine::cluster::{Cluster, User};
use crate::engine::create::done;
use crate::engine::error;
use crate::engine::session::Session;

impl Cluster {
    /// The default roles are granted too. A user who exists already is left as it is.
    pub fn create_user(
        &mut self,
        session: &Session,
        user: &str,
        if_not_exists: bool,
        password: Option<&str>,
        default_roles: &[String],
    ) -> Result<Answer, SqlError> {
        check_user_name(user)?;
        let exists = self.users.contains_key(user);
        if exists && !if_not_exists {
            return Err(error::analyzing(format!(
                "Operation CREATE USER failed for {} : user already exists",
                identity(user)
            )));
        }
        let roles: RoleIds = default_roles
            .iter()
            .map(|role| self.known_role(role, "Valid role name fail"))
            .collect::<Result<_, _>>()?;
        guard_root(session, user)?;
        self.authorized()?;
        if !exists {
            let user_made = User {
                roles: roles.clone(),
                default_roles: roles,
                ..User::with_password(password.and_then(stored_password))
            };
            self.users.insert(user.to_owned(), user_made);
        }
        Ok(done())
    }

    /// Needs GRANT on SYSTEM even for oneself, unlike SET PASSWORD.
    pub fn alter_user(
        &mut self,
        session: &Session,
        user: &str,
        if_exists: bool,
        password: &str,
    ) -> Result<Answer, SqlError> {
        let exists = self.users.contains_key(user);
        if !exists && !if_exists {
            return Err(error::analyzing(format!(
                "Operation ALTER USER failed for {} : user not exists",
                identity(user)
            )));
        }
        guard_root(session, user)?;
        self.authorized()?;
        if let Some(user) = self.users.get_mut(user) {
            user.password = stored_password(password);
        }
        Ok(done())
    }

    pub fn drop_user(&mut self, user: &str, if_exists: bool) -> Result<Answer, SqlError> {
        if !self.users.contains_key(user) && !if_exists {
            return Err(error::analyzing(format!(
                "Operation DROP USER failed for {} : user not exists",
                identity(user)
            )));
        }
        if user == "root" {
            return Err(error::analyzing(
                "Operation DROP USER failed for 'root'@'%' : cannot drop user 'root'@'%'",
            ));
        }
        self.authorized()?;
        self.users.remove(user);
        Ok(done())
    }

    pub fn set_password(
        &mut self,
        session: &Session,
        user: Option<&str>,
        password: &str,
    ) -> Result<Answer, SqlError> {
        let name = user.unwrap_or(&session.user);
        if !self.users.contains_key(name) {
            return Err(error::analyzing(format!(
                "cannot find user {}",
                identity(name)
            )));
        }
        if name == "root" && session.user != "root" {
            return Err(protected(
                "Can not set password for root user, except root itself",
            ));
        }
        self.authorized()?;
        if let Some(user) = self.users.get_mut(name) {
            user.password = stored_password(password);
        }
        Ok(done())
    }
}

fn guard_root(session: &Session, user: &str) -> Result<(), SqlError> {
    if user == "root" && session.user != "root" {
        Err(protected("Can not modify root user, except root itself"))
    } else {
        Ok(())
    }
}

/// `sql/analyzer/FeNameFormat.checkUserName`
fn check_user_name(user: &str) -> Result<(), SqlError> {
    let name = user.split('@').next().unwrap_or_default();
    let pattern = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let stem = name.trim_start_matches(pattern);
    let tail = stem.strip_prefix('/').unwrap_or(stem);
    let fits = name.starts_with(pattern)
        && name.len() <= 64
        && tail.chars().all(|c| pattern(c) || c == '.' || c == '-');
    if fits {
        Ok(())
    } else {
        Err(error::analyzing(format!("invalid user name: {name}")))
    }
}

/// SHA1(SHA1(password)), what mysql_native_password keeps; an empty password is none. A `*` with 40 hex digits is already hashed.
fn stored_password(password: &str) -> Option<[u8; 20]> {
    if password.is_empty() {
        return None;
    }
    if let Some(digits) = password
        .strip_prefix('*')
        .filter(|digits| digits.len() == 40)
    {
        let mut bytes = [0; 20];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(digits.get(index * 2..index * 2 + 2)?, 16).ok()?;
        }
        return Some(bytes);
    }
    Some(Sha1::digest(Sha1::digest(password)).into())
}
