//! What is open of an instance, and the way in and out of service.

use std::fmt;

use tokio::sync::Notify;

use super::Parking;
use crate::live::in_service::{Live, Service};
use crate::live::sync::{Arc, ArcSwapOption, Mutex, PoisonError, Weak};

/// In service, or out of it with a place to wait. Entering is one atomic load and one increment, without a lock.
pub(crate) struct Slot<T: ?Sized> {
    live: ArcSwapOption<Live<T>>,
    /// Where operations wait since it was last taken out of service.
    parking: ArcSwapOption<Parking>,
    /// What was taken out of service, for as long as something holds it.
    taken: Mutex<Weak<Live<T>>>,
    changed: Notify,
}

impl<T: ?Sized> Slot<T> {
    pub(crate) fn new(live: Arc<Live<T>>) -> Self {
        Self {
            live: ArcSwapOption::new(Some(live)),
            parking: ArcSwapOption::empty(),
            taken: Mutex::new(Weak::new()),
            changed: Notify::new(),
        }
    }

    /// What is open, kept as long as the caller keeps it. Otherwise where to wait: and when that is open
    /// already, and still nothing is here, this instance does not come back.
    pub(crate) fn get(&self) -> Result<Arc<Live<T>>, Option<Arc<Parking>>> {
        match self.live.load_full() {
            Some(live) => Ok(live),
            // It was stored before the other was taken.
            None => Err(self.parking.load_full()),
        }
    }

    /// What is open as soon as something is; waits for ever for an instance that does not come back.
    pub(crate) async fn wait(&self) -> Arc<Live<T>> {
        loop {
            let changed = self.changed.notified();
            if let Ok(live) = self.get() {
                return live;
            }
            changed.await;
        }
    }

    /// Takes out of service what is open; operations that come from now on wait at `parking`.
    pub(super) fn take(&self, parking: &Arc<Parking>) {
        self.parking.store(Some(parking.clone()));
        let taken = self.empty();
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) =
            taken.as_ref().map_or_else(Weak::new, Arc::downgrade);
    }

    /// Takes out of service what is open; nothing comes in its place.
    pub(crate) fn empty(&self) -> Option<Arc<Live<T>>> {
        let taken = self.live.swap(None)?;
        taken.set_service(Service::Out);
        Some(taken)
    }

    /// Makes whatever holds what was taken let go of it.
    pub(super) fn evict(&self) {
        if let Some(live) = self.taken().upgrade() {
            live.set_service(Service::Evicted);
        }
    }

    /// Puts back into service what was taken, if something still held it.
    pub(crate) fn put_back(&self) -> bool {
        let Some(live) = self.taken().upgrade() else {
            return false;
        };
        live.set_service(Service::In);
        live.stays();
        self.put(live);
        true
    }

    /// Puts something else into service.
    pub(crate) fn put(&self, live: Arc<Live<T>>) {
        self.live.store(Some(live));
        self.changed.notify_waiters();
    }

    fn taken(&self) -> Weak<Live<T>> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.clone()
    }
}

impl<T: ?Sized> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.live.load_full()).finish()
    }
}
