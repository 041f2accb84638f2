use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use tokio::sync::oneshot;

/// Does `work`, which blocks, on a control thread of its own, and waits for it. `what` is part of the thread's name,
/// of which Linux shows 15 bytes.
///
/// Not on a thread of the runtime's pool: a file on a mount that does not answer would keep that for ever, and with it
/// the end of the runtime. When the future is dropped the thread goes on by itself, and what it comes to is dropped
/// there. Panics as `work` does.
///
/// The error of the system when there is no thread to be had.
pub(crate) async fn apart<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (done, outcome) = oneshot::channel();
    thread::Builder::new()
        .name(format!("socorro-{what}"))
        .spawn(move || {
            // Nobody may listen any more.
            let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
        })?;
    match outcome.await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(panic)) => resume_unwind(panic),
        // The thread always sends, unless the process is being torn down.
        Err(_) => Err(io::Error::other("the thread ended without an outcome")),
    }
}
