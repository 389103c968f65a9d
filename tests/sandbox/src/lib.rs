//! A StarRocks front end in a process: the MySQL protocol, StarRocks' own statements, real rows.

pub mod answer;
pub mod ast;
pub mod engine;
pub mod parser;
pub mod release;
pub mod wire;
