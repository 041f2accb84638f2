use std::fmt::Debug;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use super::park;

/// Time as executors see it, so that tests can bring their own.
pub trait Clock: Send + Sync + Debug {
    /// The present moment.
    fn now(&self) -> Instant;

    /// Is ready `duration` from now. Dropping it is all it takes to stop waiting.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Blocks this thread for `duration`, or until `wake` is ready, whichever comes first.
    ///
    /// `wake` is polled on this thread, outside of any runtime.
    fn sleep_blocking(&self, duration: Duration, wake: Pin<&mut (dyn Future<Output = ()> + '_)>);
}

/// The time of the machine.
///
/// [`Clock::sleep`] needs a tokio runtime with its time driver around it, as every `tokio::time` function
/// does; [`Clock::sleep_blocking`] needs none, and must not be called on a thread that drives one.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        // Tokio's, so that it agrees with the sleeps where a test of an embedding program pauses time.
        tokio::time::Instant::now().into_std()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async move { tokio::time::sleep(duration).await })
    }

    fn sleep_blocking(&self, duration: Duration, wake: Pin<&mut (dyn Future<Output = ()> + '_)>) {
        // Which of the two ended the sleep, the owner of `wake` knows.
        let _ = park::block_on(wake, Some(duration));
    }
}
