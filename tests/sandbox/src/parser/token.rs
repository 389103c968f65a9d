//! The words of a statement: StarRocksLex.g4 (`fe/fe-core/src/main/java/com/starrocks/sql/parser/StarRocksLex.g4`).
//!
//! [`Token`]s borrow from the text and know where they stand. Comments and hints are no tokens.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A bare identifier or a keyword.
    Word,
    /// `` `…` ``
    Quoted,
    /// `'…'` or `"…"`
    Text,
    Number,
    /// One character that is nothing else.
    Symbol(char),
    /// Something no token begins with, or a quote or comment that never ends.
    Broken,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    pub kind: Kind,
    /// As written, quotes included.
    pub text: &'a str,
    /// Bytes from the start of the statement.
    pub start: usize,
}

impl Token<'_> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub fn is_symbol(&self, symbol: char) -> bool {
        self.kind == Kind::Symbol(symbol)
    }
}

/// Reads tokens one after another; endless `End` after the last.
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// A dot directly before makes `db.2024` a name, not a fraction.
    after_name: bool,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Lexer<'a> {
        Lexer {
            text,
            at: 0,
            after_name: false,
        }
    }

    pub fn token(&mut self) -> Token<'a> {
        let whole = self.skip_blank();
        let start = self.at;
        let rest = &self.text[start..];
        let (kind, length) = if whole {
            self.measure(rest)
        } else {
            (Kind::Broken, rest.len())
        };
        self.at = start + length;
        self.after_name = matches!(kind, Kind::Word | Kind::Quoted);
        Token {
            kind,
            text: &rest[..length],
            start,
        }
    }

    fn measure(&self, rest: &str) -> (Kind, usize) {
        let Some(first) = rest.chars().next() else {
            return (Kind::End, 0);
        };
        match first {
            '\'' | '"' => quoted(rest, first, true)
                .map_or((Kind::Broken, rest.len()), |length| (Kind::Text, length)),
            '`' => quoted(rest, '`', false)
                .map_or((Kind::Broken, rest.len()), |length| (Kind::Quoted, length)),
            '.' if !self.after_name && rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                (Kind::Number, number(rest))
            }
            '0'..='9' => digits(rest),
            first if starts_name(first) => (Kind::Word, name(rest)),
            first if first.is_ascii_control() => (Kind::Broken, first.len_utf8()),
            first => (Kind::Symbol(first), first.len_utf8()),
        }
    }

    /// Passes whitespace and comments. `false`: a comment that never ends.
    fn skip_blank(&mut self) -> bool {
        loop {
            let rest = &self.text[self.at..];
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("--") || trimmed.starts_with('#') {
                self.at += trimmed.find(['\n', '\r']).unwrap_or(trimmed.len());
            } else if let Some(inside) = trimmed.strip_prefix("/*") {
                let Some(length) = inside.find("*/") else {
                    return false;
                };
                self.at += length + 4;
            } else {
                return true;
            }
        }
    }
}

/// Length of a quoted run that starts at the quote; a doubled quote and, in strings, a backslash keep it open.
fn quoted(rest: &str, quote: char, backslash: bool) -> Option<usize> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if backslash && bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at] != quote as u8 {
            at += 1;
        } else if bytes.get(at + 1) == Some(&(quote as u8)) {
            at += 2;
        } else {
            return Some(at + 1);
        }
    }
    None
}

/// A number, or a name that starts with a digit (`DIGIT_IDENTIFIER`): the longer wins, the number on a tie.
fn digits(rest: &str) -> (Kind, usize) {
    let (number, name) = (number(rest), name(rest));
    if name > number {
        (Kind::Word, name)
    } else {
        (Kind::Number, number)
    }
}

fn number(rest: &str) -> usize {
    let run = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut length = run(0);
    if rest[length..].starts_with('.') {
        length += 1 + run(length + 1);
    }
    let mantissa = length;
    if rest[length..].starts_with(['e', 'E']) {
        length += 1;
        length += usize::from(rest[length..].starts_with(['+', '-']));
        let exponent = run(length);
        length = if exponent == 0 {
            mantissa
        } else {
            length + exponent
        };
    }
    length
}

fn name(rest: &str) -> usize {
    rest.find(|c: char| !(starts_name(c) || c.is_ascii_digit()))
        .unwrap_or(rest.len())
}

fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == '$' || (c >= '\u{80}' && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        let mut lexer = Lexer::new(text);
        std::iter::from_fn(|| Some(lexer.token()))
            .take_while(|token| token.kind != Kind::End)
            .map(|token| (token.kind, token.text))
            .collect()
    }

    #[test]
    fn names_numbers_and_strings_are_told_apart() {
        let cases: [(&str, &[(Kind, &str)]); 10] = [
            (
                "a_1 $x é",
                &[(Kind::Word, "a_1"), (Kind::Word, "$x"), (Kind::Word, "é")],
            ),
            (
                "20240101 2024a 1e5",
                &[
                    (Kind::Number, "20240101"),
                    (Kind::Word, "2024a"),
                    (Kind::Number, "1e5"),
                ],
            ),
            (
                "1.5 .5 1.",
                &[
                    (Kind::Number, "1.5"),
                    (Kind::Number, ".5"),
                    (Kind::Number, "1."),
                ],
            ),
            (
                "d.2024x",
                &[
                    (Kind::Word, "d"),
                    (Kind::Symbol('.'), "."),
                    (Kind::Word, "2024x"),
                ],
            ),
            (
                "a-b",
                &[
                    (Kind::Word, "a"),
                    (Kind::Symbol('-'), "-"),
                    (Kind::Word, "b"),
                ],
            ),
            (
                "'it''s' \"a\\\"b\" `x``y`",
                &[
                    (Kind::Text, "'it''s'"),
                    (Kind::Text, "\"a\\\"b\""),
                    (Kind::Quoted, "`x``y`"),
                ],
            ),
            (
                "a -- b\nc # d\n/* e */ f /*+ g */",
                &[(Kind::Word, "a"), (Kind::Word, "c"), (Kind::Word, "f")],
            ),
            ("'open", &[(Kind::Broken, "'open")]),
            ("/* open", &[(Kind::Broken, "/* open")]),
            ("'a\\'", &[(Kind::Broken, "'a\\'")]),
        ];
        for (text, expected) in cases {
            assert_eq!(kinds(text), expected, "{text}");
        }
    }
}
