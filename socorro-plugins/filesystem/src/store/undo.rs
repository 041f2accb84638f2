//! What a save made visible, in case it has to be taken back.

use std::sync::Arc;

use super::Store;
use crate::disk::{Dir, ignore_missing};

/// Names that a save put into place, in that order.
pub(crate) struct Undo<'a> {
    store: &'a Store,
    raw: Option<(Arc<Dir>, String)>,
    others: Vec<(Arc<Dir>, String)>,
}

impl<'a> Undo<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self {
            store,
            raw: None,
            others: Vec::new(),
        }
    }

    /// A dump or a link was put into place.
    pub(crate) fn add(&mut self, dir: &Arc<Dir>, name: &str) {
        self.others.push((Arc::clone(dir), name.to_owned()));
    }

    /// The raw crash was.
    pub(crate) fn add_raw(&mut self, dir: &Arc<Dir>, name: &str) {
        self.raw = Some((Arc::clone(dir), name.to_owned()));
    }

    /// Takes everything back, the raw crash first and durably, so that it never stands without its dumps.
    /// Returns whether nothing is left.
    pub(crate) fn run(self) -> bool {
        let disk = self.store.disk();
        if let Some((dir, name)) = &self.raw {
            // Without its dumps a raw crash would be a lie, so either both stay or both go.
            if ignore_missing(disk.unlink(dir, name)).is_err() || dir.sync(disk).is_err() {
                return false;
            }
        }
        let mut clean = true;
        for (dir, name) in self.others.iter().rev() {
            clean &= ignore_missing(disk.unlink(dir, name)).is_ok();
        }
        clean
    }
}
