//! One database: its relations by name, and the labels of its load transactions.

use std::collections::BTreeMap;

use crate::engine::foreign::Foreign;
use crate::engine::function::Function;
use crate::engine::labels::Labels;
use crate::engine::table::{Relation, Table, View};
use crate::engine::temporary::SessionTable;

#[derive(Debug, Clone)]
pub struct Database {
    pub id: u64,
    pub name: String,
    pub relations: BTreeMap<String, Relation>,
    /// In no list of names, and not in `relations`.
    pub session_tables: Vec<SessionTable>,
    pub labels: Labels,
    /// By name, each with its overloads.
    pub functions: BTreeMap<String, Vec<Function>>,
}

impl Database {
    pub fn new(id: u64, name: &str) -> Database {
        Database {
            id,
            name: name.to_owned(),
            relations: BTreeMap::new(),
            session_tables: Vec::new(),
            labels: Labels::default(),
            functions: BTreeMap::new(),
        }
    }

    pub fn table(&self, name: &str) -> Option<&Table> {
        self.relations.get(name)?.as_table()
    }

    pub fn table_mut(&mut self, name: &str) -> Option<&mut Table> {
        match self.relations.get_mut(name)? {
            Relation::Table(table) => Some(table),
            Relation::View(_) | Relation::Foreign(_) => None,
        }
    }

    pub fn tables_mut(&mut self) -> impl Iterator<Item = &mut Table> {
        self.relations
            .values_mut()
            .filter_map(|relation| match relation {
                Relation::Table(table) => Some(table.as_mut()),
                Relation::View(_) | Relation::Foreign(_) => None,
            })
    }

    pub fn foreigns(&self) -> impl Iterator<Item = &Foreign> {
        self.relations
            .values()
            .filter_map(|relation| match relation {
                Relation::Foreign(foreign) => Some(foreign),
                Relation::Table(_) | Relation::View(_) => None,
            })
    }

    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.relations.values().filter_map(Relation::as_table)
    }

    /// By id, as some lists walk: with the tables of sessions.
    pub fn all_tables(&self) -> impl Iterator<Item = &Table> {
        self.tables()
            .chain(self.session_tables.iter().map(|temporary| &temporary.table))
    }

    pub fn views(&self) -> impl Iterator<Item = &View> {
        self.relations
            .values()
            .filter_map(|relation| match relation {
                Relation::View(view) => Some(view),
                Relation::Table(_) | Relation::Foreign(_) => None,
            })
    }

    pub fn functions_named(&self, name: &str) -> &[Function] {
        self.functions
            .get(&name.to_lowercase())
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// False: there is one of the same signature.
    pub fn add_function(&mut self, function: Function) -> bool {
        let overloads = self.functions.entry(function.name.clone()).or_default();
        let known = overloads
            .iter()
            .any(|known| known.arguments == function.arguments);
        if !known {
            overloads.push(function);
        }
        !known
    }

    /// False: there is none of that signature.
    pub fn drop_function(&mut self, function: &Function) -> bool {
        self.drop_overload(&function.name, &function.arguments)
    }

    pub fn drop_overload(&mut self, name: &str, arguments: &[String]) -> bool {
        let Some(overloads) = self.functions.get_mut(name) else {
            return false;
        };
        let before = overloads.len();
        overloads.retain(|known| known.arguments != arguments);
        let dropped = overloads.len() < before;
        if overloads.is_empty() {
            self.functions.remove(name);
        }
        dropped
    }

    pub fn add_table(&mut self, table: Table) {
        self.relations
            .insert(table.name.clone(), Relation::Table(Box::new(table)));
    }

    /// Takes a table out, by name; a view of that name stays.
    pub fn take_table(&mut self, name: &str) -> Option<Table> {
        self.table(name)?;
        match self.relations.remove(name)? {
            Relation::Table(table) => Some(*table),
            Relation::View(_) | Relation::Foreign(_) => None,
        }
    }
}
