//! What the checker interleaves, in the place of what the product is made of.

use std::mem;

pub(super) use loom::sync::atomic::{AtomicUsize, Ordering};
pub(super) use loom::sync::{Arc, Mutex};
pub(super) use std::sync::PoisonError;

/// A cell whose loads and swaps happen one after another, which is what `arc-swap` promises.
pub(super) struct ArcSwap<T>(Mutex<Arc<T>>);

/// The same, which may be empty.
pub(super) struct ArcSwapOption<T> {
    now: Mutex<Option<Arc<T>>>,
    /// Accessed after it, so that threads change places between that and what is not interleaved itself.
    after: AtomicUsize,
}

impl<T> ArcSwap<T> {
    pub(super) fn new(first: Arc<T>) -> Self {
        Self(Mutex::new(first))
    }

    pub(super) fn load_full(&self) -> Arc<T> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn swap(&self, next: Arc<T>) -> Arc<T> {
        mem::replace(&mut *self.0.lock().unwrap(), next)
    }
}

impl<T> ArcSwapOption<T> {
    pub(super) fn new(first: Option<Arc<T>>) -> Self {
        Self {
            now: Mutex::new(first),
            after: AtomicUsize::new(0),
        }
    }

    pub(super) fn load_full(&self) -> Option<Arc<T>> {
        let now = self.now.lock().unwrap().clone();
        self.after.load(Ordering::Relaxed);
        now
    }

    pub(super) fn swap(&self, next: Option<Arc<T>>) -> Option<Arc<T>> {
        let before = mem::replace(&mut *self.now.lock().unwrap(), next);
        self.after.store(1, Ordering::Relaxed);
        before
    }

    pub(super) fn store(&self, next: Option<Arc<T>>) {
        drop(self.swap(next));
    }
}
