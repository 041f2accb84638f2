use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
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
/// broker that is down a thousand times. While it stands, nobody waits for anybody.
pub(crate) struct Slot<O: Open> {
    opener: O,
    current: ArcSwapOption<O::Opened>,
    /// Held while `current` changes.
    changing: Mutex<Failed>,
    /// How many attempts have ended.
    attempts: AtomicU64,
}

/// Which attempt failed last, and how, unless one succeeded since.
type Failed = Option<(u64, Error)>;

impl<O: Open> Slot<O> {
    pub(crate) fn new(opener: O) -> Self {
        Self {
            opener,
            current: ArcSwapOption::empty(),
            changing: Mutex::new(None),
            attempts: AtomicU64::new(0),
        }
    }

    pub(crate) fn opener(&self) -> &O {
        &self.opener
    }

    /// The connection that is in use, made if there is none.
    pub(crate) async fn get(&self, limit: Limit) -> Result<Arc<O::Opened>> {
        if let Some(opened) = self.alive() {
            return Ok(opened);
        }
        let came = self.attempts.load(Ordering::Acquire);
        let Some(mut failed) = limit.run(self.changing.lock()).await else {
            return Err(self.opener.late());
        };
        if let Some(opened) = self.alive() {
            return Ok(opened);
        }
        if let Some((attempt, error)) = &*failed
            && *attempt > came
        {
            return Err(error.clone());
        }
        // The old one goes first: what it still holds of the broker is free for the new one.
        self.current.store(None);
        let outcome = self.opener.open(limit).await;
        let attempt = self.attempts.fetch_add(1, Ordering::AcqRel) + 1;
        match outcome {
            Ok(opened) => {
                let opened = Arc::new(opened);
                self.current.store(Some(Arc::clone(&opened)));
                *failed = None;
                Ok(opened)
            }
            Err(error) => {
                *failed = Some((attempt, error.clone()));
                Err(error)
            }
        }
    }

    fn alive(&self) -> Option<Arc<O::Opened>> {
        self.current().filter(|opened| self.opener.is_alive(opened))
    }

    /// Lets go of `opened` if it is still in use, so that another is made.
    pub(crate) async fn drop_current(&self, opened: &Arc<O::Opened>) {
        let _changing = self.changing.lock().await;
        if self.current().is_some_and(|one| Arc::ptr_eq(&one, opened)) {
            self.current.store(None);
        }
    }

    /// What is in use; nothing is made.
    pub(crate) fn current(&self) -> Option<Arc<O::Opened>> {
        self.current.load_full()
    }

    /// What is in use, taken out; nothing is made. Waits for an attempt under way.
    pub(crate) async fn take(&self) -> Option<Arc<O::Opened>> {
        let _changing = self.changing.lock().await;
        self.current.swap(None)
    }
}

#[cfg(test)]
mod tests;
