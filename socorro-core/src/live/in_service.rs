//! What is open behind an instance, and who holds it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::leaving::Departure;
use super::plan::Part;
use super::retire::{Retire, Retired, Retiree};

/// An open storage or source. An operation holds it from its start to its end, and a crash that was handed out
/// until it is settled; so the number of its holders is the number of operations in it, and no count is kept by
/// hand. When the last of them lets go it retires by itself.
pub(crate) struct Live<T: ?Sized> {
    part: Part,
    open: Arc<T>,
    into_retiring: fn(Arc<T>) -> Arc<dyn Retire>,
    retired: Retired,
    /// Taken when it retires, which it does once.
    token: Mutex<Option<TaskTrackerToken>>,
    out: CancellationToken,
    departure: OnceLock<Arc<Departure>>,
}

/// A [`Live`], whatever is open in it.
pub(crate) trait Held: Send + Sync {
    /// Retires under `operations` holders that did not let go in time.
    fn give_up(&self, operations: usize);
}

impl<T: ?Sized> Live<T> {
    pub(super) fn new(
        part: Part,
        open: Arc<T>,
        into_retiring: fn(Arc<T>) -> Arc<dyn Retire>,
        retired: Retired,
    ) -> Arc<Self> {
        Arc::new(Self {
            part,
            open,
            into_retiring,
            token: Mutex::new(Some(retired.open.token())),
            retired,
            out: CancellationToken::new(),
            departure: OnceLock::new(),
        })
    }

    /// What is open. Still there, but ended, once it was given up.
    pub(crate) fn open(&self) -> &T {
        &self.open
    }

    /// Waits until it is taken out of service; ready at once when that has happened.
    pub(crate) async fn out(&self) {
        self.out.cancelled().await;
    }

    pub(super) fn set_out(&self) {
        self.out.cancel();
    }

    pub(super) fn is_out(&self) -> bool {
        self.out.is_cancelled()
    }

    /// It leaves for this reason; one that it left for before stays.
    pub(super) fn departs(&self, departure: Arc<Departure>) {
        // Set before: a reload let it go, and now the program ends too.
        let _ = self.departure.set(departure);
    }

    fn retire(&self, operations: usize) {
        let token = self
            .token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(token) = token else { return };
        let retiree = Retiree {
            part: self.part.clone(),
            open: (self.into_retiring)(self.open.clone()),
            departure: self.departure.get().cloned(),
            operations,
            token,
        };
        // Nobody listens only after the program was shut down; what is open then ends by its own drop.
        let _ = self.retired.retirees.send(retiree);
    }
}

impl<T: ?Sized + Send + Sync> Held for Live<T> {
    fn give_up(&self, operations: usize) {
        self.retire(operations);
    }
}

impl<T: ?Sized> Drop for Live<T> {
    fn drop(&mut self) {
        self.retire(0);
    }
}
