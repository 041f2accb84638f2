//! Which dumps belong to a raw crash, noted on its file.
//!
//! The layouts keep the files of many crashes in one directory, and a crash's dumps are whatever bears its
//! id there; in a flat day that means reading hundreds of thousands of names for each crash, and taking a
//! stray dump of an interrupted save for a part of it. The note, an extended attribute of the raw crash's
//! file that the originals do not see, names the dumps instead. It holds for the file's size and time of
//! change only, because the originals rewrite files in place; without a valid note the directory is read.

use std::fs::File;

use socorro_core::crash::DumpName;

use crate::disk::{Meta, note};

const VERSION: &str = "1";

/// The note for a raw crash of this size and time of change.
pub(crate) fn text<'a>(meta: &Meta, dumps: impl Iterator<Item = &'a DumpName>) -> String {
    let names: Vec<&str> = dumps.map(DumpName::as_str).collect();
    format!("{} {}", stamp(meta), names.join(","))
}

/// The dumps that belong to the raw crash in `file`; `None` when it bears no valid note.
pub(crate) fn dumps(file: &File) -> Option<Vec<DumpName>> {
    let note = note(file)?;
    let meta = Meta::of_file(file).ok()?;
    let names = note.strip_prefix(&stamp(&meta))?.strip_prefix(' ')?;
    if names.is_empty() {
        return Some(Vec::new());
    }
    names.split(',').map(|name| name.parse().ok()).collect()
}

fn stamp(meta: &Meta) -> String {
    let (seconds, nanos) = meta.modified;
    format!("{VERSION} {} {seconds}.{nanos}", meta.size)
}
