//! What the checker interleaves, in the place of what the product is made of.

use std::{fmt, mem, ops, ptr};

use loom::sync::atomic::AtomicPtr;
pub(super) use loom::sync::atomic::{AtomicUsize, Ordering};
pub(super) use loom::sync::{Mutex, MutexGuard};
pub(super) use std::sync::PoisonError;

/// That of the checker knows no `const`.
macro_rules! thread_local_of_the_checker {
    ($(#[$meta:meta])* static $name:ident: $type:ty = const { $first:expr };) => {
        loom::thread_local! { $(#[$meta])* static $name: $type = $first; }
    };
}
pub(super) use thread_local_of_the_checker as thread_local;

/// Counted as that of the standard library is. That of the checker has no [`Weak`].
pub(super) struct Arc<T: ?Sized> {
    count: std::sync::Arc<AtomicUsize>,
    /// Counts the same beside it, without an order. Dropped with the last, at the end of its drop.
    value: std::sync::Arc<T>,
}

/// Keeps nothing, and becomes an [`Arc`] again while there is one.
pub(super) struct Weak<T: ?Sized>(Option<(std::sync::Arc<AtomicUsize>, std::sync::Weak<T>)>);

impl<T> Arc<T> {
    pub(super) fn new(value: T) -> Self {
        Self::from_std(std::sync::Arc::new(value))
    }
}

impl<T: ?Sized> Arc<T> {
    /// The only one of it.
    pub(super) fn from_std(value: std::sync::Arc<T>) -> Self {
        let count = std::sync::Arc::new(AtomicUsize::new(1));
        Self { count, value }
    }

    pub(super) fn downgrade(this: &Self) -> Weak<T> {
        Weak(Some((
            this.count.clone(),
            std::sync::Arc::downgrade(&this.value),
        )))
    }
}

impl<T: ?Sized> Clone for Arc<T> {
    fn clone(&self) -> Self {
        self.count.fetch_add(1, Ordering::Relaxed);
        Self {
            count: self.count.clone(),
            value: self.value.clone(),
        }
    }
}

impl<T: ?Sized> Drop for Arc<T> {
    fn drop(&mut self) {
        if self.count.fetch_sub(1, Ordering::Release) == 1 {
            self.count.load(Ordering::Acquire);
        }
    }
}

impl<T: ?Sized> ops::Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T> Weak<T> {
    pub(super) fn new() -> Self {
        Self(None)
    }

    fn address(&self) -> *mut T {
        let address = self
            .0
            .as_ref()
            .map_or(ptr::null(), |(_, value)| value.as_ptr());
        address.cast_mut()
    }

    pub(super) fn upgrade(&self) -> Option<Arc<T>> {
        let (count, value) = self.0.as_ref()?;
        let one_more = |count| (count > 0).then(|| count + 1);
        count
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more)
            .ok()?;
        Some(Arc {
            count: count.clone(),
            value: value.upgrade().unwrap(),
        })
    }
}

impl<T: ?Sized> Clone for Weak<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A cell whose loads and swaps happen one after another, which is what `arc-swap` promises.
pub(super) struct ArcSwap<T>(Mutex<Arc<T>>);

/// The same, of what it does not keep.
pub(super) struct ArcSwapWeak<T> {
    now: Mutex<Weak<T>>,
    /// Where that is, for [`Cache`].
    at: AtomicPtr<T>,
}

/// What was in a cell, as long as that is still in it.
pub(super) struct Cache<A, W> {
    cell: A,
    cached: W,
}

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

impl<T> ArcSwapWeak<T> {
    pub(super) fn new(first: Weak<T>) -> Self {
        Self {
            at: AtomicPtr::new(first.address()),
            now: Mutex::new(first),
        }
    }

    pub(super) fn store(&self, next: Weak<T>) {
        let mut now = self.now.lock().unwrap();
        self.at.store(next.address(), Ordering::Relaxed);
        *now = next;
    }
}

impl<T> Cache<Arc<ArcSwapWeak<T>>, Weak<T>> {
    pub(super) fn new(cell: Arc<ArcSwapWeak<T>>) -> Self {
        let cached = cell.now.lock().unwrap().clone();
        Self { cell, cached }
    }

    pub(super) fn arc_swap(&self) -> &ArcSwapWeak<T> {
        &self.cell
    }

    /// Only compares, without an order, unless there is something else.
    pub(super) fn load(&mut self) -> &Weak<T> {
        if !ptr::eq(self.cell.at.load(Ordering::Relaxed), self.cached.address()) {
            self.cached = self.cell.now.lock().unwrap().clone();
        }
        &self.cached
    }
}

impl<T> ArcSwapOption<T> {
    pub(super) fn new(first: Option<Arc<T>>) -> Self {
        Self {
            now: Mutex::new(first),
            after: AtomicUsize::new(0),
        }
    }

    pub(super) fn empty() -> Self {
        Self::new(None)
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
