//! One writer per id, in this process and all others.
//!
//! The claim on an id is the file `.socorro/incoming/ID.json`, locked with `flock`; the other files that its
//! writer stages lie beside it. The lock tells a writer at work from one that died: the claim is removed when
//! the writer is done, so that finding one unlocked means there may be something to clean up.
//!
//! A save writes its raw crash into the claim's file and gives it its place as a second name, so that the
//! claim holds until the end and costs no file of its own: making one takes ext4 longer than writing it.

use std::fs::TryLockError;
use std::io;
use std::sync::Arc;

use socorro_core::crash::StoredId;
use socorro_core::error::Result;

use super::{INCOMING, Store};
use crate::disk::{Dir, Meta, OpenFile, ignore_missing};
use crate::failure::At;
use crate::layout::names;

/// The right to change what is stored under one id, until it is dropped.
pub(crate) struct Claim<'a> {
    store: &'a Store,
    id: &'a StoredId,
    incoming: Arc<Dir>,
    /// Holds the lock. Empty, and of nobody else, until a raw crash is staged in it.
    file: OpenFile,
    staging: bool,
    left: bool,
}

/// A claim just taken.
struct Taken {
    incoming: Arc<Dir>,
    file: OpenFile,
    /// It was there already: the writer before did not finish.
    interrupted: bool,
}

impl Store {
    /// Takes the claim on `id`, waiting for whoever holds it, and puts in order what an interrupted writer
    /// left.
    pub(crate) fn claim<'a>(&'a self, id: &'a StoredId) -> Result<Claim<'a>> {
        loop {
            let taken = self.try_take(id, true).at("claim", &path(id))?;
            if let Some(claim) = self.settled(id, taken)? {
                return Ok(claim);
            }
        }
    }

    /// Like [`claim`](Self::claim), but `None` when somebody holds it. Where a writer was interrupted, what
    /// it left is put in order; then there is no claim either.
    pub(crate) fn try_claim<'a>(&'a self, id: &'a StoredId) -> Result<Option<Claim<'a>>> {
        let taken = self.try_take(id, false).at("claim", &path(id))?;
        self.settled(id, taken)
    }

    /// A claim that an interrupted writer left is not used but removed: its file may be a crash already.
    fn settled<'a>(&'a self, id: &'a StoredId, taken: Option<Taken>) -> Result<Option<Claim<'a>>> {
        let Some(taken) = taken else { return Ok(None) };
        let mut claim = Claim {
            store: self,
            id,
            incoming: taken.incoming,
            file: taken.file,
            staging: false,
            left: false,
        };
        let settled = if taken.interrupted {
            self.recover(&claim)
        } else {
            self.roll_forward(&claim)
        };
        if settled.is_err() {
            claim.leave();
        }
        settled.map(|()| (!taken.interrupted).then_some(claim))
    }

    /// `None` when another holds the claim or, with `wait`, held it until now.
    fn try_take(&self, id: &StoredId, wait: bool) -> io::Result<Option<Taken>> {
        let name = names::raw(id.as_str());
        let mut made = None;
        let incoming = self.dirs.within(INCOMING, |incoming| {
            match self.disk().create(incoming, &name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => made = Some(created?),
            }
            Ok(())
        })?;
        let interrupted = made.is_none();
        let file = match made {
            Some(file) => file,
            None => match incoming.find_file(&name)? {
                Some(file) => OpenFile {
                    file,
                    path: incoming.join(&name),
                },
                None if incoming.meta(&name)?.is_none() => return Ok(None),
                None => return Err(rustix::io::Errno::LOOP.into()),
            },
        };
        if wait {
            file.file.lock()?;
        } else {
            match file.file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        // The one before us removed it when done; what is at its path now is another one.
        let ours = Meta::of_file(&file.file)?.identity;
        if incoming.meta(&name)?.map(|there| there.identity) != Some(ours) {
            return Ok(None);
        }
        Ok(Some(Taken {
            incoming,
            file,
            interrupted,
        }))
    }
}

impl Claim<'_> {
    pub(crate) fn id(&self) -> &StoredId {
        self.id
    }

    /// Where files of this id are staged, under names that begin with `ID.`; from now on what is there is
    /// removed when the claim ends.
    pub(crate) fn stage(&mut self) -> Arc<Dir> {
        self.staging = true;
        Arc::clone(&self.incoming)
    }

    /// The file for the raw crash.
    pub(crate) fn file(&self) -> &OpenFile {
        &self.file
    }

    /// All that was staged beside the claim has been put into place.
    pub(crate) fn placed(&mut self) {
        self.staging = false;
    }

    /// Keeps the claim's file when the claim ends, as a sign that something is left to clean up.
    pub(crate) fn leave(&mut self) {
        self.left = true;
    }

    /// Removes every staged file. Best effort: what stays is swept later.
    pub(crate) fn empty(&self) {
        let disk = self.store.disk();
        let own = names::raw(self.id.as_str());
        for entry in self.incoming.entries().into_iter().flatten().flatten() {
            let rest = entry.name.strip_prefix(self.id.as_str());
            if rest.is_some_and(|rest| rest.starts_with('.')) && entry.name != own {
                let _ = disk.unlink(&self.incoming, &entry.name);
            }
        }
    }
}

/// Removing the file ends the claim for those who wait for it. A failure is no failure of the work that was
/// done under it, and leaves what the next claim or a sweep removes.
impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if self.left {
            return;
        }
        if self.staging {
            self.empty();
        }
        let own = names::raw(self.id.as_str());
        let removed = ignore_missing(self.store.disk().unlink(&self.incoming, &own));
        if let Err(error) = removed {
            tracing::warn!(id = %self.id, %error, "a claim stays behind until it is swept");
        }
    }
}

fn path(id: &StoredId) -> String {
    format!("{INCOMING}/{}", names::raw(id.as_str()))
}
