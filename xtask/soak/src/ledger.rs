//! What is stored where, for certain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use socorro_core::crash::CrashId;

/// What is known of one storage.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    /// Acknowledged and not being deleted: how many read each right now.
    there: BTreeMap<CrashId, usize>,
    /// A save or delete is under way.
    moving: BTreeSet<CrashId>,
}

/// Crashes that have to be in a list, and those that may.
pub(crate) struct Expected {
    there: BTreeSet<CrashId>,
}

/// As many crashes as a storage keeps between: the run must not grow by what it stores.
pub(crate) const FEW: usize = 8;
pub(crate) const MANY: usize = 64;

impl Ledger {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are there.
    pub(crate) fn count(&self) -> usize {
        self.shelf().there.len()
    }

    /// A save begins.
    pub(crate) fn saving(&self, id: CrashId) {
        self.shelf().moving.insert(id);
    }

    /// It was acknowledged.
    pub(crate) fn saved(&self, id: CrashId) {
        let mut shelf = self.shelf();
        shelf.moving.remove(&id);
        shelf.there.insert(id, 0);
    }

    /// A crash to read, which stays there until [`read`](Self::read).
    pub(crate) fn reading(&self, pick: usize) -> Option<CrashId> {
        let mut shelf = self.shelf();
        let count = shelf.there.len().max(1);
        let (id, readers) = shelf.there.iter_mut().nth(pick % count)?;
        *readers += 1;
        Some(*id)
    }

    pub(crate) fn read(&self, id: CrashId) {
        if let Some(readers) = self.shelf().there.get_mut(&id) {
            *readers -= 1;
        }
    }

    /// A crash to delete, which nobody reads; from now on it need not be there.
    pub(crate) fn deleting(&self, pick: usize) -> Option<CrashId> {
        let mut shelf = self.shelf();
        let count = shelf.there.len().max(1);
        let quiet = |(_, readers): &(&CrashId, &usize)| **readers == 0;
        let from = pick % count;
        let mut after = shelf.there.iter().skip(from).filter(quiet);
        let id = *after.next()?.0;
        shelf.there.remove(&id);
        shelf.moving.insert(id);
        Some(id)
    }

    pub(crate) fn deleted(&self, id: CrashId) {
        self.shelf().moving.remove(&id);
    }

    /// What a list that begins now has to show.
    pub(crate) fn expected(&self) -> Expected {
        Expected {
            there: self.shelf().there.keys().copied().collect(),
        }
    }

    /// What is wrong with a list that was begun with `expected` and has ended: `whose` tells which storage an id
    /// was made for.
    pub(crate) fn wrong(
        &self,
        expected: &Expected,
        listed: &BTreeSet<CrashId>,
        is_ours: impl Fn(&CrashId) -> bool,
    ) -> Vec<String> {
        let shelf = self.shelf();
        let lost = expected
            .there
            .iter()
            // What was deleted meanwhile may be there or not.
            .filter(|id| shelf.there.contains_key(id) && !listed.contains(id))
            .map(|id| format!("lost: {id} is not listed"));
        let foreign = listed
            .iter()
            .filter(|id| !is_ours(id))
            .map(|id| format!("misrouted: {id} is listed"));
        lost.chain(foreign).collect()
    }

    /// All that has to be there when nothing is under way any more.
    pub(crate) fn all(&self) -> BTreeSet<CrashId> {
        self.shelf().there.keys().copied().collect()
    }
}
