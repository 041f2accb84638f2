//! How long to wait before trying again. The only module that names the `backoff` crate: with another
//! provider of the trait, this file is what changes.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "backoff")]
pub use backoff::backoff::Backoff;

/// A policy of delays: the trait of the `backoff` crate, word for word, in builds without that feature.
#[cfg(not(feature = "backoff"))]
pub trait Backoff {
    /// Back to the first delay.
    fn reset(&mut self) {}

    /// The next delay; `None` when there is to be no other attempt.
    fn next_backoff(&mut self) -> Option<Duration>;
}

/// Makes the delays of one operation; an executor calls it at the first failure of each.
pub type BackoffFactory = Arc<dyn Fn() -> Box<dyn Backoff + Send> + Send + Sync>;

/// The delays of the original executors, unless the configuration has others.
pub const DEFAULT_DELAYS: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(120),
    Duration::from_secs(300),
];

/// The delays of a list, each once, or with the last repeated for ever.
#[derive(Clone, Debug)]
pub struct FixedDelays {
    delays: Arc<[Duration]>,
    next: usize,
    repeat_last: bool,
}

impl FixedDelays {
    /// Each delay once: `delays.len() + 1` attempts.
    pub fn once(delays: impl Into<Arc<[Duration]>>) -> Self {
        Self {
            delays: delays.into(),
            next: 0,
            repeat_last: false,
        }
    }

    /// Each delay once, then the last one for ever. An empty list has no last one and ends at once.
    pub fn repeating_last(delays: impl Into<Arc<[Duration]>>) -> Self {
        Self {
            repeat_last: true,
            ..Self::once(delays)
        }
    }

    /// A factory of copies, each starting at the first delay.
    pub fn into_factory(self) -> BackoffFactory {
        Arc::new(move || Box::new(self.clone()))
    }
}

impl Backoff for FixedDelays {
    fn reset(&mut self) {
        self.next = 0;
    }

    fn next_backoff(&mut self) -> Option<Duration> {
        let delay = match self.delays.get(self.next) {
            Some(delay) => delay,
            None if self.repeat_last => return self.delays.last().copied(),
            None => return None,
        };
        self.next += 1;
        Some(*delay)
    }
}

#[cfg(test)]
mod tests;
