//! Replacing the whole set of a crash that is there, all or nothing, through a redo log.
//!
//! | step | what | if it is cut short |
//! |---|---|---|
//! | 1 | write the complete new set to `.socorro/replace/ID.tmp`, fsync files and directory | the old set is untouched; the rest is garbage that is swept |
//! | 2 | rename it to `.socorro/replace/ID`, fsync `.socorro/replace`: **the commit point** | old set before, new set after |
//! | 3 | put each dump of the log into place, remove the dumps the new set does not have, put the raw crash into place, fsync | whoever touches the crash next does this step again: every read looks for a log first |
//! | 4 | rename the log to `ID.done`, fsync `.socorro/replace` | as 3; without this, a log half removed could come back after a power loss as a smaller set |
//! | 5 | remove `ID.done` | garbage that is swept |
//!
//! Files are put into place as second names of those in the log, which so stays whole until step 4.

use std::io;
use std::sync::Arc;

use rustix::io::Errno;
use socorro_core::crash::{Dumps, RawCrash, StoredId};
use socorro_core::error::Result;

use super::parts::dump_files;
use super::save::writing;
use super::stage::create;
use super::undo::Undo;
use super::{Claim, REPLACE, Store};
use crate::config::Layout;
use crate::disk::{Dir, Kind, ignore_missing};
use crate::failure::{At, maybe_applied};
use crate::layout::{Place, names};

/// The name under which a file of the log goes into place.
const APPLY: &str = ".apply";

impl Store {
    pub(crate) fn replace(
        &self,
        claim: &mut Claim<'_>,
        place: &Place,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        let id = claim.id();
        let staging = format!("{REPLACE}/{}", unfinished(id));
        self.remove_garbage(&staging)?;
        let staged = self.stage_log(id, &staging, raw, dumps);
        if staged.is_err() {
            // The garbage is of no harm; that it cannot be removed now must not hide why the save failed.
            let _ = self.remove_garbage(&staging);
            return staged;
        }
        if self.layout == Layout::DatedRadix {
            // To be moved on again, with its new bytes. Before the commit point: a link too many is harmless.
            let mut links = Undo::new(self);
            let slot = self.link_new(id, place, &mut links)?;
            self.sync(&slot)?;
            let dir = self.dirs.ensure(&place.dir).at("open", &place.dir)?;
            self.sync(&dir)?;
        }
        let logs = self.logs()?;
        self.disk()
            .rename(&logs, &unfinished(id), &logs, id.as_str())
            .at("commit", &staging)?;
        let applied = self.sync(&logs).and_then(|()| self.apply(id));
        applied.map_err(|error| {
            claim.leave();
            maybe_applied(error)
        })
    }

    /// Finishes a replacement of the claimed id that was cut short after its commit point.
    pub(crate) fn roll_forward(&self, claim: &Claim<'_>) -> Result<()> {
        if self.has_log(claim.id())? {
            self.apply(claim.id())?;
            tracing::info!(id = %claim.id(), "finished a replacement that was cut short");
        }
        Ok(())
    }

    /// Is a replacement of `id` committed but not finished?
    pub(crate) fn has_log(&self, id: &StoredId) -> Result<bool> {
        let path = format!("{REPLACE}/{id}");
        Ok(self.find_dir(&path)?.is_some())
    }

    /// Removes what a replacement of `id` has no use for any more.
    pub(crate) fn remove_leftovers(&self, id: &StoredId) -> Result<()> {
        self.remove_garbage(&format!("{REPLACE}/{}", unfinished(id)))?;
        self.remove_garbage(&format!("{REPLACE}/{}", finished(id)))
    }

    fn logs(&self) -> Result<Arc<Dir>> {
        self.dirs.ensure(REPLACE).at("open", REPLACE)
    }

    fn stage_log(&self, id: &StoredId, path: &str, raw: &RawCrash, dumps: &Dumps) -> Result<()> {
        let name = unfinished(id);
        let made = self
            .dirs
            .within(REPLACE, |logs| self.disk().mkdir(logs, &name));
        let logs = made.at("make directory", path)?;
        let dir = logs.open_dir(&name).at("open", path)?;
        let name = names::raw(id.as_str());
        let document = create(self.disk(), &dir, &name).at("make", path)?;
        self.stage(&dir, &document, id, raw, dumps)?;
        dir.sync(self.disk()).at("sync directory", path)
    }

    /// Steps 3 to 5.
    fn apply(&self, id: &StoredId) -> Result<()> {
        let place = writing(id)?;
        let path = format!("{REPLACE}/{id}");
        let Some(log) = self.find_dir(&path)? else {
            return Ok(());
        };
        let raw = names::raw(id.as_str());
        let dumps = dump_files(&log, id)?;
        let target = self.dirs.ensure(&place.dir).at("open", &place.dir)?;
        for dump in &dumps {
            self.apply_one(&log, dump, &place)?;
        }
        for old in dump_files(&target, id)? {
            if !dumps.contains(&old) {
                let removed = ignore_missing(self.disk().unlink(&target, &old));
                removed.at("remove", &target.join(&old))?;
            }
        }
        if log.meta(&raw).at("look at", &path)?.is_some() {
            self.apply_one(&log, &raw, &place)?;
        }
        self.sync(&target)?;
        let logs = self.logs()?;
        self.remove_garbage(&format!("{REPLACE}/{}", finished(id)))?;
        self.disk()
            .rename(&logs, id.as_str(), &logs, &finished(id))
            .at("finish", &path)?;
        self.sync(&logs)?;
        // What stays of it is swept.
        let _ = self.remove_garbage(&format!("{REPLACE}/{}", finished(id)));
        Ok(())
    }

    fn apply_one(&self, log: &Dir, name: &str, place: &Place) -> Result<()> {
        let disk = self.disk();
        let applied = ignore_missing(disk.unlink(log, APPLY)).and_then(|_| {
            let source = match disk.link(log, name, log, APPLY) {
                Ok(()) => APPLY,
                Err(error) if no_links(&error) => name,
                Err(error) => return Err(error),
            };
            let put = |dir: &Dir| disk.rename(log, source, dir, name);
            self.dirs.within(&place.dir, put)?;
            // Renaming one of a file's names over another is defined to do nothing at all.
            ignore_missing(disk.unlink(log, APPLY))
        });
        applied.map(drop).at("put into place", &place.dir)
    }

    /// Removes a directory of files, if it is there.
    fn remove_garbage(&self, path: &str) -> Result<()> {
        let Some(dir) = self.find_dir(path)? else {
            return Ok(());
        };
        for entry in dir.entries().at("read", path)? {
            let entry = entry.at("read", path)?;
            if entry.kind != Kind::Dir {
                ignore_missing(self.disk().unlink(&dir, &entry.name)).at("remove", path)?;
            }
        }
        let logs = self.logs()?;
        let name = path.rsplit('/').next().unwrap_or(path);
        ignore_missing(self.disk().rmdir(&logs, name)).at("remove", path)?;
        Ok(())
    }
}

fn unfinished(id: &StoredId) -> String {
    format!("{id}.tmp")
}

fn finished(id: &StoredId) -> String {
    format!("{id}.done")
}

/// File systems without hard links; there the log is used up as it is applied.
pub(crate) fn no_links(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::PERM | Errno::NOTSUP | Errno::MLINK)
    )
}
