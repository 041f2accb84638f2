//! A storage or source that was configured and opened, and the place in which what is open stands.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::degraded::Degraded;
use super::handover::{Parking, Slot};
use super::in_service::Live;
use super::opening::Opening;
use super::plan::{Identity, Part};
use super::retire::{Retire, Retired};
use super::wanted::Kind;
use crate::error::Result;
use crate::plugin::Resource;
use crate::source::NewCrashSource;
use crate::storage::{Capabilities, CrashStorage};
use crate::transaction::Drain;

/// An instance. Generations share it; what is open in it ends when the last of them and the last operation are
/// gone, or at the deadline of its [drain](Self::drain), whichever comes first.
pub(crate) struct Instance<T: ?Sized> {
    pub(crate) part: Part,
    pub(crate) name: Arc<str>,
    /// What it was made from: decides at a reload whether it is kept.
    pub(crate) identity: Identity,
    /// What it needs for itself: decides at a reload how its successor comes into service.
    pub(crate) resources: Vec<Resource>,
    /// How to open it again; none for a composite, which is never taken out of service.
    pub(crate) opening: Option<Opening>,
    /// Started by the reload that removes it; wakes and bounds what still runs.
    pub(crate) drain: Drain,
    /// Bounds what settles crashes that were handed out, which comes after everything else.
    pub(crate) settling: Drain,
    /// What is open: nothing while it is exchanged, and from the end of its drain on.
    pub(crate) slot: Slot<T>,
}

/// An open storage.
pub(crate) type StorageInstance = Instance<dyn OpenStorage>;
/// An open source.
pub(crate) type SourceInstance = Instance<dyn OpenSource>;
/// What is open in a storage.
pub(crate) type LiveStorage = Live<dyn OpenStorage>;
/// What is open in a source.
pub(crate) type LiveSource = Live<dyn OpenSource>;

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
    async fn open(opening: &Opening) -> Result<Arc<Self>>;
    /// One that is not there yet, and opens as soon as it can.
    fn stand_in(degraded: Degraded<Self>) -> Arc<Self>;
    fn into_retiring(self: Arc<Self>) -> Arc<dyn Retire>;
    /// What a storage can do; nothing for a source.
    fn able(&self) -> Capabilities;
    /// See [`Retire::absent`].
    fn absent(&self) -> Option<String>;
    const KIND: Kind;
}

impl StorageInstance {
    /// One that opens nothing of its own, such as a composite.
    pub(crate) fn storage(
        name: &str,
        identity: Identity,
        open: Arc<dyn OpenStorage>,
        retired: Retired,
    ) -> Arc<Self> {
        let part = Part::Storage(name.to_owned());
        let live = Live::new(part.clone(), open, retired, None);
        Self::new(part, identity, None, live)
    }
}

impl<T: Openable + ?Sized> Instance<T> {
    pub(crate) fn new(
        part: Part,
        identity: Identity,
        opening: Option<Opening>,
        live: Arc<Live<T>>,
    ) -> Arc<Self> {
        let resources = opening.as_ref().map(|it| it.resources.clone());
        Arc::new(Self {
            name: part.name().into(),
            part,
            identity,
            resources: resources.unwrap_or_default(),
            opening,
            drain: Drain::new(),
            settling: Drain::new(),
            slot: Slot::new(live),
        })
    }

    /// What a storage can do, also while it is out of service.
    pub(crate) fn capabilities(&self) -> Capabilities {
        match self.slot.get() {
            Ok(live) => live.open().able(),
            Err(Some(parking)) => parking.capabilities(),
            Err(None) => Capabilities::empty(),
        }
    }

    /// Why its backend is not there yet (`start = "degraded"`); none when it is.
    pub(crate) fn absent(&self) -> Option<String> {
        self.slot.get().ok()?.open().absent()
    }
}

impl<T: ?Sized> Instance<T> {
    /// What is open, to be held for one operation; `Err` with where to wait, if a reload exchanges it, and with
    /// nothing after its end.
    pub(crate) fn live(&self) -> Result<Arc<Live<T>>, Option<Arc<Parking>>> {
        self.slot.get()
    }

    /// Waits until something is in service; ready at once when it is. For ever after the end.
    pub(crate) async fn in_service(&self) -> Arc<Live<T>> {
        self.slot.wait().await
    }

    /// Takes out of service for good what is open: no operation begins on it any more, and a source hands out
    /// nothing more. Operations in it go on, and hold it.
    pub(crate) fn take(&self) -> Option<Arc<Live<T>>> {
        self.slot.empty()
    }

    /// Starts the drain: operations end by `deadline`, and what settles by `settled`.
    pub(super) fn drain_until(&self, deadline: Instant, settled: Instant) {
        self.drain.start(deadline);
        self.settling.start(settled);
    }

    /// Puts back into service what was taken out of it, if something still held it.
    pub(super) fn put_back(&self) -> bool {
        self.withdraw_drain();
        self.slot.put_back()
    }

    /// Puts something else into service.
    pub(super) fn put(&self, live: Arc<Live<T>>) {
        self.withdraw_drain();
        self.slot.put(live);
    }

    /// It stays after all. Before anything is in service again: an operation that finds it there is in no drain.
    fn withdraw_drain(&self) {
        self.drain.withdraw();
        self.settling.withdraw();
    }
}

impl<T: ?Sized> fmt::Debug for Instance<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("part", &self.part)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}
