use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Spreads the delays of many callers, so that those who failed together do not return together.
///
/// Full jitter, a uniform draw from nothing to the whole delay, is what makes the fewest calls and is over
/// soonest when many clients compete for one server (AWS Architecture Blog, "Exponential Backoff And
/// Jitter").
pub trait Jitter: Send + Sync + Debug {
    /// How much of `delay` to wait: never more than all of it.
    fn part_of(&self, delay: Duration) -> Duration;
}

/// No jitter: the delay as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJitter;

impl Jitter for NoJitter {
    fn part_of(&self, delay: Duration) -> Duration {
        delay
    }
}

/// Full jitter from the operating system's randomness; the whole delay where it has none to give.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemJitter;

impl Jitter for SystemJitter {
    fn part_of(&self, delay: Duration) -> Duration {
        getrandom::u64().map_or(delay, |draw| uniform(delay, draw))
    }
}

/// Full jitter that is the same for the same seed.
#[derive(Debug)]
pub struct SeededJitter(AtomicU64);

impl SeededJitter {
    /// Starts the sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Jitter for SeededJitter {
    fn part_of(&self, delay: Duration) -> Duration {
        // SplitMix64 (Steele, Lea, Flood 2014): a counter and a mixer, so one atomic add is all its state.
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut draw = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        draw = (draw ^ (draw >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        draw = (draw ^ (draw >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        uniform(delay, draw ^ (draw >> 31))
    }
}

/// Maps a draw from all 64-bit numbers onto `0..=delay`. Delays count as 584 years at most.
fn uniform(delay: Duration, draw: u64) -> Duration {
    let nanos = u128::from(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX));
    let part = (u128::from(draw) * (nanos + 1)) >> 64;
    Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX))
}
