//! Users and their passwords.

use crate::answer::SqlError;
use crate::ast::{Access, Statement};
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::token::Kind;

impl Cursor<'_> {
    /// After CREATE: `USER [IF NOT EXISTS] user [IDENTIFIED BY 'password'] [DEFAULT ROLE role, …]`
    pub fn create_user(&mut self) -> Parsed<Statement> {
        self.expect("USER")?;
        let if_not_exists = self.if_not_exists();
        let user = self.user()?;
        let password = if self.is("IDENTIFIED") {
            Some(self.identified_by()?)
        } else {
            None
        };
        let default_roles = if self.take_run(&["DEFAULT", "ROLE"]) {
            self.list(Cursor::name_or_string)?
        } else {
            Vec::new()
        };
        if self.is("PROPERTIES") {
            return Err(error_of_properties());
        }
        Ok(Statement::CreateUser {
            user,
            if_not_exists,
            password,
            default_roles,
        })
    }

    /// After ALTER: `USER [IF EXISTS] user IDENTIFIED BY 'password'` or `USER user DEFAULT ROLE …`
    pub fn alter_user(&mut self) -> Parsed<Statement> {
        self.expect("USER")?;
        let if_exists = self.if_exists();
        let user = self.user()?;
        if self.take_run(&["DEFAULT", "ROLE"]) {
            let choice = self.default_roles()?;
            return Ok(Statement::Access(Access::SetDefaultRole { user, choice }));
        }
        if self.is_run(&["SET", "PROPERTIES"]) {
            return Err(error_of_properties());
        }
        let password = self.identified_by()?;
        Ok(Statement::AlterUser {
            user,
            if_exists,
            password,
        })
    }

    /// After SET: `PASSWORD [FOR user] = PASSWORD('…')`. The bare string StarRocks also takes is a scrambled password, which is of no use here.
    pub fn set_password(&mut self) -> Parsed<Statement> {
        self.expect("PASSWORD")?;
        let user = if self.take("FOR") {
            Some(self.user()?)
        } else {
            None
        };
        self.expect_symbol('=')?;
        self.expect("PASSWORD")?;
        self.expect_symbol('(')?;
        let password = self.string()?;
        self.expect_symbol(')')?;
        Ok(Statement::SetPassword { user, password })
    }

    /// `name` or `name@host`; a host of `%` is not kept. Either part may be a string.
    pub fn user(&mut self) -> Parsed<String> {
        let name = self.name_or_string()?;
        if !self.take_symbol('@') {
            return Ok(name);
        }
        let host = self.name_or_string()?;
        Ok(if host == "%" {
            name
        } else {
            format!("{name}@{host}")
        })
    }

    fn identified_by(&mut self) -> Parsed<String> {
        self.expect_run(&["IDENTIFIED", "BY"])?;
        if self.is("PASSWORD") && self.peek_at(1).kind == Kind::Text {
            return Err(self.no_viable());
        }
        self.string()
    }
}

/// `max_user_connections`, `catalog`, `database`, `session.…` (`authentication/UserProperty.java`).
fn error_of_properties() -> SqlError {
    SqlError::plain("not modelled by this sandbox: properties of a user")
}
