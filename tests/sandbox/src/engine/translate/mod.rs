//! From sqlparser's tree to SQLite's text.
//!
//! Every name is resolved here against the catalogue, so that hidden columns stay hidden, `*` is spelled out, errors are StarRocks' own,
//! and every result column has a type. What is not known is refused; nothing is passed through unread.

mod aggregate;
mod call;
mod cast;
mod expression;
mod function_table;
mod literal;
mod query;
mod scope;
mod source;
mod types;

pub use literal::{constant, text_literal};
pub use scope::{Output, Translated, Translator};
pub use types::Type;
