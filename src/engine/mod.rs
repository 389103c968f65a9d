//! Who runs when.
//!
//! The [`Bell`] rings once a second; the [`Dispatcher`] decides, synchronously, what that and every other event means; the [`Engine`]'s loop
//! carries its decisions out, one task per job, and answers what comes over the control socket. All state is owned by that one loop.

mod answers;
mod asker;
mod bell;
mod board;
mod coverage;
mod dispatcher;
mod earlier;
mod event;
mod handle;
mod ids;
mod main_loop;
mod make_job;
mod recovery;
mod reload;
mod requests;
mod retention;
mod running;
mod status;
mod stop;
mod undo_window;
mod waiting;
mod work;

pub use asker::{Asker, Role};
pub use bell::{Bell, BellError};
pub use dispatcher::Dispatcher;
pub use event::{Action, Event};
pub use handle::Handle;
pub use ids::new_job_id;
pub use main_loop::{Engine, Setup};
pub use stop::StopLevel;
pub use work::{Defaults, Work};
