//! Multi-row inserts in batches: one statement is one transaction and one version of every touched tablet, so rows go together, but a
//! statement stays below what every parser limit allows.

use crate::starrocks::sql;

/// Rows of one statement (`expr_children_limit` allows 10,000; `sql/parser/PostProcessListener.java`).
const ROWS: usize = 1_000;

/// Bytes of one statement.
const BYTES: usize = 900 << 10;

/// A value as it stands in a statement.
pub enum Cell {
    Text(String),
    Number(i64),
    /// Already a literal.
    Literal(String),
    Null,
}

impl Cell {
    pub fn text(value: impl ToString) -> Cell {
        Cell::Text(value.to_string())
    }

    pub fn optional(value: Option<impl ToString>) -> Cell {
        value.map_or(Cell::Null, |value| Cell::Text(value.to_string()))
    }

    /// A text for people, cut to what its column holds: a reason that is too long must not keep an outcome from being written.
    pub fn prose(value: Option<&str>) -> Cell {
        value.map_or(Cell::Null, |value| Cell::Text(cut(value).to_owned()))
    }

    pub fn count(value: u64) -> Cell {
        Cell::Number(i64::try_from(value).unwrap_or(i64::MAX))
    }

    pub fn millis(at: Option<chrono::DateTime<chrono::Utc>>) -> Cell {
        at.map_or(Cell::Null, |at| Cell::Number(at.timestamp_millis()))
    }

    pub fn sql(&self) -> String {
        match self {
            Cell::Text(value) => sql::text(value),
            Cell::Number(value) => value.to_string(),
            Cell::Literal(literal) => literal.clone(),
            Cell::Null => "NULL".to_owned(),
        }
    }
}

/// STRING holds 65,533 bytes.
const PROSE: usize = 60_000;

fn cut(text: &str) -> &str {
    let mut end = text.len().min(PROSE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The statements that insert `rows` into `table`, in order, each made when it is wanted.
///
/// Boxed: the compiler cannot tell of a closure with borrows in it, held over an `await`, that it may be sent.
pub fn inserts<'a>(
    table: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = Vec<Cell>, IntoIter: Send + 'a>,
) -> Box<dyn Iterator<Item = String> + Send + 'a> {
    let head = head(table, None, columns);
    let rows = rows.into_iter().map(|row| tuple(&row));
    let mut rows = rows.peekable();
    let next = move || {
        let mut statement = head.clone();
        statement.push_str(&rows.next()?);
        let mut count = 1;
        while count < ROWS
            && let Some(row) = rows.next_if(|row| statement.len() + row.len() <= BYTES)
        {
            statement.push_str(", ");
            statement.push_str(&row);
            count += 1;
        }
        Some(statement)
    };
    Box::new(std::iter::from_fn(next))
}

/// One row, claimed by a load label: of all who send the same label, one succeeds (`transaction/DatabaseTransactionMgr.java`).
pub fn claiming_insert(table: &str, label: &str, columns: &[&str], row: &[Cell]) -> String {
    format!("{}{}", head(table, Some(label), columns), tuple(row))
}

fn head(table: &str, label: Option<&str>, columns: &[&str]) -> String {
    let label = label.map_or_else(String::new, |label| format!(" WITH LABEL `{label}`"));
    let columns = columns
        .iter()
        .map(|column| sql::ident(column))
        .collect::<Vec<_>>()
        .join(", ");
    format!("INSERT INTO {table}{label} ({columns}) VALUES ")
}

fn tuple(row: &[Cell]) -> String {
    format!(
        "({})",
        row.iter().map(Cell::sql).collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_batched_by_count_and_by_bytes() {
        let rows = (0..2_500).map(|number| vec![Cell::Number(number)]);
        let statements: Vec<String> = inserts("ops.t", &["n"], rows).collect();
        assert_eq!(statements.len(), 3);
        assert!(statements[0].starts_with("INSERT INTO ops.t (`n`) VALUES (0), (1), "));
        assert!(statements[2].ends_with("(2499)"));
        let wide = (0..10).map(|_| vec![Cell::text("x".repeat(300 << 10))]);
        let statements: Vec<String> = inserts("ops.t", &["n"], wide).collect();
        assert_eq!(statements.len(), 5);
        assert!(statements.iter().all(|statement| statement.len() < 1 << 20));
        assert_eq!(inserts("ops.t", &["n"], []).count(), 0);
    }
}
