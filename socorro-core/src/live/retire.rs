//! How an open thing is ended: flushed, then destroyed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::handover::Claim;
use super::leaving::Departure;
use super::plan::Part;
use crate::compose::Fanout;
use crate::context::Context;
use crate::error::Result;
use crate::plugin::host::{Destroyed, PluginSource, PluginStorage};

/// What an instance is to the [reaper](super::reaper).
#[async_trait]
pub(crate) trait Retire: Send + Sync {
    /// Flushes; see [`CrashStorage::close`](crate::storage::CrashStorage::close). Dropping the future asks for
    /// cancellation.
    async fn flush(&self, cx: &Context) -> Result<()>;

    /// Frees everything, in at most `timeout` and a little more. Operations that still hold it end as cancelled.
    async fn destroy(self: Arc<Self>, timeout: Duration) -> Destroyed;

    /// Waits until a destroy that took longer than its time has come to a clean end after all; for ever when
    /// something stays.
    async fn gone(&self);

    /// Why it is not there yet; none when it is.
    fn absent(&self) -> Option<String> {
        None
    }
}

/// Where instances go that nothing uses any more. Unbounded, but never longer than there are instances.
#[derive(Clone, Debug)]
pub(crate) struct Retired {
    pub(super) retirees: mpsc::UnboundedSender<Retiree>,
    /// Of everything that is open or being ended.
    pub(super) open: TaskTracker,
}

/// An instance on its way out.
pub(crate) struct Retiree {
    pub(super) part: Part,
    pub(super) open: Arc<dyn Retire>,
    /// What it has for itself until it has ended; none for a composite.
    pub(super) claim: Option<Arc<Claim>>,
    /// Why it leaves; none for what never was in service.
    pub(super) departure: Option<Arc<Departure>>,
    /// What still held it when it was given up; 0 when everything had let go.
    pub(super) operations: usize,
    /// Kept until it has ended, or was given up.
    pub(super) token: TaskTrackerToken,
}

impl std::fmt::Debug for Retiree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Retiree({})", self.part)
    }
}

#[async_trait]
impl Retire for PluginStorage {
    async fn flush(&self, cx: &Context) -> Result<()> {
        self.close_apart(cx).await
    }

    async fn destroy(self: Arc<Self>, timeout: Duration) -> Destroyed {
        PluginStorage::destroy((*self).clone(), timeout).await
    }

    async fn gone(&self) {
        PluginStorage::gone(self).await;
    }
}

#[async_trait]
impl Retire for PluginSource {
    async fn flush(&self, cx: &Context) -> Result<()> {
        self.close_apart(cx).await
    }

    async fn destroy(self: Arc<Self>, timeout: Duration) -> Destroyed {
        PluginSource::destroy((*self).clone(), timeout).await
    }

    async fn gone(&self) {
        PluginSource::gone(self).await;
    }
}

/// It has nothing of its own.
#[async_trait]
impl Retire for Fanout {
    async fn flush(&self, _: &Context) -> Result<()> {
        Ok(())
    }

    async fn destroy(self: Arc<Self>, _: Duration) -> Destroyed {
        Destroyed::Clean
    }

    async fn gone(&self) {}
}
