//! What is open behind an instance, and who holds it.

use std::fmt;

use tokio::sync::watch;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::handover::Claim;
use super::instance::Openable;
use super::leaving::Departure;
use super::plan::Part;
use super::retire::{Retire, Retired, Retiree};
use super::sync::{Arc, AtomicUsize, Mutex, MutexGuard, Ordering, PoisonError};

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
    end: Mutex<Option<End>>,
    service: watch::Sender<Service>,
    /// How many are in it, with [`GIVEN_UP`]. It does not keep it open: that does who holds it.
    operations: AtomicUsize,
}

/// How it ends.
struct End {
    token: TaskTrackerToken,
    /// Why it leaves, once it does.
    departure: Option<Arc<Departure>>,
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

/// The mark beside the count of what was given up: nothing enters any more.
const GIVEN_UP: usize = 1 << (usize::BITS - 1);

/// One operation in it, or one crash that is out; leaves when dropped.
pub(crate) struct Within<T: ?Sized>(Arc<Live<T>>);

impl<T: ?Sized> Within<T> {
    pub(crate) fn live(&self) -> &Arc<Live<T>> {
        &self.0
    }

    /// One more in it: what an operation that is in it hands out.
    pub(crate) fn again(&self) -> Self {
        self.0.operations.fetch_add(1, Ordering::Relaxed);
        Self(self.0.clone())
    }
}

impl<T: ?Sized> Drop for Within<T> {
    fn drop(&mut self) {
        // Pairs with giving up: what was done in here comes before the end of what is open.
        self.0.operations.fetch_sub(1, Ordering::Release);
    }
}

/// A [`Live`], whatever is open in it.
pub(crate) trait Held: Send + Sync {
    /// How many operations are in it.
    fn operations(&self) -> usize;

    /// Retires under what holds it, unless an operation is in it.
    fn give_up_idle(&self);

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
            end: Mutex::new(Some(End {
                token: retired.open.token(),
                departure: None,
            })),
            retired,
            claim,
            service: watch::Sender::new(Service::In),
            operations: AtomicUsize::new(0),
        })
    }
}

impl<T: ?Sized> Live<T> {
    /// An operation begins; `None` when this was given up.
    pub(crate) fn enter(this: &Arc<Self>) -> Option<Within<T>> {
        // Counting and looking are one step, so that it is counted or refused, whoever gives up meanwhile. Nothing is
        // read that this would have to order: what is open was published with the `Arc`.
        let before = this.operations.fetch_add(1, Ordering::Relaxed);
        // Dropped, it takes back what was counted.
        let within = Within(this.clone());
        (before & GIVEN_UP == 0).then_some(within)
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
        if let Some(end) = &mut *self.end() {
            // There already: a reload let it go, and now the program ends too.
            end.departure.get_or_insert(departure);
        }
    }

    /// It stays after all.
    pub(super) fn stays(&self) {
        if let Some(end) = &mut *self.end() {
            end.departure = None;
        }
    }

    fn end(&self) -> MutexGuard<'_, Option<End>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn retire(&self, operations: usize) {
        let end = self.end().take();
        let Some(End { token, departure }) = end else {
            return;
        };
        let retiree = Retiree {
            part: self.part.clone(),
            open: (self.into_retiring)(self.open.clone()),
            claim: self.claim.clone(),
            departure,
            operations,
            token,
        };
        // Nobody listens only after the program was shut down; what is open then ends by its own drop.
        let _ = self.retired.retirees.send(retiree);
    }
}

impl<T: ?Sized + Send + Sync> Held for Live<T> {
    fn operations(&self) -> usize {
        self.operations.load(Ordering::Relaxed) & !GIVEN_UP
    }

    fn give_up_idle(&self) {
        let (acquire, relaxed) = (Ordering::Acquire, Ordering::Relaxed);
        let mark = self
            .operations
            .compare_exchange(0, GIVEN_UP, acquire, relaxed);
        if mark.is_ok() {
            self.retire(0);
        }
    }

    fn give_up(&self) {
        // Pairs with leaving.
        let operations = self.operations.fetch_or(GIVEN_UP, Ordering::Acquire);
        // Given up before: what is counted now may be refused just then.
        if operations & GIVEN_UP == 0 {
            self.retire(operations);
        }
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
