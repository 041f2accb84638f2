//! Removing all there is of one crash.
//!
//! The raw crash goes first and durably, so that it never stands without its dumps; then dumps, processed
//! crash and links, durably too. Only files that bear this id are touched: the originals once removed the
//! directory, and with it the neighbours. Emptied directories below `name` go as well: `rmdir` refuses one
//! that something is in, and a save whose directory vanishes makes it again.

use std::sync::Arc;

use socorro_core::crash::StoredId;
use socorro_core::error::Result;

use super::Store;
use super::find::Found;
use super::parts::{Part, dump_files};
use crate::disk::{Dir, ignore_missing};
use crate::failure::{At, maybe_applied};
use crate::layout::{Place, Shape, names};

impl Store {
    /// Removes a crash wherever it lies. What is not there is no error.
    pub(crate) fn delete(&self, id: &StoredId) -> Result<()> {
        let claim = self.claim(id)?;
        for place in self.places(id)? {
            self.delete_at(claim.id(), &place).map_err(maybe_applied)?;
        }
        Ok(())
    }

    /// Removes what of a crash lies at one place.
    pub(crate) fn delete_at(&self, id: &StoredId, place: &Place) -> Result<()> {
        let Some(dir) = self.find_dir(&place.dir)? else {
            return Ok(());
        };
        let dir = Arc::new(dir);
        let dumps = self.dumps_to_delete(id, place, &dir)?;
        let raw = names::raw(id.as_str());
        if self.remove(&dir, &raw)? {
            self.sync(&dir)?;
        }
        let mut changed = false;
        for part in &dumps {
            changed |= match self.find_dir(&part.dir)? {
                Some(own) if part.dir != place.dir => self.remove_alone(&own, &part.file)?,
                Some(_) => self.remove(&dir, &part.file)?,
                None => false,
            };
        }
        if place.shape == Shape::Antenna {
            if let Some(list) = self.find_dir(&format!("{}/dump_names", place.base))? {
                self.remove_alone(&list, &raw)?;
            }
            return Ok(());
        }
        changed |= self.remove(&dir, &names::processed(id.as_str()))?;
        if let Some(slot) = self.unlink_both(id, place)? {
            slot.sync(self.disk()).at("sync directory", slot.path())?;
            changed = true;
        }
        if changed {
            self.sync(&dir)?;
        }
        self.prune(place);
        Ok(())
    }

    /// The dumps of a raw crash that is there; without one, every file that may be a dump of it.
    fn dumps_to_delete(&self, id: &StoredId, place: &Place, dir: &Dir) -> Result<Vec<Part>> {
        if place.shape == Shape::Antenna {
            return Ok(self.antenna_parts(place, id)?.dumps);
        }
        let path = place.raw(id.as_str());
        if let Some(raw) = self.root.find_file(&path).at("open", &path)? {
            let place = place.clone();
            let parts = self.parts(&Found { place, raw }, id)?;
            if parts.certain {
                return Ok(parts.dumps);
            }
        }
        // Read again, because dumps with names that none can have today go too.
        let files = dump_files(dir, id)?.into_iter().map(|file| Part {
            name: Default::default(),
            dir: place.dir.clone(),
            file,
        });
        Ok(files.collect())
    }

    fn remove(&self, dir: &Dir, name: &str) -> Result<bool> {
        ignore_missing(self.disk().unlink(dir, name)).at("remove", &dir.join(name))
    }

    fn remove_alone(&self, dir: &Dir, name: &str) -> Result<bool> {
        let removed = self.remove(dir, name)?;
        if removed {
            dir.sync(self.disk()).at("sync directory", dir.path())?;
        }
        Ok(removed)
    }

    /// Removes the directories of a place that are empty now, up to `name`. Best effort: an empty directory
    /// is of no harm.
    fn prune(&self, place: &Place) {
        let mut path = place.dir.as_str();
        while let Some((above, name)) = path.rsplit_once('/') {
            if above.matches('/').count() == 0 {
                return;
            }
            let Ok(Some(parent)) = self.find_dir(above) else {
                return;
            };
            if self.disk().rmdir(&parent, name).is_err() {
                return;
            }
            path = above;
        }
    }
}
