//! Operations that are done several at a time: one transaction and one wait for the disk for all of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use socorro_core::Result;
use socorro_core::context::Context;

use super::database::Database;
use super::pool::{Pool, over};
use super::ticket::{Ticket, ticket};

/// The most operations in one transaction.
const MOST: usize = 64;

/// One operation that can share a transaction with others.
pub(crate) trait Batchable: Send + 'static {
    /// How much it weighs, in parts of what a transaction takes; one that weighs more goes alone.
    fn weight(&self) -> usize;

    /// Could both be in one transaction?
    fn goes_with(&self, other: &Self) -> bool;
}

/// An operation and who waits for it.
pub(crate) type Waiter<I> = (I, Ticket<()>);

/// Collects operations for threads that take several at a time.
pub(crate) struct Batcher<I> {
    waiting: Mutex<VecDeque<Waiter<I>>>,
    /// What all operations of one transaction may weigh.
    capacity: usize,
}

impl<I: Batchable> Batcher<I> {
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            waiting: Mutex::default(),
            capacity,
        })
    }

    /// Has `item` done by `run`, together with others that wait, and waits for it. `run` answers each.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        pool: &Arc<Pool>,
        cx: &Context,
        item: I,
        run: impl FnOnce(&Database, Vec<Waiter<I>>) + Send + 'static,
    ) -> Result<()> {
        let deadline = pool.deadline(cx);
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(over());
        }
        let (ticket, answer) = ticket();
        self.push((item, ticket));
        // One job for each operation, so that whatever a batch leaves over has its own turn.
        let (this, threads) = (Arc::clone(self), Arc::downgrade(pool));
        let submitted = pool.submit(move |database| {
            let idle = threads.upgrade().map_or(0, |pool| pool.idle());
            let batch = this.take(idle);
            if !batch.is_empty() {
                run(database, batch);
            }
        });
        match submitted {
            Err(error) if answer.give_up() => Err(error),
            // Another operation's job has taken it along.
            _ => answer.wait(deadline).await,
        }
    }

    fn push(&self, waiter: Waiter<I>) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(waiter);
    }

    /// A fair share of what waits, with `idle` other threads that could begin now.
    fn take(&self, idle: usize) -> Vec<Waiter<I>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let share = waiting.len().div_ceil(idle + 1).min(MOST);
        let (mut batch, mut left) = (Vec::<Waiter<I>>::new(), VecDeque::new());
        let mut room = self.capacity;
        while let Some((item, ticket)) = waiting.pop_front() {
            let fits = batch.is_empty() || item.weight() <= room;
            let full = batch.len() >= share || room == 0;
            if full || !fits || !batch.iter().all(|(other, _)| item.goes_with(other)) {
                left.push_back((item, ticket));
                if full {
                    break;
                }
                continue;
            }
            if ticket.begin() {
                room = room.saturating_sub(item.weight());
                batch.push((item, ticket));
            }
        }
        left.append(&mut waiting);
        *waiting = left;
        batch
    }
}

#[cfg(test)]
mod tests;
