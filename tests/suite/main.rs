//! The integration tests: one file per behaviour.

mod config;
