//! Reading a crash, one whole set at a time.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use socorro_core::crash::{Dump, DumpName, Dumps, RawCrash, StoredId};
use socorro_core::error::{Error, ErrorKind, Result};
use socorro_core::storage::{Catalog, CatalogEntry, Part as CatalogPart};

use super::find::Found;
use super::parts::{Part, Parts};
use super::{Store, not_found};
use crate::disk::Meta;
use crate::failure::At;

/// More than this is not brought into memory.
const IN_MEMORY: u64 = 1 << 30;
/// How often a crash may be replaced while it is read before that is called a conflict.
const ATTEMPTS: usize = 16;

impl Store {
    pub(crate) fn get_raw(&self, id: &StoredId) -> Result<RawCrash> {
        self.whole(id, |found| {
            let path = found.place.raw(id.as_str());
            RawCrash::from_stored(read(&found.raw, &path)?)
        })
    }

    pub(crate) fn get_dump(&self, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        self.whole(id, |found| {
            let parts = self.parts(found, id)?;
            let part = parts.dumps.iter().find(|part| part.name == *name);
            let part = part.ok_or_else(|| not_found(&format!("dump {name:?}")))?;
            read(&self.open_part(&parts, part)?, &part.path())
        })
    }

    pub(crate) fn get_dumps(&self, id: &StoredId) -> Result<Dumps> {
        self.whole(id, |found| {
            let parts = self.parts(found, id)?;
            let dumps = parts.dumps.iter().map(|part| {
                let bytes = read(&self.open_part(&parts, part)?, &part.path())?;
                Ok((part.name.clone(), Dump::Bytes(bytes)))
            });
            dumps.collect()
        })
    }

    /// Copies, because the files are the caller's to change: blocks are shared where the file system can.
    pub(crate) fn get_dumps_as_files(&self, id: &StoredId, directory: &Path) -> Result<Dumps> {
        self.whole(id, |found| {
            let parts = self.parts(found, id)?;
            let mut files = Dumps::new();
            for part in &parts.dumps {
                let path = directory.join(format!("{id}.{}.dump", part.name));
                let copied = self
                    .open_part(&parts, part)
                    .and_then(|stored| copy_out(stored, &path));
                files.insert(part.name.clone(), Dump::File(path));
                if let Err(error) = copied {
                    remove_files(&files);
                    return Err(error);
                }
            }
            Ok(files)
        })
    }

    pub(crate) fn catalog(&self, id: &StoredId) -> Result<Catalog> {
        let entry = |part, size| CatalogEntry { part, size };
        let crash = self.whole(id, |found| {
            let size = found.raw.metadata().at("look at", &found.place.dir)?.len();
            let mut entries = vec![entry(CatalogPart::RawCrash, Some(size))];
            let parts = self.parts(found, id)?;
            for part in &parts.dumps {
                let file = self.open_part(&parts, part)?;
                let size = file.metadata().at("look at", &part.path())?.len();
                entries.push(entry(CatalogPart::Dump(part.name.clone()), Some(size)));
            }
            Ok(entries)
        });
        let mut entries = match crash {
            Err(error) if error.is_not_found() => Vec::new(),
            crash => crash?,
        };
        if let Some((path, file)) = self.find_processed(id)? {
            let size = file.metadata().at("look at", &path)?.len();
            entries.push(entry(CatalogPart::ProcessedCrash, Some(size)));
        }
        Ok(Catalog { entries })
    }

    /// Does `work` on the crash; again if it was replaced meanwhile, so that parts of two sets never mix.
    fn whole<T>(&self, id: &StoredId, mut work: impl FnMut(&Found) -> Result<T>) -> Result<T> {
        for _ in 0..ATTEMPTS {
            if self.has_log(id)? {
                drop(self.claim(id)?);
            }
            let found = self.find(id)?.ok_or_else(|| not_found("the raw crash"))?;
            let done = work(&found);
            if self.unchanged(id, &found)? {
                return done;
            }
        }
        Err(Error::new(
            ErrorKind::Conflict,
            "the crash is replaced again and again while it is read; try again later",
        )
        .retryable(true))
    }

    /// Is this still the raw crash, and no other committed?
    fn unchanged(&self, id: &StoredId, found: &Found) -> Result<bool> {
        let path = found.place.raw(id.as_str());
        let Some(now) = self.root.find_file(&path).at("open", &path)? else {
            return Ok(false);
        };
        let now = Meta::of_file(&now).at("look at", &path)?;
        let then = Meta::of_file(&found.raw).at("look at", &path)?;
        Ok(now.identity == then.identity && !self.has_log(id)?)
    }

    fn open_part(&self, parts: &Parts, part: &Part) -> Result<File> {
        let path = part.path();
        let file = self.root.find_file(&path).at("open", &path)?;
        file.ok_or_else(|| {
            if parts.certain {
                let message = format!(
                    "{path} is gone, but belongs to the crash; restore it or save the crash again"
                );
                return Error::new(ErrorKind::Corrupt, message);
            }
            not_found(&format!("dump {:?}", part.name))
        })
    }
}

fn read(file: &File, path: &str) -> Result<Bytes> {
    let size = file.metadata().at("look at", path)?.len();
    if size > IN_MEMORY {
        return Err(Error::new(
            ErrorKind::Corrupt,
            format!("{path} has {size} bytes, more than any part of a crash; get it as a file"),
        ));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(IN_MEMORY)
        .read_to_end(&mut bytes)
        .at("read", path)?;
    Ok(bytes.into())
}

fn copy_out(mut stored: File, path: &Path) -> Result<()> {
    let copied = match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        // New, so that no link in the directory decides where the bytes go.
        _ => File::create_new(path).and_then(|mut file| std::io::copy(&mut stored, &mut file)),
    };
    copied.map(drop).at("write", &path.display().to_string())
}

fn remove_files(files: &Dumps) {
    for (_, dump) in files.iter() {
        if let Dump::File(path) = dump {
            // Best effort: the failure that led here is what the caller must hear of.
            let _ = std::fs::remove_file(path);
        }
    }
}
