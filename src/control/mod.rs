//! The control socket: what goes over it, the daemon's side, and the side of whoever asks.

pub mod client;
pub mod protocol;
pub mod server;
