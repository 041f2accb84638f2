use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use super::Clock;

/// Whether one instance is in service, or leaving it until a deadline because a reload replaced it.
///
/// Cheap to clone; all clones are one. An instance that leaves stays usable for the operations that are on
/// it: what they do then is in [the protocol](super#when-the-instance-leaves).
#[derive(Clone, Debug)]
pub struct Drain(Arc<watch::Sender<Option<Instant>>>);

impl Drain {
    /// In service.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// The instance leaves, and its operations are over by `deadline`.
    ///
    /// Of several deadlines the earliest counts, for attempts under way too. A wait between attempts that
    /// was planned before ends as planned: quit is what cuts it.
    pub fn start(&self, deadline: Instant) {
        self.0.send_if_modified(|current| {
            let earlier = current.is_none_or(|current| deadline < current);
            if earlier {
                *current = Some(deadline);
            }
            earlier
        });
    }

    /// The instance stays after all: what begins now is not bounded any more.
    pub fn withdraw(&self) {
        self.0.send_if_modified(|current| current.take().is_some());
    }

    /// When the operations of the instance must be over; `None` while it is in service.
    pub fn deadline(&self) -> Option<Instant> {
        *self.0.borrow()
    }

    /// Waits until the instance leaves; ready at once when it already does. Needs no runtime.
    pub async fn started(&self) {
        // Cannot fail: the sender is ours.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }

    /// Waits until the instance leaves and its deadline has passed on `clock`.
    pub async fn expired(&self, clock: &dyn Clock) {
        let mut changes = self.0.subscribe();
        loop {
            let deadline = *changes.borrow_and_update();
            let left = deadline.map(|deadline| deadline.saturating_duration_since(clock.now()));
            tokio::select! {
                biased;
                Ok(()) = changes.changed() => {}
                () = async { clock.sleep(left.unwrap_or_default()).await }, if left.is_some() => return,
                // The sender is ours, so this is only what the macro must be told.
                else => return std::future::pending().await,
            }
        }
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
    }
}
