//! One operation that somebody may be waiting for.
//!
//! Work that waits for a thread is given up when its time is over or nobody waits for it any more. Work that
//! began is not: it ends, and what it changed may stay.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use socorro_core::error::Applied;
use socorro_core::{Error, ErrorKind, Result};
use tokio::sync::oneshot;

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;

/// The side that does the work.
pub(crate) struct Ticket<T> {
    state: Arc<AtomicU8>,
    answer: oneshot::Sender<Result<T>>,
}

/// The side that waits for it. Dropping it gives up what has not begun.
pub(crate) struct Waiting<T> {
    state: Arc<AtomicU8>,
    answer: oneshot::Receiver<Result<T>>,
}

pub(crate) fn ticket<T>() -> (Ticket<T>, Waiting<T>) {
    let state = Arc::new(AtomicU8::new(WAITING));
    let (sender, receiver) = oneshot::channel();
    let ticket = Ticket {
        state: Arc::clone(&state),
        answer: sender,
    };
    let waiting = Waiting {
        state,
        answer: receiver,
    };
    (ticket, waiting)
}

impl<T> Ticket<T> {
    /// Begins the work; `false` when it was given up.
    pub(crate) fn begin(&self) -> bool {
        become_(&self.state, BEGUN)
    }

    /// Answers; gives the answer back when nobody waits for it.
    pub(crate) fn answer(self, answer: Result<T>) -> Result<(), Result<T>> {
        self.answer.send(answer)
    }
}

impl<T> Waiting<T> {
    /// The answer, unless that takes longer than until `deadline`.
    pub(crate) async fn wait(mut self, deadline: Option<Instant>) -> Result<T> {
        let answer = match deadline {
            None => (&mut self.answer).await,
            Some(deadline) => {
                match tokio::time::timeout_at(deadline.into(), &mut self.answer).await {
                    Ok(answer) => answer,
                    Err(_) => return Err(self.too_late()),
                }
            }
        };
        // A thread that panicked drops its tickets.
        answer.unwrap_or_else(|_| {
            Err(Error::new(
                ErrorKind::Internal,
                "the postgres plugin panicked; please report it",
            )
            .with_applied(Applied::Unknown))
        })
    }

    /// Gives up what has not begun; `false` when it has.
    pub(crate) fn give_up(&self) -> bool {
        become_(&self.state, GIVEN_UP)
    }

    fn too_late(&self) -> Error {
        if self.give_up() {
            Error::new(
                ErrorKind::Timeout,
                "the time was up before a connection was free; nothing was done; raise `connections` if that happens often",
            )
        } else {
            Error::new(
                ErrorKind::Timeout,
                "the server did not answer in time; look at its load and its locks",
            )
            .with_applied(Applied::Unknown)
        }
    }
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.give_up();
    }
}

fn become_(state: &AtomicU8, new: u8) -> bool {
    state
        .compare_exchange(WAITING, new, Ordering::AcqRel, Ordering::Acquire)
        .is_ok()
}
