//! What is open behind an instance, and who holds it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::handover::Claim;
use super::instance::Openable;
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
    /// What it has for itself until it has ended; none for a composite.
    claim: Option<Arc<Claim>>,
    /// Taken when it retires, which it does once.
    token: Mutex<Option<TaskTrackerToken>>,
    service: watch::Sender<Service>,
    departure: Mutex<Option<Arc<Departure>>>,
    /// Only told, never decided by: what keeps it open is that it is held.
    operations: AtomicUsize,
}

/// What whoever holds it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    /// Go on, and begin more.
    In,
    /// See through what it began: a reload takes it out.
    Out,
    /// Let go: the reload waits no longer.
    Evicted,
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

impl<T: Openable + ?Sized> Live<T> {
    pub(super) fn new(
        part: Part,
        open: Arc<T>,
        retired: Retired,
        claim: Option<Arc<Claim>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            part,
            open,
            into_retiring: T::into_retiring,
            token: Mutex::new(Some(retired.open.token())),
            retired,
            claim,
            service: watch::Sender::new(Service::In),
            departure: Mutex::default(),
            operations: AtomicUsize::new(0),
        })
    }
}

impl<T: ?Sized> Live<T> {
    /// An operation begins.
    pub(crate) fn enter(self: Arc<Self>) -> Within<T> {
        self.operations.fetch_add(1, Ordering::Relaxed);
        Within(self)
    }

    /// What is open. Still there, but ended, once it was given up.
    pub(crate) fn open(&self) -> &T {
        &self.open
    }

    pub(crate) fn name(&self) -> &str {
        self.part.name()
    }

    pub(crate) fn claim(&self) -> Option<&Arc<Claim>> {
        self.claim.as_ref()
    }

    /// Waits until it is taken out of service; ready at once when that has happened.
    pub(crate) async fn out(&self) {
        self.reached(Service::Out).await;
    }

    /// Waits until whatever holds it has to let go: the reload that exchanges it waits no longer.
    pub(crate) async fn evicted(&self) {
        self.reached(Service::Evicted).await;
    }

    async fn reached(&self, service: Service) {
        // Cannot fail: the sender is ours.
        let _ = self
            .service
            .subscribe()
            .wait_for(|now| *now >= service)
            .await;
    }

    pub(super) fn set_service(&self, service: Service) {
        self.service.send_replace(service);
    }

    /// It leaves for this reason; one that it left for before stays.
    pub(super) fn departs(&self, departure: Arc<Departure>) {
        lock(&self.departure).get_or_insert(departure);
    }

    /// It stays after all.
    pub(super) fn stays(&self) {
        lock(&self.departure).take();
    }

    fn retire(&self, operations: usize) {
        let Some(token) = lock(&self.token).take() else {
            return;
        };
        let retiree = Retiree {
            part: self.part.clone(),
            open: (self.into_retiring)(self.open.clone()),
            claim: self.claim.clone(),
            departure: lock(&self.departure).clone(),
            operations,
            token,
        };
        // Nobody listens only after the program was shut down; what is open then ends by its own drop.
        let _ = self.retired.retirees.send(retiree);
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
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

impl<T: ?Sized> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Live({})", self.part)
    }
}
