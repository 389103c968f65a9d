//! Columns without borders, two blanks apart, as wide as they need to be: made for `grep` and `awk` as much as for eyes.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment};

use super::text::one_line;

pub struct Table(comfy_table::Table);

impl Table {
    pub fn new(headers: &[&str]) -> Table {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING).set_header(headers);
        Table(table)
    }

    /// Numbers are read from the right.
    pub fn align_right(mut self, columns: &[usize]) -> Table {
        for &column in columns {
            if let Some(column) = self.0.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        self
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.0
            .add_row(cells.into_iter().map(|cell| Cell::new(one_line(&cell))));
    }

    /// Each line behind `indent`, without blanks at its end.
    pub fn lines(mut self, indent: &str) -> String {
        for column in self.0.column_iter_mut() {
            column.set_padding((0, 2));
        }
        self.0
            .lines()
            .map(|line| format!("{}\n", format!("{indent}{line}").trim_end()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_headers_whatever_the_script() {
        let mut table = Table::new(&["NAME", "SIZE", "NOTE"]).align_right(&[1]);
        table.row(vec![
            "日本".to_owned(),
            "1".to_owned(),
            "two\nlines".to_owned(),
        ]);
        table.row(vec!["größe".to_owned(), "12345".to_owned(), String::new()]);
        assert_eq!(
            table.lines(" "),
            " NAME    SIZE  NOTE\n 日本       1  two lines\n größe  12345\n"
        );
    }
}
