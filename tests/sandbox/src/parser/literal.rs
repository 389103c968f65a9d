//! What a quoted run of characters stands for.

/// The value of `'…'` or `"…"`: doubled quotes and backslash escapes undone (`AstBuilder.visitString`, `escapeBackSlash`).
/// A `\%` or `\_` keeps its backslash, for LIKE.
pub fn unquote(written: &str) -> String {
    let Some(quote) = written.chars().next().filter(|_| written.len() >= 2) else {
        return String::new();
    };
    let inner = &written[1..written.len() - 1];
    let mut value = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c == '\\' {
            escape(rest.next(), &mut value);
        } else {
            if c == quote {
                rest.next();
            }
            value.push(c);
        }
    }
    value
}

fn escape(escaped: Option<char>, value: &mut String) {
    match escaped {
        Some('n') => value.push('\n'),
        Some('t') => value.push('\t'),
        Some('r') => value.push('\r'),
        Some('b') => value.push('\u{8}'),
        Some('0') => value.push('\0'),
        Some('Z') => value.push('\u{1a}'),
        Some(wildcard @ ('%' | '_')) => value.extend(['\\', wildcard]),
        Some(other) => value.push(other),
        None => value.push('\\'),
    }
}

/// The name inside backquotes. StarRocks strips every backquote, so a name cannot hold one (`AstBuilder.visitBackQuotedIdentifier`).
pub fn bare(written: &str) -> String {
    written.replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_lose_quotes_and_escapes() {
        let cases = [
            ("'a''b'", "a'b"),
            ("\"a\"\"b\"", "a\"b"),
            ("'a\"\"b'", "a\"\"b"),
            ("'a\\'b\\\\'", "a'b\\"),
            ("'\\n\\t\\0\\Z\\q'", "\n\t\0\u{1a}q"),
            ("'50\\%'", "50\\%"),
            ("''", ""),
        ];
        for (written, value) in cases {
            assert_eq!(unquote(written), value, "{written}");
        }
    }
}
