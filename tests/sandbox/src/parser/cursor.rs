//! A place in a statement's tokens, and the refusals for what stands there.
//!
//! `take_*` moves on if the thing is there, `expect_*` refuses if it is not. Refusals are worded as `sql/parser/ErrorHandler.java`,
//! `sql/parser/ParsingException.java` and `sql/common/ParserErrorMsg.java` do.

use std::str::FromStr;

use crate::answer::SqlError;
use crate::ast::ObjectName;
use crate::parser::keyword::{is_reserved, similar_beginnings};
use crate::parser::literal::{bare, unquote};
use crate::parser::token::{Kind, Lexer, Token};
use crate::release::Release;

/// Session variable `parse_tokens_limit` (`qe/SessionVariable.java`).
const TOKENS_LIMIT: usize = 3_500_000;

pub type Parsed<T> = Result<T, SqlError>;

pub struct Cursor<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
    release: Release,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str, release: Release) -> Parsed<Cursor<'a>> {
        let mut lexer = Lexer::new(text);
        let mut tokens = Vec::with_capacity(text.len() / 4 + 1);
        loop {
            let token = lexer.token();
            tokens.push(token);
            if token.kind == Kind::End {
                return Ok(Cursor {
                    text,
                    tokens,
                    at: 0,
                    release,
                });
            }
            if tokens.len() > TOKENS_LIMIT {
                let message = "Statement exceeds maximum length limit, please consider modify 'parse_tokens_limit' session variable";
                return Err(syntax_error(None, message));
            }
        }
    }

    /// Whose grammar this is.
    pub fn release(&self) -> Release {
        self.release
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    pub fn position(&self) -> usize {
        self.at
    }

    pub fn rewind(&mut self, position: usize) {
        self.at = position.min(self.tokens.len() - 1);
    }

    pub fn peek(&self) -> Token<'a> {
        self.peek_at(0)
    }

    pub fn peek_at(&self, ahead: usize) -> Token<'a> {
        self.tokens[(self.at + ahead).min(self.tokens.len() - 1)]
    }

    pub fn between(&self, from: usize, to: usize) -> &[Token<'a>] {
        &self.tokens[from..to]
    }

    pub fn bump(&mut self) -> Token<'a> {
        let token = self.peek();
        self.rewind(self.at + 1);
        token
    }

    pub fn is_end(&self) -> bool {
        self.peek().kind == Kind::End
    }

    pub fn is(&self, word: &str) -> bool {
        self.peek().is_word(word)
    }

    pub fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    pub fn is_run(&self, words: &[&str]) -> bool {
        words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.peek_at(ahead).is_word(word))
    }

    pub fn is_symbol(&self, symbol: char) -> bool {
        self.peek().is_symbol(symbol)
    }

    pub fn take(&mut self, word: &str) -> bool {
        let found = self.is(word);
        self.at += usize::from(found);
        found
    }

    pub fn take_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.take(word))
    }

    /// All of the words in this order, or none.
    pub fn take_run(&mut self, words: &[&str]) -> bool {
        let found = self.is_run(words);
        self.at += if found { words.len() } else { 0 };
        found
    }

    pub fn take_symbol(&mut self, symbol: char) -> bool {
        let found = self.is_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    pub fn expect(&mut self, word: &str) -> Parsed<()> {
        if self.take(word) {
            Ok(())
        } else {
            Err(self.unexpected(&[word]))
        }
    }

    pub fn expect_run(&mut self, words: &[&str]) -> Parsed<()> {
        words.iter().try_for_each(|word| self.expect(word))
    }

    pub fn expect_any(&mut self, words: &[&str]) -> Parsed<()> {
        if self.take_any(words) {
            Ok(())
        } else {
            Err(self.unexpected(words))
        }
    }

    pub fn expect_symbol(&mut self, symbol: char) -> Parsed<()> {
        if self.take_symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected(&[symbol.encode_utf8(&mut [0; 4])]))
        }
    }

    pub fn expect_end(&self) -> Parsed<()> {
        if self.is_end() {
            Ok(())
        } else {
            Err(self.refuse_token("{<EOF>, ';'}"))
        }
    }

    pub fn is_name(&self) -> bool {
        self.is_name_at(0)
    }

    pub fn is_name_at(&self, ahead: usize) -> bool {
        let token = self.peek_at(ahead);
        token.kind == Kind::Quoted || (token.kind == Kind::Word && !is_reserved(token.text))
    }

    /// An identifier, quotes removed.
    pub fn name(&mut self) -> Parsed<String> {
        if !self.is_name() {
            return Err(self.refuse_token("{a legal identifier}"));
        }
        let token = self.bump();
        Ok(if token.kind == Kind::Quoted {
            bare(token.text)
        } else {
            token.text.to_owned()
        })
    }

    pub fn string(&mut self) -> Parsed<String> {
        if self.peek().kind != Kind::Text {
            return Err(self.refuse_token("{SINGLE_QUOTED_TEXT, DOUBLE_QUOTED_TEXT}"));
        }
        Ok(unquote(self.bump().text))
    }

    pub fn name_or_string(&mut self) -> Parsed<String> {
        if self.peek().kind == Kind::Text {
            self.string()
        } else {
            self.name()
        }
    }

    pub fn integer<T: FromStr>(&mut self) -> Parsed<T> {
        let token = self.peek();
        let value = (token.kind == Kind::Number)
            .then(|| token.text.parse().ok())
            .flatten();
        let value = value.ok_or_else(|| self.refuse_token("{INTEGER_VALUE}"))?;
        self.bump();
        Ok(value)
    }

    /// `name`, `database.name` or `default_catalog.database.name`: this cluster has no other catalog.
    pub fn object_name(&mut self) -> Parsed<ObjectName> {
        let mut parts = vec![self.name()?];
        while self.take_symbol('.') {
            parts.push(self.name()?);
        }
        if parts.len() == 3 {
            let catalog = parts.remove(0);
            if catalog != "default_catalog" {
                // ErrorCode.ERR_BAD_CATALOG_ERROR
                return Err(SqlError::plain(format!(
                    "Getting analyzing error. Detail message: Unknown catalog '{catalog}'."
                )));
            }
        }
        if parts.len() > 2 {
            return Err(syntax_error(
                None,
                &format!("Invalid table name format '{}'", parts.join(".")),
            ));
        }
        let name = parts.pop().unwrap_or_default();
        Ok(ObjectName {
            database: parts.pop(),
            name,
        })
    }

    /// `item {, item}`
    pub fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Cursor<'a>) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.take_symbol(',') {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// `(item {, item})`
    pub fn in_brackets<T>(
        &mut self,
        item: impl FnMut(&mut Cursor<'a>) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        self.expect_symbol('(')?;
        let items = self.list(item)?;
        self.expect_symbol(')')?;
        Ok(items)
    }

    pub fn names(&mut self) -> Parsed<Vec<String>> {
        self.in_brackets(Cursor::name)
    }

    /// `("key" = "value", …)`: both sides must be strings.
    pub fn property_list(&mut self) -> Parsed<Vec<(String, String)>> {
        self.in_brackets(|cursor| {
            let key = cursor.string()?;
            cursor.expect_symbol('=')?;
            Ok((key, cursor.string()?))
        })
    }

    /// `[PROPERTIES (…)]`
    pub fn properties(&mut self) -> Parsed<Vec<(String, String)>> {
        if self.take("PROPERTIES") {
            self.property_list()
        } else {
            Ok(Vec::new())
        }
    }

    pub fn if_exists(&mut self) -> bool {
        self.take_run(&["IF", "EXISTS"])
    }

    pub fn if_not_exists(&mut self) -> bool {
        self.take_run(&["IF", "NOT", "EXISTS"])
    }

    /// `[PARTITION[S] (p, …)]` or `[PARTITION p]`, names quoted as identifiers or as strings. Also says whether they are temporary.
    pub fn partitions(&mut self) -> Parsed<(bool, Vec<String>)> {
        let temporary = self.is("TEMPORARY")
            && (self.peek_at(1).is_word("PARTITION") || self.peek_at(1).is_word("PARTITIONS"));
        self.at += usize::from(temporary);
        if !self.take_any(&["PARTITION", "PARTITIONS"]) {
            return Ok((false, Vec::new()));
        }
        let names = if self.is_symbol('(') {
            self.in_brackets(Cursor::name_or_string)?
        } else {
            vec![self.name_or_string()?]
        };
        Ok((temporary, names))
    }

    /// Moves to the first token outside brackets for which `stop` holds, or to the end or a closing bracket too many.
    pub fn skip_until(&mut self, stop: impl Fn(&Token<'a>) -> bool) {
        let mut depth = 0_usize;
        loop {
            let token = self.peek();
            match token.kind {
                Kind::End => return,
                _ if depth == 0 && stop(&token) => return,
                Kind::Symbol('(' | '[') => depth += 1,
                Kind::Symbol(')' | ']') if depth == 0 => return,
                Kind::Symbol(')' | ']') => depth -= 1,
                _ => {}
            }
            self.bump();
        }
    }

    /// `Unexpected input 'X', the most similar input is {'A', 'B'}.`
    pub fn unexpected(&self, wanted: &[&str]) -> SqlError {
        let wanted: Vec<String> = wanted.iter().map(|word| format!("'{word}'")).collect();
        self.refuse_token(&format!("{{{}}}", wanted.join(", ")))
    }

    fn refuse_token(&self, wanted: &str) -> SqlError {
        let token = self.peek();
        if token.kind == Kind::Broken {
            return self.no_viable();
        }
        let text = if token.kind == Kind::End {
            "<EOF>"
        } else {
            token.text
        };
        self.refuse(&format!(
            "Unexpected input '{text}', the most similar input is {wanted}"
        ))
    }

    /// `No viable statement for input '…'.`: what was read so far and the token that fits no rule.
    pub fn no_viable(&self) -> SqlError {
        let start = self.tokens[0].start;
        self.refuse(&format!(
            "No viable statement for input '{}'",
            self.text[start..self.peek().end()].trim_end()
        ))
    }

    /// No statement begins with this word.
    pub fn no_statement(&self) -> SqlError {
        let near = similar_beginnings(self.peek().text);
        self.unexpected(&[near.as_slice(), &["(", ";"]].concat())
    }

    /// A syntax error at the current token.
    pub fn refuse(&self, detail: &str) -> SqlError {
        syntax_error(Some(self.line_and_column(self.peek().start)), detail)
    }

    /// Lines from 1, columns from 0, in characters, as ANTLR counts.
    pub fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count(),
        )
    }
}

/// `sql/parser/ParsingException.java`: 1064 with the place, if there is one.
pub fn syntax_error(place: Option<(usize, usize)>, detail: &str) -> SqlError {
    let place = place
        .map(|(line, column)| format!(" at line {line}, column {column}"))
        .unwrap_or_default();
    SqlError::plain(format!(
        "Getting syntax error{place}. Detail message: {detail}."
    ))
}
