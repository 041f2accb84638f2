//! What a storage holds: crashes by day and id, and how many bytes they have.

use std::collections::BTreeMap;
use std::ops::Bound;

use socorro_core::crash::{CrashDate, CrashId, Dump, Dumps, ProcessedCrash, RawCrash, StoredId};
use socorro_core::storage::{Catalog, CatalogEntry, ListPage, ListRequest, Part};
use socorro_core::{Error, ErrorKind, Result};

/// The parts of one crash. Payloads are shared with whoever saved and whoever reads them.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Crash {
    /// The raw crash and its dumps, all of them in memory: they come and go together.
    pub(crate) raw: Option<(RawCrash, Dumps)>,
    pub(crate) processed: Option<ProcessedCrash>,
}

/// All crashes of one storage, within its bounds.
pub(crate) struct Shelf {
    days: BTreeMap<CrashDate, BTreeMap<StoredId, Crash>>,
    bytes: u64,
    crashes: u64,
    max_bytes: u64,
    max_crashes: u64,
}

impl Crash {
    fn bytes(&self) -> u64 {
        let raw = self.raw.as_ref().map_or(0, |(raw, dumps)| {
            raw.as_bytes().len() + dumps.bytes_in_memory()
        });
        let processed = self.processed.as_ref();
        (raw + processed.map_or(0, |processed| processed.as_bytes().len())) as u64
    }

    pub(crate) fn catalog(&self) -> Catalog {
        let entry = |part, size: usize| CatalogEntry {
            part,
            size: Some(size as u64),
        };
        let mut entries = Vec::new();
        if let Some((raw, dumps)) = &self.raw {
            entries.push(entry(Part::RawCrash, raw.as_bytes().len()));
            entries.extend(
                dumps.iter().map(|(name, dump)| {
                    entry(Part::Dump(name.clone()), Dump::bytes_in_memory(dump))
                }),
            );
        }
        if let Some(processed) = &self.processed {
            entries.push(entry(Part::ProcessedCrash, processed.as_bytes().len()));
        }
        Catalog { entries }
    }
}

impl Shelf {
    pub(crate) fn new(max_bytes: u64, max_crashes: u64) -> Self {
        Self {
            days: BTreeMap::new(),
            bytes: 0,
            crashes: 0,
            max_bytes,
            max_crashes,
        }
    }

    /// Puts the parts that `new` has in place of those that are there; says whether that changed anything.
    pub(crate) fn put(&mut self, id: &CrashId, new: Crash) -> Result<bool> {
        let stored = StoredId::from(id);
        let old = self.get(&stored).cloned();
        let is_new = old.is_none();
        let old = old.unwrap_or_default();
        let merged = Crash {
            raw: new.raw.or_else(|| old.raw.clone()),
            processed: new.processed.or_else(|| old.processed.clone()),
        };
        if merged == old {
            return Ok(false);
        }
        if merged.bytes() > self.max_bytes {
            return Err(too_large(merged.bytes(), self.max_bytes));
        }
        let bytes = self.bytes - old.bytes() + merged.bytes();
        if bytes > self.max_bytes {
            return Err(full(format!("{} bytes", self.max_bytes), "max_bytes"));
        }
        let crashes = self.crashes + u64::from(is_new);
        if crashes > self.max_crashes {
            return Err(full(format!("{} crashes", self.max_crashes), "max_crashes"));
        }
        (self.bytes, self.crashes) = (bytes, crashes);
        self.days
            .entry(id.date())
            .or_default()
            .insert(stored, merged);
        Ok(true)
    }

    pub(crate) fn get(&self, id: &StoredId) -> Option<&Crash> {
        self.days.get(&id.date()?)?.get(id)
    }

    pub(crate) fn remove(&mut self, id: &StoredId) {
        let Some(day) = id.date() else { return };
        let Some(crashes) = self.days.get_mut(&day) else {
            return;
        };
        if let Some(gone) = crashes.remove(id) {
            self.bytes -= gone.bytes();
            self.crashes -= 1;
        }
        if crashes.is_empty() {
            self.days.remove(&day);
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.max_bytes, self.max_crashes);
    }

    pub(crate) fn list(&self, request: &ListRequest) -> ListPage {
        if request.from > request.to {
            return ListPage::default();
        }
        let after = request
            .after
            .as_ref()
            .map_or(Bound::Unbounded, Bound::Excluded);
        // One more than asked for tells whether more follow.
        let mut ids: Vec<StoredId> = self
            .days
            .range(request.from..=request.to)
            .flat_map(|(_, crashes)| crashes.range((after, Bound::Unbounded)))
            .map(|(id, _)| id.clone())
            .take(request.limit as usize + 1)
            .collect();
        let more = ids.len() > request.limit as usize;
        ids.truncate(request.limit as usize);
        ListPage { ids, more }
    }
}

fn full(bound: String, option: &str) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("the memory is full: it may hold {bound}; raise {option} or delete crashes"),
    )
}

fn too_large(bytes: u64, max_bytes: u64) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        format!("the crash has {bytes} bytes or more, max_bytes is {max_bytes}; raise it"),
    )
}
