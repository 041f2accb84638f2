//! Foreign code runs on threads of its own: one that never returns costs that thread and nothing else.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Why there is no result.
#[derive(Debug)]
pub(super) enum NoResult {
    /// The work is not over yet; its thread goes on.
    Late,
    /// The thread ended without one.
    Died,
    /// There was no thread to be had.
    NoThread(std::io::Error),
}

/// Runs `work` on a thread of its own and waits for it until `deadline`.
pub(super) fn run<T: Send + 'static>(
    deadline: Instant,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoResult> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("socorro-load".to_owned())
        .spawn(move || {
            // Nobody listens any more when the work came too late.
            let _ = sender.send(work());
        })
        .map_err(NoResult::NoThread)?;
    receiver
        .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        .map_err(|error| match error {
            RecvTimeoutError::Timeout => NoResult::Late,
            RecvTimeoutError::Disconnected => NoResult::Died,
        })
}

/// `timeout` from now; a year for one that no clock can hold.
pub(super) fn deadline_in(timeout: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(timeout)
        .unwrap_or_else(|| now + Duration::from_secs(365 * 24 * 60 * 60))
}
