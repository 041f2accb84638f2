use std::pin::pin;
use std::time::Instant;

use super::tally::Tally;
use super::{Drain, TransactionExecutor};
use crate::Result;

/// What an executor must know about one operation.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Its name in errors and events, such as `save_raw_crash`.
    pub operation: &'static str,
    /// When it must be over: no wait begins that would leave no time before it. An attempt keeps to it by
    /// itself.
    pub deadline: Option<Instant>,
    /// The state of the instance it runs on, where a reload can replace that.
    pub drain: Option<&'a Drain>,
}

impl<'a> Call<'a> {
    /// Without a deadline, on an instance that stays.
    pub fn new(operation: &'static str) -> Self {
        Self {
            operation,
            deadline: None,
            drain: None,
        }
    }

    /// Must be over at `deadline`, if that is some.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Option<Instant>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs on the instance with this state.
    #[must_use]
    pub fn with_drain(mut self, drain: &'a Drain) -> Self {
        self.drain = Some(drain);
        self
    }
}

/// Makes attempts until one succeeds or the executor gives up; see [the protocol](super#the-protocol).
///
/// `attempt` gets its number, from 1. It makes the whole operation from the start each time, so that must be
/// safe to repeat, and bounds its own time.
///
/// # Errors
/// The error of the last attempt, or [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) when the
/// instance's drain deadline came first. What any attempt may have changed is in
/// [`Error::applied`](crate::Error::applied).
///
/// # Cancellation
/// Dropping the future drops the attempt under way, or ends the wait; nothing goes on behind it.
pub async fn run<T, F>(
    executor: &dyn TransactionExecutor,
    call: &Call<'_>,
    mut attempt: impl FnMut(u32) -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut tally = Tally::new(executor, call);
    loop {
        let number = tally.next_attempt()?;
        let attempt = pin!(attempt(number));
        if let Some(done) = tally.attempt(attempt).await? {
            return Ok(done);
        }
    }
}

/// [`run`] for code that blocks; not for a thread that drives an async runtime.
///
/// A thread cannot be taken out of an attempt, so one that is under way at the drain deadline finishes, and
/// its success counts.
///
/// # Errors
/// As for [`run`].
pub fn run_blocking<T>(
    executor: &dyn TransactionExecutor,
    call: &Call<'_>,
    mut attempt: impl FnMut(u32) -> Result<T>,
) -> Result<T> {
    let mut tally = Tally::new(executor, call);
    loop {
        let number = tally.next_attempt()?;
        if let Some(done) = tally.attempt_blocking(attempt(number))? {
            return Ok(done);
        }
    }
}
