//! Pinning what runs, and exchanging it under those who pin it.
//!
//! # Step by step
//!
//! Who makes an operation:
//!
//! 1. **Pins** the current generation: [`Switch::pin`].
//! 2. Finds the instance in it, and **takes hold** of what is in service there, in its [slot](super::handover::Slot).
//!    *It is being exchanged*: waits at the parking that it finds instead, and begins again at 1. *Nothing comes any
//!    more*: the instance has ended, and so does the operation, before it began.
//! 3. **[Enters](super::in_service::Live::enter)** it, which counts. *It was given up meanwhile*: it has ended too.
//! 4. Works, **leaves**, and lets go.
//!
//! Who adopts a configuration, the driver and nobody else:
//!
//! 1. **Commits**: [`Switch::commit`]. Who pins from now on gets the next generation.
//! 2. Notes at every instance that leaves [why it does](super::in_service::Live::departs), and **lets go** of the
//!    previous generation. *Nobody else has it*: what it alone held retires here and now.
//! 3. At the drain deadline, **[empties](super::handover::Slot::empty)** the slot: nobody takes hold of it any more,
//!    though something may keep its generation. With no operation in it it is
//!    **[given up](super::in_service::Held::give_up_idle)** at once.
//! 4. After a grace, **[gives up](super::in_service::Held::give_up)** what is still held.
//!
//! [The exchange](super::handover) of what cannot be shared, in a task of its own, one at a time: it takes what is in
//! the slot, and then either the next generation is committed, or what still lives goes back into the slot, or the
//! like of it. Whoever waits at the parking is let go last.
//!
//! # What holds, and why
//!
//! * *An operation runs in one generation.* It pins once.
//! * *What is held is not ended, unless it was given up.* It retires when the last `Arc` of it is dropped, and that
//!   comes after everything that was done with the others (release and acquire, in `Arc`).
//! * *It retires once*, whether by the last who lets go, by being given up, or both: the token is taken under a lock.
//! * *Nothing enters what was given up, and as many are reported as are in it.* Entering and giving up are each one
//!   read-modify-write of one atomic number, the count with the mark beside it, so they have an order: either the
//!   operation is in the count that giving up finds, or it finds the mark. That takes atomicity and no ordering.
//! * *Whoever had left by then was done.* Leaving is a release and giving up an acquire, so what is ended with nobody
//!   in it is ended after the last use. Nothing else orders the two: who gives up does not wait for `Arc`s.
//! * *Nobody misses that something was put in service*: who waits is registered before it looks.
//! * *Whoever finds nothing in service because of an exchange knows where to wait*: the parking is stored before the
//!   slot is emptied.
//! * *What goes back into service has not ended*: it goes back by an `Arc` that was made while another was there, and an
//!   exchange gives nothing up.
//! * *What leaves knows why.* That is noted while the previous generation is still held, so before it can retire.
//! * *A thread that remembers what it pinned last keeps nothing open.* It remembers a `Weak`, which keeps the memory of
//!   that one generation, so that no other can have its address while they are compared.
//!
//! All of this is checked by running the same code in every order that the memory model allows, with `loom`, in
//! `socorro-core/loom`. Not checked there are the cells themselves, `arc-swap`: in the model their loads and swaps
//! happen one after another. For who pins what the thread pinned before, that is one atomic load and one increment,
//! without a lock.

use std::cell::RefCell;
use std::ptr;

use super::generation::Generation;
use super::sync::{Arc, ArcSwap, ArcSwapWeak, Cache, Weak, thread_local};

/// What runs, exchanged while it is used.
pub(super) struct Switch {
    /// Keeps it while nobody pins it.
    current: ArcSwap<Generation>,
    /// Where it is found: every thread remembers what was here, and compares.
    place: Arc<Place>,
}

type Place = ArcSwapWeak<Generation>;

thread_local! {
    /// What this thread pinned last. Of programs with several switches, in the last one that it used.
    static LAST: RefCell<Option<Cache<Arc<Place>, Weak<Generation>>>> = const { RefCell::new(None) };
}

impl Switch {
    pub(super) fn new(first: Generation) -> Self {
        let first = Arc::new(first);
        Self {
            place: Arc::new(Place::new(Arc::downgrade(&first))),
            current: ArcSwap::new(first),
        }
    }

    /// What runs now, kept as long as the caller keeps it.
    pub(super) fn pin(&self) -> Arc<Generation> {
        let found = LAST.try_with(|last| {
            let mut last = last.borrow_mut();
            let last = match &mut *last {
                Some(last) if ptr::eq(last.arc_swap(), &*self.place) => last,
                other => other.insert(Cache::new(self.place.clone())),
            };
            last.load().upgrade()
        });
        // Nothing is found by a thread that ends, and when it was exchanged and let go since the thread looked.
        let found = found.ok().flatten();
        found.unwrap_or_else(|| self.current.load_full())
    }

    /// From now on `next` runs; returns what ran before.
    pub(super) fn commit(&self, next: Arc<Generation>) -> Arc<Generation> {
        // First, and the one before is still kept: who looks here finds what is there.
        self.place.store(Arc::downgrade(&next));
        self.current.swap(next)
    }
}
