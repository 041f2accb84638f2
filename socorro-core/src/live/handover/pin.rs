use std::sync::Arc;

use futures_util::future::select_all;

use super::Parking;
use crate::live::generation::{Generation, StorageEntry};
use crate::live::in_service::{Live, Within};
use crate::live::instance::{LiveStorage, OpenStorage};

/// What one operation, or one piece of work of several, holds from its start to its end: the generation that it
/// runs in and, for more than one storage, what is open of them.
#[derive(Clone, Debug)]
pub(crate) struct Pin {
    generation: Arc<Generation>,
    held: Option<Arc<[Arc<LiveStorage>]>>,
}

/// A storage is out of service.
pub(crate) struct Unpinned {
    /// Which one.
    pub(crate) entry: Arc<StorageEntry>,
    /// Where to wait; none when it does not come back.
    pub(crate) parking: Option<Arc<Parking>>,
}

impl Unpinned {
    /// Is there nothing to wait for but what was waited for?
    pub(crate) fn is_same(&self, waited: Option<&Arc<Parking>>) -> bool {
        match (&self.parking, waited) {
            (Some(parking), Some(waited)) => Arc::ptr_eq(parking, waited),
            (Some(_), None) => false,
            (None, _) => true,
        }
    }

    /// Waits until it may be there again.
    pub(crate) async fn released(&self) {
        if let Some(parking) = &self.parking {
            parking.released().await;
        }
    }
}

impl Pin {
    /// Only the generation.
    pub(crate) fn new(generation: Arc<Generation>) -> Self {
        Self {
            generation,
            held: None,
        }
    }

    /// The generation, with what is open of every backend below these storages.
    pub(crate) fn hold<'a>(
        self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Unpinned> {
        let mut held = Vec::new();
        for name in names {
            for leaf in self.generation.leaves(name) {
                if let Some(entry) = self.generation.storage(leaf) {
                    held.push(self.live(entry)?);
                }
            }
        }
        Ok(Self {
            held: Some(held.into()),
            ..self
        })
    }

    pub(crate) fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    /// What is open of a storage of the generation; what is held stays even when it was taken out of service.
    fn live(&self, entry: &Arc<StorageEntry>) -> Result<Arc<LiveStorage>, Unpinned> {
        if let Some(live) = self.held(&entry.instance.name) {
            return Ok(live.clone());
        }
        entry.instance.live().map_err(|parking| Unpinned {
            entry: entry.clone(),
            parking,
        })
    }

    /// An operation on a storage of the generation begins.
    pub(crate) fn enter(
        &self,
        entry: &Arc<StorageEntry>,
    ) -> Result<Within<dyn OpenStorage>, Unpinned> {
        let live = self.live(entry)?;
        Live::enter(&live).ok_or_else(|| Unpinned {
            entry: entry.clone(),
            parking: None,
        })
    }

    fn held(&self, name: &str) -> Option<&Arc<LiveStorage>> {
        let mut held = self.held.iter().flat_map(|held| held.iter());
        held.find(|live| live.name() == name)
    }

    /// Waits until something that is held has to be let go of: a reload exchanges it and waits no longer.
    pub(crate) async fn evicted(&self) {
        let held = self.held.iter().flat_map(|held| held.iter());
        let evicted: Vec<_> = held.map(|live| Box::pin(live.evicted())).collect();
        if evicted.is_empty() {
            std::future::pending::<()>().await;
        }
        select_all(evicted).await;
    }
}
