//! The two links of a new crash: in its slot to the crash, beside the crash to its slot.

use std::sync::Arc;

use socorro_core::crash::StoredId;
use socorro_core::error::Result;

use super::Store;
use super::save::or_exists;
use super::undo::Undo;
use crate::disk::{Dir, Kind, ignore_missing};
use crate::failure::At;
use crate::layout::{Place, Slot, slot};

/// Slots tried for a crash that is saved again within the slot it is already in.
const SLOTS: u32 = 16;

impl Store {
    /// Links a crash into the current slot, and returns that slot's directory; neither it nor the crash's
    /// own is synced yet.
    ///
    /// A crash that replaces another of its id gets the next slot that has no link to it, so that settling
    /// the old one does not take away the new one.
    pub(crate) fn link_new(
        &self,
        id: &StoredId,
        place: &Place,
        undo: &mut Undo<'_>,
    ) -> Result<Arc<Dir>> {
        let target = slot::slot_target(&place.base, &place.dir);
        let mut moment = self.now();
        let mut tries = SLOTS;
        loop {
            let path = Slot::of(moment).path();
            let slot_path = format!("{}/{path}", place.base);
            let mut made = false;
            let linked = self.dirs.within(&slot_path, |dir| {
                made = or_exists(self.disk().symlink(&target, dir, id.as_str()))?;
                Ok(())
            });
            let slot_dir = linked.at("link the crash into", &slot_path)?;
            if made {
                undo.add(&slot_dir, id.as_str());
            }
            tries = tries.saturating_sub(1);
            if made || tries == 0 {
                self.link_name(id, place, &path, undo)?;
                return Ok(slot_dir);
            }
            moment += slot::LENGTH;
        }
    }

    /// The link beside the crash, in place of one to an earlier slot.
    fn link_name(
        &self,
        id: &StoredId,
        place: &Place,
        slot: &str,
        undo: &mut Undo<'_>,
    ) -> Result<()> {
        let target = slot::name_target(&place.base, &place.dir, slot);
        let linked = self.dirs.within(&place.dir, |dir| {
            if or_exists(self.disk().symlink(&target, dir, id.as_str()))? {
                return Ok(());
            }
            self.disk().unlink(dir, id.as_str())?;
            self.disk().symlink(&target, dir, id.as_str())
        });
        let dir = linked.at("link to its slot the crash in", &place.dir)?;
        undo.add(&dir, id.as_str());
        Ok(())
    }

    /// Removes the link beside a crash at `place` and the one in the slot it names; returns that slot's
    /// directory if a link was removed from it.
    pub(crate) fn unlink_both(&self, id: &StoredId, place: &Place) -> Result<Option<Dir>> {
        let Some((dir, name)) = place.name_link(id.as_str()) else {
            return Ok(None);
        };
        let Some(dir) = self.find_dir(dir)? else {
            return Ok(None);
        };
        let Some(target) = dir.read_link(name).at("read link", &dir.join(name))? else {
            return Ok(None);
        };
        let slot = slot::of_target(&target).map(|slot| format!("{}/{slot}", place.base));
        let slot_dir = match slot {
            Some(path) => self.find_dir(&path)?,
            None => None,
        };
        let removed = match &slot_dir {
            Some(slot_dir) => self.remove_link(slot_dir, id.as_str())?,
            None => false,
        };
        ignore_missing(self.disk().unlink(&dir, name)).at("remove link", &dir.join(name))?;
        Ok(slot_dir.filter(|_| removed))
    }

    /// Removes the link beside a crash if it names this slot, `date/…` below the day.
    pub(crate) fn unlink_name(&self, id: &StoredId, place: &Place, slot: &str) -> Result<()> {
        let Some((dir, name)) = place.name_link(id.as_str()) else {
            return Ok(());
        };
        let Some(dir) = self.find_dir(dir)? else {
            return Ok(());
        };
        let target = dir.read_link(name).at("read link", &dir.join(name))?;
        if target.as_deref().and_then(slot::of_target) == Some(slot) {
            ignore_missing(self.disk().unlink(&dir, name)).at("remove link", &dir.join(name))?;
        }
        Ok(())
    }

    /// Removes `name` if it is a link; returns whether it was.
    pub(crate) fn remove_link(&self, dir: &Dir, name: &str) -> Result<bool> {
        let path = dir.join(name);
        let meta = dir.meta(name).at("look at", &path)?;
        if meta.is_none_or(|meta| meta.kind != Kind::Link) {
            return Ok(false);
        }
        ignore_missing(self.disk().unlink(dir, name)).at("remove link", &path)
    }
}
