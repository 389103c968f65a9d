//! The MySQL protocol as a StarRocks front end speaks it (`fe/fe-core/src/main/java/com/starrocks/mysql/`).
//!
//! [`serve`] accepts connections and runs one task for each; what statements do is the [`Service`]'s business. Bytes that make no sense
//! close their connection and nothing else.

mod answer;
mod connection;
mod credential;
mod handshake;
mod packet;
mod server;
mod service;

#[cfg(test)]
mod tests;

pub use credential::stored_password;
pub use server::serve;
pub use service::Service;
