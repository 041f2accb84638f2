//! Whether the root can be reached and written.

use std::sync::atomic::{AtomicU64, Ordering};

use socorro_core::error::{Error, ErrorKind, Result};
use socorro_core::storage::{Check, Health};

use super::{Store, WORK, stage};
use crate::disk::{Dir, ignore_missing};
use crate::failure::{At, failure};

static PROBES: AtomicU64 = AtomicU64::new(0);

impl Store {
    pub(crate) fn health(&self) -> Health {
        if let Err(error) = self.check_root() {
            return Health::unreachable(error.to_string());
        }
        let writable = match self.probe() {
            Ok(()) => Check::Ok,
            Err(error) => Check::Failed(error.to_string()),
        };
        Health {
            writable,
            ..Health::ok()
        }
    }

    /// Whether the root is still the directory that was opened: one that was removed reads as empty for ever.
    pub(crate) fn check_root(&self) -> Result<()> {
        let place = self.place.display().to_string();
        let reached =
            Dir::root(&self.place).map_err(|error| failure(&error, "open the root", &place))?;
        if matches!((reached.identity(), self.root.identity()), (Ok(there), Ok(ours)) if there == ours)
        {
            return Ok(());
        }
        let why = format!("{place} is another directory than the one that was opened; reload");
        Err(Error::new(ErrorKind::Unavailable, why))
    }

    /// Writes what a save writes: a file and a name, durably.
    fn probe(&self) -> Result<()> {
        let number = PROBES.fetch_add(1, Ordering::Relaxed);
        let name = format!("probe-{}-{number}", std::process::id());
        let mut staged = Ok(());
        let work = self.dirs.within(WORK, |work| {
            // One that a process of the same number left behind.
            ignore_missing(self.disk().unlink(work, &name))?;
            staged = stage::stage_bytes(self.disk(), work, &name, b"probe")
                .and_then(|file| self.disk().sync_file(&file).at("sync", &file.path));
            Ok(())
        });
        let work = work.at("open", WORK)?;
        let synced = staged.and_then(|()| self.sync(&work));
        let removed = ignore_missing(self.disk().unlink(&work, &name));
        synced.and_then(|()| removed.map(drop).at("remove", &work.join(&name)))
    }
}
