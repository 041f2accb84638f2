use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::{Clock, park};

/// A clock for tests: time moves only when told, and every sleep asked for is on record.
///
/// Clones are the same clock. Built only for tests and under feature `conformance`.
#[derive(Clone, Debug)]
pub struct ManualClock {
    epoch: Instant,
    by_itself: bool,
    state: Arc<watch::Sender<State>>,
}

#[derive(Debug, Default)]
struct State {
    elapsed: Duration,
    sleeps: Vec<Duration>,
}

impl ManualClock {
    /// Stands still until [`ManualClock::advance`].
    pub fn new() -> Self {
        Self {
            epoch: Instant::now(),
            by_itself: false,
            state: Arc::new(watch::Sender::new(State::default())),
        }
    }

    /// Every sleep that is waited for moves the time on to its end, at once: for tests of a sequence of
    /// sleeps in one task.
    pub fn automatic() -> Self {
        Self {
            by_itself: true,
            ..Self::new()
        }
    }

    /// Moves the time on, and wakes who has slept long enough.
    pub fn advance(&self, duration: Duration) {
        self.state
            .send_modify(|state| state.elapsed = state.elapsed.saturating_add(duration));
    }

    /// How far the time has moved since this clock was made.
    pub fn elapsed(&self) -> Duration {
        self.state.borrow().elapsed
    }

    /// The length of every sleep that was asked for, in order, also of those that were cut short.
    pub fn sleeps(&self) -> Vec<Duration> {
        self.state.borrow().sleeps.clone()
    }

    /// Waits until `count` sleeps in all have been asked for: the moment to [`ManualClock::advance`].
    pub async fn asked(&self, count: usize) {
        let mut changes = self.state.subscribe();
        // Cannot fail: the sender is ours.
        let _ = changes.wait_for(|state| state.sleeps.len() >= count).await;
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.epoch + self.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let until = self.elapsed().saturating_add(duration);
        self.state.send_modify(|state| state.sleeps.push(duration));
        let clock = self.clone();
        Box::pin(async move {
            if clock.by_itself {
                clock
                    .state
                    .send_modify(|state| state.elapsed = state.elapsed.max(until));
            }
            let mut changes = clock.state.subscribe();
            let _ = changes.wait_for(|state| state.elapsed >= until).await;
        })
    }

    fn sleep_blocking(&self, duration: Duration, wake: Pin<&mut (dyn Future<Output = ()> + '_)>) {
        let slept = self.sleep(duration);
        let mut either = std::pin::pin!(async move {
            tokio::select! {
                biased;
                () = wake => {}
                () = slept => {}
            }
        });
        park::block_on(either.as_mut(), None);
    }
}
