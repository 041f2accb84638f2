//! What all handles share: the current generation, and who relies on which name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::generation::Generation;
use super::handle::StorageHandle;
use super::switch::Switch;
use crate::error::{Error, ErrorKind, Result};

/// What all handles have in common.
pub(crate) struct Shared {
    current: Switch,
    /// Which names the embedding program holds handles to: off the path of operations.
    claims: Mutex<BTreeMap<String, Weak<Claim>>>,
}

/// Held by every handle to a name, so that a reload cannot take the name away under the program.
#[derive(Debug)]
pub(crate) struct Claim;

impl Shared {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            current: Switch::new(Generation::default()),
            claims: Mutex::default(),
        })
    }

    /// The current generation, kept as long as the caller keeps it.
    pub(crate) fn pin(&self) -> Arc<Generation> {
        self.current.pin()
    }

    /// Makes `next` the current generation and returns the one before.
    pub(super) fn commit(&self, next: Arc<Generation>) -> Arc<Generation> {
        self.current.commit(next)
    }

    pub(super) fn handle(self: &Arc<Self>, name: &str) -> Result<StorageHandle> {
        let generation = self.pin();
        if generation.storage(name).is_none() {
            let known: Vec<&str> = generation.storages.keys().map(|name| &**name).collect();
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                format!(
                    "no storage {name:?} is configured; add [storage.{name}], or use one of: {}",
                    known.join(", ")
                ),
            ));
        }
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let claim = claims
            .get(name)
            .and_then(Weak::upgrade)
            .unwrap_or_else(|| Arc::new(Claim));
        claims.insert(name.to_owned(), Arc::downgrade(&claim));
        Ok(StorageHandle::current(name, self.clone(), claim))
    }

    /// The names that the program holds handles to.
    pub(super) fn claimed(&self) -> Vec<String> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.retain(|_, claim| claim.strong_count() > 0);
        claims.keys().cloned().collect()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("generation", &self.pin().number())
            .finish_non_exhaustive()
    }
}
