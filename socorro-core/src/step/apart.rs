use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::sync::oneshot;

/// Does `work`, which blocks, on a control thread of its own, and waits for it. `what` is part of the thread's name,
/// of which Linux shows 15 bytes.
///
/// Not on a thread of the runtime's pool: a file on a mount that does not answer would keep that for ever, and with it
/// the end of the runtime. When the future is dropped the thread goes on by itself, and what it comes to is dropped
/// there. Panics as `work` does.
///
/// The error of the system when there is no thread to be had, or when [`THREADS`] wait already for what does not
/// answer.
pub(crate) async fn apart<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let alive = Alive::new()?;
    let (done, outcome) = oneshot::channel();
    thread::Builder::new()
        .name(format!("socorro-{what}"))
        .spawn(move || {
            // Nobody may listen any more.
            let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
            drop(alive);
        })?;
    match outcome.await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(panic)) => resume_unwind(panic),
        // The thread always sends, unless the process is being torn down.
        Err(_) => Err(io::Error::other("the thread ended without an outcome")),
    }
}

/// Most control threads at once. Healthy ones last milliseconds; so many wait only for disks that do not answer, and
/// every further attempt would leave another behind.
const THREADS: usize = 256;

static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// One control thread; leaves the count when dropped.
struct Alive;

impl Alive {
    fn new() -> io::Result<Self> {
        // Made before the check, so that a refusal takes back what was counted.
        let before = ALIVE.fetch_add(1, Ordering::Relaxed);
        let alive = Self;
        if before < THREADS {
            return Ok(alive);
        }
        Err(io::Error::other(format!(
            "{THREADS} threads wait for files that are not read; see which disk does not answer"
        )))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}
