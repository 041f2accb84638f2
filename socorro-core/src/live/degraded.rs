//! Stands in for a storage or source whose backend is not there yet (`start = "degraded"`), and opens it as
//! soon as it is.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::away::Absent;
use super::instance::{OpenSource, OpenStorage};
use super::retire::Retire;
use crate::context::Context;
use crate::crash::{CrashId, DumpName, Dumps, ProcessedCrash, RawCrash, Redaction, StoredId};
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::host::Destroyed;
use crate::source::{Delivery, NewCrashSource, Receive, Settlement, Token};
use crate::storage::{Capabilities, Catalog, CrashStorage, Health, ListPage, ListRequest};
use crate::transaction::Clock;

/// Tries to open `T` until it succeeds; waits longer after each failure, up to [`LONGEST_WAIT`].
pub(crate) struct Degraded<T: ?Sized> {
    place: Arc<Place<T>>,
    capabilities: Capabilities,
    /// Taken when it ends.
    probe: Mutex<Option<JoinHandle<()>>>,
}

struct Place<T: ?Sized> {
    open: OnceLock<Arc<T>>,
    opened: Notify,
    /// What the last try failed with.
    why: Mutex<String>,
}

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl<T: ?Sized + Send + Sync + 'static> Degraded<T> {
    /// Probes with `open` on the current tokio runtime, which failed before with `why`; `absent` is said to be away
    /// until it is there, or until this is ended. `capabilities` hold until the real ones are known.
    pub(crate) fn start<F, Fut>(
        absent: Absent,
        why: &Error,
        capabilities: Capabilities,
        clock: Arc<dyn Clock>,
        open: F,
    ) -> Self
    where
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Arc<T>>> + Send,
    {
        let place = Arc::new(Place {
            open: OnceLock::new(),
            opened: Notify::new(),
            why: Mutex::new(why.to_string()),
        });
        let probed = place.clone();
        let probe = tokio::spawn(async move {
            let name = absent.part().to_string();
            let mut wait = FIRST_WAIT;
            loop {
                clock.sleep(wait).await;
                match open().await {
                    Ok(open) => {
                        // Set once: this task is the only one that sets it.
                        let _ = probed.open.set(open);
                        probed.opened.notify_waiters();
                        drop(absent);
                        tracing::info!(name, "the backend is back; no longer degraded");
                        return;
                    }
                    Err(error) => {
                        wait = (wait * 2).min(LONGEST_WAIT);
                        absent.say(&error.to_string());
                        tracing::warn!(name, %error, ?wait, "still degraded");
                        *lock(&probed.why) = error.to_string();
                    }
                }
            }
        });
        Self {
            place,
            capabilities,
            probe: Mutex::new(Some(probe)),
        }
    }

    fn open(&self) -> Result<&T> {
        self.place.open.get().map(|open| &**open).ok_or_else(|| {
            Error::new(
                ErrorKind::Unavailable,
                format!(
                    "the backend has not been there yet, and is tried until it is: {}",
                    lock(&self.place.why)
                ),
            )
        })
    }

    /// Why it is not there; none when it is.
    fn missing(&self) -> Option<String> {
        let why = lock(&self.place.why);
        self.place.open.get().is_none().then(|| why.clone())
    }

    /// What ends needs not be there any more.
    fn give_up(&self) {
        if let Some(probe) = &*lock(&self.probe) {
            probe.abort();
        }
    }

    /// Ends the probing and hands out what it opened, if anything.
    async fn end(&self) -> Option<Arc<T>> {
        let probe = lock(&self.probe).take();
        if let Some(probe) = probe {
            probe.abort();
            // Aborted or done; either way it opens nothing more.
            let _ = probe.await;
        }
        self.place.open.get().cloned()
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Retire for Degraded<dyn OpenStorage> {
    async fn flush(&self, cx: &Context) -> Result<()> {
        self.give_up();
        match self.open() {
            Ok(open) => open.flush(cx).await,
            Err(_) => Ok(()),
        }
    }

    async fn destroy(self: Arc<Self>, timeout: Duration) -> Destroyed {
        match self.end().await {
            Some(open) => open.destroy(timeout).await,
            None => Destroyed::Clean,
        }
    }

    async fn gone(&self) {
        if let Ok(open) = self.open() {
            open.gone().await;
        }
    }

    fn absent(&self) -> Option<String> {
        self.missing()
    }
}

#[async_trait]
impl Retire for Degraded<dyn OpenSource> {
    async fn flush(&self, cx: &Context) -> Result<()> {
        self.give_up();
        match self.open() {
            Ok(open) => open.flush(cx).await,
            Err(_) => Ok(()),
        }
    }

    async fn destroy(self: Arc<Self>, timeout: Duration) -> Destroyed {
        match self.end().await {
            Some(open) => open.destroy(timeout).await,
            None => Destroyed::Clean,
        }
    }

    async fn gone(&self) {
        if let Ok(open) = self.open() {
            open.gone().await;
        }
    }

    fn absent(&self) -> Option<String> {
        self.missing()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CrashStorage for Degraded<dyn OpenStorage> {
    fn capabilities(&self) -> Capabilities {
        self.open()
            .map_or(self.capabilities, |open| open.capabilities())
    }

    async fn save_raw_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        self.open()?.save_raw_crash(cx, id, raw, dumps).await
    }

    async fn save_processed_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        self.open()?.save_processed_crash(cx, id, processed).await
    }

    async fn save_raw_and_processed(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        self.open()?
            .save_raw_and_processed(cx, id, raw, dumps, processed)
            .await
    }

    async fn get_raw_crash(&self, cx: &Context, id: &StoredId) -> Result<RawCrash> {
        self.open()?.get_raw_crash(cx, id).await
    }

    async fn get_dump(&self, cx: &Context, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        self.open()?.get_dump(cx, id, name).await
    }

    async fn get_dumps(&self, cx: &Context, id: &StoredId) -> Result<Dumps> {
        self.open()?.get_dumps(cx, id).await
    }

    async fn get_dumps_as_files(
        &self,
        cx: &Context,
        id: &StoredId,
        directory: &Path,
    ) -> Result<Dumps> {
        self.open()?.get_dumps_as_files(cx, id, directory).await
    }

    async fn get_unredacted_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        self.open()?.get_unredacted_processed_crash(cx, id).await
    }

    async fn get_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
        redaction: &Redaction,
    ) -> Result<ProcessedCrash> {
        self.open()?.get_processed_crash(cx, id, redaction).await
    }

    async fn catalog(&self, cx: &Context, id: &StoredId) -> Result<Catalog> {
        self.open()?.catalog(cx, id).await
    }

    async fn list(&self, cx: &Context, request: &ListRequest) -> Result<ListPage> {
        self.open()?.list(cx, request).await
    }

    async fn delete(&self, cx: &Context, id: &StoredId) -> Result<()> {
        self.open()?.delete(cx, id).await
    }

    async fn health(&self, cx: &Context) -> Result<Health> {
        match self.open() {
            Ok(open) => open.health(cx).await,
            Err(error) => Ok(Health::unreachable(error.message())),
        }
    }

    async fn close(&self, cx: &Context) -> Result<()> {
        match self.open() {
            Ok(open) => open.close(cx).await,
            Err(_) => Ok(()),
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl NewCrashSource for Degraded<dyn OpenSource> {
    /// Nothing new while the source is not there; that is no failure of the pipeline.
    async fn receive(&self, cx: &Context, request: Receive) -> Result<Vec<Delivery>> {
        let opened = self.place.opened.notified();
        if self.open().is_err() && !request.wait.is_zero() {
            // Opened or waited long enough; what is there then decides.
            let _ = tokio::time::timeout(request.wait, opened).await;
            if self.open().is_err() {
                return Ok(Vec::new());
            }
        }
        self.open()?.receive(cx, request).await
    }

    async fn settle(&self, cx: &Context, token: Token, settlement: Settlement) -> Result<()> {
        self.open()?.settle(cx, token, settlement).await
    }

    async fn close(&self, cx: &Context) -> Result<()> {
        match self.open() {
            Ok(open) => open.close(cx).await,
            Err(_) => Ok(()),
        }
    }
}
