use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use socorro_core::crash::StoredId;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Lets writers of one crash wait for each other.
#[derive(Debug, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<StoredId, Arc<AsyncMutex<()>>>>>);

/// A turn; the next writer has it when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    id: StoredId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    pub(super) async fn take(&self, id: StoredId) -> Turn {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(id.clone()).or_default())
        };
        // Made before the wait, so that a writer that goes away while it waits leaves no entry behind.
        let mut turn = Turn {
            turns: Self(Arc::clone(&self.0)),
            id,
            guard: None,
        };
        turn.guard = Some(lock.lock_owned().await);
        turn
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.guard.take());
        let mut locks = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One is the map's own; whoever waits or has it holds another.
        if locks
            .get(&self.id)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            locks.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> StoredId {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn writers_of_one_crash_wait_and_leave_nothing() {
        let turns = Turns::default();
        let (one, two) = (
            id("0bba929f-8721-460c-dead-a43c20071025"),
            id("1bba929f-8721-460c-dead-a43c20071025"),
        );
        let first = turns.take(one.clone()).await;
        let other = turns.take(two).await;
        let mut second = Box::pin(turns.take(one.clone()));
        assert!(futures_util::poll!(&mut second).is_pending());
        // One that goes away while it waits.
        let mut third = Box::pin(turns.take(one));
        assert!(futures_util::poll!(&mut third).is_pending());
        drop(third);
        drop(first);
        let second = second.await;
        drop((second, other));
        assert_eq!(turns.len(), 0);
    }
}
