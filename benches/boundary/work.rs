//! What is done.

use std::sync::Arc;

use anyhow::Result;
use socorro_benches::crashes::{Crash, ids};
use socorro_benches::random::Random;
use socorro_core::Context;
use socorro_core::crash::{CrashId, DumpName, Dumps, StoredId};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::peers::{Peer, Peers, Ways};

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// `delete` of a storage that keeps nothing: no arguments but an id, no answer but "done".
    NoOp,
    /// `catalog` of the same, whose answer crosses as JSON.
    Catalog,
    /// `save_raw_crash` with 3 kB and 150 kB, which nobody looks at.
    PayloadIn,
    /// `get_dump` of 150 kB that the storage holds.
    PayloadOut,
    /// Ten times a kilobyte to an echo server and back.
    Steps,
}

impl Work {
    pub(crate) const ALL: [Self; 5] = [
        Self::NoOp,
        Self::Catalog,
        Self::PayloadIn,
        Self::PayloadOut,
        Self::Steps,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::NoOp => "no-op",
            Self::Catalog => "no-op with a JSON answer",
            Self::PayloadIn => "150 kB in",
            Self::PayloadOut => "150 kB out",
            Self::Steps => "ten I/O steps of 1 kB",
        }
    }
}

/// What the operations are given.
pub(crate) struct Fixture {
    pub(crate) id: CrashId,
    pub(crate) stored: StoredId,
    crash: Crash,
    dumps: Dumps,
    name: DumpName,
    pub(crate) cx: Context,
}

impl Fixture {
    pub(crate) fn new(random: &mut Random) -> Result<Arc<Self>> {
        let crash = Crash::new(random)?;
        let [id] = ids(random, 1)?[..] else {
            anyhow::bail!("one id was asked for");
        };
        Ok(Arc::new(Self {
            id,
            stored: id.into(),
            dumps: Dumps::single(crash.dump.clone()),
            crash,
            name: DumpName::default(),
            cx: Context::new(),
        }))
    }
}

/// One way to do one kind of work.
#[derive(Clone)]
pub(crate) struct Doer {
    work: Work,
    peer: Peer,
    ways: Arc<Ways>,
    other: Handle,
    fixture: Arc<Fixture>,
}

impl Doer {
    pub(crate) fn new(peers: &Peers, work: Work, peer: Peer, fixture: &Arc<Fixture>) -> Self {
        let ways = match work {
            Work::NoOp | Work::Catalog | Work::PayloadIn => &peers.null,
            Work::PayloadOut | Work::Steps => &peers.steps,
        };
        Self {
            work,
            peer,
            ways: Arc::clone(ways),
            other: peers.other.handle().clone(),
            fixture: Arc::clone(fixture),
        }
    }

    /// Does it so many times, one after the other.
    pub(crate) async fn run(self, times: usize) -> Result<()> {
        // One loop for each, so that none pays for what decides between them.
        match self.peer {
            Peer::Direct => {
                for _ in 0..times {
                    self.call(&*self.ways.direct).await?;
                }
            }
            Peer::Loaded => {
                for _ in 0..times {
                    self.call(&self.ways.loaded).await?;
                }
            }
            Peer::Handle => {
                for _ in 0..times {
                    self.handle().await?;
                }
            }
            Peer::Floor => {
                for _ in 0..times {
                    let (answer, answered) = oneshot::channel();
                    self.other.spawn(async move { answer.send(()) });
                    answered.await?;
                }
            }
        }
        Ok(())
    }

    async fn call(
        &self,
        storage: &dyn socorro_core::storage::CrashStorage,
    ) -> socorro_core::Result<()> {
        let with = &*self.fixture;
        match self.work {
            Work::NoOp | Work::Steps => storage.delete(&with.cx, &with.stored).await,
            Work::Catalog => storage.catalog(&with.cx, &with.stored).await.map(drop),
            Work::PayloadIn => {
                storage
                    .save_raw_crash(&with.cx, &with.id, &with.crash.raw, &with.dumps)
                    .await
            }
            Work::PayloadOut => storage
                .get_dump(&with.cx, &with.stored, &with.name)
                .await
                .map(drop),
        }
    }

    async fn handle(&self) -> socorro_core::Result<()> {
        let (with, handle) = (&*self.fixture, &self.ways.handle);
        match self.work {
            Work::NoOp | Work::Steps => handle.delete(with.stored.clone()).await,
            Work::Catalog => handle.catalog(with.stored.clone()).await.map(drop),
            Work::PayloadIn => {
                handle
                    .save_raw_crash(&with.id, &with.crash.raw, &with.dumps)
                    .await
            }
            Work::PayloadOut => handle
                .get_dump(with.stored.clone(), &with.name)
                .await
                .map(drop),
        }
    }
}
