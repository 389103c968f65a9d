//! Queries and expressions, which sqlparser reads.
//!
//! The words go over one by one with comments blanked out (MySQL would run `/*! … */`, StarRocks does not) and the few StarRocks spellings
//! it does not know rewritten at equal length, so that places in its refusals still hold.

use sqlparser::ast as sql;
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token as SqlToken;

use crate::answer::SqlError;
use crate::parser::cursor::{Cursor, Parsed, syntax_error};
use crate::parser::token::{Kind, Token};

/// FE config `expr_children_limit` (`common/Config.java`): items of a list, rows of an INSERT.
pub const CHILDREN_LIMIT: usize = 10_000;

impl<'a> Cursor<'a> {
    /// A query that ends at `stop`, outside brackets, or at the end.
    pub fn query_until(&mut self, stop: impl Fn(&Token<'a>) -> bool) -> Parsed<Box<sql::Query>> {
        let query = self.hand_over(stop, |parser| parser.parse_query())?;
        if has_surplus(&query) {
            return Err(self.no_viable());
        }
        Ok(query)
    }

    /// An expression that ends at `stop`, outside brackets, or at the end.
    pub fn expression_until(&mut self, stop: impl Fn(&Token<'a>) -> bool) -> Parsed<sql::Expr> {
        self.hand_over(stop, |parser| parser.parse_expr())
    }

    fn hand_over<T>(
        &mut self,
        stop: impl Fn(&Token<'a>) -> bool,
        read: impl Fn(&mut Parser) -> Result<T, ParserError>,
    ) -> Parsed<T> {
        let from = self.position();
        self.skip_until(stop);
        let to = self.position();
        if from == to {
            return Err(self.no_viable());
        }
        self.within_limits(from, to)?;
        let place = self.line_and_column(self.between(from, to)[0].start);
        let text = respell(self.text(), self.between(from, to));
        let end = self.line_and_column(self.peek().start);
        let mut parser = Parser::new(&MySqlDialect {})
            .with_recursion_limit(100)
            .try_with_sql(&text)
            .map_err(|error| reword(&error, place, end))?;
        let tree = read(&mut parser).map_err(|error| reword(&error, place, end))?;
        let next = parser.peek_token();
        if next.token == SqlToken::EOF {
            return Ok(tree);
        }
        let (line, column) = moved(
            place,
            u64_to_usize(next.span.start.line),
            u64_to_usize(next.span.start.column),
        );
        Err(syntax_error(
            Some((line, column)),
            &format!(
                "Unexpected input '{}', the most similar input is {{<EOF>, ';'}}",
                next.token
            ),
        ))
    }

    /// Long chains of operators make trees as deep as they are long (`sql/parser/PostProcessListener.java`).
    fn within_limits(&self, from: usize, to: usize) -> Parsed<()> {
        let tokens = self.between(from, to);
        if let Some(broken) = tokens.iter().position(|token| token.kind == Kind::Broken) {
            return Err(syntax_error(
                Some(self.line_and_column(tokens[broken].start)),
                &format!("No viable statement for input '{}'", tokens[broken].text),
            ));
        }
        let (mut chain, mut list) = (0, 0);
        for token in tokens {
            match token.kind {
                Kind::Symbol(',') => list += 1,
                Kind::Symbol('+' | '-' | '*' | '/' | '%' | '|' | '&' | '^') => chain += 1,
                Kind::Word
                    if ["AND", "OR", "UNION", "JOIN", "EXCEPT", "INTERSECT"]
                        .iter()
                        .any(|word| token.is_word(word)) =>
                {
                    chain += 1
                }
                _ => {}
            }
        }
        let many = if chain > 3_000 { chain } else { list };
        if chain > 3_000 || list > CHILDREN_LIMIT * 10 {
            let message = format!(
                "The number of exprs are {many} exceeded the maximum limit {CHILDREN_LIMIT}, please consider modify 'expr_children_limit' in FE conf"
            );
            return Err(syntax_error(None, &message));
        }
        Ok(())
    }
}

/// What sqlparser reads for other databases' sake.
fn has_surplus(query: &sql::Query) -> bool {
    let into = matches!(query.body.as_ref(), sql::SetExpr::Select(select) if select.into.is_some());
    let trailing = query.fetch.is_some() || !query.locks.is_empty() || query.for_clause.is_some();
    into || trailing
        || query.settings.is_some()
        || query.format_clause.is_some()
        || !query.pipe_operators.is_empty()
}

/// The tokens' text with blanks for what lies between them.
fn respell(text: &str, tokens: &[Token<'_>]) -> String {
    let mut spelled = String::new();
    let mut end = tokens.first().map_or(0, |token| token.start);
    for (at, token) in tokens.iter().enumerate() {
        spelled.extend(
            text[end..token.start]
                .chars()
                .map(|c| if c == '\n' { c } else { ' ' }),
        );
        end = token.end();
        match (part_of_temporary(tokens, at), token.kind) {
            (Some(respelled), _) => spelled.push_str(respelled),
            (None, Kind::Word)
                if token.is_word("PARTITIONS")
                    && tokens.get(at + 1).is_some_and(|next| next.is_symbol('(')) =>
            {
                spelled.push_str("PARTITION ");
            }
            (None, Kind::Word)
                if token.is_word("MOD")
                    && !tokens.get(at + 1).is_some_and(|next| next.is_symbol('(')) =>
            {
                spelled.push_str(" % ");
            }
            (None, Kind::Word) if token.text.starts_with(|c: char| c.is_ascii_digit()) => {
                spelled.extend(["`", token.text, "`"]);
            }
            (None, _) => spelled.push_str(token.text),
        }
    }
    spelled
}

/// TEMPORARY PARTITION (p), which sqlparser does not know, as PARTITION (`$TEMP`, p): what the token there becomes.
fn part_of_temporary(tokens: &[Token<'_>], at: usize) -> Option<&'static str> {
    let place = (0..3).find(|back| {
        let three = at
            .checked_sub(*back)
            .and_then(|from| tokens.get(from..from + 3));
        three.is_some_and(|three| {
            three[0].is_word("TEMPORARY")
                && (three[1].is_word("PARTITION") || three[1].is_word("PARTITIONS"))
                && three[2].is_symbol('(')
        })
    })?;
    Some(match place {
        0 => "PARTITION",
        1 if tokens[at].is_word("PARTITIONS") => "(`$TEMP`, ",
        1 => "(`$TEMP`,",
        _ => " ",
    })
}

/// sqlparser's refusal in StarRocks' words. Its text is `Expected: X, found: Y at Line: l, Column: c`.
fn reword(error: &ParserError, place: (usize, usize), end: (usize, usize)) -> SqlError {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
        ParserError::RecursionLimitExceeded => "Expression nested too deeply",
    };
    let (detail, found_at) = match text.rsplit_once(" at Line: ") {
        Some((detail, at)) => (detail, at.split_once(", Column: ")),
        None => (text, None),
    };
    let at = found_at
        .and_then(|(line, column)| Some(moved(place, line.parse().ok()?, column.parse().ok()?)));
    let at = if detail.ends_with(", found: EOF") {
        Some(end)
    } else {
        at
    };
    let detail = match detail.rsplit_once(", found: ") {
        Some((_, "EOF")) => {
            "Unexpected input '<EOF>', the most similar input is {a legal identifier}".to_owned()
        }
        Some((_, found)) => {
            format!("Unexpected input '{found}', the most similar input is {{<EOF>, ';'}}")
        }
        None => detail.to_owned(),
    };
    syntax_error(Some(at.unwrap_or(place)), &detail)
}

/// sqlparser counts both from 1 and from where the query began.
fn moved(place: (usize, usize), line: usize, column: usize) -> (usize, usize) {
    let column = column.saturating_sub(1);
    (
        place.0 + line.saturating_sub(1),
        if line <= 1 { place.1 + column } else { column },
    )
}

fn u64_to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
