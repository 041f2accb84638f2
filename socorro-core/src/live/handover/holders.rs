//! Which instance has what for itself, until it has ended: those in service, those that are being opened, and
//! those that leave.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use crate::error::{Error, ErrorKind, Result};
use crate::live::plan::Part;
use crate::plugin::{Exchange, Resource};

/// Who holds what. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Holders(Arc<watch::Sender<BTreeMap<ClaimId, Holder>>>);

/// Names one claim for the life of the process.
pub(crate) type ClaimId = u64;

#[derive(Debug)]
struct Holder {
    part: Part,
    resources: Vec<Resource>,
}

/// What one instance needs for itself, from before it is opened until it has ended. Dropping it lets go.
pub(crate) struct Claim {
    holders: Holders,
    id: ClaimId,
    part: Part,
    resources: Vec<Resource>,
}

impl Holders {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(BTreeMap::new())))
    }

    /// A claim that holds nothing yet.
    pub(crate) fn claim(&self, part: Part, resources: Vec<Resource>) -> Arc<Claim> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Arc::new(Claim {
            holders: self.clone(),
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            part,
            resources,
        })
    }

    /// Waits until none of these claims holds anything any more.
    pub(crate) async fn released(&self, claims: &[ClaimId]) {
        let mut all = self.0.subscribe();
        // Cannot fail: the sender is ours.
        let _ = all
            .wait_for(|all| claims.iter().all(|claim| !all.contains_key(claim)))
            .await;
    }

    /// Which of these claims still hold something.
    pub(crate) fn left(&self, claims: &[ClaimId]) -> Vec<Part> {
        let all = self.0.borrow();
        let left = claims.iter().filter_map(|claim| all.get(claim));
        left.map(|holder| holder.part.clone()).collect()
    }
}

impl Claim {
    pub(crate) fn id(&self) -> ClaimId {
        self.id
    }

    /// Takes hold, unless something that has to be closed first holds the same.
    ///
    /// `Unavailable` with who holds it.
    pub(crate) fn acquire(&self) -> Result<()> {
        let mut taken = None;
        self.holders.0.send_if_modified(|all| {
            taken = self.blocked(all, Exchange::BreakBeforeMake);
            if taken.is_none() {
                let holder = Holder {
                    part: self.part.clone(),
                    resources: self.resources.clone(),
                };
                all.insert(self.id, holder);
            }
            taken.is_none()
        });
        taken.map_or(Ok(()), |why| Err(Error::new(ErrorKind::Unavailable, why)))
    }

    /// Takes hold as soon as nothing that has to be closed first holds the same. Waits as long as that takes.
    pub(crate) async fn acquire_when_free(&self) {
        let mut all = self.holders.0.subscribe();
        while self.acquire().is_err() {
            // Cannot fail: the sender is ours.
            let _ = all.changed().await;
        }
    }

    /// Waits until nothing else holds what only one may work with.
    pub(crate) async fn alone(&self) {
        let mut all = self.holders.0.subscribe();
        // Cannot fail: the sender is ours.
        let _ = all
            .wait_for(|all| self.blocked(all, Exchange::Handover).is_none())
            .await;
    }

    /// Who holds what this claim cannot wait beside, for a person; `None` when nothing is in the way.
    pub(crate) fn in_the_way(&self, of: Exchange) -> Option<String> {
        self.blocked(&self.holders.0.borrow(), of)
    }

    /// Lets go of everything. Taken again with [`acquire`](Self::acquire).
    pub(crate) fn release(&self) {
        self.holders
            .0
            .send_if_modified(|all| all.remove(&self.id).is_some());
    }

    fn blocked(&self, all: &BTreeMap<ClaimId, Holder>, from: Exchange) -> Option<String> {
        let others = all.iter().filter(|(id, _)| **id != self.id);
        for (_, other) in others {
            for resource in &self.resources {
                let mut meetings = other.resources.iter().filter_map(|r| r.meeting(resource));
                if meetings.any(|meeting| meeting >= from) {
                    return Some(format!(
                        "{resource} is still held by an instance of {} that has not ended",
                        other.part
                    ));
                }
            }
        }
        None
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.release();
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("part", &self.part)
            .field("resources", &self.resources)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
