use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use super::delay::{Backoff, BackoffFactory};
use super::{Clock, Jitter, Quit};
use crate::Error;

/// Decides whether an operation that failed is tried again, and when.
///
/// It only decides: [`run`](super::run()) and its siblings make the attempts, keep to the deadline of the call
/// and to the request to quit. Object-safe, so that configuration chooses the executor.
pub trait TransactionExecutor: Send + Sync + Debug {
    /// What decides for one operation; asked for at its first failure only.
    fn begin(&self) -> Box<dyn Decider>;

    /// The time by which its operations wait.
    fn clock(&self) -> &dyn Clock;

    /// The request that ends the waits of its operations.
    fn quit(&self) -> &Quit;
}

/// Decides for one operation, from failure to failure.
pub trait Decider: Send {
    /// An attempt failed with `error`: what now?
    fn after_failure(&mut self, error: &Error, progress: Progress) -> Decision;
}

/// How far an operation has come when an attempt of it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Attempts made, the failed one included.
    pub attempts: u32,
    /// Since the operation began, waits included.
    pub elapsed: Duration,
}

/// What an executor decides after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Wait that long, then make another attempt.
    RetryAfter(Duration),
    /// Return the error.
    GiveUp(GiveUp),
}

/// Why an operation is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GiveUp {
    /// The error does not pass by itself.
    NotRetryable,
    /// The policy is to try once.
    Once,
    /// The last delay has been waited for.
    Exhausted,
    /// The next wait would leave no time before the deadline.
    Deadline,
    /// Quit was requested.
    Quit,
}

impl fmt::Display for GiveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRetryable => "trying again cannot help",
            Self::Once => "the policy is to try once",
            Self::Exhausted => "every delay of the policy has been waited for",
            Self::Deadline => "the deadline leaves no time for another attempt",
            Self::Quit => "the program was asked to quit",
        })
    }
}

/// The executor of this crate: one attempt only, or as many as a policy of delays allows.
///
/// [`Policy::build`](super::Policy::build) makes it from configuration; a program that has delays of its own
/// brings them here.
pub struct BackoffExecutor {
    clock: Arc<dyn Clock>,
    quit: Quit,
    delays: Option<(BackoffFactory, Arc<dyn Jitter>)>,
    deadline: Option<Duration>,
}

impl BackoffExecutor {
    /// Makes one attempt.
    pub fn new(clock: Arc<dyn Clock>, quit: Quit) -> Self {
        Self {
            clock,
            quit,
            delays: None,
            deadline: None,
        }
    }

    /// Tries again for as long as the delays last, each shortened by `jitter`. Delays that bring their own
    /// randomness go with [`NoJitter`](super::NoJitter).
    #[must_use]
    pub fn with_delays(mut self, delays: BackoffFactory, jitter: Arc<dyn Jitter>) -> Self {
        self.delays = Some((delays, jitter));
        self
    }

    /// Begins no wait that would end later than this after the operation began.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

impl TransactionExecutor for BackoffExecutor {
    fn begin(&self) -> Box<dyn Decider> {
        let Some((factory, jitter)) = &self.delays else {
            return Box::new(Once);
        };
        let mut delays = factory();
        delays.reset();
        Box::new(Delayed {
            delays,
            jitter: jitter.clone(),
            deadline: self.deadline,
        })
    }

    fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn quit(&self) -> &Quit {
        &self.quit
    }
}

impl Debug for BackoffExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackoffExecutor")
            .field("clock", &self.clock)
            .field("jitter", &self.delays.as_ref().map(|(_, jitter)| jitter))
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

struct Once;

impl Decider for Once {
    fn after_failure(&mut self, error: &Error, _: Progress) -> Decision {
        Decision::GiveUp(if error.is_retryable() {
            GiveUp::Once
        } else {
            GiveUp::NotRetryable
        })
    }
}

struct Delayed {
    delays: Box<dyn Backoff + Send>,
    jitter: Arc<dyn Jitter>,
    deadline: Option<Duration>,
}

impl Decider for Delayed {
    fn after_failure(&mut self, error: &Error, progress: Progress) -> Decision {
        if !error.is_retryable() {
            return Decision::GiveUp(GiveUp::NotRetryable);
        }
        let Some(delay) = self.delays.next_backoff() else {
            return Decision::GiveUp(GiveUp::Exhausted);
        };
        // Jitter shortens our own delay, never what the backend asked for.
        let delay = self
            .jitter
            .part_of(delay)
            .max(error.retry_after().unwrap_or_default());
        match self.deadline {
            Some(deadline) if progress.elapsed.saturating_add(delay) >= deadline => {
                Decision::GiveUp(GiveUp::Deadline)
            }
            _ => Decision::RetryAfter(delay),
        }
    }
}
