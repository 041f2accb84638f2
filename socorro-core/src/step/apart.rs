use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, SendError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

/// Does `work`, which blocks, on a control thread, and waits for it.
///
/// Not on a thread of the runtime's pool: a file on a mount that does not answer would keep that for ever, and with it
/// the end of the runtime. When the future is dropped the thread goes on by itself, and what it comes to is dropped
/// there. Panics as `work` does.
///
/// One thread is kept when its work is done, and takes the next: while a plugin's constructor that hangs keeps the
/// linker's lock, no thread can start, and what is asked for one at a time has to go on.
///
/// The error of the system when there is no thread to be had, or when [`THREADS`] wait already for what does not
/// answer.
pub(crate) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let alive = Alive::new()?;
    let (done, outcome) = oneshot::channel();
    hand_over(Box::new(move || {
        let outcome = catch_unwind(AssertUnwindSafe(work));
        Box::new(move || {
            drop(alive);
            // Nobody may listen any more.
            let _ = done.send(outcome);
        })
    }))?;
    match outcome.await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(panic)) => resume_unwind(panic),
        // The thread always sends, unless the process is being torn down.
        Err(_) => Err(io::Error::other("the thread ended without an outcome")),
    }
}

/// Work, which comes to something that is to be told.
type Work = Box<dyn FnOnce() -> Tell + Send>;
type Tell = Box<dyn FnOnce()>;

/// The thread that is kept, while it has nothing to do.
static SPARE: Mutex<Option<Sender<Work>>> = Mutex::new(None);

fn spare() -> MutexGuard<'static, Option<Sender<Work>>> {
    SPARE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hand_over(work: Work) -> io::Result<()> {
    let kept = spare().take();
    let work = match kept {
        Some(kept) => match kept.send(work) {
            Ok(()) => return Ok(()),
            Err(SendError(work)) => work,
        },
        None => work,
    };
    thread::Builder::new()
        .name("socorro-apart".to_owned())
        .spawn(move || live(work))
        .map(drop)
}

/// The life of a control thread.
fn live(mut work: Work) {
    loop {
        let tell = work();
        let (sender, next) = mpsc::channel();
        // Another may be kept already; then nobody has the sender, and this thread ends.
        spare().get_or_insert(sender);
        // After it can be given the next: who is told may ask for more at once.
        tell();
        match next.recv() {
            Ok(next) => work = next,
            Err(_) => return,
        }
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
