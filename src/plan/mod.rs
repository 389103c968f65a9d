//! What to do: pure and synchronous, the present time an argument. Everything decided, nothing done.

pub mod backup;
pub mod baseline;
pub mod label;
pub mod recovery;
pub mod restore;
pub mod retention;
pub mod settle;
pub mod timetable;
pub mod verify;
