//! Executors: run an operation, try again while that can help, give up when it cannot.
//!
//! A [`TransactionExecutor`] decides; [`run()`] and [`run_blocking`] act on its decisions for any operation that
//! may be repeated, [`transaction()`] and [`transaction_blocking`] for a closure in a transaction of a
//! [`ConnectionSource`]. Which executor it is comes from a [`Policy`] in configuration. The executor in front of
//! a leaf storage is the only place where anything is tried again: clients' own retries are off and composites
//! have none, because retries that are stacked multiply.
//!
//! # The protocol
//!
//! 1. **An attempt is made**, whatever the policy, quit requested or not. If it succeeds, that is all: no
//!    decision was asked for and nothing allocated.
//! 2. **It fails.** An error that is not [retryable](crate::Error::is_retryable) returns at once. A retryable
//!    one is put to the executor, which names the delay or gives up: at once for `once`, when the delays are
//!    used up for `limited_backoff`, never by itself for `infinite_backoff`.
//! 3. **The delay is settled.** Full jitter makes it anything from nothing to the whole; it is never less than
//!    the [`retry_after`](crate::Error::retry_after) of the error. A wait that leaves no time before the
//!    deadline of the policy or of the call is not begun: the operation gives up there and then.
//! 4. **It waits.** A request to [quit](Quit) ends the wait, and with it the operation. Otherwise back to 1.
//!
//! Giving up returns the error of the last attempt, with its kind, scope and `retry_after`, and with the number
//! of attempts and the time they took in its message when there was, or would have been, more than one. Its
//! `applied` is the strongest of all attempts: after one whose answer was lost, no later refusal makes the
//! operation not have happened. One event of level WARN tells of each retry, one of giving up.
//!
//! ## When the instance leaves
//!
//! A reload that replaces an instance [starts its drain](Drain::start). Operations on it stay on it:
//!
//! * One wait of each is cut short, the one under way or else the next, and an attempt made at once: it may be
//!   the last chance. Waits after that are as usual.
//! * At the drain deadline an attempt under way is dropped, which asks the backend to cancel it, and the
//!   operation ends with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled), `applied` unknown.
//! * A wait that would last up to the drain deadline is not begun; the operation ends the same way, with the
//!   `applied` that its attempts left.
//!
//! # A transaction
//!
//! Each attempt of [`transaction()`]:
//!
//! 1. [`begin`](ConnectionSource::begin) checks out a connection and begins. *Fails:* a failed attempt;
//!    nothing to undo.
//! 2. The body runs. *Fails:* rolled back. *Panics:* blocking code rolls back, async code leaves that to
//!    the closing connection; then the panic goes on. *The future is dropped:* the connection is discarded,
//!    and the backend rolls back. In none of these cases is anything applied that the body did only
//!    on this connection.
//! 3. The body returns [`Outcome::Abandon`]: rolled back, returned as such, neither tried again nor
//!    logged. It returns [`Outcome::Commit`]: [`commit`](ConnectionSource::commit). *Fails:* a failed attempt
//!    whose `applied` is unknown unless the source says [`CommitError::RolledBack`]. *The future is dropped
//!    meanwhile:* nobody is left to be told, and whether it happened is open.
//! 4. A connection whose transaction was committed, abandoned, or failed for good and was rolled back is
//!    [released](Connections::release). One on which anything retryable happened, or a commit or
//!    rollback failed, is [discarded](Connections::discard), so that the next attempt has another.
//!
//! # Compared to the original
//!
//! The policies have the names and default delays of Socorro's transaction executors. What is different:
//!
//! * Its limited executor slept the last delay and then raised all the same: 5 attempts in 520 s. Here every
//!   wait is followed by an attempt: 6 attempts in the same 520 s, or less with jitter.
//! * Its delays were exact, so everyone who failed together came back together. Here full jitter is the
//!   default and `jitter = "none"` gives the exact delays.
//! * It had no deadline, and did not know how long a backend asked to be left alone.
//! * It looked for a request to quit once a second. Here the wait ends at once.
//! * It reconnected after any failure. Here a connection that rolled back from an error which is not
//!   retryable, such as a constraint violated, is used again.
//! * What it told by an exception with a magic attribute, abandoning on purpose, is an ordinary
//!   [`Outcome`].

mod clock;
mod connections;
pub mod delay;
mod drain;
mod executor;
mod lease;
#[cfg(any(test, feature = "conformance"))]
mod manual_clock;
mod park;
mod policy;
mod quit;
mod random;
mod run;
mod tally;
// The room and its main idea share a name; the module stays private.
#[allow(clippy::module_inception)]
mod transaction;
mod wait;

pub use clock::{Clock, SystemClock};
pub use connections::{
    BlockingConnectionSource, CommitError, ConnectionSource, Connections, Outcome, Work,
};
pub use drain::Drain;
pub use executor::{BackoffExecutor, Decider, Decision, GiveUp, Progress, TransactionExecutor};
#[cfg(any(test, feature = "conformance"))]
pub use manual_clock::ManualClock;
#[cfg(feature = "host")]
pub(crate) use park::block_on;
#[cfg(feature = "host")]
pub(crate) use policy::delays_problem;
pub use policy::{JitterKind, MAX_DELAY, MAX_DELAYS, Policy, PolicyKind, PolicyTable};
pub use quit::Quit;
pub use random::{Jitter, NoJitter, SeededJitter, SystemJitter};
pub use run::{Call, run, run_blocking};
pub use transaction::{transaction, transaction_blocking};

#[cfg(test)]
mod tests;
