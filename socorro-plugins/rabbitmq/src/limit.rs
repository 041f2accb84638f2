//! How long an operation may take.

use std::future::Future;
use std::time::Duration;

use socorro_core::Context;
use tokio::time::Instant;

/// The end of one operation: its caller's deadline, or the option's if that is earlier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit(Instant);

impl Limit {
    pub(crate) fn new(cx: &Context, timeout: Duration) -> Self {
        Self::after(cx.remaining().map_or(timeout, |left| left.min(timeout)))
    }

    pub(crate) fn after(timeout: Duration) -> Self {
        // Far enough that nothing lives to see it.
        let far = Duration::from_secs(365 * 24 * 3600);
        Self(Instant::now() + timeout.min(far))
    }

    /// At most `timeout` from now.
    pub(crate) fn within(self, timeout: Duration) -> Self {
        Self(self.0.min(Self::after(timeout).0))
    }

    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.0
    }

    pub(crate) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// The output of `future`, or `None` when the time is over first.
    pub(crate) async fn run<F: Future>(self, future: F) -> Option<F::Output> {
        tokio::time::timeout_at(self.0, future).await.ok()
    }
}
