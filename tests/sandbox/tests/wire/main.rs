//! A whole sandbox behind its port: what the wire and the engine do together. With clients that are none of ours in `clients.rs`.

mod connections;
mod harness;
mod prepared;
mod tls;
