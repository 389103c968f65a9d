//! Where the time comes from: the system, or the test that moves it.

use chrono::{DateTime, Duration, Utc};

/// How a sandbox knows the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    System,
    /// Starts at this moment and moves only through `Sandbox::set_now` and `Sandbox::advance`.
    Manual(DateTime<Utc>),
}

/// The clock of an open sandbox, with the next due rounds of its daemons.
#[derive(Debug)]
pub struct Timer {
    manual: Option<DateTime<Utc>>,
    /// How far the frontend's clock is from the true one.
    offset: Duration,
    pub next_tick: DateTime<Utc>,
    pub next_schedule: DateTime<Utc>,
}

impl Timer {
    pub fn new(clock: Clock, tick: Duration, schedule: Duration) -> Timer {
        let manual = match clock {
            Clock::System => None,
            Clock::Manual(start) => Some(start),
        };
        let start = manual.unwrap_or_else(Utc::now);
        Timer {
            manual,
            offset: Duration::zero(),
            next_tick: start + tick,
            next_schedule: start + schedule,
        }
    }

    pub fn is_manual(&self) -> bool {
        self.manual.is_some()
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.manual.unwrap_or_else(Utc::now) + self.offset
    }

    /// Of no effect on a system clock.
    pub fn set(&mut self, now: DateTime<Utc>) {
        if self.manual.is_some() {
            self.manual = Some(now - self.offset);
        }
    }

    /// The clock is put forward or back. Daemons sleep for a span, not until a moment: their next rounds move along.
    pub fn jump(&mut self, by: Duration) {
        self.offset += by;
        self.next_tick += by;
        self.next_schedule += by;
    }
}
