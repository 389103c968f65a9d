//! GRANT, REVOKE and roles, read for their shape only: the sandbox enforces nothing yet.

use crate::ast::Statement;
use crate::parser::cursor::{Cursor, Parsed};
use crate::parser::token::Kind;

impl Cursor<'_> {
    /// `GRANT privilege, … ON kind name TO [ROLE|USER] who [WITH GRANT OPTION]`, `GRANT role, … TO …`, and REVOKE … FROM
    pub fn grant_or_revoke(&mut self) -> Parsed<Statement> {
        let revoke = self.is("REVOKE");
        self.bump();
        let towards = if revoke { "FROM" } else { "TO" };
        self.list(|cursor| cursor.words_until(&["ON", towards, ","]))?;
        if self.take("ON") {
            self.list(|cursor| cursor.words_until(&[towards, ","]))?;
        }
        self.expect(towards)?;
        self.list(Cursor::grantee)?;
        if !revoke && self.take("WITH") {
            self.expect_run(&["GRANT", "OPTION"])?;
        }
        Ok(self.privilege())
    }

    /// After CREATE: `ROLE [IF NOT EXISTS] name, … [COMMENT '…']`
    pub fn create_role(&mut self) -> Parsed<Statement> {
        self.expect("ROLE")?;
        self.if_not_exists();
        self.list(Cursor::name_or_string)?;
        if self.take("COMMENT") {
            self.string()?;
        }
        Ok(self.privilege())
    }

    /// After DROP: `ROLE [IF EXISTS] name, …`
    pub fn drop_role(&mut self) -> Parsed<Statement> {
        self.expect("ROLE")?;
        self.if_exists();
        self.list(Cursor::name_or_string)?;
        Ok(self.privilege())
    }

    /// After SET: `ROLE choice` or `DEFAULT ROLE choice TO user`
    pub fn set_role(&mut self) -> Parsed<Statement> {
        let default = self.take("DEFAULT");
        self.expect("ROLE")?;
        self.role_choice()?;
        if default {
            self.expect("TO")?;
            self.user()?;
        }
        Ok(self.privilege())
    }

    /// `ALL [EXCEPT role, …]`, `NONE`, `DEFAULT` or roles
    pub fn role_choice(&mut self) -> Parsed<()> {
        if self.take("DEFAULT") {
            return Ok(());
        }
        if !self.take("ALL") {
            return self.list(Cursor::name_or_string).map(|_| ());
        }
        if self.take("EXCEPT") {
            self.list(Cursor::name_or_string)?;
        }
        Ok(())
    }

    pub fn privilege(&self) -> Statement {
        let to = self
            .between(0, self.position())
            .last()
            .map_or(0, |token| token.end());
        Statement::Privilege {
            text: self.text()[..to].trim_start().to_owned(),
        }
    }

    fn grantee(&mut self) -> Parsed<()> {
        let role = self.is("ROLE") && self.peek_at(1).kind != Kind::End;
        if role || (self.is("USER") && self.peek_at(1).kind != Kind::End) {
            self.bump();
        }
        self.user().map(|_| ())
    }

    /// At least one word, string, dot or star.
    fn words_until(&mut self, ends: &[&str]) -> Parsed<()> {
        let from = self.position();
        loop {
            let token = self.peek();
            let known = matches!(
                token.kind,
                Kind::Word | Kind::Quoted | Kind::Text | Kind::Symbol('.' | '*' | '@' | '(' | ')')
            );
            if !known || ends.iter().any(|end| token.is_word(end)) {
                break;
            }
            self.bump();
        }
        if self.position() == from {
            Err(self.no_viable())
        } else {
            Ok(())
        }
    }
}
