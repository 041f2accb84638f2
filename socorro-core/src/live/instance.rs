//! An open storage or source, and what happens when the last generation that has it lets go.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::plan::Identity;
use crate::context::Context;
use crate::error::Result;
use crate::plugin::host::{Destroyed, PluginSource, PluginStorage};
use crate::source::NewCrashSource;
use crate::storage::CrashStorage;
use crate::transaction::Drain;

/// An open instance. Generations share it; when the last of them and the last operation in it are gone, it
/// retires by itself: no count is kept by hand, so none can be wrong.
pub(crate) struct Instance<T: ?Sized> {
    pub(crate) name: Arc<str>,
    /// What it was made from: decides at a reload whether it is kept.
    pub(crate) identity: Identity,
    /// Started by the reload that removes it; wakes and bounds what still runs.
    pub(crate) drain: Drain,
    /// `None` only while it is dropped.
    open: Option<Box<T>>,
    into_retiring: fn(Box<T>) -> Box<dyn Retire>,
    retired: Retired,
}

/// An open storage.
pub(crate) type StorageInstance = Instance<dyn OpenStorage>;
/// An open source.
pub(crate) type SourceInstance = Instance<dyn OpenSource>;

/// Where instances go that nothing uses any more. Unbounded, but never longer than there are instances.
pub(crate) type Retired = mpsc::UnboundedSender<Retiree>;

/// An instance on its way out.
pub(crate) struct Retiree {
    pub(crate) name: Arc<str>,
    pub(crate) open: Box<dyn Retire>,
}

/// How an open thing is ended.
#[async_trait]
pub(crate) trait Retire: Send + Sync {
    /// Flushes; see [`CrashStorage::close`].
    async fn flush(&self, cx: &Context) -> Result<()>;
    /// Frees everything, in at most `timeout`.
    async fn destroy(self: Box<Self>, timeout: Duration) -> Destroyed;
}

/// A storage that can be retired.
pub(crate) trait OpenStorage: CrashStorage + Retire {}
impl<T: CrashStorage + Retire> OpenStorage for T {}

/// A source that can be retired.
pub(crate) trait OpenSource: NewCrashSource + Retire {}
impl<T: NewCrashSource + Retire> OpenSource for T {}

impl StorageInstance {
    pub(crate) fn storage(
        name: &str,
        identity: Identity,
        open: Box<dyn OpenStorage>,
        retired: Retired,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            identity,
            drain: Drain::new(),
            open: Some(open),
            into_retiring: |open| open,
            retired,
        })
    }
}

impl SourceInstance {
    pub(crate) fn source(
        name: &str,
        identity: Identity,
        open: Box<dyn OpenSource>,
        retired: Retired,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            identity,
            drain: Drain::new(),
            open: Some(open),
            into_retiring: |open| open,
            retired,
        })
    }
}

impl<T: ?Sized> Instance<T> {
    /// `None` only while it is dropped, which nobody sees.
    pub(crate) fn open(&self) -> Option<&T> {
        self.open.as_deref()
    }
}

impl<T: ?Sized> Drop for Instance<T> {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        let retiree = Retiree {
            name: self.name.clone(),
            open: (self.into_retiring)(open),
        };
        // Nobody listens only after the program was shut down; what is open then ends by its own drop.
        let _ = self.retired.send(retiree);
    }
}

impl<T: ?Sized> fmt::Debug for Instance<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("name", &self.name)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Retire for PluginStorage {
    async fn flush(&self, cx: &Context) -> Result<()> {
        CrashStorage::close(self, cx).await
    }

    async fn destroy(self: Box<Self>, timeout: Duration) -> Destroyed {
        PluginStorage::destroy(*self, timeout).await
    }
}

#[async_trait]
impl Retire for PluginSource {
    async fn flush(&self, cx: &Context) -> Result<()> {
        NewCrashSource::close(self, cx).await
    }

    async fn destroy(self: Box<Self>, timeout: Duration) -> Destroyed {
        PluginSource::destroy(*self, timeout).await
    }
}
