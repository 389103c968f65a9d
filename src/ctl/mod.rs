//! `brctl`: asks the daemon and prints what it says.
//!
//! [`main`] is everything: arguments (`args`), one file for each family of verbs (`look`, `backup`, `restore`, `prune`, `operate`), the watching of
//! a job (`watch`), texts (`render`), and how it all ends (`exit`, `failure`). The result goes to stdout and everything else to stderr.
//! Nothing here decides anything about backups: what is refused is refused by the daemon.

mod args;
mod backup;
mod check;
mod confirm;
mod exit;
mod failure;
mod look;
mod operate;
mod output;
mod progress;
mod prune;
mod recover;
pub mod render;
mod restore;
mod run;
mod watch;

pub use args::command;
pub use exit::Exit;
pub use run::main;
