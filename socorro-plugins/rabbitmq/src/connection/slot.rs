use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use socorro_core::async_trait;
use socorro_core::error::{Error, Result};
use tokio::sync::Mutex;

use crate::limit::Limit;

/// What a slot opens and replaces.
#[async_trait]
pub(crate) trait Open: Send + Sync + 'static {
    /// What is made of a connection.
    type Opened: Send + Sync + 'static;

    async fn open(&self, limit: Limit) -> Result<Self::Opened>;

    /// Can it still be used?
    fn is_alive(&self, opened: &Self::Opened) -> bool;

    /// What to say when `limit` was over while others were connecting.
    fn late(&self) -> Error;
}

/// Holds a connection that is made when somebody needs it, and made again when it was lost.
///
/// Everybody who needs one waits for the same attempt and shares its outcome: a thousand callers do not try a
/// broker that is down a thousand times.
pub(crate) struct Slot<O: Open> {
    opener: O,
    current: Mutex<Current<O::Opened>>,
    /// How many attempts have ended.
    attempts: AtomicU64,
}

struct Current<T> {
    opened: Option<Arc<T>>,
    failed: Option<(u64, Error)>,
}

impl<O: Open> Slot<O> {
    pub(crate) fn new(opener: O) -> Self {
        Self {
            opener,
            current: Mutex::new(Current {
                opened: None,
                failed: None,
            }),
            attempts: AtomicU64::new(0),
        }
    }

    pub(crate) fn opener(&self) -> &O {
        &self.opener
    }

    /// The connection that is in use, made if there is none.
    pub(crate) async fn get(&self, limit: Limit) -> Result<Arc<O::Opened>> {
        let came = self.attempts.load(Ordering::Acquire);
        let Some(mut current) = limit.run(self.current.lock()).await else {
            return Err(self.opener.late());
        };
        if let Some(opened) = &current.opened
            && self.opener.is_alive(opened)
        {
            return Ok(Arc::clone(opened));
        }
        if let Some((attempt, error)) = &current.failed
            && *attempt > came
        {
            return Err(error.clone());
        }
        // The old one goes first: what it still holds of the broker is free for the new one.
        current.opened = None;
        let outcome = self.opener.open(limit).await;
        let attempt = self.attempts.fetch_add(1, Ordering::AcqRel) + 1;
        match outcome {
            Ok(opened) => {
                let opened = Arc::new(opened);
                current.opened = Some(Arc::clone(&opened));
                current.failed = None;
                Ok(opened)
            }
            Err(error) => {
                current.failed = Some((attempt, error.clone()));
                Err(error)
            }
        }
    }

    /// Lets go of `opened` if it is still in use, so that another is made.
    pub(crate) async fn drop_current(&self, opened: &Arc<O::Opened>) {
        let mut current = self.current.lock().await;
        if current
            .opened
            .as_ref()
            .is_some_and(|one| Arc::ptr_eq(one, opened))
        {
            current.opened = None;
        }
    }

    /// What is in use; nothing is made.
    pub(crate) async fn current(&self) -> Option<Arc<O::Opened>> {
        self.current.lock().await.opened.clone()
    }

    /// What is in use, taken out; nothing is made.
    pub(crate) async fn take(&self) -> Option<Arc<O::Opened>> {
        self.current.lock().await.opened.take()
    }
}

#[cfg(test)]
mod tests;
