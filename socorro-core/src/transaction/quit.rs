use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::park;

/// The request to end: waits between attempts stop at once, attempts under way finish.
///
/// Cheap to clone; all clones are one. A request cannot be taken back.
#[derive(Clone, Debug, Default)]
pub struct Quit(CancellationToken);

impl Quit {
    /// Nothing is requested yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everyone to end. Asking again changes nothing.
    ///
    /// Takes locks, so it is not for the inside of a signal handler.
    pub fn request(&self) {
        self.0.cancel();
    }

    /// Whether anyone asked.
    pub fn is_requested(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until someone asks; ready at once when that has happened. Needs no runtime.
    pub async fn requested(&self) {
        self.0.cancelled().await;
    }

    /// Blocks this thread until someone asks, `timeout` at most; tells whether someone did.
    ///
    /// Not for a thread that drives an async runtime.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        let requested = std::pin::pin!(self.requested());
        park::block_on(requested, timeout).is_some()
    }
}
