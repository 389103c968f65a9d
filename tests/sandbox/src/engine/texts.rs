//! Text literals of a translated statement as parameters, so that SQLite prepares once what differs in nothing else.

use std::collections::HashMap;

/// With more, a statement is not one that comes again.
const MOST: usize = 64;

/// The statement with `?1`, `?2` … for its text literals, and their values. Equal literals are one parameter: SQLite compares expressions, of
/// GROUP BY and the like, by the numbers of their parameters.
pub fn lift(sql: &str) -> (String, Vec<String>) {
    let mut lifted = String::with_capacity(sql.len());
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut values = Vec::new();
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', '`']) {
        lifted.push_str(&rest[..at]);
        let mark = if rest[at..].starts_with('`') {
            '`'
        } else {
            '\''
        };
        let length = quoted(&rest[at..], mark);
        let piece = &rest[at..at + length];
        // x'00' is a BLOB.
        let is_blob = rest[..at].ends_with(['x', 'X']);
        if mark == '`' || is_blob || piece.len() < 2 {
            lifted.push_str(piece);
        } else {
            let value = piece[1..length - 1].replace("''", "'");
            let number = *known.entry(value).or_insert_with_key(|value| {
                values.push(value.clone());
                values.len()
            });
            lifted.push_str(&format!("?{number}"));
        }
        rest = &rest[at + length..];
    }
    lifted.push_str(rest);
    if values.len() > MOST {
        return (sql.to_owned(), Vec::new());
    }
    (lifted, values)
}

/// The length of what begins with a mark and ends with the next one that is not doubled.
fn quoted(text: &str, mark: char) -> usize {
    let mut at = 1;
    while let Some(next) = text[at..].find(mark) {
        at += next + 1;
        if !text[at..].starts_with(mark) {
            return at;
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_lifted_names_and_blobs_stay() {
        let cases: [(&str, &str, &[&str]); 6] = [
            ("SELECT 1", "SELECT 1", &[]),
            ("a = 'x' AND b = 'y'", "a = ?1 AND b = ?2", &["x", "y"]),
            ("f('x') GROUP BY f('x')", "f(?1) GROUP BY f(?1)", &["x"]),
            ("`it's` = 'it''s'", "`it's` = ?1", &["it's"]),
            ("`a``'b` = ''", "`a``'b` = ?1", &[""]),
            ("x'00' = '''ä'''", "x'00' = ?1", &["'ä'"]),
        ];
        for (sql, lifted, values) in cases {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            assert_eq!(lift(sql), (lifted.to_owned(), values), "{sql}");
        }
    }

    #[test]
    fn a_statement_with_many_texts_stays_as_it_is() {
        let sql: String = (0..100).map(|number| format!("'{number}', ")).collect();
        assert_eq!(lift(&sql), (sql.clone(), Vec::new()));
    }
}
