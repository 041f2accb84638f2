use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CLOSED: usize = 1 << (usize::BITS - 1);

/// Lets calls into an instance until it is destroyed: `submit` must not run on an instance that is gone.
///
/// Counts the calls that are inside, which are short, without a lock.
pub(super) struct Gate(AtomicUsize);

/// A call that is inside.
pub(super) struct Pass<'a>(&'a Gate);

impl Gate {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Enters; `None` once the gate is closed.
    pub(super) fn enter(&self) -> Option<Pass<'_>> {
        let before = self.0.fetch_add(1, Ordering::AcqRel);
        let pass = Pass(self);
        (before & CLOSED == 0).then_some(pass)
    }

    /// Closes the gate; `false` when it was closed before.
    pub(super) fn close(&self) -> bool {
        self.0.fetch_or(CLOSED, Ordering::AcqRel) & CLOSED == 0
    }

    /// Blocks until nobody is inside; `false` when somebody still is after `timeout`.
    pub(super) fn wait_until_empty(&self, timeout: Duration) -> bool {
        let started = Instant::now();
        // Submitting is enqueueing: who is inside is out in microseconds, or hangs.
        let mut pause = Duration::from_micros(50);
        while self.0.load(Ordering::Acquire) != CLOSED {
            if started.elapsed() > timeout {
                return false;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        true
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}
