//! What stands behind the switch in a model.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use loom::cell::UnsafeCell;
use tokio_util::task::TaskTracker;

use super::handover::{Claim, Slot};
use super::in_service::Live;
use super::leaving::Departure;
use super::plan::Part;
use super::retire::{Reaper, Retire, Retired};
use super::sync::Arc;

/// What is open: it notices whatever is done with it that must not be.
///
/// Its own counts are of the standard library, so that they order nothing for the checker.
pub(super) struct Backend {
    /// Accessed by every use, and for writing by an end with nobody in it: the checker fails when one is not ordered
    /// before the other.
    memory: Memory,
    ends: AtomicUsize,
    /// How many were in it when it was ended, as it was told.
    told: AtomicUsize,
    departed: AtomicBool,
    /// How many used it after that.
    late: AtomicUsize,
}

/// The lock is none to the checker, and held for no step of it: what is shared is its record of who accesses it.
struct Memory(std::sync::Mutex<UnsafeCell<()>>);

/// What is open, as an instance has it.
pub(super) type Open = Live<dyn Retire>;

impl Backend {
    /// One that is not in service yet.
    pub(super) fn open() -> (std::sync::Arc<Self>, Arc<Open>) {
        let backend = std::sync::Arc::new(Self {
            memory: Memory(std::sync::Mutex::new(UnsafeCell::new(()))),
            ends: AtomicUsize::new(0),
            told: AtomicUsize::new(0),
            departed: AtomicBool::new(false),
            late: AtomicUsize::new(0),
        });
        let open: std::sync::Arc<dyn Retire> = std::sync::Arc::new(Door(backend.clone()));
        let retired = Retired {
            retirees: Reaper,
            open: TaskTracker::new(),
        };
        let live = Live::new(Part, Arc::from_std(open), retired, Some(Arc::new(Claim)));
        (backend, live)
    }

    /// It has ended once, with so many in it at most.
    pub(super) fn has_ended(&self, most: usize) {
        assert_eq!(self.ends.load(SeqCst), 1, "ends once");
        let (told, late) = (self.told.load(SeqCst), self.late.load(SeqCst));
        assert!(told <= most, "{told} of {most} were in it");
        assert!(
            late <= told,
            "{late} used it after its end, and {told} were told"
        );
    }

    /// How many were in it when it was ended.
    pub(super) fn told(&self) -> usize {
        self.told.load(SeqCst)
    }

    pub(super) fn has_departed(&self) -> bool {
        self.departed.load(SeqCst)
    }

    pub(super) fn is_open(&self) -> bool {
        self.ends.load(SeqCst) == 0
    }
}

/// What an instance holds of a [`Backend`], whose counts outlive it.
struct Door(std::sync::Arc<Backend>);

impl Retire for Door {
    fn is_used(&self) {
        self.0.memory.0.lock().unwrap().with(|_| ());
        if self.0.ends.load(SeqCst) > 0 {
            self.0.late.fetch_add(1, SeqCst);
        }
    }

    fn end(&self, operations: usize, departed: bool) {
        self.0.told.store(operations, SeqCst);
        self.0.departed.store(departed, SeqCst);
        assert_eq!(self.0.ends.fetch_add(1, SeqCst), 0, "retires once");
        if operations == 0 {
            self.0.memory.0.lock().unwrap().with_mut(|_| ());
        }
    }
}

/// One operation, from its start to its end. Whether there was one.
pub(super) fn operate(live: Option<Arc<Open>>) -> bool {
    let Some(within) = live.and_then(|live| Live::enter(&live)) else {
        return false;
    };
    within.live().open().is_used();
    true
}

/// One configuration, of one instance.
pub(super) struct Generation {
    pub(super) number: usize,
    pub(super) instance: Arc<Slot<dyn Retire>>,
}

impl Generation {
    pub(super) fn new(number: usize, live: Arc<Open>) -> Self {
        Self {
            number,
            instance: Arc::new(Slot::new(live)),
        }
    }
}

/// Why something leaves.
pub(super) fn departure() -> Arc<Departure> {
    Arc::new(Departure)
}
