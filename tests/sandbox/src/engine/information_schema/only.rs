//! What a WHERE clause leaves of a table of information_schema: nothing else is filled in.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sqlparser::ast as sql;

/// The tables that a query reads, and what of each.
pub type Wanted = BTreeMap<&'static str, Only>;

/// What a column must be; `None`: anything. Compared as it is written, as the WHERE clause itself does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Only {
    table_schema: Option<String>,
    db_name: Option<String>,
    table_name: Option<String>,
}

impl Only {
    /// Of a SELECT that reads one relation, from the conditions that all of its rows must meet.
    pub fn of(select: &sql::Select) -> Only {
        let mut only = Only::default();
        let [from] = select.from.as_slice() else {
            return only;
        };
        if let (true, Some(filter)) = (from.joins.is_empty(), &select.selection) {
            only.narrow(filter);
        }
        only
    }

    fn narrow(&mut self, filter: &sql::Expr) {
        let sql::Expr::BinaryOp { left, op, right } = filter else {
            return;
        };
        match (op, left.as_ref(), right.as_ref()) {
            (sql::BinaryOperator::And, left, right) => {
                self.narrow(left);
                self.narrow(right);
            }
            (sql::BinaryOperator::Eq, sql::Expr::Identifier(column), sql::Expr::Value(value)) => {
                let sql::Value::SingleQuotedString(text) = &value.value else {
                    return;
                };
                match column.value.to_ascii_uppercase().as_str() {
                    "TABLE_SCHEMA" => self.table_schema = Some(text.clone()),
                    "DB_NAME" => self.db_name = Some(text.clone()),
                    "TABLE_NAME" => self.table_name = Some(text.clone()),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// In a table whose column TABLE_SCHEMA this is.
    pub fn has_schema(&self, name: &str) -> bool {
        self.table_schema.as_deref().is_none_or(|only| only == name)
    }

    /// In a table whose column DB_NAME this is.
    pub fn has_database(&self, name: &str) -> bool {
        self.db_name.as_deref().is_none_or(|only| only == name)
    }

    pub fn has_table(&self, name: &str) -> bool {
        self.table_name.as_deref().is_none_or(|only| only == name)
    }
}

/// One more reader of `table`: two that differ want all of it.
pub fn widen(wanted: &mut Wanted, table: &'static str, only: Only) {
    match wanted.entry(table) {
        Entry::Vacant(place) => {
            place.insert(only);
        }
        Entry::Occupied(mut known) => {
            if *known.get() != only {
                known.insert(Only::default());
            }
        }
    }
}
