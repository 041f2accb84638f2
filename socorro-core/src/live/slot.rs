//! The place in which what is open of an instance stands.

use tokio::sync::Notify;

use super::in_service::Live;
use super::sync::{Arc, ArcSwapOption};

/// In service, or out of it.
pub(crate) struct Slot<T: ?Sized> {
    live: ArcSwapOption<Live<T>>,
    filled: Notify,
}

impl<T: ?Sized> Slot<T> {
    pub(super) fn new(live: Arc<Live<T>>) -> Self {
        Self {
            live: ArcSwapOption::new(Some(live)),
            filled: Notify::new(),
        }
    }

    /// What is in service, kept as long as the caller keeps it; `None` while nothing is.
    pub(super) fn live(&self) -> Option<Arc<Live<T>>> {
        self.live.load_full()
    }

    /// Waits until something is in service; ready at once when it is. For ever after the end.
    pub(super) async fn in_service(&self) -> Arc<Live<T>> {
        loop {
            // Made before the slot is looked at, so that nothing that is put there in between is missed.
            let filled = self.filled.notified();
            if let Some(live) = self.live() {
                return live;
            }
            filled.await;
        }
    }

    /// Takes out of service what is there. Who had taken hold of it goes on.
    pub(super) fn take(&self) -> Option<Arc<Live<T>>> {
        let live = self.live.swap(None)?;
        live.set_out();
        Some(live)
    }

    /// Puts something in service in place of what was taken out.
    #[allow(dead_code, reason = "for what is exchanged in place")]
    pub(super) fn put(&self, live: Arc<Live<T>>) {
        self.live.store(Some(live));
        self.filled.notify_waiters();
    }
}
