//! The MySQL protocol as a StarRocks front end speaks it (`fe/fe-core/src/main/java/com/starrocks/mysql/`).
//!
//! [`serve`] accepts connections and runs one task for each; what statements do is the [`Service`]'s business. Bytes that make no sense
//! close their connection and nothing else.

mod answer;
mod command;
mod connection;
mod credential;
mod handshake;
mod packet;
mod prepared;
mod server;
mod service;
mod stream;
mod tls;

#[cfg(test)]
mod tests;

pub use credential::stored_password;
pub use server::serve;
pub use service::{Field, Parameter, Service};
pub use tls::{Tls, TlsError};
