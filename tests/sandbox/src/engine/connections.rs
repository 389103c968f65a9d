//! Open connections: their ids, and the doors by which KILL and the end of a frontend's process put a client out.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::engine::session::Session;
use crate::release::Release;

/// By frontend, counted from 0, and connection id.
type Key = (usize, u32);

#[derive(Debug)]
pub struct Connections {
    /// One for each frontend.
    counters: Vec<AtomicU32>,
    /// A connection lasts as long as its entry.
    doors: Mutex<HashMap<Key, oneshot::Sender<()>>>,
}

impl Connections {
    pub fn new(frontends: usize) -> Connections {
        Connections {
            counters: (0..frontends).map(|_| AtomicU32::new(0)).collect(),
            doors: Mutex::default(),
        }
    }

    /// Up to 3.4.3 each frontend counts from 0, so that ids of two frontends are alike; later the frontend's id is in the upper 8 of 32
    /// bits, and the count in the lower 24 starts at 1 (`qe/ConnectScheduler.getNextConnectionId` of both).
    pub fn next_id(&self, frontend: usize, release: Release) -> u32 {
        let count = self.counters[frontend].fetch_add(1, Ordering::Relaxed);
        if !release.has_frontend_in_connection_id() {
            return count;
        }
        let fid = u32::try_from((frontend + 1) & 0xff).unwrap_or_default();
        fid << 24 | (count.wrapping_add(1) & 0xff_ffff)
    }

    /// Done when the connection must end.
    pub fn door(&self, frontend: usize, id: u32) -> impl Future<Output = ()> + Send + 'static {
        let (open, closed) = oneshot::channel::<()>();
        let mut doors = self.lock();
        doors.retain(|_, door| !door.is_closed());
        doors.insert((frontend, id), open);
        async move {
            // Nothing is ever sent: the entry goes, and the sender with it.
            closed.await.unwrap_or_default();
        }
    }

    pub fn cut(&self, frontend: usize, id: u32) {
        self.lock().remove(&(frontend, id));
    }

    /// All connections of a frontend; the one that asked for it hears first that it is done.
    pub fn cut_all(&self, frontend: usize, asking: Option<&Session>) {
        let spared = asking.map(|session| (session.frontend, session.id));
        self.lock()
            .retain(|key, _| key.0 != frontend || Some(*key) == spared);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, oneshot::Sender<()>>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
