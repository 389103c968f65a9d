//! SIGHUP, SIGTERM and SIGINT as words. The third request to stop ends the process even if everything in it hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_tokio::Signals as Stream;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Reload,
    Drain,
    /// The second request to stop.
    Detach,
}

pub struct Signals {
    stream: Stream,
    stops: u32,
    /// Once set, the next SIGTERM or SIGINT ends the process with [`FORCED`] from within the signal handler.
    armed: Arc<AtomicBool>,
}

/// Exit status of a daemon that had to be ended by force.
const FORCED: i32 = 70;

impl Signals {
    pub fn listen() -> std::io::Result<Signals> {
        let armed = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            signal_hook::flag::register_conditional_shutdown(signal, FORCED, Arc::clone(&armed))?;
        }
        Ok(Signals {
            stream: Stream::new([SIGHUP, SIGTERM, SIGINT])?,
            stops: 0,
            armed,
        })
    }

    /// Cancel-safe: a signal that came is kept until asked for.
    pub async fn next(&mut self) -> Option<Word> {
        let signal = self.stream.next().await?;
        if signal == SIGHUP {
            return Some(Word::Reload);
        }
        self.stops += 1;
        if self.stops == 1 {
            return Some(Word::Drain);
        }
        self.armed.store(true, Ordering::Relaxed);
        Some(Word::Detach)
    }
}
