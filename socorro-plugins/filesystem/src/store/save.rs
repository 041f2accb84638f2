//! Saving a raw crash with its dumps.
//!
//! | step | what | if it fails or is cut short |
//! |---|---|---|
//! | 0 | claim the id: make and `flock` the file `.socorro/incoming/ID.json` | nothing was changed; a file that stays is swept |
//! | 1 | write the raw crash into it and the dumps beside it, fsync each | staged files stay, invisible; the next claim or a sweep removes them |
//! | 2 | make the target directories, fsync the one above each new one | empty directories stay |
//! | 3 | rename the dumps into place; with a date tree link the crash to its slot and the slot to the crash | names without a raw crash are no crash: readers and sources pass over them; taken back, or removed by the next claim or a sweep |
//! | 4 | fsync the target directory (and the slot's) | as 3 |
//! | 5 | give the raw crash its place as a second name | as 3 |
//! | 6 | fsync the target directory | the raw crash is taken back first, durably, then the rest; cut short, the crash is whole and visible but not acknowledged |
//! | 7 | remove the claim, the first name | it is acknowledged all the same; a sweep removes it |
//!
//! A raw crash is durable only after everything that belongs to it, and what is acknowledged is durable. The
//! links come before it, so that an acknowledged crash is also one that a source finds.
//!
//! An id that is there already is compared. Equal bytes are synced again, because the attempt that wrote them
//! may have been killed before it did; other bytes are [replaced](super::replace).

use std::io;
use std::sync::Arc;

use socorro_core::crash::{CrashId, Dumps, RawCrash, StoredId};
use socorro_core::error::{Error, ErrorKind, Result};

use super::find::Found;
use super::replace::no_links;
use super::stage::Staged;
use super::undo::Undo;
use super::{Claim, Store};
use crate::config::Layout;
use crate::disk::{Dir, OpenFile};
use crate::failure::{At, maybe_applied};
use crate::layout::Place;

impl Store {
    /// Saves a raw crash with its dumps; durable when it returns.
    pub(crate) fn save_raw(&self, id: &CrashId, raw: &RawCrash, dumps: &Dumps) -> Result<()> {
        let id = StoredId::from(id);
        let place = writing(&id)?;
        let mut claim = self.claim(&id)?;
        match self.find(&id)? {
            None => self.save_new(&mut claim, &place, raw, dumps),
            Some(found) if self.same(&found, &id, raw, dumps)? => self.confirm(&found, &id),
            Some(found) if found.place == place => self.replace(&mut claim, &place, raw, dumps),
            Some(elsewhere) => {
                // What is written here is found before what lies elsewhere, so this is a replacement too.
                self.save_new(&mut claim, &place, raw, dumps)?;
                self.delete_at(&id, &elsewhere.place).map_err(maybe_applied)
            }
        }
    }

    fn save_new(
        &self,
        claim: &mut Claim<'_>,
        place: &Place,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        let incoming = claim.stage();
        let staged = self.stage(&incoming, claim.file(), claim.id(), raw, dumps)?;
        let mut undo = Undo::new(self);
        let placed = self.put_in_place(claim, place, &staged, &mut undo);
        placed.map_err(|error| {
            if undo.run() {
                return error;
            }
            claim.leave();
            maybe_applied(error)
        })
    }

    fn put_in_place(
        &self,
        claim: &mut Claim<'_>,
        place: &Place,
        staged: &Staged,
        undo: &mut Undo<'_>,
    ) -> Result<()> {
        let incoming = claim.stage();
        let mut touched = None;
        for dump in &staged.dumps {
            let dir = self.put(&incoming, dump, &place.dir)?;
            undo.add(&dir, dump);
            touched = Some(dir);
        }
        if self.layout == Layout::DatedRadix {
            let slot = self.link_new(claim.id(), place, undo)?;
            self.sync(&slot)?;
            touched = Some(self.dirs.ensure(&place.dir).at("open", &place.dir)?);
        }
        if let Some(dir) = touched {
            self.sync(&dir)?;
        }
        claim.placed();
        let dir = self.put_raw(&incoming, &staged.raw, &place.dir)?;
        undo.add_raw(&dir, &staged.raw);
        self.sync(&dir)
    }

    /// Moves a staged file to the directory at `to`, which is made if need be and returned.
    fn put(&self, from: &Dir, name: &str, to: &str) -> Result<Arc<Dir>> {
        let moved = self
            .dirs
            .within(to, |dir| self.disk().rename(from, name, dir, name));
        moved.at("put into place in", &format!("{to}/{name}"))
    }

    /// Gives the staged raw crash its place, under which it is a crash; the claim stays.
    ///
    /// Where there are no hard links, or something that is no raw crash bears the name, it is moved, and the
    /// claim ends here.
    fn put_raw(&self, from: &Dir, name: &str, to: &str) -> Result<Arc<Dir>> {
        let disk = self.disk();
        let linked = self
            .dirs
            .within(to, |dir| match disk.link(from, name, dir, name) {
                Err(error) if no_links(&error) || error.kind() == io::ErrorKind::AlreadyExists => {
                    disk.rename(from, name, dir, name)
                }
                linked => linked,
            });
        linked.at("put into place in", &format!("{to}/{name}"))
    }

    /// Makes durable what is there already and has the right bytes.
    fn confirm(&self, found: &Found, id: &StoredId) -> Result<()> {
        let parts = self.parts(found, id)?;
        for part in &parts.dumps {
            if let Some(file) = self.root.find_file(&part.path()).at("open", &part.path())? {
                self.sync_stored(file, part.path())?;
            }
        }
        let raw = found.raw.try_clone().at("open", &found.place.dir)?;
        self.sync_stored(raw, found.place.raw(id.as_str()))?;
        for path in parts.dirs(&found.place) {
            let dir = self.dirs.ensure(path).at("open", path)?;
            self.sync(&dir)?;
        }
        Ok(())
    }

    fn sync_stored(&self, file: std::fs::File, path: String) -> Result<()> {
        let file = OpenFile { file, path };
        self.disk().sync_file(&file).at("sync", &file.path)
    }
}

/// Where `id` is written.
pub(crate) fn writing(id: &StoredId) -> Result<Place> {
    Place::writing(id).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidInput,
            "an id without a day cannot be written",
        )
    })
}

/// A name that is taken counts as made.
pub(crate) fn or_exists(made: io::Result<()>) -> io::Result<bool> {
    match made {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
