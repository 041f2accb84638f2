use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::handover::Claim;
use super::leaving::Departure;
use super::plan::Part;
use super::sync::Arc;

pub(super) trait Retire: Send + Sync {
    /// Does something with what is open.
    fn is_used(&self);

    /// Ends what is open, with so many in it.
    fn end(&self, operations: usize, departed: bool);
}

/// A reaper that ends everything there and then, the worst it could do.
#[derive(Clone)]
pub(super) struct Reaper;

pub(super) struct Retired {
    pub(super) retirees: Reaper,
    pub(super) open: TaskTracker,
}

#[allow(dead_code, reason = "as the product has it")]
pub(super) struct Retiree {
    pub(super) part: Part,
    pub(super) open: Arc<dyn Retire>,
    pub(super) claim: Option<Arc<Claim>>,
    pub(super) departure: Option<Arc<Departure>>,
    pub(super) operations: usize,
    pub(super) token: TaskTrackerToken,
}

impl Reaper {
    pub(super) fn send(&self, retiree: Retiree) -> Result<(), ()> {
        retiree
            .open
            .end(retiree.operations, retiree.departure.is_some());
        Ok(())
    }
}
