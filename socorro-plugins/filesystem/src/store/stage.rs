//! Writing the files of a crash where nobody looks for crashes.

use std::fs::File;
use std::io;
use std::path::Path;

use socorro_core::crash::{Dump, DumpName, Dumps, RawCrash, StoredId};
use socorro_core::error::{Error, ErrorKind, Result};

use super::{Store, note};
use crate::disk::{Dir, Disk, Meta, OpenFile};
use crate::failure::At;
use crate::layout::names;

/// The file names of a crash whose files are staged and durable; only their names are not in place yet.
pub(crate) struct Staged {
    pub(crate) dumps: Vec<String>,
    pub(crate) raw: String,
}

impl Store {
    /// Writes a whole crash, the raw crash into the empty file `document` and the dumps beside it into
    /// `dir`, and makes the files durable.
    ///
    /// All are written before the first is synced: a journal that is committed for one carries the others.
    pub(crate) fn stage(
        &self,
        dir: &Dir,
        document: &OpenFile,
        id: &StoredId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<Staged> {
        let disk = self.disk();
        let mut files = Vec::with_capacity(dumps.len() + 1);
        let mut staged = Staged {
            dumps: Vec::with_capacity(dumps.len()),
            raw: names::raw(id.as_str()),
        };
        for (name, dump) in dumps.iter() {
            let file = names::dump(id.as_str(), name);
            files.push(match dump {
                Dump::Bytes(bytes) => stage_bytes(disk, dir, &file, bytes)?,
                Dump::File(path) => stage_copy(disk, dir, &file, name, path)?,
            });
            staged.dumps.push(file);
        }
        let raw = raw.as_bytes();
        disk.write(document, raw).at("write", &document.path)?;
        // Best effort: without it, the directory says which dumps there are.
        if let Ok(meta) = Meta::of_file(&document.file) {
            let _ = disk.annotate(document, &note::text(&meta, dumps.names()));
        }
        for file in files.iter().chain([document]) {
            disk.sync_file(file).at("sync", &file.path)?;
        }
        Ok(staged)
    }
}

/// Writes a new file, not yet durable.
pub(crate) fn stage_bytes(
    disk: &dyn Disk,
    dir: &Dir,
    name: &str,
    bytes: &[u8],
) -> Result<OpenFile> {
    let path = dir.join(name);
    let file = create(disk, dir, name).at("make", &path)?;
    disk.write(&file, bytes).at("write", &path)?;
    Ok(file)
}

/// In place of what an interrupted writer left: whoever stages has the claim on the id.
pub(crate) fn create(disk: &dyn Disk, dir: &Dir, name: &str) -> io::Result<OpenFile> {
    match disk.create(dir, name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            disk.unlink(dir, name)?;
            disk.create(dir, name)
        }
        created => created,
    }
}

fn stage_copy(
    disk: &dyn Disk,
    dir: &Dir,
    file: &str,
    name: &DumpName,
    from: &Path,
) -> Result<OpenFile> {
    let (source, length) = open_dump(name, from)?;
    let path = dir.join(file);
    let staged = create(disk, dir, file).at("make", &path)?;
    let copied = disk.copy(&source, &staged).at("write", &path)?;
    if copied == length {
        return Ok(staged);
    }
    Err(Error::new(
        ErrorKind::InvalidInput,
        format!(
            "the file {} of dump {name:?} changed while it was saved: {length} bytes became {copied}; leave it alone until the save is over",
            from.display()
        ),
    ))
}

/// Opens a dump that the caller gave as a file; also says how long it is.
pub(crate) fn open_dump(name: &DumpName, path: &Path) -> Result<(File, u64)> {
    let unusable = |why: &str| {
        Error::new(
            ErrorKind::InvalidInput,
            format!("the file {} of dump {name:?} {why}", path.display()),
        )
    };
    // Looked at before it is opened: opening a pipe would wait for a writer.
    let found =
        std::fs::metadata(path).map_err(|error| unusable("cannot be read").caused_by(&error))?;
    if !found.is_file() {
        return Err(unusable("is not a regular file"));
    }
    let file = File::open(path).map_err(|error| unusable("cannot be read").caused_by(&error))?;
    let length = file
        .metadata()
        .map_err(|error| unusable("cannot be read").caused_by(&error))?
        .len();
    Ok((file, length))
}
