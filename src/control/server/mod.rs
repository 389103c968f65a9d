//! The daemon's side of the control socket: HTTP/1.1 with JSON bodies over a unix socket that only the socket's group can open.
//!
//! [`Socket::bind`] takes the place, [`Socket::serve`] answers until told to stop. It decides nothing: a request is parsed, handed to
//! [`Answers`] with who asked, and the answer written. Whatever a client sends or however it leaves, no work is cancelled and the daemon
//! does not fall.

mod answer;
mod bind;
mod connection;
mod peer;
mod route;
mod serve;

pub use bind::{BindError, Socket};
pub use serve::{Answers, CONNECTION_LIMIT};
