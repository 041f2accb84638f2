#[allow(dead_code, reason = "what only the product needs")]
#[path = "../../../../src/live/handover/slot.rs"]
mod slot;

use loom::sync::Condvar;

use super::retire::Retire;
use super::sync::{Arc, Mutex};
use super::world::{Open, departure};

pub(crate) use slot::Slot;

/// What an instance has for itself.
pub(super) struct Claim;

/// Where operations wait, for as long as it takes.
#[derive(Debug)]
pub(crate) struct Parking {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Parking {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::new(false),
            opened: Condvar::new(),
        })
    }

    fn release(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    pub(super) fn wait(&self) {
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.opened.wait(open).unwrap();
        }
    }
}

/// An old instance on its way out and back, as `old.rs` has it.
pub(super) struct Taken<'a> {
    slot: &'a Slot<dyn Retire>,
    parking: Arc<Parking>,
}

impl<'a> Taken<'a> {
    pub(super) fn take(slot: &'a Slot<dyn Retire>) -> Self {
        let parking = Parking::new();
        slot.get().unwrap().departs(departure());
        slot.take(&parking);
        Self { slot, parking }
    }

    /// What comes after it serves.
    pub(super) fn committed(self) {
        self.parking.release();
    }

    /// It serves again, or the like of it. Whether it was never ended.
    pub(super) fn back(self, again: impl FnOnce() -> Arc<Open>) -> bool {
        let is_same = self.slot.put_back();
        if !is_same {
            self.slot.put(again());
        }
        self.parking.release();
        is_same
    }
}
