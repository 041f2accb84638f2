//! Changes of one crash go one after the other, so that every store ends with the same one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Shortly, MutexGuard, PoisonError};

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};

use crate::context::Context;
use crate::crash::StoredId;
use crate::error::{Error, ErrorKind, Result};

/// Whose turn it is, for each crash that is being changed.
#[derive(Debug, Default)]
pub(super) struct Turns(Shortly<HashMap<StoredId, Arc<Mutex<()>>>>);

/// The right to change one crash, until it is dropped; before that, the wait for it.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    id: &'a StoredId,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for whoever changes this crash now. `Timeout` at the deadline of the operation.
    pub(super) async fn take<'a>(&'a self, cx: &Context, id: &'a StoredId) -> Result<Turn<'a>> {
        let queue = Arc::clone(self.queues().entry(id.clone()).or_default());
        let mut turn = Turn {
            turns: self,
            id,
            held: None,
        };
        let held = match cx.deadline() {
            None => queue.lock_owned().await,
            Some(deadline) => timeout_at(Instant::from_std(deadline), queue.lock_owned())
                .await
                .map_err(|_| {
                    let why = "another change of the same crash was not done in time";
                    Error::new(ErrorKind::Timeout, why).for_crash(id)
                })?,
        };
        turn.held = Some(held);
        Ok(turn)
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<StoredId, Arc<Mutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queues = self.turns.queues();
        self.held = None;
        // The last one out; who waits has a share of the queue.
        if queues
            .get(self.id)
            .is_some_and(|queue| Arc::strong_count(queue) == 1)
        {
            queues.remove(self.id);
        }
    }
}

#[cfg(test)]
mod tests;
