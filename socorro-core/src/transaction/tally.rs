use std::time::{Duration, Instant};

use super::wait::Woke;
use super::{Call, Decider, Decision, GiveUp, Progress, TransactionExecutor};
use crate::error::Applied;
use crate::options::HumanDuration;
use crate::{Error, ErrorKind, Result};

/// The account of one operation: what async and blocking runs have in common.
pub(super) struct Tally<'a> {
    pub(super) executor: &'a dyn TransactionExecutor,
    pub(super) call: &'a Call<'a>,
    began: Instant,
    attempts: u32,
    /// The strongest that any attempt left behind: a later attempt that failed cleanly does not undo it.
    applied: Applied,
    decider: Option<Box<dyn Decider>>,
    last: Option<Error>,
    /// The instance's leaving has cut a wait of this operation short; it does so once.
    pub(super) woken: bool,
}

impl<'a> Tally<'a> {
    pub(super) fn new(executor: &'a dyn TransactionExecutor, call: &'a Call<'a>) -> Self {
        Self {
            executor,
            call,
            began: executor.clock().now(),
            attempts: 0,
            applied: Applied::No,
            decider: None,
            last: None,
            woken: false,
        }
    }

    /// The number of the attempt to make now, from 1; an error when the drain deadline has passed.
    pub(super) fn next_attempt(&mut self) -> Result<u32> {
        if self.drain_allows().is_some_and(|left| left.is_zero()) {
            return Err(self.cancelled());
        }
        self.attempts = self.attempts.saturating_add(1);
        Ok(self.attempts)
    }

    /// An attempt failed: how long to wait before the next one, or the error to return.
    pub(super) fn failed(&mut self, error: Error) -> Result<Duration> {
        self.applied = stronger(self.applied, error.applied());
        let progress = Progress {
            attempts: self.attempts,
            elapsed: self.elapsed(),
        };
        let decision = self
            .decider
            .get_or_insert_with(|| self.executor.begin())
            .after_failure(&error, progress);
        let delay = match decision {
            Decision::GiveUp(why) => return Err(self.give_up(error, why)),
            Decision::RetryAfter(delay) => delay,
        };
        if self.executor.quit().is_requested() {
            return Err(self.give_up(error, GiveUp::Quit));
        }
        if let Some(deadline) = self.call.deadline
            && delay >= deadline.saturating_duration_since(self.executor.clock().now())
        {
            return Err(self.give_up(error, GiveUp::Deadline));
        }
        // Nothing could happen in a wait that outlasts the drain, so the caller need not sit through it.
        let cut = self.woken && self.drain_allows().is_some_and(|left| delay >= left);
        if !cut {
            tracing::warn!(
                operation = self.call.operation,
                attempt = self.attempts,
                delay = %HumanDuration(delay),
                error = %error,
                "attempt failed, trying again after a delay"
            );
        }
        self.last = Some(error);
        if cut {
            Err(self.cancelled())
        } else {
            Ok(delay)
        }
    }

    /// A wait has ended: an error when that was the end of the operation.
    pub(super) fn waited(&mut self, woke: Woke) -> Result<()> {
        match woke {
            Woke::Slept => {}
            Woke::Draining => self.woken = true,
            Woke::Quit => {
                if let Some(error) = self.last.take() {
                    return Err(self.give_up(error, GiveUp::Quit));
                }
            }
        }
        Ok(())
    }

    /// The drain deadline has come and the attempt under way was dropped: nobody knows how far it came.
    pub(super) fn cut_short(&mut self) -> Error {
        self.applied = stronger(self.applied, Applied::Unknown);
        self.cancelled()
    }

    fn drain_allows(&self) -> Option<Duration> {
        let deadline = self.call.drain?.deadline()?;
        Some(deadline.saturating_duration_since(self.executor.clock().now()))
    }

    fn elapsed(&self) -> Duration {
        let now = self.executor.clock().now();
        now.saturating_duration_since(self.began)
    }

    fn give_up(&self, error: Error, why: GiveUp) -> Error {
        let error = error.in_operation(self.call.operation);
        let wanted_more = matches!(why, GiveUp::Deadline | GiveUp::Quit);
        if self.attempts <= 1 && !wanted_more {
            return error;
        }
        let elapsed = HumanDuration(self.elapsed());
        tracing::warn!(
            operation = self.call.operation,
            attempts = self.attempts,
            elapsed = %elapsed,
            why = %why,
            error = %error,
            "gave up"
        );
        error.with_applied(self.applied).with_note(&format!(
            "gave up after {} in {elapsed}: {why}",
            self.made()
        ))
    }

    fn cancelled(&mut self) -> Error {
        let message = format!(
            "the drain deadline of a replaced configuration ended this operation after {} in {}; make it \
             again, the configuration now in force will take it",
            self.made(),
            HumanDuration(self.elapsed())
        );
        let mut error = Error::new(ErrorKind::Cancelled, message)
            .retryable(true)
            .with_applied(self.applied);
        if let Some(last) = self.last.take() {
            error = error.caused_by(&last).with_scope(last.scope());
        }
        let error = error.in_operation(self.call.operation);
        tracing::warn!(
            operation = self.call.operation,
            attempts = self.attempts,
            error = %error,
            "gave up"
        );
        error
    }

    fn made(&self) -> String {
        match self.attempts {
            1 => "1 attempt".into(),
            attempts => format!("{attempts} attempts"),
        }
    }
}

fn stronger(one: Applied, other: Applied) -> Applied {
    match (one, other) {
        (Applied::Yes, _) | (_, Applied::Yes) => Applied::Yes,
        (Applied::Unknown, _) | (_, Applied::Unknown) => Applied::Unknown,
        (Applied::No, Applied::No) => Applied::No,
    }
}
