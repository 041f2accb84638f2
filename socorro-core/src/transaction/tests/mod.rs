//! Numbers in the names of tests are those of the black-box vectors of the original executors.

mod config;
mod drain;
mod events;
mod parts;
mod policies;
mod shape;
mod transactions;
mod waits;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::*;
use crate::{Error, ErrorKind, Result};

const SAVE: Call<'static> = Call {
    operation: "save_raw_crash",
    deadline: None,
    drain: None,
};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn seconds(all: &[u64]) -> Vec<Duration> {
    all.iter().copied().map(secs).collect()
}

fn unavailable() -> Error {
    Error::new(ErrorKind::Unavailable, "connection refused").at_storage("archive")
}

/// An executor without jitter and what it is built on.
struct Bench {
    clock: ManualClock,
    quit: Quit,
    executor: Arc<dyn TransactionExecutor>,
}

impl Bench {
    fn new(clock: ManualClock, toml: serde_json::Value) -> Self {
        let quit = Quit::new();
        let policy: Policy = serde_json::from_value(toml).unwrap();
        let executor = policy.build(
            Arc::new(clock.clone()),
            Arc::new(SeededJitter::new(1)),
            quit.clone(),
        );
        Self {
            clock,
            quit,
            executor,
        }
    }

    fn with_delays(clock: ManualClock, policy: &str, delays: &[u64]) -> Self {
        let delays: Vec<String> = delays.iter().map(|delay| format!("{delay}s")).collect();
        Self::new(
            clock,
            serde_json::json!({ "policy": policy, "delays": delays, "jitter": "none" }),
        )
    }

    fn limited(delays: &[u64]) -> Self {
        Self::with_delays(ManualClock::automatic(), "limited_backoff", delays)
    }

    fn infinite(delays: &[u64]) -> Self {
        Self::with_delays(ManualClock::automatic(), "infinite_backoff", delays)
    }

    /// Runs an operation that fails `failures` times and then succeeds with the number of the attempt.
    async fn failing(&self, failures: u32) -> Result<u32> {
        run(&*self.executor, &SAVE, async |attempt| {
            if attempt <= failures {
                Err(unavailable())
            } else {
                Ok(attempt)
            }
        })
        .await
    }
}

/// Counts calls; clones are one.
#[derive(Clone, Debug, Default)]
struct Count(Arc<AtomicU32>);

impl Count {
    fn up(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn get(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}
