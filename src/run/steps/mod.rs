//! Runs the steps of a restore, each marked before and after, each fit to run twice.
//!
//! Before a step runs, what it would be recognised by afterwards is written into its row (`proof`): the ids of the two tables of a SWAP, the
//! properties that were switched off. The next life looks at the cluster with that in hand, and does only what is not done.
//!
//! In order of reading: `builder` takes the steps one by one, `proof` is what it writes before each; then the steps themselves.

mod bounds;
mod builder;
mod copy;
mod download;
mod exchange;
mod exchangeable;
mod measured;
mod proof;
mod prove_undo;
mod quiet;
mod regrant;
mod stage;
mod swap;

pub use builder::Builder;
pub use exchangeable::prove_exchangeable;
pub use proof::{Proof, parse, proof};
pub use prove_undo::prove_undoable;
