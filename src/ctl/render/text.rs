//! Words and lines.

pub use crate::catalog::count;

/// Text from outside, made safe for one line of a terminal: a cluster's message may hold line breaks and escape sequences.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.trim().chars() {
        let c = if c.is_control() { ' ' } else { c };
        if c != ' ' || !line.ends_with(' ') {
            line.push(c);
        }
    }
    line
}

/// At most `shown` of the names, and how many more there are.
pub fn names<T: ToString>(all: impl IntoIterator<Item = T>, shown: usize) -> String {
    let all: Vec<String> = all
        .into_iter()
        .map(|name| one_line(&name.to_string()))
        .collect();
    match all.len().checked_sub(shown) {
        None | Some(0) => all.join(", "),
        Some(more) => format!("{} and {more} more", all[..shown].join(", ")),
    }
}

/// Indented lines of a name and its value; what has no value is left out.
pub fn fields(rows: Vec<(&str, Option<String>)>) -> String {
    let rows: Vec<(&str, String)> = rows
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter()
        .map(|(name, value)| format!("  {name:width$}  {}\n", one_line(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_moves_the_cursor() {
        assert_eq!(one_line(" a\r\nb\x1b[31m\tc  d\u{9b}2J"), "a b [31m c d 2J");
        assert_eq!(one_line("Größe 日本"), "Größe 日本");
    }

    #[test]
    fn long_lists_are_cut_with_their_number() {
        assert_eq!(names(["a", "b", "c"], 3), "a, b, c");
        assert_eq!(names(["a", "b", "c", "d"], 3), "a, b, c and 1 more");
        assert_eq!(names(Vec::<String>::new(), 3), "");
    }
}
