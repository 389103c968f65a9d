//! Statements in, trees out; and what is refused, in which words.

mod accounts;
mod any_text;
mod jobs;
mod queries;
mod refusals;
mod rows;
mod shows;
mod tables;

use crate::ast::{ObjectName, Statement};
use crate::parser::parse;
use crate::release::Release;

#[track_caller]
fn parsed(sql: &str) -> Statement {
    parse(sql, Release::V3_5).unwrap_or_else(|error| panic!("{sql}\n{error}"))
}

/// `name` or `database.name`.
fn object(name: &str) -> ObjectName {
    match name.split_once('.') {
        Some((database, name)) => ObjectName {
            database: Some(database.to_owned()),
            name: name.to_owned(),
        },
        None => ObjectName {
            database: None,
            name: name.to_owned(),
        },
    }
}

fn texts(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn pairs(items: &[(&str, &str)]) -> Vec<(String, String)> {
    items
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}
