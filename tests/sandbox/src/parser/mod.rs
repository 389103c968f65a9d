//! StarRocks' SQL as the front end's own grammar reads it, from text to [`crate::ast::Statement`].
//!
//! [`split`] cuts a COM_QUERY into statements, [`parse`] reads one of them. The first words decide which module goes on; queries, expressions
//! and WHERE clauses are handed to sqlparser by the module `general`. Whatever the text, the answer is a statement or a refusal, never a panic, and
//! nothing outside the grammar is let through.

mod account;
mod admin;
mod alter;
mod backup;
mod column;
mod create;
mod cursor;
mod drop;
mod faults;
mod frontend;
mod general;
mod insert;
mod keyword;
mod literal;
mod materialized;
mod modify;
mod outside;
mod partition;
mod privilege;
mod query;
mod repository;
mod routine_load;
mod sandbox;
mod session;
mod show;
mod show_object;
mod statement;
mod token;

#[cfg(test)]
mod tests;

pub use faults::HELP;
pub use literal::unquote;
pub use statement::{parse, split};
