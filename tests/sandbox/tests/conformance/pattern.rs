//! How an expected text or cell is compared with what came.
//!
//! | written | fits |
//! |---|---|
//! | `NULL` | SQL NULL, and nothing else |
//! | `'NULL'` | the text NULL |
//! | `…` anywhere in a text | any run of characters, also none |
//! | `<id>` | digits |
//! | `<time>` | `2026-03-10 12:00:00` |
//! | `<stamp>` | `2026-03-10-12-00-00-000` |
//! | `<any>` alone | anything, NULL too |

use regex_lite::Regex;

pub fn fits_cell(pattern: &str, cell: Option<&str>) -> bool {
    match (pattern, cell) {
        ("<any>", _) | ("NULL", None) => true,
        (_, None) | ("NULL", Some(_)) => false,
        ("'NULL'", Some(text)) => text == "NULL",
        (pattern, Some(text)) => fits(pattern, text),
    }
}

pub fn fits(pattern: &str, text: &str) -> bool {
    let mut expression = String::from("(?s)^");
    let mut rest = pattern;
    while !rest.is_empty() {
        const HOLES: [(&str, &str); 4] = [
            ("…", ".*"),
            ("<id>", r"\d+"),
            ("<time>", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
            ("<stamp>", r"\d{4}(-\d\d){5}-\d{3}"),
        ];
        let hole = HOLES.iter().find(|(written, _)| rest.starts_with(written));
        match hole {
            Some((written, means)) => {
                expression.push_str(means);
                rest = &rest[written.len()..];
            }
            None => {
                let next = rest.chars().next().map_or(0, char::len_utf8);
                expression.push_str(&regex_lite::escape(&rest[..next]));
                rest = &rest[next..];
            }
        }
    }
    expression.push('$');
    Regex::new(&expression)
        .expect("escaped above")
        .is_match(text)
}

#[test]
fn patterns_fit_what_they_say() {
    assert!(fits(
        "job <id> of … at <time>",
        "job 12 of (x) at 2026-03-10 12:00:00"
    ));
    assert!(!fits("a.c", "abc"));
    assert!(fits_cell("NULL", None) && !fits_cell("NULL", Some("NULL")));
    assert!(fits_cell("'NULL'", Some("NULL")) && fits_cell("<any>", None));
    assert!(!fits_cell("…", None) && fits_cell("…", Some("")));
    assert!(fits("<stamp>", "2026-03-10-12-00-00-000") && !fits("<id>", ""));
}
