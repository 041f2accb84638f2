//! An open storage or source, and what happens when the last generation that has it lets go.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::handover::{Claim, Parking, Slot};
use super::opening::Opening;
use super::plan::Identity;
use crate::context::Context;
use crate::error::Result;
use crate::plugin::Resource;
use crate::plugin::host::{Destroyed, PluginSource, PluginStorage};
use crate::source::NewCrashSource;
use crate::storage::{Capabilities, CrashStorage};
use crate::transaction::Drain;

/// An instance: what it is made from, and what is open of it. Generations share it; when the last of them and
/// the last operation in it are gone, what is open retires by itself: no count is kept by hand, so none can be
/// wrong.
pub(crate) struct Instance<T: ?Sized> {
    pub(crate) name: Arc<str>,
    /// What it was made from: decides at a reload whether it is kept.
    pub(crate) identity: Identity,
    /// What it needs for itself: decides at a reload how its successor comes into service.
    pub(crate) resources: Vec<Resource>,
    /// How to open it again; none for a composite, which is never taken out of service.
    pub(crate) opening: Option<Opening>,
    /// Started by the reload that removes it; wakes and bounds what still runs.
    pub(crate) drain: Drain,
    /// What is open, if anything is right now.
    pub(crate) slot: Slot<T>,
}

/// What is open of an instance. An operation holds it from its start to its end; when nobody does any more, it
/// retires.
pub(crate) struct Live<T: ?Sized> {
    name: Arc<str>,
    /// `None` only while it is dropped.
    open: Option<Box<T>>,
    into_retiring: fn(Box<T>) -> Box<dyn Retire>,
    retired: Retired,
    /// None for a composite.
    claim: Option<Arc<Claim>>,
    pub(super) evicted: tokio::sync::watch::Sender<bool>,
}

/// An open storage.
pub(crate) type StorageInstance = Instance<dyn OpenStorage>;
/// An open source.
pub(crate) type SourceInstance = Instance<dyn OpenSource>;
/// A storage as an operation holds it.
pub(crate) type LiveStorage = Live<dyn OpenStorage>;
/// A source as a crash that came from it holds it.
pub(crate) type LiveSource = Live<dyn OpenSource>;

/// Where instances go that nothing uses any more. Unbounded, but never longer than there are instances.
pub(crate) type Retired = mpsc::UnboundedSender<Retiree>;

/// An instance on its way out.
pub(crate) struct Retiree {
    pub(crate) name: Arc<str>,
    pub(crate) open: Box<dyn Retire>,
    /// What it holds until it has ended; see [`Claim`].
    pub(crate) claim: Option<Arc<Claim>>,
}

/// How an open thing is ended.
#[async_trait]
pub(crate) trait Retire: Send + Sync {
    /// Flushes; see [`CrashStorage::close`].
    async fn flush(&self, cx: &Context) -> Result<()>;
    /// Frees everything, in at most `timeout`.
    async fn destroy(self: Box<Self>, timeout: Duration) -> Destroyed;
    /// Why it is not there yet; none when it is.
    fn absent(&self) -> Option<String> {
        None
    }
    /// How it ended, after [`destroy`](Self::destroy) gave it up: ready as late as that may be.
    fn ended(&self) -> BoxFuture<'static, Destroyed>;
}

/// A storage that can be retired.
pub(crate) trait OpenStorage: CrashStorage + Retire {}
impl<T: CrashStorage + Retire> OpenStorage for T {}

/// A source that can be retired.
pub(crate) trait OpenSource: NewCrashSource + Retire {}
impl<T: NewCrashSource + Retire> OpenSource for T {}

/// What an instance can be of.
#[async_trait]
pub(crate) trait Openable: Send + Sync {
    /// Opens one.
    async fn open(opening: &Opening) -> Result<Box<Self>>;
    /// One that is not there yet, and opens as soon as it can.
    fn stand_in(degraded: super::degraded::Degraded<Self>) -> Box<Self>;
    fn into_retiring(self: Box<Self>) -> Box<dyn Retire>;
    /// What a storage can do; nothing for a source.
    fn able(&self) -> Capabilities;
    /// See [`Retire::absent`].
    fn absent(&self) -> Option<String>;
    const KIND: super::wanted::Kind;
}

impl<T: Openable + ?Sized> Live<T> {
    pub(crate) fn new(
        name: Arc<str>,
        open: Box<T>,
        retired: Retired,
        claim: Option<Arc<Claim>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            open: Some(open),
            into_retiring: T::into_retiring,
            retired,
            claim,
            evicted: tokio::sync::watch::Sender::new(false),
        })
    }
}

impl<T: Openable + ?Sized> Instance<T> {
    pub(crate) fn new(
        name: &str,
        identity: Identity,
        opening: Option<Opening>,
        live: Arc<Live<T>>,
    ) -> Arc<Self> {
        let resources = opening.as_ref().map(|it| it.resources().to_vec());
        Arc::new(Self {
            name: name.into(),
            identity,
            resources: resources.unwrap_or_default(),
            opening,
            drain: Drain::new(),
            slot: Slot::new(live),
        })
    }

    /// What a storage can do, also while it is out of service.
    pub(crate) fn capabilities(&self) -> Capabilities {
        match self.slot.get() {
            Ok(live) => live.open().map_or(Capabilities::empty(), T::able),
            Err(Some(parking)) => parking.capabilities(),
            Err(None) => Capabilities::empty(),
        }
    }

    /// Why its backend is not there yet (`start = "degraded"`); none when it is.
    pub(crate) fn absent(&self) -> Option<String> {
        T::absent(self.slot.get().ok()?.open()?)
    }

    /// What is open; `Err` with where to wait, if a reload exchanges it.
    pub(crate) fn live(&self) -> Result<Arc<Live<T>>, Option<Arc<Parking>>> {
        self.slot.get()
    }
}

impl<T: ?Sized> Live<T> {
    /// `None` only while it is dropped, which nobody sees.
    pub(crate) fn open(&self) -> Option<&T> {
        self.open.as_deref()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn claim(&self) -> Option<&Arc<Claim>> {
        self.claim.as_ref()
    }

    /// Waits until whatever holds it has to let go: the reload that exchanges it waits no longer.
    pub(crate) async fn evicted(&self) {
        // Cannot fail: the sender is ours.
        let _ = self.evicted.subscribe().wait_for(|evicted| *evicted).await;
    }
}

impl<T: ?Sized> Drop for Live<T> {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        let retiree = Retiree {
            name: self.name.clone(),
            open: (self.into_retiring)(open),
            claim: self.claim.take(),
        };
        // Nobody listens only after the program was shut down; what is open then ends by its own drop.
        let _ = self.retired.send(retiree);
    }
}

impl<T: ?Sized> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Live({})", self.name)
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

/// Longer than any program runs.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

#[async_trait]
impl Retire for PluginStorage {
    async fn flush(&self, cx: &Context) -> Result<()> {
        CrashStorage::close(self, cx).await
    }

    async fn destroy(self: Box<Self>, timeout: Duration) -> Destroyed {
        PluginStorage::destroy(*self, timeout).await
    }

    fn ended(&self) -> BoxFuture<'static, Destroyed> {
        // A clone is the same instance, and is destroyed once.
        Box::pin(self.clone().destroy(FOR_EVER))
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

    fn ended(&self) -> BoxFuture<'static, Destroyed> {
        Box::pin(self.clone().destroy(FOR_EVER))
    }
}
