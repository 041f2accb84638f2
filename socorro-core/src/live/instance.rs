//! A storage or source that was configured and opened, and the place in which what is open stands.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::in_service::Live;
use super::plan::{Identity, Part};
use super::retire::{Retire, Retired};
use super::slot::Slot;
use crate::source::NewCrashSource;
use crate::storage::CrashStorage;
use crate::transaction::Drain;

/// An instance. Generations share it; what is open in it ends when the last of them and the last operation are
/// gone, or at the deadline of its [drain](Self::drain), whichever comes first.
pub(crate) struct Instance<T: ?Sized> {
    pub(crate) part: Part,
    pub(crate) name: Arc<str>,
    /// What it was made from: decides at a reload whether it is kept.
    pub(crate) identity: Identity,
    /// Started by the reload that removes it; wakes and bounds what still runs.
    pub(crate) drain: Drain,
    /// Bounds what settles crashes that were handed out, which comes after everything else.
    pub(crate) settling: Drain,
    /// Empty while it is out of service, and from the end of its drain on.
    slot: Slot<T>,
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

impl StorageInstance {
    pub(crate) fn storage(
        name: &str,
        identity: Identity,
        open: Arc<dyn OpenStorage>,
        retired: Retired,
    ) -> Arc<Self> {
        let part = Part::Storage(name.to_owned());
        let live = Live::new(part.clone(), open, |open| open, retired);
        Self::new(part, name, identity, live)
    }
}

impl SourceInstance {
    pub(crate) fn source(
        name: &str,
        identity: Identity,
        open: Arc<dyn OpenSource>,
        retired: Retired,
    ) -> Arc<Self> {
        let part = Part::Source(name.to_owned());
        let live = Live::new(part.clone(), open, |open| open, retired);
        Self::new(part, name, identity, live)
    }
}

impl<T: ?Sized> Instance<T> {
    fn new(part: Part, name: &str, identity: Identity, live: Arc<Live<T>>) -> Arc<Self> {
        Arc::new(Self {
            part,
            name: name.into(),
            identity,
            drain: Drain::new(),
            settling: Drain::new(),
            slot: Slot::new(live),
        })
    }

    /// What is open, to be held for one operation; `None` while nothing is in service.
    pub(crate) fn live(&self) -> Option<Arc<Live<T>>> {
        self.slot.live()
    }

    /// Waits until something is in service; ready at once when it is. For ever after the end.
    pub(crate) async fn in_service(&self) -> Arc<Live<T>> {
        self.slot.in_service().await
    }

    /// Takes out of service what is open: no operation begins on it any more, and a source hands out nothing
    /// more. Operations in it go on, and hold it.
    pub(crate) fn take(&self) -> Option<Arc<Live<T>>> {
        self.slot.take()
    }

    /// Puts something in service in place of what was taken out.
    #[allow(dead_code, reason = "for what is exchanged in place")]
    pub(crate) fn put(&self, live: Arc<Live<T>>) {
        self.slot.put(live);
    }

    /// Starts the drain: operations end by `deadline`, and what settles by `settled`.
    pub(super) fn drain_until(&self, deadline: Instant, settled: Instant) {
        self.drain.start(deadline);
        self.settling.start(settled);
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
