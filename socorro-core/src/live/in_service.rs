//! What is open behind an instance, and who holds it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::leaving::Departure;
use super::plan::Part;
use super::retire::{Retire, Retired, Retiree};

/// An open storage or source. An operation [enters](Self::enter) it from its start to its end, and a crash that was
/// handed out stays in it until it is settled. When nothing holds it any more it retires by itself.
pub(crate) struct Live<T: ?Sized> {
    part: Part,
    open: Arc<T>,
    into_retiring: fn(Arc<T>) -> Arc<dyn Retire>,
    retired: Retired,
    /// Taken when it retires, which it does once.
    token: Mutex<Option<TaskTrackerToken>>,
    out: CancellationToken,
    departure: OnceLock<Arc<Departure>>,
    /// Only told, never decided by: what keeps it open is that it is held.
    operations: AtomicUsize,
}

/// One operation in it, or one crash that is out; leaves when dropped.
pub(crate) struct Within<T: ?Sized>(Arc<Live<T>>);

impl<T: ?Sized> Within<T> {
    pub(crate) fn live(&self) -> &Arc<Live<T>> {
        &self.0
    }
}

impl<T: ?Sized> Drop for Within<T> {
    fn drop(&mut self) {
        self.0.operations.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A [`Live`], whatever is open in it.
pub(crate) trait Held: Send + Sync {
    /// How many operations are in it.
    fn operations(&self) -> usize;

    /// Retires under what did not let go in time.
    fn give_up(&self);
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
            operations: AtomicUsize::new(0),
        })
    }

    /// An operation begins.
    pub(crate) fn enter(self: Arc<Self>) -> Within<T> {
        self.operations.fetch_add(1, Ordering::Relaxed);
        Within(self)
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
    fn operations(&self) -> usize {
        self.operations.load(Ordering::Relaxed)
    }

    fn give_up(&self) {
        self.retire(self.operations());
    }
}

impl<T: ?Sized> Drop for Live<T> {
    fn drop(&mut self) {
        self.retire(0);
    }
}
