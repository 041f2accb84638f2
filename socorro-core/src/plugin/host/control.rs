//! Calls into a plugin that may block run on threads of their own, never on a worker of the program's
//! runtime, and the program stops waiting at a deadline. A thread that is given up on stays behind, and what it
//! makes later is dropped on it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::{Error, ErrorKind, Result};

/// Most control threads at once. Healthy ones last milliseconds; so many wait only for plugins that do not return,
/// and each that a further reload left behind would stay for ever.
const THREADS: usize = 512;

static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// One control thread; leaves the count when dropped.
struct Alive;

impl Alive {
    fn new(what: &str) -> Result<Self> {
        // Made before the check, so that a refusal takes back what was counted.
        let before = ALIVE.fetch_add(1, Ordering::Relaxed);
        let alive = Self;
        if before < THREADS {
            return Ok(alive);
        }
        Err(Error::new(
            ErrorKind::Overloaded,
            format!(
                "cannot start a control thread for {what} of a plugin: {THREADS} wait for plugins that do not \
                 return; see what hangs in them, and restart the program"
            ),
        ))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Starts a control thread. `what` becomes part of its name, of which Linux shows 15 bytes.
///
/// `Overloaded` when there are too many, or the system has no more threads.
pub(super) fn spawn(what: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    let alive = Alive::new(what)?;
    thread::Builder::new()
        .name(format!("sp-ctl-{what}"))
        .spawn(move || {
            // The plugin's own panics never get here; this one would be ours, and ends only this thread.
            let _ = catch_unwind(AssertUnwindSafe(run));
            drop(alive);
        })
        .map(drop)
        .map_err(|error| {
            Error::new(
                ErrorKind::Overloaded,
                format!("cannot start a control thread for {what} of a plugin"),
            )
            .caused_by(&error)
        })
}

/// Runs `call` on a control thread and waits for it, blocking, for at most `timeout`.
pub(super) fn run_blocking<T: Send + 'static>(
    what: &str,
    timeout: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let (done, outcome) = mpsc::sync_channel(1);
    spawn(what, move || {
        // Nobody listens after the deadline; the value is then dropped here.
        let _ = done.send(call());
    })?;
    outcome.recv_timeout(timeout).map_err(|error| match error {
        RecvTimeoutError::Timeout => hung(what, timeout),
        RecvTimeoutError::Disconnected => died(what),
    })
}

/// Runs `call` on a control thread and waits for it for at most `timeout`. When the future is dropped, so is
/// what the thread makes.
pub(super) async fn run<T: Send + 'static>(
    what: &str,
    timeout: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let (done, outcome) = oneshot::channel();
    spawn(what, move || {
        let _ = done.send(call());
    })?;
    match tokio::time::timeout(timeout, outcome).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) => Err(died(what)),
        Err(_) => Err(hung(what, timeout)),
    }
}

fn died(what: &str) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!(
            "the control thread for {what} of a plugin panicked; the panic hook has its message"
        ),
    )
}

fn hung(what: &str, timeout: Duration) -> Error {
    Error::new(
        ErrorKind::Timeout,
        format!(
            "{what} did not return within {timeout:?}; its thread is left behind, and what it makes later is \
             destroyed"
        ),
    )
}
