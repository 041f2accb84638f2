//! Where operations wait while the instance that they are for is exchanged.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use crate::error::{Applied, Error, ErrorKind, Result};
use crate::live::plan::Part;
use crate::storage::Capabilities;
use crate::telemetry::Parked;
use crate::transaction::Clock;

/// Where the operations on one part wait. It is opened once, when they can go on: with the new instance or with
/// the old one. How many wait, and with how many bytes, the part's admission bounds: a waiting operation is one
/// in flight.
#[derive(Debug)]
pub(crate) struct Parking {
    part: Part,
    /// What the storage can do that was taken out of service.
    capabilities: Capabilities,
    /// On `clock`.
    deadline: Instant,
    clock: Arc<dyn Clock>,
    open: watch::Sender<bool>,
}

impl Parking {
    pub(crate) fn new(
        part: Part,
        capabilities: Capabilities,
        deadline: Instant,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self {
            part,
            capabilities,
            deadline,
            clock,
            open: watch::Sender::new(false),
        })
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// Lets all go on that wait, and those that come later.
    pub(crate) fn release(&self) {
        self.open.send_replace(true);
    }

    /// Waits until operations can go on, however long that takes.
    pub(crate) async fn released(&self) {
        // Cannot fail: the sender is ours.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }

    /// Waits until the operation can go on, at most until its own deadline or that of the parking.
    ///
    /// `Unavailable`, which passes, or `Timeout` when its own deadline came first; nothing was applied.
    pub(crate) async fn wait(&self, own: Option<Instant>) -> Result<()> {
        let now = self.clock.now();
        let deadline = own.map_or(self.deadline, |own| own.min(self.deadline));
        let _parked = Parked::at(&self.part.to_string());
        tokio::select! {
            biased;
            () = self.released() => return Ok(()),
            () = self.clock.sleep(deadline.saturating_duration_since(now)) => {}
        }
        let error = if own.is_some_and(|own| own <= self.deadline) {
            Error::new(
                ErrorKind::Timeout,
                format!(
                    "the deadline came while a reload was exchanging {}; nothing was done",
                    self.part
                ),
            )
        } else {
            Error::new(
                ErrorKind::Unavailable,
                format!(
                    "a reload has been exchanging {} for as long as operations wait (reload.park_timeout); \
                     nothing was done, try again",
                    self.part
                ),
            )
        };
        Err(error.with_applied(Applied::No))
    }
}

#[cfg(test)]
mod tests;
